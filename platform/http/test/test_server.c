/* The server against odd, slow and large requests, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/core/io.h"
#include "platform/http/server.h"

#define DEADLINE_MS 600
#define PLACES      50
#define LARGE       (4 << 20)
#define PER_ADDRESS 20

static struct io *io;
static struct server *server;
static pthread_t thread;

static struct request *waiting; /* answered by the timer */
static struct stream *stream;
static int stream_left;
static unsigned floods;

#define ROUTE(verb, place, most)                                                                   \
	{                                                                                          \
		.method = METHOD_##verb, .path = place, .prefix_len = sizeof place - 1,            \
		.body_max = most                                                                   \
	}

static const struct route test_routes[] = {
        ROUTE(GET, "/now", 0),   ROUTE(GET, "/later", 0),    ROUTE(GET, "/stream", 0),
        ROUTE(GET, "/flood", 0), ROUTE(POST, "/echo", 1000), ROUTE(POST, "/large", LARGE),
};

static bool begin(struct request *request)
{
	route_find(test_routes, ARRAY_SIZE(test_routes), request->method, request->path,
	           &request->match);
	return request->match.route ||
	       refuse(&request->refusal, PROBLEM_NOT_FOUND, NULL, "no such path");
}

static struct request *stranger; /* whom the timer knows */

/* By a header: "nobody" is nobody, others are known at once or a moment later. */
static bool admit(struct request *request)
{
	const char *who = request_header(request, "X-Who");

	if (!who)
		return true;
	if (strcmp(who, "nobody") == 0)
		answer_problem(request, PROBLEM_LOGIN_NEEDED, NULL, "who?");
	else
		stranger = request;
	return false;
}

static ssize_t stream_read(void *arg, char *to, size_t size)
{
	(void)arg;
	(void)size;
	if (stream_left < 0)
		return -1;
	if (stream_left == 0)
		return 0;
	stream_left--;
	*to = 'x';
	return 1;
}

static void stream_end(void *arg)
{
	(void)arg;
	stream = NULL;
}

/* It has always more. */
static ssize_t flood_read(void *arg, char *to, size_t size)
{
	(void)arg;
	memset(to, 'x', size);
	return (ssize_t)size;
}

static void flood_end(void *arg)
{
	(void)arg;
	__atomic_sub_fetch(&floods, 1, __ATOMIC_SEQ_CST);
}

static void dispatch(struct request *request)
{
	const char *path = request->match.route->path;

	if (strcmp(path, "/later") == 0) {
		waiting = request;
	} else if (strcmp(path, "/stream") == 0) {
		stream_left = 2;
		stream = answer_stream(request, "text/plain", stream_read, stream_end, NULL);
	} else if (strcmp(path, "/flood") == 0) {
		__atomic_add_fetch(&floods, 1, __ATOMIC_SEQ_CST);
		assert_non_null(answer_event_stream(request, flood_read, flood_end, NULL));
	} else if (strcmp(path, "/large") == 0) {
		char text[32];

		snprintf(text, sizeof text, "%zu bytes", request->body_len);
		answer_text(request, 200, "text/plain", text, strlen(text));
	} else if (strcmp(path, "/echo") == 0) {
		answer_text(request, 200, "text/plain", request->body, request->body_len);
	} else {
		answer_text(request, 200, "text/plain", "now", 3);
	}
}

static void end(struct request *request)
{
	if (waiting == request)
		waiting = NULL;
	if (stranger == request)
		stranger = NULL;
}

/* Each 20 ms: what waited is answered, the stream gets a byte and then ends. */
static void tick(void *arg)
{
	(void)arg;
	if (waiting) {
		struct request *request = waiting;

		waiting = NULL;
		answer_text(request, 200, "text/plain", "later", 5);
	}
	if (stranger) {
		struct request *request = stranger;

		stranger = NULL;
		if (strcmp(request_header(request, "X-Who"), "friend") == 0)
			server_admit(request);
		else
			answer_problem(request, PROBLEM_LOGIN_NEEDED, NULL, "not you");
	}
	if (stream && stream_left == 0) {
		stream_left = -1;
		stream_wake(stream);
	}
}

static void *run(void *arg)
{
	(void)arg;
	io_run(io);
	return NULL;
}

