/* What was wrong with what somebody asked for: the answer of a step that ends with an error. */
#ifndef PLATFORM_CORE_FAULT_H
#define PLATFORM_CORE_FAULT_H

#include <stddef.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/base/utf8.h"

/* `field` NULL: the object itself. What an error means to people who edit:
 * ERR_BAD_INPUT  the field is wrong, or names an object that is not there (for him)
 * ERR_DUP        another object has this already
 * ERR_CONFLICT   somebody edited it since; read it again
 * ERR_REFUSED    not in the present state
 * ERR_NOT_FOUND, ERR_FORBIDDEN   as access_require says; ERR_HIDDEN: there, but not for his eyes */
struct fault {
	const char *field;
	char why[160]; /* English; ends up in `detail` */
};

/* Fills and gives `err` back. */
PRINTF_LIKE(4, 5)
MUST_USE enum err fault_set(struct fault *fault, enum err err, const char *field,
                            const char *format, ...);

/* Is this a text that people may give this field? ERR_BAD_INPUT says which limit it breaks. */
MUST_USE enum err fault_text(struct fault *fault, const char *field, const char *text,
                             enum text_kind kind, size_t min, size_t max);

#endif
