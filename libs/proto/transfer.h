/* What an ISO-TP transfer of ours carries: a body, whose first byte is the message type, and a
 * CRC-32 over it. */
#ifndef LIBS_PROTO_TRANSFER_H
#define LIBS_PROTO_TRANSFER_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define TRANSFER_CRC_SIZE 4

enum transfer_type {
	TRANSFER_COMMAND = 0x10,
	TRANSFER_RESULT = 0x11,
	TRANSFER_EVENTS_GET = 0x20,
	TRANSFER_EVENTS = 0x21,
	TRANSFER_EVENTS_ACK = 0x22,
	TRANSFER_TIME_WANT_GET = 0x23,
	TRANSFER_TIME_WANT = 0x24,
};

/* Appends the CRC to `len` bytes of body in a buffer with TRANSFER_CRC_SIZE bytes of room; returns
 * the length of the payload. */
size_t transfer_seal(uint8_t *body, size_t len);

/* ERR_SHORT: no room for a type and a CRC; ERR_CRC. The body is at the start of the payload. */
MUST_USE enum err transfer_open(const uint8_t *payload, size_t len, size_t *body_len);
#endif
