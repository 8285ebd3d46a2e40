/* A terminal-like load for measuring the emulator itself: a tick each millisecond, a little work, WFI;
 * two extended frames a second; one sensor request a second. */
#include "test.h"

static volatile uint32_t ms;

static void tick(void)
{
	ms++;
}

static void start_can(void)
{
	RCC_APB2ENR |= 1U << 2 | 1U;
	RCC_APB1ENR |= 1U << 25;
	GPIO(0, CRH) = (GPIO(0, CRH) & ~0xF0000U) | 0xB0000U;
	CAN_MCR = 1;
	while (!(CAN_MSR & 1))
		;
	CAN_MCR = 0x41;
	CAN_BTR = 0x011C0011;
	CAN_MCR = 0x40;
	while (CAN_MSR & 1)
		;
}

static void start_sensor(void)
{
	RCC_APB1ENR |= 1U << 17;
	GPIO(0, CRL) = (GPIO(0, CRL) & ~0xFF00U) | 0x4B00U;
	USART_BRR(USART2) = 7500;
	USART_CR1(USART2) = 0x200C;
}

static void send(uint32_t id, uint32_t low, uint32_t high)
{
	for (unsigned n = 0; n < 3; n++) {
		if (!(CAN_TSR & 1U << (26 + n)))
			continue;
		CAN_TDTR(n) = 8;
		CAN_TDLR(n) = low;
		CAN_TDHR(n) = high;
		CAN_TIR(n) = id << 3 | 5;
		return;
	}
}

static void ask_sensor(void)
{
	static const uint8_t request[] = {0x01, 0x03, 0x00, 0x48, 0x00, 0x08, 0xC4, 0x1A};

	for (unsigned i = 0; i < sizeof request; i++) {
		while (!(USART_SR(USART2) & 0x80))
			;
		USART_DR(USART2) = request[i];
	}
}

int main(void)
{
	uint32_t next;

	clock_72();
	console_start();
	start_can();
	start_sensor();
	vectors_to_ram();
	handler_set(15, tick);
	SYST_RVR = 71999;
	SYST_CVR = 0;
	SYST_CSR = 7;
	next = 100 + UID_BYTE(0) * 7;
	for (;;) {
		if (ms >= next) {
			next += 1000;
			send(0x10000000 | (uint32_t)UID_BYTE(0) << 10, ms, 0x55AA55AA);
			send(0x11000000 | (uint32_t)UID_BYTE(0) << 10, ~ms, 0xAA55AA55);
			ask_sensor();
		}
		for (volatile int i = 0; i < 20; i++) /* what a main loop looks at */
			;
		__asm volatile("wfi");
	}
}
