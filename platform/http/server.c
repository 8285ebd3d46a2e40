#include "platform/http/server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/http/exchange.h"
#include "platform/store/log.h"

/* Bodies being received at any time, of all clients together. */
#define BODIES_MAX (32u * 1024 * 1024)
#define TICK_MS    200
/* A body that our proxy passes on may be as large and is let by; larger ones it takes in itself nowhere. */
#define PASSING_MAX (8u * 1024 * 1024)
/* Between looks at all streams: they may be thousands, and no haste is needed. */
#define STREAM_TICKS 5
#define SEND_BYTES   8192 /* that a client takes of its answer in send_ms, at least */
/* Connections that were shut and that libmicrohttpd still has to notice. */
#define EXPIRED_MAX 1024

/* ---- who comes in ---- */

/* On failure libmicrohttpd closes it. */
static void on_enter(void *arg, int fd, const struct sockaddr *address, socklen_t len)
{
	struct server *server = arg;

	(void)MHD_add_connection(server->daemon, fd, address, len);
}

/* ---- the life of a request ---- */

static struct exchange *exchange_new(const char *target)
{
	struct exchange *x = calloc(1, sizeof *x);

	if (!x)
		return NULL;
	x->request = calloc(1, sizeof *x->request);
	x->target = strdup(target);
	if (x->request && x->target)
		return x;
	free(x->request);
	free(x->target);
	free(x);
	return NULL;
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct server *server = arg;
	struct peer *peer = peer_of(connection);
	struct exchange *x = exchange_new(target);

	if (peer) /* on a kept connection: the line has come, the rest of the head may not drip */
		peer_waits(peer, server->config.head_ms, true);
	if (!x)
		return NULL;
	x->server = server;
	x->request->http = server->config.http;
	x->request->exchange = x;
	json_out_init(&x->request->out);
	x->next = server->exchanges;
	x->link = &server->exchanges;
	if (server->exchanges)
		server->exchanges->link = &x->next;
	server->exchanges = x;
	return x;
}

static void body_drop(struct exchange *x)
{
	x->server->bodies -= x->body_size;
	free(x->body);
	x->body = NULL;
	x->body_size = 0;
	if (x->peer)
		x->peer->sending = NULL;
}

/* Whoever has been sending a body longest gives up his place for the next one. */
static bool make_body_room(struct server *server, size_t len)
{
	struct peer *next;

	for (struct peer *p = server->waiting; p && server->bodies + len > BODIES_MAX; p = next) {
		next = p->next;
		if (!p->sending)
			continue;
		body_drop(p->sending);
		peer_expire(p);
		server->counts.evicted++;
	}
	return server->bodies + len <= BODIES_MAX;
}

/* The request, its body and all that was allocated for it. */
static void request_free(struct exchange *x)
{
	if (!x->request)
		return;
	x->server->config.end(x->request);
	body_drop(x);
	while (x->blocks) {
		struct block *block = x->blocks;

		x->blocks = block->next;
		free(block);
	}
	json_out_free(&x->request->out);
	free(x->target);
	free(x->request);
	x->request = NULL;
}

static void exchange_free(struct exchange *x)
{
	request_free(x);
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	if (x->stream)
		x->stream->exchange = NULL;
	if (x->response)
		MHD_destroy_response(x->response);
	free(x);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct peer *peer = peer_of(connection);
	struct exchange *x = *context;

	(void)code;
	if (peer)
		peer_waits(peer, server->config.idle_ms, false);
	if (!x)
		return;
	exchange_free(x);
	*context = NULL;
}

/* What a front proxy on this machine says about the client; nobody else may say it. */
static void origin_fill(struct exchange *x)
{
	struct request *request = x->request;
	const char *proxied = NULL, *last;

	request->local = x->peer->loopback;
	snprintf(request->origin, sizeof request->origin, "%s", x->peer->address);
	if (x->peer->loopback)
		proxied = request_header(request, "X-Forwarded-For");
	if (!proxied)
		return;
	last = strrchr(proxied, ',');
	last = last ? last + 1 : proxied;
	snprintf(request->origin, sizeof request->origin, "%s", last + strspn(last, " "));
	request->local = false;
	last = request_header(request, "X-Forwarded-Proto");
	request->secure = last && strcasecmp(last, "https") == 0;
}

