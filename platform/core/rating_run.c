#include "platform/core/rating_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "libs/proto/meter.h"
#include "platform/core/check.h"
#include "platform/core/clock.h"
#include "platform/core/event_note.h"
#include "platform/core/platform.h"
#include "platform/core/supply.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"
#include "platform/store/log.h"
#include "platform/store/meter.h"

#define INFO_FILE "rating_file"
#define INFO_ROW  "rating_row"
#define FILES_MAX 4096

/* ---- reading ---- */

struct gathering {
	struct rating_chunk *chunk;
	struct arena arena;
	struct uplink *uplink;
	enum err err;
};

static bool add_item(struct rating_chunk *chunk, const struct rating_item *item)
{
	if (chunk->count == chunk->room) {
		size_t more = chunk->room ? chunk->room * 2 : 1024;
		struct rating_item *items = realloc(chunk->items, more * sizeof *items);

		if (!items)
			return false;
		chunk->items = items;
		chunk->room = more;
	}
	chunk->items[chunk->count++] = *item;
	return true;
}

/* What was refused when it came is refused here, and what may have a wrong time waits for the next. */
static bool take_table(struct gathering *g, const struct readings *table,
                       const struct batch_row *batch)
{
	uint32_t row = 0;

	for (uint32_t run = 0; run < table->runs; row += table->run_len[run++]) {
		for (uint32_t i = row; i < row + table->run_len[run]; i++) {
			struct reading reading = readings_row(table, run, i);
			struct rating_item item = {
			        batch->property_id,
			        batch->gateway_id,
			        reading.meter,
			        {reading.time_s, reading.energy_wh}
                        };

			if (reading_check(&reading, batch->stored_ms / 1000) == CHECK_GOOD &&
			    !(reading.quality & METER_CLOCK_UNSURE) && !add_item(g->chunk, &item))
				return false;
		}
	}
	return true;
}

static bool take_batch(void *arg, const struct batch_row *batch)
{
	struct gathering *g = arg;
	struct rating_chunk *chunk = g->chunk;

	if (chunk->count >= RATING_CHUNK) {
		chunk->more = true;
		return false;
	}
	arena_reset(&g->arena);
	if (uplink_decode(batch->body, batch->body_len, &g->arena, g->uplink))
		chunk->damaged++;
	else
		for (size_t i = 0; i < g->uplink->table_count && !g->err; i++)
			if (!take_table(g, &g->uplink->table[i], batch))
				g->err = ERR_NOMEM;
	chunk->file = batch->file;
	chunk->rowid = batch->rowid;
	chunk->any = true;
	return !g->err;
}

static enum err walk_files(struct reader *reader, struct gathering *g)
{
	struct rating_chunk *chunk = g->chunk;
	int64_t *files = malloc(FILES_MAX * sizeof *files);
	size_t count;
	enum err err = ERR_NONE;

	if (!files)
		return ERR_NOMEM;
	count = day_reader_list(reader->days, files, FILES_MAX);
	if (count > FILES_MAX)
		count = FILES_MAX;
	for (size_t i = 0; !err && !chunk->more && i < count; i++) {
		if (files[i] < chunk->file)
			continue;
		err = day_reader_walk(reader->days, files[i],
		                      files[i] == chunk->file ? chunk->rowid : 0, take_batch, g,
		                      &chunk->damaged);
		if (err && err != ERR_NOMEM && i + 1 < count)
			err = ERR_NONE; /* an unreadable part was counted; what is behind it is not */
		if (!err)
			err = g->err;
	}
	free(files);
	return err;
}

static int by_meter(const void *a, const void *b)
{
	const struct rating_item *x = a, *y = b;

	if (x->property_id != y->property_id)
		return x->property_id < y->property_id ? -1 : 1;
	if (x->meter != y->meter)
		return x->meter < y->meter ? -1 : 1;
	if (x->gateway_id != y->gateway_id)
		return x->gateway_id < y->gateway_id ? -1 : 1;
	return (x->mark.at_s > y->mark.at_s) - (x->mark.at_s < y->mark.at_s);
}

static bool is_same_meter(const struct rating_item *a, const struct rating_item *b)
{
	return a->property_id == b->property_id && a->meter == b->meter &&
	       a->gateway_id == b->gateway_id;
}

/* Readings of this meter may be charged: it is rated, and they came from its own gateway. */
static enum err is_rated(struct db *db, const struct rating_item *item, bool *rated)
{
	struct rating_row row;
	struct meter_row meter;
	enum err err = rating_get(db, item->property_id, item->meter, &row);

