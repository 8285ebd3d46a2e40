#include "firmware/drivers/tick.h"

#include "firmware/drivers/stm32f103.h"

#define CUT_CYCLES 500u /* a tick is not cut to less than this */

static volatile uint32_t now_ms;
static uint32_t cycles_per_ms;
static volatile uint32_t running_ms; /* length of the tick that counts down now */
static uint32_t loaded_ms;           /* of the one after it: the reload register */
static volatile uint32_t wanted_ms;

static void load(uint32_t ms)
{
	SYST_RVR = cycles_per_ms * ms - 1;
	loaded_ms = ms;
}

void tick_start(uint32_t core_hz)
{
	cycles_per_ms = core_hz / 1000;
	wanted_ms = running_ms = TICK_LONG_MS;
	load(TICK_LONG_MS);
	SYST_CVR = 0;
	SYST_CSR = SYST_CSR_RUN;
}

uint32_t tick_ms(void)
{
	return now_ms;
}

/* The running tick ends at the next whole millisecond that is far enough to be set in time; no
 * cycle is lost but the two that the counter takes to start anew. */
static void cut_tick(void)
{
	uint32_t passed = running_ms * cycles_per_ms - SYST_CVR;
	uint32_t ms = (passed + CUT_CYCLES) / cycles_per_ms + 1;

	if (ms >= running_ms)
		return;
	SYST_RVR = ms * cycles_per_ms - passed - 1;
	SYST_CVR = 0; /* any write: it takes the reload value with its next count */
	while (SYST_CVR == 0)
		;
	running_ms = ms;
	load(1);
}

void tick_hurry(bool hurry)
{
	wanted_ms = hurry ? 1 : TICK_LONG_MS;
	if (!hurry || running_ms == 1)
		return;
	interrupts_off();
	if (!(SCB_ICSR & SCB_ICSR_TICK)) /* else it has just ended, and its handler will see */
		cut_tick();
	interrupts_on();
}

void systick_handler(void)
{
	uint32_t ms = running_ms;

	/* The counter has just taken the reload value; a new one counts for the tick after this, so
	 * that no cycle is lost when the length changes. */
	running_ms = loaded_ms;
	if (wanted_ms != loaded_ms)
		load(wanted_ms);
	now_ms += ms;
	tick_passed(ms);
}
