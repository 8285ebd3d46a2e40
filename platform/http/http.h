/* The web side of wattled: the API of docs/api/openapi.json, live events, and the console's files,
 * on libmicrohttpd driven by the I/O thread. A tour: door.c lets clients in, server.c moves requests, gate.c asks which
 * operation they mean and who may, api_*.c answer them, show.c turns rows into JSON, sse.c carries
 * events. */
#ifndef PLATFORM_HTTP_HTTP_H
#define PLATFORM_HTTP_HTTP_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct http;
struct platform;

/* Listens at [http] listen and port. ERR_BUSY: the port is taken; the log names it. */
MUST_USE enum err http_start(struct platform *platform, struct http **http);

/* After the writer and the readers have ended: requests own the memory of their steps. */
void http_stop(struct http *http);

/* The port it listens on: for port 0 in tests. */
int http_port(const struct http *http);

#endif
