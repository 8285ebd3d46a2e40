#include "firmware/app/flog.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"
#include "libs/base/number.h"

#include <assert.h>
#include <string.h>

#define BLANK         0xFFFFu
#define MARK          0x6C61u /* a slot that holds a record */
#define BURNT         0x0000u /* this value alone may be programmed over any other (PM0075 §2.3) */
#define TRIES         5       /* slots that an append may lose to bad cells ... */
#define TRIES_IN_PAGE 2       /* ... and in one page: its other cells are no better */

/* Place of the fields in a slot. */
enum { AT_MARK = 0, AT_SEQ = 2, AT_PAYLOAD = 6, SEQ_SIZE = 4, CRC_SIZE = 4, SETTLED_SIZE = 2 };

#define SLOT_MAX (AT_PAYLOAD + FLOG_PAYLOAD_MAX + CRC_SIZE)

/* "This page was erased to the end": 64 bits, which no half-done erase brings about. */
static const uint16_t page_head[] = {0x574C, 0x4A93, 0xB56C, 0x1F01};

#define HEAD_SIZE ((uint32_t)(2 * ARRAY_SIZE(page_head)))

static uint32_t settled_at(const struct flog *log)
{
	return (uint32_t)AT_PAYLOAD + log->layout->payload_size + CRC_SIZE;
}

static uint32_t slot_size(const struct flog_layout *layout)
{
	return (uint32_t)AT_PAYLOAD + layout->payload_size + CRC_SIZE + SETTLED_SIZE;
}

unsigned flog_slots(const struct flog_layout *layout)
{
	return (FLASH_PAGE_SIZE - HEAD_SIZE) / slot_size(layout);
}

/* ---- flash ---- */

static uint32_t page_offset(const struct flog *log, unsigned page)
{
	return (log->layout->first_page + page) * FLASH_PAGE_SIZE;
}

static uint32_t slot_offset(const struct flog *log, unsigned page, unsigned slot)
{
	return page_offset(log, page) + HEAD_SIZE + slot * slot_size(log->layout);
}

static uint16_t read16(const struct flog *log, uint32_t offset)
{
	return log->flash->ops->read(log->flash->ctx, offset);
}

static enum err program16(const struct flog *log, uint32_t offset, uint16_t value)
{
	return log->flash->ops->program(log->flash->ctx, offset, value);
}

static void read_bytes(const struct flog *log, uint32_t offset, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		put_le16(to + i, read16(log, offset + (uint32_t)i));
}

/* ---- slots ---- */

static bool slot_blank(const struct flog *log, unsigned page, unsigned slot)
{
	uint32_t offset = slot_offset(log, page, slot);

	for (uint32_t i = 0; i < slot_size(log->layout); i += 2)
		if (read16(log, offset + i) != BLANK)
			return false;
	return true;
}

/* Sequence number of a whole record, its payload to *payload; 0 when there is none. */
static uint32_t slot_load(const struct flog *log, unsigned page, unsigned slot, void *payload)
{
	uint32_t offset = slot_offset(log, page, slot);
	size_t covered = SEQ_SIZE + (size_t)log->layout->payload_size;
	uint8_t bytes[SLOT_MAX];

	if (read16(log, offset) != MARK)
		return 0;
	read_bytes(log, offset + AT_SEQ, bytes, covered + CRC_SIZE);
	if (crc32_ieee(0, bytes, covered) != get_le32(bytes + covered))
		return 0;
	memcpy(payload, bytes + SEQ_SIZE, log->layout->payload_size);
	return get_le32(bytes);
}

/* Never again a record, whatever its cells read. */
static void slot_burn(struct flog *log, unsigned page, unsigned slot)
{
	/* A failure leaves what was there: garbage, which the CRC refuses. */
	if (program16(log, slot_offset(log, page, slot), BURNT) != ERR_NONE)
		log->repairs++;
}

