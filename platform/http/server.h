/* HTTP/1.1 by libmicrohttpd, driven from the I/O thread: connections with deadlines, bodies with
 * limits, answers now or later. Only server.c, peer.c and answer.c know libmicrohttpd. */
#ifndef PLATFORM_HTTP_SERVER_H
#define PLATFORM_HTTP_SERVER_H

#include "platform/http/request.h"

struct server;

struct server_config {
	struct io *io;
	const char *listen;
	uint16_t port;
	unsigned connections_max, per_address;
	/* Deadlines; an answer that is hardly taken ends after send_ms without 8 KiB of it. */
	int64_t head_ms, body_ms, idle_ms, send_ms;
	struct http *http;
	/* The head is read: fill request->match, or set request->refusal to end it here. */
	bool (*begin)(struct request *request);
	/* Before a body of more than BODY_FREE bytes is taken: true: take it. Else it was answered, or
	 * it is answered or server_admit called later. */
	bool (*admit)(struct request *request);
	/* The whole body is read: answer, now or later. */
	void (*dispatch)(struct request *request);
	/* The answer has left or the client is gone. */
	void (*end)(struct request *request);
};

MUST_USE enum err server_new(struct server **server, const struct server_config *config);
/* No work of the other threads may be pending. */
void server_free(struct server *server);
int server_port(const struct server *server);

/* Anybody may send so much. */
#define BODY_FREE 65536
void server_admit(struct request *request);

struct server_counts {
	uint64_t requests, by_class[6]; /* by_class[4]: answers 4xx */
	uint64_t timeouts, refused;     /* refused: connections that were not let in */
	uint64_t evicted;               /* waiting ones that ended to make room for another */
	size_t connections;
};
struct server_counts server_counts(const struct server *server);

#endif
