#include "platform/http/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/store/log.h"

/* Bodies being received at any time, of all clients together. */
#define BODIES_MAX  (32u * 1024 * 1024)
#define HEADERS_MAX 8
#define TICK_MS     200

/* A TCP connection. libmicrohttpd's own time-out starts anew with each byte, so a client that drips
 * would never meet it; these deadlines do not move. */
struct peer {
	struct server *server;
	struct peer *next, **link;
	int fd;
	bool owes_request;   /* the rest of a request that has begun, or its first */
	int64_t deadline_ms; /* monotonic; 0: we are at work, it waits for us */
	char address[INET6_ADDRSTRLEN];
	bool loopback;
};

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_WORK, PHASE_READY, PHASE_LEAVING };

struct block {
	struct block *next;
	max_align_t data[];
};

struct exchange {
	struct request request; /* first: a request is its exchange */
	struct server *server;
	struct exchange *next, **link;
	struct MHD_Connection *connection;
	struct peer *peer;
	enum phase phase;
	bool suspended;
	char *target; /* raw request target; the path ends where the query began */
	char *body;
	size_t body_size;
	struct MHD_Response *response;
	unsigned status;
	struct stream *stream;
	struct block *blocks;

	struct {
		const char *name, *value;
	} headers[HEADERS_MAX];

	size_t header_count;
};

struct stream {
	struct exchange *exchange;
	ssize_t (*read)(void *arg, char *to, size_t size);
	void (*end)(void *arg);
	void *arg;
	bool parked;
};

struct server {
	struct server_config config;
	struct MHD_Daemon *daemon;
	struct io_timer *run_timer;
	int epoll_fd, port;
	struct peer *peers;
	struct exchange *exchanges;
	size_t bodies; /* bytes */
	struct server_counts counts;
	bool stopping;
};

/* ---- connections and their deadlines ---- */

