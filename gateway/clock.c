#include "gateway/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE     128
#define CLIENT_WAIT_S 1
#define RATE_MAX      100000 /* permille */
#define OFFSET_MAX_MS (INT64_C(100) * 366 * 86400 * 1000)

/* Ours = at + (real - since) * rate; all 0 and 1000 unless a test says otherwise. */
static struct {
	struct moment at, since;
	int64_t offset_ms;
	int64_t rate_permille;
} warp = {.rate_permille = 1000};

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct moment real_now(void)
{
	return (struct moment){read_ms(CLOCK_MONOTONIC), read_ms(CLOCK_REALTIME)};
}

static int64_t warped(int64_t at, int64_t since, int64_t real)
{
	return at + (real - since) * warp.rate_permille / 1000;
}

static struct moment unshifted_now(void)
{
	struct moment real = real_now();

	if (warp.rate_permille == 1000 && !warp.since.mono_ms)
		return real;
	return (struct moment){warped(warp.at.mono_ms, warp.since.mono_ms, real.mono_ms),
	                       warped(warp.at.wall_ms, warp.since.wall_ms, real.wall_ms)};
}

struct moment clock_now(void)
{
	struct moment now = unshifted_now();

	now.wall_ms += warp.offset_ms;
	return now;
}

int clock_wait_ms(int64_t ms)
{
	int64_t real = ms * 1000 / warp.rate_permille;

	return real < 1 ? 1 : real > 1000 ? 1000 : (int)real;
}

enum err clock_test_open(const char *socket_path, int *fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(socket_path) >= sizeof address.sun_path)
		return ERR_TOO_LONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	unlink(socket_path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return ERR_IO;
	if (bind(*fd, (struct sockaddr *)&address, sizeof address) || listen(*fd, 4)) {
		close(*fd);
		return ERR_IO;
	}
	return ERR_NONE;
}

static bool line_apply(const char *line)
{
	long long value;

	if (sscanf(line, "offset_ms %lld", &value) == 1 && value >= -OFFSET_MAX_MS &&
	    value <= OFFSET_MAX_MS) {
		warp.offset_ms = value;
		return true;
	}
	if (sscanf(line, "rate_permille %lld", &value) == 1 && value > 0 && value <= RATE_MAX) {
		warp.at = unshifted_now();
		warp.since = real_now();
		warp.rate_permille = value;
		return true;
	}
	return false;
}

void clock_test_serve(int fd)
{
	struct timeval patience = {.tv_sec = CLIENT_WAIT_S};
	char line[LINE_SIZE];
	const char *answer;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;

	if (client < 0)
		return;
	(void)!setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	n = recv(client, line, sizeof line - 1, 0);
	line[n > 0 ? n : 0] = 0;
	answer = line_apply(line) ? "ok\n" : "bad\n";
	(void)!send(client, answer, strlen(answer), MSG_NOSIGNAL);
	close(client);
}
