#include "platform/core/event_note.h"

#include "libs/proto/event.h"
#include "platform/core/metrics.h"

/* What a person should see at once. */
static bool is_alarm(uint32_t kind)
{
	switch (kind) {
	case EVENT_RELAY_FAULT:
	case EVENT_SENSOR_FAULT:
	case EVENT_ASSERT:
	case EVENT_DEVICE_LOST:
	case EVENT_BUS_OVERLOAD:
	case EVENT_SPOOL_DAMAGED:
	case EVENT_SPOOL_REPLACED:
	case EVENT_CLOCK_STEPPED:
	case EVENT_CONFIG_REFUSED:
	case EVENT_READING_CONFLICT:
	case EVENT_BATCH_CONFLICT:
	case EVENT_FOREIGN_TOPIC:
	case EVENT_CLIENT_REFUSED:
	case EVENT_READING_MISSED:
	case EVENT_STORE_RESTORED:
	case EVENT_BAD_RESULT_MAC:
	case EVENT_STANDBY_LATE:
	case EVENT_MONEY_WRONG:
	case EVENT_RATING_FAULT:
	case EVENT_STANDBY_BACK:
	case EVENT_CUT_WAITS:
	case EVENT_CUT_SPARED:
	case EVENT_OPENINGS_HELD:
	case EVENT_OPENINGS_STOPPED:
	case EVENT_OPENINGS_AGAIN:
		return true;
	}
	return false;
}

enum err event_note(struct tx *tx, struct event_row *row, struct effects *out)
{
	struct effect *effect;
	enum err err;

	err = tx_open(tx);
	if (!err)
		err = event_insert(tx->db, row);
	if (err)
		return err == ERR_DUP ? ERR_NONE : err;
	metric_add(METRIC_EVENTS, 1);
	if (!is_alarm(row->kind))
		return ERR_NONE;
	effect = effects_add(out, EFFECT_ALARM);
	if (!effect)
		return ERR_NOMEM;
	effect->u.alarm = *row;
	return ERR_NONE;
}
