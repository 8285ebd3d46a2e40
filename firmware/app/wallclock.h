/* The terminal's two times: uptime, which only runs forward, and the time of day, which exists only
 * after a signed time command. The gateway's bus time is not signed: it may slew a set clock by
 * at most 200 ppm (17 s a day, whoever sends it) and never step it. When bus time stays more than
 * 5 s away, the terminal asks for signed time, and goes on with its own until that comes. */
#ifndef FIRMWARE_APP_WALLCLOCK_H
#define FIRMWARE_APP_WALLCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define WALLCLOCK_SLEW_EVERY_MS 5000 /* 1 ms each: 200 ppm */
#define WALLCLOCK_STEP_MS       5000 /* a difference that is not slewed */
#define WALLCLOCK_STRANGE_MAX   3    /* bus times in a row that differ before we ask */

struct wallclock {
	uint64_t uptime_ms;
	int64_t offset_ms; /* time of day - uptime */
	int64_t slew_ms;   /* still to be added to the offset */
	uint64_t slewed_at_ms;
	uint32_t last_ms; /* of the board's clock that wraps */
	bool set;
	uint8_t strange; /* bus times in a row far from ours */
};

void wallclock_init(struct wallclock *clock, uint32_t now_ms);
void wallclock_poll(struct wallclock *clock, uint32_t now_ms);

uint32_t wallclock_uptime_s(const struct wallclock *clock);

/* Unix seconds, 0 while not set. */
uint32_t wallclock_s(const struct wallclock *clock);

/* From a signed command only. Returns the step in seconds, 0 for the first set. */
int32_t wallclock_set(struct wallclock *clock, uint64_t unix_ms);

void wallclock_bus_time(struct wallclock *clock, uint64_t unix_ms);

/* Set, and not contradicted by the bus: METER_CLOCK_SET. */
bool wallclock_good(const struct wallclock *clock);
#endif
