#include "platform/core/clock.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "platform/core/io.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t base_real_ms, base_wall_ms, rate = 1000;
static bool adjusted;

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	int64_t real = read_ms(CLOCK_REALTIME), wall;

	if (!__atomic_load_n(&adjusted, __ATOMIC_RELAXED))
		return real;
	pthread_mutex_lock(&lock);
	wall = base_wall_ms + (real - base_real_ms) * rate / 1000;
	pthread_mutex_unlock(&lock);
	return wall;
}

void clock_adjust(int64_t offset_ms, int64_t rate_permille)
{
	int64_t real = read_ms(CLOCK_REALTIME);

	pthread_mutex_lock(&lock);
	base_real_ms = real;
	base_wall_ms = real + offset_ms;
	rate = rate_permille;
	pthread_mutex_unlock(&lock);
	__atomic_store_n(&adjusted, true, __ATOMIC_RELAXED);
}

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
