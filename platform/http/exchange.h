/* Requests as libmicrohttpd sees them: what server.c (heads, bodies), peer.c (connections) and
 * answer.c share, and nobody else. */
#ifndef PLATFORM_HTTP_EXCHANGE_H
#define PLATFORM_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <netinet/in.h>

#include "platform/http/door.h"
#include "platform/http/server.h"

#define HEADERS_MAX 8

/* What libmicrohttpd has for a connection: both heads, and a piece of a body. */
#define HEAD_BYTES        8192
#define HEAD_FIELD_BYTES  64   /* that it needs beside the text of a header */
#define ANSWER_HEAD_BYTES 2048 /* that are kept for ours */

/* A TCP connection. libmicrohttpd's own time-out starts anew with each byte, so a client that drips
 * would never meet it; these deadlines do not move. */
struct peer {
	struct server *server;
	struct peer *next, *before; /* of those that we wait for */
	int fd;
	bool owes_request;   /* the rest of a request that has begun, or its first */
	int64_t deadline_ms; /* monotonic; 0: we are at work, it waits for us */
	uint64_t client;     /* the door's name of its address */
	char address[INET6_ADDRSTRLEN];
	bool loopback;
	struct exchange *sending; /* whose body is on its way; NULL: none */
	bool expired;             /* shut already, and no longer counted */
};

struct peer *peer_of(struct MHD_Connection *connection);
/* MHD_NotifyConnectionCallback; `arg` is the server. */
void peer_on_connection(void *arg, struct MHD_Connection *connection, void **context,
                        enum MHD_ConnectionNotificationCode code);
/* We wait for it, so long at most: for a request or the rest of one, or that it takes its answer. */
void peer_waits(struct peer *peer, int64_t ms, bool owes_request);
/* It waits for us. */
void peer_works(struct peer *peer);

enum head_fault { HEAD_GOOD, HEAD_ODD, HEAD_TOO_LARGE };
/* head.c: `method` and `version` as the library gave them for this request. */
enum head_fault head_check(struct exchange *exchange, const char *method, const char *version);

/* Shut, and told why when it owes us a request. */
void peer_expire(struct peer *peer);
/* The same for a head that leaves no room for an answer of the library. */
void peer_refuse_head(struct peer *peer);
/* Ends those whose time is over. */
void peers_check(struct server *server);
/* door_config.make_room; `arg` is the server. */
bool peers_make_room(void *arg);

enum phase {
	PHASE_HEAD,
	PHASE_ADMIT,    /* is he somebody from whom a large body is taken? */
	PHASE_ADMITTED, /* he is */
	PHASE_BODY,
	PHASE_WORK,
	PHASE_READY,
	PHASE_PASSING, /* the answer is there, and waits for the end of a body that nobody reads */
	PHASE_LEAVING,
};

struct block {
	struct block *next;
	max_align_t data[];
};

struct exchange {
	struct request *request; /* NULL: an answer that goes on for hours does without */
	struct server *server;
	struct exchange *next, **link;
	struct MHD_Connection *connection;
	struct peer *peer;
	enum phase phase;
	bool suspended;
	bool lean;                   /* the request goes as soon as the answer has begun */
	char *target;                /* raw request target; the path ends where the query began */
	unsigned lengths, encodings; /* headers of the request that say how long it is */
	size_t announced;            /* bytes of its body */
	bool passes;                 /* an answer before the end of its body would not be heard */
	char *body;
	size_t body_size; /* counted in server->bodies */
	struct MHD_Response *response;
	unsigned status;
	int64_t limit_ms;     /* of the answer, monotonic; 0: it may take its time */
	uint64_t answer_size; /* bytes of its body, as far as it is known */
	struct stream *stream;
	struct block *blocks;

	struct {
		const char *name, *value;
	} headers[HEADERS_MAX];

	size_t header_count;
};

/* Back to libmicrohttpd, which looks at it in its next run. */
void exchange_resume(struct exchange *exchange);

/* An answer whose bytes come when there are some. Not in the list of peers that we wait for, because
 * a broadcast would move thousands through it: the tick looks who has not taken what was given. */
struct stream {
	struct stream *next, **link;
	struct exchange *exchange; /* NULL: its connection is gone */
	ssize_t (*read)(void *arg, char *to, size_t size);
	void (*end)(void *arg);
	void *arg;
	int64_t given_ms; /* monotonic, a tick exact: it has had bytes to take since; 0: it waits for us */
	bool parked;
};

/* Ends those that take nothing, and those whose time is over. */
void streams_check(struct server *server);

struct server {
	struct server_config config;
	struct door *door;
	struct MHD_Daemon *daemon;
	struct io_timer *run_timer;
	int epoll_fd;
	int64_t tick_ms; /* monotonic */
	unsigned ticks;
	struct stream *streams;
	struct peer *waiting, *waiting_last; /* in the order in which their wait began */
	struct exchange *exchanges;
	size_t bodies; /* bytes */
	struct server_counts counts;
	bool stopping;
};

#endif
