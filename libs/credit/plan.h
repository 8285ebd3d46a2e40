/* One version of a tariff plan and what holds at an instant: rate, next edge, step. The rules, with
 * their fixed readings where practice differs, are in docs/design/tariff.md. */
#ifndef LIBS_CREDIT_PLAN_H
#define LIBS_CREDIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define PLAN_ZONES       14
#define PLAN_TABLES      8
#define PLAN_SLOTS       14
#define PLAN_RATES       63
#define PLAN_HOLIDAYS    254
#define PLAN_SETTLEMENTS 4
#define PLAN_THRESHOLDS  6
#define PLAN_LINES       4   /* the main line and three more */
#define PLAN_SLOT_MIN    15u /* minutes; a shorter slot is refused */

#define PLAN_PRICE_MAX  1000000000 /* 1000 yuan per unit, in micro-yuan */
#define PLAN_FACTOR_ONE 1000000    /* a step factor of 1, in millionths */

#define PLAN_OFFSET_CHINA_S 28800 /* one zone, no daylight saving */

struct plan_slot {
	uint16_t minute; /* of the day, 0..1439, ascending */
	uint8_t rate;    /* 1..rate_count */
};

struct plan_table {
	uint8_t count;
	struct plan_slot slot[PLAN_SLOTS];
};

struct plan_zone {
	uint8_t month, day; /* begins at 00:00 of this date, ascending */
	uint8_t table;      /* 1..table_count */
};

struct plan_calendar {
	uint8_t zone_count, table_count;
	struct plan_zone zone[PLAN_ZONES];
	struct plan_table table[PLAN_TABLES];
};

struct plan_holiday {
	uint16_t year; /* 0: of every year */
	uint8_t month, day;
	uint8_t table;
};

/* 0 in `month`: each month. */
struct plan_settlement {
	uint8_t month, day, hour; /* day 1..28, hour 0..23 */
};

enum plan_combine {
	PLAN_SUM,    /* rate price + step price */
	PLAN_FACTOR, /* rate price x step factor */
};

/* What steps do in a plan without a settlement instant. */
enum plan_unsettled {
	PLAN_UNSETTLED_FREE,    /* the step part is not charged */
	PLAN_UNSETTLED_MONTHLY, /* S begins anew on day 1, 00:00 */
};

struct plan {
	uint32_t version; /* > 0, names this version in charges */
	int64_t valid_from_s;
	int32_t utc_offset_s;

	uint8_t rate_count;                /* >= 1 */
	int32_t rate_price_uy[PLAN_RATES]; /* per kWh or m3 */

	struct plan_calendar calendar[2];
	int64_t switch_s; /* calendar[1] holds from here; 0: never */
	uint8_t holiday_count;
	struct plan_holiday holiday[PLAN_HOLIDAYS];
	/* Day table of the holidays in the calendar of whoever is billed; who brings the plan puts their days behind
	 * those of its own. 0: they are days like others. */
	uint8_t calendar_table;

	uint8_t threshold_count; /* 0: no steps */
	enum plan_combine combine;
	enum plan_unsettled unsettled;
	int64_t threshold_wh[PLAN_THRESHOLDS];        /* ascending; litres for water */
	int32_t step_price_uy[PLAN_THRESHOLDS + 1];   /* PLAN_SUM */
	int32_t step_factor_ppm[PLAN_THRESHOLDS + 1]; /* PLAN_FACTOR */
	uint8_t settlement_count;
	struct plan_settlement settlement[PLAN_SETTLEMENTS];

	uint8_t line_count;                    /* further lines, 0..3 */
	int32_t line_price_uy[PLAN_LINES - 1]; /* flat, per unit: sewage, resource */

	int64_t fee_fen;     /* a month; 0: none */
	int64_t minimum_fen; /* the main line of a month is filled up to this; 0: none */
};

