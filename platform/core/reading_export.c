#include "platform/core/reading_export.h"

#include <stdlib.h>
#include <string.h>

#include "libs/proto/uplink.h"
#include "platform/core/check.h"
#include "platform/store/meter.h"
#include "platform/store/space.h"

#define FILES_MAX     4096
#define EXTENTS_SLICE 64   /* gateways looked through in one slice */
#define LINES_SLICE   4096 /* lines put in one slice */
#define TEXT_BLOCK    65536

/* A window grows while little is found in it, and shrinks when much is; below a minute only when
 * there is no other way, because a plan of a minute leaves its rows in one second of it. */
#define WINDOW_FIRST_S INT64_C(600)
#define WINDOW_MIN_S   60
#define WINDOW_MAX_S   INT64_C(86400)
#define ROWS_FEW       8192
#define ROWS_MANY      131072
#define ROWS_MAX       262144 /* 16 MiB */
#define LOOKED_FEW     32768
#define LOOKED_MANY    262144

struct meter {
	int64_t meter, gateway_id;
	int64_t period_s;
	int64_t last_s;           /* of its last line, or where it begins */
	const char *name, *space; /* NULL: not looked up yet */
};

/* What a day file holds of all our gateways together. */
struct extent {
	int64_t file;
	struct day_extent of;
};

struct row {
	struct reading value;
	uint64_t order; /* of arrival: which file, and where in it */
};

struct text_block {
	struct text_block *next;
	size_t used;
	char text[TEXT_BLOCK];
};

enum phase { PHASE_BEGIN, PHASE_EXTENTS, PHASE_WINDOW, PHASE_LINES, PHASE_LAST_GAPS, PHASE_OVER };

struct reading_export {
	struct reading_export_ask ask;
	enum phase phase;
	struct meter *meters; /* by number, from the first slice on */
	size_t meter_count, meter_room;
	int64_t *gateways;
	size_t gateway_count;
	struct text_block *texts;
	struct extent *extents;
	size_t extent_count, extent_at, extent_gateway;
	int64_t window_from_s, window_s; /* the next one */
	struct row *rows;
	size_t row_count, row_room, row_at;
	size_t looked; /* rows decoded for this window, those of other meters too */
	size_t gap_at; /* meter whose last gap is next */
	void *memory;
	struct arena arena;
	struct uplink *uplink;
	size_t file_at; /* being read */
	enum err read_err;
	int64_t lines;
	uint64_t damaged;
};

enum err reading_export_new(struct reading_export **out, const struct reading_export_ask *ask)
{
	struct reading_export *x = calloc(1, sizeof *x);

	*out = x;
	if (!x)
		return ERR_NOMEM;
	x->ask = *ask;
	return ask->from_s >= 0 && ask->from_s < ask->to_s ? ERR_NONE : ERR_BAD_INPUT;
}

void reading_export_free(struct reading_export *x)
{
	if (!x)
		return;
	while (x->texts) {
		struct text_block *block = x->texts;

		x->texts = block->next;
		free(block);
	}
	free(x->meters);
	free(x->gateways);
	free(x->extents);
	free(x->rows);
	free(x->memory);
	free(x->uplink);
	free(x);
}

enum err reading_export_add(struct reading_export *x, int64_t meter, int64_t gateway_id,
                            int64_t period_s)
{
	if (x->meter_count == x->meter_room) {
		size_t room = x->meter_room ? x->meter_room * 2 : 64;
		struct meter *more = realloc(x->meters, room * sizeof *more);

		if (!more)
			return ERR_NOMEM;
		x->meters = more;
		x->meter_room = room;
	}
	x->meters[x->meter_count++] = (struct meter){.meter = meter,
	                                             .gateway_id = gateway_id,
	                                             .period_s = period_s,
	                                             .last_s = x->ask.from_s};
	return ERR_NONE;
}

/* ---- names and places, looked up when a meter first appears ---- */

static const char *keep_text(struct reading_export *x, const char *text)
{
	size_t size = strlen(text) + 1;
	struct text_block *block = x->texts;

	if (!block || block->used + size > sizeof block->text) {
		block = malloc(sizeof *block);
		if (!block)
			return NULL;
		block->next = x->texts;
		block->used = 0;
		x->texts = block;
	}
	block->used += size;
	return memcpy(block->text + block->used - size, text, size);
}

static enum err look_up(struct reading_export *x, struct db *db, struct meter *meter)
{
	char path[SPACE_PATH_SIZE] = "";
	struct meter_row row;
	struct space_row space;
	enum err err;