static void peer_name(struct peer *peer, const struct sockaddr *address)
{
	const void *raw = NULL;

	if (address && address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;

		raw = &v4->sin_addr;
		peer->loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
	} else if (address && address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)address;

		raw = &v6->sin6_addr;
		peer->loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	if (!raw || !inet_ntop(address->sa_family, raw, peer->address, sizeof peer->address))
		snprintf(peer->address, sizeof peer->address, "unknown");
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void peer_begin(struct server *server, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info;
	struct peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return; /* the first request on it is refused */
	peer->server = server;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	peer->fd = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	peer_name(peer, info ? info->client_addr : NULL);
	peer->owes_request = true;
	peer->deadline_ms = clock_mono_ms() + server->config.head_ms;
	peer->next = server->peers;
	peer->link = &server->peers;
	if (server->peers)
		server->peers->link = &peer->next;
	server->peers = peer;
	server->counts.connections++;
	*context = peer;
}

static void peer_end(struct server *server, struct peer *peer)
{
	*peer->link = peer->next;
	if (peer->next)
		peer->next->link = peer->link;
	server->counts.connections--;
	free(peer);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		peer_begin(arg, connection, context);
	else if (*context)
		peer_end(arg, *context);
}

/* A request that never ends is told so in its own words: libmicrohttpd has no answer for a head
 * that is not complete. */
static void peer_expire(struct peer *peer)
{
	static const char text[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
	                           "Connection: close\r\n\r\n";

	if (peer->owes_request)
		(void)!send(peer->fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(peer->fd, SHUT_RDWR);
	peer->deadline_ms = 0;
	peer->server->counts.timeouts++;
}

static void check_deadlines(struct server *server)
{
	int64_t now = clock_mono_ms();

	for (struct peer *p = server->peers; p; p = p->next)
		if (p->deadline_ms && p->deadline_ms <= now)
			peer_expire(p);
}

/* ---- the life of a request ---- */

static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct server *server = arg;
	struct exchange *x = calloc(1, sizeof *x);

	(void)connection;
	if (!x)
		return NULL;
	x->target = strdup(target);
	if (!x->target) {
		free(x);
		return NULL;
	}
	x->server = server;
	x->request.http = server->config.http;
	x->request.exchange = x;
	json_out_init(&x->request.out);
	x->next = server->exchanges;
	x->link = &server->exchanges;
	if (server->exchanges)
		server->exchanges->link = &x->next;
	server->exchanges = x;
	return x;
}

static void exchange_free(struct exchange *x)
{
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	x->server->bodies -= x->body_size;
	if (x->response)
		MHD_destroy_response(x->response);
	while (x->blocks) {
		struct block *block = x->blocks;

		x->blocks = block->next;
		free(block);
	}
	json_out_free(&x->request.out);
	free(x->body);
	free(x->target);
	free(x);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct peer *peer = peer_of(connection);
	struct exchange *x = *context;

	(void)code;
	if (peer) {
		peer->owes_request = false;
		peer->deadline_ms = clock_mono_ms() + server->config.idle_ms;
	}
	if (!x)
		return;
	server->config.end(&x->request);
	exchange_free(x);
	*context = NULL;
}

struct count_headers {
	const char *name;
	unsigned count;
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
	struct count_headers *c = arg;

	(void)kind;
	(void)value;
	if (strcasecmp(name, c->name) == 0)
		c->count++;
	return MHD_YES;
}

static unsigned header_count(struct exchange *x, const char *name)
{
	struct count_headers c = {.name = name};

	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, count_header, &c);
	return c.count;
}

/* What a front proxy on this machine says about the client; nobody else may say it. */
static void origin_fill(struct exchange *x)
{
	struct request *request = &x->request;
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

/* Length of the body that the head announces. */
static bool body_announced(struct exchange *x, int64_t *len)
{
	struct refusal *refusal = &x->request.refusal;
	const char *text = request_header(&x->request, "Content-Length");
	size_t max = x->request.match.route ? x->request.match.route->body_max : 0;

	*len = 0;
	/* RFC 9112 §6.3: two answers to "how long" are how requests are smuggled. */
	if (header_count(x, "Content-Length") > 1 ||
	    (text && request_header(&x->request, "Transfer-Encoding")))
		return refuse(refusal, PROBLEM_BAD_REQUEST, "Content-Length", "given twice");
	if (request_header(&x->request, "Transfer-Encoding"))
		return refuse(refusal, PROBLEM_LENGTH, "Transfer-Encoding",
		              "send the body in one piece with its length");
	if (!text)
		return true;
	if (!decimal_parse(text, INT64_MAX, len))
		return refuse(refusal, PROBLEM_BAD_REQUEST, "Content-Length", "not a number");
	if ((uint64_t)*len > max)
		return refuse(refusal, PROBLEM_TOO_LARGE, "body", "at most %zu bytes", max);
	if (x->server->bodies + (size_t)*len > BODIES_MAX)
		return refuse(refusal, PROBLEM_BUSY, "body", "too many bodies at once");
	return true;
}

static enum MHD_Result queue_answer(struct exchange *x)
{
	struct server *server = x->server;

	x->phase = PHASE_LEAVING;
	server->counts.requests++;
	server->counts.by_class[x->status / 100 % 6]++;
	x->peer->deadline_ms = 0;
	return MHD_queue_response(x->connection, x->status, x->response);
}

static enum MHD_Result refuse_now(struct exchange *x)
{
	/* A body that is still on its way would be taken for the next request. */
	answer_header(&x->request, "Connection", "close");
	answer_refusal(&x->request);
	return queue_answer(x);
}

static enum MHD_Result read_head(struct exchange *x, const char *method)
{
	struct server *server = x->server;
	int64_t len = 0;
	char *query;

	x->peer = peer_of(x->connection);
	if (!x->peer)
		return MHD_NO;
	query = strchr(x->target, '?');
	if (query)
		*query++ = '\0';
	x->request.query_text = query;
	x->request.path = x->target;
	x->request.method = method_parse(method);
	x->request.now_ms = clock_wall_ms();
	origin_fill(x);
	if (!server->config.begin(&x->request) || !body_announced(x, &len))
		return refuse_now(x);
	if (len) {
		x->body = malloc((size_t)len);
		if (!x->body) {
			refuse(&x->request.refusal, PROBLEM_BUSY, "body", "no memory");
			return refuse_now(x);
		}
		x->body_size = (size_t)len;
		server->bodies += x->body_size;
	}
	x->phase = PHASE_BODY;
	x->peer->owes_request = true;
	x->peer->deadline_ms = clock_mono_ms() + server->config.body_ms;
	return MHD_YES;
}

static enum MHD_Result read_body(struct exchange *x, const char *data, size_t *len)
{
	if (*len) {
		if (*len > x->body_size - x->request.body_len)
			return MHD_NO; /* longer than announced: libmicrohttpd let it through */
		memcpy(x->body + x->request.body_len, data, *len);
		x->request.body_len += *len;
		*len = 0;
		return MHD_YES;
	}
	x->request.body = x->body;
	x->phase = PHASE_WORK;
	x->peer->deadline_ms = 0;
	x->server->config.dispatch(&x->request);
	if (x->phase == PHASE_READY)
		return queue_answer(x);
	x->suspended = true;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **context)
{
	struct exchange *x = *context;

	(void)arg;
	(void)url;
	(void)version;
	if (!x)
		return MHD_NO;
	x->connection = connection;
	switch (x->phase) {
	case PHASE_HEAD:
		return read_head(x, method);
	case PHASE_BODY:
		return read_body(x, data, len);
	case PHASE_READY:
		return queue_answer(x);
	case PHASE_WORK:
	case PHASE_LEAVING:
		break;
	}
	return MHD_NO;
}

/* ---- answers ---- */

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->exchange->connection, MHD_HEADER_KIND, name);
}

