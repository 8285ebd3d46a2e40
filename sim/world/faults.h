/* What may go wrong, how often in this world, and how often it did. Each kind at each node draws
 * from a stream of its own, so that leaving one out does not shift the others. */
#ifndef SIM_WORLD_FAULTS_H
#define SIM_WORLD_FAULTS_H

#include "libs/base/rnd.h"

#include <stdbool.h>
#include <stdint.h>

#define FAULT_NODES 96

enum mishap {
	/* bus */
	FAULT_CAN_LOST,    /* one receiver does not get a frame */
	FAULT_CAN_TWICE,   /* one receiver gets it twice */
	FAULT_CAN_ERROR,   /* an error frame: sent again, or not sent in single shot */
	FAULT_CAN_BUS_OFF, /* a terminal's controller leaves the bus */
	FAULT_CAN_BABBLE,  /* somebody fills the bus for a while */
	/* sensor */
	FAULT_SENSOR_SILENT,
	FAULT_SENSOR_CRC,
	FAULT_SENSOR_SHORT,
	FAULT_SENSOR_ADDRESS,
	FAULT_SENSOR_ECHO,
	FAULT_SENSOR_STALE,   /* the answer to the request before */
	FAULT_SENSOR_CLEARED, /* register back to 0 */
	FAULT_SENSOR_JUMP,    /* register far ahead */
	FAULT_SENSOR_FROZEN,  /* register stands still */
	/* terminal */
	FAULT_POWER_CUT,     /* at any moment */
	FAULT_FLASH_NOTHING, /* at a write: nothing of it is there */
	FAULT_FLASH_ALL,
	FAULT_FLASH_RANDOM,
	FAULT_FLASH_PART,
	FAULT_FLASH_MARGINAL, /* cells that read differently each time */
	FAULT_CRYSTAL,        /* 100 ppm off */
	FAULT_CONTACT,        /* the relay does not move */
	FAULT_BUTTON,         /* somebody presses it */
	/* gateway */
	FAULT_GATEWAY_KILL,
	FAULT_GATEWAY_POWER,
	FAULT_GATEWAY_PAUSE,
	FAULT_GATEWAY_FULL,
	FAULT_GATEWAY_EIO,
	FAULT_GATEWAY_SYNC,
	FAULT_GATEWAY_CLOCK,
	/* links and broker */
	FAULT_LINK_LOST,
	FAULT_LINK_TWICE,
	FAULT_LINK_LATE,
	FAULT_LINK_CUT, /* a connection ends, and comes back after a while */
	FAULT_BROKER_RESTART,
	FAULT_BROKER_RETAINED, /* an old message that it kept */
	FAULT_FOREIGN_CLIENT,
	/* platform */
	FAULT_PLATFORM_KILL,
	FAULT_PLATFORM_POWER,
	FAULT_PLATFORM_POWER_WRITE, /* at the n-th operation on its disk */
	FAULT_PLATFORM_PAUSE,
	FAULT_PLATFORM_FULL,
	FAULT_PLATFORM_EIO,
	FAULT_PLATFORM_SYNC,
	FAULT_PLATFORM_CLOCK,
	/* people */
	FAULT_DOUBLE_CLICK,
	FAULT_TWO_OPERATORS,
	/* the provider of payments */
	FAULT_PAY_WRONG, /* a fen less than was ordered */
	FAULT_PAY_TWICE, /* one order paid by two payments */
	FAULT_NOTICE_TWICE,
	FAULT_NOTICE_LATE,
	FAULT_NOTICE_NEVER,
	/* adversary */
	FAULT_REPLAY_DOWN,
	FAULT_REPLAY_UP,
	FAULT_FLIP_DOWN,
	FAULT_FLIP_UP,
	FAULT_FORGED_FRAME,
	/* the provider, further on */
	FAULT_PAY_STRANGER, /* another merchant's notice names an order of ours */
	FAULT_REFUND_FAILS,
	FAULT_REFUND_TOLD_TWICE,
	FAULT_BILL_SHORT, /* a line is missing; it is fetched again */
	FAULT_BILL_WRONG, /* a line has another amount */
	FAULT_BILL_TWICE,
	/* the counter */
	FAULT_TILL_SHORT, /* not what it should hold */
	FAULT_DESK_TWICE, /* what gives money back is pressed twice */
	/* bought meters */
	FAULT_REGISTER_ANEW, /* a register begins at 0 again */
	FAULT_LINK_AWAY,     /* a gateway's connection comes back after minutes */
	FAULT_READING_LATE,  /* a reading stays behind, and comes after newer ones */
	FAULTS,
};

/* What has to have been done for it to be tested, counted beside the faults. */
enum witness {
	WITNESS_SLOT,    /* use at another rate than the first of a calendar */
	WITNESS_HOLIDAY, /* use on a holiday */
	WITNESS_SWAP,    /* another meter in a meter's place */
	WITNESS_CLOSE,   /* an account */
	WITNESS_BILL,    /* of a postpaid account */
	WITNESS_NEXT,    /* another customer in an account's place */
	WITNESS_FEE,     /* a day of a monthly fee */
	WITNESS_ANEW,    /* a charged interval of more than one price that a late reading divides */
	WITNESS_TERMINAL, /* another terminal in a terminal's place, and the credit in its purse */
	WITNESSES,
};

const char *witness_name(enum witness witness);

enum fault_level {
	FAULT_OFF,
	FAULT_RARE,
	FAULT_HEAVY,
	FAULT_STORM /* of a whole world: what is not off in it is mostly heavy */
};

struct faults {
	uint8_t level[FAULTS];
	bool calm;   /* phase 2: nothing more goes wrong */
	bool spared; /* a storm that hardly touches the way of a command, nor the platform's clock */
	int64_t slow; /* what comes by itself comes so many times later */
	uint32_t
	        thin; /* what comes with an operation of the platform's disk, at so many times as many */
	uint64_t count[FAULTS]; /* this world */
	uint64_t seen[WITNESSES];
	struct rnd stream[FAULTS][FAULT_NODES];
};

/* Streams from the seed; levels are drawn from it too (swarm, storm), or all `level` when it is one of a kind. */
void faults_init(struct faults *f, uint64_t seed, int level);

const char *fault_name(enum mishap kind);
/* FAULTS: no such kind. */
enum mishap fault_by_name(const char *name);

/* Does it happen at this occasion? Counted when it does. */
bool fault_hits(struct faults *f, enum mishap kind, uint32_t node);
/* Microseconds until it happens by itself; -1: never. Not counted: fault_note when it does. */
int64_t fault_wait_us(struct faults *f, enum mishap kind, uint32_t node);
void fault_note(struct faults *f, enum mishap kind);
/* A draw of this kind's stream. */
uint32_t fault_below(struct faults *f, enum mishap kind, uint32_t node, uint32_t limit);

#endif
