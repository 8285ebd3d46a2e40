#include "platform/http/door.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/core/io.h"
#include "platform/core/json_out.h"
#include "platform/http/crowd.h"
#include "platform/http/problem.h"
#include "platform/store/log.h"

#define BACKLOG    1024
#define ACCEPTS    64 /* before others have their turn */
#define LEAVING    64
#define LEAVING_MS 1000

/* Turned away: closed a moment later, or what he is still sending would make the system take our
 * answer back. */
struct leaving {
	int fd; /* -1: free */
	int64_t until_ms;
};

struct door {
	struct door_config config;
	struct crowd *crowd;
	int fd, port;
	bool shut; /* no descriptor is left; opened again with the next tick */
	struct leaving leaving[LEAVING];
	size_t next_leaving;
	uint64_t refused;
};

/* ---- whoever is not let in ---- */

static void leaving_close(struct leaving *leaving)
{
	if (leaving->fd >= 0)
		close(leaving->fd);
	leaving->fd = -1;
}

static void answer_refused(int fd, enum problem problem, const char *detail)
{
	struct refusal refusal;
	struct json_out out;
	char text[1024];
	int len;

	refuse(&refusal, problem, NULL, "%s", detail);
	json_out_init(&out);
	problem_write(&out, &refusal);
	if (!out.failed) {
		len = snprintf(
		        text, sizeof text,
		        "HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\n"
		        "Content-Length: %zu\r\nRetry-After: 5\r\nCache-Control: no-store\r\n"
		        "Connection: close\r\n\r\n%.*s",
		        problem_status(problem),
		        problem == PROBLEM_TOO_MANY ? "Too Many Requests" : "Service Unavailable",
		        out.len, (int)out.len, out.data);
		(void)!send(fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	json_out_free(&out);
}

static void turn_away(struct door *door, int fd, enum problem problem, const char *detail)
{
	struct leaving *leaving = &door->leaving[door->next_leaving++ % LEAVING];

	door->refused++;
	answer_refused(fd, problem, detail);
	shutdown(fd, SHUT_WR);
	leaving_close(leaving);
	*leaving = (struct leaving){fd, clock_mono_ms() + LEAVING_MS};
}

/* ---- whoever comes ---- */

static void let_in(struct door *door, int fd, const struct sockaddr *address, socklen_t len)
{
	uint64_t client = crowd_client(address);

	if (client != CROWD_PROXY && crowd_count(door->crowd, client) >= door->config.per_address)
		turn_away(door, fd, PROBLEM_TOO_MANY, "too many connections from this address");
	else if (!door->config.make_room(door->config.arg))
		turn_away(door, fd, PROBLEM_BUSY, "too many connections");
	else
		door->config.enter(door->config.arg, fd, address, len);
}

static void on_knock(void *arg, uint32_t events)
{
	struct door *door = arg;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof address;
		int fd = accept4(door->fd, (struct sockaddr *)&address, &len,
		                 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			let_in(door, fd, (const struct sockaddr *)&address, len);
			continue;
		}
		if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
			return;
		/* They wait in the backlog; asking at once again would only burn time. */
		log_warn("http: no connection taken for now: %s", strerror(errno));
		door->shut = !io_change(door->config.io, door->fd, 0);
		return;
	}
}

bool door_entered(struct door *door, const struct sockaddr *address, uint64_t *client)
{
	*client = crowd_client(address);
	return crowd_enter(door->crowd, *client);
}

void door_left(struct door *door, uint64_t client)
{
	crowd_leave(door->crowd, client);
}

void door_tick(struct door *door)
{
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < LEAVING; i++)
		if (door->leaving[i].until_ms <= now_ms)
			leaving_close(&door->leaving[i]);
	if (door->shut)
		door->shut = io_change(door->config.io, door->fd, EPOLLIN) != ERR_NONE;
}

/* ---- start and stop ---- */

static int port_of(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6
	                     ? ((const struct sockaddr_in6 *)address)->sin6_port
	                     : ((const struct sockaddr_in *)address)->sin_port);
}

static enum err listen_on(struct door *door)
{
	const struct door_config *config = &door->config;
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	                         .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	struct sockaddr_storage bound;
	socklen_t bound_len = sizeof bound;
	char service[8];
	int one = 1, failed;

	snprintf(service, sizeof service, "%u", config->port);
	if (getaddrinfo(config->listen, service, &hints, &found)) {
		log_error("http: %s is no address", config->listen);
		return ERR_BAD_INPUT;
	}
	door->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	failed = door->fd < 0 || setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	         bind(door->fd, found->ai_addr, found->ai_addrlen) || listen(door->fd, BACKLOG) ||
	         getsockname(door->fd, (struct sockaddr *)&bound, &bound_len);
	freeaddrinfo(found);
	if (failed) {
		int error = errno;

		log_error("http: %s port %u: %s", config->listen, config->port, strerror(error));
		return error == EADDRINUSE ? ERR_BUSY : ERR_IO;
	}
	door->port = port_of(&bound);
	return ERR_NONE;
}

enum err door_new(struct door **door, const struct door_config *config)
{
	struct door *d = calloc(1, sizeof *d);
	enum err err = ERR_NOMEM;

	*door = NULL;
	if (!d)
		return err;
	d->config = *config;
	d->fd = -1;
	for (size_t i = 0; i < LEAVING; i++)
		d->leaving[i].fd = -1;
	d->crowd = crowd_new();
	if (d->crowd)
		err = listen_on(d);
	if (!err)
		err = io_add(config->io, d->fd, EPOLLIN, on_knock, d);
	if (err)
		door_free(d);
	else
		*door = d;
	return err;
}

void door_free(struct door *door)
{
	if (!door)
		return;
	io_remove(door->config.io, door->fd);
	for (size_t i = 0; i < LEAVING; i++)
		leaving_close(&door->leaving[i]);
	if (door->fd >= 0)
		close(door->fd);
	crowd_free(door->crowd);
	free(door);
}

int door_port(const struct door *door)
{
	return door->port;
}

uint64_t door_refused(const struct door *door)
{
	return door->refused;
}
