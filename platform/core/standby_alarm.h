/* A standby that does not follow, told to people who are not looking: an event in each property when
 * it begins and one when it ends. What was told is kept in the store, so that a restart in between
 * neither tells the begin twice nor forgets the end. docs/design/replica.md */
#ifndef PLATFORM_CORE_STANDBY_ALARM_H
#define PLATFORM_CORE_STANDBY_ALARM_H

#include "libs/proto/event.h"
#include "platform/core/step.h"

struct standby_alarm {
	bool late;
	enum standby_cause cause; /* late: why */
	int64_t lag_s;            /* late: how far behind */
};
/* Says what is so now; does nothing when that was told already. */
MUST_USE enum err standby_alarm_step(struct tx *tx, void *standby_alarm, int64_t now_ms,
                                     struct effects *out);

#endif
