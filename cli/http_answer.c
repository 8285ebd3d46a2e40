#include "cli/http_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_answer_init(struct http_answer *a)
{
	memset(a, 0, sizeof *a);
	a->left = -1;
}

static enum err take_status(struct http_answer *a)
{
	if (sscanf(a->line, "HTTP/1.%*1d %3d", &a->status) != 1 || a->status < 100)
		return ERR_BAD_INPUT;
	return ERR_NONE;
}

static void take_header(struct http_answer *a)
{
	const char *value = strchr(a->line, ':');

	if (!value)
		return;
	value += 1 + strspn(value + 1, " \t");
	if (strncasecmp(a->line, "Content-Length:", 15) == 0)
		a->left = strtoll(value, NULL, 10);
	else if (strncasecmp(a->line, "Transfer-Encoding:", 18) == 0)
		a->chunked = strncasecmp(value, "chunked", 7) == 0;
}

static enum err head_line(struct http_answer *a)
{
	if (a->status == 0)
		return take_status(a);
	if (a->line[0])
		take_header(a);
	else if (a->chunked)
		a->part = HTTP_CHUNK_SIZE;
	else
		a->part = a->left == 0 ? HTTP_DONE : HTTP_REST;
	return ERR_NONE;
}

static enum err chunk_line(struct http_answer *a)
{
	char *end;

	a->left = strtoll(a->line, &end, 16);
	if (end == a->line || a->left < 0)
		return ERR_BAD_INPUT;
	a->part = a->left ? HTTP_CHUNK : HTTP_DONE;
	return ERR_NONE;
}

static enum err whole_line(struct http_answer *a)
{
	if (a->line_len && a->line[a->line_len - 1] == '\r')
		a->line_len--;
	a->line[a->line_len] = '\0';
	a->line_len = 0;
	if (a->part == HTTP_HEAD)
		return head_line(a);
	if (a->part == HTTP_CHUNK_SIZE)
		return chunk_line(a);
	a->part = HTTP_CHUNK_SIZE; /* the empty line behind a chunk */
	return a->line[0] ? ERR_BAD_INPUT : ERR_NONE;
}

static bool in_lines(const struct http_answer *a)
{
	return a->part == HTTP_HEAD || a->part == HTTP_CHUNK_SIZE || a->part == HTTP_CHUNK_END;
}

/* How much of `len` belongs to what is under way. */
static size_t take_body(struct http_answer *a, size_t len)
{
	size_t n = a->left >= 0 && (uint64_t)a->left < len ? (size_t)a->left : len;

	if (a->left < 0)
		return n;
	a->left -= (int64_t)n;
	if (a->left == 0)
		a->part = a->part == HTTP_CHUNK ? HTTP_CHUNK_END : HTTP_DONE;
	return n;
}

enum err http_answer_take(struct http_answer *a, const char *bytes, size_t len,
                          void (*body)(void *arg, const char *bytes, size_t len), void *arg)
{
	enum err err = ERR_NONE;

	while (len && !err && a->part != HTTP_DONE) {
		size_t n = 1;

		if (!in_lines(a)) {
			n = take_body(a, len);
			body(arg, bytes, n);
		} else if (*bytes == '\n') {
			err = whole_line(a);
		} else if (a->line_len == sizeof a->line - 1) {
			err = ERR_BAD_INPUT;
		} else {
			a->line[a->line_len++] = *bytes;
		}
		bytes += n;
		len -= n;
	}
	return err;
}
