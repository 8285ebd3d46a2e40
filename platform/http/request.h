/* A request on its way through the platform, and the ways to answer it. All of it belongs to the
 * I/O thread. A handler answers at once, or starts a step or a query and answers when that ends;
 * the memory of a request, and whatever request_alloc gave, lives until its answer has left. */
#ifndef PLATFORM_HTTP_REQUEST_H
#define PLATFORM_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libs/base/err.h"
#include "platform/core/access.h"
#include "platform/core/json_out.h"
#include "platform/core/platform.h"
#include "platform/http/problem.h"
#include "platform/http/query.h"
#include "platform/http/route.h"
#include "platform/http/scope.h"
#include "platform/store/login.h"

struct http;
struct server;
struct exchange;

struct request {
	struct http *http;
	struct exchange *exchange; /* server.c's side of it */
	enum method method;
	const char *path; /* raw, without query */
	struct route_match match;
	char *query_text; /* raw; decoded in place into `query` */
	struct query query;
	const char *body; /* as it came */
	size_t body_len;

	/* What gate.c made of it before the handler runs: see api_gen.h for their types. */
	const void *args, *json; /* query parameters, JSON body */
	struct scope scope; /* what the path names; its pointers are good in the handler only */
	struct place place; /* the same as scope.place */
	int64_t version;    /* of If-Match, for routes that are versioned */
	char origin[64];    /* the client's address */
	bool local;         /* the client is on this machine */
	bool secure;        /* it came over TLS to the proxy before us */
	int64_t now_ms;     /* when it was read */

	bool logged_in;
	struct user_row user;
	struct access access;
	int64_t session_id;
	bool totp_missing;
	bool refusal_noted; /* the audit has its line */
	bool names_noted;   /* what it names was looked for in other properties */
	char token_hash[TOKEN_HASH_SIZE];
	char idempotency_key[IDEMPOTENCY_SIZE];
	struct request *next_once; /* list of requests whose key is in flight */

	struct refusal refusal; /* filled by checks, for answer_refusal */
	struct json_out out;    /* the answer's body, for answer_json */
	bool has_etag;          /* answer_version gave the version of it */
	int64_t etag_version;
};

const char *request_header(const struct request *request, const char *name);

/* The parameter of the path with this name: its text, or its number. It must be one. */
const char *request_param(const struct request *request, const char *name);
int64_t request_number(const struct request *request, const char *name);

/* Zeroed, freed with the request; NULL: no memory. */
void *request_alloc(struct request *request, size_t size);

/* ---- answers: exactly one per request ---- */

/* A header beside the common ones; `name` is a constant. Before the answer. */
void answer_header(struct request *request, const char *name, const char *value);
void answer_json(struct request *request, unsigned status); /* request->out */
void answer_refusal(struct request *request);               /* request->refusal */
void answer_problem(struct request *request, enum problem problem, const char *field,
                    const char *detail);
/* For what any step or query may end with: not found, forbidden, other version, exists, refused in
 * this state, disk full, busy, no memory, broken. */
void answer_err(struct request *request, enum err err);
/* The ETag of what answer_json or answer_empty answers: "v17", and with a body "v17.<hash of it>",
 * because what is shown may change without an edit. Before the answer; a client who has exactly
 * this already (If-None-Match) is answered 304. */
void answer_version(struct request *request, int64_t version);
void answer_empty(struct request *request, unsigned status);
void answer_text(struct request *request, unsigned status, const char *type, const char *text,
                 size_t len); /* copies */
/* The same for what is part of the program: not copied, however many read it slowly. */
void answer_constant(struct request *request, unsigned status, const char *type, const char *text,
                     size_t len);
void answer_file(struct request *request, const char *type, int fd, size_t size); /* takes fd */

/* An answer without end. `read` gives bytes, 0: none at present, -1: over, -2: broken off, and the
 * client is to notice; `end` runs when the client is gone or was told so. stream_wake says that there
 * may be bytes again. */
struct stream;
struct stream *answer_stream(struct request *request, const char *type,
                             ssize_t (*read)(void *arg, char *to, size_t size),
                             void (*end)(void *arg), void *arg);
/* The same for events, which go on for hours: the request ends when the handler has returned, and
 * nothing of it may be in `arg`. */
struct stream *answer_event_stream(struct request *request,
                                   ssize_t (*read)(void *arg, char *to, size_t size),
                                   void (*end)(void *arg), void *arg);
void stream_wake(struct stream *stream);
/* Its connection ends at that monotonic time, whatever its client does. */
void stream_limit(struct stream *stream, int64_t mono_ms);

/* ---- work for the other threads ---- */

typedef void (*request_done_fn)(struct request *request, void *arg, enum err err);

/* `done` runs on the I/O thread. False: the queue is full, the request was answered 503 and `done`
 * will not run. */
bool request_read(struct request *request, read_fn fn, void *arg, request_done_fn done);
bool request_step(struct request *request, step_fn fn, void *arg, request_done_fn done);

/* A step behind an Idempotency-Key: the first answer is stored in the step's own transaction and
 * given again to a repeat. `write` renders it; `failed` answers when the step ended badly. */
struct once {
	step_fn step;
	void *arg;
	void (*write)(struct json_out *out, const void *arg);
	/* The same with the store at hand, instead of `write`. */
	enum err (*show)(struct json_out *out, struct db *db, const void *arg);
	void (*failed)(struct request *request, void *arg, enum err err); /* NULL: answer_err */
	unsigned status;
	int64_t property_id;
};

void request_once(struct request *request, const struct once *once);

#endif
