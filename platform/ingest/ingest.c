#include "platform/ingest/ingest.h"

#include <stdlib.h>

#include "platform/ingest/state.h"
#include "platform/store/info.h"

/* ---- making ---- */

enum err ingest_new(struct ingest **out, const struct ingest_config *config)
{
	struct ingest *in = calloc(1, sizeof *in);
	enum err err;

	*out = NULL;
	if (!in)
		return ERR_NOMEM;
	in->config = *config;
	pthread_mutex_init(&in->lock, NULL);
	in->slots = slots_new();
	in->keys = batch_keys_new();
	in->memory = malloc(UPLINK_ARENA_SIZE);
	err = in->slots && in->keys && in->memory ? ERR_NONE : ERR_NOMEM;
	if (!err)
		err = info_hash_key(config->db, in->hash_key);
	if (!err)
		err = day_reader_open(&in->reader, config->store_dir, in->hash_key);
	if (!err)
		err = past_new(&in->past, in->reader);
	if (err) {
		ingest_free(in);
		return err;
	}
	arena_init(&in->arena, in->memory, UPLINK_ARENA_SIZE);
	*out = in;
	return ERR_NONE;
}

void ingest_free(struct ingest *in)
{
	if (!in)
		return;
	past_free(in->past);
	day_reader_close(in->reader);
	batch_keys_free(in->keys);
	slots_free(in->slots);
	directory_unref(in->dir);
	directory_unref(in->published);
	pthread_mutex_destroy(&in->lock);
	free(in->pending);
	free(in->slow);
	free(in->memory);
	free(in);
}

/* ---- directory ---- */

enum err ingest_reload_directory(struct ingest *in)
{
	struct directory *dir;
	enum err err;

	err = directory_load(in->config.db, in->slots, &dir);
	if (err)
		return err;
	err = latest_grow(in->config.latest, dir->slot_count);
	if (err) {
		directory_unref(dir);
		return err;
	}
	directory_unref(in->dir);
	in->dir = dir;
	in->dir_changed = true;
	return ERR_NONE;
}

static enum err directory_changed(void *arg, struct tx *tx)
{
	(void)tx;
	return ingest_reload_directory(arg);
}

static void publish_directory(struct ingest *in)
{
	struct directory *old;

	if (!in->dir_changed)
		return;
	in->dir_changed = false;
	pthread_mutex_lock(&in->lock);
	old = in->published;
	in->published = directory_ref(in->dir);
	pthread_mutex_unlock(&in->lock);
	directory_unref(old);
}

struct directory *ingest_directory(struct ingest *in)
{
	struct directory *dir;

	pthread_mutex_lock(&in->lock);
	dir = directory_ref(in->published);
	pthread_mutex_unlock(&in->lock);
	return dir;
}

/* ---- groups ---- */

static void committed(void *arg)
{
	struct ingest *in = arg;

	in->pending_count = 0;
	latest_commit(in->config.latest);
	publish_directory(in);
}

static void rolled_back(void *arg)
{
	struct ingest *in = arg;

	for (size_t i = 0; i < in->pending_count; i++) {
		const struct pending *p = &in->pending[i];

		if (batch_keys_remove(in->keys, p->batch->gateway_id, p->boot, p->seq))
			abort(); /* no memory: a key we cannot forget would be acked unstored */
	}
	in->pending_count = 0;
	in->saved_file = 0; /* save both files' cursors again */
	latest_rollback(in->config.latest);
	if (!in->dir_changed)
		return;
	in->dir_changed = false;
	if (ingest_reload_directory(in))
		abort(); /* the copy holds what was undone */
}

/* At a start a part that cannot be read is counted and passed over; here it was readable before, so
 * the disk fails and it is tried again. */
static enum err recover(void *arg, struct tx *tx, int64_t now_ms, struct effects *out)
{
	struct ingest *in = arg;
	uint64_t damaged = in->damaged;
	enum err err = ingest_load_step(tx, in, now_ms, out);

	if (!err && in->damaged > damaged)
		err = ERR_IO;
	in->damaged = damaged;
	return err;
}

struct writer_hooks ingest_hooks(struct ingest *in)
{
	return (struct writer_hooks){.arg = in,
	                             .changed = directory_changed,
	                             .committed = committed,
	                             .rolled_back = rolled_back,
	                             .recover = recover};
}

/* ---- each minute, each second ---- */

struct put_runs {
	struct db *db;
	int64_t file;
	enum err err;
};

static bool put_run(void *arg, int64_t gateway_id, uint64_t boot, uint64_t first, uint64_t last)
{
	struct put_runs *put = arg;
	const struct day_range range = {put->file, gateway_id, boot, first, last};

	put->err = day_range_put(put->db, &range);
	return put->err == ERR_NONE;
}

enum err ingest_save_file(struct ingest *in, struct tx *tx, const struct day_file_row *row)
{
	struct put_runs put = {.db = tx->db, .file = row->file};
	enum err err = day_range_forget(tx->db, row->file);

	if (!err)
		batch_keys_runs(in->keys, row->file, put_run, &put);
	if (!err)
		err = put.err;
	return err ? err : day_file_put(tx->db, row);
}

/* All that it has now is applied; a clock that is set back may give it more. What cannot be read is applied again. */
static enum err close_file(struct ingest *in, struct tx *tx, int64_t file)
{
	struct day_file_row closed = {.file = file};
	struct day_end end;

	if (day_reader_end(in->reader, file, &end))
		return ERR_NONE;
	closed.applied = closed.ranges_to = end.rowid;
	return ingest_save_file(in, tx, &closed);
}

enum err ingest_save_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct ingest *in = arg;
	struct day_file_row row = {.created_s = now_ms / 1000};
	enum err err;

	(void)out;
	err = latest_save(in->config.latest, tx->db, in->dir);
	if (!err)
		err = info_saved_ms_set(tx->db, now_ms);
	if (err)
		return err;
	days_newest(tx->days, &row.file, &row.applied);
	if (row.file == 0)
		return ERR_NONE; /* nothing came since the start */
	if (in->saved_file && in->saved_file != row.file)
		err = close_file(in, tx, in->saved_file);
	if (err)
		return err;
	in->saved_file = row.file;
	row.ranges_to = row.applied;
	return ingest_save_file(in, tx, &row);
}

enum err ingest_poll_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct ingest *in = arg;
	int64_t version;
	enum err err;

	(void)now_ms;
	err = db_data_version(tx->db, &version);
	if (err || version == in->data_version)
		return err;
	in->data_version = version;
	err = effects_directory(out);
	return err ? err : effects_access(out, 0, 0);
}

int64_t ingest_saved_ms(const struct ingest *in)
{
	return in->saved_ms;
}

uint64_t ingest_epoch(struct ingest *in, uint64_t epoch_part)
{
	uint64_t epoch = __atomic_load_n(&in->epoch, __ATOMIC_RELAXED) ^ epoch_part;

	return epoch ? epoch : 1; /* 0 means none on the wire */
}
