/* wattle-sim: everything outside our daemons that a whole system needs, without hardware.
 * Begin reading at emu/mcu.h (one microcontroller), then emu/world.h (N terminals on a bus). */
#include "sim/emu/bench_board.h"
#include "sim/emu/emu_main.h"
#include "sim/hub/hub.h"
#include "sim/provision.h"
#include "sim/world/site.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A program of its own beside this one: it links other ends of the platform (docs/design/world.md). */
static int world_main(int argc, char **argv)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof "wattle-world");
	char *name;

	(void)argc;
	if (n < 0)
		return 1;
	path[n] = '\0';
	name = strrchr(path, '/');
	memcpy(name ? name + 1 : path, "wattle-world", sizeof "wattle-world");
	execv(path, argv);
	perror(path);
	return 1;
}

static const struct {
	const char *name, *help;
	int (*main)(int argc, char **argv);
} commands[] = {
        {"hub",       "CAN bus on a unix socket                     CAN 总线",         hub_main        },
        {"emu",       "terminals that run the real firmware         终端仿真",       emu_main        },
        {"provision", "flash images with keys, and their labels     烧录与标签",    provision_main  },
        {"bench",     "how many terminals run in real time          性能测量",       emu_bench_main  },
        {"site",      "a store with meters, tenants and readings    模拟物业数据", site_main       },
        {"world",     "the whole system in one process, by a seed   模拟世界",       world_main      },
        {"elf",       "one ELF on the emulator's own test board      测试板",         bench_board_main},
};

int main(int argc, char **argv)
{
	bool asked;
	FILE *out;

	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	asked = argc == 2 && strcmp(argv[1], "--help") == 0;
	out = asked ? stdout : stderr;
	fprintf(out, "usage: wattle-sim COMMAND …\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	return asked ? 0 : 2;
}
