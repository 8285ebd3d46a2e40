#include "firmware/app/energy.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"
#include "libs/proto/im1253b.h"

#include <string.h>

enum { AT_TOTAL = 0, AT_REGISTER = 8, PAYLOAD_SIZE = 12 };

static const struct flog_layout layout = {
        .first_page = PAGE_ENERGY,
        .pages = ENERGY_PAGES,
        .payload_size = PAYLOAD_SIZE,
        .refresh = true,
};

void energy_open(struct energy *e, const struct flash *flash, uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];
	enum err err;

	memset(e, 0, sizeof *e);
	err = flog_open(&e->log, flash, &layout, now_ms, payload);
	if (err == ERR_NOT_FOUND)
		return;
	e->store_failed = err != ERR_NONE;
	e->total_100mwh = get_le64(payload + AT_TOTAL);
	e->register_100mwh = get_le32(payload + AT_REGISTER);
	e->based = e->from_boot = true;
}

static uint32_t cap(const struct energy *e, uint32_t now_s)
{
	uint64_t cap_100mwh = (uint64_t)(now_s - e->at_s + ENERGY_CAP_SLACK_S) * ENERGY_CAP_PER_S;

	if (e->from_boot || cap_100mwh > ENERGY_CAP_BOOT_100MWH)
		return ENERGY_CAP_BOOT_100MWH;
	return (uint32_t)cap_100mwh;
}

static void rebase(struct energy *e, uint32_t register_100mwh, uint32_t now_s)
{
	e->register_100mwh = register_100mwh;
	e->at_s = now_s;
	e->confirmed = 0;
	e->based = true;
	e->from_boot = false;
}

static enum energy_step new_segment(struct energy *e, uint32_t register_100mwh, uint32_t now_s)
{
	int64_t difference_100mwh = (int64_t)register_100mwh - e->register_100mwh;

	if (difference_100mwh < 0)
		e->steps_back++;
	e->unbilled_wh = (int32_t)(difference_100mwh / 10);
	rebase(e, register_100mwh, now_s);
	e->store_due = true;
	return ENERGY_SEGMENT;
}

/* One strange value is a disturbance; several that follow each other are a new register. */
static enum energy_step doubt(struct energy *e, uint32_t register_100mwh, uint32_t now_s)
{
	uint32_t step;
	bool follows =
	        e->confirmed > 0 && im1253b_energy_step(e->candidate_100mwh, register_100mwh,
	                                                cap(e, e->at_s) * 2, &step) == ERR_NONE;

	e->candidate_100mwh = register_100mwh;
	e->confirmed = follows ? (uint8_t)(e->confirmed + 1) : 1;
	if (e->confirmed <= ENERGY_CONFIRM)
		return ENERGY_HELD;
	return new_segment(e, register_100mwh, now_s);
}

enum energy_step energy_take(struct energy *e, uint32_t register_100mwh, uint32_t now_s)
{
	bool wrapped = e->register_100mwh >= ENERGY_WRAP_FROM && register_100mwh < ENERGY_WRAP_FROM;
	uint32_t step;

	if (!e->based) {
		rebase(e, register_100mwh, now_s);
		e->store_due = true;
		return ENERGY_COUNTED;
	}
	if (im1253b_energy_step(e->register_100mwh, register_100mwh, cap(e, now_s), &step) !=
	    ERR_NONE)
		return doubt(e, register_100mwh, now_s);
	e->total_100mwh += step;
	if (e->from_boot && step >= ENERGY_STORE_100MWH)
		e->store_due = true;
	rebase(e, register_100mwh, now_s);
	return wrapped ? ENERGY_WRAPPED : ENERGY_COUNTED;
}

void energy_poll(struct energy *e, uint32_t now_s, uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];

	flog_poll(&e->log, now_ms);
	if (now_s - e->stored_s >= ENERGY_STORE_S)
		e->store_due = true;
	/* Before the first reading after a start the flash already holds all we know. */
	if (!e->store_due || !e->based || e->from_boot)
		return;
	put_le64(payload + AT_TOTAL, e->total_100mwh);
	put_le32(payload + AT_REGISTER, e->register_100mwh);
	e->store_failed = flog_append(&e->log, payload, now_ms) != ERR_NONE;
	e->store_due = false;
	e->stored_s = now_s;
}

uint64_t energy_wh(const struct energy *e)
{
	return e->total_100mwh / 10;
}
