#include "libs/proto/isotp.h"

#include "libs/base/bytes.h"
#include "libs/base/number.h"

#include <string.h>

/* Upper nibble of the first byte (ISO 15765-2, protocol control information). */
enum { SINGLE = 0, FIRST = 1, CONSECUTIVE = 2, FLOW = 3 };

/* Lower nibble of a flow control frame. */
enum { FLOW_GO = 0, FLOW_WAIT = 1, FLOW_OVERFLOW = 2 };

enum { TX_IDLE, TX_START, TX_WAIT_FLOW, TX_SEGMENTS };

#define SINGLE_MAX    7
#define FIRST_BYTES   6
#define FIRST_LONG_AT 6 /* data of a first frame whose length has 32 bits */
#define SEGMENT_BYTES 7
#define LENGTH_12_MAX 4095

void isotp_init(struct isotp *ch, uint8_t *rx_data, size_t rx_size)
{
	memset(ch, 0, sizeof *ch);
	ch->rx.data = rx_data;
	ch->rx.size = rx_size;
}

void isotp_ask(struct isotp *ch, uint8_t block_size, uint8_t gap_code)
{
	ch->rx.block_size = block_size;
	ch->rx.gap_code = gap_code;
}

void isotp_reset(struct isotp *ch)
{
	ch->tx.state = TX_IDLE;
	ch->rx.active = ch->rx.flow_due = false;
}

/* ---- sender ---- */

enum err isotp_send(struct isotp *ch, const uint8_t *data, size_t len)
{
	if (ch->tx.state != TX_IDLE)
		return ERR_BUSY;
	if (len == 0)
		return ERR_BAD_INPUT;
	if (len > LENGTH_12_MAX)
		return ERR_TOO_LONG;
	memset(&ch->tx, 0, sizeof ch->tx);
	ch->tx.data = data;
	ch->tx.len = (uint16_t)len;
	ch->tx.state = TX_START;
	return ERR_NONE;
}

bool isotp_sending(const struct isotp *ch)
{
	return ch->tx.state != TX_IDLE;
}

/* STmin: 00..7F are milliseconds, F1..F9 are 100..900 us (rounded up here), the rest is reserved
 * and means the longest. */
static uint8_t gap_from_code(uint8_t code)
{
	if (code >= 0xF1 && code <= 0xF9)
		return 1;
	return code <= 0x7F ? code : 0x7F;
}

static enum isotp_event tx_fail(struct isotp_tx *tx, enum err why, enum err *err)
{
	tx->state = TX_IDLE;
	*err = why;
	return ISOTP_FAILED;
}

static enum isotp_event tx_flow(struct isotp_tx *tx, const uint8_t *frame, uint8_t len,
                                uint32_t now_ms, enum err *err)
{
	/* Flow control that nobody waits for is a late echo of an older transfer. */
	if (tx->state != TX_WAIT_FLOW || len < 3)
		return ISOTP_NOTHING;
	switch (frame[0] & 15) {
	case FLOW_GO:
		tx->state = TX_SEGMENTS;
		tx->block_size = tx->block_left = frame[1];
		tx->gap_ms = gap_from_code(frame[2]);
		tx->due_ms = now_ms;
		tx->waits = 0;
		return ISOTP_NOTHING;
	case FLOW_WAIT:
		if (++tx->waits > ISOTP_WAITS_MAX)
			return tx_fail(tx, ERR_TIMEOUT, err);
		tx->due_ms = now_ms + ISOTP_TIMEOUT_MS;
		return ISOTP_NOTHING;
	case FLOW_OVERFLOW:
		return tx_fail(tx, ERR_FULL, err);
	default:
		return tx_fail(tx, ERR_BAD_INPUT, err);
	}
}

static void tx_put(struct isotp_tx *tx, uint8_t *to, size_t room)
{
	size_t left = (size_t)tx->len - tx->at;
	size_t n = left < room ? left : room;

	memcpy(to, tx->data + tx->at, n);
	tx->at = (uint16_t)(tx->at + n);
}

static void tx_start(struct isotp_tx *tx, uint32_t now_ms, uint8_t frame[8])
{
	if (tx->len <= SINGLE_MAX) {
		frame[0] = (uint8_t)(SINGLE << 4 | tx->len);
		tx_put(tx, frame + 1, SINGLE_MAX);
		return;
	}
	frame[0] = (uint8_t)(FIRST << 4 | tx->len >> 8);
	frame[1] = (uint8_t)tx->len;
	tx_put(tx, frame + 2, FIRST_BYTES);
	tx->serial = 1;
	tx->state = TX_WAIT_FLOW;
	tx->due_ms = now_ms + ISOTP_TIMEOUT_MS;
}

static void tx_segment(struct isotp_tx *tx, uint32_t now_ms, uint8_t frame[8])
{
	frame[0] = (uint8_t)(CONSECUTIVE << 4 | tx->serial);
	tx->serial = (tx->serial + 1) & 15;
	tx_put(tx, frame + 1, SEGMENT_BYTES);
	tx->due_ms = now_ms + tx->gap_ms;
	if (tx->block_size && --tx->block_left == 0) {
		tx->state = TX_WAIT_FLOW;
		tx->due_ms = now_ms + ISOTP_TIMEOUT_MS;
	}
}

static bool tx_next(struct isotp_tx *tx, uint32_t now_ms, uint8_t frame[8], bool *done)
{
	if (tx->state == TX_START)
		tx_start(tx, now_ms, frame);
	else if (tx->state == TX_SEGMENTS && ms_reached(now_ms, tx->due_ms))
		tx_segment(tx, now_ms, frame);
	else
		return false;
	if (tx->at == tx->len) {
		tx->state = TX_IDLE;
		*done = true;
	}
	return true;
}

