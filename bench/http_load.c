/* Clients of a web server: some that ask again as soon as they are answered, and many that listen
 * to its events. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/bench.h"

#define ANSWER_MAX  65536
#define SAMPLES_MAX 4000000
#define CONNECTS    64 /* that are on their way at a time */

struct client {
	int fd;
	int64_t sent_ns;
	size_t len;
	char *answer;
};

static int64_t *samples_us;
static size_t sample_count;

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
		die("connect", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static char *request_text(int argc, char **argv)
{
	char *text;

	if (asprintf(&text, "GET %s HTTP/1.1\r\nHost: bench\r\nCookie: %s\r\n\r\n",
	             option(argc, argv, "path", "/"), option(argc, argv, "cookie", "a=b")) < 0)
		die("http", "no memory");
	return text;
}

static void send_request(struct client *client, const char *text)
{
	size_t len = strlen(text);

	client->len = 0;
	client->sent_ns = mono_ns();
	if (send(client->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("http", "the server does not take a request");
}

/* The body's length when the whole answer is there, else -1. */
static int64_t answer_complete(struct client *client)
{
	const char *end = memmem(client->answer, client->len, "\r\n\r\n", 4), *field;
	size_t body;

	if (!end)
		return -1;
	if (client->len < 12 || memcmp(client->answer, "HTTP/1.1 200", 12) != 0) {
		client->answer[end - client->answer] = '\0';
		die("http", client->answer);
	}
	field = memmem(client->answer, (size_t)(end - client->answer), "\r\nContent-Length: ", 18);
	if (!field)
		die("http", "an answer without its length");
	body = strtoull(field + 18, NULL, 10);
	return client->len >= (size_t)(end - client->answer) + 4 + body ? (int64_t)body : -1;
}

static void on_answer(struct client *client)
{
	if (sample_count < SAMPLES_MAX)
		samples_us[sample_count++] = (mono_ns() - client->sent_ns) / 1000;
}

static void receive(struct client *client)
{
	ssize_t n = recv(client->fd, client->answer + client->len, ANSWER_MAX - client->len, 0);

	if (n <= 0)
		die("http", n ? strerror(errno) : "the server hangs up");
	client->len += (size_t)n;
}

/* Each client waits `pause_us` between an answer and its next request. */
int http_load_main(int argc, char **argv)
{
	size_t count = (size_t)option_int(argc, argv, "connections", 16);
	int64_t seconds = option_int(argc, argv, "seconds", 5), body = 0, start, end;
	int64_t pause_ns = option_int(argc, argv, "pause-us", 0) * 1000;
	uint16_t port = (uint16_t)option_int(argc, argv, "port", 0);
	const char *text = request_text(argc, argv);
	struct client *clients = calloc(count, sizeof *clients);
	struct epoll_event event = {.events = EPOLLIN}, ready[256];
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	samples_us = calloc(SAMPLES_MAX, sizeof *samples_us);
	if (!samples_us || !clients || epoll_fd < 0)
		die("http-load", "no memory");
	start = mono_ns();
	end = start + seconds * 1000000000;
	for (size_t i = 0; i < count; i++) {
		clients[i].fd = connect_to(port);
		clients[i].answer = malloc(ANSWER_MAX + 1);
		event.data.ptr = &clients[i];
		if (!clients[i].answer || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, &event))
			die("http-load", strerror(errno));
		send_request(&clients[i], text);
	}
	while (mono_ns() < end) {
		int n = epoll_wait(epoll_fd, ready, 256, pause_ns ? 1 : 100);

		for (int i = 0; i < n; i++) {
			struct client *client = ready[i].data.ptr;
			int64_t len;

			receive(client);
			len = answer_complete(client);
			if (len < 0)
				continue;
			body = len;
			on_answer(client);
			if (pause_ns)
				client->sent_ns = 0;
			else
				send_request(client, text);
		}
		for (size_t i = 0; pause_ns && i < count; i++) {
			/* `sent_ns` 0: answered; -t: asks again at t. */
			if (!clients[i].sent_ns)
				clients[i].sent_ns = -(mono_ns() + pause_ns);
			else if (clients[i].sent_ns < 0 && -clients[i].sent_ns <= mono_ns())
				send_request(&clients[i], text);
		}
	}
	qsort(samples_us, sample_count, sizeof *samples_us, compare);
	if (!sample_count)
		die("http-load", "no answer at all");
	printf("{\"requests\":%zu,\"seconds\":%.3f,\"body\":%" PRId64 ",\"p50_us\":%" PRId64
	       ",\"p99_us\":%" PRId64 "}\n",
	       sample_count, (double)(mono_ns() - start) / 1e9, body, samples_us[sample_count / 2],
	       samples_us[sample_count * 99 / 100]);
	return 0;
}

/* ---- pages that listen ---- */

static uint64_t heard_events, heard_bytes;

/* Events end with an empty line, and chunks of the transfer do not hold two line feeds in a row. */
static void hear(int fd)
{
	static char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
		const char *at = bytes;
		size_t left = (size_t)n;

		heard_bytes += (uint64_t)n;
		for (const char *found; (found = memmem(at, left, "\n\n", 2)); at = found + 2) {
			heard_events++;
			left = (size_t)(bytes + n - found) - 2;
		}
	}
	if (n == 0)
		die("http-listen", "the server ended a stream");
}

static void listen_until(int epoll_fd, int64_t end_ns)
{
	struct epoll_event ready[512];

	while (mono_ns() < end_ns) {
		int n = epoll_wait(epoll_fd, ready, 512, 20);

		for (int i = 0; i < n; i++)
			hear(ready[i].data.fd);
	}
}

/* Says "ready" on standard error when all have heard something, then counts. */
int http_listen_main(int argc, char **argv)
{
	size_t count = (size_t)option_int(argc, argv, "connections", 5000);
	int64_t seconds = option_int(argc, argv, "seconds", 10), start;
	uint16_t port = (uint16_t)option_int(argc, argv, "port", 0);
	const char *text = request_text(argc, argv);
	struct epoll_event event = {.events = EPOLLIN};
	struct rlimit files = {count + 64, count + 64};
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	if (setrlimit(RLIMIT_NOFILE, &files) || epoll_fd < 0)
		die("http-listen", strerror(errno));
	for (size_t i = 0; i < count; i++) {
		event.data.fd = connect_to(port);
		if (send(event.data.fd, text, strlen(text), MSG_NOSIGNAL) <= 0 ||
		    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event))
			die("http-listen", strerror(errno));
		if (i % CONNECTS == 0)
			listen_until(epoll_fd, mono_ns() + 1000000);
	}
	listen_until(epoll_fd, mono_ns() + INT64_C(2000000000));
	if (heard_events < count)
		die("http-listen", "not everybody heard something");
	fprintf(stderr, "ready\n");
	heard_events = heard_bytes = 0;
	start = mono_ns();
	listen_until(epoll_fd, start + seconds * 1000000000);
	printf("{\"events\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"seconds\":%.3f}\n", heard_events,
	       heard_bytes, (double)(mono_ns() - start) / 1e9);
	return 0;
}
