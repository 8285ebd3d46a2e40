/* Milliseconds since the start, from SysTick. The interrupt comes each millisecond when something
 * is hurried and each 10 ms otherwise: a sleeping core saves power, and an emulated one time. */
#ifndef FIRMWARE_DRIVERS_TICK_H
#define FIRMWARE_DRIVERS_TICK_H

#include <stdbool.h>
#include <stdint.h>

#define TICK_LONG_MS 10u

void tick_start(uint32_t core_hz);
uint32_t tick_ms(void);

/* Hurry cuts the running tick at its next whole millisecond; calm begins at its end. Not from an
 * interrupt. */
void tick_hurry(bool hurry);

/* Called from the interrupt with the milliseconds that passed. */
void tick_passed(uint32_t ms);

void systick_handler(void);
#endif
