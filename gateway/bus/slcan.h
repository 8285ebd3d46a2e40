/* The text lines of serial CAN adapters (LAWICEL CAN232 and its many followers): parsing and
 * building, no I/O.
 *
 *   T iiiiiiii l dd…  extended frame (8 hex digits of identifier, length, bytes); t iii: standard
 *   C close, S4 125 kbit/s, O open; each line ends in CR; the adapter answers CR or BEL (error),
 *   z or Z and CR after a frame was taken. Some add four digits of time stamp to a frame. */
#ifndef GATEWAY_BUS_SLCAN_H
#define GATEWAY_BUS_SLCAN_H

#include "libs/base/err.h"
#include "libs/proto/can.h"

#include <stddef.h>

#define SLCAN_LINE_MAX 32 /* T + 8 + 1 + 16 + time stamp 4 + CR, rounded up */

struct slcan {
	char line[SLCAN_LINE_MAX];
	size_t len;
	bool overlong; /* skipping to the end of the line */
};

/* One byte from the adapter. ERR_NONE: *msg is a frame; ERR_BUSY: line not complete, or one that
 * only acknowledges; ERR_BAD_INPUT: the adapter reports an error, or the line is damaged or no
 * extended data frame. */
MUST_USE enum err slcan_take(struct slcan *slcan, uint8_t byte, struct can_msg *msg);

/* Returns the length of the line with its CR; no final 0. */
size_t slcan_encode(const struct can_msg *msg, char line[SLCAN_LINE_MAX]);
#endif
