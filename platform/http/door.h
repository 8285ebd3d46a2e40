/* The listening socket: who is let in, and what those hear who are not. docs/design/http.md. */
#ifndef PLATFORM_HTTP_DOOR_H
#define PLATFORM_HTTP_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct io;
struct door;

struct door_config {
	struct io *io;
	const char *listen;
	uint16_t port;
	unsigned per_address; /* connections of one client */
	/* False: there is no place left, and none could be made. */
	bool (*make_room)(void *arg);
	/* Takes the socket. */
	void (*enter)(void *arg, int fd, const struct sockaddr *address, socklen_t len);
	void *arg;
};

MUST_USE enum err door_new(struct door **door, const struct door_config *config);
void door_free(struct door *door);
int door_port(const struct door *door);

/* For each connection that began with `enter`: it counts, until it leaves. False: no memory. */
bool door_entered(struct door *door, const struct sockaddr *address, uint64_t *client);
void door_left(struct door *door, uint64_t client);

/* Each TICK of the server: forgets those who were turned away, and opens again. */
void door_tick(struct door *door);
uint64_t door_refused(const struct door *door);

#endif
