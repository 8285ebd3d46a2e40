#include "gateway/core/state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static const char *json_bool(bool b)
{
	return b ? "true" : "false";
}

size_t state_format(const struct state_facts *f, char *json, size_t size)
{
	int n = snprintf(
	        json, size,
	        "{\"online\":%s,\"boot\":\"%016" PRIx64 "\",\"since\":%" PRId64
	        ",\"version\":\"%s\",\"config\":%" PRIu64 ",\"spool\":{\"queued\":%" PRIu64
	        ",\"oldest_s\":%" PRId64 ",\"bytes\":%" PRId64 ",\"damaged\":%" PRIu64
	        ",\"refused\":%" PRIu64 ",\"full\":%s,\"waiting_bytes\":%zu},"
	        "\"bus\":{\"kind\":\"%s\",\"up\":%s,\"load_permille\":%" PRIu32
	        ",\"overload\":%s,\"errors\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"terminals\":%u},"
	        "\"clock\":{\"offset_ms\":%" PRId64 ",\"confirmed\":%s,\"steps\":%" PRIu32
	        "},\"last_stop\":\"%s\",\"dropped\":%" PRIu64 ",\"bad_messages\":%" PRIu64
	        ",\"retained_ignored\":%" PRIu64 "}",
	        json_bool(f->online), f->boot, f->since_s, f->version, f->config, f->spool.queued,
	        f->spool.oldest_s, f->spool.bytes, f->spool.damaged, f->spool.refused,
	        json_bool(f->spool_full), f->waiting_bytes, f->bus_kind, json_bool(f->bus_up),
	        f->bus_load_permille, json_bool(f->bus_overload), f->bus_errors, f->bus_dropped,
	        f->terminals, f->clock_offset_ms, json_bool(f->clock_confirmed), f->clock_steps,
	        f->last_stop, f->dropped, f->bad_messages, f->retained_ignored);

	assert(n > 0 && (size_t)n < size);
	return (size_t)n;
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
	        f->dropped > 0,
	};
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		key = key * UINT64_C(1000003) + parts[i];
	return key;
}
