/* Thirty data pages with hostile bytes: whatever stands there, the terminal starts, what it then writes is what the
 * next start finds, and nothing ever goes back. The input is records of a kind byte and its bytes; most patch an image of a
 * terminal that has lived, one forges whole records with a right check sum. */
#include "firmware/app/test/rig.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATCH_BYTES = 8, FORGED_BYTES = 6 };

#define DATA_OFFSET (PAGE_IDENTITY * FLASH_PAGE_SIZE)
#define DATA_SIZE   ((FLASH_PAGES - PAGE_IDENTITY) * FLASH_PAGE_SIZE)

static struct rig rig, lived;

static void check(bool good)
{
	if (!good)
		abort();
}

/* Some hours with commands, events and stored energy, so that patches hit something. */
static void prepare(void)
{
	rig_init(&lived, 5);
	for (unsigned start = 0; start < 3; start++) {
		check(rig_boot(&lived));
		wallclock_set(&lived.terminal.clock, RIG_TIME_S * UINT64_C(1000));
		for (unsigned i = 0; i < 12; i++)
			journal_add(&lived.terminal.journal, EVENT_BUTTON, 0, (int32_t)i, 0);
		check(rig_run(&lived, 3000));
	}
}

static uint16_t *cell(uint32_t offset)
{
	return &rig.flash.cell[(DATA_OFFSET + offset % DATA_SIZE) / 2];
}

/* Bytes at any place: the page's number and the place in it come first. */
static size_t patch(const uint8_t *data, size_t size)
{
	uint32_t offset = (uint32_t)get_le16(data);
	size_t n = size - 2 < PATCH_BYTES ? size - 2 : PATCH_BYTES;

	for (size_t i = 0; i + 1 < n; i += 2)
		*cell(offset + (uint32_t)i) = get_le16(data + 2 + i);
	return 2 + n;
}

/* A record that its check sum calls good: any number, a payload of one byte again and again. */
static size_t forge(const uint8_t *data)
{
	const struct flog *logs[] = {&lived.terminal.meter.energy.log, &lived.terminal.control.log,
	                             &lived.terminal.journal.log,
	                             &lived.terminal.control.credit.settings,
	                             &lived.terminal.control.credit.marks};
	const struct flog_layout *layout = logs[data[0] % ARRAY_SIZE(logs)]->layout;
	uint32_t payload = layout->payload_size, slot_size = 2 + 4 + payload + 4 + 2;
	uint32_t page = layout->first_page + (data[0] >> 4) % (uint32_t)layout->pages;
	uint32_t at = (page - PAGE_IDENTITY) * FLASH_PAGE_SIZE + 8 +
	              data[1] % flog_slots(layout) * slot_size;
	uint8_t bytes[80] = {0x61, 0x6C};

	memcpy(bytes + 2, data + 2, 4);
	memset(bytes + 6, data[1], payload);
	put_le32(bytes + 6 + payload, crc32_ieee(0, bytes + 2, 4 + payload));
	put_le16(bytes + 10 + payload, data[0] & 8 ? 0 : 0xFFFF);
	for (uint32_t i = 0; i < slot_size; i += 2)
		*cell(at + i) = get_le16(bytes + i);
	return FORGED_BYTES;
}

static void spoil(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < size;) {
		const uint8_t *body = data + at + 1;
		size_t left = size - at - 1;

		at++;
		switch (data[at - 1] & 3) {
		case 0:
			if (left >= FORGED_BYTES)
				at += forge(body);
			break;
		case 1: /* a page that was never written, or only zeros */
			if (left >= 1)
				memset(cell(body[0] % 30 * FLASH_PAGE_SIZE),
				       data[at - 1] & 4 ? 0 : 0xFF, FLASH_PAGE_SIZE);
			at += left >= 1;
			break;
		default:
			at += left >= 2 ? patch(body, left) : left;
			break;
		}
	}
}

static void expect_no_key_without_its_check_sum(void)
{
	uint8_t bytes[IDENTITY_SIZE];
	bool good = false;

	for (unsigned page = 0; page < 2; page++) {
		for (uint32_t i = 0; i < IDENTITY_SIZE; i += 2)
			put_le16(bytes + i, *cell(page * FLASH_PAGE_SIZE + i));
		good = good || (memcmp(bytes, "WID1", 4) == 0 &&
		                crc32_ieee(0, bytes, 40) == get_le32(bytes + 40));
	}
	check(good || !rig.terminal.identity.known);
}

/* A forged total of 10^18 Wh may pass the end of its 64 bits. */
static bool grown(uint64_t total)
{
	return total > INT64_MAX || rig.terminal.meter.energy.total_100mwh >= total;
}

/* One more life: an event and a press, then the next start finds both, and all that it found before. */
static void live(void)
{
	const struct control *control = &rig.terminal.control;
	uint64_t total = rig.terminal.meter.energy.total_100mwh;
	uint32_t events = rig.terminal.journal.log.newest_seq;
	uint32_t decisions = control->log.newest_seq;
	uint32_t energy = rig.terminal.meter.energy.log.newest_seq;
	struct decision decided;

	check(rig_run(&rig, 2500));
	journal_add(&rig.terminal.journal, EVENT_BOOT, 0, 7, rig.now_ms);
	control_button(&rig.terminal.control, rig.now_ms);
	decided = control->decided;
	check(rig.terminal.journal.log.newest_seq > events || rig.terminal.journal.failed);
	events = rig.terminal.journal.log.newest_seq;
	check(grown(total));
	check(rig_boot(&rig));
	check(rig.terminal.journal.log.newest_seq >= events);
	check(rig.terminal.meter.energy.log.newest_seq >= energy);
	check(grown(total));
	check(control->log.newest_seq >= decisions);
	check(control->failed || memcmp(&control->decided, &decided, sizeof decided) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!lived.board.ops)
		prepare();
	rig = lived;
	rig.board.ctx = &rig;
	rig.board.flash.ctx = &rig.flash;
	spoil(data, size);
	check(rig_boot(&rig));
	expect_no_key_without_its_check_sum();
	live();
	live();
	return 0;
}
