/* USART2 and USART3 are joined crosswise on the test board. 72 MHz, PCLK1 36 MHz. */
#include "test.h"

enum {
	BAUD_9600 = 3750,
	PE = 1,
	FE = 2,
	NE = 4,
	ORE = 8,
	IDLE = 16,
	RXNE = 32,
	TC = 64,
	TXE = 128
};

#define DWT_CYCCNT REG(0xE0001004)

static volatile uint32_t interrupts;

/* Both ends as they are after reset, then enabled with the given dividers. */
static void start(uint32_t brr2, uint32_t brr3)
{
	RCC_APB1RSTR = 3U << 17;
	RCC_APB1RSTR = 0;
	USART_BRR(USART2) = brr2;
	USART_BRR(USART3) = brr3;
	USART_CR1(USART2) = 0x200C;
	USART_CR1(USART3) = 0x200C;
}

static void send(uint32_t usart, uint32_t byte)
{
	while (!(USART_SR(usart) & TXE))
		;
	USART_DR(usart) = byte;
}

static uint32_t wait_for(uint32_t usart, uint32_t flag)
{
	for (uint32_t i = 0; i < 20000; i++)
		if (USART_SR(usart) & flag)
			return USART_SR(usart);
	return 0;
}

CASE(usart_byte_crosses)
{
	start(BAUD_9600, BAUD_9600);
#ifdef MUTANT_usart_divider_of_apb2
	USART_BRR(USART2) = 7500;
#endif
	send(USART2, 0xA5);
	CHECK(wait_for(USART3, RXNE) == (RXNE | TC | TXE));
	CHECK(USART_DR(USART3) == 0xA5);
}

CASE(usart_time_of_a_character)
{
	uint32_t begin, cycles;

	start(BAUD_9600, BAUD_9600);
#ifdef MUTANT_usart_apb1_undivided
	RCC_CFGR &= ~(7U << 8);
#endif
	begin = DWT_CYCCNT;
	send(USART2, 0x55);
	while (!(USART_SR(USART2) & TC))
		;
	cycles = DWT_CYCCNT - begin;
	RCC_CFGR |= 4U << 8;
	CHECK(cycles > 74000 && cycles < 76500); /* 10 bits at 9600 are 75,000 cycles of 72 MHz */
}

CASE(usart_wrong_rate_is_a_framing_error)
{
#ifdef MUTANT_usart_same_rate
	start(BAUD_9600, BAUD_9600);
#else
	start(BAUD_9600, BAUD_9600 / 2);
#endif
	send(USART2, 0x00);
	CHECK(wait_for(USART3, RXNE) & FE);
}

CASE(usart_slightly_off_is_noise)
{
#ifdef MUTANT_usart_no_offset
	start(BAUD_9600, BAUD_9600);
#else
	start(BAUD_9600, BAUD_9600 * 19 / 20); /* the eighth data bit is sampled on its edge */
#endif
	send(USART2, 0x55);
	CHECK(wait_for(USART3, RXNE) & (NE | FE));
}

CASE(usart_overrun_keeps_the_first)
{
	start(BAUD_9600, BAUD_9600);
	send(USART2, 'a');
#ifdef MUTANT_usart_read_in_time
	wait_for(USART3, RXNE);
	CHECK(USART_DR(USART3) == 'a');
#endif
	send(USART2, 'b');
	delay_us(3000);
	CHECK(USART_SR(USART3) & ORE);
	CHECK(USART_DR(USART3) == 'a');
}

CASE(usart_error_cleared_by_sr_then_dr)
{
	start(BAUD_9600, BAUD_9600);
	send(USART2, 'a');
	send(USART2, 'b');
	delay_us(3000);
#ifndef MUTANT_usart_dr_without_sr
	(void)USART_SR(USART3);
#endif
	(void)USART_DR(USART3);
	CHECK(!(USART_SR(USART3) & ORE));
}

CASE(usart_tc_cleared_by_sr_then_dr)
{
	start(BAUD_9600, BAUD_9600);
#ifndef MUTANT_usart_tc_not_cleared
	(void)USART_SR(USART2);
#endif
	USART_DR(USART2) = 'x';
	CHECK(!(USART_SR(USART2) & TC));
	delay_us(2000);
	CHECK(USART_SR(USART2) & TC);
}

