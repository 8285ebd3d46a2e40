/* The terminal's own energy total, counted from differences of the sensor's register: never
 * backwards, never a jump that rated power cannot make, and nothing lost over a power cut, because
 * the sensor goes on from its own non-volatile register (docs/design/flash-log.md). */
#ifndef FIRMWARE_APP_ENERGY_H
#define FIRMWARE_APP_ENERGY_H

#include "firmware/app/flog.h"

/* The 40 A module measures to 1.2 x rated. 48 A x 264 V is 12.7 kW; in 0.1 Wh per second, rounded up. */
#define RATED_MA           40000u
#define ENERGY_CAP_PER_S   36u
#define ENERGY_CAP_SLACK_S 3u /* the module's own refresh, and our tick */
/* The sensor may have counted while the terminal was off, nobody knows how long: 30 days at full
 * load (9,331 kWh) is believed, more is a foreign register. */
#define ENERGY_CAP_BOOT_100MWH (30u * 86400u * ENERGY_CAP_PER_S)

#define ENERGY_STORE_S 900u
/* What a start adds is stored at once when it is much: 1 kWh takes five minutes at full load, so
 * a supply that flaps cannot wear the flash with it. */
#define ENERGY_STORE_100MWH 10000u
#define ENERGY_CONFIRM      2 /* readings that must agree before a new register base is believed */
/* A register this close to its end that is small now has wrapped. */
#define ENERGY_WRAP_FROM 0xFFFF0000u

enum energy_step {
	ENERGY_COUNTED,
	ENERGY_HELD, /* implausible; the base stays until the next readings agree with it or not */
	ENERGY_SEGMENT, /* the register was cleared, replaced or set: a new base, nothing counted */
	ENERGY_WRAPPED, /* past 2^32, counted */
};

struct energy {
	struct flog log;
	uint64_t total_100mwh; /* 0.1 Wh */
	uint32_t register_100mwh;
	uint32_t at_s; /* uptime of that register value */
	uint32_t candidate_100mwh;
	uint32_t stored_s;
	uint32_t steps_back; /* registers below the last one that became a new base */
	int32_t unbilled_wh; /* of the last segment: difference that was not counted */
	uint8_t confirmed;   /* readings that followed the candidate */
	bool based;          /* there is a register to count from */
	bool from_boot;      /* that register is from before the restart */
	bool store_due;
	bool store_failed;
};

void energy_open(struct energy *e, const struct flash *flash, uint32_t now_ms);

/* A register value that came with a good check sum, at this uptime. */
MUST_USE enum energy_step energy_take(struct energy *e, uint32_t register_100mwh, uint32_t now_s);

/* Stores when 15 minutes have passed or a new base has come. */
void energy_poll(struct energy *e, uint32_t now_s, uint32_t now_ms);

uint64_t energy_wh(const struct energy *e);
#endif
