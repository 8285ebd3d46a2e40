/* What was decided about supply, in flash: one record, so that a power cut leaves the old or the new
 * state. Whoever decides makes it durable first and lets it hold after. */
#ifndef FIRMWARE_APP_DECISION_H
#define FIRMWARE_APP_DECISION_H

#include "firmware/app/flog.h"

#include "libs/proto/command.h"

/* What survives a power cut. */
struct decision {
	uint32_t counter;        /* of the last command of any kind */
	uint32_t supply_counter; /* of the last one that is about supply, not time */
	uint32_t issue_s;        /* newest of a supply command: the clock is never set below it */
	uint32_t until_s;        /* keep-power ends; 0: when released */
	uint8_t kind;            /* of the last supply command */
	uint8_t flags;           /* enum decision_flag */
	uint8_t mac
	        [COMMAND_MAC_SIZE]; /* of the last supply command: knows it when it is repeated */
};

enum decision_flag {
	DECIDED_CLOSED = 1 << 0,
	DECIDED_FORCED_TRIP = 1 << 1,
	DECIDED_KEEP_POWER = 1 << 2,
	DECIDED_CLOSE_ALLOWED = 1 << 3,
	DECIDED_DELAYED = 1 << 4, /* the last supply command waits; a restart forgets it */
	DECIDED_CUT = 1 << 5,     /* open by the meter's own balance: only money closes it */
};

/* ERR_NOT_FOUND: nothing was ever decided; ERR_IO as flog_open(). */
MUST_USE enum err decision_open(struct flog *log, const struct flash *flash, uint32_t now_ms,
                                struct decision *d);

MUST_USE enum err decision_store(struct flog *log, const struct decision *d, uint32_t now_ms);

void decision_set(struct decision *d, enum decision_flag flag, bool on);
#endif
