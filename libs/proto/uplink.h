/* The messages between gateway and platform (docs/protocol/uplink.proto, SPEC uplink.md) as C
 * structs. One struct serves both directions: an encoder reads it, a decoder fills it with arrays
 * taken from the caller's arena, valid until the arena is reset.
 *
 * Decoders return ERR_BAD_INPUT (not protobuf, or against the rules of uplink.md), ERR_TOO_LONG
 * (a limit below), ERR_RANGE (a value leaves its type), ERR_SEQUENCE (rows not sorted), ERR_NOMEM
 * (arena too small). After an error the struct is not to be used. Encoders return ERR_TOO_LONG when
 * the message does not fit and ERR_SEQUENCE for rows that are not sorted. */
#ifndef LIBS_PROTO_UPLINK_H
#define LIBS_PROTO_UPLINK_H

#include "libs/base/arena.h"
#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/can.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPLINK_MESSAGE_MAX  (256 * 1024)
#define UPLINK_TABLES_MAX   8
#define UPLINK_ROWS_MAX     6144 /* in a table: an hour of 100 meters, with room */
#define UPLINK_EVENTS_MAX   256
#define UPLINK_RESULTS_MAX  256
#define UPLINK_WANTS_MAX    256
#define UPLINK_DONE_MAX     256
#define UPLINK_REFUSED_MAX  256
#define UPLINK_METERS_MAX   1024 /* in one Config or Watch message */
#define UPLINK_COMMANDS_MAX 64
#define UPLINK_RESULT_BODY  64
#define UPLINK_COMMAND_BODY 512
#define UPLINK_METER_LAST   INT64_C(999999999999)

/* Enough for any message within the limits: the message itself, and 64 bytes a row. */
#define UPLINK_ARENA_SIZE                                                                          \
	((size_t)UPLINK_MESSAGE_MAX + UPLINK_TABLES_MAX * UPLINK_ROWS_MAX * 64 + 131072)

/* ---- tables of readings ---- */

/* Field numbers of the columns. */
enum readings_column {
	COLUMN_METER = 2,
	COLUMN_RUN = 3,
	COLUMN_TIME = 4,
	COLUMN_VOLTAGE = 5,
	COLUMN_CURRENT = 6,
	COLUMN_POWER = 7,
	COLUMN_PF = 8,
	COLUMN_FREQUENCY = 9,
	COLUMN_ENERGY = 10,
	COLUMN_STATE = 11,
	COLUMN_QUALITY = 12,
};

#define COLUMN_BIT(column)   (1u << (column))
#define COLUMNS_SINGLE_PHASE 0x1FFCu /* all of the above */

/* Columns of a table. run_* have `runs` entries, all others `count`: the rows of run 0 first. A
 * column that was not sent is all zeros and its bit in `has` is clear. */
struct readings {
	uint32_t count, runs;
	uint32_t has; /* COLUMN_BIT of each column */
	int64_t *run_meter;
	uint32_t *run_len;
	int64_t *time_s;
	int32_t *voltage_dv, *current_ma, *power_dw, *pf_permille, *frequency_chz;
	int64_t *energy_wh;
	uint32_t *state, *quality;
};

/* One row by itself. */
struct reading {
	int64_t meter, time_s, energy_wh;
	int32_t voltage_dv, current_ma, power_dw, pf_permille, frequency_chz;
	uint32_t state, quality;
};

/* Columns of all single-phase values from rows sorted by (meter, time). ERR_SEQUENCE: not sorted,
 * ERR_RANGE: meter number outside 1..UPLINK_METER_LAST, ERR_TOO_LONG, ERR_NOMEM. No rows make an
 * empty table, which encoders leave out. */
MUST_USE enum err readings_from_rows(const struct reading *rows, size_t n, struct arena *arena,
                                     struct readings *table);

/* Row `i` of the table, which belongs to run `run`. */
struct reading readings_row(const struct readings *table, uint32_t run, uint32_t i);

/* ---- up ---- */

struct uplink_event {
	int64_t time_s;
	uint64_t meter;
	uint32_t kind; /* enum event_kind */
	uint32_t detail;
	uint64_t seq;
	int64_t value;
	uint32_t boot;
	bool has_chip;
	uint8_t chip[CHIP_SIZE];
};

