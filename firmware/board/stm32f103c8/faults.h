/* Where the last run ended: a failed assertion or a core fault is noted in RAM that the start-up
 * leaves alone, and the terminal restarts. The relay is latching and keeps its place. */
#ifndef FIRMWARE_BOARD_STM32F103C8_FAULTS_H
#define FIRMWARE_BOARD_STM32F103C8_FAULTS_H

#include "firmware/app/board.h"

/* Files are told by the low byte of the CRC-32 of their name; with the line that finds the place
 * (`firmware/tools/whichfile.py BYTE` lists the names). 0 is a core fault, the line its address;
 * 1 is a crystal that failed. */
enum { FAULT_CORE = 0, FAULT_CRYSTAL = 1 };

/* Fills the assert fields and forgets them. */
void faults_take(struct boot_info *boot);

__attribute__((noreturn)) void fault_handler(void);
__attribute__((noreturn)) void nmi_handler(void);
#endif