static enum err slot_write(const struct flog *log, unsigned page, unsigned slot, uint32_t seq,
                           const void *payload)
{
	uint8_t bytes[SLOT_MAX];
	uint8_t check[FLOG_PAYLOAD_MAX];
	uint32_t crc_at = AT_PAYLOAD + (uint32_t)log->layout->payload_size;
	uint32_t offset = slot_offset(log, page, slot);

	put_le16(bytes + AT_MARK, MARK);
	put_le32(bytes + AT_SEQ, seq);
	memcpy(bytes + AT_PAYLOAD, payload, log->layout->payload_size);
	put_le32(bytes + crc_at, crc32_ieee(0, bytes + AT_SEQ, crc_at - AT_SEQ));
	for (uint32_t i = 0; i < crc_at + CRC_SIZE; i += 2) {
		enum err err = program16(log, offset + i, get_le16(bytes + i));

		if (err)
			return err;
	}
	return slot_load(log, page, slot, check) == seq ? ERR_NONE : ERR_IO;
}

/* ---- pages ---- */

/* First slot behind everything that was ever written. */
static unsigned page_end(const struct flog *log, unsigned page)
{
	unsigned slot = flog_slots(log->layout);

	while (slot > 0 && slot_blank(log, page, slot - 1))
		slot--;
	return slot;
}

static bool page_erased(const struct flog *log, unsigned page)
{
	for (unsigned i = 0; i < ARRAY_SIZE(page_head); i++)
		if (read16(log, page_offset(log, page) + 2 * i) != page_head[i])
			return false;
	return true;
}

/* Erased to the end, and no record stands in it: a page that an append may go to. */
static bool page_ready(const struct flog *log, unsigned page)
{
	uint8_t payload[FLOG_PAYLOAD_MAX];

	if (!page_erased(log, page))
		return false;
	for (unsigned slot = 0; slot < flog_slots(log->layout); slot++)
		if (slot_load(log, page, slot, payload))
			return false;
	return true;
}

static enum err page_head_write(const struct flog *log, unsigned page, bool good)
{
	for (unsigned i = 0; i < ARRAY_SIZE(page_head); i++) {
		enum err err =
		        program16(log, page_offset(log, page) + 2 * i, good ? page_head[i] : BURNT);

		if (err)
			return err;
	}
	return ERR_NONE;
}

/* The head goes first: an erase that power cuts short must not leave a page that says it was
 * erased to the end. */
static enum err page_prepare(const struct flog *log, unsigned page)
{
	enum err err = page_head_write(log, page, false);

	if (!err)
		err = log->flash->ops->erase(log->flash->ctx, log->layout->first_page + page);
	if (!err && page_end(log, page) != 0)
		err = ERR_IO;
	if (!err)
		err = page_head_write(log, page, true);
	return err;
}

static unsigned page_after(const struct flog *log, unsigned page)
{
	return (page + 1) % log->layout->pages;
}

/* ---- appending ---- */

/* A write that power cut short in an earlier run may read as a whole record tomorrow, with the
 * number that the next append will use. */
static void burn_suspects(struct flog *log)
{
	bool behind = log->newest_seq && log->page == log->newest_page;

	for (unsigned slot = behind ? log->newest_slot + 1u : 0; slot < log->slot; slot++)
		slot_burn(log, log->page, slot);
	log->suspect = false;
}

static enum err move_to_next_page(struct flog *log)
{
	unsigned next = page_after(log, log->page);

	log->suspect = page_ready(log, next);
	if (!log->suspect) {
		enum err err = page_prepare(log, next);

		if (err) {
			log->repairs++;
			return err;
		}
	}
	log->page = (uint8_t)next;
	log->slot = (uint16_t)page_end(log, next);
	if (log->suspect)
		burn_suspects(log);
	return ERR_NONE;
}

static enum err take_slot(struct flog *log)
{
	if (log->suspect)
		burn_suspects(log);
	for (unsigned i = 0; log->slot >= flog_slots(log->layout); i++) {
		enum err err = move_to_next_page(log);

		if (err)
			return err;
		if (i > log->layout->pages)
			return ERR_IO;
	}
	return ERR_NONE;
}

enum err flog_append(struct flog *log, const void *payload, uint32_t now_ms)
{
	uint32_t seq = log->newest_seq + 1;

