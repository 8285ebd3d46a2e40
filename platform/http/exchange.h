/* Requests as libmicrohttpd sees them: what server.c (connections, heads, bodies) and answer.c share,
 * and nobody else. */
#ifndef PLATFORM_HTTP_EXCHANGE_H
#define PLATFORM_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <netinet/in.h>

#include "platform/http/server.h"

#define HEADERS_MAX 8

/* A TCP connection. libmicrohttpd's own time-out starts anew with each byte, so a client that drips
 * would never meet it; these deadlines do not move. */
struct peer {
	struct server *server;
	struct peer *next, **link;
	int fd;
	bool owes_request;   /* the rest of a request that has begun, or its first */
	int64_t deadline_ms; /* monotonic; 0: we are at work, it waits for us */
	char address[INET6_ADDRSTRLEN];
	bool loopback;
};

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_WORK, PHASE_READY, PHASE_LEAVING };

struct block {
	struct block *next;
	max_align_t data[];
};

struct exchange {
	struct request request; /* first: a request is its exchange */
	struct server *server;
	struct exchange *next, **link;
	struct MHD_Connection *connection;
	struct peer *peer;
	enum phase phase;
	bool suspended;
	char *target; /* raw request target; the path ends where the query began */
	char *body;
	size_t body_size;
	struct MHD_Response *response;
	unsigned status;
	int64_t limit_ms; /* of the answer, monotonic; 0: it may take its time */
	struct stream *stream;
	struct block *blocks;

	struct {
		const char *name, *value;
	} headers[HEADERS_MAX];

	size_t header_count;
};

struct stream {
	struct exchange *exchange;
	ssize_t (*read)(void *arg, char *to, size_t size);
	void (*end)(void *arg);
	void *arg;
	bool parked;
};

struct server {
	struct server_config config;
	struct MHD_Daemon *daemon;
	struct io_timer *run_timer;
	int epoll_fd, port;
	struct peer *peers;
	struct exchange *exchanges;
	size_t bodies; /* bytes */
	struct server_counts counts;
	bool stopping;
};

#endif
