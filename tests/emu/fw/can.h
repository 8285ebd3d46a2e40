/* Small bxCAN helpers of the test programs: 125 kbit/s at PCLK1 36 MHz, or at 8 MHz without PLL. */
#ifndef TESTS_EMU_FW_CAN_H
#define TESTS_EMU_FW_CAN_H

#include "test.h"

enum {
	BTR_125K = 0x011C0011, /* 36 MHz / 18 / 16 */
	LOOPBACK = 0x40000000,
	SILENT = (int)0x80000000,
	EXTENDED = 4,
	REMOTE = 2,
	TXRQ = 1,
	RQCP0 = 1,
	TXOK0 = 2,
	ALST0 = 4,
	TERR0 = 8,
	NART = 0x10,
	TXFP = 4,
	RFLM = 8,
	ABOM = 0x40,
	AWUM = 0x20,
};

static inline void can_pins(void)
{
	RCC_APB2ENR |= 1U << 2 | 1U;
	RCC_APB1ENR |= 1U << 25;
	GPIO(0, CRH) = (GPIO(0, CRH) & ~0xFF000U) | 0xB4000U;
}

static inline void can_init(uint32_t mcr, uint32_t btr)
{
	RCC_APB1RSTR = 1U << 25;
	RCC_APB1RSTR = 0;
	CAN_MCR = 1 | mcr;
	while (!(CAN_MSR & 1))
		;
	CAN_BTR = btr;
}

/* Everything passes, into FIFO 0. */
static inline void can_accept_all(void)
{
	CAN_FMR |= 1;
	CAN_FM1R = 0;
	CAN_FS1R = 1;
	CAN_FFA1R = 0;
	CAN_FR(0, 0) = 0;
	CAN_FR(0, 1) = 0;
	CAN_FA1R = 1;
	CAN_FMR &= ~1U;
}

static inline bool can_join(void)
{
	CAN_MCR &= ~1U;
	for (uint32_t i = 0; i < 200000; i++)
		if (!(CAN_MSR & 1))
			return true;
	return false;
}

static inline void can_put(unsigned box, uint32_t tir, uint32_t low, uint32_t len)
{
	CAN_TDTR(box) = len;
	CAN_TDLR(box) = low;
	CAN_TDHR(box) = 0;
	CAN_TIR(box) = tir | TXRQ;
}

static inline uint32_t standard(uint32_t id)
{
	return id << 21;
}

static inline uint32_t extended(uint32_t id)
{
	return id << 3 | EXTENDED;
}

static inline bool can_wait(volatile uint32_t *reg, uint32_t mask)
{
	for (uint32_t i = 0; i < 100000; i++)
		if (*reg & mask)
			return true;
	return false;
}
#endif