	if (meter->name)
		return ERR_NONE;
	err = meter_get(db, x->ask.property_id, meter->meter, &row);
	if (!err && row.space_id)
		err = space_get(db, x->ask.property_id, row.space_id, &space);
	if (!err && row.space_id)
		err = space_path(db, &space, path);
	if (err)
		return err;
	/* Nothing is missing from before it was there. */
	if (row.created_s > meter->last_s)
		meter->last_s = row.created_s;
	meter->space = keep_text(x, path);
	meter->name = meter->space ? keep_text(x, row.name) : NULL;
	return meter->name ? ERR_NONE : ERR_NOMEM;
}

/* ---- what there is to read ---- */

static int meter_order(const void *a, const void *b)
{
	const struct meter *x = a, *y = b;

	return (x->meter > y->meter) - (x->meter < y->meter);
}

static int number_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum err make_gateways(struct reading_export *x)
{
	size_t n = 0;

	x->gateways = calloc(x->meter_count + 1, sizeof *x->gateways);
	if (!x->gateways)
		return ERR_NOMEM;
	for (size_t i = 0; i < x->meter_count; i++)
		x->gateways[i] = x->meters[i].gateway_id;
	qsort(x->gateways, x->meter_count, sizeof *x->gateways, number_order);
	for (size_t i = 0; i < x->meter_count; i++)
		if (!n || x->gateways[n - 1] != x->gateways[i])
			x->gateways[n++] = x->gateways[i];
	x->gateway_count = n;
	return ERR_NONE;
}

/* Files from which something of the period may come. */
static enum err make_extents(struct reading_export *x, struct day_reader *days)
{
	int64_t *files = calloc(FILES_MAX, sizeof *files);
	size_t count;

	if (!files)
		return ERR_NOMEM;
	count = day_reader_list(days, files, FILES_MAX);
	if (count > FILES_MAX)
		count = FILES_MAX;
	x->extents = calloc(count + 1, sizeof *x->extents);
	/* A reading may be dated a little after its arrival: hence the day before. */
	for (size_t i = 0; x->extents && i < count; i++)
		if (files[i] / DAY_PARTS >= x->ask.from_s / 86400 - 1)
			x->extents[x->extent_count++] = (struct extent){
			        .file = files[i], .of = {.t_min = INT64_MAX, .t_max = INT64_MIN}
                        };
	free(files);
	return x->extents ? ERR_NONE : ERR_NOMEM;
}

static enum err begin(struct reading_export *x, struct day_reader *days)
{
	enum err err;

	x->memory = malloc(UPLINK_ARENA_SIZE);
	x->uplink = malloc(sizeof *x->uplink);
	if (!x->memory || !x->uplink)
		return ERR_NOMEM;
	arena_init(&x->arena, x->memory, UPLINK_ARENA_SIZE);
	if (x->meter_count)
		qsort(x->meters, x->meter_count, sizeof *x->meters, meter_order);
	err = make_gateways(x);
	if (!err)
		err = make_extents(x, days);
	x->window_from_s = x->ask.from_s;
	x->window_s = WINDOW_FIRST_S;
	x->phase = PHASE_EXTENTS;
	return err;
}

static void extent_join(struct day_extent *all, const struct day_extent *one)
{
	if (one->t_max < one->t_min)
		return;
	if (one->t_min < all->t_min)
		all->t_min = one->t_min;
	if (one->t_max > all->t_max)
		all->t_max = one->t_max;
	if (one->longest_s > all->longest_s)
		all->longest_s = one->longest_s;
}

static enum err look_through(struct reading_export *x, struct day_reader *days)
{
	enum err err = ERR_NONE;

	for (int i = 0; !err && i < EXTENTS_SLICE && x->extent_at < x->extent_count; i++) {
		struct extent *extent = &x->extents[x->extent_at];
		struct day_extent one = {.t_max = INT64_MIN};

		if (x->extent_gateway < x->gateway_count)
			err = day_reader_extent(days, extent->file, x->ask.property_id,
			                        x->gateways[x->extent_gateway], x->ask.from_s,
			                        &one);
		extent_join(&extent->of, &one);
		if (++x->extent_gateway >= x->gateway_count) {
			x->extent_gateway = 0;
			x->extent_at++;
		}
	}
	if (x->extent_at == x->extent_count)
		x->phase = PHASE_WINDOW;
	return err;
}

/* ---- a window of time ---- */

static bool keep(struct reading_export *x, const struct reading *value, uint64_t order)
{
	if (x->row_count == ROWS_MAX && x->window_s > 1) {
		x->read_err = ERR_TOO_LONG;
		return false;
	}
	if (x->row_count == x->row_room) {
		size_t room = x->row_room ? x->row_room * 2 : 4096;
		struct row *more = realloc(x->rows, room * sizeof *more);

		if (!more) {
			x->read_err = ERR_NOMEM;
			return false;
		}
		x->rows = more;
		x->row_room = room;
	}
	x->rows[x->row_count++] = (struct row){*value, order};
	return true;
}

