/* The guard: how many meters of a property may be opened in a window, whoever wants it, and what becomes of
 * the rest. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/core/supply_look.h"
#include "platform/store/command_batch.h"

#define ALWAYS 10 /* so few are never too many */

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
	if (limit > rules.value[SUPPLY_GUARD_COUNT])
		limit = rules.value[SUPPLY_GUARD_COUNT];
	if (limit < ALWAYS)
		limit = ALWAYS;
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
	enum err err;

	held->made_ms = now_ms;
	err = supply_held_insert(tx->db, held);
	if (err)
		return err == ERR_DUP ? ERR_NONE : err;
	return note_held(tx, held, now_ms, out);
}
