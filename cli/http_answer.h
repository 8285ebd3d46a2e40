/* An HTTP/1.1 answer taken apart as it comes: head, then a body of known length, in chunks, or up
 * to the end of the connection. Knows no sockets. */
#ifndef CLI_HTTP_ANSWER_H
#define CLI_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define HTTP_HEAD_MAX 8192

enum http_part { HTTP_HEAD, HTTP_CHUNK_SIZE, HTTP_CHUNK, HTTP_CHUNK_END, HTTP_REST, HTTP_DONE };

struct http_answer {
	enum http_part part;
	int status;
	bool chunked;
	int64_t left; /* of body or chunk; -1: up to the end */
	char line[HTTP_HEAD_MAX];
	size_t line_len;
};

void http_answer_init(struct http_answer *answer);
/* Takes bytes as they came and gives those of the body to `body`. ERR_BAD_INPUT: no HTTP. */
MUST_USE enum err http_answer_take(struct http_answer *answer, const char *bytes, size_t len,
                                   void (*body)(void *arg, const char *bytes, size_t len),
                                   void *arg);

#endif
