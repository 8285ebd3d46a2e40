/* Independent watchdog on the 40 kHz LSI (RM0008 §19). Cannot be stopped once started. */
#ifndef SIM_EMU_IWDG_H
#define SIM_EMU_IWDG_H

#include "sim/emu/chip.h"

struct iwdg {
	struct chip *chip;
	uint32_t prescaler, reload; /* as written */
	uint32_t prescaler_next, reload_next;
	vtime prescaler_at,
	        reload_at; /* when the written value takes effect; PVU, RVU until then */
	vtime bites_at;
	bool running, unlocked;
};

void iwdg_reset(struct iwdg *w, struct chip *chip);
uint32_t iwdg_read(struct iwdg *w, uint32_t offset);
void iwdg_write(struct iwdg *w, uint32_t offset, uint32_t value);

/* True when it resets the chip now. */
bool iwdg_run(struct iwdg *w);
#endif
