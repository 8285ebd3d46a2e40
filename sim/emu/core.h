/* Registers of the emulated core, exception entry and return (ARMv7-M B1.5.6 to B1.5.8). Beside
 * mcu.c, mcu_bus.c and mcu_faults.c nothing knows Unicorn. */
#ifndef SIM_EMU_CORE_H
#define SIM_EMU_CORE_H

#include "sim/emu/mcu.h"

#include <unicorn/unicorn.h>

uint32_t core_register(struct mcu *m, int which);
void core_set_register(struct mcu *m, int which, uint32_t value);
void core_reset(struct mcu *m);

/* The pending exception that may be taken now; -1 none. */
int core_deliverable(struct mcu *m);

/* Priority of what runs now, masks included. */
int core_priority(struct mcu *m);

/* False: the frame could not be stored; the core is locked up. */
bool core_enter(struct mcu *m, unsigned exception);
bool core_leave(struct mcu *m, uint32_t exc_return);

/* A fault of the instruction at PC. */
void core_fault(struct mcu *m, unsigned exception, uint32_t cfsr_bits);
#endif
