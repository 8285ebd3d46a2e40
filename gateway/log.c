#include "gateway/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 512

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const words[] = {"error", "warn", "info"};
	char line[LINE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", words[level], line);
}
