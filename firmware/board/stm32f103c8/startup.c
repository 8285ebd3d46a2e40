/* Vector table, and what runs before main(). */
#include "firmware/board/stm32f103c8/faults.h"
#include "firmware/drivers/bxcan.h"
#include "firmware/drivers/sensor_uart.h"
#include "firmware/drivers/stm32f103.h"
#include "firmware/drivers/tick.h"

extern uint32_t stack_top[], data_image[], data_begin[], data_end[], bss_begin[], bss_end[];

int main(void);
__attribute__((noreturn)) void reset_handler(void);

enum { CORE_VECTORS = 16 };

/* The first entry is the stack's top, all others are functions. */
union vector {
	const uint32_t *stack;
	void (*run)(void);
};

__attribute__((section(".vectors"),
               used)) static const union vector vectors[CORE_VECTORS + INTERRUPTS] = {
        [0].stack = stack_top,
        [1].run = reset_handler,
        [2].run = nmi_handler,
        [3].run = fault_handler, /* hard */
        [4].run = fault_handler, /* memory */
        [5].run = fault_handler, /* bus */
        [6].run = fault_handler, /* usage */
        [11].run = fault_handler,
        [12].run = fault_handler,
        [14].run = fault_handler,
        [15].run = systick_handler,
        [CORE_VECTORS + IRQ_CAN_TX].run = can_tx_handler,
        [CORE_VECTORS + IRQ_CAN_RX0].run = can_rx0_handler,
        [CORE_VECTORS + IRQ_CAN_SCE].run = can_sce_handler,
        [CORE_VECTORS + IRQ_USART2].run = usart2_handler,
};

void reset_handler(void)
{
	const uint32_t *from = data_image;

	for (uint32_t *to = data_begin; to < data_end; to++)
		*to = *from++;
	for (uint32_t *to = bss_begin; to < bss_end; to++)
		*to = 0;
	main();
	for (;;)
		;
}
