#include "platform/ingest/ingest.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/proto/event.h"
#include "libs/proto/uplink.h"
#include "platform/core/check.h"
#include "platform/core/metrics.h"
#include "platform/ingest/events.h"
#include "platform/ingest/keys.h"
#include "platform/ingest/past.h"
#include "platform/store/day.h"
#include "platform/store/event.h"
#include "platform/store/info.h"
#include "platform/store/log.h"

#define CONFLICTS_KEPT 64 /* of one batch; all are counted */
#define DAY_FILES_MAX  4096

/* A batch of the open group: not visible in the files yet. */
struct pending {
	const struct ingest_batch *batch;
	uint64_t boot, seq, hash;
};

struct ingest {
	struct ingest_config config;
	struct slots *slots;
	struct directory *dir; /* as the next step must see it */
	bool dir_changed;      /* in the open group */
	struct batch_keys *keys;
	struct day_reader *reader;
	struct past *past;
	uint8_t hash_key[16];
	uint64_t epoch;
	int64_t saved_file; /* the file of the last save */
	int64_t data_version;
	uint64_t damaged; /* parts, found by the last load */

	struct pending *pending;
	size_t pending_count, pending_room;

	/* of the batch at hand */
	void *memory;
	struct arena arena;
	struct uplink up;
	struct past_row *slow;
	size_t slow_count, slow_room;
	int64_t t_min, t_max;
	int64_t unknown_meter;
	int64_t now_s;
	int64_t accepted, unknown, refused[CHECK_RANGE + 1];

	pthread_mutex_t lock;
	struct directory *published;
};

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

static enum err reload_directory(struct ingest *in)
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
	return reload_directory(arg);
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
	if (reload_directory(in))
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

static enum err pending_add(struct ingest *in, const struct ingest_batch *batch, uint64_t hash)
{
	if (in->pending_count == in->pending_room) {
		size_t more = in->pending_room ? in->pending_room * 2 : 128;
		struct pending *pending = realloc(in->pending, more * sizeof *pending);

		if (!pending)
			return ERR_NOMEM;
		in->pending = pending;
		in->pending_room = more;
	}
	in->pending[in->pending_count++] = (struct pending){batch, in->up.boot, in->up.seq, hash};
	return ERR_NONE;
}

/* ---- readings ---- */

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

static enum err take_table(struct ingest *in, int64_t gateway_id, const struct readings *table)
{
	uint32_t first = 0;
	enum err err;

