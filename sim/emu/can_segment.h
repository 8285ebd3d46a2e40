/* One CAN segment: who may send, what the others see, and the error counters that follow (ISO
 * 11898-1 §6, §8, §10.11). Time runs in whole frames: the outcome of an arbitration is worked out on true
 * bits when it begins, and takes effect when its last bit has passed.
 *
 * A node tells since when it wants to send, so that nodes which ran ahead of each other by less
 * than a frame still meet in the right order. */
#ifndef SIM_EMU_CAN_SEGMENT_H
#define SIM_EMU_CAN_SEGMENT_H

#include "sim/emu/can_frame.h"
#include "sim/emu/vtime.h"

enum can_error { /* the codes of bxCAN's ESR.LEC */
	         CAN_ERROR_NONE,
	         CAN_ERROR_STUFF,
	         CAN_ERROR_FORM,
	         CAN_ERROR_ACK,
	         CAN_ERROR_BIT_RECESSIVE, /* sent 1, saw 0 */
	         CAN_ERROR_BIT_DOMINANT,  /* sent 0, saw 1 */
	         CAN_ERROR_CRC,
};

enum { CAN_SEGMENT_NODES = 256, CAN_PASSIVE = 128, CAN_BUS_OFF = 256, CAN_RECOVERY_RUNS = 128 };

struct can_node;

struct can_node_ops {
	/* The frame it would send at `at`, and since when; false: none. */
	bool (*offer)(void *ctx, vtime at, struct can_frame *frame, vtime *since);
	/* Outcome of the frame that it offered last, after arbitration. */
	void (*sent)(void *ctx);
	void (*lost)(void *ctx);
	void (*failed)(void *ctx);
	void (*receive)(void *ctx, const struct can_frame *frame);
	/* Counters, bus-off or sync changed. */
	void (*changed)(void *ctx, enum can_error error);
	/* A frame begins on the bus; a sleeping node may wake. */
	void (*activity)(void *ctx);
};

struct can_node {
	const struct can_node_ops *ops;
	void *ctx;
	vtime bit_ticks;
	bool on;         /* takes part: neither initialising nor asleep nor without power */
	bool silent;     /* hears, but gives neither ACK nor error flag nor frame */
	bool mute;       /* its TX pin does not reach the bus: what it sends comes back as 1 */
	bool syncing;    /* waits for 11 recessive bits before it takes part */
	bool recovering; /* bus-off, counts 128 x 11 recessive bits */
	bool bus_off;
	unsigned tec, rec;
	uint64_t sync_runs,
	        recovery_runs; /* segment's count of recessive runs at which each ends */
	vtime suspended_until; /* an error-passive sender waits 8 bits more (§10.11) */
	/* the transmission that runs now */
	bool sending;
	enum can_error will_fail;
};

enum can_bus_fault {
	CAN_BUS_GOOD,
	CAN_BUS_STUCK,   /* dominant for ever: a short */
	CAN_BUS_CORRUPT, /* frames are hit by noise, see corrupt_left */
};

struct can_segment {
	struct can_node *node[CAN_SEGMENT_NODES];
	unsigned count;
	vtime now;
	vtime idle_from; /* the bus may be taken from here */
	bool busy;
	vtime busy_from, busy_until;
	struct can_frame frame; /* of the winner */
	bool destroyed;         /* ends in an error flag */
	vtime bit_ticks;        /* of the transmission that runs */
	uint64_t runs;          /* groups of 11 recessive bits seen up to runs_at */
	vtime runs_at;
	enum can_bus_fault fault;
	unsigned corrupt_left;
	uint64_t frames, errors, busy_ticks;
	void (*trace)(void *ctx, vtime at, const struct can_frame *frame);
	void *trace_ctx;
};

void can_segment_add(struct can_segment *s, struct can_node *node);

/* Earliest time at which something can happen that a node does not know yet. */
vtime can_segment_next(struct can_segment *s);
void can_segment_run(struct can_segment *s, vtime until);

void can_segment_set_fault(struct can_segment *s, enum can_bus_fault fault, unsigned frames);

/* Groups of 11 recessive bits seen up to `at`; a node waits for this number to grow. */
uint64_t can_segment_runs(struct can_segment *s, vtime at);

/* The node stops in the middle of whatever it does: power cut, reset, init. */
void can_node_leave(struct can_segment *s, struct can_node *n);
#endif
