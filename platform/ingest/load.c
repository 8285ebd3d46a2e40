/* From the store to memory: at start, and after a commit that failed half-way. */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "platform/core/metrics.h"
#include "platform/ingest/state.h"
#include "platform/store/info.h"
#include "platform/store/log.h"

#define DAY_FILES_MAX 4096

struct load {
	struct ingest *in;
	struct tx *tx;
	struct effects *out;
	int64_t files[DAY_FILES_MAX];
	bool hurt[DAY_FILES_MAX];  /* not all of its index can be read */
	bool named[DAY_FILES_MAX]; /* its names are in the main file */
	size_t file_count;
	struct day_file_row cursors[DAY_FILES_MAX]; /* what the main file knows of day files */
	size_t cursor_count;
	int64_t now_ms;
	int64_t batches;
	uint64_t damaged;
	bool lost;
	enum err err;
};

static bool load_key(void *arg, const struct batch_row *row)
{
	struct load *load = arg;

	load->err = batch_keys_add(load->in->keys, row->gateway_id, row->boot, row->seq, row->file);
	return load->err == ERR_NONE;
}

/* What a stored batch did when it came, once more; rows, events and results that are there already
 * stay as they are. */
static bool replay(void *arg, const struct batch_row *row)
{
	struct load *load = arg;
	struct ingest *in = load->in;
	struct batch_origin origin = {row->property_id, row->gateway_id, row->boot, row->seq};

	arena_reset(&in->arena);
	if (uplink_decode(row->body, row->body_len, &in->arena, &in->up)) {
		load->damaged++;
		return true;
	}
	load->batches++;
	load->err = batch_keys_add(in->keys, row->gateway_id, row->boot, row->seq, row->file);
	if (!load->err)
		load->err = tables_take(in, row->gateway_id, row->stored_ms);
	if (!load->err)
		load->err = batch_apply_rest(in, load->tx, &origin, row->stored_ms, load->out);
	return load->err == ERR_NONE;
}

static void take_cursor(void *arg, const struct day_file_row *row)
{
	struct load *load = arg;

	if (load->cursor_count < DAY_FILES_MAX)
		load->cursors[load->cursor_count++] = *row;
}

static const struct day_file_row *cursor_of(const struct load *load, int64_t file)
{
	for (size_t i = 0; i < load->cursor_count; i++)
		if (load->cursors[i].file == file)
			return &load->cursors[i];
	return NULL;
}

static bool is_there(const struct load *load, int64_t file)
{
	for (size_t i = 0; i < load->file_count; i++)
		if (load->files[i] == file)
			return true;
	return false;
}

/* ---- which batches are stored ---- */

static void take_range(void *arg, const struct day_range *range)
{
	struct load *load = arg;
	size_t i = 0;

	while (i < load->file_count && load->files[i] != range->file)
		i++;
	if (!load->err && i < load->file_count && load->named[i])
		load->err = batch_keys_add_run(load->in->keys, range->gateway_id, range->boot,
		                               range->first, range->last, range->file);
}

/* The names that the main file has of it are true as long as the rows are there; what else may have
 * happened to it is found later (scrub.h). */
static bool is_named(struct load *load, int64_t file)
{
	const struct day_file_row *cursor = cursor_of(load, file);
	struct day_end end;

	return cursor && cursor->ranges_to && !cursor->lost_s &&
	       cursor->applied <= cursor->ranges_to &&
	       day_reader_end(load->in->reader, file, &end) == ERR_NONE &&
	       end.rowid >= cursor->ranges_to;
}

/* What was looked through need not be at the next start. */
static enum err keep_names(struct load *load, size_t i)
{
	const struct day_file_row *cursor = cursor_of(load, load->files[i]);
	struct day_file_row row;
	struct day_end end;

	if (!cursor || cursor->lost_s || load->hurt[i] ||
	    day_reader_end(load->in->reader, load->files[i], &end))
		return ERR_NONE;
	row = *cursor;
	row.ranges_to = end.rowid;
	return ingest_save_file(load->in, load->tx, &row);
}

static enum err look_through(struct load *load, size_t i)
{
	uint64_t damaged = load->damaged;
	enum err err =
	        day_reader_keys(load->in->reader, load->files[i], load_key, load, &load->damaged);

	load->hurt[i] = load->damaged > damaged;
	return err ? err : load->err;
}

static enum err load_keys(struct load *load)
{
	enum err err = ERR_NONE;

	batch_keys_clear(load->in->keys);
	for (size_t i = 0; i < load->file_count; i++)
		load->named[i] = is_named(load, load->files[i]);
	/* The newest first: a batch that is in two files was damaged in the older one. */
	for (size_t i = load->file_count; !err && i-- > 0;)
		if (!load->named[i])
			err = look_through(load, i);
	if (!err)
		err = day_range_list(load->tx->db, take_range, load);
	if (!err)
		err = load->err;
	for (size_t i = 0; !err && i < load->file_count; i++)
		if (!load->named[i])
			err = keep_names(load, i);
	return err;
}

/* ---- what is lost ---- */

/* Readings of a file are gone: noted once, and the gateways are asked for them. */
static enum err lose(struct load *load, int64_t file, int64_t applied, const char *why)
{
	const struct day_file_row row = {
	        .file = file, .applied = applied, .lost_s = load->now_ms / 1000};