/* Whether the body that the head announces may come: its length. */
static bool body_announced(struct exchange *x)
{
	int64_t len;

	struct refusal *refusal = &x->request->refusal;
	const char *text = request_header(x->request, "Content-Length");
	size_t max = x->request->match.route ? x->request->match.route->body_max : 0;

	/* RFC 9112 §6.3: two answers to "how long" are how requests are smuggled. */
	if (x->lengths > 1 || (x->lengths && x->encodings))
		return refuse(refusal, PROBLEM_BAD_REQUEST, "Content-Length", "given twice");
	if (x->encodings)
		return refuse(refusal, PROBLEM_LENGTH, "Transfer-Encoding",
		              "send the body in one piece with its length");
	if (!text)
		return true;
	if (!decimal_parse(text, INT64_MAX, &len))
		return refuse(refusal, PROBLEM_BAD_REQUEST, "Content-Length", "not a number");
	if ((uint64_t)len > max)
		return refuse(refusal, PROBLEM_TOO_LARGE, "body", "at most %zu bytes", max);
	x->announced = (size_t)len;
	return true;
}

/* nginx sends a body to its end before it listens: what we say earlier ends in its "away", whatever it was. */
static bool must_pass(const struct exchange *x)
{
	const char *text = request_header(x->request, "Content-Length");
	int64_t len;

	return x->peer->loopback && !x->request->local && x->lengths == 1 && !x->encodings &&
	       text && decimal_parse(text, PASSING_MAX, &len) && len > 0;
}

static enum MHD_Result pass_body(struct exchange *x)
{
	x->phase = PHASE_PASSING;
	peer_waits(x->peer, x->server->config.body_ms, true);
	return MHD_YES;
}

static enum MHD_Result queue_answer(struct exchange *x)
{
	struct server *server = x->server;

	if (x->passes)
		return pass_body(x);
	x->phase = PHASE_LEAVING;
	server->counts.requests++;
	server->counts.by_class[x->status / 100 % 6]++;
	if (x->stream)
		peer_works(x->peer);
	else
		peer_waits(x->peer,
		           server->config.send_ms * (1 + (int64_t)(x->answer_size / SEND_BYTES)),
		           false);
	if (x->lean)
		request_free(x);
	return MHD_queue_response(x->connection, x->status, x->response);
}

static enum MHD_Result refuse_now(struct exchange *x)
{
	answer_refusal(x->request);
	return queue_answer(x);
}

/* The head is good: now the body. */
static enum MHD_Result take_body(struct exchange *x)
{
	struct server *server = x->server;

	if (x->announced) {
		if (make_body_room(server, x->announced))
			x->body = malloc(x->announced);
		if (!x->body) {
			refuse(&x->request->refusal, PROBLEM_BUSY, "body", "too many at once");
			return refuse_now(x);
		}
		x->body_size = x->announced;
		server->bodies += x->body_size;
		x->peer->sending = x;
	}
	x->phase = PHASE_BODY;
	peer_waits(x->peer, server->config.body_ms, true);
	return MHD_YES;
}

static enum MHD_Result suspend(struct exchange *x)
{
	x->suspended = true;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

static enum MHD_Result ask_admission(struct exchange *x)
{
	x->phase = PHASE_ADMIT;
	peer_works(x->peer);
	if (x->server->config.admit(x->request))
		return take_body(x);
	return x->phase == PHASE_READY ? queue_answer(x) : suspend(x);
}

void server_admit(struct request *request)
{
	struct exchange *x = request->exchange;

	x->phase = PHASE_ADMITTED;
	if (x->suspended)
		exchange_resume(x);
}

static enum MHD_Result read_head(struct exchange *x, const char *method, const char *version)
{
	struct server *server = x->server;
	enum head_fault fault = head_check(x, method, version);
	char *query;