void *request_alloc(struct request *request, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);

	if (!block)
		return NULL;
	block->next = request->exchange->blocks;
	request->exchange->blocks = block;
	return block->data;
}

void answer_header(struct request *request, const char *name, const char *value)
{
	struct exchange *x = request->exchange;
	size_t len = strlen(value) + 1;
	char *copy = request_alloc(request, len);

	if (!copy)
		return;
	assert(x->header_count < HEADERS_MAX);
	memcpy(copy, value, len);
	x->headers[x->header_count].name = name;
	x->headers[x->header_count].value = copy;
	x->header_count++;
}

/* The console loads nothing from elsewhere and runs nothing inline. */
static const char *const common_headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
         "form-action 'self'; frame-ancestors 'none'"                                  },
        {"X-Content-Type-Options",       "nosniff"                                     },
        {"Referrer-Policy",              "no-referrer"                                 },
        {"Cross-Origin-Opener-Policy",   "same-origin"                                 },
        {"Cross-Origin-Resource-Policy", "same-origin"                                 },
        {"Permissions-Policy",           "camera=(self), geolocation=(), microphone=()"},
};

static bool has_header(const struct exchange *x, const char *name)
{
	for (size_t i = 0; i < x->header_count; i++)
		if (strcasecmp(x->headers[i].name, name) == 0)
			return true;
	return false;
}

/* Back to libmicrohttpd, which looks at it in its next run: soon, because nothing else would wake
 * the loop for it. */
static void resume(struct exchange *x)
{
	MHD_resume_connection(x->connection);
	io_timer_soon(x->server->run_timer, 0);
}

/* Takes the response; NULL: no memory, and the connection ends without an answer. */
static void answer(struct exchange *x, unsigned status, const char *type,
                   struct MHD_Response *response)
{
	assert(!x->response && x->phase != PHASE_LEAVING);
	x->response = response;
	x->status = status;
	if (response) {
		for (size_t i = 0; i < ARRAY_SIZE(common_headers); i++)
			MHD_add_response_header(response, common_headers[i][0],
			                        common_headers[i][1]);
		for (size_t i = 0; i < x->header_count; i++)
			MHD_add_response_header(response, x->headers[i].name, x->headers[i].value);
		if (!has_header(x, "Cache-Control"))
			MHD_add_response_header(response, "Cache-Control", "no-store");
		if (type)
			MHD_add_response_header(response, "Content-Type", type);
	}
	if (x->phase == PHASE_HEAD)
		return; /* refuse_now queues it */
	x->phase = PHASE_READY;
	if (x->suspended) {
		x->suspended = false;
		resume(x);
	}
}

static void answer_buffer(struct exchange *x, unsigned status, const char *type, char *data,
                          size_t len)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);

	if (!response)
		free(data);
	answer(x, status, type, response);
}

void answer_json(struct request *request, unsigned status)
{
	size_t len;
	char *data = json_out_take(&request->out, &len);

	if (data)
		answer_buffer(request->exchange, status, "application/json", data, len);
	else
		answer_problem(request, PROBLEM_BUSY, NULL, "no memory");
}

