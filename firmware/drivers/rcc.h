/* Clock tree: 8 MHz crystal, PLL x 9 = 72 MHz core, 36 MHz APB1. */
#ifndef FIRMWARE_DRIVERS_RCC_H
#define FIRMWARE_DRIVERS_RCC_H

#include "libs/base/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct clocks {
	uint32_t core_hz;
	uint32_t apb1_hz;
};

/* False: no crystal or no PLL. Then everything runs from the internal 8 MHz, too inexact for CAN
 * (docs/hardware/terminal.md) but good enough for the sensor and the relay. */
MUST_USE bool rcc_start(struct clocks *clocks);

/* RCC_CSR bits 31..26 of the last reset, shifted to 0; forgets them. */
uint8_t rcc_reset_cause(void);
#endif
