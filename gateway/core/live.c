#include "gateway/core/live.h"

#include <assert.h>
#include <string.h>

#define LEASE_MAX_MS 60000

void live_lease(struct live *live, struct terminals *terminals, const struct down_watch *watch,
                int64_t mono_ms)
{
	int64_t lease_ms = (int64_t)watch->lease_s * 1000;
	struct terminal *t;

	if (live->until_ms <= mono_ms)
		for (unsigned i = 0; (t = terminals_next(terminals, &i));)
			t->live_changes = t->changes - 1;
	live->until_ms = mono_ms + (lease_ms < LEASE_MAX_MS ? lease_ms : LEASE_MAX_MS);
	live->n_watched = watch->meter_count;
	if (watch->meter_count)
		memcpy(live->watched, watch->meters, watch->meter_count * sizeof *live->watched);
}

void live_want(struct live *live, const struct terminal *t, const struct bulk_time_want *want,
               int64_t time_ms)
{
	struct uplink_want *out = &live->wants[live->n_wants];

	if (live->n_wants == LIVE_WANTS)
		return; /* it is asked again in 20 s */
	live->n_wants++;
	memcpy(out->chip, t->chip, CHIP_SIZE);
	out->boot = want->boot;
	out->uptime_s = want->uptime_s;
	out->time_ms = time_ms;
}

static bool watched(const struct live *live, uint64_t meter)
{
	if (live->n_watched == 0)
		return true;
	for (size_t i = 0; i < live->n_watched; i++)
		if (live->watched[i] == meter)
			return true;
	return false;
}

struct reading live_row(const struct terminal *t, bool time_sure)
{
	const struct meter_values *v = &t->values;
	struct reading row = {.meter = (int64_t)t->meter,
	                      .time_s = t->sample_ms / 1000,
	                      .energy_wh = (int64_t)v->energy_wh,
	                      .voltage_dv = v->voltage_dv,
	                      .current_ma = v->current_ma,
	                      .power_dw = v->power_dw,
	                      .pf_permille = v->pf_permille,
	                      .frequency_chz = v->frequency_chz,
	                      .state = v->state & (unsigned)~METER_SAMPLE_TOGGLE,
	                      .quality = v->quality};

	if (!time_sure)
		row.quality |= METER_CLOCK_UNSURE;
	return row;
}

/* Rows sorted by meter; `rows` has room for all terminals. */
static size_t rows_collect(struct live *live, struct terminals *terminals,
                           const struct live_now *now, struct reading *rows)
{
	struct terminal *t;
	size_t n = 0;

	if (now->mono_ms >= live->until_ms)
		return 0;
	for (unsigned i = 0; (t = terminals_next(terminals, &i));) {
		size_t at = n;

		if (t->meter == 0 || t->sets == 0 || t->live_changes == t->changes ||
		    !watched(live, t->meter))
			continue;
		t->live_changes = t->changes;
		for (; at > 0 && rows[at - 1].meter > (int64_t)t->meter; at--)
			rows[at] = rows[at - 1];
		rows[at] = live_row(t, now->time_sure);
		n++;
	}
	return n;
}

bool live_message(struct live *live, struct terminals *terminals, const struct live_now *now,
                  void *memory, uint8_t out[LIVE_SIZE], size_t *len)
{
	struct now message = {
	        .time_ms = now->time_ms, .wants = live->wants, .want_count = live->n_wants};
	struct reading *rows;
	struct arena arena;
	size_t n;

	arena_init(&arena, memory, UPLINK_ARENA_SIZE);
	rows = arena_take(&arena, TERMINALS_MAX, sizeof *rows);
	assert(rows != NULL);
	n = rows_collect(live, terminals, now, rows);
	live->n_wants = 0;
	if (n == 0 && message.want_count == 0)
		return false;
	if (n > 0 && readings_from_rows(rows, n, &arena, &message.live))
		return false;
	return now_encode(&message, out, LIVE_SIZE, len) == ERR_NONE;
}
