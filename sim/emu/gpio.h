/* One GPIO port (RM0008 §9): modes, set/reset, pulls, what the outside sees and what it drives. */
#ifndef SIM_EMU_GPIO_H
#define SIM_EMU_GPIO_H

#include "sim/emu/chip.h"

enum gpio_level { GPIO_FLOATING, GPIO_LOW, GPIO_HIGH };

struct gpio {
	struct chip *chip;
	uint32_t cr[2], odr;
	enum gpio_level outside[16]; /* what the board drives into the pin */
	void (*changed)(void *ctx, unsigned port);
	void *changed_ctx;
	unsigned port;
};

void gpio_reset(struct gpio *g, struct chip *chip);
uint32_t gpio_read(struct gpio *g, uint32_t offset);
void gpio_write(struct gpio *g, uint32_t offset, uint32_t value);

/* What the pin drives: an output's level, or floating (inputs, analog, open drain at 1,
 * alternate functions, which their peripheral drives). */
enum gpio_level gpio_driven(const struct gpio *g, unsigned pin);
bool gpio_is_alternate_output(const struct gpio *g, unsigned pin);

/* The level on the pin as the input buffer reads it. */
bool gpio_level(const struct gpio *g, unsigned pin);
#endif