static bool take_run(struct reading_export *x, const struct readings *table, uint32_t run,
                     uint32_t first, const struct batch_row *batch)
{
	const struct meter key = {.meter = table->run_meter[run]};
	uint64_t order = (uint64_t)x->file_at << 44 | (uint64_t)batch->rowid;
	int64_t from_s = x->window_from_s, to_s = from_s + x->window_s;

	if (!bsearch(&key, x->meters, x->meter_count, sizeof key, meter_order))
		return true;
	for (uint32_t i = first; i < first + table->run_len[run]; i++) {
		struct reading value;

		if (table->time_s[i] < from_s || table->time_s[i] >= to_s ||
		    table->time_s[i] >= x->ask.to_s)
			continue;
		value = readings_row(table, run, i);
		/* The batch was stored whole: what was refused then is refused now. */
		if (reading_check(&value, batch->stored_ms / 1000) == CHECK_GOOD &&
		    !keep(x, &value, order))
			return false;
	}
	return true;
}

static bool take_batch(void *arg, const struct batch_row *batch)
{
	struct reading_export *x = arg;

	arena_reset(&x->arena);
	if (uplink_decode(batch->body, batch->body_len, &x->arena, x->uplink)) {
		x->damaged++;
		return true;
	}
	for (size_t i = 0; i < x->uplink->table_count; i++) {
		const struct readings *table = &x->uplink->table[i];
		uint32_t first = 0;

		x->looked += table->count;
		for (uint32_t run = 0; run < table->runs; first += table->run_len[run++])
			if (!take_run(x, table, run, first, batch))
				return false;
	}
	return true;
}

static enum err read_window(struct reading_export *x, struct day_reader *days)
{
	int64_t from_s = x->window_from_s, to_s = from_s + x->window_s;
	enum err err = ERR_NONE;

	x->row_count = x->row_at = x->looked = 0;
	x->read_err = ERR_NONE;
	for (size_t f = 0; !err && f < x->extent_count; f++) {
		const struct extent *extent = &x->extents[f];

		if (extent->of.t_max < from_s || extent->of.t_min >= to_s)
			continue;
		x->file_at = f;
		for (size_t g = 0; !err && g < x->gateway_count; g++) {
			err = day_reader_window(days, extent->file, x->ask.property_id,
			                        x->gateways[g], from_s, to_s, extent->of.longest_s,
			                        take_batch, x, &x->damaged);
			if (!err)
				err = x->read_err;
		}
	}
	return err;
}

/* By time and meter, and of the same second the one that arrived first. */
static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->value.time_s != y->value.time_s)
		return x->value.time_s < y->value.time_s ? -1 : 1;
	if (x->value.meter != y->value.meter)
		return x->value.meter < y->value.meter ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* The first stored reading of a second counts; later ones are repeats or conflicts. */
static void sort_rows(struct reading_export *x)
{
	size_t n = 0;

	if (x->row_count)
		qsort(x->rows, x->row_count, sizeof *x->rows, row_order);
	for (size_t i = 0; i < x->row_count; i++) {
		const struct reading *value = &x->rows[i].value;

		if (n && x->rows[n - 1].value.time_s == value->time_s &&
		    x->rows[n - 1].value.meter == value->meter)
			continue;
		x->rows[n++] = x->rows[i];
	}
	x->row_count = n;
}

/* Where something is, from `from_s` on; the end of the period when nothing is. */
static int64_t next_stored_s(const struct reading_export *x, int64_t from_s)
{
	int64_t next_s = x->ask.to_s;

	for (size_t i = 0; i < x->extent_count; i++) {
		const struct day_extent *of = &x->extents[i].of;
		int64_t at_s = of->t_min > from_s ? of->t_min : from_s;

		if (of->t_max >= from_s && at_s < next_s)
			next_s = at_s;
	}
	return next_s;
}

static enum err next_window(struct reading_export *x, struct day_reader *days)
{
	enum err err;

	x->window_from_s = next_stored_s(x, x->window_from_s);
	if (x->window_from_s >= x->ask.to_s) {
		x->phase = PHASE_LAST_GAPS;
		return ERR_NONE;
	}
	err = read_window(x, days);
	if (err == ERR_TOO_LONG) {
		x->window_s /= 2; /* the same once more */
		return ERR_NONE;
	}
	if (err)
		return err;
	sort_rows(x);
	x->window_from_s += x->window_s;
	if (x->row_count < ROWS_FEW && x->looked < LOOKED_FEW && x->window_s < WINDOW_MAX_S)
		x->window_s *= 2;
	else if ((x->row_count > ROWS_MANY || x->looked > LOOKED_MANY) &&
	         x->window_s >= 2 * WINDOW_MIN_S)
		x->window_s /= 2;
	x->phase = PHASE_LINES;
	return ERR_NONE;
}

