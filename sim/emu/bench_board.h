/* A board for the emulator's own tests: any ELF, what it prints on USART1, USART2 and USART3 joined
 * crosswise, PA0 joined to PA1, flash pages 60..63 write-protected, several of them on one bus. A test program ends
 * by printing a line "DONE". `wattle-sim elf FILE` is this. */
#ifndef SIM_EMU_BENCH_BOARD_H
#define SIM_EMU_BENCH_BOARD_H

int bench_board_main(int argc, char **argv);
#endif
