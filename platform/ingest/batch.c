/* One batch: stored once under its name, acknowledged, or refused with a reason. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/core/metrics.h"
#include "platform/ingest/state.h"
#include "platform/store/log.h"

#define CONFLICTS_KEPT 64 /* of one batch; all are counted */

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

/* The same name was stored before. Any error but ERR_NOMEM and ERR_BUSY: its row cannot be read. */
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

static enum err take_new(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                         uint64_t hash, int64_t now_ms, struct effects *out);

/* The gateway still has what we can read no more: it is stored once more, in another file. The
 * newest file with a name is the one that counts (load.c). */
static enum err take_again(struct ingest *in, struct tx *tx, const struct ingest_batch *batch,
                           int64_t file, uint64_t hash, int64_t now_ms, struct effects *out)
{
	enum err err = days_pass_by(tx->days, file);

	if (!err)
		err = batch_keys_remove(in->keys, batch->gateway_id, in->up.boot, in->up.seq);
	if (!err)
		err = take_new(in, tx, batch, hash, now_ms, out);
	if (err)
		return err;
	metric_add(METRIC_STORE_DAMAGED, 1);
	log_warn("gateway %s: batch %016" PRIx64 ":%" PRIu64
	         " was damaged in the store and is stored again",
	         batch->gateway, in->up.boot, in->up.seq);
	return ERR_NONE;
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
	if (err)
		return take_again(in, tx, batch, file, hash, now_ms, out);
	if (before == hash) {
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

enum err batch_apply_rest(struct ingest *in, struct tx *tx, const struct batch_origin *origin,
                          int64_t now_ms, struct effects *out)
{
	enum err err;

	if (in->up.event_count == 0 && in->up.result_count == 0)
		return ERR_NONE;
	err = tx_open(tx);
	if (!err)
		err = events_apply(tx, origin, in->up.events, in->up.event_count, now_ms, out);
	for (size_t i = 0; !err && i < in->up.result_count; i++)
		err = command_result_apply(tx, origin->property_id, origin->gateway_id,
		                           &in->up.results[i], now_ms, out);
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

	err = tables_take(in, batch->gateway_id, now_ms);
	if (err)
		return err;
	if (in->slow_count)
		err = look_back(in, tx, batch, now_ms, out);
	if (!err)
		err = note_unknown(in, tx, batch, now_ms, out);
	if (!err)
		err = batch_apply_rest(in, tx, &origin, now_ms, out);
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
	tables_count(in);
	metric_add(METRIC_BATCHES, 1);
	metric_add(METRIC_BATCH_BYTES, (int64_t)batch->len);
	return acknowledge(batch, in->up.boot, in->up.seq, 0, out);
}

/* By a clock that is behind, its readings would be the future, and refused whenever they are read. */
static bool must_wait(const struct ingest *in, int64_t now_ms)
{
	int64_t latest_s = now_ms / 1000 + READING_AHEAD_MAX_S;

	for (size_t t = 0; t < in->up.table_count; t++)
		for (uint32_t i = 0; i < in->up.table[t].count; i++)
			if (in->up.table[t].time_s[i] > latest_s)
				return true;
	return false;
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
	if (batch->clock_behind && must_wait(in, now_ms)) {
		metric_add(METRIC_BATCHES_HELD, 1);
		return ERR_REFUSED;
	}
	hash = batch_hash(in->hash_key, batch->body, batch->len);
	if (batch_keys_find(in->keys, batch->gateway_id, in->up.boot, in->up.seq, &file))
		return take_repeat(in, tx, batch, file, hash, now_ms, out);
	return take_new(in, tx, batch, hash, now_ms, out);
}
