/* Port pins by name. Which pin does what: docs/hardware/terminal.md. */
#ifndef FIRMWARE_DRIVERS_PINS_H
#define FIRMWARE_DRIVERS_PINS_H

#include <stdbool.h>
#include <stdint.h>

struct pin {
	uint32_t port; /* PORT_A .. */
	uint8_t number;
};

void pin_mode(struct pin pin, uint32_t mode); /* GPIO_OUTPUT_2MHZ .. */
void pin_set(struct pin pin, bool high);      /* also chooses the pull of an input */
bool pin_high(struct pin pin);
#endif
