/* A byte ring between one writer and one reader that may interrupt each other: an interrupt
 * handler fills it, the main loop empties it (or the other way), without masking. The counters run
 * freely; acquire/release order makes the bytes visible before the count that covers them. */
#ifndef LIBS_BASE_RING_H
#define LIBS_BASE_RING_H

#include "libs/base/macros.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	uint8_t *data;
	uint32_t mask;            /* size - 1 */
	_Atomic uint32_t written; /* moved by the writer only */
	_Atomic uint32_t taken;   /* moved by the reader only */
	_Atomic uint32_t dropped; /* bytes that found no room; moved by the writer only */
};

/* `size` is a power of two, at most 2^31. */
void ring_init(struct ring *r, uint8_t *data, uint32_t size);

/* Writer: false and one more dropped when the ring is full. */
bool ring_put(struct ring *r, uint8_t byte);

/* Reader: false when empty. */
MUST_USE bool ring_get(struct ring *r, uint8_t *byte);

/* Reader: everything written so far is thrown away. */
void ring_clear(struct ring *r);

/* Bytes waiting; exact for the reader, an upper bound for the writer. */
uint32_t ring_used(struct ring *r);
#endif
