/* The readings of a batch: each row by the one check, against the directory and the latest values. */
#include <stdlib.h>
#include <string.h>

#include "platform/core/metrics.h"
#include "platform/ingest/state.h"

static enum err slow_add(struct ingest *in, const struct reading *reading, enum past_answer answer)
{
	if (in->slow_count == in->slow_room) {
		size_t more = in->slow_room ? in->slow_room * 2 : 256;
		struct past_row *slow = realloc(in->slow, more * sizeof *slow);

		if (!slow)
			return ERR_NOMEM;
		in->slow = slow;
		in->slow_room = more;
	}
	in->slow[in->slow_count++] = (struct past_row){*reading, answer};
	return ERR_NONE;
}

static enum err take_reading(struct ingest *in, uint32_t slot, const struct reading *reading)
{
	const struct reading *last = latest_peek(in->config.latest, slot);

	if (!last || reading->time_s > last->time_s) {
		in->accepted++;
		return latest_set(in->config.latest, slot, reading);
	}
	if (reading->time_s == last->time_s)
		return slow_add(in, reading,
		                reading_same(reading, last) ? PAST_SAME : PAST_DIFFERENT);
	return slow_add(in, reading, PAST_MISSING);
}

static enum err take_run(struct ingest *in, const struct dir_meter *meter,
                         const struct readings *table, uint32_t run, uint32_t first)
{
	for (uint32_t i = first; i < first + table->run_len[run]; i++) {
		struct reading reading = readings_row(table, run, i);
		enum check check = reading_check(&reading, in->now_s);
		enum err err;

		in->refused[check]++;
		if (check != CHECK_GOOD)
			continue;
		if (reading.time_s < in->t_min)
			in->t_min = reading.time_s;
		if (reading.time_s > in->t_max)
			in->t_max = reading.time_s;
		err = take_reading(in, meter->slot, &reading);
		if (err)
			return err;
	}
	return ERR_NONE;
}

/* Tables and directory are both sorted by number, so the next run is mostly the next meter. */
static const struct dir_meter *meter_after(const struct directory *dir,
                                           const struct dir_meter *before, int64_t number)
{
	if (before && before + 1 < dir->meters + dir->meter_count && before[1].meter == number)
		return before + 1;
	return directory_meter(dir, number);
}

static enum err take_table(struct ingest *in, int64_t gateway_id, const struct readings *table)
{
	const struct dir_meter *meter = NULL;
	uint32_t first = 0;
	enum err err;

	for (uint32_t run = 0; run < table->runs; first += table->run_len[run++]) {
		meter = meter_after(in->dir, meter, table->run_meter[run]);
		/* A gateway speaks for its own meters only. The batch is stored whole all the same,
		 * so nothing is lost when it is our list that was late. */
		if (!meter || meter->gateway_id != gateway_id) {
			in->unknown += table->run_len[run];
			in->unknown_meter = table->run_meter[run];
			continue;
		}
		err = take_run(in, meter, table, run, first);
		if (err)
			return err;
	}
	return ERR_NONE;
}

enum err tables_take(struct ingest *in, int64_t gateway_id, int64_t now_ms)
{
	enum err err = ERR_NONE;

	in->slow_count = 0;
	in->t_min = INT64_MAX;
	in->t_max = INT64_MIN;
	in->now_s = now_ms / 1000;
	in->accepted = in->unknown = 0;
	memset(in->refused, 0, sizeof in->refused);
	latest_lock(in->config.latest);
	for (size_t i = 0; !err && i < in->up.table_count; i++)
		err = take_table(in, gateway_id, &in->up.table[i]);
	latest_unlock(in->config.latest);
	if (in->t_min > in->t_max)
		in->t_min = in->t_max = in->now_s;
	return err;
}

void tables_count(const struct ingest *in)
{
	metric_add(METRIC_READINGS, in->accepted);
	if (in->unknown)
		metric_add(METRIC_REFUSED_UNKNOWN, in->unknown);
	if (in->refused[CHECK_FUTURE])
		metric_add(METRIC_REFUSED_FUTURE, in->refused[CHECK_FUTURE]);
	if (in->refused[CHECK_PAST])
		metric_add(METRIC_REFUSED_PAST, in->refused[CHECK_PAST]);
	if (in->refused[CHECK_RANGE])
		metric_add(METRIC_REFUSED_RANGE, in->refused[CHECK_RANGE]);
}
