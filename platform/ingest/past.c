#include "platform/ingest/past.h"

#include <stdlib.h>

struct past {
	struct day_reader *days;
	struct arena arena;
	struct uplink uplink;
	void *memory;
	struct past_row *rows; /* of the look that runs */
	size_t count;
};

enum err past_new(struct past **out, struct day_reader *days)
{
	struct past *past = calloc(1, sizeof *past);

	*out = NULL;
	if (!past)
		return ERR_NOMEM;
	past->memory = malloc(UPLINK_ARENA_SIZE);
	if (!past->memory) {
		free(past);
		return ERR_NOMEM;
	}
	past->days = days;
	arena_init(&past->arena, past->memory, UPLINK_ARENA_SIZE);
	*out = past;
	return ERR_NONE;
}

void past_free(struct past *past)
{
	if (!past)
		return;
	free(past->memory);
	free(past);
}

bool reading_same(const struct reading *a, const struct reading *b)
{
	return a->energy_wh == b->energy_wh && a->voltage_dv == b->voltage_dv &&
	       a->current_ma == b->current_ma && a->power_dw == b->power_dw &&
	       a->pf_permille == b->pf_permille && a->frequency_chz == b->frequency_chz &&
	       a->state == b->state;
}

static void compare_run(struct past *past, const struct readings *table, uint32_t run,
                        uint32_t first)
{
	for (size_t k = 0; k < past->count; k++) {
		struct past_row *want = &past->rows[k];

		if (want->reading.meter != table->run_meter[run] || want->answer != PAST_MISSING)
			continue;
		for (uint32_t i = first; i < first + table->run_len[run]; i++) {
			struct reading stored;

			if (table->time_s[i] != want->reading.time_s)
				continue;
			stored = readings_row(table, run, i);
			want->answer =
			        reading_same(&stored, &want->reading) ? PAST_SAME : PAST_DIFFERENT;
			break;
		}
	}
}

void past_look_in(struct past *past, const void *body, size_t len, struct past_row *rows,
                  size_t count)
{
	past->rows = rows;
	past->count = count;
	arena_reset(&past->arena);
	if (uplink_decode(body, len, &past->arena, &past->uplink))
		return;
	for (size_t t = 0; t < past->uplink.table_count; t++) {
		const struct readings *table = &past->uplink.table[t];
		uint32_t first = 0;

		for (uint32_t run = 0; run < table->runs; first += table->run_len[run++])
			compare_run(past, table, run, first);
	}
}

static bool look_in(void *arg, const struct batch_row *batch)
{
	struct past *past = arg;

	past_look_in(past, batch->body, batch->body_len, past->rows, past->count);
	for (size_t i = 0; i < past->count; i++)
		if (past->rows[i].answer == PAST_MISSING)
			return true;
	return false; /* all found */
}

static int by_time(const void *a, const void *b)
{
	const struct past_row *x = a, *y = b;

	return x->reading.time_s < y->reading.time_s ? -1 : x->reading.time_s > y->reading.time_s;
}

#define WINDOW_S 900

/* In windows of neighbouring times, so that a batch with one old row does not make us read all that
 * lies between. */
enum err past_look(struct past *past, int64_t property_id, int64_t gateway_id,
                   struct past_row *rows, size_t count)
{
	uint64_t damaged = 0;

	qsort(rows, count, sizeof *rows, by_time);
	for (size_t i = 0, n; i < count; i += n) {
		enum err err;

		for (n = 1; i + n < count; n++)
			if (rows[i + n].reading.time_s - rows[i + n - 1].reading.time_s > WINDOW_S)
				break;
		past->rows = rows + i;
		past->count = n;
		err = day_reader_range(past->days, property_id, gateway_id, rows[i].reading.time_s,
		                       rows[i + n - 1].reading.time_s + 1, look_in, past, &damaged);
		if (err)
			return err;
	}
	return ERR_NONE;
}
