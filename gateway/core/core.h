/* The gateway's decisions as one event machine: frames, link messages and ticks go in with the
 * time, frames and messages come out. No clock, no sockets; what must survive goes through the
 * spool and the disk seam. The shell (gateway/main.c) and the tests drive it alike.
 *
 * A round: any number of inputs, then core_settle(), which makes durable what must be before it
 * is told to anybody. */
#ifndef GATEWAY_CORE_CORE_H
#define GATEWAY_CORE_CORE_H

#include "gateway/core/moment.h"
#include "gateway/spool/disk.h"
#include "gateway/spool/spool.h"

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/can.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CORE_TICK_MS 50

enum core_topic {
	CORE_UP,    /* QoS 1 */
	CORE_NOW,   /* QoS 0 */
	CORE_STATE, /* retained */
};

enum core_input {
	CORE_ACK,
	CORE_DOWN,
};

enum core_level {
	CORE_LOG_ERROR,
	CORE_LOG_WARN,
	CORE_LOG_INFO,
};

struct core_out {
	void *ctx;
	void (*can)(void *ctx, const struct can_msg *msg);
	void (*publish)(void *ctx, enum core_topic topic, const uint8_t *bytes, size_t len);
	void (*log)(void *ctx, enum core_level level, const char *text);
};

struct core_options {
	uint64_t boot;         /* random number of this start, not 0 */
	const char *version;   /* of the program */
	const char *last_stop; /* a word: how the last run ended */
};

struct core_bus {
	const char *kind;
	bool up;
	uint64_t errors, dropped;
};

struct core;

/* Reads its tables from the disk. Tables that are damaged are begun anew, with a line in the log;
 * ERR_VERSION: they are a newer program's. */
MUST_USE enum err core_new(struct core **out, const struct core_options *options,
                           const struct core_out *effects, const struct disk *disk,
                           struct spool *spool, const struct moment *now);
void core_free(struct core *core);

void core_bus(struct core *core, const struct core_bus *bus, const struct moment *now);
void core_frame(struct core *core, const struct can_msg *msg, const struct moment *now);
/* `why`: the connection ended, or could not be made; NULL when it is up. */
void core_link(struct core *core, const char *why, const struct moment *now);
void core_message(struct core *core, enum core_input topic, const uint8_t *bytes, size_t len,
                  bool retained, const struct moment *now);
void core_tick(struct core *core, const struct moment *now);

/* ERR_IO: the disk failed; nothing after this counts. Stop the process. */
MUST_USE enum err core_settle(struct core *core, const struct moment *now);

/* Everything gathered goes to the spool, positions are saved. */
MUST_USE enum err core_stop(struct core *core, const struct moment *now);

#define CORE_STATE_SIZE 1792
/* The last state message of this run: not online any more, and why. Returns its length. */
size_t core_farewell(struct core *core, const char *last_stop, char *json, size_t size);
#endif
