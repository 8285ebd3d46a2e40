/* Meters whose readings stay away: an event when the plan is missed, another when they are back. */
#ifndef PLATFORM_INGEST_MISSED_H
#define PLATFORM_INGEST_MISSED_H

#include "platform/ingest/ingest.h"

/* A reading is missed when it is two periods and this late: one may be on its way, one lost. */
#define MISSED_EXTRA_S 90

struct missed_request {
	struct ingest *ingest;
	int64_t period_s;  /* of meters without one of their own */
	int64_t running_s; /* how long the platform has listened: silence before that is its own */
	int64_t missing;   /* answer: meters that are silent now */
};
/* Each minute, as a bulk step, unless the clock is unsure. */
MUST_USE enum err missed_step(struct tx *tx, void *missed_request, int64_t now_ms,
                              struct effects *out);

#endif
