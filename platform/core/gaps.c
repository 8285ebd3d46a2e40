#include "platform/core/gaps.h"

#include <stdlib.h>
#include <string.h>

#include "libs/proto/uplink.h"
#include "platform/core/check.h"

enum err gaps_open(struct gaps *gaps, int64_t property_id, int64_t from_s, int64_t to_s)
{
	memset(gaps, 0, sizeof *gaps);
	gaps->property_id = property_id;
	gaps->from_s = from_s;
	gaps->to_s = to_s;
	return from_s >= 0 && from_s < to_s ? ERR_NONE : ERR_BAD_INPUT;
}

void gaps_close(struct gaps *gaps)
{
	for (size_t i = 0; i < gaps->count; i++)
		free(gaps->meter[i].seen);
	free(gaps->meter);
	memset(gaps, 0, sizeof *gaps);
}

/* Only whole periods inside the span are asked for. */
enum err gaps_add_meter(struct gaps *gaps, int64_t meter, int64_t period_s, int64_t created_s)
{
	int64_t from_s = created_s > gaps->from_s ? created_s : gaps->from_s;
	struct gap_meter *m;

	from_s = (from_s + period_s - 1) / period_s * period_s;
	if (from_s + period_s > gaps->to_s)
		return ERR_NONE; /* not one whole period */
	if ((gaps->to_s - from_s) / period_s > GAPS_PERIODS_MAX)
		return ERR_RANGE;
	if (gaps->count == gaps->room) {
		size_t room = gaps->room ? gaps->room * 2 : 64;

		m = realloc(gaps->meter, room * sizeof *m);
		if (!m)
			return ERR_NOMEM;
		gaps->meter = m;
		gaps->room = room;
	}
	m = &gaps->meter[gaps->count];
	*m = (struct gap_meter){.meter = meter, .period_s = period_s, .from_s = from_s};
	m->periods = (size_t)((gaps->to_s - from_s) / period_s);
	m->seen = calloc(m->periods / 8 + 1, 1);
	if (!m->seen)
		return ERR_NOMEM;
	gaps->count++;
	return ERR_NONE;
}

static int by_number(const void *a, const void *b)
{
	const struct gap_meter *x = a, *y = b;

	return x->meter < y->meter ? -1 : x->meter > y->meter;
}

static void mark_run(struct gaps *gaps, const struct readings *table, uint32_t run, uint32_t row,
                     int64_t stored_s)
{
	const struct gap_meter key = {.meter = table->run_meter[run]};
	struct gap_meter *m;

	if (gaps->count == 0)
		return;
	m = bsearch(&key, gaps->meter, gaps->count, sizeof key, by_number);
	for (uint32_t i = row; m && i < row + table->run_len[run]; i++) {
		struct reading reading = readings_row(table, run, i);
		size_t period;

		if (reading.time_s < m->from_s || reading_check(&reading, stored_s) != CHECK_GOOD)
			continue;
		period = (size_t)((reading.time_s - m->from_s) / m->period_s);
		if (period < m->periods)
			m->seen[period / 8] |= (uint8_t)(1u << period % 8);
	}
}

struct pass {
	struct gaps *gaps;
	struct arena arena;
	struct uplink *uplink;
};

static bool take_batch(void *arg, const struct batch_row *batch)
{
	struct pass *pass = arg;

	arena_reset(&pass->arena);
	if (uplink_decode(batch->body, batch->body_len, &pass->arena, pass->uplink)) {
		pass->gaps->damaged++;
		return true;
	}
	for (size_t i = 0; i < pass->uplink->table_count; i++) {
		const struct readings *table = &pass->uplink->table[i];
		uint32_t row = 0;

		for (uint32_t run = 0; run < table->runs; row += table->run_len[run++])
			mark_run(pass->gaps, table, run, row, batch->stored_ms / 1000);
	}
	return true;
}

enum err gaps_read(struct gaps *gaps, struct day_reader *days, int64_t gateway_id)
{
	struct pass pass = {.gaps = gaps, .uplink = malloc(sizeof *pass.uplink)};
	void *memory = malloc(UPLINK_ARENA_SIZE);
	enum err err = ERR_NOMEM;

	if (memory && pass.uplink) {
		arena_init(&pass.arena, memory, UPLINK_ARENA_SIZE);
		err = day_reader_range(days, gaps->property_id, gateway_id, gaps->from_s,
		                       gaps->to_s, take_batch, &pass, &gaps->damaged);
	}
	free(pass.uplink);
	free(memory);
	return err;
}

static bool seen(const struct gap_meter *m, size_t period)
{
	return m->seen[period / 8] & 1u << period % 8;
}

void gaps_each(const struct gaps *gaps,
               void (*each)(void *arg, int64_t meter, int64_t from_s, int64_t to_s,
                            int64_t missing),
               void *arg)
{
	for (size_t i = 0; i < gaps->count; i++) {
		const struct gap_meter *m = &gaps->meter[i];

		for (size_t p = 0, end; p < m->periods; p = end + 1) {
			for (end = p; end < m->periods && !seen(m, end);)
				end++;
			if (end > p)
				each(arg, m->meter, m->from_s + (int64_t)p * m->period_s,
				     m->from_s + (int64_t)end * m->period_s, (int64_t)(end - p));
		}
	}
}
