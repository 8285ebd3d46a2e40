#include "gateway/core/state.h"

#include "libs/base/macros.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CLOCK_OFF_MS 5000 /* of the machine's clock: worth a message of its own */

struct text {
	char *at;
	size_t left;
};

static void put(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->at, text->left, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < text->left);
	text->at += n;
	text->left -= (size_t)n;
}

static const char *json_bool(bool b)
{
	return b ? "true" : "false";
}

static void put_before(struct text *t, const struct state_facts *f)
{
	put(t, ",\"before\":[");
	for (size_t i = 0; i < f->n_before; i++)
		put(t, "%s{\"boot\":\"%016" PRIx64 "\",\"seq\":%" PRIu64 "}", i ? "," : "",
		    f->before[i].boot, f->before[i].seq);
	put(t, "]");
}

static void put_spool(struct text *t, const struct state_facts *f)
{
	put(t,
	    ",\"spool\":{\"queued\":%" PRIu64 ",\"oldest_s\":%" PRId64 ",\"bytes\":%" PRId64
	    ",\"damaged\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"full\":%s,\"waiting_bytes\":%zu}",
	    f->spool.queued, f->spool.oldest_s, f->spool.bytes, f->spool.damaged, f->spool.refused,
	    json_bool(f->spool_full), f->waiting_bytes);
}

static void put_bus(struct text *t, const struct state_facts *f)
{
	put(t,
	    ",\"bus\":{\"kind\":\"%s\",\"up\":%s,\"load_permille\":%" PRIu32
	    ",\"overload\":%s,\"errors\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"terminals\":%u}",
	    f->bus_kind, json_bool(f->bus_up), f->bus_load_permille, json_bool(f->bus_overload),
	    f->bus_errors, f->bus_dropped, f->terminals);
}

/* The reason is a library's text: nothing of it may end our string. */
static void put_link(struct text *t, const struct state_facts *f)
{
	char reason[STATE_REASON_SIZE];
	size_t i = 0;

	for (; f->link_reason[i] && i + 1 < sizeof reason; i++) {
		char c = f->link_reason[i];

		reason[i] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c;
	}
	reason[i] = '\0';
	put(t,
	    ",\"link\":{\"connected_since\":%" PRId64 ",\"reconnects\":%" PRIu64
	    ",\"last_reason\":\"%s\"}",
	    f->connected_since_s, f->reconnects, reason);
}

static void put_clock(struct text *t, const struct state_facts *f)
{
	put(t,
	    ",\"clock\":{\"offset_ms\":%" PRId64 ",\"wall_offset_ms\":%" PRId64
	    ",\"confirmed\":%s,\"steps\":%" PRIu32 "}",
	    f->clock_offset_ms, f->wall_offset_ms, json_bool(f->clock_confirmed), f->clock_steps);
}

size_t state_format(const struct state_facts *f, char *json, size_t size)
{
	struct text t = {json, size};

	put(&t, "{\"online\":%s,\"boot\":\"%016" PRIx64 "\",\"since\":%" PRId64,
	    json_bool(f->online), f->boot, f->since_s);
	put(&t, ",\"version\":\"%s\",\"config\":%" PRIu64, f->version, f->config);
	if (f->acked_boot)
		put(&t,
		    ",\"acked\":{\"epoch\":\"%016" PRIx64 "\",\"boot\":\"%016" PRIx64
		    "\",\"seq\":%" PRIu64 "}",
		    f->spool.epoch, f->acked_boot, f->acked_seq);
	put_before(&t, f);
	put_spool(&t, f);
	put_bus(&t, f);
	put_link(&t, f);
	put_clock(&t, f);
	put(&t,
	    ",\"last_stop\":\"%s\",\"dropped\":%" PRIu64 ",\"bad_messages\":%" PRIu64
	    ",\"retained_ignored\":%" PRIu64 "}",
	    f->last_stop, f->dropped, f->bad_messages, f->retained_ignored);
	return size - t.left;
}

/* Of counts that grow all the time only the size matters. */
static uint64_t magnitude(uint64_t n)
{
	uint64_t bits = 0;

	for (; n > 0; n >>= 1)
		bits++;
	return bits;
}

uint64_t state_key(const struct state_facts *f)
{
	const uint64_t parts[] = {
	        f->config,
	        f->acked_boot,
	        f->acked_seq,
	        f->spool.damaged,
	        f->spool.refused,
	        magnitude(f->spool.queued / 4),
	        f->spool_full,
	        f->bus_up,
	        magnitude(f->bus_errors),
	        f->bus_overload,
	        f->terminals,
	        f->clock_steps,
	        f->clock_confirmed,
	        llabs(f->wall_offset_ms) > CLOCK_OFF_MS,
	        f->dropped > 0,
	};
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		key = key * UINT64_C(1000003) + parts[i];
	return key;
}
