/* Bytes of a file as UTF-8 text, and text as bytes of an encoding: the only user of iconv. */
#ifndef PLATFORM_SHEET_TEXT_H
#define PLATFORM_SHEET_TEXT_H

#include <iconv.h>
#include <sys/types.h>

#include "platform/sheet/sheet.h"

#define TEXT_CHUNK 65536

/* A file read from its start without its position. Bytes that are no character of the encoding come
 * out as 0xFF, which no UTF-8 holds: who assembles a cell finds them there. */
struct text_in {
	int fd;
	off_t at;
	iconv_t conv; /* (iconv_t)-1: the file is UTF-8 and passes through unchecked */
	bool end;
	size_t raw_len; /* of an unfinished character at the start of `raw` */
	char raw[TEXT_CHUNK];
	char out[TEXT_CHUNK * 3]; /* two bytes of GB18030 become at most three */
};

/* ERR_NOMEM, ERR_IO. `encoding` AUTO: looks at the whole file, and says what it is. */
MUST_USE enum err text_in_open(struct text_in *in, int fd, enum sheet_encoding *encoding);
/* The next piece; *len 0 at the end. */
MUST_USE enum err text_in_next(struct text_in *in, const char **text, size_t *len);
void text_in_close(struct text_in *in);

/* pread until `size` or the end; ERR_IO. */
MUST_USE enum err read_at(int fd, off_t at, void *to, size_t size, size_t *len);

struct text_out {
	iconv_t conv; /* (iconv_t)-1: UTF-8 */
};

MUST_USE enum err text_out_open(struct text_out *out, enum sheet_encoding encoding);
/* All of `text`, valid UTF-8; `size` >= 2 * len. */
MUST_USE enum err text_out_convert(struct text_out *out, const char *text, size_t len, char *to,
                                   size_t size, size_t *to_len);
void text_out_close(struct text_out *out);

#endif
