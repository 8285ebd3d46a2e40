/* ISO 15765-2 transfers over one pair of identifiers, normal addressing, as an event machine: no
 * clock, no I/O. A sender and a receiver are separate, so that a channel is full duplex; flow
 * control of a transfer travels the other way on the same type of frame, and the first nibble
 * tells it from data.
 *
 * The owner loop: give every received frame to isotp_take(); whenever the driver has room, send
 * what isotp_next() gives; call isotp_poll() some times a second. Times are milliseconds of any
 * clock that wraps at 2^32.
 *
 * A transfer with a missing, repeated, swapped, overlong or foreign segment is dropped as a whole.
 * Each payload ends in a CRC-32 (transfer.h), because neither sequence numbers of four bits nor
 * the frame's own CRC see that two transfers were mixed. */
#ifndef LIBS_PROTO_ISOTP_H
#define LIBS_PROTO_ISOTP_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ISOTP_PAD        0xCC
#define ISOTP_TIMEOUT_MS 1000 /* N_Bs and N_Cr */
#define ISOTP_WAITS_MAX  8    /* flow controls "wait" in a row that a sender bears */
#define ISOTP_LENGTH_MAX 512  /* of a payload, in this version of our protocol */

struct isotp_tx {
	const uint8_t *data; /* the caller keeps it until the transfer ends */
	uint32_t due_ms;     /* next frame not before, or flow control not later */
	uint16_t len, at;
	uint8_t state;
	uint8_t serial; /* of the next consecutive frame, 0..15 */
	uint8_t block_size, block_left;
	uint8_t gap_ms;
	uint8_t waits;
};

struct isotp_rx {
	uint8_t *data; /* the caller's buffer */
	size_t size;
	size_t len, at;
	uint32_t due_ms;
	uint8_t serial;
	bool active;
	bool flow_due;      /* a flow control frame is to be sent */
	bool flow_refuses;  /* it says overflow */
	uint8_t block_size; /* what we announce: 0 = no further flow control */
	uint8_t block_left;
	uint8_t gap_code; /* STmin that we announce, as on the wire */
	uint32_t dropped; /* transfers to us that were given up, for any reason */
};

struct isotp {
	struct isotp_tx tx;
	struct isotp_rx rx;
};

enum isotp_event {
	ISOTP_NOTHING,
	ISOTP_RECEIVED, /* rx.data holds rx.len bytes, until the next call of isotp_take() */
	ISOTP_DROPPED,  /* a transfer to us was given up; *err says why */
	ISOTP_FAILED,   /* our transfer was given up; *err says why */
};

/* `rx_data` serves all later receptions. */
void isotp_init(struct isotp *ch, uint8_t *rx_data, size_t rx_size);

/* What we ask of whoever sends to us: frames in a block (0: all), gap (STmin as on the wire). */
void isotp_ask(struct isotp *ch, uint8_t block_size, uint8_t gap_code);

/* Begins a transfer of 1..4095 bytes; `data` must stay as it is until it ends. ERR_BUSY: one is
 * under way; ERR_TOO_LONG, ERR_BAD_INPUT (empty). */
MUST_USE enum err isotp_send(struct isotp *ch, const uint8_t *data, size_t len);

bool isotp_sending(const struct isotp *ch);

/* One received frame of this channel. *err is set with ISOTP_DROPPED and ISOTP_FAILED:
 * ERR_SEQUENCE, ERR_TOO_LONG, ERR_BAD_INPUT, ERR_FULL (the peer has no room for our transfer). */
enum isotp_event isotp_take(struct isotp *ch, const uint8_t *frame, uint8_t len, uint32_t now_ms,
                            enum err *err);

/* Timeouts; ERR_TIMEOUT in *err. */
enum isotp_event isotp_poll(struct isotp *ch, uint32_t now_ms, enum err *err);

/* The next frame to send, always 8 bytes; false when there is none now. Call it only when the
 * frame can be handed to the bus. *done: our transfer ended with this frame. */
MUST_USE bool isotp_next(struct isotp *ch, uint32_t now_ms, uint8_t frame[8], bool *done);

/* Gives up both directions. */
void isotp_reset(struct isotp *ch);
#endif
