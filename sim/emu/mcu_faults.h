/* What goes wrong with a microcontroller that is alive: its crystal, and the program itself. */
#ifndef SIM_EMU_MCU_FAULTS_H
#define SIM_EMU_MCU_FAULTS_H

#include "sim/emu/mcu.h"

enum mcu_break {
	MCU_BREAK_HANG,   /* the main program waits for ever; interrupts go on */
	MCU_BREAK_FAULT,  /* it jumps to where nothing is */
	MCU_BREAK_ASSERT, /* it calls assert_failed("hung.c", line) */
};

/* The crystal stops, or swings again from the next time it is switched on. */
void mcu_crystal(struct mcu *m, bool good);

/* ERR_BUSY: in an interrupt, or without power; ask again. `assert_failed` is the address of that
 * function, of which only MCU_BREAK_ASSERT makes use. */
MUST_USE enum err mcu_break(struct mcu *m, enum mcu_break what, uint32_t assert_failed,
                            uint32_t line);
#endif