	for (uint32_t run = 0; run < table->runs; first += table->run_len[run++]) {
		const struct dir_meter *meter = directory_meter(in->dir, table->run_meter[run]);

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

static enum err take_tables(struct ingest *in, int64_t gateway_id, int64_t now_ms)
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

static void count_readings(const struct ingest *in)
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

/* ---- the slow path ---- */

static enum err note_conflict(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                              const struct reading *reading, int64_t now_ms, struct effects *out)
{
	struct conflict_row conflict = {.property_id = batch->property_id,
	                                .gateway_id = batch->gateway_id,
	                                .boot = in->up.boot,
	                                .seq = in->up.seq,
	                                .meter = reading->meter,
	                                .at_s = reading->time_s,
	                                .stored_ms = now_ms};
	struct event_row event = {.property_id = batch->property_id,
	                          .gateway_id = batch->gateway_id,
	                          .meter = reading->meter,
	                          .kind = EVENT_READING_CONFLICT,
	                          .value = reading->energy_wh,
	                          .at_s = reading->time_s,
	                          .stored_ms = now_ms};
	enum err err;

	err = tx_open(tx);
	if (err)
		return err;
	snprintf(conflict.source, sizeof conflict.source,
	         "r:%" PRId64 ":%" PRId64 ":%016" PRIx64 ":%" PRIu64, reading->meter,
	         reading->time_s, in->up.boot, in->up.seq);
	err = conflict_insert(tx->db, &conflict);
	if (err)
		return err == ERR_DUP ? ERR_NONE : err;
	memcpy(event.source, conflict.source, sizeof event.source);
	return event_note(tx, &event, out);
}

static enum err look_back(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                          int64_t now_ms, struct effects *out)
{
	int64_t same = 0, missing = 0, different = 0;
	enum err err;

	for (size_t i = 0; i < in->pending_count; i++)
		if (in->pending[i].batch->gateway_id == batch->gateway_id)
			past_look_in(in->past, in->pending[i].batch->body,
			             in->pending[i].batch->len, in->slow, in->slow_count);
	err = past_look(in->past, batch->property_id, batch->gateway_id, in->slow, in->slow_count);
	for (size_t i = 0; !err && i < in->slow_count; i++) {
		switch (in->slow[i].answer) {
		case PAST_SAME:
			same++;
			break;
		case PAST_MISSING:
			missing++;
			break;
		case PAST_DIFFERENT:
			if (different++ < CONFLICTS_KEPT)
				err = note_conflict(in, tx, batch, &in->slow[i].reading, now_ms,
				                    out);
			break;
		}
	}
	metric_add(METRIC_READINGS_DUPLICATE, same);
	metric_add(METRIC_READINGS_PAST, missing);
	metric_add(METRIC_READINGS, missing);
	metric_add(METRIC_READINGS_CONFLICT, different);
	return err;
}

/* ---- answers to the gateway ---- */

static enum err acknowledge(const struct ingest_batch *batch, uint64_t boot, uint64_t seq,
                            uint32_t refused, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_ACK);

	if (!effect)
		return ERR_NOMEM;
	memcpy(effect->u.ack.property, batch->property, sizeof effect->u.ack.property);
	memcpy(effect->u.ack.gateway, batch->gateway, sizeof effect->u.ack.gateway);
	effect->u.ack.boot = boot;
	effect->u.ack.seq = seq;
	effect->u.ack.refused = refused;
	return ERR_NONE;
}

bool uplink_name(const uint8_t *body, size_t len, uint64_t *boot, uint64_t *seq)
{
	enum { TAG_BOOT = 1 << 3 | 1, TAG_SEQ = 2 << 3 };

	unsigned shift = 0;

	if (len < 11 || body[0] != TAG_BOOT || body[9] != TAG_SEQ)
		return false;
	*boot = get_le64(body + 1);
	*seq = 0;
	for (size_t i = 10; i < len && shift < 64; i++, shift += 7) {
		*seq |= (uint64_t)(body[i] & 0x7F) << shift;
		if (body[i] < 0x80)
			return *boot != 0 && *seq != 0;
	}
	return false;
}

/* An event of the platform about what a gateway sent; one per source. */
static enum err note_batch(struct tx *tx, const struct ingest_batch *batch, uint32_t kind,
                           uint32_t detail, int64_t value, const char *source, int64_t now_ms,
                           struct effects *out)
{
	struct event_row event = {.property_id = batch->property_id,
	                          .gateway_id = batch->gateway_id,
	                          .kind = kind,
	                          .detail = detail,
	                          .value = value,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "%s", source);
	return event_note(tx, &event, out);
}

/* Bytes that are no batch. If they begin like one, its gateway is told to set it aside, or it would
 * offer it for ever. */
static enum err refuse_malformed(struct tx *tx, const struct ingest_batch *batch, enum err why,
                                 int64_t now_ms, struct effects *out)
{
	uint32_t reason = why == ERR_TOO_LONG ? UPLINK_TOO_LONG : UPLINK_MALFORMED;
	uint64_t boot, seq;
	char source[96];
	enum err err;

	metric_add(METRIC_BATCHES_BAD, 1);
	/* One event per gateway and hour: a flood of rubbish does not fill the store. */
	snprintf(source, sizeof source, "bad:%" PRId64 ":%" PRId64, batch->gateway_id,
	         now_ms / 3600000);
	err = note_batch(tx, batch, EVENT_BAD_BATCH, reason, (int64_t)batch->len, source, now_ms,
	                 out);
	if (err || !uplink_name(batch->body, batch->len, &boot, &seq))
		return err;
	return acknowledge(batch, boot, seq, reason, out);
}

/* The same name was stored before. ERR_NOT_FOUND: its row cannot be read. */
static enum err stored_hash(struct ingest *in, const struct ingest_batch *batch, int64_t file,
                            uint64_t *hash)
{
	for (size_t i = 0; i < in->pending_count; i++) {
		const struct pending *p = &in->pending[i];

		if (p->batch->gateway_id == batch->gateway_id && p->boot == in->up.boot &&
		    p->seq == in->up.seq) {
			*hash = p->hash;
			return ERR_NONE;
		}
	}
	return day_reader_find(in->reader, file, batch->property_id, batch->gateway_id, in->up.boot,
	                       in->up.seq, hash);
}

static enum err take_repeat(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                            int64_t file, uint64_t hash, int64_t now_ms, struct effects *out)
{
	struct conflict_row conflict = {.property_id = batch->property_id,
	                                .gateway_id = batch->gateway_id,
	                                .boot = in->up.boot,
	                                .seq = in->up.seq,
	                                .at_s = now_ms / 1000,
	                                .stored_ms = now_ms,
	                                .body = batch->body,
	                                .body_len = batch->len};
	uint64_t before;
	enum err err;