	*rated = false;
	if (!err && row.account_id)
		err = meter_get(db, item->property_id, item->meter, &meter);
	else if (!err)
		return ERR_NONE;
	*rated = !err && meter.gateway_id == item->gateway_id;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err drop_others(struct db *db, struct rating_chunk *chunk)
{
	size_t kept = 0;
	enum err err = ERR_NONE;

	if (chunk->count)
		qsort(chunk->items, chunk->count, sizeof *chunk->items, by_meter);
	for (size_t i = 0, end; !err && i < chunk->count; i = end) {
		bool rated;

		for (end = i + 1; end < chunk->count; end++)
			if (!is_same_meter(&chunk->items[i], &chunk->items[end]))
				break;
		err = is_rated(db, &chunk->items[i], &rated);
		for (size_t k = i; !err && rated && k < end; k++)
			chunk->items[kept++] = chunk->items[k];
	}
	chunk->count = kept;
	return err;
}

/* A store in which nothing was rated yet begins with what arrives from now on. */
static enum err begin_here(struct reader *reader, struct rating_chunk *chunk)
{
	int64_t files[FILES_MAX / 8];
	size_t count = day_reader_list(reader->days, files, ARRAY_SIZE(files));
	struct day_end end;
	enum err err;

	if (count == 0 || count > ARRAY_SIZE(files))
		return ERR_NONE;
	chunk->file = files[count - 1];
	err = day_reader_end(reader->days, chunk->file, &end);
	chunk->rowid = err ? 0 : end.rowid;
	chunk->any = true;
	return ERR_NONE;
}

enum err rating_chunk_read(struct reader *reader, void *arg)
{
	struct rating_chunk *chunk = arg;
	struct gathering g = {.chunk = chunk};
	void *memory;
	enum err err = info_number(reader->db, INFO_FILE, &chunk->file);

	if (!err)
		err = info_number(reader->db, INFO_ROW, &chunk->rowid);
	if (err || !chunk->file)
		return err ? err : begin_here(reader, chunk);
	memory = malloc(UPLINK_ARENA_SIZE);
	g.uplink = malloc(sizeof *g.uplink);
	err = memory && g.uplink ? ERR_NONE : ERR_NOMEM;
	if (!err) {
		arena_init(&g.arena, memory, UPLINK_ARENA_SIZE);
		err = walk_files(reader, &g);
	}
	free(g.uplink);
	free(memory);
	return err ? err : drop_others(reader->db, chunk);
}

void rating_chunk_clear(struct rating_chunk *chunk)
{
	free(chunk->items);
	*chunk = (struct rating_chunk){.cache = chunk->cache};
}

/* ---- passing ---- */

static enum err tell_fault(struct tx *tx, const struct rating_pass *pass, int64_t now_ms,
                           struct effects *out)
{
	struct event_row event = {.property_id = pass->property_id,
	                          .meter = pass->meter,
	                          .kind = EVENT_RATING_FAULT,
	                          .detail = (uint32_t)pass->fault,
	                          .value = pass->fault_units,
	                          .at_s = pass->fault_s,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "rating:%lld:%lld", (long long)pass->meter,
	         (long long)pass->fault_s);
	return event_note(tx, &event, out);
}

static enum err pass_meter(struct tx *tx, struct rating_chunk *chunk, size_t first, size_t count,
                           int64_t now_ms, struct effects *out)
{
	struct rate_mark *marks = malloc(count * sizeof *marks);
	struct rating_pass pass = {.property_id = chunk->items[first].property_id,
	                           .meter = chunk->items[first].meter,
	                           .marks = marks,
	                           .count = count,
	                           .cache = chunk->cache};
	enum err err;

	if (!marks)
		return ERR_NOMEM;
	for (size_t i = 0; i < count; i++)
		marks[i] = chunk->items[first + i].mark;
	err = rating_pass(tx, &pass, now_ms);
	free(marks);
	chunk->posted += pass.posted;
	if (!err && pass.fault)
		err = tell_fault(tx, &pass, now_ms, out);
	if (err || !pass.moved)
		return err;
	err = supply_consider(tx, pass.property_id, pass.account_id, false, now_ms, out);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err rating_chunk_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rating_chunk *chunk = arg;
	const int64_t posted = chunk->posted;
	size_t at = chunk->done;
	enum err err = tx_open(tx);

	for (size_t meters = 0, end; !err && at < chunk->count && meters < RATING_STEP;
	     meters++, at = end) {
		for (end = at + 1; end < chunk->count; end++)
			if (!is_same_meter(&chunk->items[at], &chunk->items[end]))
				break;
		err = pass_meter(tx, chunk, at, end - at, now_ms, out);
	}
	if (!err && at == chunk->count) {
		err = info_number_set(tx->db, INFO_FILE, chunk->file);
		if (!err)
			err = info_number_set(tx->db, INFO_ROW, chunk->rowid);
	}
	if (err) {
		chunk->posted = posted; /* it is run again */
		return err;
	}
	chunk->done = at;
	chunk->any = at < chunk->count;
	return ERR_NONE;
}

/* ---- each night ---- */

struct checking {
	struct reader *reader;
	struct money_check *check;
	enum err err;
};

static void found(struct checking *c, int64_t property_id, enum money_wrong what, int64_t where)
{
	struct money_check *check = c->check;

	if (check->count < MONEY_FOUND)
		check->found[check->count++] = (struct money_found){property_id, where, what};
}

static void check_property(void *arg, const struct property_row *row)
{
	struct checking *c = arg;
	struct ledger_proof proof;
	int64_t meter, group_no;

	if (c->err)
		return;
	c->err = ledger_verify(c->reader->db, row->property_id, &proof);
	if (c->err == ERR_DAMAGED) {
		found(c, row->property_id, MONEY_LEDGER, proof.group_no);
		c->err = ERR_NONE;
	}
	if (!c->err)
		c->err = charge_verify(c->reader->db, row->property_id, &meter, &group_no);
	if (!c->err && meter)
		found(c, row->property_id, MONEY_ACCRUED, meter);
	if (!c->err && group_no)
		found(c, row->property_id, MONEY_POSTED, group_no);
}

enum err money_check_read(struct reader *reader, void *arg)
{
	struct checking checking = {.reader = reader, .check = arg};
	enum err err;

