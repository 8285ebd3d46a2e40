/* Answers on their way to libmicrohttpd. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "platform/http/exchange.h"
#include "platform/http/named.h"
#include "platform/http/static.h"

/* Of an answer to a client that does not know chunks; others get pieces of their connection's
 * memory. */
#define STREAM_BLOCK 1024

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

/* The console loads nothing from elsewhere and runs nothing inline. What a browser never shows as a
 * page needs the first of them only. */
static const char *const common_headers[][2] = {
        {"X-Content-Type-Options",       "nosniff"                                     },
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
         "form-action 'self'; frame-ancestors 'none'"                                  },
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

/* Soon, because nothing else would wake the loop for it. */
void exchange_resume(struct exchange *x)
{
	x->suspended = false;
	MHD_resume_connection(x->connection);
	io_timer_soon(x->server->run_timer, 0);
}

/* Takes the response; NULL: no memory, and the connection ends without an answer. */
static void answer(struct exchange *x, unsigned status, const char *type,
                   struct MHD_Response *response)
{
	assert(!x->response && x->phase != PHASE_LEAVING);
	/* A body that is still on its way would be taken for the next request. */
	if (x->phase == PHASE_HEAD || x->phase == PHASE_ADMIT)
		answer_header(x->request, "Connection", "close");
	x->response = response;
	x->status = status;
	if (response) {
		for (size_t i = 0; i < (x->lean ? 1 : ARRAY_SIZE(common_headers)); i++)
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
	if (x->suspended)
		exchange_resume(x);
}

static void answer_buffer(struct exchange *x, unsigned status, const char *type, char *data,
                          size_t len)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);

	x->answer_size = len;
	if (!response)
		free(data);
	answer(x, status, type, response);
}

void answer_version(struct request *request, int64_t version)
{
	request->has_etag = true;
	request->etag_version = version;
}

#define ETAG_HASH 8 /* bytes of the body's SHA-256 */

/* True: the client has these bytes. */
static bool give_etag(struct request *request, const char *data, size_t len)
{
	uint8_t hash[SHA256_SIZE];
	char text[2 * ETAG_HASH + 1] = "", etag[2 * ETAG_HASH + 32];

	if (data) {
		sha256(data, len, hash);
		hex_encode(hash, ETAG_HASH, text);
	}
	snprintf(etag, sizeof etag, "\"v%lld%s%s\"", (long long)request->etag_version,
	         data ? "." : "", text);
	answer_header(request, "ETag", etag);
	return data && request->method == METHOD_GET &&
	       etag_matches(request_header(request, "If-None-Match"), etag);
}

void answer_json(struct request *request, unsigned status)
{
	size_t len;
	char *data = json_out_take(&request->out, &len);

	if (!data) {
		answer_problem(request, PROBLEM_BUSY, NULL, "no memory");
	} else if (request->has_etag && give_etag(request, data, len)) {
		free(data);
		request->has_etag = false;
		answer_empty(request, 304);
	} else {
		answer_buffer(request->exchange, status, "application/json", data, len);
	}
}

void answer_refusal(struct request *request)
{
	unsigned status = problem_status(request->refusal.problem);
	size_t len;
	char *data;

	if (status == 400 || status == 404)
		named_note(request);
	json_out_free(&request->out);
	problem_write(&request->out, &request->refusal);
	data = json_out_take(&request->out, &len);
	if (data)
		answer_buffer(request->exchange, status, "application/problem+json", data, len);
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
	if (request->has_etag)
		give_etag(request, NULL, 0);
	answer(request->exchange, status, NULL,
	       MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void answer_text(struct request *request, unsigned status, const char *type, const char *text,
                 size_t len)
{
	request->exchange->answer_size = len;
	/* The cast: with MUST_COPY the buffer is only read. */
	answer(request->exchange, status, type,
	       MHD_create_response_from_buffer(len, (void *)(uintptr_t)text,
	                                       MHD_RESPMEM_MUST_COPY));
}

void answer_constant(struct request *request, unsigned status, const char *type, const char *text,
                     size_t len)
{
	request->exchange->answer_size = len;
	answer(request->exchange, status, type,
	       MHD_create_response_from_buffer(len, (void *)(uintptr_t)text,
	                                       MHD_RESPMEM_PERSISTENT));
}

void answer_file(struct request *request, const char *type, int fd, size_t size)
{
	struct MHD_Response *response = MHD_create_response_from_fd64(size, fd);

	if (!response)
		close(fd);
	request->exchange->answer_size = size;
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
	stream->given_ms = len ? stream->exchange->server->tick_ms : 0;
	if (len == 0) {
		stream->parked = true;
		MHD_suspend_connection(stream->exchange->connection);
	}
	return len;
}

static void on_stream_free(void *arg)
{
	struct stream *stream = arg;

	if (stream->exchange)
		stream->exchange->stream = NULL;
	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	stream->end(stream->arg);
	free(stream);
}

void streams_check(struct server *server)
{
	int64_t late_ms = server->tick_ms - server->config.send_ms;

	for (struct stream *s = server->streams; s; s = s->next) {
		const struct exchange *x = s->exchange;
		bool over = x && x->limit_ms && x->limit_ms <= server->tick_ms;

		if (!x || x->peer->expired || (!over && (!s->given_ms || s->given_ms > late_ms)))
			continue;
		peer_expire(x->peer);
		server->counts.timeouts++;
	}
}

static void stream_link(struct stream *stream, struct server *server)
{
	stream->next = server->streams;
	stream->link = &server->streams;
	if (server->streams)
		server->streams->link = &stream->next;
	server->streams = stream;
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
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream_read,
	                                             stream, on_stream_free);
	if (!response) {
		free(stream);
		return NULL;
	}
	/* nginx hands on each piece as it comes, of these answers only (deploy/nginx/proxy.conf). */
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	request->exchange->stream = stream;
	stream_link(stream, request->exchange->server);
	answer(request->exchange, 200, type, response);
	return stream;
}

struct stream *answer_event_stream(struct request *request,
                                   ssize_t (*read)(void *arg, char *to, size_t size),
                                   void (*end)(void *arg), void *arg)
{
	struct stream *stream;

	request->exchange->lean = true;
	stream = answer_stream(request, "text/event-stream", read, end, arg);
	if (!stream)
		request->exchange->lean = false;
	return stream;
}

void stream_wake(struct stream *stream)
{
	if (!stream->parked)
		return;
	stream->parked = false;
	exchange_resume(stream->exchange);
}

void stream_limit(struct stream *stream, int64_t mono_ms)
{
	stream->exchange->limit_ms = mono_ms;
}
