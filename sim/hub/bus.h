/* The hub without its sockets: queues, arbitration, pacing and faults, in microseconds of a clock
 * that the caller reads. */
#ifndef SIM_HUB_BUS_H
#define SIM_HUB_BUS_H

#include "sim/emu/can_frame.h"

#include <stdbool.h>
#include <stdint.h>

enum { BUS_PORTS = 64, BUS_QUEUE = 256, BUS_DELAYED = 256, BUS_NOBODY = -1 };

struct bus_port {
	bool open;
	struct can_frame queue[BUS_QUEUE];
	unsigned head, tail;
	uint64_t refused; /* queue was full */
};

struct bus_delayed {
	int64_t at_us;
	int from;
	struct can_frame frame;
};

struct bus_faults { /* each in permille of frames */
	unsigned drop, duplicate, delay, partial;
	unsigned delay_ms;
	unsigned babble; /* permille of the bus taken by frames of the highest priority */
};

struct bus {
	struct bus_port port[BUS_PORTS];
	struct bus_delayed delayed[BUS_DELAYED];
	unsigned delayed_count;
	struct bus_faults faults;
	uint32_t random;
	bool idle;          /* nobody wanted it when bus_run looked last */
	int64_t free_at_us; /* end of the frame on the bus */
	int64_t babble_debt_us;
	uint64_t frames, dropped, duplicated, delayed_total, partial, babbled, busy_us;
	/* `to` port, or BUS_NOBODY for the log; called in the order of the bus */
	void (*deliver)(void *ctx, int to, const struct can_frame *frame, int64_t at_us);
	void *ctx;
};

void bus_init(struct bus *b, uint32_t seed);

/* False: the port's queue is full; the client has to wait, as for a mailbox. */
bool bus_send(struct bus *b, int port, const struct can_frame *frame);
bool bus_has_room(const struct bus *b, int port);
void bus_close(struct bus *b, int port);

/* Does what is due until `now_us`; returns when to call again, INT64_MAX for never. */
int64_t bus_run(struct bus *b, int64_t now_us);
#endif
