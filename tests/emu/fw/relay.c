/* On a terminal's board: coils on PB0 (close) and PB1 (open), feedback on PB5 (low: closed), an IM1253B
 * with the household's load on USART2. The loop: pin, contact, load, registers, feedback. */
#include "test.h"

enum {
	RXNE = 32,
	TXE = 128,
	COIL_CLOSE = 1,
	COIL_OPEN = 2,
	REGISTERS = 8,
	REPLY_BYTES = 3 + 4 * REGISTERS + 2
};

enum { VOLTAGE, CURRENT, POWER, ENERGY };

static uint32_t reg[REGISTERS];

static void start_board(void)
{
	RCC_APB2ENR |= 1U << 2 | 1U << 3;
	RCC_APB1ENR |= 1U << 17;
	GPIO(1, ODR) = 1U << 5;
	GPIO(1, CRL) = 0x44844422; /* PB0, PB1 outputs, PB5 input with pull-up */
	GPIO(0, CRL) = 0x44444B44; /* PA2 alternate output, PA3 input */
	USART_BRR(USART2) = 1667;  /* 4800 at 8 MHz */
	USART_CR1(USART2) = 0x200C;
}

/* Asleep: the program would wait for seconds at full speed. */
static void wait_ms(uint32_t ms)
{
	__asm volatile("cpsid i" ::: "memory");
	SYST_RVR = 7999;
	SYST_CVR = 0;
	SYST_CSR = 7;
	while (ms--) {
		__asm volatile("wfi" ::: "memory");
		SCB_ICSR = 1U << 25; /* PENDSTCLR */
	}
	SYST_CSR = 0;
	__asm volatile("cpsie i" ::: "memory");
}

static bool closed(void)
{
	return !(GPIO(1, IDR) >> 5 & 1);
}

static void pulse(uint32_t coils, uint32_t ms)
{
	GPIO(1, BSRR) = coils;
	wait_ms(ms);
	GPIO(1, BSRR) = coils << 16;
	wait_ms(20);
}

static uint32_t crc16(const uint8_t *bytes, unsigned n)
{
	uint32_t crc = 0xFFFF;

	for (unsigned i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return crc;
}

static int receive(void)
{
	for (uint32_t i = 0; i < 400000; i++)
		if (USART_SR(USART2) & RXNE)
			return (int)(USART_DR(USART2) & 0xFF);
	return -1;
}

/* The eight registers; false without a whole answer. */
static bool ask(void)
{
	static const uint8_t request[] = {1, 3, 0, 0x48, 0, REGISTERS, 0xC4, 0x1A};
	uint8_t reply[REPLY_BYTES];

	wait_ms(300); /* the module shows each 250 ms what it measured */
	for (unsigned i = 0; i < sizeof request; i++) {
		while (!(USART_SR(USART2) & TXE))
			;
		USART_DR(USART2) = request[i];
	}
	for (unsigned i = 0; i < REPLY_BYTES; i++) {
		int byte = receive();

		if (byte < 0)
			return false;
		reply[i] = (uint8_t)byte;
	}
	if (crc16(reply, REPLY_BYTES - 2) !=
	    (uint32_t)(reply[REPLY_BYTES - 2] | reply[REPLY_BYTES - 1] << 8))
		return false;
	for (unsigned r = 0; r < REGISTERS; r++)
		reg[r] = (uint32_t)reply[3 + 4 * r] << 24 | (uint32_t)reply[4 + 4 * r] << 16 |
		         (uint32_t)reply[5 + 4 * r] << 8 | reply[6 + 4 * r];
	return true;
}

CASE(relay_travels_8_to_10_ms)
{
	CHECK(closed());
	GPIO(1, BSRR) = COIL_OPEN;
	wait_ms(7);
	CHECK(closed());
	wait_ms(4);
	CHECK(!closed());
	GPIO(1, BSRR) = COIL_OPEN << 16;
	wait_ms(20);
	CHECK(!closed()); /* it latches */
#ifdef MUTANT_relay_pulse_too_short
	pulse(COIL_CLOSE, 5);
#else
	pulse(COIL_CLOSE, 20);
#endif
	CHECK(closed());
}

CASE(relay_both_coils_move_nothing)
{
	pulse(COIL_OPEN, 20);
#ifdef MUTANT_relay_one_coil_only
	pulse(COIL_CLOSE, 50);
#else
	pulse(COIL_CLOSE | COIL_OPEN, 50);
#endif
	CHECK(!closed());
	pulse(COIL_CLOSE, 20);
	CHECK(closed());
}

CASE(relay_open_contact_stops_the_load)
{
	uint32_t energy;

#ifndef MUTANT_relay_reads_a_closed_contact
	pulse(COIL_OPEN, 20);
#endif
	CHECK(ask());
	CHECK(reg[VOLTAGE] > 2000000 && reg[CURRENT] == 0 && reg[POWER] == 0);
	energy = reg[ENERGY];
	wait_ms(1500);
	CHECK(ask() && reg[ENERGY] == energy);
}

CASE(relay_closed_contact_feeds_the_load)
{
	uint32_t energy;

#ifndef MUTANT_relay_stays_open
	pulse(COIL_CLOSE, 20);
#endif
	CHECK(ask());
	CHECK(reg[CURRENT] > 0 && reg[POWER] > 0);
	energy = reg[ENERGY];
	wait_ms(1500);
	CHECK(ask() && reg[ENERGY] > energy);
}

int main(void)
{
	console_start();
	start_board();
	RUN(relay_travels_8_to_10_ms);
	RUN(relay_both_coils_move_nothing);
	RUN(relay_open_contact_stops_the_load);
	RUN(relay_closed_contact_feeds_the_load);
	test_end();
}
