/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef LIBS_BASE_UTF8_H
#define LIBS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the character at `text` (1..4), or 0 when the bytes there are none. */
size_t utf8_char_len(const char *text, size_t len);

bool utf8_valid(const char *text, size_t len);

#endif
