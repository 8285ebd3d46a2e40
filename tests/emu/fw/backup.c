/* Backup registers, RTC, PWR. Lives: power-on, software reset, power-on again. */
#include "test.h"

__attribute__((section(".kept"))) static volatile uint32_t magic;

CASE(bkp_needs_dbp)
{
	BKP_DR(1) = 0x1111;
	CHECK(BKP_DR(1) == 0);
#ifndef MUTANT_bkp_dbp_missing
	PWR_CR |= 0x100;
#endif
	BKP_DR(1) = 0x2222;
	BKP_DR(10) = 0x3333;
	CHECK(BKP_DR(1) == 0x2222 && BKP_DR(10) == 0x3333);
}

CASE(bkp_survives_reset)
{
	CHECK(BKP_DR(1) == 0x2222 && BKP_DR(10) == 0x3333);
}

CASE(bkp_bdrst_clears)
{
	PWR_CR |= 0x100;
	BKP_DR(2) = 0x4444;
#ifndef MUTANT_bkp_no_domain_reset
	RCC_BDCR = 1U << 16;
	RCC_BDCR = 0;
#endif
	CHECK(BKP_DR(2) == 0);
}

static uint32_t count(void)
{
	return RTC_CNTH << 16 | RTC_CNTL;
}

static void configure(uint32_t prescaler, uint32_t start)
{
	while (!(RTC_CRL & 0x20))
		;
	RTC_CRL |= 0x10;
	RTC_PRLH = prescaler >> 16;
	RTC_PRLL = prescaler;
	RTC_CNTH = start >> 16;
	RTC_CNTL = start;
#ifndef MUTANT_rtc_stays_in_configuration
	RTC_CRL &= ~0x10U;
#endif
}

CASE(rtc_counts_on_lsi)
{
	uint32_t before;

	RCC_CSR |= 1;
#ifdef MUTANT_rtc_not_enabled
	RCC_BDCR = 2U << 8;
#else
	RCC_BDCR = 2U << 8 | 1U << 15;
#endif
	configure(3999, 1000); /* 10 Hz */
	before = count();
	CHECK(before == 1000);
	delay_us(550000);
	CHECK(count() - before == 5);
}

CASE(rtc_writes_need_cnf)
{
	uint32_t before = count();

#ifdef MUTANT_rtc_cnf_missing
	RTC_CNTL = 50000;
	CHECK(RTC_CNTL == 50000);
#else
	RTC_CNTL = 50000;
	CHECK(count() - before < 5);
	RTC_CRL |= 0x10;
	RTC_CNTL = 50000;
	RTC_CRL &= ~0x10U;
	CHECK(RTC_CNTL == 50000);
#endif
}

CASE(rtc_alarm_flag)
{
	RTC_CRL |= 0x10;
	RTC_CNTH = 0;
	RTC_CNTL = 100;
	RTC_ALRH = 0;
#ifdef MUTANT_rtc_alarm_in_the_past
	RTC_ALRL = 90;
#else
	RTC_ALRL = 103;
#endif
	RTC_CRL &= ~0x10U;
	RTC_CRL &= ~2U;
	delay_us(200000);
	CHECK(!(RTC_CRL & 2));
	delay_us(300000);
	CHECK(RTC_CRL & 2);
}

CASE(bkp_lost_without_power)
{
	CHECK(BKP_DR(1) == 0 && BKP_DR(10) == 0);
}

int main(void)
{
	console_start();
	RCC_APB1ENR |= 3U << 27;
	/* RAM tells a reset from a power-on, a half-word of flash the first power-on from the second; the
	 * board takes the power away after the line POWERCYCLE. */
	if (magic != 0xBACC0FF5) {
		magic = 0xBACC0FF5;
		RCC_CSR |= 1U << 24;
		if (REG16(0x0800F000 - 2) == 0xFFFF) { /* page 59: marks the second power-on */
			RUN(bkp_needs_dbp);
			SCB_AIRCR = 0x05FA0004;
			for (;;)
				;
		}
		RUN(bkp_lost_without_power);
		test_end();
	}
#ifdef MUTANT_bkp_cleared_at_start
	PWR_CR |= 0x100;
	RCC_BDCR = 1U << 16;
	RCC_BDCR = 0;
#endif
	RUN(bkp_survives_reset);
	PWR_CR |= 0x100;
	RUN(rtc_counts_on_lsi);
	RUN(rtc_writes_need_cnf);
	RUN(rtc_alarm_flag);
	RUN(bkp_bdrst_clears);
	PWR_CR |= 0x100;
	BKP_DR(1) = 0x5555;
	FLASH_KEYR = 0x45670123;
	FLASH_KEYR = 0xCDEF89AB;
	FLASH_CR = 1;
	REG16(0x0800F000 - 2) = 0;
	FLASH_CR = 0x80;
#ifdef MUTANT_bkp_no_power_cycle
	magic = 0;
	console_put("RESET\n");
	SCB_AIRCR = 0x05FA0004;
#else
	console_put("POWERCYCLE\n");
#endif
	for (;;)
		;
}
