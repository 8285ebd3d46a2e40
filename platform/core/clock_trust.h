/* May the platform sign time for terminals? A clock that is wrong by years would set them, and what they
 * then obey keeps the right time out (docs/protocol/command.md §5). Two doubts, each ended by a clock that
 * is right or by a person (`wattle clock confirm`):
 *
 * - at a start: the store was last written more than 30 days ago. More likely the clock than a long rest;
 *   kept in the store, because the next save would hide it;
 * - while it runs: most gateways that we heard in the last minutes have another time. */
#ifndef PLATFORM_CORE_CLOCK_TRUST_H
#define PLATFORM_CORE_CLOCK_TRUST_H

#include "platform/core/admin.h"

#define CLOCK_REST_MAX_MS  (INT64_C(30) * 24 * 60 * 60 * 1000)
#define CLOCK_HEARD_MS     (10 * 60 * 1000) /* so long a gateway's word counts */
#define CLOCK_DIFFERS_MS   (60 * 1000)      /* network, queues and a correction under way: less */
#define CLOCK_CONFIRMED_MS (60 * 60 * 1000) /* before a start, for so long before it */

/* ---- what gateways say; on the I/O thread ---- */

/* A gateway's own time, and when it came. */
struct clock_witness {
	int64_t time_ms;
	int64_t mono_ms; /* 0: never */
};

struct clock_votes {
	unsigned agree, differ;
};

void clock_vote(struct clock_votes *votes, const struct clock_witness *witness, int64_t wall_ms,
                int64_t mono_ms);

/* *since_ms: wall clock at which most began to differ, 0 while they do not; kept by the caller. */
void clock_dispute(const struct clock_votes *votes, int64_t wall_ms, int64_t *since_ms);

/* ---- what is kept ---- */

/* Before anything else is written. *doubted: since this or an earlier start. */
MUST_USE enum err clock_start_step(struct tx *tx, void *doubted, int64_t now_ms,
                                   struct effects *out);

struct clock_trust {
	int64_t confirmed_ms; /* by a person; 0: never */
	int64_t doubted_ms;   /* since this start; 0: not */
};
MUST_USE enum err clock_trust_step(struct tx *tx, void *clock_trust, int64_t now_ms,
                                   struct effects *out);

/* A person looked: it is right now. */
MUST_USE enum err clock_confirm_step(struct tx *tx, void *actor, int64_t now_ms,
                                     struct effects *out);

/* ERR_REFUSED: no signed time now. `disputed_ms`: of clock_dispute(). */
MUST_USE enum err clock_may_sign(struct db *db, int64_t disputed_ms, int64_t now_ms);

#endif
