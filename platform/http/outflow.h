/* A long answer whose bytes are made piece by piece on the reader threads: exports. What is in
 * memory is one piece and what the client has not taken yet. It breaks off, so that the client sees
 * that it is not whole, when a piece fails, when the right to it is taken away, and when it takes longer
 * than [http] export_s. Only [http] exports run at a time, and half of them for one person or key:
 * others are answered 503. */
#ifndef PLATFORM_HTTP_OUTFLOW_H
#define PLATFORM_HTTP_OUTFLOW_H

#include "platform/http/request.h"

struct outflow_piece {
	char *data; /* grows as bytes are put */
	size_t len, size;
	bool end; /* by the maker: this was the last one */
};

struct outflow;

/* ERR_NOMEM. */
MUST_USE enum err outflow_put(struct outflow_piece *piece, const void *bytes, size_t len);

/* The next bytes of a file that is read from its begin; at its end, `end`. */
MUST_USE enum err outflow_put_file(struct outflow_piece *piece, int fd);

struct outflow_source {
	const char *type;     /* Content-Type, a constant */
	const char *filename; /* copied */
	/* On a reader thread: the next bytes into an empty piece. */
	enum err (*more)(struct reader *reader, void *arg, struct outflow_piece *piece);
	/* On the I/O thread: is it still his to have, with these rights? */
	bool (*may)(void *arg, const struct access *access);
	/* On the I/O thread, once, however it ended. */
	void (*end)(void *arg);
	void *arg;
};

/* Answers the request, and frees `arg` by `end` in any case. An error of the first piece is
 * answered as such. */
void answer_outflow(struct request *request, const struct outflow_source *source);

#endif
