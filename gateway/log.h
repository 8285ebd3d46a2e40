/* Lines on standard error, for journald or a terminal: the subject first, no time of our own.
 * What the level means for the reader: error look now, warn look this week, info nothing. */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

#include "libs/base/macros.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO };

void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
#endif
