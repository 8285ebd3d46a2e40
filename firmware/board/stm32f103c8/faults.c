#include "firmware/board/stm32f103c8/faults.h"

#include "firmware/drivers/stm32f103.h"

#include "libs/base/crc.h"

#include <assert.h>

#define NOTED 0x5EED0A55u

/* Index of the program counter in the frame that the core stacks (PM0056 §2.3.7). */
#define STACKED_PC 6

static struct {
	uint32_t magic;
	int32_t line;
	uint32_t file;
} note __attribute__((section(".noinit")));

__attribute__((noreturn)) static void restart(uint32_t file, int32_t line)
{
	note.file = file;
	note.line = line;
	note.magic = NOTED;
	__asm volatile("dsb" ::: "memory");
	SCB_AIRCR = SCB_AIRCR_RESET;
	for (;;)
		;
}

void assert_failed(const char *file, int line)
{
	uint32_t crc = 0;

	for (; *file; file++)
		crc = crc32_ieee(crc, (const uint8_t *)file, 1);
	restart(crc & 0xFF, line);
}

__attribute__((noreturn, used)) static void core_fault(const uint32_t *stacked)
{
	restart(FAULT_CORE, (int32_t)stacked[STACKED_PC]);
}

__attribute__((naked)) void fault_handler(void)
{
	/* A stack overflow leaves no frame to read: then the main stack begins anew first. */
	__asm volatile("mrs r0, msp\n\t"
	               "ldr r1, =stack_top\n\t"
	               "mov sp, r1\n\t"
	               "movs r2, #1\n\t"
	               "lsls r2, r2, #29\n\t" /* start of RAM, 0x20000000 */
	               "cmp r0, r2\n\t"
	               "bhs 1f\n\t"
	               "sub r0, r1, #32\n\t"
	               "1: b core_fault");
}

void nmi_handler(void)
{
	restart(FAULT_CRYSTAL, 0);
}

void faults_take(struct boot_info *boot)
{
	boot->asserted = note.magic == NOTED;
	boot->assert_file = (uint8_t)note.file;
	boot->assert_line = note.line;
	note.magic = 0;
}
