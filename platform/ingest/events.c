#include "platform/ingest/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/core/keys.h"
#include "platform/core/meter_price.h"
#include "platform/core/metrics.h"

/* ---- devices ---- */

static enum err tell(const struct terminal_row *t, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_DEVICE);

	if (!effect)
		return ERR_NOMEM;
	effect->u.device = *t;
	memset(effect->u.device.key_wrapped, 0, sizeof effect->u.device.key_wrapped);
	return ERR_NONE;
}

/* detail: firmware major; value: firmware minor << 16 | address (gateway/meter/terminals.c). */
static void take_found(struct terminal_row *t, const struct uplink_event *event)
{
	t->firmware = (event->detail & 0xFF) << 8 | (uint32_t)(event->value >> 16 & 0xFF);
	t->address = (uint32_t)(event->value & 0xFFFF);
}

/* A chip that belongs to another gateway's meter stays there: a stolen gateway cannot pull it
 * over. */
static bool may_claim(const struct terminal_row *t, const struct batch_origin *origin)
{
	return t->property_id == origin->property_id &&
	       (t->meter == 0 || t->gateway_id == origin->gateway_id);
}

static enum err device_seen(struct tx *tx, const struct batch_origin *origin,
                            const struct uplink_event *event, struct terminal_row *t,
                            int64_t now_ms, struct effects *out)
{
	char chip[CHIP_TEXT_SIZE];
	enum err err;

	chip_format(event->chip, chip);
	memset(t, 0, sizeof *t);
	err = terminal_by_chip(tx->db, chip, t);
	if (err == ERR_NOT_FOUND) {
		t->property_id = origin->property_id;
		memcpy(t->chip, chip, sizeof t->chip);
	} else if (err) {
		return err;
	}
	if (!may_claim(t, origin)) {
		metric_add(METRIC_FOREIGN_TOPIC, 1);
		return ERR_NONE;
	}
	t->gateway_id = origin->gateway_id;
	if (t->first_seen_s == 0)
		t->first_seen_s = now_ms / 1000;
	t->last_seen_s = now_ms / 1000;
	if (event->boot)
		t->boot = event->boot;
	if (event->kind == EVENT_DEVICE_FOUND)
		take_found(t, event);
	err = terminal_put(tx->db, t);
	return err ? err : tell(t, out);
}

static bool about_device(uint32_t kind)
{
	return kind == EVENT_DEVICE_FOUND || kind == EVENT_DEVICE_BACK ||
	       kind == EVENT_DEVICE_LOST || kind == EVENT_TERMINAL_RESTARTED;
}

/* ---- events ---- */

/* A terminal numbers its own events, and a gateway may fetch them twice; the gateway's are named by
 * the batch they came in. */
static void name_source(struct event_row *row, const struct batch_origin *origin,
                        const struct uplink_event *event, size_t index)
{
	if (event->has_chip && event->seq && event->kind < EVENT_DEVICE_FOUND)
		snprintf(row->source, sizeof row->source, "t:%s:%u:%" PRIu64, row->chip,
		         (unsigned)event->boot, event->seq);
	else
		snprintf(row->source, sizeof row->source,
		         "g:%" PRId64 ":%016" PRIx64 ":%" PRIu64 ":%zu", origin->gateway_id,
		         origin->boot, origin->seq, index);
}

/* A meter that charges itself was cut or came back, or started anew: what it has is read back. */
static bool tells_of_credit(const struct uplink_event *event)
{
	return event->kind == EVENT_CREDIT || event->kind == EVENT_BOOT ||
	       (event->kind == EVENT_RELAY_MOVED && event->detail == RELAY_CAUSE_CREDIT);
}

static enum err event_apply(struct tx *tx, const struct batch_origin *origin,
                            const struct uplink_event *event, size_t index, int64_t now_ms,
                            struct effects *out)
{
	struct event_row row = {.property_id = origin->property_id,
	                        .gateway_id = origin->gateway_id,
	                        .meter = (int64_t)event->meter,
	                        .kind = event->kind,
	                        .detail = event->detail,
	                        .value = event->value,
	                        .boot = event->boot,
	                        .seq = event->seq,
	                        .at_s = event->time_s,
	                        .stored_ms = now_ms};
	struct terminal_row terminal;
	enum err err = ERR_NONE;

	if (event->has_chip) {
		chip_format(event->chip, row.chip);
		if (about_device(event->kind))
			err = device_seen(tx, origin, event, &terminal, now_ms, out);
		else
			err = terminal_get(tx->db, origin->property_id, row.chip, &terminal);
		if (err && err != ERR_NOT_FOUND)
			return err;
		/* The chip decides which meter it is, not what the gateway says beside it. */
		row.meter = err                                         ? 0
		            : terminal.gateway_id == origin->gateway_id ? terminal.meter
		                                                        : 0;
	}
	name_source(&row, origin, event, index);
	if (row.meter && tells_of_credit(event))
		err = price_look_soon(tx, row.property_id, row.meter, true, now_ms);
	else
		err = ERR_NONE;
	return err ? err : event_note(tx, &row, out);
}

enum err events_apply(struct tx *tx, const struct batch_origin *origin,
                      const struct uplink_event *events, size_t count, int64_t now_ms,
                      struct effects *out)
{
	for (size_t i = 0; i < count; i++) {
		enum err err = event_apply(tx, origin, &events[i], i, now_ms, out);

		if (err)
			return err;
	}
	return ERR_NONE;
}