/* ---- receiver ---- */

static enum isotp_event rx_drop(struct isotp_rx *rx, enum err why, enum err *err)
{
	rx->active = false;
	rx->dropped++;
	*err = why;
	return ISOTP_DROPPED;
}

/* A new transfer ends one that was under way (ISO 15765-2, unexpected arrival): its rest will never
 * come. */
static enum isotp_event rx_begin(struct isotp_rx *rx, enum err *err)
{
	bool interrupted = rx->active;

	rx->flow_due = rx->flow_refuses = false;
	return interrupted ? rx_drop(rx, ERR_SEQUENCE, err) : ISOTP_NOTHING;
}

static enum isotp_event rx_single(struct isotp_rx *rx, const uint8_t *frame, uint8_t len,
                                  enum err *err)
{
	size_t n = frame[0] & 15;

	rx_begin(rx, err);
	if (n == 0 || n > SINGLE_MAX || n + 1 > len)
		return rx_drop(rx, ERR_BAD_INPUT, err);
	if (n > rx->size)
		return rx_drop(rx, ERR_TOO_LONG, err);
	memcpy(rx->data, frame + 1, n);
	rx->len = n;
	return ISOTP_RECEIVED;
}

static enum isotp_event rx_first(struct isotp_rx *rx, const uint8_t *frame, uint8_t len,
                                 uint32_t now_ms, enum err *err)
{
	enum isotp_event event = rx_begin(rx, err);
	size_t total, at = 2, least = SINGLE_MAX + 1;

	if (len != 8)
		return rx_drop(rx, ERR_BAD_INPUT, err);
	total = (size_t)(frame[0] & 15) << 8 | frame[1];
	if (total == 0) { /* the edition of 2016: 32 bits of length follow */
		total = get_be32(frame + 2);
		at = FIRST_LONG_AT;
		least = LENGTH_12_MAX + 1;
	}
	if (total < least)
		return rx_drop(rx, ERR_BAD_INPUT, err);
	rx->flow_due = true;
	if (total > rx->size) {
		rx->flow_refuses = true;
		return rx_drop(rx, ERR_TOO_LONG, err);
	}
	memcpy(rx->data, frame + at, 8 - at);
	rx->len = total;
	rx->at = 8 - at;
	rx->serial = 1;
	rx->active = true;
	rx->block_left = rx->block_size;
	rx->due_ms = now_ms + ISOTP_TIMEOUT_MS;
	return event;
}

static enum isotp_event rx_segment(struct isotp_rx *rx, const uint8_t *frame, uint8_t len,
                                   uint32_t now_ms, enum err *err)
{
	size_t left, n;

	/* The rest of a transfer that was dropped already, or never began: counted once. */
	if (!rx->active)
		return ISOTP_NOTHING;
	if ((frame[0] & 15) != rx->serial)
		return rx_drop(rx, ERR_SEQUENCE, err);
	left = rx->len - rx->at;
	n = left < SEGMENT_BYTES ? left : SEGMENT_BYTES;
	if (n + 1 > len)
		return rx_drop(rx, ERR_BAD_INPUT, err);
	memcpy(rx->data + rx->at, frame + 1, n);
	rx->at += n;
	rx->serial = (rx->serial + 1) & 15;
	rx->due_ms = now_ms + ISOTP_TIMEOUT_MS;
	if (rx->at == rx->len) {
		rx->active = rx->flow_due = false;
		return ISOTP_RECEIVED;
	}
	if (rx->block_size && --rx->block_left == 0) {
		rx->block_left = rx->block_size;
		rx->flow_due = true;
	}
	return ISOTP_NOTHING;
}

static void rx_flow(struct isotp_rx *rx, uint8_t frame[8])
{
	frame[0] = (uint8_t)(FLOW << 4 | (rx->flow_refuses ? FLOW_OVERFLOW : FLOW_GO));
	frame[1] = rx->block_size;
	frame[2] = rx->gap_code;
	rx->flow_due = rx->flow_refuses = false;
}

/* ---- channel ---- */

enum isotp_event isotp_take(struct isotp *ch, const uint8_t *frame, uint8_t len, uint32_t now_ms,
                            enum err *err)
{
	if (len == 0)
		return ISOTP_NOTHING;
	switch (frame[0] >> 4) {
	case SINGLE:
		return rx_single(&ch->rx, frame, len, err);
	case FIRST:
		return rx_first(&ch->rx, frame, len, now_ms, err);
	case CONSECUTIVE:
		return rx_segment(&ch->rx, frame, len, now_ms, err);
	case FLOW:
		return tx_flow(&ch->tx, frame, len, now_ms, err);
	default:
		return ISOTP_NOTHING; /* reserved: ignored, says the standard */
	}
}

enum isotp_event isotp_poll(struct isotp *ch, uint32_t now_ms, enum err *err)
{
	if (ch->rx.active && ms_reached(now_ms, ch->rx.due_ms))
		return rx_drop(&ch->rx, ERR_TIMEOUT, err);
	if (ch->tx.state == TX_WAIT_FLOW && ms_reached(now_ms, ch->tx.due_ms))
		return tx_fail(&ch->tx, ERR_TIMEOUT, err);
	return ISOTP_NOTHING;
}

bool isotp_next(struct isotp *ch, uint32_t now_ms, uint8_t frame[8], bool *done)
{
	*done = false;
	memset(frame, ISOTP_PAD, 8);
	if (ch->rx.flow_due) {
		rx_flow(&ch->rx, frame);
		return true;
	}
	return tx_next(&ch->tx, now_ms, frame, done);
}
