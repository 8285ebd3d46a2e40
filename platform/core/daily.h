/* What is done once a civil day in each property: reminders of leases that end, the removal of personal
 * data whose time is over, monthly fees and bills, and two hours after midnight the closing of the day
 * before in the ledger. */
#ifndef PLATFORM_CORE_DAILY_H
#define PLATFORM_CORE_DAILY_H

#include "platform/core/step.h"

#define DAILY_ROWS 200 /* of each kind in one step; what is left is done by the next */

struct daily_request {
	/* answers */
	bool more;      /* call again at once */
	int64_t next_s; /* nothing to do before: the next midnight or closing of any property */
	uint64_t reminders;
};
MUST_USE enum err daily_step(struct tx *tx, void *daily_request, int64_t now_ms,
                             struct effects *out);

#endif
