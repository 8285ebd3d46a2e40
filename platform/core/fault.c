#include "platform/core/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err fault_set(struct fault *fault, enum err err, const char *field, const char *format, ...)
{
	va_list args;

	fault->field = field;
	va_start(args, format);
	vsnprintf(fault->why, sizeof fault->why, format, args);
	va_end(args);
	return err;
}

enum err fault_text(struct fault *fault, const char *field, const char *text, enum text_kind kind,
                    size_t min, size_t max)
{
	switch (text_check(text, strlen(text), kind, min, max)) {
	case TEXT_GOOD:
		return ERR_NONE;
	case TEXT_NOT_UTF8:
		return fault_set(fault, ERR_BAD_INPUT, field, "must be UTF-8");
	case TEXT_CONTROL:
		return fault_set(fault, ERR_BAD_INPUT, field, "must not hold control characters");
	case TEXT_SHORT:
	case TEXT_LONG:
		break;
	}
	return fault_set(fault, ERR_BAD_INPUT, field, "must have %zu to %zu characters", min, max);
}