static int setup(void **state)
{
	struct server_config config = {.listen = "127.0.0.1",
	                               .connections_max = PLACES,
	                               .per_address = PER_ADDRESS,
	                               .head_ms = DEADLINE_MS,
	                               .body_ms = DEADLINE_MS,
	                               .idle_ms = 5000,
	                               .send_ms = DEADLINE_MS,
	                               .begin = begin,
	                               .admit = admit,
	                               .dispatch = dispatch,
	                               .end = end};

	(void)state;
	if (io_new(&io) != ERR_NONE)
		return -1;
	config.io = io;
	if (server_new(&server, &config) != ERR_NONE || !io_timer_add(io, 20, 20, tick, NULL))
		return -1;
	return pthread_create(&thread, NULL, run, NULL);
}

static int teardown(void **state)
{
	(void)state;
	io_stop(io);
	pthread_join(thread, NULL);
	server_free(server);
	io_free(io);
	return 0;
}

static int client_from(uint32_t address)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)server_port(server)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static int client(void)
{
	return client_from(INADDR_LOOPBACK);
}

static void say(int fd, const char *text)
{
	/* The server may have hung up already: that is what some tests are about. */
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static char heard[65536];

/* Until the server closes, `wanted` is in it (if not NULL), or two seconds pass. */
static const char *hear(int fd, const char *wanted)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	heard[0] = '\0';
	while (poll(&ready, 1, 2000) > 0 && len < sizeof heard - 1) {
		n = recv(fd, heard + len, sizeof heard - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		heard[len] = '\0';
		if (wanted && strstr(heard, wanted))
			break;
	}
	return heard;
}

static void assert_hears(int fd, const char *wanted)
{
	if (!strstr(hear(fd, wanted), wanted))
		fail_msg("no \"%s\" in \"%s\"", wanted, heard);
}

static void assert_answer(const char *request, const char *wanted)
{
	int fd = client();

	say(fd, request);
	assert_hears(fd, wanted);
	close(fd);
}

static void test_answers(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd, "\r\n\r\nnow");
	assert_non_null(strstr(heard, "X-Content-Type-Options: nosniff"));
	assert_non_null(strstr(heard, "Content-Security-Policy: default-src 'none'"));
	assert_null(strstr(heard, "unsafe-inline"));
	say(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"); /* on the same connection */
	assert_hears(fd, "later");
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
	usleep(20000);
	say(fd, "cd");
	assert_hears(fd, "\r\n\r\nabcd");
	close(fd);
}

static void test_stream(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd, "0\r\n\r\n"); /* last chunk */
	assert_non_null(strstr(heard, "x\r\n"));
	close(fd);
}

static void test_client_leaves_while_we_work(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		int fd = client();

		say(fd, i % 2 ? "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
		              : "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
		close(fd);
	}
	assert_answer("GET /now HTTP/1.1\r\nHost: a\r\n\r\n", "now");
}

static void test_odd_requests(void **state)
{
	(void)state;
	assert_answer("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
	              "Content-Length: 2\r\n\r\nab",
	              "HTTP/1.1 400");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
	              "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
	              "HTTP/1.1 400");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	              "2\r\nab\r\n0\r\n\r\n",
	              "HTTP/1.1 411");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
	              "HTTP/1.1 400");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: "
	              "99999999999999999999999\r\n\r\n",
	              "HTTP/1.1 4");
	assert_answer("GET /now HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 413");
}

/* What libmicrohttpd would take, each in its own way. */
static void test_odd_heads(void **state)
{
	static const char *const odd[] = {
	        "X: a\r\n b\r\n",
	        "Transfer-Encoding:\r\n chunked\r\n",
	        "X : a\r\n",
	        " X: a\r\n",
	        "X: a\rb\r\n",
	        "X-\rA: a\r\n",
	        "X: a\nY: b\r\n",
	        ": a\r\n",
	        "X\x7f: a\r\n",
	        "X: a\x01\r\n",
	        "X: a\r\n\tb\r\nY: c\r\n",
	        "Host: b\r\n",
	        "X: \x7f\r\n",
	        "X(: a\r\n",
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		snprintf(text, sizeof text, "GET /now HTTP/1.1\r\nHost: a\r\n%s\r\n", odd[i]);
		assert_answer(text, "HTTP/1.1 400");
		snprintf(text, sizeof text, "GET /now HTTP/1.1\r\n%sHost: a\r\n\r\n", odd[i]);
		assert_answer(text, "HTTP/1.1 400");
	}
	assert_answer("GET /now HTTP/1.1\r\nHost:a\r\nX: \t a b \t\r\nEmpty:\r\n\r\n", "now");
	assert_answer("\r\nGET /now?q=%20 HTTP/1.1\r\nHost: a\r\nX: \xe4\r\n\r\n", "now");
	assert_answer("GET /now HTTP/1.0\r\n\r\n", "now");
}