	err = stored_hash(in, batch, file, &before);
	if (err == ERR_NOMEM || err == ERR_BUSY)
		return err;
	if (err || before == hash) {
		if (err)
			metric_add(METRIC_STORE_DAMAGED, 1);
		metric_add(METRIC_BATCHES_REPEATED, 1);
		return acknowledge(batch, in->up.boot, in->up.seq, 0, out);
	}
	metric_add(METRIC_BATCHES_CONFLICT, 1);
	snprintf(conflict.source, sizeof conflict.source, "b:%" PRId64 ":%016" PRIx64 ":%" PRIu64,
	         batch->gateway_id, in->up.boot, in->up.seq);
	err = tx_open(tx);
	if (!err)
		err = conflict_insert(tx->db, &conflict);
	if (!err)
		err = note_batch(tx, batch, EVENT_BATCH_CONFLICT, 0, (int64_t)in->up.seq,
		                 conflict.source, now_ms, out);
	if (err && err != ERR_DUP)
		return err;
	return acknowledge(batch, in->up.boot, in->up.seq, UPLINK_NAME_TAKEN, out);
}

/* ---- a batch ---- */

static enum err apply_rest(struct ingest *in, struct tx *tx, const struct batch_origin *origin,
                           int64_t now_ms, struct effects *out)
{
	enum err err;

	if (in->up.event_count == 0 && in->up.result_count == 0)
		return ERR_NONE;
	out->hurry |= in->up.result_count > 0;
	err = tx_open(tx);
	if (!err)
		err = events_apply(tx, origin, in->up.events, in->up.event_count, now_ms, out);
	for (size_t i = 0; !err && i < in->up.result_count; i++)
		err = command_result_apply(tx, &in->config.rules, origin->property_id,
		                           origin->gateway_id, &in->up.results[i], now_ms, out);
	return err;
}

static enum err note_unknown(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                             int64_t now_ms, struct effects *out)
{
	char source[96];

	if (!in->unknown)
		return ERR_NONE;
	snprintf(source, sizeof source, "unknown:%" PRId64 ":%" PRId64, batch->gateway_id,
	         now_ms / 3600000);
	return note_batch(tx, batch, EVENT_UNKNOWN_METER, 0, in->unknown_meter, source, now_ms,
	                  out);
}

/* The file knows this name and our keys do not: they were loaded while it could not be read. */
static enum err take_forgotten(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                               uint64_t hash, int64_t now_ms, struct effects *out)
{
	int64_t file, rowid;
	enum err err;

	days_newest(tx->days, &file, &rowid);
	err = batch_keys_add(in->keys, batch->gateway_id, in->up.boot, in->up.seq, file);
	return err ? err : take_repeat(in, tx, batch, file, hash, now_ms, out);
}

static enum err take_new(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                         uint64_t hash, int64_t now_ms, struct effects *out)
{
	struct batch_origin origin = {batch->property_id, batch->gateway_id, in->up.boot,
	                              in->up.seq};
	struct batch_row row = {.property_id = batch->property_id,
	                        .gateway_id = batch->gateway_id,
	                        .boot = in->up.boot,
	                        .seq = in->up.seq,
	                        .stored_ms = now_ms,
	                        .hash = hash,
	                        .body = batch->body,
	                        .body_len = batch->len};
	int64_t file, rowid;
	enum err err;

