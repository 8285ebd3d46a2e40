/* Reset and clock control, wait states, ids. */
#include "test.h"

__attribute__((section(".kept"))) static volatile uint32_t phase, magic;

CASE(rcc_hse_needs_time)
{
	RCC_CR |= 1U << 16;
#ifndef MUTANT_rcc_no_wait_for_hse
	while (!(RCC_CR & 1U << 17))
		;
#endif
	RCC_CFGR = (RCC_CFGR & ~3U) | 1;
	CHECK((RCC_CFGR & 0xC) == 4);
	RCC_CFGR &= ~3U;
	CHECK((RCC_CFGR & 0xC) == 0);
}

CASE(rcc_dead_crystal_is_never_ready)
{
	uint32_t turns = 0;

	console_put("CRYSTAL 0\n");
	RCC_CR |= 1U << 16;
#ifdef MUTANT_rcc_waits_for_a_dead_crystal
	while (!(RCC_CR & 1U << 17))
#else
	while (!(RCC_CR & 1U << 17) && turns < 20000) /* 2 ms are 5,000 turns at most */
#endif
		turns++;
	CHECK(!(RCC_CR & 1U << 17));
	RCC_CR &= ~(1U << 16);
	console_put("CRYSTAL 1\n");
}

static volatile uint32_t nmis;

static void on_nmi(void)
{
	nmis++;
#ifdef MUTANT_rcc_css_flag_not_cleared
	if (nmis > 5)
#endif
		RCC_CIR |= 1U << 23; /* CSSC */
}

/* The core ran on the crystal; it goes on with the internal oscillator, and is told. */
CASE(rcc_crystal_failure_is_an_nmi)
{
	handler_set(2, on_nmi);
	RCC_CR |= 1U << 16;
	while (!(RCC_CR & 1U << 17))
		;
	RCC_CFGR |= 1;
#ifndef MUTANT_rcc_css_off
	RCC_CR |= 1U << 19;
#endif
	console_put("CRYSTAL 0\n");
	delay_us(1000);
	CHECK(nmis == 1 && !(RCC_CIR & 1U << 7));
	CHECK((RCC_CFGR & 0xC) == 0 && !(RCC_CR & 1U << 16));
	console_put("CRYSTAL 1\n");
	RCC_CR &= ~(1U << 19);
}

CASE(rcc_pll_must_lock)
{
	RCC_CR |= 1U << 16;
	while (!(RCC_CR & 1U << 17))
		;
	RCC_CFGR = 1U << 18 | 1U << 16; /* x3: 24 MHz needs no wait state */
	RCC_CR |= 1U << 24;
#ifndef MUTANT_rcc_no_wait_for_pll
	while (!(RCC_CR & 1U << 25))
		;
#endif
	RCC_CFGR |= 2;
	CHECK((RCC_CFGR & 0xC) == 8);
	RCC_CFGR &= ~3U;
	RCC_CR &= ~(1U << 24);
}

CASE(rcc_pll_fixed_while_on)
{
	RCC_CFGR = 1U << 18 | 1U << 16;
#ifdef MUTANT_rcc_multiplier_too_late
	RCC_CR |= 1U << 24;
	RCC_CFGR = 7U << 18 | 1U << 16;
#else
	RCC_CFGR = 7U << 18 | 1U << 16;
	RCC_CR |= 1U << 24;
#endif
	CHECK((RCC_CFGR >> 18 & 15) == 7);
	RCC_CR &= ~(1U << 24);
}

CASE(rcc_gate_closed_reads_zero)
{
	RCC_APB1ENR &= ~(1U << 17);
	USART_BRR(USART2) = 1234;
	CHECK(USART_BRR(USART2) == 0);
#ifndef MUTANT_rcc_clock_not_enabled
	RCC_APB1ENR |= 1U << 17;
#endif
	CHECK(USART_BRR(USART2) == 0); /* what was written before is lost */
	USART_BRR(USART2) = 1234;
	CHECK(USART_BRR(USART2) == 1234);
}

CASE(rcc_peripheral_reset)
{
	RCC_APB1ENR |= 1U << 17;
	USART_BRR(USART2) = 1234;
#ifndef MUTANT_rcc_no_reset_pulse
	RCC_APB1RSTR = 1U << 17;
	RCC_APB1RSTR = 0;
#endif
	CHECK(USART_BRR(USART2) == 0);
}

CASE(rcc_source_in_use_stays_on)
{
#ifdef MUTANT_rcc_switches_source_off
	RCC_CR &= ~1U;
	CHECK(!(RCC_CR & 1));
#else
	RCC_CR &= ~1U; /* HSI runs the core: refused */
	CHECK(RCC_CR & 1);
#endif
}

/* The time of 8 SysTick periods in CPU cycles: HCLK/8 as source counts eight times slower. */
CASE(systick_clock_source)
{
	uint32_t turns = 0;

	SYST_RVR = 9999;
	SYST_CVR = 0;
#ifdef MUTANT_systick_wrong_source
	SYST_CSR = 5;
#else
	SYST_CSR = 1;
#endif
	while (!(SYST_CSR & 1U << 16))
		turns++;
	SYST_CSR = 0;
	CHECK(turns > 4000); /* 80,000 cycles; at full HCLK 10,000 */
}

CASE(chip_identity)
{
#ifdef MUTANT_chip_wrong_size_address
	CHECK(REG16(0x1FFFF7E2) == 64);
#else
	CHECK(FLASH_SIZE_KB == 64);
#endif
	CHECK(UID_BYTE(1) == 1 && UID_BYTE(11) == 11);
	CHECK((DBGMCU_IDCODE & 0xFFF) == 0x410);
}

CASE(reset_causes)
{
	if (magic != 0x600DCAFE) {
		CHECK(RCC_CSR & 1U << 27); /* power-on */
#ifndef MUTANT_reset_flags_not_cleared
		RCC_CSR |= 1U << 24;
#endif
		magic = 0x600DCAFE;
		phase = 1;
		SCB_AIRCR = 0x05FA0004;
		for (;;)
			;
	}
	magic = 0;
	CHECK(phase == 1);
	CHECK((RCC_CSR & 1U << 28) && !(RCC_CSR & 1U << 27));
}

CASE(flash_wait_states_at_72)
{
	RCC_CR |= 1U << 16;
	while (!(RCC_CR & 1U << 17))
		;
#ifndef MUTANT_flash_no_wait_states
	FLASH_ACR = 0x12;
#endif
	RCC_CFGR = 7U << 18 | 1U << 16 | 4U << 8;
	RCC_CR |= 1U << 24;
	while (!(RCC_CR & 1U << 25))
		;
	RCC_CFGR |= 2;
	while ((RCC_CFGR & 0xC) != 8)
		;
	console_start(); /* the divider for the new clock */
	CHECK(true);
}

int main(void)
{
	console_start();
	RUN(reset_causes);
	RUN(rcc_hse_needs_time);
	vectors_to_ram();
	RUN(rcc_dead_crystal_is_never_ready);
	RUN(rcc_crystal_failure_is_an_nmi);
	RUN(rcc_pll_must_lock);
	RUN(rcc_pll_fixed_while_on);
	RUN(rcc_gate_closed_reads_zero);
	RUN(rcc_peripheral_reset);
	RUN(rcc_source_in_use_stays_on);
	RUN(systick_clock_source);
	RUN(chip_identity);
	RUN(flash_wait_states_at_72);
	test_end();
}
