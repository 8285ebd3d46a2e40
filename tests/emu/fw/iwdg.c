/* Independent watchdog: each case is one life; what it found is kept in RAM, which a reset leaves. */
#include "test.h"

__attribute__((section(".kept"))) static volatile uint32_t magic, life;

static bool bitten(void)
{
	return RCC_CSR & 1U << 29;
}

static void start(uint32_t prescaler, uint32_t reload)
{
	IWDG_KR = 0x5555;
	IWDG_PR = prescaler;
	IWDG_KR = 0x5555;
	IWDG_RLR = reload;
	while (IWDG_SR)
		;
	IWDG_KR = 0xCCCC;
}

/* 40 kHz / 4, reload 99: 10 ms. */
CASE(iwdg_feeding_keeps_alive)
{
	CHECK(!bitten());
	start(0, 99);
	for (int i = 0; i < 10; i++) {
		delay_us(5000);
#ifdef MUTANT_iwdg_wrong_key
		IWDG_KR = 0xAAAB;
#else
		IWDG_KR = 0xAAAA;
#endif
	}
}

CASE(iwdg_bites_and_tells)
{
	CHECK(bitten());
	RCC_CSR |= 1U << 24;
	CHECK(!bitten());
}

CASE(iwdg_registers_need_the_key)
{
	IWDG_KR = 0xAAAA; /* any other key locks */
#ifdef MUTANT_iwdg_not_unlocked
	IWDG_RLR = 1234;
#else
	IWDG_KR = 0x5555;
	IWDG_RLR = 1234;
#endif
	delay_us(300);
	CHECK(IWDG_RLR == 1234);
}

CASE(iwdg_update_takes_time)
{
	IWDG_KR = 0x5555;
	IWDG_RLR = 777;
#ifdef MUTANT_iwdg_does_not_wait
	CHECK(IWDG_RLR == 777);
#else
	CHECK(IWDG_SR & 2);
	while (IWDG_SR & 2)
		;
	CHECK(IWDG_RLR == 777);
#endif
}

CASE(iwdg_prescaler_stretches)
{
	/* 40 kHz / 32, reload 99: 80 ms; bites at /4 after 10 ms */
#ifdef MUTANT_iwdg_prescaler_forgotten
	start(0, 99);
#else
	start(3, 99);
#endif
	delay_us(50000);
	CHECK(true);
}

int main(void)
{
	console_start();
	if (magic != 0xD06F00D) {
		magic = 0xD06F00D;
		life = 0;
		RCC_CSR |= 1U << 24;
	}
	switch (life++) {
	case 0:
		RUN(iwdg_registers_need_the_key);
		RUN(iwdg_update_takes_time);
		RUN(iwdg_feeding_keeps_alive);
		start(0, 99);
		for (;;)
			;
	case 1:
#ifdef MUTANT_iwdg_cause_cleared_early
		RCC_CSR |= 1U << 24;
#endif
		RUN(iwdg_bites_and_tells);
		RUN(iwdg_prescaler_stretches);
		test_end();
	default:
		test_end(); /* bitten where it should not be: the case's line is missing */
	}
}
