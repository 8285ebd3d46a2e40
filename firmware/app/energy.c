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

void energy_meter_open(struct energy_meter *e, const struct flash *flash, uint32_t now_ms)
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

static uint32_t cap(const struct energy_meter *e, uint32_t now_s)
{
	uint64_t cap_100mwh = (uint64_t)(now_s - e->at_s + ENERGY_CAP_SLACK_S) * ENERGY_CAP_PER_S;

	if (e->from_boot)
		return ENERGY_CAP_BOOT_100MWH;
	return cap_100mwh > ENERGY_CAP_RUN_100MWH ? ENERGY_CAP_RUN_100MWH : (uint32_t)cap_100mwh;
}

static void rebase(struct energy_meter *e, uint32_t register_100mwh, uint32_t now_s)
{
	e->register_100mwh = register_100mwh;
	e->at_s = now_s;
	e->confirmed = 0;
	e->based = true;
	e->from_boot = false;
}

/* A base from which nothing is counted: the flash must know it soon. */
static void new_base(struct energy_meter *e, uint32_t register_100mwh, uint32_t now_s)
{
	if (register_100mwh < e->register_100mwh)
		e->steps_back++;
	rebase(e, register_100mwh, now_s);
	e->store_due = true;
}

/* One strange value is a disturbance; several that follow each other are a new register. */
static enum energy_step doubt(struct energy_meter *e, uint32_t register_100mwh, uint32_t now_s)
{
	uint32_t step;
	bool follows =
	        e->confirmed > 0 &&
	        im1253b_energy_step(e->candidate_100mwh, register_100mwh,
	                            2 * ENERGY_CAP_SLACK_S * ENERGY_CAP_PER_S, &step) == ERR_NONE;

	e->candidate_100mwh = register_100mwh;
	e->confirmed = follows ? (uint8_t)(e->confirmed + 1) : 1;
	if (e->confirmed <= ENERGY_CONFIRM)
		return ENERGY_HELD;
	e->unbilled_wh = (int32_t)(((int64_t)register_100mwh - e->register_100mwh) / 10);
	new_base(e, register_100mwh, now_s);
	return ENERGY_SEGMENT;
}

/* What the module forgot was counted already, and what flows from now on is real. */
static bool saved_late(const struct energy_meter *e, uint32_t register_100mwh)
{
	return e->from_boot && register_100mwh < e->register_100mwh &&
	       e->register_100mwh - register_100mwh <= ENERGY_BACK_BOOT_100MWH;
}

enum energy_step energy_meter_take(struct energy_meter *e, uint32_t register_100mwh, uint32_t now_s)
{
	bool lower = register_100mwh < e->register_100mwh;
	uint32_t step;

	if (!e->based || saved_late(e, register_100mwh)) {
		new_base(e, register_100mwh, now_s);
		return ENERGY_COUNTED;
	}
	if ((lower && e->register_100mwh < ENERGY_WRAP_FROM) ||
	    im1253b_energy_step(e->register_100mwh, register_100mwh, cap(e, now_s), &step) !=
	            ERR_NONE)
		return doubt(e, register_100mwh, now_s);
	e->total_100mwh += step;
	if (step >= ENERGY_STORE_100MWH) {
		e->added_wh = (int32_t)(step / 10);
		e->store_due = true;
	}
	rebase(e, register_100mwh, now_s);
	return lower ? ENERGY_WRAPPED : ENERGY_COUNTED;
}

void energy_meter_poll(struct energy_meter *e, uint32_t now_s, uint32_t now_ms)
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

struct energy energy_meter_total(const struct energy_meter *e)
{
	return energy_wh((int64_t)(e->total_100mwh / 10));
}