/* ---- lines ---- */

static enum err put(struct reading_export *x, const struct reading_sink *sink,
                    const struct meter *meter, const struct reading *value, int64_t gap_from_s)
{
	const struct reading_line line = {.name = meter->name,
	                                  .space = meter->space,
	                                  .is_gap = gap_from_s > 0,
	                                  .gap_from_s = gap_from_s,
	                                  .value = *value};

	x->lines++;
	return reading_sink_put(sink, &line);
}

static enum err put_gap(struct reading_export *x, const struct reading_sink *sink,
                        const struct meter *meter, int64_t to_s)
{
	const struct reading value = {.meter = meter->meter, .time_s = to_s};

	if (!x->ask.gaps || to_s - meter->last_s <= meter->period_s * 5 / 2)
		return ERR_NONE;
	return put(x, sink, meter, &value, meter->last_s);
}

static enum err put_row(struct reading_export *x, struct db *db, const struct reading_sink *sink,
                        const struct reading *value)
{
	const struct meter key = {.meter = value->meter};
	struct meter *meter = bsearch(&key, x->meters, x->meter_count, sizeof key, meter_order);
	enum err err = look_up(x, db, meter);

	if (!err)
		err = put_gap(x, sink, meter, value->time_s);
	meter->last_s = value->time_s;
	return err ? err : put(x, sink, meter, value, 0);
}

static enum err put_rows(struct reading_export *x, struct db *db, const struct reading_sink *sink)
{
	enum err err = ERR_NONE;

	for (int i = 0; !err && i < LINES_SLICE && x->row_at < x->row_count; i++)
		err = put_row(x, db, sink, &x->rows[x->row_at++].value);
	if (x->row_at == x->row_count)
		x->phase = PHASE_WINDOW;
	return err;
}

static enum err put_last_gaps(struct reading_export *x, struct db *db,
                              const struct reading_sink *sink)
{
	int64_t end_s = x->ask.to_s < x->ask.now_s ? x->ask.to_s : x->ask.now_s;
	enum err err = ERR_NONE;

	for (int i = 0; !err && i < LINES_SLICE && x->gap_at < x->meter_count; i++) {
		struct meter *meter = &x->meters[x->gap_at++];

		if (!x->ask.gaps || end_s - meter->last_s <= meter->period_s * 5 / 2)
			continue;
		err = look_up(x, db, meter);
		if (!err)
			err = put_gap(x, sink, meter, end_s);
	}
	if (x->gap_at == x->meter_count)
		x->phase = PHASE_OVER;
	return err;
}

enum err reading_export_slice(struct reading_export *x, struct db *db, struct day_reader *days,
                              const struct reading_sink *sink)
{
	switch (x->phase) {
	case PHASE_BEGIN:
		return begin(x, days);
	case PHASE_EXTENTS:
		return look_through(x, days);
	case PHASE_WINDOW:
		return next_window(x, days);
	case PHASE_LINES:
		return put_rows(x, db, sink);
	case PHASE_LAST_GAPS:
		return put_last_gaps(x, db, sink);
	case PHASE_OVER:
		break;
	}
	return ERR_NONE;
}

bool reading_export_over(const struct reading_export *x)
{
	return x->phase == PHASE_OVER;
}

int64_t reading_export_lines(const struct reading_export *x)
{
	return x->lines;
}

uint64_t reading_export_damaged(const struct reading_export *x)
{
	return x->damaged;
}

/* ---- who takes them ---- */

/* Here, or somewhere below: a person of some rooms takes what hangs in them. */
static enum err require_reach(struct tx *tx, struct readings_taken *taken,
                              const struct place *place, int64_t now_ms)
{
	int64_t now_s = now_ms / 1000;
	enum err err = access_load(tx->db, &taken->actor, now_s, &taken->access);

	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	if (!access_sees(&taken->access, place, now_s))
		return ERR_HIDDEN;
	return access_reaches(&taken->access, PERMISSION_SHEET_EXPORT, place, now_s)
	               ? ERR_NONE
	               : ERR_FORBIDDEN;
}

enum err readings_taken_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct readings_taken *taken = arg;
	struct place place;
	enum err err;

	(void)out;
	err = property_get(tx->db, taken->property_id, &taken->property);
	if (!err)
		err = place_of_space(tx->db, taken->property_id, 0, &place);
	if (!err)
		err = require_reach(tx, taken, &place, now_ms);
	if (err)
		return err;
	return audit_note(tx, &taken->actor, taken->property_id, "readings.export", "readings",
	                  taken->what, now_ms);
}
