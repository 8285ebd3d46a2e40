#include "platform/core/rating_run.h"

#include <stdlib.h>

#include "libs/base/macros.h"
#include "libs/proto/meter.h"
#include "platform/core/check.h"
#include "platform/core/platform.h"
#include "platform/store/info.h"
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

static enum err pass_meter(struct tx *tx, struct rating_chunk *chunk, size_t first, size_t count,
                           int64_t now_ms)
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
	return err;
}

enum err rating_chunk_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rating_chunk *chunk = arg;
	const int64_t posted = chunk->posted;
	size_t at = chunk->done;
	enum err err = tx_open(tx);

	(void)out;
	for (size_t meters = 0, end; !err && at < chunk->count && meters < RATING_STEP;
	     meters++, at = end) {
		for (end = at + 1; end < chunk->count; end++)
			if (!is_same_meter(&chunk->items[at], &chunk->items[end]))
				break;
		err = pass_meter(tx, chunk, at, end - at, now_ms);
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

/* ---- the daemon's ---- */

struct rater {
	struct platform *platform;
	struct rating_chunk chunk;
	bool busy;
};

enum err rater_new(struct rater **out, struct platform *platform)
{
	struct rater *rater = calloc(1, sizeof *rater);

	*out = rater;
	if (!rater)
		return ERR_NOMEM;
	rater->platform = platform;
	rater->chunk.cache = tariff_cache_new();
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

void rater_tick(void *arg)
{
	struct rater *rater = arg;

	if (!rater->busy && !platform_clock_unsure(rater->platform))
		rater->busy = reader_submit(rater->platform->readers, read_chunk, rater,
		                            read_done) == ERR_NONE;
}
