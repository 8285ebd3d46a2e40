#include "libs/proto/bulk.h"

#include "libs/base/bytes.h"
#include "libs/proto/transfer.h"

#include <assert.h>
#include <stdbool.h>

static bool is(const uint8_t *body, size_t len, enum transfer_type type, size_t want_len)
{
	return len == want_len && body[0] == type;
}

size_t bulk_events_get_encode(const struct bulk_events_get *get, uint8_t *body)
{
	body[0] = TRANSFER_EVENTS_GET;
	put_le32(body + 1, get->from_seq);
	body[5] = get->max;
	return 6;
}

enum err bulk_events_get_decode(const uint8_t *body, size_t len, struct bulk_events_get *get)
{
	if (!is(body, len, TRANSFER_EVENTS_GET, 6))
		return ERR_BAD_INPUT;
	get->from_seq = get_le32(body + 1);
	get->max = body[5];
	return ERR_NONE;
}

static void event_put(const struct bulk_event *e, uint8_t *to)
{
	put_le32(to, e->seq);
	put_le32(to + 4, e->time_s);
	put_le16(to + 8, e->boot);
	to[10] = e->kind;
	to[11] = e->detail;
	put_le32(to + 12, (uint32_t)e->value);
}

static void event_get(const uint8_t *from, struct bulk_event *e)
{
	e->seq = get_le32(from);
	e->time_s = get_le32(from + 4);
	e->boot = get_le16(from + 8);
	e->kind = from[10];
	e->detail = from[11];
	e->value = (int32_t)get_le32(from + 12);
}

size_t bulk_events_encode(const struct bulk_events *events, uint8_t *body)
{
	assert(events->n <= BULK_EVENTS_MAX);
	body[0] = TRANSFER_EVENTS;
	put_le32(body + 1, events->newest_seq);
	body[5] = events->n;
	for (unsigned i = 0; i < events->n; i++)
		event_put(&events->event[i], body + BULK_EVENTS_HEAD + i * BULK_EVENT_SIZE);
	return BULK_EVENTS_HEAD + (size_t)events->n * BULK_EVENT_SIZE;
}

enum err bulk_events_decode(const uint8_t *body, size_t len, struct bulk_events *events)
{
	if (len < BULK_EVENTS_HEAD || body[5] > BULK_EVENTS_MAX ||
	    !is(body, len, TRANSFER_EVENTS, BULK_EVENTS_HEAD + (size_t)body[5] * BULK_EVENT_SIZE))
		return ERR_BAD_INPUT;
	events->newest_seq = get_le32(body + 1);
	events->n = body[5];
	for (unsigned i = 0; i < events->n; i++)
		event_get(body + BULK_EVENTS_HEAD + i * BULK_EVENT_SIZE, &events->event[i]);
	return ERR_NONE;
}

size_t bulk_events_ack_encode(uint32_t seq, uint8_t *body)
{
	body[0] = TRANSFER_EVENTS_ACK;
	put_le32(body + 1, seq);
	return 5;
}

enum err bulk_events_ack_decode(const uint8_t *body, size_t len, uint32_t *seq)
{
	if (!is(body, len, TRANSFER_EVENTS_ACK, 5))
		return ERR_BAD_INPUT;
	*seq = get_le32(body + 1);
	return ERR_NONE;
}

size_t bulk_time_want_get_encode(uint8_t *body)
{
	body[0] = TRANSFER_TIME_WANT_GET;
	return 1;
}

enum err bulk_time_want_get_decode(const uint8_t *body, size_t len)
{
	return is(body, len, TRANSFER_TIME_WANT_GET, 1) ? ERR_NONE : ERR_BAD_INPUT;
}

size_t bulk_time_want_encode(const struct bulk_time_want *want, uint8_t *body)
{
	body[0] = TRANSFER_TIME_WANT;
	put_le16(body + 1, want->boot);
	put_le32(body + 3, want->uptime_s);
	return 7;
}

enum err bulk_time_want_decode(const uint8_t *body, size_t len, struct bulk_time_want *want)
{
	if (!is(body, len, TRANSFER_TIME_WANT, 7))
		return ERR_BAD_INPUT;
	want->boot = get_le16(body + 1);
	want->uptime_s = get_le32(body + 3);
	return ERR_NONE;
}
