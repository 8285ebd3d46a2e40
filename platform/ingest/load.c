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
	size_t file_count;
	int64_t now_ms;
	int64_t batches;
	uint64_t damaged;
	bool lost;
	enum err err;
	/* cursor of the file at hand */
	int64_t file, applied;
	bool known;
};

static bool load_key(void *arg, const struct batch_row *row)
{
	struct load *load = arg;

	load->err = batch_keys_add(load->in->keys, row->gateway_id, row->boot, row->seq, row->file);
	return load->err == ERR_NONE;
}

static enum err load_keys(struct load *load)
{
	enum err err = ERR_NONE;

	batch_keys_clear(load->in->keys);
	/* The newest first: a batch that is in two files was damaged in the older one. */
	for (size_t i = load->file_count; !err && i-- > 0;) {
		err = day_reader_keys(load->in->reader, load->files[i], load_key, load,
		                      &load->damaged);
		if (!err)
			err = load->err;
	}
	return err;
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
	load->err = tables_take(in, row->gateway_id, row->stored_ms);
	if (!load->err)
		load->err = batch_apply_rest(in, load->tx, &origin, row->stored_ms, load->out);
	return load->err == ERR_NONE;
}

static void look_for_file(void *arg, const struct day_file_row *row)
{
	struct load *load = arg;

	if (row->file == load->file) {
		load->applied = row->applied;
		load->known = true;
	}
}

static void look_for_lost(void *arg, const struct day_file_row *row)
{
	struct load *load = arg;

	for (size_t i = 0; i < load->file_count; i++)
		if (load->files[i] == row->file)
			return;
	if (row->lost_s)
		return;
	load->file = row->file; /* the last one; each load names one */
	load->applied = row->applied;
	load->lost = true;
}

/* Readings of a day are gone. Gateways still have them: a new epoch makes them offer all they keep. */
static enum err note_lost(struct load *load)
{
	struct day_file_row row = {.applied = load->applied};
	enum err err;

	do {
		load->lost = false;
		err = day_file_list(load->tx->db, look_for_lost, load);
		if (err || !load->lost)
			break;
		log_error("store: day file %" PRId64 " is missing; gateways are asked for it again",
		          load->file);
		load->damaged++;
		row = (struct day_file_row){load->file, load->applied, 0, load->now_ms / 1000};
		err = day_file_put(load->tx->db, &row);
		if (!err) {
			randombytes_buf(&load->in->epoch, sizeof load->in->epoch);
			load->in->epoch |= 1; /* 0 means none on the wire */
			err = info_epoch_set(load->tx->db, load->in->epoch);
		}
	} while (!err);
	return err;
}

static enum err replay_files(struct load *load)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < load->file_count; i++) {
		load->file = load->files[i];
		load->applied = 0;
		load->known = false;
		err = day_file_list(load->tx->db, look_for_file, load);
		if (!err)
			err = day_reader_walk(load->in->reader, load->file, load->applied, replay,
			                      load, &load->damaged);
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
