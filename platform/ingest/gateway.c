/* What gateways say about themselves, and what they should not have said. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/ingest/state.h"
#include "platform/store/info.h"
#include "platform/store/log.h"

/* More than can have been given between a copy of the store and the moment when it is put back. */
#define COMMANDS_SKIPPED INT64_C(1000000)
#define VERSIONS_SKIPPED INT64_C(1000000)

/* The gateway has an acknowledgement of this very epoch for a batch that is not here: this store is
 * an older copy of the one that acknowledged it, or has lost a file that it cannot name. */
static bool store_went_back(const struct gateway_state *state, const struct gateway_row *row)
{
	int64_t file;

	return state->acked_boot && state->acked_seq &&
	       state->acked_epoch == ingest_epoch(state->ingest, row->epoch_part) &&
	       !batch_keys_find(state->ingest->keys, row->gateway_id, state->acked_boot,
	                        state->acked_seq, &file);
}

/* Another epoch makes this gateway offer all it keeps. It may also know command ids and
 * configuration versions that this store has not given yet: those must not mean something else. */
static enum err begin_anew(struct tx *tx, struct gateway_row *row,
                           const struct gateway_state *state, int64_t now_ms, struct effects *out)
{
	struct event_row event = {.property_id = row->property_id,
	                          .gateway_id = row->gateway_id,
	                          .kind = EVENT_STORE_RESTORED,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};
	enum err err;

	log_error("gateway %s: has our word for a batch that this store does not hold (boot"
	          " %016" PRIx64 ", seq %" PRIu64
	          "): an older copy? It is asked for everything again",
	          row->name, state->acked_boot, state->acked_seq);
	row->epoch_part ^= ((uint64_t)randombytes_random() << 32 | randombytes_random()) | 1;
	row->config_version += VERSIONS_SKIPPED;
	row->boot = 0; /* the newest that this copy knows */
	snprintf(event.source, sizeof event.source, "e:%" PRId64 ":%016" PRIx64, row->gateway_id,
	         row->epoch_part);
	err = gateway_begin_anew(tx->db, row);
	if (!err)
		err = sequence_skip(tx->db, "command", COMMANDS_SKIPPED);
	if (!err)
		err = event_note(tx, &event, out);
	return err ? err : effects_directory(out);
}

/* The newest batch of this boot that was in the gateway's folder when it started; 0: none. */
static uint64_t folder_newest(const struct gateway_state *state, uint64_t boot)
{
	for (size_t i = 0; i < state->before_count; i++)
		if (state->before[i].boot == boot)
			return state->before[i].seq;
	return 0;
}

/* Each batch that is here was in the gateway's folder first: a folder that does not know the newest
 * boot, or not all of it, is another one or an older copy. */
static enum err folder_check(struct tx *tx, const struct gateway_state *state,
                             struct gateway_row *row, int64_t now_ms, struct effects *out)
{
	const struct batch_keys *keys = state->ingest->keys;
	uint64_t here = batch_keys_newest(keys, row->gateway_id, row->boot);
	uint64_t there = folder_newest(state, row->boot);
	struct event_row event = {.property_id = row->property_id,
	                          .gateway_id = row->gateway_id,
	                          .kind = EVENT_SPOOL_REPLACED,
	                          .detail = state->before_count ? SPOOL_OLDER : SPOOL_EMPTY,
	                          .value = (int64_t)(here - there),
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	if (!state->has_before || state->boot == 0 || state->boot == row->boot)
		return ERR_NONE;
	if (there >= here) {
		if (batch_keys_newest(keys, row->gateway_id, state->boot))
			row->boot = state->boot;
		return ERR_NONE;
	}
	log_warn("gateway %s: its data folder is %s: %" PRIu64 " batches of boot %016" PRIx64
	         " that are stored here are not there; what it had not sent is lost",
	         row->name, state->before_count ? "an older copy" : "new", here - there, row->boot);
	row->boot = state->boot; /* told once */
	snprintf(event.source, sizeof event.source, "s:%" PRId64 ":%016" PRIx64, row->gateway_id,
	         state->boot);
	return event_note(tx, &event, out);
}

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
	if (store_went_back(state, &row))
		err = begin_anew(tx, &row, state, now_ms, out);
	if (!err)
		err = folder_check(tx, state, &row, now_ms, out);
	if (err)
		return err;
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
	                          .detail = report->detail,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	if (report->property_id == 0)
		return ERR_NONE;
	snprintf(event.source, sizeof event.source, "f:%u:%u:%" PRId64 ":%" PRId64,
	         (unsigned)report->kind, (unsigned)report->detail, report->gateway_id,
	         now_ms / 3600000);
	return event_note(tx, &event, out);
}
