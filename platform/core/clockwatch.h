/* Is the wall clock believable? It is compared with the monotonic clock, which never jumps: small
 * differences are followed, a jump is counted, and a clock that stays behind what it was is known
 * to be behind, because everything that comes in then would be dated in the future. */
#ifndef PLATFORM_CORE_CLOCKWATCH_H
#define PLATFORM_CORE_CLOCKWATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_JUMP_MS   5000
#define CLOCK_BEHIND_MS (10 * 60 * 1000) /* READING_AHEAD_MAX_S: less refuses nothing */
#define CLOCK_AHEAD_MS  (10 * 60 * 1000) /* for so long a later time is doubted … */
#define CLOCK_ADOPT_MS  (INT64_C(24) * 60 * 60 * 1000) /* … and an earlier one */

struct clockwatch {
	int64_t ahead_ms;    /* wall less monotonic, when last looked at */
	int64_t believed_ms; /* the same, of the time that we believe */
	int64_t since_ms;    /* monotonic: when they began to differ; 0: they do not */
};

/* `saved_ms`: when the store was last written; the clock cannot have been later than right. 0: never. */
void clockwatch_start(struct clockwatch *cw, int64_t wall_ms, int64_t mono_ms, int64_t saved_ms);

/* Each second. Returns how far the wall clock has jumped, 0 if it has not. */
int64_t clockwatch_look(struct clockwatch *cw, int64_t wall_ms, int64_t mono_ms);

bool clockwatch_behind(const struct clockwatch *cw, int64_t wall_ms, int64_t mono_ms);

#endif
