/* The use of one meter rated twice, by the version that holds and by one that is tried: what would it
 * have cost? Pure: marks in, amounts out (docs/design/tariff.md, "Trying a version"). */
#ifndef PLATFORM_CORE_TRIAL_H
#define PLATFORM_CORE_TRIAL_H

#include "libs/credit/rate.h"

enum { TRIAL_NOW, TRIAL_TRIED, TRIAL_SIDES };

struct trial_side {
	const struct plan *plan; /* in force at all times; NULL: there is no price */
	struct rate_state state;
	int64_t exact;      /* all lines, 1/1000 micro-yuan */
	int64_t main_exact; /* of the main line in the month under way */
	int64_t fixed_fen;  /* parts of fees, and what was lacking to the minimum */
	int64_t day;        /* civil; begun, with its part of the fee */
	unsigned
	        first; /* day of the month, from 1, on which the use began in the month under way */
};

struct trial_use {
	struct trial_side side[TRIAL_SIDES];
	struct rate_register reg;
	bool begun;
	int64_t from_s;
	struct rate_mark last; /* what lies before it is rated */
	int64_t units;
	uint32_t faults; /* registers that fell or jumped, and were passed over */
};

/* Marks by time; the first is where it begins. One that does not go on from the last is passed over;
 * after a register that fell or jumped it begins anew there. ERR_OVERFLOW. */
MUST_USE enum err trial_mark(struct trial_use *use, const struct rate_mark *mark);
/* The month under way ends here. Once, after the last mark. */
void trial_end(struct trial_use *use);
/* Whole fen, rounded down. */
int64_t trial_fen(const struct trial_side *side);

/* Instants in (from, to) at which rate, steps or month change by this plan, by time: *at grows by
 * realloc. ERR_NOMEM. */
MUST_USE enum err trial_edges(const struct plan *plan, int64_t from_s, int64_t to_s, int64_t **at,
                              size_t *count);

#endif
