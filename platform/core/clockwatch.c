#include "platform/core/clockwatch.h"

#include <stdlib.h>

void clockwatch_start(struct clockwatch *cw, int64_t wall_ms, int64_t mono_ms, int64_t saved_ms)
{
	*cw = (struct clockwatch){.ahead_ms = wall_ms - mono_ms,
	                          .believed_ms =
	                                  (saved_ms > wall_ms ? saved_ms : wall_ms) - mono_ms};
}

/* A clock that stays elsewhere has been set right, after a while: soon when it is later (it had been
 * wrong before), a day when it is earlier, because waiting costs nothing: gateways keep what is not
 * acknowledged. */
static bool adopted(const struct clockwatch *cw, int64_t mono_ms)
{
	int64_t patience_ms = cw->ahead_ms > cw->believed_ms ? CLOCK_AHEAD_MS : CLOCK_ADOPT_MS;

	return cw->since_ms && mono_ms - cw->since_ms >= patience_ms;
}

int64_t clockwatch_look(struct clockwatch *cw, int64_t wall_ms, int64_t mono_ms)
{
	int64_t jump_ms = wall_ms - mono_ms - cw->ahead_ms;
	bool jumped = llabs(jump_ms) >= CLOCK_JUMP_MS;

	cw->ahead_ms = wall_ms - mono_ms;
	/* Slewed or drifting: the belief goes along, wherever the clock stands. */
	if (!jumped)
		cw->believed_ms += jump_ms;
	if (llabs(cw->ahead_ms - cw->believed_ms) < CLOCK_JUMP_MS || adopted(cw, mono_ms)) {
		cw->believed_ms = cw->ahead_ms;
		cw->since_ms = 0;
	} else if (cw->since_ms == 0) {
		cw->since_ms = mono_ms ? mono_ms : 1;
	}
	return jumped ? jump_ms : 0;
}

bool clockwatch_behind(const struct clockwatch *cw, int64_t wall_ms, int64_t mono_ms)
{
	return wall_ms - mono_ms < cw->believed_ms - CLOCK_BEHIND_MS;
}
