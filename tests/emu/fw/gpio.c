/* GPIO: PA0 and PA1 are one net on the test board; PB5 is open. */
#include "test.h"

static void mode(unsigned pin, unsigned nibble)
{
	GPIO(0, CRL) = (GPIO(0, CRL) & ~(0xFU << 4 * pin)) | nibble << 4 * pin;
}

enum { ANALOG = 0, OUT = 2, OPEN_DRAIN = 6, FLOATING = 4, PULLED = 8 };

CASE(gpio_pull_up_reads_one)
{
	GPIO(1, BSRR) = 1U << 5;
#ifdef MUTANT_gpio_floating_input
	GPIO(1, CRL) = 0x44444444;
#else
	GPIO(1, CRL) = 0x44844444;
#endif
	CHECK(GPIO(1, IDR) & 1U << 5);
}

CASE(gpio_pull_down_by_odr)
{
	GPIO(1, CRL) = 0x44844444;
#ifdef MUTANT_gpio_pull_direction
	GPIO(1, BSRR) = 1U << 5;
#else
	GPIO(1, BRR) = 1U << 5;
#endif
	CHECK(!(GPIO(1, IDR) & 1U << 5));
}

CASE(gpio_output_drives_the_net)
{
	mode(1, FLOATING);
#ifndef MUTANT_gpio_never_an_output
	mode(0, OUT);
#endif
	GPIO(0, BSRR) = 1;
	CHECK(GPIO(0, IDR) & 2);
	GPIO(0, BSRR) = 1U << 16;
	CHECK(!(GPIO(0, IDR) & 2));
	mode(0, FLOATING);
}

CASE(gpio_bsrr_set_wins)
{
	mode(0, OUT);
	GPIO(0, BRR) = 1;
#ifdef MUTANT_gpio_reset_half_only
	GPIO(0, BSRR) = 1U << 16;
#else
	GPIO(0, BSRR) = 1U << 16 | 1;
#endif
	CHECK(GPIO(0, ODR) & 1);
	mode(0, FLOATING);
}

CASE(gpio_brr_clears_only_its_bits)
{
	GPIO(0, ODR) = 0x00F0;
#ifdef MUTANT_gpio_odr_for_brr
	GPIO(0, ODR) = 0;
#else
	GPIO(0, BRR) = 0x0010;
#endif
	CHECK((GPIO(0, ODR) & 0xFF) == 0xE0);
	GPIO(0, ODR) = 0;
}

/* Open drain at 1 lets go; a pull-up on the other end wins. */
CASE(gpio_open_drain_releases)
{
	GPIO(0, BSRR) = 3;
	mode(1, PULLED);
#ifdef MUTANT_gpio_push_pull
	mode(0, OUT);
	GPIO(0, BSRR) = 1U << 16;
#else
	mode(0, OPEN_DRAIN);
#endif
	CHECK(GPIO(0, IDR) & 2);
	GPIO(0, BSRR) = 1U << 16;
	CHECK(!(GPIO(0, IDR) & 2));
	mode(0, FLOATING);
	mode(1, FLOATING);
}

CASE(gpio_analog_reads_zero)
{
	mode(0, OUT);
	GPIO(0, BSRR) = 1;
#ifdef MUTANT_gpio_left_analog
	mode(1, ANALOG);
	CHECK(GPIO(0, IDR) & 2);
#else
	mode(1, ANALOG);
	CHECK(!(GPIO(0, IDR) & 2));
	mode(1, FLOATING);
	CHECK(GPIO(0, IDR) & 2);
#endif
	mode(0, FLOATING);
}

CASE(gpio_reset_state_is_input)
{
	mode(0, OUT);
	GPIO(0, BSRR) = 1;
	RCC_APB2RSTR = 1U << 2;
	RCC_APB2RSTR = 0;
	CHECK(GPIO(0, CRL) == 0x44444444 && GPIO(0, ODR) == 0);
#ifdef MUTANT_gpio_not_set_up_again
	GPIO(0, BSRR) = 1;
#else
	mode(0, OUT);
	GPIO(0, BSRR) = 1;
#endif
	CHECK(GPIO(0, IDR) & 2);
	console_start();
}

int main(void)
{
	console_start();
	RCC_APB2ENR |= 1U << 2 | 1U << 3;
	RUN(gpio_pull_up_reads_one);
	RUN(gpio_pull_down_by_odr);
	RUN(gpio_output_drives_the_net);
	RUN(gpio_bsrr_set_wins);
	RUN(gpio_brr_clears_only_its_bits);
	RUN(gpio_open_drain_releases);
	RUN(gpio_analog_reads_zero);
	RUN(gpio_reset_state_is_input);
	test_end();
}
