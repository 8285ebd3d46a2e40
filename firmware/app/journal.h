/* The terminal's events: at least 64 of them survive power cuts, each with a sequence number, for
 * the gateway to fetch. Also counts the boots, because every boot is an event. */
#ifndef FIRMWARE_APP_JOURNAL_H
#define FIRMWARE_APP_JOURNAL_H

#include "firmware/app/flog.h"
#include "firmware/app/wallclock.h"

#include "libs/proto/bulk.h"
#include "libs/proto/event.h"

/* At least, also when every event comes with a power cut of its own that spoils a slot: an erase
 * leaves four pages, 168 slots. */
#define JOURNAL_KEPT 64

/* Flash wears: what comes in floods (forged commands, a fluttering contact) is written 16 times
 * after a start, then six times an hour. The others are counted, and the next that is written tells how many. Boots are
 * always written. */
#define JOURNAL_BURST     16
#define JOURNAL_REFILL_MS 600000u

struct journal {
	struct flog log;
	const struct wallclock *clock;
	uint16_t boot;
	uint32_t acked_seq; /* fetched, says the gateway; not kept over a restart */
	uint32_t refill_ms;
	uint32_t suppressed; /* events without a token or whose write failed ... */
	uint32_t told;       /* ... of which an event has told */
	uint8_t tokens;
	bool failed; /* the last write to flash failed */
};

/* Opens the log and counts this boot. */
void journal_open(struct journal *j, const struct flash *flash, const struct wallclock *clock,
                  uint32_t now_ms);

void journal_add(struct journal *j, enum event_kind kind, uint8_t detail, int32_t value,
                 uint32_t now_ms);

void journal_poll(struct journal *j, uint32_t now_ms);

/* Fills what exists of from_seq and later, the oldest first. */
void journal_get(const struct journal *j, const struct bulk_events_get *get,
                 struct bulk_events *events);

void journal_ack(struct journal *j, uint32_t seq);
bool journal_pending(const struct journal *j);
#endif
