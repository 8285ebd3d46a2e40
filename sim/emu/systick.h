/* SysTick: a 24-bit down counter on HCLK or HCLK/8 (ARMv7-M B3.3). Kept as the time of its next
 * zero, so that a sleeping core costs nothing. */
#ifndef SIM_EMU_SYSTICK_H
#define SIM_EMU_SYSTICK_H

#include "sim/emu/chip.h"

struct systick {
	struct chip *chip;
	uint32_t csr, rvr;
	vtime zero_at; /* next wrap; VTIME_NEVER while stopped */
};

void systick_reset(struct systick *s, struct chip *chip);
uint32_t systick_read(struct systick *s, uint32_t offset);
void systick_write(struct systick *s, uint32_t offset, uint32_t value);
void systick_run(struct systick *s);

/* HCLK is about to change to `hclk_hz`: the count stays, its speed changes. */
void systick_clock_changed(struct systick *s, uint32_t hclk_hz);
#endif
