#include "firmware/drivers/pins.h"

#include "firmware/drivers/stm32f103.h"

void pin_mode(struct pin pin, uint32_t mode)
{
	volatile uint32_t *config = pin.number < 8 ? &GPIO_CRL(pin.port) : &GPIO_CRH(pin.port);
	unsigned shift = 4 * (pin.number & 7u);

	*config = (*config & ~(15u << shift)) | mode << shift;
}

void pin_set(struct pin pin, bool high)
{
	GPIO_BSRR(pin.port) = 1u << (high ? pin.number : pin.number + 16);
}

bool pin_high(struct pin pin)
{
	return GPIO_IDR(pin.port) >> pin.number & 1;
}
