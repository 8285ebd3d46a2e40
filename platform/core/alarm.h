/* Alarms begin and end with events; a person acknowledges them. docs/design/alarms.md. */
#ifndef PLATFORM_CORE_ALARM_H
#define PLATFORM_CORE_ALARM_H

#include "platform/core/admin.h"
#include "platform/core/fault.h"
#include "platform/store/alarm.h"
#include "platform/store/event.h"

/* Should a person see this event at once? */
bool alarm_is_told(uint32_t kind);

/* What a new event (it has its event_id) means for the alarms, in its own transaction. */
MUST_USE enum err alarm_event(struct db *db, const struct event_row *event);

struct alarm_edit {
	struct actor actor; /* its reason becomes the note; it may be empty */
	int64_t property_id, alarm_id;
	struct alarm_row row; /* answer */
	struct fault fault;
};
/* Somebody has seen it. Needs `alarm.write` at the property. ERR_REFUSED: another one was faster. */
MUST_USE enum err alarm_seen_step(struct tx *tx, void *alarm_edit, int64_t now_ms,
                                  struct effects *out);

#endif