void answer_refusal(struct request *request)
{
	size_t len;
	char *data;

	json_out_free(&request->out);
	problem_write(&request->out, &request->refusal);
	data = json_out_take(&request->out, &len);
	if (data)
		answer_buffer(request->exchange, problem_status(request->refusal.problem),
		              "application/problem+json", data, len);
	else
		answer(request->exchange, 503, NULL, NULL);
}

void answer_problem(struct request *request, enum problem problem, const char *field,
                    const char *detail)
{
	refuse(&request->refusal, problem, field, "%s", detail);
	answer_refusal(request);
}

void answer_empty(struct request *request, unsigned status)
{
	answer(request->exchange, status, NULL,
	       MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void answer_text(struct request *request, unsigned status, const char *type, const char *text,
                 size_t len)
{
	/* The cast: with MUST_COPY the buffer is only read. */
	answer(request->exchange, status, type,
	       MHD_create_response_from_buffer(len, (void *)(uintptr_t)text,
	                                       MHD_RESPMEM_MUST_COPY));
}

void answer_file(struct request *request, const char *type, int fd, size_t size)
{
	struct MHD_Response *response = MHD_create_response_from_fd64(size, fd);

	if (!response)
		close(fd);
	answer(request->exchange, 200, type, response);
}

static ssize_t on_stream_read(void *arg, uint64_t at, char *to, size_t size)
{
	struct stream *stream = arg;
	ssize_t len = stream->exchange->server->stopping ? -1 : stream->read(stream->arg, to, size);

	(void)at;
	if (len == -2)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len == 0) {
		stream->parked = true;
		MHD_suspend_connection(stream->exchange->connection);
	}
	return len;
}

static void on_stream_free(void *arg)
{
	struct stream *stream = arg;

	stream->end(stream->arg);
	free(stream);
}

struct stream *answer_stream(struct request *request, const char *type,
                             ssize_t (*read)(void *arg, char *to, size_t size),
                             void (*end)(void *arg), void *arg)
{
	struct stream *stream = calloc(1, sizeof *stream);
	struct MHD_Response *response;

	if (!stream)
		return NULL;
	stream->exchange = request->exchange;
	stream->read = read;
	stream->end = end;
	stream->arg = arg;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 8192, on_stream_read, stream,
	                                             on_stream_free);
	if (!response) {
		free(stream);
		return NULL;
	}
	/* nginx hands on each piece as it comes, of these answers only (deploy/nginx/proxy.conf). */
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	request->exchange->stream = stream;
	answer(request->exchange, 200, type, response);
	return stream;
}

void stream_wake(struct stream *stream)
{
	if (!stream->parked)
		return;
	stream->parked = false;
	resume(stream->exchange);
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
	check_deadlines(arg);
}

static enum err listen_on(const struct server_config *config, int *fd, int *port)
{
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
	*fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	failed = *fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	         bind(*fd, found->ai_addr, found->ai_addrlen) || listen(*fd, 1024) ||
	         getsockname(*fd, (struct sockaddr *)&bound, &bound_len);
	freeaddrinfo(found);
	if (failed) {
		int error = errno;

		log_error("http: %s port %u: %s", config->listen, config->port, strerror(error));
		if (*fd >= 0)
			close(*fd);
		return error == EADDRINUSE ? ERR_BUSY : ERR_IO;
	}
	*port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
	                                          : ((struct sockaddr_in *)&bound)->sin_port);
	return ERR_NONE;
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

static enum err daemon_start(struct server *server, int listen_fd)
{
	const union MHD_DaemonInfo *info;

	server->daemon = MHD_start_daemon(
	        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	        on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
	        server->config.connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
	        MHD_OPTION_CONNECTION_TIMEOUT, 75u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	        MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
	        on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	        MHD_OPTION_END);
	if (!server->daemon) {
		close(listen_fd);
		return ERR_IO;
	}
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
	int listen_fd;

	if (!s)
		return err;
	s->config = *config;
	s->epoll_fd = -1;
	err = listen_on(config, &listen_fd, &s->port);
	if (!err)
		err = daemon_start(s, listen_fd);
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
			answer_problem(&x->request, PROBLEM_BUSY, NULL, "the platform is stopping");
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
	free(server);
}

int server_port(const struct server *server)
{
	return server->port;
}

const struct server_counts *server_counts(const struct server *server)
{
	return &server->counts;
}
