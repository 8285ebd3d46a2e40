/* The world, tied to the host: real time, the hub's socket, the control socket. */
#ifndef SIM_EMU_EMULATOR_H
#define SIM_EMU_EMULATOR_H

#include "sim/emu/world.h"
#include "sim/line_server.h"

enum emulator_pace {
	PACE_REAL, /* virtual time follows the host's clock */
	PACE_FAST, /* as fast as it goes */
	PACE_STEP, /* only as far as the control socket says: {"op":"run","ms":N} */
};

struct emulator {
	struct world *world;
	enum emulator_pace pace;
	int hub; /* -1: not connected */
	const char *hub_path;
	struct line_server control;
	bool quit;
	int64_t origin_ns; /* host time at virtual time 0 */
	vtime seconds_limit;
	uint64_t hub_lost; /* frames that the hub's socket did not take */
	int64_t lag_ms, lag_max_ms, slipped_ms;
};

/* In PACE_STEP: runs `ms` of virtual time, with the hub served in between. */
void emulator_step(struct emulator *e, uint64_t ms);
#endif