	x->peer = peer_of(x->connection);
	if (x->peer && fault == HEAD_TOO_LARGE)
		peer_refuse_head(x->peer);
	if (!x->peer || fault == HEAD_TOO_LARGE)
		return MHD_NO;
	query = strchr(x->target, '?');
	if (query)
		*query++ = '\0';
	x->request->query_text = query;
	x->request->path = x->target;
	x->request->method = method_parse(method);
	x->request->now_ms = clock_wall_ms();
	origin_fill(x);
	if (fault) {
		refuse(&x->request->refusal, PROBLEM_BAD_REQUEST, "header",
		       "a line is folded, does not end in CR LF or holds what none may, or there are two Hosts");
		return refuse_now(x);
	}
	x->passes = must_pass(x);
	if (!server->config.begin(x->request) || !body_announced(x))
		return refuse_now(x);
	return x->announced > BODY_FREE ? ask_admission(x) : take_body(x);
}

static enum MHD_Result read_body(struct exchange *x, const char *data, size_t *len)
{
	if (*len) {
		if (*len > x->body_size - x->request->body_len)
			return MHD_NO; /* longer than announced: libmicrohttpd let it through */
		memcpy(x->body + x->request->body_len, data, *len);
		x->request->body_len += *len;
		*len = 0;
		return MHD_YES;
	}
	x->request->body = x->body;
	x->passes = false;
	x->peer->sending = NULL;
	x->phase = PHASE_WORK;
	peer_works(x->peer);
	x->server->config.dispatch(x->request);
	return x->phase == PHASE_READY ? queue_answer(x) : suspend(x);
}

static enum MHD_Result let_by(struct exchange *x, size_t *len)
{
	if (*len) {
		*len = 0;
		return MHD_YES;
	}
	x->passes = false;
	return queue_answer(x);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **context)
{
	struct exchange *x = *context;

	(void)arg;
	(void)url;
	if (!x)
		return MHD_NO;
	x->connection = connection;
	switch (x->phase) {
	case PHASE_HEAD:
		return read_head(x, method, version);
	case PHASE_ADMITTED:
		return take_body(x);
	case PHASE_BODY:
		return read_body(x, data, len);
	case PHASE_READY:
		return queue_answer(x);
	case PHASE_PASSING:
		return let_by(x, len);
	case PHASE_ADMIT:
	case PHASE_WORK:
	case PHASE_LEAVING:
		break;
	}
	return MHD_NO;
}

/* ---- the daemon on the I/O thread ---- */

/* libmicrohttpd's epoll is edge triggered and keeps a list of what is ready; its own descriptor
 * stays silent about that list, so ask until it has nothing. */
static void run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	for (unsigned i = 0; i < 64; i++) {
		MHD_run(server->daemon);
		if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES || wait_ms > 0)
			return;
	}
	io_timer_soon(server->run_timer, 0);
}

static void on_run(void *arg)
{
	run(arg);
}

static void on_ready(void *arg, uint32_t events)
{
	(void)events;
	run(arg);
}

static void on_tick(void *arg)
{
	struct server *server = arg;

	server->tick_ms = clock_mono_ms();
	peers_check(server);
	if (++server->ticks % STREAM_TICKS == 0)
		streams_check(server);
	door_tick(server->door);
}

static void on_log(void *arg, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));

static void on_log(void *arg, const char *format, va_list args)
{
	char line[200];

	(void)arg;
	vsnprintf(line, sizeof line, format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
}

static enum err daemon_start(struct server *server)
{
	const union MHD_DaemonInfo *info;

	server->daemon = MHD_start_daemon(
	        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
	                MHD_USE_ERROR_LOG,
	        0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	        MHD_OPTION_CONNECTION_LIMIT, server->config.connections_max + EXPIRED_MAX,
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES,
	        MHD_OPTION_CONNECTION_TIMEOUT, 75u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	        MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
	        on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, peer_on_connection, server,
	        MHD_OPTION_END);
	if (!server->daemon)
		return ERR_IO;
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return ERR_IO;
	server->epoll_fd = info->epoll_fd;
	return io_add(server->config.io, server->epoll_fd, EPOLLIN, on_ready, server);
}

enum err server_new(struct server **server, const struct server_config *config)
{
	struct server *s = calloc(1, sizeof *s);
	enum err err = ERR_NOMEM;

	if (!s)
		return err;
	s->config = *config;
	s->epoll_fd = -1;
	s->tick_ms = clock_mono_ms();
	err = daemon_start(s);
	if (!err)
		err = door_new(&s->door, &(struct door_config){.io = config->io,
		                                               .listen = config->listen,
		                                               .port = config->port,
		                                               .per_address = config->per_address,
		                                               .make_room = peers_make_room,
		                                               .enter = on_enter,
		                                               .arg = s});
	if (!err) {
		io_timer_add(config->io, TICK_MS, TICK_MS, on_tick, s);
		s->run_timer = io_timer_add(config->io, TICK_MS, TICK_MS, on_run, s);
	}
	if (err)
		server_free(s);
	else
		*server = s;
	return err;
}

/* libmicrohttpd wants every suspended connection back before it stops. */
static void release_all(struct server *server)
{
	for (struct exchange *x = server->exchanges; x; x = x->next) {
		if (x->stream)
			stream_wake(x->stream);
		else if (x->suspended)
			answer_problem(x->request, PROBLEM_BUSY, NULL, "the platform is stopping");
	}
}

void server_free(struct server *server)
{
	server->stopping = true;
	if (server->epoll_fd >= 0)
		io_remove(server->config.io, server->epoll_fd);
	if (server->daemon) {
		release_all(server);
		run(server);
		MHD_stop_daemon(server->daemon);
	}
	door_free(server->door);
	free(server);
}

int server_port(const struct server *server)
{
	return door_port(server->door);
}

struct server_counts server_counts(const struct server *server)
{
	struct server_counts counts = server->counts;

	counts.refused = door_refused(server->door);
	return counts;
}
