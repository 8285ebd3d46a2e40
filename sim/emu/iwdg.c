#include "sim/emu/iwdg.h"

#include "sim/emu/rcc.h"

enum { KR = 0x00, PR = 0x04, RLR = 0x08, SR = 0x0C };

enum { KEY_RELOAD = 0xAAAA, KEY_UNLOCK = 0x5555, KEY_START = 0xCCCC };

#define SR_PVU UINT32_C(1)
#define SR_RVU UINT32_C(2)
#define UPDATE (5 * VTIME_PER_S / RCC_LSI_HZ) /* up to five LSI cycles (RM0008 §19.4.4) */

void iwdg_reset(struct iwdg *w, struct chip *chip)
{
	*w = (struct iwdg){
	        .chip = chip, .reload = 0xFFF, .reload_next = 0xFFF, .bites_at = VTIME_NEVER};
}

static void settle(struct iwdg *w)
{
	if (w->chip->now >= w->prescaler_at)
		w->prescaler = w->prescaler_next;
	if (w->chip->now >= w->reload_at)
		w->reload = w->reload_next;
}

static void reload(struct iwdg *w)
{
	uint32_t shift;

	settle(w);
	shift = w->prescaler > 6 ? 6 : w->prescaler; /* /4 … /256; codes 6 and 7 are both /256 */
	if (w->running)
		w->bites_at =
		        w->chip->now +
		        vtime_of_cycles((uint64_t)(w->reload + 1) * (4U << shift), RCC_LSI_HZ);
	w->chip->reschedule = true;
}

uint32_t iwdg_read(struct iwdg *w, uint32_t offset)
{
	settle(w);
	switch (offset) {
	case PR:
		return w->prescaler;
	case RLR:
		return w->reload;
	case SR:
		return (w->chip->now < w->prescaler_at ? SR_PVU : 0) |
		       (w->chip->now < w->reload_at ? SR_RVU : 0);
	default:
		return 0;
	}
}

static void key(struct iwdg *w, uint32_t value)
{
	w->unlocked = value == KEY_UNLOCK;
	if (value == KEY_START)
		w->running = true;
	if (value == KEY_START || value == KEY_RELOAD)
		reload(w);
}

void iwdg_write(struct iwdg *w, uint32_t offset, uint32_t value)
{
	settle(w);
	if (offset == KR)
		key(w, value & 0xFFFF);
	else if (offset == PR && w->unlocked && w->chip->now >= w->prescaler_at) {
		w->prescaler_next = value & 7U;
		w->prescaler_at = w->chip->now + UPDATE;
	} else if (offset == RLR && w->unlocked && w->chip->now >= w->reload_at) {
		w->reload_next = value & UINT32_C(0xFFF);
		w->reload_at = w->chip->now + UPDATE;
	}
}

bool iwdg_run(struct iwdg *w)
{
	return w->chip->now >= w->bites_at;
}
