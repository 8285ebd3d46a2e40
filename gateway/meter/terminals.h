/* Our CAN terminals as the gateway sees them: who is there, under which address, with which latest
 * values; transfers of commands, events and time wishes. Decides; does no I/O and reads no clock.
 *
 * Addresses are the gateway's: the table chip → address is durable, and an address is told to a
 * terminal only after the table that holds it is. */
#ifndef GATEWAY_METER_TERMINALS_H
#define GATEWAY_METER_TERMINALS_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/bulk.h"
#include "libs/proto/can.h"
#include "libs/proto/command.h"
#include "libs/proto/isotp.h"
#include "libs/proto/meter.h"
#include "libs/proto/transfer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERMINALS_MAX        CAN_ADDRESS_LAST
#define TERMINAL_STALE_MS    5000  /* values older than this make no reading */
#define TERMINAL_LOST_MS     10000 /* nothing heard for so long */
#define TERMINALS_TABLE_SIZE (8 + TERMINALS_MAX * 22)

enum bulk_job {
	BULK_IDLE,
	BULK_EVENTS,
	BULK_WANT,
};

struct terminal {
	uint8_t chip[CHIP_SIZE];
	uint16_t address;
	uint16_t boot, firmware; /* as claimed last */
	bool assign_due;
	uint8_t salt; /* of the claim to be answered */

	bool online;
	int64_t heard_ms; /* monotonic */

	/* The latest value set. */
	struct meter_values values;
	bool seen;                /* frames came: state and register are known */
	uint32_t sets;            /* counts new sets of the sensor; 0: none yet */
	uint32_t changes;         /* counts sets that differ in anything, also in state */
	int64_t sample_ms;        /* gateway time at which it was new */
	int64_t sample_mono;      /* the same on the monotonic clock */
	struct meter_values half; /* frame A of a set whose frame B has not come */
	int64_t half_mono;        /* 0: no frame A */

	/* From the platform's configuration. */
	uint64_t meter; /* 0: not adopted */
	int64_t period_ms;
	int64_t slot;          /* number of the last reading period served */
	int64_t row_s;         /* second of the last reading; each second has one at most */
	bool edge_due;         /* the next value set makes a reading out of turn */
	uint32_t live_changes; /* `changes` when it was last sent as a live sample */

	struct isotp command, bulk;
	uint8_t command_in[ISOTP_LENGTH_MAX], bulk_in[ISOTP_LENGTH_MAX];
	uint8_t command_out[COMMAND_SIZE_MAX + TRANSFER_CRC_SIZE];
	uint8_t bulk_out[16];

	enum bulk_job job;
	int64_t job_until_ms;
	int64_t events_due_ms, want_due_ms; /* not before */
	uint32_t event_seq;                 /* events up to here are durable */
	uint32_t event_taken;               /* events up to here were handed on */
	bool event_ack_due;                 /* tell the terminal when they are durable */
};

/* What comes out. */
struct terminals_out {
	void *ctx;
	void (*send)(void *ctx, const struct can_msg *msg);
	/* seq 0: noticed by the gateway, now. */
	void (*event)(void *ctx, const struct terminal *t, const struct bulk_event *event);
	void (*edge)(void *ctx, struct terminal *t);   /* the contact moved */
	void (*values)(void *ctx, struct terminal *t); /* a new value set is there */
	void (*result)(void *ctx, struct terminal *t, const uint8_t *body, size_t len);
	void (*send_failed)(void *ctx, struct terminal *t, enum err err);
	void (*want)(void *ctx, const struct terminal *t, const struct bulk_time_want *want);
};

struct terminals;

/* Monotonic and gateway time, both in milliseconds, go with everything that happens. */
struct terminals_now {
	int64_t mono_ms;
	int64_t time_ms;
};

MUST_USE enum err terminals_new(struct terminals **out, const struct terminals_out *effects);
void terminals_free(struct terminals *ts);

/* The durable table. After terminals_saved() the assignments that waited for it go out. */
size_t terminals_table_encode(const struct terminals *ts, uint8_t table[TERMINALS_TABLE_SIZE]);
MUST_USE enum err terminals_table_decode(struct terminals *ts, const uint8_t *table, size_t len,
                                         const struct terminals_now *now);
/* Addresses changed: save before anything else. Counters changed: save some time. */
bool terminals_must_save(const struct terminals *ts);
bool terminals_may_save(const struct terminals *ts);
void terminals_saved(struct terminals *ts);

/* The bus was opened: everybody is asked who he is, and nobody counts as lost yet. */
void terminals_bus_up(struct terminals *ts, const struct terminals_now *now);
void terminals_frame(struct terminals *ts, const struct can_msg *msg,
                     const struct terminals_now *now);
void terminals_tick(struct terminals *ts, const struct terminals_now *now);

/* ERR_BUSY: another command is still being sent to it. */
MUST_USE enum err terminal_command(struct terminals *ts, struct terminal *t, const uint8_t *body,
                                   size_t len, const struct terminals_now *now);

/* A command or its result is on the bus: frames come in a millisecond that must be answered. */
bool terminals_command_moves(const struct terminals *ts);

/* Everything handed on as an event is durable now. */
void terminals_events_durable(struct terminals *ts, const struct terminals_now *now);

/* Reports each known device again, for a platform that may not know it. */
void terminals_report(struct terminals *ts);

struct terminal *terminals_by_chip(struct terminals *ts, const uint8_t chip[CHIP_SIZE]);
struct terminal *terminals_by_meter(struct terminals *ts, uint64_t meter);
/* By address, from 1; NULL at the end. `*cursor` starts at 0. */
struct terminal *terminals_next(struct terminals *ts, unsigned *cursor);
unsigned terminals_online(const struct terminals *ts);
#endif
