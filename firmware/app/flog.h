/* A log of small records in two or more flash pages: the newest record survives power cuts at any
 * half-word, also twice in a row, also with cells that read differently at each boot. Why it is
 * made this way and what was measured: docs/design/flash-log.md.
 *
 * A page: 8 bytes of head, then slots. A slot: mark u16, sequence u32, payload, CRC-32 over sequence
 * and payload, settled u16. */
#ifndef FIRMWARE_APP_FLOG_H
#define FIRMWARE_APP_FLOG_H

#include "firmware/app/board.h"

#define FLOG_PAYLOAD_MAX 64
#define FLOG_SETTLE_MS   1000 /* a record that stood this long with power good is settled */

/* Which pages, and what is in a record. */
struct flog_layout {
	uint8_t first_page, pages;
	uint8_t payload_size; /* even, at most FLOG_PAYLOAD_MAX */
	bool refresh;         /* an unsettled newest record is written again before it is used */
};

struct flog {
	const struct flash *flash;
	const struct flog_layout *layout;
	uint32_t newest_seq; /* 0: the log is empty */
	uint32_t settle_ms;
	uint8_t page, newest_page; /* index into the log's pages */
	uint16_t slot;             /* next one to write; the number of slots: the page is full */
	uint16_t newest_slot;
	bool suspect;     /* slots between the newest record and `slot` may hold cut writes */
	bool settling;    /* the newest record is not settled yet */
	uint16_t repairs; /* slots and pages found damaged since the start */
};

/* Finds the newest record and makes it safe. ERR_NOT_FOUND: the log is empty; ERR_IO: the record is
 * there but could not be made safe (a worn-out page). *payload is filled unless the log is empty. */
MUST_USE enum err flog_open(struct flog *log, const struct flash *flash,
                            const struct flog_layout *layout, uint32_t now_ms, void *payload);

/* On return the record is durable. ERR_IO: the flash does not take it; the older one stands. */
MUST_USE enum err flog_append(struct flog *log, const void *payload, uint32_t now_ms);

/* The record with this sequence number; ERR_NOT_FOUND when it is overwritten or damaged. */
MUST_USE enum err flog_read(const struct flog *log, uint32_t seq, void *payload);

/* Settles the newest record when its time has come. Call it some times a second. */
void flog_poll(struct flog *log, uint32_t now_ms);

/* Erases the next page (some 30 ms, the core stands still) when it will be needed before long, so
 * that flog_append() needs not. For quiet moments. */
void flog_tidy(struct flog *log);

/* Records that one page holds. */
unsigned flog_slots(const struct flog_layout *layout);
#endif