	checking.check->count = 0;
	err = property_list(reader->db, check_property, &checking);
	return err ? err : checking.err;
}

enum err money_check_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct money_check *check = arg;
	enum err err = tx_open(tx);

	for (size_t i = 0; !err && i < check->count; i++) {
		const struct money_found *f = &check->found[i];
		struct event_row event = {.property_id = f->property_id,
		                          .kind = EVENT_MONEY_WRONG,
		                          .detail = (uint32_t)f->what,
		                          .value = f->where,
		                          .at_s = now_ms / 1000,
		                          .stored_ms = now_ms};

		log_error("property %lld: the books do not add up: %s %lld",
		          (long long)f->property_id, f->what == MONEY_ACCRUED ? "meter" : "group",
		          (long long)f->where);
		snprintf(event.source, sizeof event.source, "money:%lld:%d", (long long)check->day,
		         (int)f->what);
		err = event_note(tx, &event, out);
	}
	return err;
}

/* ---- the daemon's ---- */

#define CHECK_HOUR_UTC 19 /* 03:00 in China */

struct rater {
	struct platform *platform;
	struct rating_chunk chunk;
	struct money_check check;
	bool busy;
};

static int64_t night_of(int64_t now_ms)
{
	return days_from_unix(now_ms / 1000 - CHECK_HOUR_UTC * 3600);
}

enum err rater_new(struct rater **out, struct platform *platform)
{
	struct rater *rater = calloc(1, sizeof *rater);

	*out = rater;
	if (!rater)
		return ERR_NOMEM;
	rater->platform = platform;
	rater->chunk.cache = tariff_cache_new();
	rater->check.day = night_of(clock_wall_ms());
	if (rater->chunk.cache)
		return ERR_NONE;
	rater_free(rater);
	*out = NULL;
	return ERR_NOMEM;
}

void rater_free(struct rater *rater)
{
	if (!rater)
		return;
	rating_chunk_clear(&rater->chunk);
	tariff_cache_free(rater->chunk.cache);
	free(rater);
}

static void end_run(struct rater *rater, enum err err)
{
	bool more = rater->chunk.more && !err;

	if (err && err != ERR_DISK_FULL)
		log_warn("rating: %s", err_text(err));
	rating_chunk_clear(&rater->chunk);
	rater->busy = false;
	if (more)
		rater_tick(rater);
}

static void step_done(void *arg, enum err err);

static void next_step(struct rater *rater)
{
	enum err err = writer_submit_bulk(rater->platform->writer, rating_chunk_step, &rater->chunk,
	                                  step_done, rater);

	if (err)
		end_run(rater, err);
}

static void step_done(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (!err && rater->chunk.any)
		next_step(rater);
	else
		end_run(rater, err);
}

static enum err read_chunk(struct reader *reader, void *arg)
{
	struct rater *rater = arg;

	return rating_chunk_read(reader, &rater->chunk);
}

static void read_done(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (rater->chunk.damaged)
		metric_add(METRIC_STORE_DAMAGED, (int64_t)rater->chunk.damaged);
	if (!err && rater->chunk.any)
		next_step(rater);
	else
		end_run(rater, err);
}

static void check_told(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (err)
		log_warn("the nightly look at the books: %s", err_text(err));
	rater->busy = false;
}

static enum err read_check(struct reader *reader, void *arg)
{
	struct rater *rater = arg;

	return money_check_read(reader, &rater->check);
}

static void check_done(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (!err && rater->check.count)
		err = writer_submit(rater->platform->writer, money_check_step, &rater->check,
		                    check_told, rater);
	else
		check_told(rater, err);
	if (err)
		rater->busy = false;
}

void rater_tick(void *arg)
{
	struct rater *rater = arg;
	int64_t night = night_of(clock_wall_ms());

	if (rater->busy || platform_clock_unsure(rater->platform))
		return;
	if (night != rater->check.day) {
		rater->check.day = night;
		rater->busy = reader_submit(rater->platform->readers, read_check, rater,
		                            check_done) == ERR_NONE;
	} else
		rater->busy = reader_submit(rater->platform->readers, read_chunk, rater,
		                            read_done) == ERR_NONE;
}
