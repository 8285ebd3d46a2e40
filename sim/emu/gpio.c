#include "sim/emu/gpio.h"

#include <string.h>

enum { CRL = 0x00, CRH = 0x04, IDR = 0x08, ODR = 0x0C, BSRR = 0x10, BRR = 0x14 };

enum { MODE_MASK = 3, CNF_ANALOG = 0, CNF_PULL = 2, CNF_OPEN_DRAIN = 1, CNF_ALTERNATE = 2 };

void gpio_reset(struct gpio *g, struct chip *chip)
{
	g->chip = chip;
	g->cr[0] = g->cr[1] = UINT32_C(0x44444444); /* floating inputs */
	g->odr = 0;
	if (g->changed)
		g->changed(g->changed_ctx, g->port);
}

static unsigned mode(const struct gpio *g, unsigned pin)
{
	return g->cr[pin / 8] >> (4 * (pin % 8)) & MODE_MASK;
}

static unsigned cnf(const struct gpio *g, unsigned pin)
{
	return g->cr[pin / 8] >> (4 * (pin % 8) + 2) & 3U;
}

bool gpio_is_alternate_output(const struct gpio *g, unsigned pin)
{
	return mode(g, pin) != 0 && (cnf(g, pin) & CNF_ALTERNATE);
}

enum gpio_level gpio_driven(const struct gpio *g, unsigned pin)
{
	bool high = g->odr >> pin & 1U;

	if (mode(g, pin) == 0 || gpio_is_alternate_output(g, pin))
		return GPIO_FLOATING;
	if (high)
		return cnf(g, pin) & CNF_OPEN_DRAIN ? GPIO_FLOATING : GPIO_HIGH;
	return GPIO_LOW;
}

bool gpio_level(const struct gpio *g, unsigned pin)
{
	enum gpio_level driven = gpio_driven(g, pin);

	if (mode(g, pin) == 0 && cnf(g, pin) == CNF_ANALOG)
		return false; /* the input buffer is off (RM0008 §9.1.12) */
	if (driven != GPIO_FLOATING)
		return driven == GPIO_HIGH;
	if (g->outside[pin] != GPIO_FLOATING)
		return g->outside[pin] == GPIO_HIGH;
	/* Undriven: the pull decides; without one the pin reads 0 here, anything on a board. */
	return mode(g, pin) == 0 && cnf(g, pin) == CNF_PULL && (g->odr >> pin & 1U);
}

uint32_t gpio_read(struct gpio *g, uint32_t offset)
{
	uint32_t levels = 0;

	switch (offset) {
	case CRL:
		return g->cr[0];
	case CRH:
		return g->cr[1];
	case IDR:
		for (unsigned pin = 0; pin < 16; pin++)
			levels |= (uint32_t)gpio_level(g, pin) << pin;
		return levels;
	case ODR:
		return g->odr;
	default:
		return 0;
	}
}

void gpio_write(struct gpio *g, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case CRL:
		g->cr[0] = value;
		break;
	case CRH:
		g->cr[1] = value;
		break;
	case ODR:
		g->odr = value & UINT32_C(0xFFFF);
		break;
	case BSRR: /* set wins where both halves ask (RM0008 §9.2.5) */
		g->odr = (g->odr & ~(value >> 16)) | (value & UINT32_C(0xFFFF));
		break;
	case BRR:
		g->odr &= ~(value & UINT32_C(0xFFFF));
		break;
	default:
		return;
	}
	if (g->changed)
		g->changed(g->changed_ctx, g->port);
}
