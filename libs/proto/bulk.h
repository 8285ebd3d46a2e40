/* Bodies on the bulk channel: a terminal's events, and its wish for signed time. Encoders return
 * the length of the body; decoders want it exactly. ERR_BAD_INPUT: another type or length. */
#ifndef LIBS_PROTO_BULK_H
#define LIBS_PROTO_BULK_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define BULK_EVENT_SIZE  16
#define BULK_EVENTS_HEAD 6
#define BULK_EVENTS_MAX  31 /* in one message: head 6 + 31 x 16 + CRC 4 = 506 <= ISOTP_LENGTH_MAX */
#define BULK_SIZE_MAX    (BULK_EVENTS_HEAD + BULK_EVENTS_MAX * BULK_EVENT_SIZE)

/* One event of a terminal. seq counts up from 1 and is never used twice. */
struct bulk_event {
	uint32_t seq;
	uint32_t time_s; /* 0: the clock was not set */
	uint16_t boot;   /* boot count */
	uint8_t kind;    /* enum event_kind */
	uint8_t detail;
	int32_t value;
};

struct bulk_events_get {
	uint32_t from_seq; /* this one and later */
	uint8_t max;
};

struct bulk_events {
	uint32_t newest_seq; /* 0: there is none */
	uint8_t n;
	struct bulk_event event[BULK_EVENTS_MAX]; /* the oldest first */
};

struct bulk_time_want {
	uint16_t boot;
	uint32_t uptime_s;
};

size_t bulk_events_get_encode(const struct bulk_events_get *get, uint8_t *body);
MUST_USE enum err bulk_events_get_decode(const uint8_t *body, size_t len,
                                         struct bulk_events_get *get);

size_t bulk_events_encode(const struct bulk_events *events, uint8_t *body);
MUST_USE enum err bulk_events_decode(const uint8_t *body, size_t len, struct bulk_events *events);

/* Clears EVENT_PENDING for events up to `seq`. */
size_t bulk_events_ack_encode(uint32_t seq, uint8_t *body);
MUST_USE enum err bulk_events_ack_decode(const uint8_t *body, size_t len, uint32_t *seq);

size_t bulk_time_want_get_encode(uint8_t *body);
MUST_USE enum err bulk_time_want_get_decode(const uint8_t *body, size_t len);

size_t bulk_time_want_encode(const struct bulk_time_want *want, uint8_t *body);
MUST_USE enum err bulk_time_want_decode(const uint8_t *body, size_t len,
                                        struct bulk_time_want *want);
#endif