/* A member of a plan; numbers of lists stand in plan_fault.at, the outer one first. */
enum plan_part {
	PLAN_AT_CALENDAR_TABLE_COUNT,
	PLAN_AT_CALENDAR_TABLE_SLOTS, /* its count */
	PLAN_AT_CALENDAR_TABLE_SLOT_MINUTE,
	PLAN_AT_CALENDAR_TABLE_SLOT_RATE,
	PLAN_AT_CALENDAR_ZONE_COUNT,
	PLAN_AT_CALENDAR_ZONE_DAY,
	PLAN_AT_CALENDAR_ZONE_TABLE,
	PLAN_AT_HOLIDAY_DAY,
	PLAN_AT_HOLIDAY_TABLE,
	PLAN_AT_CALENDAR_TABLE,
	PLAN_AT_SETTLEMENT_COUNT,
	PLAN_AT_SETTLEMENT,
	PLAN_AT_THRESHOLD_COUNT,
	PLAN_AT_COMBINE,
	PLAN_AT_UNSETTLED,
	PLAN_AT_THRESHOLD_WH,
	PLAN_AT_STEP_PRICE_UY,
	PLAN_AT_STEP_FACTOR_PPM,
	PLAN_AT_VERSION,
	PLAN_AT_UTC_OFFSET_S,
	PLAN_AT_RATE_COUNT,
	PLAN_AT_RATE_PRICE_UY,
	PLAN_AT_LINE_COUNT,
	PLAN_AT_LINE_PRICE_UY,
	PLAN_AT_FEE_FEN,
	PLAN_AT_MINIMUM_FEN,
};

struct plan_fault {
	enum plan_part part;
	unsigned at[3];
};

/* Is every part within its limits and every reference resolvable? ERR_RANGE, and *fault is the first that is
 * not; else *fault is not touched. */
MUST_USE enum err plan_find_fault(const struct plan *plan, struct plan_fault *fault);

/* The same, and `field` names what is wrong: "calendar[0].table[2].slot[1].minute"; "" when nothing is. */
#define PLAN_FIELD_SIZE 48
MUST_USE enum err plan_check(const struct plan *plan, char field[PLAN_FIELD_SIZE]);

/* A flat price, the simplest plan; valid from `valid_from_s` at China's offset. */
void plan_flat(struct plan *plan, uint32_t version, int64_t valid_from_s, int32_t price_uy);

/* ---- what holds at an instant ---- */

struct plan_moment {
	int64_t day;    /* civil */
	int64_t edge_s; /* plan_next_edge */
	uint8_t rate;   /* plan_rate_at */
	bool settles;   /* it is a settlement instant: S begins here */
};

/* All that holds from an instant to the next edge. */
void plan_look(const struct plan *plan, int64_t at_s, struct plan_moment *moment);

/* 1..rate_count. */
unsigned plan_rate_at(const struct plan *plan, int64_t at_s);

/* The first instant after `at_s` at which rate, day or step settlement may change by this version:
 * never later than the next civil midnight. */
int64_t plan_next_edge(const struct plan *plan, int64_t at_s);

/* The last settlement instant at or before `at_s`: where S began. INT64_MIN: steps never settle. */
int64_t plan_settled_at(const struct plan *plan, int64_t at_s);

/* 0-based step of the next unit when `used` are used since settlement, and how many units remain
 * until the next step (INT64_MAX in the last one). Boundary belongs to the lower step. */
unsigned plan_step_at(const struct plan *plan, int64_t used, int64_t *remain);

/* Micro-yuan per unit of the main line. */
int32_t plan_price_uy(const struct plan *plan, unsigned rate, unsigned step);

/* Civil day number (libs/base/time.h) and its first instant. */
int64_t plan_day(const struct plan *plan, int64_t at_s);
int64_t plan_day_start(const struct plan *plan, int64_t day);

/* The version in force at `at_s` of a list sorted by valid_from_s; NULL: none yet. */
const struct plan *plan_at(const struct plan *const *versions, size_t count, int64_t at_s);

#endif
