#include "platform/core/event_note.h"

#include "platform/core/alarm.h"
#include "platform/core/metrics.h"

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
	err = alarm_event(tx->db, row);
	if (err || !alarm_is_told(row->kind))
		return err;
	effect = effects_add(out, EFFECT_ALARM);
	if (!effect)
		return ERR_NOMEM;
	effect->u.alarm = *row;
	return ERR_NONE;
}
