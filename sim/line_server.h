/* A unix stream socket that answers text lines, for the control sockets of emulator and hub. */
#ifndef SIM_LINE_SERVER_H
#define SIM_LINE_SERVER_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { LINE_SERVER_CLIENTS = 16, LINE_SERVER_LINE = 4096 };

struct line_client {
	int fd; /* -1: free */
	size_t used;
	char line[LINE_SERVER_LINE];
};

struct line_server {
	int fd; /* -1: there is none */
	struct line_client client[LINE_SERVER_CLIENTS];
	char *(*answer)(void *ctx, const char *line); /* malloc'ed, with its newline */
	void *ctx;
};

/* `path` NULL: a server without socket, that never has anything to do. */
MUST_USE enum err line_server_open(struct line_server *s, const char *path,
                                   char *(*answer)(void *ctx, const char *line), void *ctx);
void line_server_close(struct line_server *s);

/* Appends what to wait for; returns how many, at most LINE_SERVER_CLIENTS + 1. */
nfds_t line_server_poll(const struct line_server *s, struct pollfd *out);

/* Reads and answers everything that is there, without waiting. */
void line_server_run(struct line_server *s);
#endif
