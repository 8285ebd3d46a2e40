/* A store that comes back from a copy: restored, or taken over on a standby. Others went on since
 * the copy was made: terminals saw later commands, gateways later acknowledgements and
 * configurations, browsers hold sessions that may have been ended. The step makes the store safe to
 * serve them (docs/design/backup.md). */
#ifndef PLATFORM_CORE_REVIVE_H
#define PLATFORM_CORE_REVIVE_H

#include "platform/core/admin.h"

/* More than anything gives out between a copy and its use; numbers may have gaps. */
#define REVIVE_SKIP_NUMBERS  1000000
#define REVIVE_SKIP_COUNTERS 65536 /* of signed commands: 32 bits, so some ten thousand times */

struct revive_request {
	struct actor actor;
	const char *action; /* `store.restore` or `store.take-over` */
	char source[128];   /* what the copy is: for the audit */
	int64_t copy_ms;    /* the store is as of then */
	uint64_t new_epoch; /* random, not 0 */
	/* answers */
	uint64_t old_epoch;
	int64_t generation; /* the new one: greater than any before */
	int64_t sessions;   /* ended */
};

MUST_USE enum err revive_step(struct tx *tx, void *revive_request, int64_t now_ms,
                              struct effects *out);

#endif
