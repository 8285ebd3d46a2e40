/* The terminal's own energy total, counted from differences of the sensor's register: never
 * backwards, never a jump that rated power cannot make, and nothing lost over a power cut, because
 * the sensor goes on from its own non-volatile register (docs/design/flash-log.md). */
#ifndef FIRMWARE_APP_ENERGY_H
#define FIRMWARE_APP_ENERGY_H

#include "firmware/app/flog.h"

#include "libs/base/money.h"

/* The 40 A module measures to 1.2 x rated. 48 A x 264 V is 12.7 kW; in 0.1 Wh per second, rounded up. */
#define RATED_MA           40000u
#define ENERGY_CAP_PER_S   36u
#define ENERGY_CAP_SLACK_S 3u /* the module's own refresh, and our tick */
/* While the terminal runs and the module is silent: 30 days at full load, so that nothing overflows. */
#define ENERGY_CAP_RUN_100MWH (30u * 86400u * ENERGY_CAP_PER_S)

#define ENERGY_STORE_S 900u
/* A step this great is stored at once and told by an event. 1 kWh takes five minutes at full load, so a
 * supply that flaps cannot wear the flash with it. */
#define ENERGY_STORE_100MWH 10000u

/* Terminal and module hang on one breaker, so over a start the register may be ahead by what was not
 * stored: less than 1 kWh of earlier starts (ENERGY_STORE_100MWH) and 15 minutes at full load, 4.24 kWh. The rest
 * is for starts that ended before their first reading. More than 6 kWh is a foreign register. */
#define ENERGY_CAP_BOOT_100MWH 60000u
/* A module that saved late comes back a little lower: 100 Wh, half a minute at full load. */
#define ENERGY_BACK_BOOT_100MWH 1000u

#define ENERGY_CONFIRM 2 /* readings that must agree before a new register base is believed */
/* Only a register this close to its end that is small now has wrapped; others were cleared. */
#define ENERGY_WRAP_FROM 0xFFFF0000u

enum energy_step {
	ENERGY_COUNTED,
	ENERGY_HELD, /* implausible; the base stays until the next readings agree with it or not */
	ENERGY_SEGMENT, /* the register was cleared, replaced or set: a new base, nothing counted */
	ENERGY_WRAPPED, /* past 2^32, counted */
};

struct energy_meter {
	struct flog log;
	uint64_t total_100mwh; /* 0.1 Wh */
	uint32_t register_100mwh;
	uint32_t at_s; /* uptime of that register value */
	uint32_t candidate_100mwh;
	uint32_t stored_s;
	uint32_t steps_back; /* registers below the last one that became a new base */
	int32_t unbilled_wh; /* of the last segment: difference that was not counted */
	int32_t added_wh;    /* counted at once: 1 kWh or more that nobody saw flow, else 0 */
	uint8_t confirmed;   /* readings that followed the candidate */
	bool based;          /* there is a register to count from */
	bool from_boot;      /* that register is from before the restart */
	bool store_due;
	bool store_failed;
};

void energy_meter_open(struct energy_meter *e, const struct flash *flash, uint32_t now_ms);

/* A register value that came with a good check sum, at this uptime. */
MUST_USE enum energy_step energy_meter_take(struct energy_meter *e, uint32_t register_100mwh,
                                            uint32_t now_s);

/* Stores when 15 minutes have passed or a new base has come. */
void energy_meter_poll(struct energy_meter *e, uint32_t now_s, uint32_t now_ms);

struct energy energy_meter_total(const struct energy_meter *e);
#endif
