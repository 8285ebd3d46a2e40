#include "platform/store/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level lowest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	lowest = level;
}

void log_write(enum log_level level, const char *format, ...)
{
	/* The number is the syslog priority that journald reads from the start of a line. */
	static const char *const mark[] = {"<7>debug", "<6>info", "<4>warn", "<3>error"};
	char line[1024];
	va_list args;

	if (level < lowest)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	/* One call, so that lines of several threads do not mix. */
	fprintf(stderr, "%s: %s\n", mark[level], line);
}