CASE(usart_txe_and_tc_differ)
{
	start(BAUD_9600, BAUD_9600);
	send(USART2, 'x');
	CHECK(USART_SR(USART2) & TXE); /* moved to the shift register at once */
	send(USART2, 'y');
	CHECK(!(USART_SR(USART2) & TXE));
#ifdef MUTANT_usart_stops_at_txe
	while (!(USART_SR(USART2) & TXE))
		;
	USART_CR1(USART2) = 0; /* switches off in the middle of the last character */
	start(BAUD_9600, BAUD_9600);
#endif
	while (!(USART_SR(USART2) & TC))
		;
	CHECK(wait_for(USART3, RXNE));
}

CASE(usart_idle_line_flag)
{
	start(BAUD_9600, BAUD_9600);
#ifndef MUTANT_usart_nothing_sent
	send(USART2, 'x');
#endif
	delay_us(1100);
	CHECK(!(USART_SR(USART3) & IDLE));
	delay_us(1500);
	CHECK(USART_SR(USART3) & IDLE);
}

CASE(usart_parity_error)
{
	start(BAUD_9600, BAUD_9600);
	USART_CR1(USART2) = 0x340C | 0x200; /* 9 bits, odd parity */
#ifdef MUTANT_usart_same_parity
	USART_CR1(USART3) = 0x340C | 0x200;
#else
	USART_CR1(USART3) = 0x340C & ~0x200U;  /* even */
#endif
	send(USART2, 'x');
	CHECK(wait_for(USART3, RXNE) & PE);
}

CASE(usart_receiver_must_be_on)
{
	start(BAUD_9600, BAUD_9600);
#ifdef MUTANT_usart_re_missing
	USART_CR1(USART3) = 0x2008;
#endif
	send(USART2, 'x');
	CHECK(wait_for(USART3, RXNE));
}

CASE(usart_tx_pin_must_be_alternate)
{
	start(BAUD_9600, BAUD_9600);
#ifdef MUTANT_usart_pin_is_gpio
	GPIO(0, CRL) = (GPIO(0, CRL) & ~0xF00U) | 0x300; /* general purpose output */
#endif
	send(USART2, 'x');
	CHECK(wait_for(USART3, RXNE));
	GPIO(0, CRL) = (GPIO(0, CRL) & ~0xF00U) | 0xB00;
}

static void on_receive(void)
{
	interrupts++;
	(void)USART_SR(USART3);
	(void)USART_DR(USART3);
}

CASE(usart_rxne_interrupt)
{
	start(BAUD_9600, BAUD_9600);
	interrupts = 0;
	handler_set(16 + IRQ_USART3, on_receive);
	irq_enable(IRQ_USART3);
#ifndef MUTANT_usart_rxneie_missing
	USART_CR1(USART3) = 0x202C;
#endif
	send(USART2, 'x');
	send(USART2, 'y');
	delay_us(3000);
	USART_CR1(USART3) = 0x200C;
	CHECK(interrupts == 2);
}

static void on_empty(void)
{
	if (++interrupts == 3) {
#ifndef MUTANT_usart_txeie_left_on
		USART_CR1(USART2) = 0x200C;
#endif
		return;
	}
	if (interrupts < 3)
		USART_DR(USART2) = 'z';
	if (interrupts > 1000)
		USART_CR1(USART2) = 0x200C;
}

CASE(usart_txe_interrupt_is_a_level)
{
	start(BAUD_9600, BAUD_9600);
	interrupts = 0;
	handler_set(16 + IRQ_USART2, on_empty);
	irq_enable(IRQ_USART2);
	USART_CR1(USART2) = 0x208C;
	delay_us(5000);
	CHECK(interrupts == 3);
}

int main(void)
{
	clock_72();
	console_start();
	vectors_to_ram();
	RCC_APB2ENR |= 1U << 2 | 1U << 3;
	RCC_APB1ENR |= 3U << 17;
	GPIO(0, CRL) = (GPIO(0, CRL) & ~0xFF00U) | 0x4B00;
	GPIO(1, CRH) = (GPIO(1, CRH) & ~0xFF00U) | 0x4B00;
	RUN(usart_byte_crosses);
	RUN(usart_time_of_a_character);
	RUN(usart_wrong_rate_is_a_framing_error);
	RUN(usart_slightly_off_is_noise);
	RUN(usart_overrun_keeps_the_first);
	RUN(usart_error_cleared_by_sr_then_dr);
	RUN(usart_tc_cleared_by_sr_then_dr);
	RUN(usart_txe_and_tc_differ);
	RUN(usart_idle_line_flag);
	RUN(usart_parity_error);
	RUN(usart_receiver_must_be_on);
	RUN(usart_tx_pin_must_be_alternate);
	RUN(usart_rxne_interrupt);
	RUN(usart_txe_interrupt_is_a_level);
	test_end();
}
