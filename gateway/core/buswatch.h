/* How busy the bus is, from the frames that pass, and whether somebody babbles. */
#ifndef GATEWAY_CORE_BUSWATCH_H
#define GATEWAY_CORE_BUSWATCH_H

#include "libs/proto/can.h"

#include <stdbool.h>
#include <stdint.h>

#define BUSWATCH_BITRATE 125000

enum buswatch_change {
	BUSWATCH_SAME,
	BUSWATCH_OVERLOAD,
	BUSWATCH_RELIEF,
};

struct buswatch {
	int64_t second_ms; /* start of the second being counted */
	uint32_t bits;
	uint32_t load_permille; /* of the last whole second */
	unsigned high_s, low_s; /* seconds in a row above and below the limits */
	bool overloaded;
};

void buswatch_frame(struct buswatch *w, const struct can_msg *msg);
enum buswatch_change buswatch_tick(struct buswatch *w, int64_t mono_ms);
#endif
