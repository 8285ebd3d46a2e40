/* A test program: cases, checked on the emulated chip itself, reported over USART1 as "PASS name" or
 * "FAIL name line". The same file built with -DMUTANT_x carries one firmware mistake, and then the
 * case that names the behaviour must fail: docs/design/emulator.md pairs them. */
#ifndef TESTS_EMU_FW_TEST_H
#define TESTS_EMU_FW_TEST_H

#include "regs.h"

#include <stdbool.h>
#include <stdint.h>

#define CASE(name) static void name(void)
#define RUN(name)  test_run(#name, name)
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			test_failed(__LINE__);                                                     \
	} while (0)

void console_start(void); /* USART1, PA9, 115200 at the present clock of 8 MHz or 72 MHz */
void console_put(const char *text);
void test_run(const char *name, void (*body)(void));
void test_failed(int line);
_Noreturn void test_end(void); /* prints DONE, never returns */

void clock_72(void);         /* HSE, PLL x9, APB1 /2, two wait states */
void delay_us(uint32_t us);  /* by SysTick, polled */
unsigned board_number(void); /* which of several boards of a bench run this is */

typedef void (*handler)(void);
void handler_set(unsigned exception, handler h); /* vector table in RAM after vectors_to_ram() */
void vectors_to_ram(void);
#endif
