#include "firmware/app/journal.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"
#include "libs/base/number.h"

#include <string.h>

enum { AT_TIME = 0, AT_BOOT = 4, AT_KIND = 6, AT_DETAIL = 7, AT_VALUE = 8, PAYLOAD_SIZE = 12 };

static const struct flog_layout layout = {
        .first_page = PAGE_EVENTS,
        .pages = EVENTS_PAGES,
        .payload_size = PAYLOAD_SIZE,
};

static void write(struct journal *j, enum event_kind kind, uint8_t detail, int32_t value,
                  uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];

	put_le32(payload + AT_TIME, wallclock_s(j->clock));
	put_le16(payload + AT_BOOT, j->boot);
	payload[AT_KIND] = (uint8_t)kind;
	payload[AT_DETAIL] = detail;
	put_le32(payload + AT_VALUE, (uint32_t)value);
	j->failed = flog_append(&j->log, payload, now_ms) != ERR_NONE;
	if (j->failed)
		j->suppressed++;
}

void journal_open(struct journal *j, const struct flash *flash, const struct wallclock *clock,
                  uint32_t now_ms)
{
	uint8_t newest[PAYLOAD_SIZE];

	memset(j, 0, sizeof *j);
	j->clock = clock;
	j->tokens = JOURNAL_BURST;
	j->refill_ms = now_ms + JOURNAL_REFILL_MS;
	j->boot = 1;
	if (flog_open(&j->log, flash, &layout, now_ms, newest) == ERR_NONE)
		j->boot = (uint16_t)(get_le16(newest + AT_BOOT) + 1);
}

void journal_add(struct journal *j, enum event_kind kind, uint8_t detail, int32_t value,
                 uint32_t now_ms)
{
	if (kind != EVENT_BOOT && j->tokens == 0) {
		j->suppressed++;
		return;
	}
	if (kind != EVENT_BOOT)
		j->tokens--;
	write(j, kind, detail, value, now_ms);
}

void journal_poll(struct journal *j, uint32_t now_ms)
{
	uint32_t lost;

	flog_poll(&j->log, now_ms);
	if (!ms_reached(now_ms, j->refill_ms))
		return;
	j->refill_ms += JOURNAL_REFILL_MS;
	if (j->tokens < JOURNAL_BURST)
		j->tokens++;
	if (j->suppressed == j->told)
		return;
	lost = j->suppressed - j->told;
	j->told = j->suppressed;
	journal_add(j, EVENT_EVENTS_LOST, 0, (int32_t)lost, now_ms);
}

static void event_from(const uint8_t *payload, uint32_t seq, struct bulk_event *event)
{
	event->seq = seq;
	event->time_s = get_le32(payload + AT_TIME);
	event->boot = get_le16(payload + AT_BOOT);
	event->kind = payload[AT_KIND];
	event->detail = payload[AT_DETAIL];
	event->value = (int32_t)get_le32(payload + AT_VALUE);
}

void journal_get(const struct journal *j, const struct bulk_events_get *get,
                 struct bulk_events *events)
{
	uint32_t newest = j->log.newest_seq;
	uint32_t kept = flog_slots(&layout) * EVENTS_PAGES;
	uint32_t seq =
	        newest > kept && get->from_seq < newest - kept ? newest - kept : get->from_seq;
	uint8_t max = get->max < BULK_EVENTS_MAX ? get->max : BULK_EVENTS_MAX;
	uint8_t payload[PAYLOAD_SIZE];

	events->newest_seq = newest;
	events->n = 0;
	for (; seq <= newest && events->n < max; seq++)
		if (flog_read(&j->log, seq, payload) == ERR_NONE)
			event_from(payload, seq, &events->event[events->n++]);
}

void journal_ack(struct journal *j, uint32_t seq)
{
	/* A number that we have not reached yet is another terminal's, or nonsense. */
	if (seq <= j->log.newest_seq && seq > j->acked_seq)
		j->acked_seq = seq;
}

bool journal_pending(const struct journal *j)
{
	return j->log.newest_seq > j->acked_seq;
}