	/* Behind the last number nothing is newer: better no record than one that goes back. */
	if (seq == 0)
		return ERR_IO;
	for (unsigned i = 0; i < TRIES; i++) {
		enum err err = take_slot(log);
		uint16_t slot = log->slot;

		if (err)
			return err;
		log->slot++;
		if (slot_write(log, log->page, slot, seq, payload) != ERR_NONE) {
			slot_burn(log, log->page, slot);
			log->repairs++;
			if (i % TRIES_IN_PAGE + 1 == TRIES_IN_PAGE)
				log->slot = (uint16_t)flog_slots(log->layout);
			continue;
		}
		log->newest_seq = seq;
		log->newest_page = log->page;
		log->newest_slot = slot;
		log->settling = true;
		log->settle_ms = now_ms + FLOG_SETTLE_MS;
		return ERR_NONE;
	}
	return ERR_IO;
}

/* ---- opening ---- */

static void find_newest(struct flog *log, void *newest)
{
	uint8_t payload[FLOG_PAYLOAD_MAX];

	for (unsigned page = 0; page < log->layout->pages; page++)
		for (unsigned slot = 0; slot < flog_slots(log->layout); slot++) {
			uint32_t seq = slot_load(log, page, slot, payload);

			/* With equal numbers the later slot holds: the earlier was a cut write. */
			if (seq == 0 || seq < log->newest_seq)
				continue;
			log->newest_seq = seq;
			log->newest_page = (uint8_t)page;
			log->newest_slot = (uint16_t)slot;
			memcpy(newest, payload, log->layout->payload_size);
		}
}

static uint32_t newest_settled_offset(const struct flog *log)
{
	return slot_offset(log, log->newest_page, log->newest_slot) + settled_at(log);
}

enum err flog_open(struct flog *log, const struct flash *flash, const struct flog_layout *layout,
                   uint32_t now_ms, void *payload)
{
	assert(layout->pages >= 2 && layout->payload_size <= FLOG_PAYLOAD_MAX &&
	       layout->payload_size % 2 == 0);
	memset(log, 0, sizeof *log);
	log->flash = flash;
	log->layout = layout;
	find_newest(log, payload);
	if (log->newest_seq == 0) {
		/* The first append moves on to page 0 and erases it if need be. */
		log->page = (uint8_t)(layout->pages - 1);
		log->slot = (uint16_t)flog_slots(layout);
		return ERR_NOT_FOUND;
	}
	log->page = log->newest_page;
	log->slot = (uint16_t)page_end(log, log->page);
	log->suspect = true;
	log->settling = read16(log, newest_settled_offset(log)) != BURNT;
	log->settle_ms = now_ms + FLOG_SETTLE_MS;
	if (log->settling && layout->refresh)
		return flog_append(log, payload, now_ms);
	return ERR_NONE;
}

enum err flog_read(const struct flog *log, uint32_t seq, void *payload)
{
	for (unsigned page = 0; seq && page < log->layout->pages; page++)
		for (unsigned slot = 0; slot < flog_slots(log->layout); slot++) {
			uint8_t head[SEQ_SIZE];

			/* A look at the number first: the CRC of every slot takes its time. */
			read_bytes(log, slot_offset(log, page, slot) + AT_SEQ, head, sizeof head);
			if (get_le32(head) == seq && slot_load(log, page, slot, payload) == seq)
				return ERR_NONE;
		}
	return ERR_NOT_FOUND;
}

/* ---- quiet moments ---- */

void flog_poll(struct flog *log, uint32_t now_ms)
{
	if (!log->settling || !ms_reached(now_ms, log->settle_ms))
		return;
	log->settling = false;
	/* A failure costs no more than a needless refresh at the next start. */
	if (program16(log, newest_settled_offset(log), BURNT) != ERR_NONE)
		log->repairs++;
}

void flog_tidy(struct flog *log)
{
	unsigned next = page_after(log, log->page);

	if (log->newest_seq == 0 || log->settling || log->page != log->newest_page ||
	    log->slot < flog_slots(log->layout) * 3 / 4 || page_ready(log, next))
		return;
	if (page_prepare(log, next) != ERR_NONE)
		log->repairs++;
}