	enum err err = day_range_forget(load->tx->db, file);

	log_error("store: day file %" PRId64 " %s; gateways are asked for it again", file, why);
	load->lost = true;
	return err ? err : day_file_put(load->tx->db, &row);
}

/* The main file has seen more rows of it than there are now. */
static bool has_shrunk(struct load *load, const struct day_file_row *cursor)
{
	int64_t seen = cursor->applied == INT64_MAX ? 1 : cursor->applied;
	struct day_end end;

	return day_reader_end(load->in->reader, cursor->file, &end) == ERR_NONE && end.rowid < seen;
}

static enum err look_at_file(struct load *load, size_t i)
{
	const struct day_file_row *cursor = cursor_of(load, load->files[i]);

	if (load->hurt[i] && !(cursor && cursor->lost_s))
		return lose(load, load->files[i], cursor ? cursor->applied : 0, "is damaged");
	if (load->hurt[i] || !cursor || !has_shrunk(load, cursor))
		return ERR_NONE;
	load->damaged++;
	return lose(load, load->files[i], 0, "has lost rows");
}

/* Gateways still have what is gone: a new epoch makes them offer all they keep. */
static enum err draw_epoch(struct ingest *in, struct tx *tx)
{
	uint64_t epoch;
	enum err err;

	randombytes_buf(&epoch, sizeof epoch);
	epoch |= 1; /* 0 means none on the wire */
	err = info_epoch_set(tx->db, epoch);
	if (!err)
		__atomic_store_n(&in->epoch, epoch, __ATOMIC_RELAXED);
	return err;
}

static enum err note_lost(struct load *load)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < load->cursor_count; i++) {
		const struct day_file_row *cursor = &load->cursors[i];

		if (cursor->lost_s || is_there(load, cursor->file))
			continue;
		load->damaged++;
		err = lose(load, cursor->file, cursor->applied, "is missing");
	}
	for (size_t i = 0; !err && i < load->file_count; i++)
		err = look_at_file(load, i);
	if (err || !load->lost)
		return err;
	err = draw_epoch(load->in, load->tx);
	load->cursor_count = 0;
	return err ? err : day_file_list(load->tx->db, take_cursor, load);
}

static enum err replay_files(struct load *load)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < load->file_count; i++) {
		const struct day_file_row *cursor = cursor_of(load, load->files[i]);

		err = day_reader_walk(load->in->reader, load->files[i],
		                      cursor ? cursor->applied : 0, replay, load, &load->damaged);
		if (!err)
			err = load->err;
	}
	return err;
}

enum err ingest_load_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct ingest *in = arg;
	struct load *load = calloc(1, sizeof *load);
	enum err err;

	if (!load)
		return ERR_NOMEM;
	load->in = in;
	load->tx = tx;
	load->out = out;
	load->now_ms = now_ms;
	load->file_count = day_reader_list(in->reader, load->files, DAY_FILES_MAX);
	if (load->file_count > DAY_FILES_MAX)
		load->file_count = DAY_FILES_MAX;
	err = tx_open(tx);
	if (!err)
		err = info_epoch(tx->db, &in->epoch);
	if (!err)
		err = info_saved_ms(tx->db, &in->saved_ms);
	if (!err)
		err = ingest_reload_directory(in);
	if (!err)
		err = latest_restore(in->config.latest, tx->db, in->dir);
	if (!err)
		err = day_file_list(tx->db, take_cursor, load);
	if (!err)
		err = load_keys(load);
	if (!err)
		err = note_lost(load);
	if (!err)
		err = replay_files(load);
	if (!err)
		log_info("store: %zu day files, %" PRId64 " batches applied again, %" PRIu64
		         " damaged parts",
		         load->file_count, load->batches, load->damaged);
	metric_add(METRIC_STORE_DAMAGED, (int64_t)load->damaged);
	in->damaged = load->damaged;
	free(load);
	return err ? err : effects_directory(out);
}

/* ---- damage that is found while we run ---- */

static void note_file(void *arg, const struct day_file_row *row)
{
	struct day_file_row *wanted = arg;

	if (row->file == wanted->file)
		*wanted = *row;
}

enum err ingest_damage_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct ingest_damage *damage = arg;
	struct ingest *in = damage->ingest;
	struct day_file_row row = {.file = damage->file, .applied = INT64_MAX};
	struct load *load;
	enum err err = day_file_list(tx->db, note_file, &row);

	(void)out;
	if (err || row.lost_s)
		return err; /* known */
	load = calloc(1, sizeof *load);
	if (!load)
		return ERR_NOMEM;
	load->in = in;
	load->tx = tx;
	load->now_ms = now_ms;
	load->files[0] = damage->file;
	load->file_count = 1;
	err = lose(load, damage->file, row.applied, "is damaged");
	if (!err)
		err = draw_epoch(in, tx);
	/* What can still be read of it counts; the rest is taken when it is offered. */
	if (!err)
		batch_keys_forget_file(in->keys, damage->file);
	if (!err)
		err = look_through(load, 0);
	metric_add(METRIC_STORE_DAMAGED, (int64_t)load->damaged);
	free(load);
	return err;
}
