#include "firmware/drivers/rcc.h"

#include "firmware/drivers/stm32f103.h"

#define INTERNAL_HZ 8000000u
#define FULL_HZ     72000000u
#define WAIT_TURNS  100000u /* more than 50 ms at 8 MHz; a crystal takes 2..5 ms */

static bool wait_for(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
	for (uint32_t i = 0; i < WAIT_TURNS; i++)
		if ((*reg & mask) == value)
			return true;
	return false;
}

static bool start_pll(void)
{
	RCC_CR |= RCC_CR_HSEON;
	if (!wait_for(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY))
		return false;
	/* Two wait states before the core is that fast (PM0075 §3.1). */
	FLASH_ACR = FLASH_ACR_2WS_PREFETCH;
	RCC_CFGR = RCC_CFGR_PLLMUL9 | RCC_CFGR_PLLSRC_HSE | RCC_CFGR_PPRE1_DIV2;
	RCC_CR |= RCC_CR_PLLON;
	if (!wait_for(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY))
		return false;
	RCC_CFGR |= RCC_CFGR_SW_PLL;
	return wait_for(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
}

bool rcc_start(struct clocks *clocks)
{
	if (start_pll()) {
		/* A crystal that fails from now on raises the NMI. */
		RCC_CR |= RCC_CR_CSSON;
		*clocks = (struct clocks){FULL_HZ, FULL_HZ / 2};
		return true;
	}
	RCC_CFGR = 0;
	RCC_CR &= ~(RCC_CR_PLLON | RCC_CR_HSEON);
	*clocks = (struct clocks){INTERNAL_HZ, INTERNAL_HZ};
	return false;
}

uint8_t rcc_reset_cause(void)
{
	uint8_t cause = (uint8_t)(RCC_CSR >> RCC_CSR_CAUSE_SHIFT);

	RCC_CSR |= RCC_CSR_RMVF;
	return cause;
}
