/* Any lines on the emulator's control socket: one JSON object comes back for each, and the terminal, which has no
 * program to run, goes on with whatever was done to it. */
#include "sim/emu/control.h"
#include "sim/emu/emulator.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct emulator e = {.pace = PACE_REAL, .hub = -1}; /* `run` is refused: it takes its time */

/* In emu_main.c, with the sockets. */
void emulator_step(struct emulator *emulator, uint64_t ms)
{
	(void)emulator;
	(void)ms;
	abort();
}

static void prepare(void)
{
	static struct load_row rows[3] = {
	        {true, 230000, 1000, 100},
                {0   },
                {true,   240000,       0,        0  }
        };
	static const struct load_data load = {.row = rows, .count = 3};
	const struct world_config config = {.count = 1, .first = 1, .load = &load};

	if (world_new(&e.world, &config) != ERR_NONE)
		abort();
}

static void ask(const char *line)
{
	char *answer = control_answer(&e, line);

	if (!answer || answer[0] != '{' || strcmp(answer + strlen(answer) - 2, "}\n") != 0)
		abort();
	free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;

	if (!text)
		return 0;
	if (!e.world)
		prepare();
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		ask(line);
	free(text);
	world_run(e.world, e.world->now + VTIME_PER_MS);
	ask("{\"op\":\"state\",\"terminal\":1}");
	return 0;
}