/* libmicrohttpd ends a connection that does not speak HTTP without a word. */
static void test_rubbish(void **state)
{
	int fd = client();
	char byte;

	(void)state;
	say(fd, "rubbish\r\n\r\n");
	(void)hear(fd, NULL);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
}

static void test_large_requests(void **state)
{
	char *head = calloc(1, 100000);
	int fd = client();

	(void)state;
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n");
	assert_hears(fd, "HTTP/1.1 413");
	close(fd);
	snprintf(head, 100000, "GET /now HTTP/1.1\r\nHost: a\r\nX: %080000d\r\n\r\n", 1);
	fd = client();
	say(fd, head);
	assert_hears(fd, "HTTP/1.1 4");
	close(fd);
	free(head);
	assert_answer("GET /now HTTP/1.1\r\nHost: a\r\n\r\n", "now");
}

static void test_slow_head(void **state)
{
	static const char text[] = "GET /now HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaa";
	int fd = client();

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++) {
		char byte[2] = {text[i], '\0'};

		say(fd, byte);
		usleep(30000);
	}
	assert_hears(fd, "HTTP/1.1 408");
	close(fd);
}

static void test_slow_body(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
	for (int i = 0; i < DEADLINE_MS / 20; i++) {
		say(fd, "x");
		usleep(30000);
	}
	assert_hears(fd, "HTTP/1.1 408");
	close(fd);
}

/* The head of a second request is no slower business than that of the first. */
static void test_slow_second_head(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd, "now");
	say(fd, "GET /now HTTP/1.1\r\nHost: ");
	assert_hears(fd, "HTTP/1.1 408");
	close(fd);
}

/* Answers that nobody takes do not stay for ever. */
static void test_slow_reader(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < 50 && !__atomic_load_n(&floods, __ATOMIC_SEQ_CST); i++)
		usleep(10000);
	assert_int_equal(__atomic_load_n(&floods, __ATOMIC_SEQ_CST), 1);
	for (int i = 0; i < 300 && __atomic_load_n(&floods, __ATOMIC_SEQ_CST); i++)
		usleep(10000);
	assert_int_equal(__atomic_load_n(&floods, __ATOMIC_SEQ_CST), 0);
	close(fd);
}

static char large_body[LARGE + 1];

static void send_large(int fd, const char *who, size_t len)
{
	char head[200];

	snprintf(head, sizeof head,
	         "POST /large HTTP/1.1\r\nHost: a\r\n%s%s%sContent-Length: %zu\r\n\r\n",
	         who ? "X-Who: " : "", who ? who : "", who ? "\r\n" : "", len);
	say(fd, head);
}

/* A large body is taken from those whom we know, and asking takes a moment. */
static void test_large_body_from_whom(void **state)
{
	int fd = client();

	(void)state;
	memset(large_body, 'x', LARGE);
	send_large(fd, NULL, LARGE);
	say(fd, large_body);
	assert_hears(fd, "4194304 bytes");
	send_large(fd, "friend", 100000); /* on the same connection */
	say(fd, large_body + LARGE - 100000);
	assert_hears(fd, "100000 bytes");
	send_large(fd, "friend", 100000);
	usleep(100000);
	say(fd, large_body + LARGE - 100000);
	assert_hears(fd, "100000 bytes");
	close(fd);
	fd = client();
	send_large(fd, "nobody", 100000);
	assert_hears(fd, "HTTP/1.1 401");
	assert_non_null(strstr(heard, "Connection: close"));
	close(fd);
	fd = client();
	send_large(fd, "foe", 100000);
	assert_hears(fd, "HTTP/1.1 401");
	assert_non_null(strstr(heard, "Connection: close"));
	close(fd);
	fd = client(); /* what is not large is taken from anybody */
	send_large(fd, "nobody", BODY_FREE);
	say(fd, large_body + LARGE - BODY_FREE);
	assert_hears(fd, "65536 bytes");
	close(fd);
}

