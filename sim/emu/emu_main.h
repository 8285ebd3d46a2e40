/* `wattle-sim emu` and `wattle-sim bench`. */
#ifndef SIM_EMU_EMU_MAIN_H
#define SIM_EMU_EMU_MAIN_H

int emu_main(int argc, char **argv);
int emu_bench_main(int argc, char **argv);
#endif
