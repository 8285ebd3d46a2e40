#include "platform/http/outflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/http/context.h"
#include "platform/store/sheet_file.h"

#define BROKEN_OFF  (-2)
#define DISPOSITION 160
#define FILE_PIECE  65536

struct outflow {
	struct outflow *next, **link; /* of http->outflows */
	int64_t user_id, key_id;
	int64_t limit_ms; /* monotonic: it breaks off then */
	struct outflow_source source;
	struct readers *readers;
	struct stream *stream;
	struct access_watch watch;
	struct outflow_piece piece;
	size_t taken; /* of the piece */
	bool reading, gone, failed;
};

enum err outflow_put(struct outflow_piece *piece, const void *bytes, size_t len)
{
	if (piece->len + len > piece->size) {
		size_t size = piece->size ? piece->size : 32768;
		char *grown;

		while (size < piece->len + len)
			size *= 2;
		grown = realloc(piece->data, size);
		if (!grown)
			return ERR_NOMEM;
		piece->data = grown;
		piece->size = size;
	}
	memcpy(piece->data + piece->len, bytes, len);
	piece->len += len;
	return ERR_NONE;
}

enum err outflow_put_file(struct outflow_piece *piece, int fd)
{
	char bytes[FILE_PIECE];
	size_t len;
	enum err err = sheet_file_read(fd, bytes, sizeof bytes, &len);

	if (!err)
		err = outflow_put(piece, bytes, len);
	piece->end = len < sizeof bytes;
	return err;
}

static void outflow_free(struct outflow *flow)
{
	*flow->link = flow->next;
	if (flow->next)
		flow->next->link = flow->link;
	flow->source.end(flow->source.arg);
	free(flow->piece.data);
	free(flow);
}

/* ---- pieces ---- */

static enum err read_piece(struct reader *reader, void *arg)
{
	struct outflow *flow = arg;

	flow->piece.len = 0;
	return flow->source.more(reader, flow->source.arg, &flow->piece);
}

static void piece_read(void *arg, enum err err)
{
	struct outflow *flow = arg;

	flow->reading = false;
	flow->taken = 0;
	if (flow->gone) {
		outflow_free(flow);
		return;
	}
	flow->failed = flow->failed || err;
	stream_wake(flow->stream);
}

static void read_more(struct outflow *flow)
{
	flow->reading = true;
	if (reader_submit(flow->readers, read_piece, flow, piece_read)) {
		flow->reading = false;
		flow->failed = true;
	}
}

/* ---- the stream ---- */

static ssize_t on_read(void *arg, char *to, size_t size)
{
	struct outflow *flow = arg;
	size_t left;

	if (flow->failed || clock_mono_ms() > flow->limit_ms)
		return BROKEN_OFF;
	if (flow->reading)
		return 0;
	left = flow->piece.len - flow->taken;
	if (!left && flow->piece.end)
		return -1;
	if (!left) {
		read_more(flow);
		return flow->failed ? BROKEN_OFF : 0;
	}
	size = left < size ? left : size;
	memcpy(to, flow->piece.data + flow->taken, size);
	flow->taken += size;
	return (ssize_t)size;
}

static void on_end(void *arg)
{
	struct outflow *flow = arg;

	access_watch_end(&flow->watch);
	flow->gone = true;
	if (!flow->reading)
		outflow_free(flow);
}

static void on_rights(void *arg, const struct access *access)
{
	struct outflow *flow = arg;

	if (access && flow->source.may(flow->source.arg, access))
		return;
	flow->failed = true;
	stream_wake(flow->stream);
}

static void begin_stream(struct request *request, struct outflow *flow)
{
	char disposition[DISPOSITION];

	snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"",
	         flow->source.filename);
	answer_header(request, "Content-Disposition", disposition);
	memcpy(flow->watch.token_hash, request->token_hash, sizeof flow->watch.token_hash);
	flow->watch.user_id = request->user.user_id;
	flow->watch.key_id = request->access.key_id;
	flow->watch.changed = on_rights;
	flow->watch.arg = flow;
	access_watch_begin(request->http->watches, &flow->watch);
	flow->stream = answer_stream(request, flow->source.type, on_read, on_end, flow);
	if (flow->stream) {
		stream_limit(flow->stream, flow->limit_ms); /* a client that does not read at all */
		return;
	}
	access_watch_end(&flow->watch);
	outflow_free(flow);
	answer_err(request, ERR_NOMEM);
}

static void first_read(struct request *request, void *arg, enum err err)
{
	struct outflow *flow = arg;

	flow->reading = false;
	if (err) {
		outflow_free(flow);
		answer_err(request, err);
		return;
	}
	begin_stream(request, flow);
}

/* One more, of this person or key? */
static bool is_room(const struct request *request)
{
	int64_t most = request->http->platform->settings.exports, all = 0, own = 0;

	for (const struct outflow *flow = request->http->outflows; flow; flow = flow->next) {
		all++;
		own += flow->user_id == request->user.user_id &&
		       flow->key_id == request->access.key_id;
	}
	return all < most && own < (most + 1) / 2;
}

static void join(struct request *request, struct outflow *flow)
{
	struct http *http = request->http;

	flow->limit_ms = clock_mono_ms() + http->platform->settings.export_s * 1000;
	flow->user_id = request->user.user_id;
	flow->key_id = request->access.key_id;
	flow->next = http->outflows;
	flow->link = &http->outflows;
	if (http->outflows)
		http->outflows->link = &flow->next;
	http->outflows = flow;
}

void answer_outflow(struct request *request, const struct outflow_source *source)
{
	struct outflow *flow;
	size_t len = strlen(source->filename) + 1;
	char *filename;

	if (!is_room(request)) {
		source->end(source->arg);
		answer_header(request, "Retry-After", "10");
		answer_problem(request, PROBLEM_BUSY, NULL, "too many exports are running");
		return;
	}
	flow = calloc(1, sizeof *flow);
	filename = request_alloc(request, len);
	if (!flow || !filename) {
		free(flow);
		source->end(source->arg);
		answer_err(request, ERR_NOMEM);
		return;
	}
	join(request, flow);
	flow->source = *source;
	memcpy(filename, source->filename, len);
	flow->source.filename = filename;
	flow->readers = request->http->platform->readers;
	flow->reading = true;
	if (!request_read(request, read_piece, flow, first_read))
		outflow_free(flow); /* answered */
}