/* What a proxy passes on is refused behind its end: it hears no answer before. */
static void test_body_of_a_proxy(void **state)
{
	static const struct {
		const char *head, *answer;
	} refused[] = {
	        {"POST /nothing HTTP/1.1",                "HTTP/1.1 404"},
	        {"POST /echo HTTP/1.1",                   "HTTP/1.1 413"},
	        {"POST /large HTTP/1.1\r\nX-Who: nobody", "HTTP/1.1 401"},
	        {"POST /large HTTP/1.1\r\nX-Who: foe",    "HTTP/1.1 401"},
	};

	char head[200];

	(void)state;
	memset(large_body, 'x', LARGE);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		int fd = client();

		snprintf(
		        head, sizeof head,
		        "%s\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: %d\r\n\r\n",
		        refused[i].head, LARGE);
		say(fd, head);
		usleep(50000);
		if (recv(fd, head, 1, MSG_DONTWAIT) != -1)
			fail_msg("%s: answered before its body", refused[i].head);
		for (size_t sent = 0; sent < LARGE;) {
			ssize_t n = send(fd, large_body + sent, LARGE - sent, MSG_NOSIGNAL);

			if (n <= 0)
				fail_msg("%s: %zu bytes taken", refused[i].head, sent);
			sent += (size_t)n;
		}
		assert_hears(fd, refused[i].answer);
		close(fd);
	}
}

/* Bodies that do not come keep nobody from sending his. */
static void test_bodies_make_room(void **state)
{
	int fd[12];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = client();
		send_large(fd[i], NULL, LARGE);
		say(fd[i], "x");
	}
	usleep(50000);
	say(fd[11], large_body + 1);
	assert_hears(fd[11], "4194304 bytes");
	assert_hears(fd[0], "HTTP/1.1 408");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

/* More than there is room for: those that say nothing make room for those that ask. */
static void test_full_house(void **state)
{
	int fd[PLACES + 10];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = client();
	assert_answer("GET /now HTTP/1.1\r\nHost: a\r\n\r\n", "now");
	assert_hears(fd[0], "HTTP/1.1 408");
	say(fd[ARRAY_SIZE(fd) - 1], "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd[ARRAY_SIZE(fd) - 1], "now");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

/* One address has its share, the others are not touched; what it gives back it may have again. */
static void test_one_address(void **state)
{
	int fd[PER_ADDRESS + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = client_from(INADDR_LOOPBACK + 1);
	say(fd[PER_ADDRESS], "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd[PER_ADDRESS], "HTTP/1.1 429 Too Many Requests");
	assert_non_null(strstr(heard, "too many connections from this address"));
	assert_non_null(strstr(heard, "Retry-After: "));
	say(fd[0], "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd[0], "now");
	assert_answer("GET /now HTTP/1.1\r\nHost: a\r\n\r\n", "now");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
	usleep(50000);
	fd[0] = client_from(INADDR_LOOPBACK + 1);
	say(fd[0], "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_hears(fd[0], "now");
	close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_stream),
	        cmocka_unit_test(test_client_leaves_while_we_work),
	        cmocka_unit_test(test_odd_requests),
	        cmocka_unit_test(test_odd_heads),
	        cmocka_unit_test(test_rubbish),
	        cmocka_unit_test(test_large_requests),
	        cmocka_unit_test(test_slow_head),
	        cmocka_unit_test(test_slow_body),
	        cmocka_unit_test(test_slow_second_head),
	        cmocka_unit_test(test_slow_reader),
	        cmocka_unit_test(test_large_body_from_whom),
	        cmocka_unit_test(test_body_of_a_proxy),
	        cmocka_unit_test(test_bodies_make_room),
	        cmocka_unit_test(test_full_house),
	        cmocka_unit_test(test_one_address),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
