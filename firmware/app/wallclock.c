#include "firmware/app/wallclock.h"

#include <string.h>

/* Bus times outside 2000..2105 are nonsense and would only overflow. */
#define UNIX_MS_MIN INT64_C(946684800000)
#define UNIX_MS_MAX INT64_C(4291747200000)

void wallclock_init(struct wallclock *clock, uint32_t now_ms)
{
	memset(clock, 0, sizeof *clock);
	clock->last_ms = now_ms;
}

static void slew(struct wallclock *clock)
{
	if (clock->slew_ms == 0 || clock->uptime_ms - clock->slewed_at_ms < WALLCLOCK_SLEW_EVERY_MS)
		return;
	int64_t step_ms = clock->slew_ms > 0 ? 1 : -1;

	clock->slewed_at_ms = clock->uptime_ms;
	clock->offset_ms += step_ms;
	clock->slew_ms -= step_ms;
}

void wallclock_poll(struct wallclock *clock, uint32_t now_ms)
{
	clock->uptime_ms += now_ms - clock->last_ms;
	clock->last_ms = now_ms;
	slew(clock);
}

uint32_t wallclock_uptime_s(const struct wallclock *clock)
{
	return (uint32_t)(clock->uptime_ms / 1000);
}

static int64_t unix_ms_now(const struct wallclock *clock)
{
	return (int64_t)clock->uptime_ms + clock->offset_ms;
}

uint32_t wallclock_s(const struct wallclock *clock)
{
	return clock->set ? (uint32_t)(unix_ms_now(clock) / 1000) : 0;
}

int32_t wallclock_set(struct wallclock *clock, uint64_t unix_ms)
{
	int64_t step_ms = (int64_t)unix_ms - unix_ms_now(clock);
	bool was_set = clock->set;

	clock->offset_ms += step_ms;
	clock->slew_ms = 0;
	clock->strange = 0;
	clock->set = true;
	return was_set ? (int32_t)(step_ms / 1000) : 0;
}

void wallclock_bus_time(struct wallclock *clock, uint64_t unix_ms)
{
	int64_t difference_ms = (int64_t)unix_ms - unix_ms_now(clock);

	if (!clock->set || (int64_t)unix_ms < UNIX_MS_MIN || (int64_t)unix_ms > UNIX_MS_MAX)
		return;
	if (difference_ms > WALLCLOCK_STEP_MS || difference_ms < -WALLCLOCK_STEP_MS) {
		clock->slew_ms = 0;
		if (clock->strange < WALLCLOCK_STRANGE_MAX)
			clock->strange++;
		return;
	}
	clock->strange = 0;
	clock->slew_ms = difference_ms;
}

bool wallclock_good(const struct wallclock *clock)
{
	return clock->set && clock->strange < WALLCLOCK_STRANGE_MAX;
}
