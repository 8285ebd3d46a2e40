/* The address space of peripherals and core registers: which unit answers where, and whether its clock
 * is on. */
#ifndef SIM_EMU_MCU_BUS_H
#define SIM_EMU_MCU_BUS_H

#include "sim/emu/mcu.h"

/* Puts both ranges under the engine. */
bool mcu_bus_map(struct mcu *m);

/* The clock tree, or the way from a pin to the CAN controller, is not what it was. */
void mcu_clocks_changed(struct mcu *m);
void mcu_wiring_changed(struct mcu *m);
#endif
