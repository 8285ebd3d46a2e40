#include "platform/core/history.h"

#include <stdlib.h>
#include <string.h>

#include "libs/proto/uplink.h"
#include "platform/core/check.h"

/* One reading with its place in the order of arrival. */
struct row {
	struct reading reading;
	int64_t file, rowid;
};

struct gather {
	struct history_request *request;
	struct arena arena;
	struct uplink *uplink;
	struct row *rows;
	size_t count, room;
	enum err err;
};

static bool keep(struct gather *g, const struct reading *reading, const struct batch_row *batch)
{
	if (g->count == g->room) {
		size_t more = g->room ? g->room * 2 : 4096;
		struct row *rows = realloc(g->rows, more * sizeof *rows);

		if (!rows)
			return false;
		g->rows = rows;
		g->room = more;
	}
	g->rows[g->count++] = (struct row){*reading, batch->file, batch->rowid};
	return true;
}

static bool take_table(struct gather *g, const struct readings *table,
                       const struct batch_row *batch)
{
	const struct history_request *request = g->request;
	uint32_t row = 0;

	for (uint32_t run = 0; run < table->runs; row += table->run_len[run++]) {
		if (table->run_meter[run] != request->meter)
			continue;
		for (uint32_t i = row; i < row + table->run_len[run]; i++) {
			struct reading reading = readings_row(table, run, i);

			if (reading.time_s < request->from_s || reading.time_s >= request->to_s)
				continue;
			/* The batch was stored whole: what was refused then is refused now. */
			if (reading_check(&reading, batch->stored_ms / 1000) != CHECK_GOOD)
				continue;
			if (!keep(g, &reading, batch))
				return false;
		}
	}
	return true;
}

static bool take_batch(void *arg, const struct batch_row *batch)
{
	struct gather *g = arg;

	arena_reset(&g->arena);
	if (uplink_decode(batch->body, batch->body_len, &g->arena, g->uplink)) {
		g->request->damaged++;
		return true;
	}
	for (size_t i = 0; i < g->uplink->table_count; i++) {
		if (!take_table(g, &g->uplink->table[i], batch)) {
			g->err = ERR_NOMEM;
			return false;
		}
	}
	return true;
}

/* By time, and of equal times the one that arrived first. */
static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->reading.time_s != y->reading.time_s)
		return x->reading.time_s < y->reading.time_s ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->rowid < y->rowid ? -1 : x->rowid > y->rowid;
}

/* The first stored reading of a second counts; later ones are repeats or conflicts. */
static size_t drop_repeats(struct row *rows, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (n == 0 || rows[n - 1].reading.time_s != rows[i].reading.time_s)
			rows[n++] = rows[i];
	return n;
}

static enum err add_gap(struct history_request *request, int64_t from_s, int64_t to_s)
{
	struct history_gap *gap =
	        realloc(request->gap, (request->gap_count + 1) * sizeof *request->gap);

	if (!gap)
		return ERR_NOMEM;
	request->gap = gap;
	gap[request->gap_count++] = (struct history_gap){from_s, to_s};
	return ERR_NONE;
}

/* Spans without readings, up to now at most: the future is no gap. */
static enum err find_gaps(struct history_request *request, const struct row *rows, size_t count)
{
	int64_t end_s = request->to_s < request->now_s ? request->to_s : request->now_s;
	int64_t last_s = request->from_s, most_s = request->period_s * 5 / 2;
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i <= count; i++) {
		int64_t at_s = i < count ? rows[i].reading.time_s : end_s;

		if (at_s - last_s > most_s)
			err = add_gap(request, last_s, at_s);
		last_s = at_s;
	}
	return err;
}

struct sums {
	int64_t voltage_dv, current_ma, power_dw, pf_permille, frequency_chz;
};

static struct history_point make_point(const struct row *rows, size_t n)
{
	struct history_point point = {.at_s = rows[0].reading.time_s,
	                              .value = rows[n - 1].reading,
	                              .power_min_dw = INT32_MAX,
	                              .power_max_dw = INT32_MIN};
	struct sums sum = {0};
	int64_t count = (int64_t)n;

	for (size_t i = 0; i < n; i++) {
		const struct reading *r = &rows[i].reading;

		sum.voltage_dv += r->voltage_dv;
		sum.current_ma += r->current_ma;
		sum.power_dw += r->power_dw;
		sum.pf_permille += r->pf_permille;
		sum.frequency_chz += r->frequency_chz;
		point.value.quality |= r->quality;
		if (r->power_dw < point.power_min_dw)
			point.power_min_dw = r->power_dw;
		if (r->power_dw > point.power_max_dw)
			point.power_max_dw = r->power_dw;
	}
	point.value.voltage_dv = (int32_t)(sum.voltage_dv / count);
	point.value.current_ma = (int32_t)(sum.current_ma / count);
	point.value.power_dw = (int32_t)(sum.power_dw / count);
	point.value.pf_permille = (int32_t)(sum.pf_permille / count);
	point.value.frequency_chz = (int32_t)(sum.frequency_chz / count);
	return point;
}

/* Spans of equal length; one without readings has no point. */
static enum err make_points(struct history_request *request, const struct row *rows, size_t count)
{
	size_t points = request->points;
	int64_t span_s;

	if (points == 0 || points > HISTORY_POINTS_MAX)
		points = HISTORY_POINTS_MAX;
	if (count == 0)
		return ERR_NONE;
	request->point = calloc(count < points ? count : points, sizeof *request->point);
	if (!request->point)
		return ERR_NOMEM;
	span_s = count <= points ? 1
	                         : (request->to_s - request->from_s + (int64_t)points - 1) /
	                                   (int64_t)points;
	for (size_t i = 0, n; i < count; i += n) {
		int64_t span = (rows[i].reading.time_s - request->from_s) / span_s;

		for (n = 1; i + n < count; n++)
			if ((rows[i + n].reading.time_s - request->from_s) / span_s != span)
				break;
		request->point[request->point_count++] = make_point(&rows[i], n);
	}
	return ERR_NONE;
}

enum err history_read(struct day_reader *days, struct history_request *request)
{
	struct gather g = {.request = request};
	void *memory = malloc(UPLINK_ARENA_SIZE);
	enum err err = ERR_NOMEM;

	g.uplink = malloc(sizeof *g.uplink);
	if (memory && g.uplink && request->to_s > request->from_s) {
		arena_init(&g.arena, memory, UPLINK_ARENA_SIZE);
		err = day_reader_range(days, request->property_id, request->gateway_id,
		                       request->from_s, request->to_s, take_batch, &g,
		                       &request->damaged);
		if (!err)
			err = g.err;
	} else if (memory && g.uplink) {
		err = ERR_BAD_INPUT;
	}
	if (!err) {
		if (g.count)
			qsort(g.rows, g.count, sizeof *g.rows, by_time);
		g.count = drop_repeats(g.rows, g.count);
		request->reading_count = g.count;
		err = find_gaps(request, g.rows, g.count);
	}
	if (!err)
		err = make_points(request, g.rows, g.count);
	free(g.rows);
	free(g.uplink);
	free(memory);
	return err;
}

void history_free(struct history_request *request)
{
	free(request->point);
	free(request->gap);
	request->point = NULL;
	request->gap = NULL;
	request->point_count = request->gap_count = 0;
}
