/* The guard: how many meters of a property may be opened in a window, whoever wants it, and what becomes of
 * the rest. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/command.h"
#include "libs/proto/event.h"
#include "platform/core/command_batch.h"
#include "platform/core/event_note.h"
#include "platform/core/supply_look.h"

#define ALWAYS 10 /* so few are no large share of any property */

enum err supply_guard(struct tx *tx, int64_t property_id, int64_t meter, int64_t now_ms, bool *room)
{
	struct supply_rules rules;
	int64_t total, limit, count;
	bool counted;
	enum err err = supply_rules_get(tx->db, property_id, &rules);

	if (!err)
		err = meter_count(tx->db, property_id, &total);
	if (!err)
		err = supply_trips_since(tx->db, property_id, meter,
		                         now_ms - rules.value[SUPPLY_GUARD_WINDOW] * 1000, &count,
		                         &counted);
	if (err)
		return err;
	limit = total * rules.value[SUPPLY_GUARD_PERCENT] / 100;
	if (limit < ALWAYS)
		limit = ALWAYS;
	if (limit > rules.value[SUPPLY_GUARD_COUNT])
		limit = rules.value[SUPPLY_GUARD_COUNT];
	*room = counted || count < limit;
	return ERR_NONE;
}

/* One event an hour is enough to call somebody. */
static enum err note_held(struct tx *tx, const struct supply_held *held, int64_t now_ms,
                          struct effects *out)
{
	struct event_row event = {.property_id = held->property_id,
	                          .kind = EVENT_OPENINGS_HELD,
	                          .value = held->meter,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "guard:%lld", (long long)(now_ms / 3600000));
	return event_note(tx, &event, out);
}

enum err supply_hold(struct tx *tx, struct supply_held *held, int64_t now_ms, struct effects *out)
{
	struct supply_rules rules;
	enum err err = supply_rules_get(tx->db, held->property_id, &rules);

	held->made_ms = now_ms;
	if (held->path != PATH_AUTOMATIC)
		held->expires_ms = now_ms + rules.value[SUPPLY_HELD] * 1000;
	if (!err)
		err = supply_held_insert(tx->db, held);
	if (err)
		return err == ERR_DUP ? ERR_NONE : err;
	return note_held(tx, held, now_ms, out);
}

/* ---- two persons have agreed ---- */

#define EXPIRY_S  120 /* of an order that was held without saying how it is given */
#define RESEND_MS 3000

static enum err end_item(struct tx *tx, const struct supply_held *held)
{
	struct command_batch_item item = {.property_id = held->property_id,
	                                  .batch_id = held->batch_id,
	                                  .position = held->position,
	                                  .command_id = held->command_id};

	snprintf(item.error, sizeof item.error, "%.31s", held->ended_why);
	return held->batch_id ? command_batch_set_item(tx->db, &item) : ERR_NONE;
}

static enum err give_order(struct tx *tx, struct supply_held *held, int64_t now_ms,
                           struct effects *out)
{
	struct command_request request = {
	        .rules = {.expiry_s = held->expiry_s ? held->expiry_s : EXPIRY_S,
	                  .resend_ms = held->resend_ms ? held->resend_ms : RESEND_MS,
	                  .clock_wait_ms = held->clock_wait_ms},
	        .meter = held->meter,
	        .kind = COMMAND_TRIP,
	        .agreed = true,
	        .delay_max_s = held->batch_id ? COMMAND_BATCH_DELAY_S : 0
        };
	size_t part;
	enum err err, end = tx_part_begin(tx, out, &part);

	if (end)
		return end;
	actor_again(&request.actor, held->by_name, held->by_origin, held->reason, held->user_id,
	            held->key_id);
	err = command_create_step(tx, &request, now_ms, out);
	end = tx_part_end(tx, part, err, out);
	if (end)
		return end;
	held->state = err ? HELD_DROPPED : HELD_RELEASED;
	held->command_id = err ? 0 : request.row.command_id;
	snprintf(held->ended_why, sizeof held->ended_why, "%s", err ? err_word(err) : "");
	return end_item(tx, held);
}

static enum err let_through(struct tx *tx, struct supply_held *held, int64_t now_ms)
{
	struct supply_meter row;
	enum err err = supply_meter_get(tx->db, held->property_id, held->meter, &row);

	held->state = HELD_RELEASED;
	if (err || row.held_id != held->held_id)
		return err;
	row.held_id = -held->held_id;
	row.due_ms = now_ms;
	return supply_meter_put(tx->db, &row);
}

enum err supply_give_released(struct tx *tx, struct supply_held *held, int64_t now_ms,
                              struct effects *out)
{
	enum err err = held->path == PATH_AUTOMATIC ? let_through(tx, held, now_ms)
	                                            : give_order(tx, held, now_ms, out);

	held->ended_ms = now_ms;
	return err ? err : supply_held_end(tx->db, held);
}

/* ---- nobody agreed in time ---- */

enum err supply_held_expire(struct tx *tx, int64_t property_id, int64_t held_id, int64_t now_ms)
{
	const struct actor platform = {.who = "platform", .origin = "supply", .local = true};
	struct supply_held held;
	char object[64];
	enum err err = supply_held_get(tx->db, property_id, held_id, &held);

	if (err)
		return err;
	held.state = HELD_DROPPED;
	held.ended_ms = now_ms;
	snprintf(held.ended_why, sizeof held.ended_why, "expired");
	err = supply_held_end(tx->db, &held);
	if (!err)
		err = end_item(tx, &held);
	snprintf(object, sizeof object, "opening %lld", (long long)held_id);
	return err ? err
	           : audit_note(tx, &platform, property_id, "supply.expire", object, "", now_ms);
}
