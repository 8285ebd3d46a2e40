/* wattle-sim: everything outside our daemons that a whole system needs, without hardware.
 * Begin reading at emu/mcu.h (one microcontroller), then emu/world.h (N terminals on a bus). */
#include "sim/emu/bench_board.h"
#include "sim/emu/emu_main.h"
#include "sim/hub/hub.h"
#include "sim/provision.h"
#include "sim/world/site.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *help;
	int (*main)(int argc, char **argv);
} commands[] = {
        {"hub",       "CAN bus on a unix socket                     CAN 总线",         hub_main        },
        {"emu",       "terminals that run the real firmware         终端仿真",       emu_main        },
        {"provision", "flash images with keys, and their labels     烧录与标签",    provision_main  },
        {"bench",     "how many terminals run in real time          性能测量",       emu_bench_main  },
        {"site",      "a store with meters, tenants and readings    模拟物业数据", site_main       },
        {"elf",       "one ELF on the emulator's own test board      测试板",         bench_board_main},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	fprintf(stderr, "usage: wattle-sim COMMAND …\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(stderr, "  %-10s %s\n", commands[i].name, commands[i].help);
	return 2;
}
