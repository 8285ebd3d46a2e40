/* Live events: what pages hear, and the watch leases that make gateways send live samples. */
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/session.h"
#include "platform/http/context.h"
#include "platform/http/show.h"

#define KEEPALIVE_S 15

/* A page: its request stays open, and its session is looked up again now and then. */
struct page {
	struct http *http;
	struct sse_client *client;
	struct stream *stream;
	char token_hash[TOKEN_HASH_SIZE];
	bool checking; /* a reader looks at it */
	bool gone;
};

static ssize_t page_read(void *arg, char *to, size_t size)
{
	struct page *page = arg;

	return sse_read(page->client, to, size);
}

static void page_end(void *arg)
{
	struct page *page = arg;

	sse_leave(page->client);
	page->gone = true;
	if (!page->checking)
		free(page);
}

static void page_wake(void *arg)
{
	struct page *page = arg;

	if (page->stream)
		stream_wake(page->stream);
}

static void watch_gateway(struct http *http, int64_t gateway_id)
{
	live_watch(http->platform->live, gateway_id, clock_mono_ms());
}

static void watch_for(struct http *http, const struct sse_client *client)
{
	const struct directory *dir = http->platform->dir;
	size_t count;
	const int64_t *meters = sse_meters(client, &count);

	if (!meters) {
		for (size_t i = 0; i < dir->gateway_count; i++)
			watch_gateway(http, dir->gateways[i].gateway_id);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct dir_meter *meter = directory_meter(dir, meters[i]);

		if (meter)
			watch_gateway(http, meter->gateway_id);
	}
}

static void page_begin(struct request *request, const int64_t *meters, size_t count)
{
	struct http *http = request->http;
	struct page *page = calloc(1, sizeof *page);

	if (!page) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	page->http = http;
	memcpy(page->token_hash, request->token_hash, sizeof page->token_hash);
	page->client = sse_join(http->sse, meters, count, request_header(request, "Last-Event-ID"),
	                        page_wake, page);
	if (!page->client) {
		free(page);
		answer_problem(request, PROBLEM_BUSY, NULL, "too many pages hear live events");
		return;
	}
	watch_for(http, page->client);
	page->stream = answer_stream(request, "text/event-stream", page_read, page_end, page);
	if (!page->stream) {
		page_end(page);
		answer_err(request, ERR_NOMEM);
	}
}

void events_open(struct request *request)
{
	const struct query_events_open *query = events_open_query(request);

	answer_header(request, "X-Accel-Buffering", "no");
	page_begin(request, query->has_meters ? query->meters : NULL, query->meters_count);
}

/* ---- a page hears no longer than its session lives ---- */

static enum err look_at_session(struct reader *reader, void *arg)
{
	const struct page *page = arg;
	struct session session;

	return session_find(reader->db, page->token_hash, clock_wall_ms() / 1000, &session);
}

static void session_looked_at(void *arg, enum err err)
{
	struct page *page = arg;

	page->checking = false;
	if (page->gone)
		free(page);
	else if (err == ERR_AUTH)
		sse_end(page->client);
}

static void check_session(struct page *page)
{
	struct readers *readers = page->http->platform->readers;

	if (!page->checking)
		page->checking = reader_submit(readers, look_at_session, page, session_looked_at) ==
		                 ERR_NONE;
}

void events_end_session(struct http *http, const char *token_hash)
{
	for (struct sse_client *c = sse_first(http->sse); c; c = sse_next(c)) {
		const struct page *page = sse_arg(c);

		if (strcmp(page->token_hash, token_hash) == 0)
			sse_end(c);
	}
}

/* Somebody's rights are less or more than a moment ago. */
static void access_changed(struct http *http, const struct effect_access *access)
{
	session_cache_forget(&http->sessions, access->user_id);
	for (struct sse_client *c = sse_first(http->sse); c; c = sse_next(c))
		check_session(sse_arg(c));
}

void events_tick(struct http *http)
{
	bool keepalive = ++http->keepalive_ticks % KEEPALIVE_S == 0;

	for (struct sse_client *c = sse_first(http->sse); c; c = sse_next(c)) {
		watch_for(http, c);
		if (keepalive)
			check_session(sse_arg(c));
	}
	if (keepalive)
		sse_keepalive(http->sse);
}

static const char *gateway_name(const struct directory *dir, int64_t gateway_id)
{
	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].gateway_id == gateway_id)
			return dir->gateways[i].name;
	return NULL;
}

static const char *property_name(const struct directory *dir, int64_t property_id)
{
	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].property_id == property_id)
			return dir->gateways[i].property;
	return NULL;
}

/* NULL: nothing of it is for pages. */
static const char *effect_write(struct json_out *out, const struct directory *dir,
                                const struct effect *effect)
{
	switch (effect->kind) {
	case EFFECT_COMMAND:
		show_command(out, NULL, &effect->u.command);
		return "command";
	case EFFECT_DEVICE:
		show_device(out, NULL, &effect->u.device,
		            gateway_name(dir, effect->u.device.gateway_id));
		return "device";
	case EFFECT_GATEWAY:
		show_gateway(out, NULL, &effect->u.gateway,
		             property_name(dir, effect->u.gateway.property_id));
		return "gateway";
	case EFFECT_ALARM:
		show_event(out, NULL, &effect->u.alarm);
		return "alarm";
	case EFFECT_SEND:
	case EFFECT_ACK:
	case EFFECT_DIRECTORY:
	case EFFECT_ACCESS:
		break;
	}
	return NULL;
}

void events_effect(void *arg, const struct effect *effect)
{
	struct http *http = arg;
	struct json_out out;
	const char *name;

	if (effect->kind == EFFECT_ACCESS)
		access_changed(http, &effect->u.access);
	json_out_init(&out);
	name = effect_write(&out, http->platform->dir, effect);
	if (name && !out.failed)
		sse_send(http->sse, name, out.data, out.len);
	json_out_free(&out);
}

static void show_sample(struct json_out *out, const struct live_sample *sample)
{
	out_object(out, NULL);
	out_meter(out, "meter", sample->meter);
	out_time_ms(out, "at", sample->at_ms);
	show_values(out, &sample->value);
	show_state(out, "state", sample->value.state);
	show_quality(out, "quality", sample->value.quality);
	out_object_end(out);
}

void events_live(void *arg, const struct live_sample *const *samples, size_t count)
{
	struct http *http = arg;
	struct sse_item *items;
	struct json_out out;
	size_t start = 0;

	if (!sse_count(http->sse) || !count)
		return;
	items = calloc(count, sizeof *items);
	if (!items)
		return;
	json_out_init(&out);
	for (size_t i = 0; i < count; i++) {
		out.more[0] = false; /* one value after another, each whole by itself */
		show_sample(&out, samples[i]);
		items[i].meter = samples[i]->meter;
		items[i].len = out.len - start;
		start = out.len;
	}
	if (!out.failed) {
		start = 0;
		for (size_t i = 0; i < count; i++) {
			items[i].json = out.data + start;
			start += items[i].len;
		}
		sse_send_live(http->sse, items, count);
	}
	json_out_free(&out);
	free(items);
}
