/* The gateway's time: the wall clock as it was at the start, carried on by the monotonic clock, so
 * that a jump of the wall clock moves no reading. The platform's times in ack and down confirm or
 * correct it. While it is not confirmed, readings are marked METER_CLOCK_UNSURE and nothing expires.
 *
 * A platform whose clock is far off must not take the gateway along: up to a day is followed after
 * three messages that agree over ten seconds; more only when our own clock is plainly unset, or when nobody
 * has agreed with it since the start and the wall clock was set to what the platform says. */
#ifndef GATEWAY_CORE_TIMEBASE_H
#define GATEWAY_CORE_TIMEBASE_H

#include "gateway/core/moment.h"

#include <stdbool.h>

struct timebase {
	int64_t ahead_ms;      /* our time = mono + ahead */
	int64_t wall_ahead_ms; /* of the wall clock when last looked at */
	int64_t offset_ms;     /* the platform's time less ours, when last heard */
	int64_t wall_offset_ms; /* the same less the wall clock: it stays when we follow the platform */
	bool confirmed;
	bool agreed; /* it was confirmed once since the start */
	uint32_t steps;
	/* A correction that waits for more messages to agree. */
	int64_t candidate_ms;
	int64_t candidate_since_ms;
	unsigned candidate_votes;
};

void timebase_start(struct timebase *tb, const struct moment *now);
int64_t timebase_ms(const struct timebase *tb, int64_t mono_ms);

/* Both answer 0, or the size in milliseconds of a jump that is worth an event. */

/* Looks at the wall clock. */
int64_t timebase_watch(struct timebase *tb, const struct moment *now);

/* The platform's time has just arrived. */
int64_t timebase_reference(struct timebase *tb, const struct moment *now, int64_t platform_ms);
#endif
