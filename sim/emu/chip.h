/* What every peripheral of one microcontroller shares: its time, its interrupt lines, its clocks.
 * A peripheral that makes an earlier event than before sets `reschedule`; the core then leaves
 * the translated code at the next block and looks again. */
#ifndef SIM_EMU_CHIP_H
#define SIM_EMU_CHIP_H

#include "sim/emu/nvic.h"
#include "sim/emu/vtime.h"

#include <stdbool.h>
#include <stdint.h>

struct clocks {
	uint32_t hclk_hz;
	uint32_t pclk1_hz;
	uint32_t pclk2_hz;
};

struct chip {
	vtime now;
	struct nvic nvic;
	struct clocks clocks;
	bool reschedule;
	bool bus_fault; /* an access that the bus answers with an error: taken at the next block */
	vtime stall_until; /* flash is busy: nothing is fetched from it */
};

/* Interrupt numbers of STM32F103xB (RM0008 table 63), without the 16 of the core. */
enum irq {
	IRQ_RTC = 3,
	IRQ_FLASH = 4,
	IRQ_CAN_TX = 19,
	IRQ_CAN_RX0 = 20,
	IRQ_CAN_RX1 = 21,
	IRQ_CAN_SCE = 22,
	IRQ_USART1 = 37,
	IRQ_USART2 = 38,
	IRQ_USART3 = 39,
};
#endif
