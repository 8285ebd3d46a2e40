#include "gateway/core/timebase.h"

#include <stdlib.h>

#define JUMP_MS         2000  /* of the wall clock between two looks */
#define AGREE_MS        5000  /* platform and gateway agree */
#define SLEW_FROM_MS    100   /* smaller differences are the network's */
#define SLEW_PART       8     /* a message corrects 1/8 of the difference */
#define VOTES           3     /* messages that must agree before a step … */
#define VOTES_SPAN_MS   10000 /* … over this time */
#define FOLLOW_MAX_MS   (INT64_C(86400) * 1000)
#define UNSET_BEFORE_MS (INT64_C(1735689600) * 1000) /* 2025-01-01: no battery, no network time */

void timebase_start(struct timebase *tb, const struct moment *now)
{
	*tb = (struct timebase){.ahead_ms = now->wall_ms - now->mono_ms,
	                        .wall_ahead_ms = now->wall_ms - now->mono_ms};
}

int64_t timebase_ms(const struct timebase *tb, int64_t mono_ms)
{
	return mono_ms + tb->ahead_ms;
}

int64_t timebase_watch(struct timebase *tb, const struct moment *now)
{
	int64_t ahead = now->wall_ms - now->mono_ms;
	int64_t jump = ahead - tb->wall_ahead_ms;

	tb->wall_ahead_ms = ahead;
	if (llabs(jump) < JUMP_MS)
		return 0;
	/* Nobody has confirmed our time yet: the operating system may just have learnt it. */
	if (!tb->confirmed && tb->offset_ms == 0)
		tb->ahead_ms = ahead;
	tb->confirmed = false;
	tb->steps++;
	return jump;
}

static bool votes_enough(struct timebase *tb, int64_t offset_ms, int64_t mono_ms)
{
	if (!tb->candidate_votes || llabs(offset_ms - tb->candidate_ms) > JUMP_MS) {
		tb->candidate_ms = offset_ms;
		tb->candidate_since_ms = mono_ms;
		tb->candidate_votes = 0;
	}
	tb->candidate_votes++;
	return tb->candidate_votes >= VOTES && mono_ms - tb->candidate_since_ms >= VOTES_SPAN_MS;
}

/* Nobody ever agreed with the time that we started with, and the wall clock, set since, says what the
 * platform says: two against one that was wrong from the start. */
static bool outvoted(const struct timebase *tb)
{
	return !tb->agreed && llabs(tb->wall_offset_ms) <= AGREE_MS;
}

static bool may_follow(struct timebase *tb, int64_t offset_ms, int64_t mono_ms)
{
	if (timebase_ms(tb, mono_ms) < UNSET_BEFORE_MS)
		return true;
	return (llabs(offset_ms) <= FOLLOW_MAX_MS || outvoted(tb)) &&
	       votes_enough(tb, offset_ms, mono_ms);
}

int64_t timebase_reference(struct timebase *tb, const struct moment *now, int64_t platform_ms)
{
	int64_t offset = platform_ms - timebase_ms(tb, now->mono_ms);

	tb->offset_ms = offset;
	tb->wall_offset_ms = platform_ms - now->wall_ms;
	if (llabs(offset) <= AGREE_MS) {
		if (llabs(offset) >= SLEW_FROM_MS)
			tb->ahead_ms += offset / SLEW_PART;
		tb->confirmed = tb->agreed = true;
		tb->candidate_votes = 0;
		return 0;
	}
	tb->confirmed = false;
	if (!may_follow(tb, offset, now->mono_ms))
		return 0;
	tb->ahead_ms += offset;
	tb->offset_ms = 0;
	tb->confirmed = tb->agreed = true;
	tb->candidate_votes = 0;
	tb->steps++;
	return offset;
}