enum uplink_stage {
	UPLINK_RECEIVED = 1,  /* by the gateway */
	UPLINK_ANSWERED = 2,  /* by the terminal: body holds its signed result */
	UPLINK_READ_BACK = 3, /* the value set after it */
	UPLINK_EXPIRED = 4,   /* at the gateway, never sent */
	UPLINK_NO_ANSWER = 5,
	UPLINK_REFUSED = 6, /* by the gateway: enum uplink_command_refusal in reason */
};

enum uplink_command_refusal {
	UPLINK_COMMAND_UNKNOWN_METER = 1,
	UPLINK_COMMAND_DUPLICATE = 2,
	UPLINK_COMMAND_TRIP_LIMIT = 3,
	UPLINK_COMMAND_OFFLINE = 4,
	UPLINK_COMMAND_MALFORMED = 5,
};

struct uplink_result {
	uint64_t command_id;
	uint32_t stage; /* enum uplink_stage */
	uint32_t reason;
	int64_t time_ms;
	int32_t current_ma, power_dw;
	uint32_t state;
	int64_t energy_wh;
	uint8_t body_len;
	uint8_t body[UPLINK_RESULT_BODY];
};

struct uplink {
	uint64_t boot, seq; /* never 0 */
	size_t table_count, event_count, result_count;
	struct readings table[UPLINK_TABLES_MAX];
	const struct uplink_event *events;
	const struct uplink_result *results;
};

MUST_USE enum err uplink_encode(const struct uplink *u, uint8_t *out, size_t size, size_t *len);
MUST_USE enum err uplink_decode(const uint8_t *in, size_t len, struct arena *arena,
                                struct uplink *u);

/* ---- now ---- */

struct uplink_want {
	uint8_t chip[CHIP_SIZE];
	uint32_t boot, uptime_s;
	int64_t time_ms;
};

struct now {
	int64_t time_ms;
	struct readings live; /* count 0: none */
	size_t want_count;
	const struct uplink_want *wants;
};

MUST_USE enum err now_encode(const struct now *now, uint8_t *out, size_t size, size_t *len);
MUST_USE enum err now_decode(const uint8_t *in, size_t len, struct arena *arena, struct now *now);

/* ---- ack ---- */

struct ack_done {
	uint64_t boot, first, last;
};

enum uplink_refusal {
	UPLINK_MALFORMED = 1,
	UPLINK_NAME_TAKEN = 2, /* another batch with this (boot, seq) is stored */
	UPLINK_TOO_LONG = 3,
};

struct ack_refused {
	uint64_t boot, seq;
	uint32_t reason; /* enum uplink_refusal */
};

struct ack {
	uint64_t epoch;
	uint64_t run; /* of the platform's start; 0: it does not say */
	int64_t time_ms;
	size_t done_count, refused_count;
	const struct ack_done *done;
	const struct ack_refused *refused;
};

MUST_USE enum err ack_encode(const struct ack *ack, uint8_t *out, size_t size, size_t *len);
MUST_USE enum err ack_decode(const uint8_t *in, size_t len, struct arena *arena, struct ack *ack);

/* ---- down ---- */

struct down_meter {
	uint64_t number;
	uint8_t chip[CHIP_SIZE];
	uint32_t period_s;
};

struct down_config {
	uint64_t version;
	uint32_t period_s, trip_limit_count, trip_limit_window_s;
	bool part;
	uint32_t parts, index;
	size_t meter_count;
	const struct down_meter *meters;
};

struct down_command {
	uint64_t id, meter;
	int64_t expires_s;
	uint32_t kind;
	uint16_t body_len;
	uint8_t body[UPLINK_COMMAND_BODY];
};

struct down_watch {
	uint32_t lease_s;
	size_t meter_count;
	const uint64_t *meters;
};

struct down {
	uint64_t epoch;
	uint64_t run; /* as in struct ack */
	int64_t time_ms;
	bool has_config, has_watch;
	struct down_config config;
	struct down_watch watch;
	size_t command_count;
	const struct down_command *commands;
};

MUST_USE enum err down_encode(const struct down *down, uint8_t *out, size_t size, size_t *len);
MUST_USE enum err down_decode(const uint8_t *in, size_t len, struct arena *arena,
                              struct down *down);
#endif
