#include "sim/hub/hub.h"

#include "sim/hub/bus.h"
#include "sim/line_server.h"
#include "sim/unix_socket.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, IDLE_WAIT_MS = 1000, LINE_BYTES = 64, DELAY_MAX_MS = 60000 };

struct hub {
	struct bus bus;
	struct line_server control;
	int listener;
	int client[BUS_PORTS]; /* -1: free */
	uint64_t lost;         /* a client did not read */
	FILE *log;
	bool quit;
};

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	(void)number;
	asked_to_end = 1;
}

static int64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* candump -L: "(1436509052.249713) can0 18FF0001#0011" */
static void log_frame(struct hub *h, const struct can_frame *frame)
{
	char text[LINE_BYTES];
	int64_t now = clock_us(CLOCK_REALTIME);

	if (!h->log)
		return;
	can_frame_print(text, sizeof text, frame);
	fprintf(h->log, "(%lld.%06lld) can0 %s\n", (long long)(now / 1000000),
	        (long long)(now % 1000000), text);
}

static void deliver(void *ctx, int to, const struct can_frame *frame, int64_t at_us)
{
	struct hub *h = ctx;

	(void)at_us;
	if (to == BUS_NOBODY)
		log_frame(h, frame);
	else if (send(h->client[to], frame, sizeof *frame, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	         (ssize_t)sizeof *frame)
		h->lost++; /* its socket is full: its own controller's overrun */
}

static void drop_client(struct hub *h, int i)
{
	close(h->client[i]);
	h->client[i] = -1;
	bus_close(&h->bus, i);
}

static void accept_clients(struct hub *h)
{
	int fd;

	while ((fd = accept4(h->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		int i = 0;

		while (i < BUS_PORTS && h->client[i] >= 0)
			i++;
		if (i == BUS_PORTS) {
			close(fd);
			continue;
		}
		h->client[i] = fd;
		h->bus.port[i].open = true;
	}
}

static void read_client(struct hub *h, int i)
{
	struct can_frame frame;

	while (bus_has_room(&h->bus, i)) {
		ssize_t n = recv(h->client[i], &frame, sizeof frame, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			drop_client(h, i);
			return;
		}
		if (n == (ssize_t)sizeof frame && frame.len <= 8)
			(void)bus_send(&h->bus, i, &frame);
	}
}

static nfds_t collect(const struct hub *h, struct pollfd *fds)
{
	nfds_t n = line_server_poll(&h->control, fds);

	fds[n++] = (struct pollfd){.fd = h->listener, .events = POLLIN};
	for (int i = 0; i < BUS_PORTS; i++)
		if (h->client[i] >= 0 && bus_has_room(&h->bus, i))
			fds[n++] = (struct pollfd){.fd = h->client[i], .events = POLLIN};
	return n;
}

static void wait_until(const struct hub *h, int64_t at_us)
{
	struct pollfd fds[LINE_SERVER_CLIENTS + 1 + BUS_PORTS + 1];
	nfds_t n = collect(h, fds);
	int64_t left = at_us == INT64_MAX ? IDLE_WAIT_MS * 1000 : at_us - clock_us(CLOCK_MONOTONIC);
	struct timespec t;

	if (left < 0)
		left = 0;
	if (left > IDLE_WAIT_MS * 1000)
		left = IDLE_WAIT_MS * 1000;
	t = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
	ppoll(fds, n, &t, NULL);
}

static void run(struct hub *h)
{
	while (!h->quit && !asked_to_end) {
		int64_t next = bus_run(&h->bus, clock_us(CLOCK_MONOTONIC));

		wait_until(h, next);
		accept_clients(h);
		for (int i = 0; i < BUS_PORTS; i++)
			if (h->client[i] >= 0)
				read_client(h, i);
		line_server_run(&h->control);
	}
}

/* ---- control -------------------------------------------------------------------------------- */

static const char *set_fault(struct bus_faults *f, const json_t *in)
{
	const char *kind = json_string_value(json_object_get(in, "kind"));
	const json_t *given = json_object_get(in, "rate");
	const json_t *ms = json_object_get(in, "ms");
	double rate = json_number_value(given);
	unsigned permille;

	if (!json_is_number(given) || !(rate >= 0 && rate <= 1))
		return "rate is 0..1";
	if (json_is_integer(ms) &&
	    (json_integer_value(ms) < 0 || json_integer_value(ms) > DELAY_MAX_MS))
		return "ms is 0..60000";
	permille = (unsigned)(rate * 1000 + 0.5);
	if (!kind)
		return "kind is missing";
	if (strcmp(kind, "drop") == 0)
		f->drop = permille;
	else if (strcmp(kind, "duplicate") == 0)
		f->duplicate = permille;
	else if (strcmp(kind, "partial") == 0)
		f->partial = permille;
	else if (strcmp(kind, "babble") == 0)
		f->babble = permille;
	else if (strcmp(kind, "delay") == 0) {
		f->delay = permille;
		f->delay_ms = json_is_integer(ms) ? (unsigned)json_integer_value(ms) : 100;
	} else
		return "kind is drop, duplicate, delay, partial or babble";
	return NULL;
}

static void describe(const struct hub *h, json_t *answer)
{
	const struct bus *b = &h->bus;
	uint64_t refused = 0, clients = 0;

	for (int i = 0; i < BUS_PORTS; i++) {
		refused += b->port[i].refused;
		clients += b->port[i].open;
	}
	json_object_update_new(
	        answer,
	        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "frames",
	                  (json_int_t)b->frames, "dropped", (json_int_t)b->dropped, "duplicated",
	                  (json_int_t)b->duplicated, "delayed", (json_int_t)b->delayed_total,
	                  "partial", (json_int_t)b->partial, "babbled", (json_int_t)b->babbled,
	                  "busy_us", (json_int_t)b->busy_us, "lost", (json_int_t)h->lost, "refused",
	                  (json_int_t)refused, "clients", (json_int_t)clients));
}

static const char *dispatch(struct hub *h, const json_t *in, json_t *answer)
{
	const char *op = json_string_value(json_object_get(in, "op"));

	if (!op)
		return "not a JSON object with op";
	if (strcmp(op, "fault") == 0)
		return set_fault(&h->bus.faults, in);
	if (strcmp(op, "state") == 0) {
		describe(h, answer);
		return NULL;
	}
	if (strcmp(op, "quit") == 0) {
		h->quit = true;
		return NULL;
	}
	return "op is fault, state or quit";
}

static char *answer_line(void *ctx, const char *line)
{
	json_t *in = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	json_t *answer = json_object();
	const char *refusal = dispatch(ctx, in, answer);
	char *text, *out = NULL;

	json_object_set_new(answer, "ok", json_boolean(!refusal));
	if (refusal)
		json_object_set_new(answer, "error", json_string(refusal));
	text = json_dumps(answer, JSON_COMPACT);
	if (text && asprintf(&out, "%s\n", text) < 0)
		out = NULL;
	free(text);
	json_decref(answer);
	json_decref(in);
	return out;
}

/* ---- command line --------------------------------------------------------------------------- */

static int complain(const char *what, enum err err)
{
	fprintf(stderr, "wattle-sim hub: %s: %s\n", what, err_text(err));
	return 1;
}

static int open_and_run(struct hub *h, const char *socket_path, const char *control_path,
                        const char *log_path)
{
	enum err err;

	if (log_path) {
		h->log = fopen(log_path, "a");
		if (!h->log)
			return complain(log_path, ERR_IO);
		setvbuf(h->log, NULL, _IOLBF, 0);
	}
	err = line_server_open(&h->control, control_path, answer_line, h);
	if (err != ERR_NONE)
		return complain(control_path, err);
	err = unix_listen(&h->listener, socket_path, SOCK_SEQPACKET);
	if (err != ERR_NONE)
		return complain(socket_path, err);
	run(h);
	unlink(socket_path);
	line_server_close(&h->control);
	if (h->log)
		fclose(h->log);
	return 0;
}

int hub_main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"socket",  required_argument, NULL, 's'},
	        {"log",     required_argument, NULL, 'l'},
	        {"control", required_argument, NULL, 'c'},
	        {"seed",    required_argument, NULL, 'r'},
	        {NULL,      0,                 NULL, 0  }
        };
	static struct hub h;
	const char *socket_path = NULL, *log_path = NULL, *control_path = NULL;
	uint32_t seed = 1;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			socket_path = optarg;
		else if (option == 'l')
			log_path = optarg;
		else if (option == 'c')
			control_path = optarg;
		else if (option == 'r')
			seed = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return EXIT_USAGE;
	}
	if (!socket_path || optind != argc) {
		fprintf(stderr,
		        "usage: wattle-sim hub --socket PATH [--log FILE] [--control PATH] [--seed N]\n");
		return EXIT_USAGE;
	}
	bus_init(&h.bus, seed);
	h.bus.deliver = deliver;
	h.bus.ctx = &h;
	for (int i = 0; i < BUS_PORTS; i++)
		h.client[i] = -1;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	return open_and_run(&h, socket_path, control_path, log_path);
}
