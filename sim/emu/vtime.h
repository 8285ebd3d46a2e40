/* Virtual time of the emulator: one tick is 1/576 us, so that a cycle at 72, 64, 48, 36, 24 or
 * 8 MHz is a whole number of ticks. 64 bits last a thousand years. */
#ifndef SIM_EMU_VTIME_H
#define SIM_EMU_VTIME_H

#include <stdint.h>

typedef uint64_t vtime;

#define VTIME_PER_US ((vtime)576)
#define VTIME_PER_MS (VTIME_PER_US * 1000)
#define VTIME_PER_S  (VTIME_PER_MS * 1000)
#define VTIME_NEVER  UINT64_MAX

/* Ticks of `cycles` cycles of a clock of `hz`. A clock that stands still never gets there. */
static inline vtime vtime_of_cycles(uint64_t cycles, uint32_t hz)
{
	return hz ? cycles * VTIME_PER_S / hz : VTIME_NEVER;
}

static inline vtime vtime_min(vtime a, vtime b)
{
	return a < b ? a : b;
}

/* a + b, where either may be VTIME_NEVER. */
static inline vtime vtime_add(vtime a, vtime b)
{
	return a > VTIME_NEVER - b ? VTIME_NEVER : a + b;
}
#endif
