#include "sim/line_server.h"

#include "sim/unix_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum err line_server_open(struct line_server *s, const char *path,
                          char *(*answer)(void *ctx, const char *line), void *ctx)
{
	s->fd = -1;
	s->answer = answer;
	s->ctx = ctx;
	for (unsigned i = 0; i < LINE_SERVER_CLIENTS; i++)
		s->client[i].fd = -1;
	return path ? unix_listen(&s->fd, path, SOCK_STREAM) : ERR_NONE;
}

static void drop(struct line_client *c)
{
	close(c->fd);
	c->fd = -1;
	c->used = 0;
}

void line_server_close(struct line_server *s)
{
	for (unsigned i = 0; i < LINE_SERVER_CLIENTS; i++)
		if (s->client[i].fd >= 0)
			drop(&s->client[i]);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

nfds_t line_server_poll(const struct line_server *s, struct pollfd *out)
{
	nfds_t n = 0;

	if (s->fd >= 0)
		out[n++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
	for (unsigned i = 0; i < LINE_SERVER_CLIENTS; i++)
		if (s->client[i].fd >= 0)
			out[n++] = (struct pollfd){.fd = s->client[i].fd, .events = POLLIN};
	return n;
}

static void accept_clients(struct line_server *s)
{
	int fd;

	while (s->fd >= 0 && (fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		unsigned i = 0;

		while (i < LINE_SERVER_CLIENTS && s->client[i].fd >= 0)
			i++;
		if (i == LINE_SERVER_CLIENTS)
			close(fd);
		else
			s->client[i].fd = fd;
	}
}

/* False: the client is gone. A client that does not read its answers loses its connection. */
static bool answer_lines(struct line_server *s, struct line_client *c)
{
	char *end;

	while ((end = memchr(c->line, '\n', c->used)) != NULL) {
		size_t length = (size_t)(end - c->line) + 1;
		char *text;
		bool sent;

		*end = '\0';
		text = s->answer(s->ctx, c->line);
		sent = text &&
		       send(c->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
		free(text);
		if (!sent)
			return false;
		memmove(c->line, c->line + length, c->used - length);
		c->used -= length;
	}
	return c->used < sizeof c->line; /* a longer line is no line */
}

static void serve(struct line_server *s, struct line_client *c)
{
	ssize_t n = recv(c->fd, c->line + c->used, sizeof c->line - c->used, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->used += (size_t)n;
	if (n <= 0 || !answer_lines(s, c))
		drop(c);
}

void line_server_run(struct line_server *s)
{
	accept_clients(s);
	for (unsigned i = 0; i < LINE_SERVER_CLIENTS; i++)
		if (s->client[i].fd >= 0)
			serve(s, &s->client[i]);
}
