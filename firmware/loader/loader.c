/* Stands in the first 6 KB from the factory on. It looks at the application's vector table, points
 * the core to it and jumps; a terminal without an application blinks slowly and leaves the relay
 * as it is. Replacing the application over the bus will live here, which is why the place is kept
 * and the application starts behind it. */
#include "firmware/drivers/stm32f103.h"

#include <stdbool.h>

#define LED_PIN     13u /* PC13, lights when low */
#define BLINK_TURNS 800000u

extern uint32_t app_start[], app_size[], ram_start[], ram_size[], stack_top[];

__attribute__((noreturn)) void reset_handler(void);
__attribute__((noreturn)) void fault_handler(void);

/* The first entry of a vector table is the stack's top, all others are functions. */
union vector {
	const uint32_t *stack;
	void (*run)(void);
};

__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
        {.stack = stack_top},   {.run = reset_handler}, {.run = fault_handler},
        {.run = fault_handler}, {.run = fault_handler}, {.run = fault_handler},
        {.run = fault_handler},
};

/* A stack inside the RAM and a Thumb entry inside the application. Erased flash fails both. */
static bool application_stands(const uint32_t *table)
{
	uint32_t stack_offset = table[0] - (uint32_t)ram_start;
	uint32_t entry_offset = table[1] - (uint32_t)app_start;

	return stack_offset > 0 && stack_offset <= (uint32_t)ram_size && table[0] % 8 == 0 &&
	       entry_offset < (uint32_t)app_size && (table[1] & 1u);
}

__attribute__((noreturn)) static void start(const uint32_t *table)
{
	SCB_VTOR = (uint32_t)table;
	__asm volatile("dsb\n\tmsr msp, %0\n\tbx %1" : : "r"(table[0]), "r"(table[1]) : "memory");
	__builtin_unreachable();
}

__attribute__((noreturn)) static void blink(void)
{
	RCC_APB2ENR |= RCC_APB2_PORTC;
	GPIO_CRH(PORT_C) = (GPIO_CRH(PORT_C) & ~(15u << 4 * (LED_PIN - 8))) |
	                   GPIO_OUTPUT_2MHZ << 4 * (LED_PIN - 8);
	for (bool on = true;; on = !on) {
		GPIO_BSRR(PORT_C) = 1u << (on ? LED_PIN + 16 : LED_PIN);
		for (uint32_t i = 0; i < BLINK_TURNS; i++)
			__asm volatile("nop");
	}
}

void reset_handler(void)
{
	if (application_stands(app_start))
		start(app_start);
	blink();
}

void fault_handler(void)
{
	blink();
}
