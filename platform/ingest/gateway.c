/* What gateways say about themselves, and what they should not have said. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/ingest/events.h"
#include "platform/ingest/ingest.h"

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
