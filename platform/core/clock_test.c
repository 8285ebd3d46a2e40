/* The socket through which tests move the wall clock. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/core/io.h"

/* One short-lived connection per order: connect, one line, one answer, close. */
static void serve(void *arg, uint32_t events)
{
	int *listener = arg, fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC);
	struct timeval patience = {.tv_sec = 1};
	char line[256], answer[64];
	ssize_t n;

	(void)events;
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	n = recv(fd, line, sizeof line - 1, 0);
	if (n > 0) {
		json_t *order = json_loadb(line, (size_t)n, JSON_DISABLE_EOF_CHECK, NULL);
		json_t *offset = json_object_get(order, "offset_ms");
		json_t *speed = json_object_get(order, "rate_permille");

		if (json_is_integer(offset))
			clock_adjust(json_integer_value(offset),
			             json_is_integer(speed) ? json_integer_value(speed) : 1000);
		json_decref(order);
	}
	n = snprintf(answer, sizeof answer, "{\"now_ms\":%lld}\n", (long long)clock_wall_ms());
	(void)!send(fd, answer, (size_t)n, MSG_NOSIGNAL);
	close(fd);
}

enum err clock_test_socket(struct io *io, const char *path)
{
	static int listener = -1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof address.sun_path)
		return ERR_TOO_LONG;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
	    listen(listener, 4))
		return ERR_IO;
	return io_add(io, listener, EPOLLIN, serve, &listener);
}
