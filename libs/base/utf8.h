/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. And what a
 * text that people typed must be: whole characters, none of them a control character. */
#ifndef LIBS_BASE_UTF8_H
#define LIBS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the character at `text` (1..4), or 0 when the bytes there are none. */
size_t utf8_char_len(const char *text, size_t len);

bool utf8_valid(const char *text, size_t len);

/* Characters of a valid text. */
size_t utf8_count(const char *text, size_t len);

enum text_kind {
	TEXT_LINE,  /* a name: no control character at all */
	TEXT_LINES, /* a note: line feeds and tabs are part of it */
};

enum text_fault {
	TEXT_GOOD,
	TEXT_NOT_UTF8,
	TEXT_CONTROL, /* U+0000..U+001F, U+007F..U+009F */
	TEXT_SHORT,   /* fewer than `min` characters */
	TEXT_LONG,    /* more than `max` */
};

/* Anything printable is good, whatever a spreadsheet or a browser would make of it. */
enum text_fault text_check(const char *text, size_t len, enum text_kind kind, size_t min,
                           size_t max);

/* Copies as many whole characters as fit into `size` bytes with the final 0. */
void utf8_copy(char *to, size_t size, const char *text);

#endif
