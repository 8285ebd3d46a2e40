#include "gateway/core/batch.h"

#include <stdlib.h>

bool batch_add_row(struct batch *batch, const struct reading *row)
{
	if (batch->n_rows == BATCH_ROWS_MAX)
		return false;
	batch->rows[batch->n_rows++] = *row;
	return true;
}

bool batch_add_event(struct batch *batch, const struct uplink_event *event)
{
	if (batch->n_events == BATCH_EVENTS_MAX)
		return false;
	batch->events[batch->n_events++] = *event;
	return true;
}

bool batch_add_result(struct batch *batch, const struct uplink_result *result)
{
	if (batch->n_results == BATCH_RESULTS_MAX)
		return false;
	batch->results[batch->n_results++] = *result;
	return true;
}

bool batch_is_empty(const struct batch *batch)
{
	return batch_records(batch) == 0;
}

size_t batch_records(const struct batch *batch)
{
	return batch->n_rows + batch->n_events + batch->n_results;
}

void batch_clear(struct batch *batch)
{
	batch->n_rows = batch->n_events = batch->n_results = 0;
}

static int by_meter_and_time(const void *a, const void *b)
{
	const struct reading *x = a, *y = b;

	if (x->meter != y->meter)
		return x->meter < y->meter ? -1 : 1;
	return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

enum err batch_encode(struct batch *batch, uint64_t boot, uint64_t seq, uint8_t *out, size_t size,
                      size_t *len)
{
	struct uplink u = {.boot = boot,
	                   .seq = seq,
	                   .event_count = batch->n_events,
	                   .result_count = batch->n_results,
	                   .events = batch->events,
	                   .results = batch->results};
	struct arena arena;
	enum err err = ERR_NONE;

	if (batch->n_rows) {
		arena_init(&arena, batch->arena, sizeof batch->arena);
		qsort(batch->rows, batch->n_rows, sizeof *batch->rows, by_meter_and_time);
		err = readings_from_rows(batch->rows, batch->n_rows, &arena, &u.table[0]);
		u.table_count = 1;
	}
	return err ? err : uplink_encode(&u, out, size, len);
}