	err = take_tables(in, batch->gateway_id, now_ms);
	if (err)
		return err;
	if (in->slow_count)
		err = look_back(in, tx, batch, now_ms, out);
	if (!err)
		err = note_unknown(in, tx, batch, now_ms, out);
	if (!err)
		err = apply_rest(in, tx, &origin, now_ms, out);
	row.t_min = in->t_min;
	row.t_max = in->t_max;
	if (!err)
		err = days_append(tx->days, &row, now_ms);
	if (err == ERR_DUP)
		return take_forgotten(in, tx, batch, hash, now_ms, out);
	if (!err) {
		days_newest(tx->days, &file, &rowid);
		err = batch_keys_add(in->keys, batch->gateway_id, in->up.boot, in->up.seq, file);
	}
	if (!err)
		err = pending_add(in, batch, hash);
	if (err)
		return err;
	count_readings(in);
	metric_add(METRIC_BATCHES, 1);
	metric_add(METRIC_BATCH_BYTES, (int64_t)batch->len);
	return acknowledge(batch, in->up.boot, in->up.seq, 0, out);
}

enum err ingest_batch_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct ingest_batch *batch = arg;
	struct ingest *in = batch->ingest;
	uint64_t hash;
	int64_t file;
	enum err err;

	arena_reset(&in->arena);
	err = uplink_decode(batch->body, batch->len, &in->arena, &in->up);
	/* A batch without content is a cut one: what was cut off must not be acknowledged. */
	if (!err && !in->up.table_count && !in->up.event_count && !in->up.result_count)
		err = ERR_BAD_INPUT;
	if (err)
		return refuse_malformed(tx, batch, err, now_ms, out);
	hash = batch_hash(in->hash_key, batch->body, batch->len);
	if (batch_keys_find(in->keys, batch->gateway_id, in->up.boot, in->up.seq, &file))
		return take_repeat(in, tx, batch, file, hash, now_ms, out);
	return take_new(in, tx, batch, hash, now_ms, out);
}

/* ---- start ---- */

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
	for (size_t i = 0; !err && i < load->file_count; i++) {
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
	load->err = take_tables(in, row->gateway_id, row->stored_ms);
	if (!load->err)
		load->err = apply_rest(in, load->tx, &origin, row->stored_ms, load->out);
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
		err = reload_directory(in);
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

/* ---- each minute, each second ---- */

enum err ingest_save_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct ingest *in = arg;
	struct day_file_row row = {.created_s = now_ms / 1000};
	enum err err;

	(void)out;
	err = latest_save(in->config.latest, tx->db, in->dir);
	if (err)
		return err;
	days_newest(tx->days, &row.file, &row.applied);
	if (row.file == 0)
		return ERR_NONE; /* nothing came since the start */
	/* Files before this one get no more batches: all of them is applied. */
	if (in->saved_file && in->saved_file != row.file) {
		struct day_file_row closed = {.file = in->saved_file, .applied = INT64_MAX};

		err = day_file_put(tx->db, &closed);
		if (err)
			return err;
	}
	in->saved_file = row.file;
	return day_file_put(tx->db, &row);
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
	return effects_directory(out);
}

/* ---- gateways ---- */

enum err gateway_state_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct gateway_state *state = arg;
	struct gateway_row row;
	struct effect *effect;
	enum err err;

	err = gateway_get(tx->db, state->property_id, state->gateway_id, &row);
	if (err)
		return err;
	row.online = state->online;
	row.state_at_ms = now_ms;
	if (state->online)
		row.config_seen = state->config_seen;
	memcpy(row.state, state->json, sizeof row.state);
	err = gateway_set_state(tx->db, &row);
	if (err)
		return err;
	effect = effects_add(out, EFFECT_GATEWAY);
	if (!effect)
		return ERR_NOMEM;
	effect->u.gateway = row;
	return ERR_NONE;
}

enum err foreign_report_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct foreign_report *report = arg;
	struct event_row event = {.property_id = report->property_id,
	                          .gateway_id = report->gateway_id,
	                          .kind = report->kind,
	                          .value = report->value,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	if (report->property_id == 0)
		return ERR_NONE;
	snprintf(event.source, sizeof event.source, "f:%s:%" PRId64, report->source,
	         now_ms / 3600000);
	return event_note(tx, &event, out);
}

uint64_t ingest_epoch(struct ingest *in)
{
	return __atomic_load_n(&in->epoch, __ATOMIC_RELAXED);
}
