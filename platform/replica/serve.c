#include "platform/replica/serve.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/store/log.h"

#define HANDSHAKES_MAX 8 /* at a time: strangers cannot use up threads */

static enum err say(void *arg, const struct wire *answer)
{
	return stream_send(arg, answer);
}

static bool is_own_failure(enum err err)
{
	return err != ERR_CLOSED && err != ERR_TIMEOUT && err != ERR_BAD_INPUT &&
	       err != ERR_REFUSED;
}

/* The primary may still be sending pages. Closing now would throw away what was said before it is
 * read; when it has read it, it goes. */
static void hear_out(struct stream *stream)
{
	struct wire m;

	while (stream_receive(stream, &m) == ERR_NONE)
		;
}

enum err serve_session(struct folder *folder, struct stream *stream)
{
	struct wire m;
	enum err err;

	do {
		err = stream_receive(stream, &m);
		if (!err)
			err = folder_take(folder, &m, say, stream);
	} while (!err);
	if (stream_flush(stream)) /* why it ends, if that can still be said */
		log_debug("replica: the primary had gone");
	else if (is_own_failure(err))
		hear_out(stream);
	folder_end_session(folder);
	return err;
}

/* ---- listening ---- */

struct server {
	const struct serve_config *config;
	struct ssl_ctx_st *tls;
	pthread_mutex_t lock;   /* of what follows */
	struct stream *current; /* whose session it is */
	unsigned connections;
	pthread_cond_t left;
	pthread_mutex_t session; /* one at a time */
};

struct visitor {
	struct server *server;
	int fd;
};

/* The folder is opened by each session: after a take-over it is another thing. */
static void follow_primary(struct server *server, struct stream *stream)
{
	struct folder *folder;
	char why[256];
	enum err err = folder_open(&folder, server->config->data_dir, why, sizeof why);

	if (err) {
		log_error("replica: %s", why);
		return;
	}
	log_info("replica: a primary is connected");
	err = serve_session(folder, stream);
	log_info("replica: the primary's connection ended: %s", err_text(err));
	folder_close(folder);
}

static void take_turn(struct server *server, struct stream *stream)
{
	pthread_mutex_lock(&server->lock);
	if (server->current)
		stream_interrupt(server->current); /* its wattled was restarted */
	pthread_mutex_unlock(&server->lock);

	pthread_mutex_lock(&server->session);
	pthread_mutex_lock(&server->lock);
	server->current = stream;
	pthread_mutex_unlock(&server->lock);
	follow_primary(server, stream);
	pthread_mutex_lock(&server->lock);
	server->current = NULL;
	stream_close(stream);
	pthread_mutex_unlock(&server->lock);
	pthread_mutex_unlock(&server->session);
}

static void *visit(void *arg)
{
	struct visitor *visitor = arg;
	struct server *server = visitor->server;
	struct stream *stream;
	char why[256] = "";

	if (stream_tls(&stream, visitor->fd, server->tls, NULL, "wattled", why, sizeof why))
		log_warn("replica: a connection was refused: %s", why);
	else
		take_turn(server, stream);
	free(visitor);
	pthread_mutex_lock(&server->lock);
	server->connections--;
	pthread_cond_signal(&server->left);
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

static void take_in(struct server *server, int fd)
{
	struct visitor *visitor = malloc(sizeof *visitor);
	pthread_attr_t detached;
	pthread_t thread;
	bool room;

	pthread_mutex_lock(&server->lock);
	room = visitor && server->connections < HANDSHAKES_MAX;
	server->connections += room;
	pthread_mutex_unlock(&server->lock);
	if (!room) {
		free(visitor);
		close(fd);
		return;
	}
	*visitor = (struct visitor){server, fd};
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, visit, visitor)) {
		log_error("replica: no thread for a connection");
		close(fd);
		free(visitor);
		pthread_mutex_lock(&server->lock);
		server->connections--;
		pthread_mutex_unlock(&server->lock);
	}
	pthread_attr_destroy(&detached);
}

static int listen_at(const char *address, const char *port, char *why, size_t why_size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
	int fd, on = 1, code = getaddrinfo(*address ? address : NULL, port, &hints, &list);

	if (code) {
		snprintf(why, why_size, "%s port %s: %s", address, port, gai_strerror(code));
		return -1;
	}
	fd = socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(fd, list->ai_addr, list->ai_addrlen) || listen(fd, 16)) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		snprintf(why, why_size, "%s port %s: %s", address, port, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

static void accept_until_stopped(struct server *server, int listening)
{
	struct pollfd wait[2] = {
	        {.fd = listening,               .events = POLLIN},
	        {.fd = server->config->stop_fd, .events = POLLIN}
        };

	while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
		int fd;

		if (wait[1].revents)
			return;
		if (!(wait[0].revents & POLLIN))
			continue;
		fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			take_in(server, fd);
	}
}

enum err serve(const struct serve_config *config, char *why, size_t why_size)
{
	/* static: a stranger's handshake may outlast this function, as the process ends */
	static struct server server = {.lock = PTHREAD_MUTEX_INITIALIZER,
	                               .left = PTHREAD_COND_INITIALIZER,
	                               .session = PTHREAD_MUTEX_INITIALIZER};
	int listening;

	server.config = config;
	server.tls = stream_context(&config->tls, true, why, why_size);
	if (!server.tls)
		return ERR_AUTH;
	listening = listen_at(config->address, config->port, why, why_size);
	if (listening < 0) {
		stream_context_free(server.tls);
		return ERR_IO;
	}
	log_info("replica: listening on %s port %s", config->address, config->port);
	accept_until_stopped(&server, listening);
	close(listening);
	pthread_mutex_lock(&server.lock);
	if (server.current)
		stream_interrupt(server.current);
	/* Handshakes of strangers end by their time limit; nobody waits for them at a stop. */
	while (server.connections && server.current)
		pthread_cond_wait(&server.left, &server.lock);
	pthread_mutex_unlock(&server.lock);
	return ERR_NONE;
}
