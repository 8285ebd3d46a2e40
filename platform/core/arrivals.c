#include "platform/core/arrivals.h"

#include <stdlib.h>

#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"
#include "platform/core/check.h"
#include "platform/store/day.h"
#include "platform/store/info.h"
#include "platform/store/meter.h"

#define FILES_MAX 4096

struct walking {
	struct arrivals *arrivals;
	size_t most;
	struct arena arena;
	struct uplink *uplink;
	enum err err;
};

static bool add(struct arrivals *arrivals, const struct arrival *item)
{
	if (arrivals->count == arrivals->room) {
		size_t room = arrivals->room ? arrivals->room * 2 : 1024;
		struct arrival *items = realloc(arrivals->items, room * sizeof *items);

		if (!items)
			return false;
		arrivals->items = items;
		arrivals->room = room;
	}
	arrivals->items[arrivals->count++] = *item;
	return true;
}

/* What was refused when it came is refused here, and what may have a wrong time waits for the next. */
static bool take_table(struct walking *w, const struct readings *table,
                       const struct batch_row *batch)
{
	uint32_t row = 0;

	for (uint32_t run = 0; run < table->runs; row += table->run_len[run++]) {
		for (uint32_t i = row; i < row + table->run_len[run]; i++) {
			const struct arrival item = {batch->property_id, batch->gateway_id,
			                             batch->file, batch->rowid,
			                             readings_row(table, run, i)};

			if (reading_check(&item.reading, batch->stored_ms / 1000) == CHECK_GOOD &&
			    !(item.reading.quality & METER_CLOCK_UNSURE) &&
			    !add(w->arrivals, &item))
				return false;
		}
	}
	return true;
}

static bool take_batch(void *arg, const struct batch_row *batch)
{
	struct walking *w = arg;

	if (w->arrivals->count >= w->most) {
		w->arrivals->more = true;
		return false;
	}
	arena_reset(&w->arena);
	if (uplink_decode(batch->body, batch->body_len, &w->arena, w->uplink))
		w->arrivals->damaged++;
	else
		for (size_t i = 0; i < w->uplink->table_count && !w->err; i++)
			if (!take_table(w, &w->uplink->table[i], batch))
				w->err = ERR_NOMEM;
	w->arrivals->file = batch->file;
	w->arrivals->rowid = batch->rowid;
	w->arrivals->any = true;
	return !w->err;
}

static enum err walk_files(struct reader *reader, struct walking *w)
{
	struct arrivals *to = w->arrivals;
	int64_t *files = malloc(FILES_MAX * sizeof *files);
	size_t count;
	enum err err = ERR_NONE;

	if (!files)
		return ERR_NOMEM;
	count = day_reader_list(reader->days, files, FILES_MAX);
	if (count > FILES_MAX)
		count = FILES_MAX;
	for (size_t i = 0; !err && !to->more && i < count; i++) {
		if (files[i] < to->file)
			continue;
		err = day_reader_walk(reader->days, files[i], files[i] == to->file ? to->rowid : 0,
		                      take_batch, w, &to->damaged);
		if (err && err != ERR_NOMEM && i + 1 < count)
			err = ERR_NONE; /* an unreadable part was counted; what is behind it is not */
		if (!err)
			err = w->err;
	}
	free(files);
	return err;
}

static enum err walk(struct reader *reader, struct arrivals *arrivals, size_t most)
{
	struct walking w = {.arrivals = arrivals, .most = most};
	void *memory = malloc(UPLINK_ARENA_SIZE);
	enum err err = ERR_NOMEM;

	w.uplink = malloc(sizeof *w.uplink);
	if (memory && w.uplink) {
		arena_init(&w.arena, memory, UPLINK_ARENA_SIZE);
		err = walk_files(reader, &w);
	}
	free(w.uplink);
	free(memory);
	return err;
}

/* Behind the newest batch. */
static enum err begin_here(struct reader *reader, struct arrivals *arrivals)
{
	int64_t *files = malloc(FILES_MAX * sizeof *files);
	struct day_end end;
	size_t count;

	if (!files)
		return ERR_NOMEM;
	count = day_reader_list(reader->days, files, FILES_MAX);
	if (count > 0 && count <= FILES_MAX) {
		arrivals->file = files[count - 1];
		arrivals->rowid =
		        day_reader_end(reader->days, arrivals->file, &end) ? 0 : end.rowid;
		arrivals->any = true;
	}
	free(files);
	return ERR_NONE;
}

/* ---- by meter ---- */

bool arrivals_same_meter(const struct arrival *a, const struct arrival *b)
{
	return a->property_id == b->property_id && a->reading.meter == b->reading.meter &&
	       a->gateway_id == b->gateway_id;
}

static int by_meter(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->property_id != y->property_id)
		return x->property_id < y->property_id ? -1 : 1;
	if (x->reading.meter != y->reading.meter)
		return x->reading.meter < y->reading.meter ? -1 : 1;
	if (x->gateway_id != y->gateway_id)
		return x->gateway_id < y->gateway_id ? -1 : 1;
	return (x->reading.time_s > y->reading.time_s) - (x->reading.time_s < y->reading.time_s);
}

/* Readings count only from the meter's own gateway. */
static enum err is_own(struct db *db, const struct arrival *item, bool *own)
{
	struct meter_row row;
	enum err err = meter_get(db, item->property_id, item->reading.meter, &row);

	*own = !err && row.gateway_id == item->gateway_id;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err drop_others(struct db *db, struct arrivals *arrivals,
                            enum err (*wanted)(struct db *db, const struct arrival *item, bool *is))
{
	struct arrival *items = arrivals->items;
	size_t kept = 0;
	enum err err = ERR_NONE;

	if (arrivals->count)
		qsort(items, arrivals->count, sizeof *items, by_meter);
	for (size_t i = 0, end; !err && i < arrivals->count; i = end) {
		bool is = true;

		for (end = i + 1; end < arrivals->count; end++)
			if (!arrivals_same_meter(&items[i], &items[end]))
				break;
		if (wanted)
			err = wanted(db, &items[i], &is);
		if (!err && is)
			err = is_own(db, &items[i], &is);
		for (size_t k = i; !err && is && k < end; k++)
			items[kept++] = items[k];
	}
	arrivals->count = kept;
	return err;
}

/* ---- a run ---- */

enum err arrivals_read(struct reader *reader, struct arrivals *arrivals,
                       const struct arrivals_place *place, size_t most,
                       enum err (*wanted)(struct db *db, const struct arrival *item, bool *is))
{
	enum err err = info_number(reader->db, place->file, &arrivals->file);

	if (!err)
		err = info_number(reader->db, place->row, &arrivals->rowid);
	if (!err && !arrivals->file && place->from_now)
		return begin_here(reader, arrivals);
	if (!err)
		err = walk(reader, arrivals, most);
	return err ? err : drop_others(reader->db, arrivals, wanted);
}

enum err arrivals_keep(struct tx *tx, struct arrivals *arrivals, const struct arrivals_place *place,
                       size_t upto)
{
	enum err err = ERR_NONE;

	arrivals->upto = upto;
	if (upto == arrivals->count) {
		err = info_number_set(tx->db, place->file, arrivals->file);
		if (!err)
			err = info_number_set(tx->db, place->row, arrivals->rowid);
	}
	return err;
}

void arrivals_next(struct arrivals *arrivals)
{
	arrivals->done = arrivals->upto;
	arrivals->any = arrivals->done < arrivals->count;
}

void arrivals_clear(struct arrivals *arrivals)
{
	free(arrivals->items);
	*arrivals = (struct arrivals){.items = NULL};
}
