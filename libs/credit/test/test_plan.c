/* What holds at an instant: zones, day tables, slots over midnight, holidays, two calendars, steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libs/base/time.h"
#include "libs/credit/plan.h"

enum { PEAK = 1, FLAT, VALLEY };

/* Civil time of China. */
static int64_t at(int32_t year, unsigned month, unsigned day, unsigned hour, unsigned minute)
{
	return days_from_date(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 -
	       PLAN_OFFSET_CHINA_S;
}

static void slot(struct plan_table *table, uint16_t minute, uint8_t rate)
{
	table->slot[table->count++] = (struct plan_slot){minute, rate};
}

/* Table 1: 08:00 peak, 12:00 flat, 22:00 valley over midnight. Table 2: flat all day from 00:00.
 * Table 3 (summer): 10:00 peak, 23:00 valley. */
static struct plan tou(void)
{
	struct plan plan;

	plan_flat(&plan, 1, 0, 1000000);
	plan.rate_count = 3;
	plan.rate_price_uy[1] = 600000;
	plan.rate_price_uy[2] = 300000;
	plan.calendar[0].zone_count = 2;
	plan.calendar[0].zone[0] = (struct plan_zone){6, 1, 3};
	plan.calendar[0].zone[1] = (struct plan_zone){10, 1, 1};
	plan.calendar[0].table_count = 3;
	slot(&plan.calendar[0].table[0], 480, PEAK);
	slot(&plan.calendar[0].table[0], 720, FLAT);
	slot(&plan.calendar[0].table[0], 1320, VALLEY);
	slot(&plan.calendar[0].table[1], 0, FLAT);
	slot(&plan.calendar[0].table[2], 600, PEAK);
	slot(&plan.calendar[0].table[2], 1380, VALLEY);
	plan.holiday_count = 2;
	plan.holiday[0] = (struct plan_holiday){0, 1, 1, 2};
	plan.holiday[1] = (struct plan_holiday){2026, 2, 17, 2};
	return plan;
}

static void slots_and_midnight(void **state)
{
	struct plan plan = tou();
	char field[PLAN_FIELD_SIZE];

	(void)state;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 7, 59) + 59), VALLEY);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 8, 0)), PEAK);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 12, 0)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 21, 59)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 22, 0)), VALLEY);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 3, 0, 0)), VALLEY);
	assert_int_equal(plan_next_edge(&plan, at(2026, 3, 2, 22, 0)), at(2026, 3, 3, 0, 0));
	assert_int_equal(plan_next_edge(&plan, at(2026, 3, 3, 0, 0)), at(2026, 3, 3, 8, 0));
	assert_int_equal(plan_next_edge(&plan, at(2026, 3, 3, 7, 59)), at(2026, 3, 3, 8, 0));
}

static void holidays_and_zones(void **state)
{
	struct plan plan = tou();

	(void)state;
	assert_int_equal(plan_rate_at(&plan, at(2025, 12, 31, 23, 59)), VALLEY);
	assert_int_equal(plan_rate_at(&plan, at(2026, 1, 1, 0, 0)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2026, 1, 1, 23, 59)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2027, 1, 1, 9, 0)), FLAT); /* of every year */
	assert_int_equal(plan_rate_at(&plan, at(2026, 2, 17, 9, 0)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2027, 2, 17, 9, 0)), PEAK);
	/* The last zone of the year holds until the first one of the next. */
	assert_int_equal(plan_rate_at(&plan, at(2026, 5, 31, 9, 0)), PEAK);
	assert_int_equal(plan_rate_at(&plan, at(2026, 6, 1, 9, 0)), VALLEY);
	assert_int_equal(plan_rate_at(&plan, at(2026, 9, 30, 23, 0)), VALLEY);
	assert_int_equal(plan_rate_at(&plan, at(2026, 10, 1, 8, 0)), PEAK);
}

static void second_calendar_takes_over(void **state)
{
	struct plan plan = tou();
	char field[PLAN_FIELD_SIZE];

	(void)state;
	plan.calendar[1] = plan.calendar[0];
	plan.calendar[1].table[0].count = 0;
	slot(&plan.calendar[1].table[0], 60, PEAK);
	plan.switch_s = at(2026, 3, 2, 13, 7);
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 13, 6)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 13, 7)), PEAK);
	assert_int_equal(plan_next_edge(&plan, at(2026, 3, 2, 13, 6)), plan.switch_s);
}

static void before_the_first_zone_the_last_one_holds(void **state)
{
	struct plan plan = tou();

	(void)state;
	plan.calendar[0].zone[0].table = 1; /* from June */
	plan.calendar[0].zone[1].table = 2; /* from October, flat all day */
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 9, 0)), FLAT);
	assert_int_equal(plan_rate_at(&plan, at(2026, 7, 2, 9, 0)), PEAK);
	assert_int_equal(plan_rate_at(&plan, at(2026, 11, 2, 9, 0)), FLAT);
}

static void without_zones_the_first_table_holds(void **state)
{
	struct plan plan = tou();

	(void)state;
	plan.calendar[0].zone_count = 0;
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 9, 0)), PEAK);
	assert_int_equal(plan_rate_at(&plan, at(2026, 7, 2, 9, 0)), PEAK);
	assert_int_equal(plan_rate_at(&plan, at(2026, 1, 1, 9, 0)),
	                 FLAT); /* a holiday has its own */
}

/* A meter must always find a price (the fallbacks of docs/design/tariff.md). */
static void damaged_tables_fall_back(void **state)
{
	struct plan plan = tou();

	(void)state;
	plan.calendar[0].table[2].count = 0;
	assert_int_equal(plan_rate_at(&plan, at(2026, 7, 1, 9, 0)), PEAK);
	plan.calendar[0].table[0].count = 0;
	assert_int_equal(plan_rate_at(&plan, at(2026, 7, 1, 9, 0)), 1);
	plan = tou();
	plan.calendar[0].table[0].slot[0].rate = 63;
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 9, 0)), 3);
	plan.calendar[0].zone[1].table = 8; /* behind the last one, whatever stands there */
	slot(&plan.calendar[0].table[7], 0, VALLEY);
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 13, 0)), FLAT);
	plan.calendar[0].zone[1].table = 0;
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 13, 0)), FLAT);
	plan.calendar[0].table[0].slot[1].rate = 0;
	assert_int_equal(plan_rate_at(&plan, at(2026, 3, 2, 13, 0)), 1);
}

static void limits_are_named(void **state)
{
	static const struct {
		const char *field;
		size_t offset;
		uint8_t value;
	} bad[] = {
	        {"rate_count",                        offsetof(struct plan, rate_count),                        0 },
	        {"rate_count",                        offsetof(struct plan, rate_count),                        64},
	        {"calendar[0].zone_count",            offsetof(struct plan, calendar[0].zone_count),            15},
	        {"calendar[0].table_count",           offsetof(struct plan, calendar[0].table_count),           9 },
	        {"calendar[0].zone[1].day",           offsetof(struct plan, calendar[0].zone[1].month),         6 },
	        {"calendar[0].zone[0].day",           offsetof(struct plan, calendar[0].zone[0].day),           31},
	        {"calendar[0].zone[0].table",         offsetof(struct plan, calendar[0].zone[0].table),         4 },
	        {"calendar[0].table[0].count",        offsetof(struct plan, calendar[0].table[0].count),
	         15	                                                                                       },
	        {"calendar[0].table[0].slot[1].rate",
	         offsetof(struct plan,                                      calendar[0].table[0].slot[1].rate), 4 },
	        {"holiday[0].day",                    offsetof(struct plan, holiday[0].day),                    32},
	        {"holiday[1].day",                    offsetof(struct plan, holiday[1].day),                    29},
	        {"holiday[1].table",                  offsetof(struct plan, holiday[1].table),                  0 },
	        {"settlement_count",                  offsetof(struct plan, settlement_count),                  5 },
	        {"threshold_count",                   offsetof(struct plan, threshold_count),                   7 },
	        {"line_count",                        offsetof(struct plan, line_count),                        4 },
	};

	char field[PLAN_FIELD_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct plan plan = tou();

		memcpy((char *)&plan + bad[i].offset, &bad[i].value, 1);
		assert_int_equal(plan_check(&plan, field), ERR_RANGE);
		assert_string_equal(field, bad[i].field);
	}
}

static void other_limits_are_named(void **state)
{
	struct plan plan = tou();
	char field[PLAN_FIELD_SIZE];

	(void)state;
	plan.calendar[0].table[0].slot[1].minute = 494; /* 14 minutes after the first */
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);
	assert_string_equal(field, "calendar[0].table[0].slot[0].minute");
	plan = tou();
	plan.calendar[0].table[0].slot[2].minute = 1440;
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);
	plan = tou();
	plan.rate_price_uy[2] = -1;
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);
	assert_string_equal(field, "rate_price_uy[2]");
	plan = tou();
	plan.threshold_count = 2;
	plan.threshold_wh[0] = plan.threshold_wh[1] = 1000;
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);
	assert_string_equal(field, "threshold_wh[1]");
	plan.threshold_wh[1] = 2000;
	plan.settlement_count = 1;
	plan.settlement[0] = (struct plan_settlement){1, 29, 0};
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);
	assert_string_equal(field, "settlement[0]");
	plan.settlement[0].day = 28;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	plan.version = 0;
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);
	assert_string_equal(field, "version");
}

static struct plan stepped(void)
{
	struct plan plan;

	plan_flat(&plan, 1, 0, 500000);
	plan.threshold_count = 2;
	plan.threshold_wh[0] = 2880000;
	plan.threshold_wh[1] = 4800000;
	plan.step_price_uy[1] = 50000;
	plan.step_price_uy[2] = 300000;
	plan.settlement_count = 1;
	plan.settlement[0] = (struct plan_settlement){1, 1, 0};
	return plan;
}

/* The greatest plan that there is passes; one more of anything does not. */
static struct plan greatest(void)
{
	struct plan plan;

	plan_flat(&plan, 1, 0, PLAN_PRICE_MAX);
	plan.rate_count = PLAN_RATES;
	for (unsigned i = 0; i < PLAN_RATES; i++)
		plan.rate_price_uy[i] = PLAN_PRICE_MAX;
	for (unsigned c = 0; c < 2; c++) {
		struct plan_calendar *calendar = &plan.calendar[c];

		calendar->zone_count = PLAN_ZONES;
		for (uint8_t i = 0; i < PLAN_ZONES; i++)
			calendar->zone[i] = (struct plan_zone){(uint8_t)(1 + i / 2),
			                                       (uint8_t)(1 + i % 2), PLAN_TABLES};
		calendar->table_count = PLAN_TABLES;
		for (unsigned t = 0; t < PLAN_TABLES; t++)
			for (uint16_t i = 0; i < PLAN_SLOTS; i++)
				slot(&calendar->table[t], (uint16_t)(i * PLAN_SLOT_MIN),
				     PLAN_RATES);
	}
	plan.switch_s = 1;
	plan.holiday_count = PLAN_HOLIDAYS;
	for (unsigned i = 0; i < PLAN_HOLIDAYS; i++)
		plan.holiday[i] = (struct plan_holiday){2028, 2, 29, PLAN_TABLES};
	plan.threshold_count = PLAN_THRESHOLDS;
	for (unsigned i = 0; i < PLAN_THRESHOLDS; i++)
		plan.threshold_wh[i] = i + 1;
	for (unsigned i = 0; i <= PLAN_THRESHOLDS; i++) {
		plan.step_price_uy[i] = PLAN_PRICE_MAX;
		plan.step_factor_ppm[i] = 100 * PLAN_FACTOR_ONE;
	}
	plan.settlement_count = PLAN_SETTLEMENTS;
	for (unsigned i = 0; i < PLAN_SETTLEMENTS; i++)
		plan.settlement[i] = (struct plan_settlement){12, 28, 23};
	plan.line_count = PLAN_LINES - 1;
	for (unsigned i = 0; i < PLAN_LINES - 1; i++)
		plan.line_price_uy[i] = PLAN_PRICE_MAX;
	plan.fee_fen = plan.minimum_fen = INT64_C(1000000000);
	plan.utc_offset_s = 50400;
	return plan;
}

static void the_greatest_plan_passes_and_one_more_does_not(void **state)
{
	struct plan plan = greatest();
	char field[PLAN_FIELD_SIZE];

	(void)state;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	plan.utc_offset_s = -43200;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);

#define REFUSES(change, name)                                                                      \
	plan = greatest();                                                                         \
	change;                                                                                    \
	assert_int_equal(plan_check(&plan, field), ERR_RANGE);                                     \
	assert_string_equal(field, name)

	REFUSES(plan.fee_fen++, "fee_fen");
	REFUSES(plan.minimum_fen++, "minimum_fen");
	REFUSES(plan.fee_fen = -1, "fee_fen");
	REFUSES(plan.minimum_fen = -1, "minimum_fen");
	REFUSES(plan.rate_price_uy[PLAN_RATES - 1]++, "rate_price_uy[62]");
	REFUSES(plan.line_price_uy[PLAN_LINES - 2]++, "line_price_uy[2]");
	REFUSES(plan.step_price_uy[PLAN_THRESHOLDS]++, "step_price_uy[6]");
	REFUSES(plan.step_factor_ppm[PLAN_THRESHOLDS]++, "step_factor_ppm[6]");
	REFUSES(plan.calendar[0].zone[0].day = 0, "calendar[0].zone[0].day");
	REFUSES(plan.calendar[0].zone[0].month = 0, "calendar[0].zone[0].day");
	REFUSES(plan.calendar[0].zone[13].month = 13, "calendar[0].zone[13].day");
	REFUSES(plan.step_price_uy[0] = -1, "step_price_uy[0]");
	REFUSES(plan.step_factor_ppm[0] = -1, "step_factor_ppm[0]");
	REFUSES(plan.combine = (enum plan_combine)(PLAN_FACTOR + 1), "combine");
	REFUSES(plan.unsettled = (enum plan_unsettled)(PLAN_UNSETTLED_MONTHLY + 1), "unsettled");
	REFUSES(plan.calendar_table = PLAN_TABLES + 1, "calendar_table");
	REFUSES(plan.threshold_wh[0] = 0, "threshold_wh[0]");
	REFUSES(plan.threshold_wh[1] = 1, "threshold_wh[1]");
	REFUSES(plan.settlement[3].day++, "settlement[3]");
	REFUSES(plan.settlement[3].hour++, "settlement[3]");
	REFUSES(plan.settlement[3].month++, "settlement[3]");
	REFUSES(plan.settlement[0].day = 0, "settlement[0]");
	REFUSES(plan.calendar[1].zone_count++, "calendar[1].zone_count");
	REFUSES(plan.calendar[1].table_count++, "calendar[1].table_count");
	REFUSES(plan.calendar[1].table[7].count++, "calendar[1].table[7].count");
	REFUSES(plan.calendar[0].zone[1].day = 1, "calendar[0].zone[1].day");
	REFUSES(plan.calendar[0].zone[0].table = 0, "calendar[0].zone[0].table");
	REFUSES(plan.calendar[0].table[2].slot[0].rate = 0, "calendar[0].table[2].slot[0].rate");
	REFUSES(plan.calendar[0].table[2].slot[3].minute++, "calendar[0].table[2].slot[3].minute");
	REFUSES(plan.calendar[0].table[2].slot[13].minute = 1426,
	        "calendar[0].table[2].slot[13].minute");
	REFUSES(plan.holiday[253].year = 2027, "holiday[253].day");
	REFUSES(plan.holiday[253].table = 9, "holiday[253].table");
	REFUSES(plan.holiday[253].table = 0, "holiday[253].table");
	REFUSES(plan.utc_offset_s += 900, "utc_offset_s");
	REFUSES(plan.utc_offset_s = -44100, "utc_offset_s");
	REFUSES(plan.utc_offset_s = 1, "utc_offset_s");
	REFUSES(plan.version = 0, "version");
	/* What both calendars must have, the second one has not. */
	REFUSES((plan.calendar[1].zone_count = 0, plan.calendar[1].table_count = 7),
	        "holiday[0].table");
	REFUSES((plan.calendar[1].zone_count = 0, plan.calendar[1].table_count = 7,
	         plan.holiday_count = 0, plan.calendar_table = PLAN_TABLES),
	        "calendar_table");
#undef REFUSES
	plan.switch_s = 0; /* then it is not asked */
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	plan = greatest();
	plan.combine = PLAN_FACTOR;
	plan.unsettled = PLAN_UNSETTLED_MONTHLY;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	/* What is not counted is not looked at. */
	plan.line_count = 1;
	plan.line_price_uy[1] = -1;
	plan.rate_count = PLAN_RATES;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	/* 15 minutes before the first slot of the next day is not too near. */
	plan = greatest();
	plan.calendar[0].table[2].slot[13].minute = 1425;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
}

static void boundary_belongs_to_the_lower_step(void **state)
{
	struct plan plan = stepped();
	int64_t remain;

	(void)state;
	assert_int_equal(plan_step_at(&plan, 0, &remain), 0);
	assert_int_equal(remain, 2880000);
	assert_int_equal(plan_step_at(&plan, 2879999, &remain), 0);
	assert_int_equal(remain, 1);
	assert_int_equal(plan_step_at(&plan, 2880000, &remain), 1);
	assert_int_equal(plan_step_at(&plan, 4799999, &remain), 1);
	assert_int_equal(plan_step_at(&plan, 4800000, &remain), 2);
	assert_true(remain == INT64_MAX);
}

static void settlements(void **state)
{
	struct plan plan = stepped();
	char field[PLAN_FIELD_SIZE];

	(void)state;
	assert_int_equal(plan_check(&plan, field), ERR_NONE);
	/* Yearly: any entry with a month. */
	assert_int_equal(plan_settled_at(&plan, at(2026, 1, 1, 0, 0)), at(2026, 1, 1, 0, 0));
	assert_int_equal(plan_settled_at(&plan, at(2026, 1, 1, 0, 0) - 1), at(2025, 1, 1, 0, 0));
	assert_int_equal(plan_settled_at(&plan, at(2026, 12, 31, 23, 59)), at(2026, 1, 1, 0, 0));
	plan.settlement_count = 3;
	plan.settlement[1] = (struct plan_settlement){7, 15, 6};
	plan.settlement[2] =
	        (struct plan_settlement){0, 3, 0}; /* no month in a yearly plan: none */
	assert_int_equal(plan_settled_at(&plan, at(2026, 7, 15, 5, 59)), at(2026, 1, 1, 0, 0));
	assert_int_equal(plan_settled_at(&plan, at(2026, 7, 15, 6, 0)), at(2026, 7, 15, 6, 0));
	assert_int_equal(plan_next_edge(&plan, at(2026, 7, 15, 1, 0)), at(2026, 7, 15, 6, 0));
	/* Monthly: only day and hour. */
	plan.settlement_count = 1;
	plan.settlement[0] = (struct plan_settlement){0, 28, 23};
	assert_int_equal(plan_settled_at(&plan, at(2026, 3, 28, 22, 59)), at(2026, 2, 28, 23, 0));
	assert_int_equal(plan_settled_at(&plan, at(2026, 1, 5, 0, 0)), at(2025, 12, 28, 23, 0));
	/* Whatever their order, the newest that is over counts. */
	plan.settlement_count = 3;
	plan.settlement[0] = (struct plan_settlement){0, 15, 0};
	plan.settlement[1] = (struct plan_settlement){0, 3, 0};
	plan.settlement[2] = (struct plan_settlement){0, 20, 0};
	assert_int_equal(plan_settled_at(&plan, at(2026, 3, 19, 23, 59)), at(2026, 3, 15, 0, 0));
	assert_int_equal(plan_settled_at(&plan, at(2026, 3, 14, 23, 59)), at(2026, 3, 3, 0, 0));
	assert_int_equal(plan_settled_at(&plan, at(2026, 3, 2, 23, 59)), at(2026, 2, 20, 0, 0));
	/* None: by the plan's word. */
	plan.settlement_count = 0;
	assert_true(plan_settled_at(&plan, at(2026, 3, 28, 0, 0)) == INT64_MIN);
	assert_int_equal(plan_price_uy(&plan, 1, 2), 500000);
	plan.unsettled = PLAN_UNSETTLED_MONTHLY;
	assert_int_equal(plan_settled_at(&plan, at(2026, 3, 28, 0, 0)), at(2026, 3, 1, 0, 0));
	assert_int_equal(plan_price_uy(&plan, 1, 2), 800000);
}

static void sum_and_factor(void **state)
{
	struct plan plan = stepped();

	(void)state;
	assert_int_equal(plan_price_uy(&plan, 1, 0), 500000);
	assert_int_equal(plan_price_uy(&plan, 1, 1), 550000);
	plan.combine = PLAN_FACTOR;
	plan.step_factor_ppm[0] = PLAN_FACTOR_ONE;
	plan.step_factor_ppm[1] = 1050001;
	assert_int_equal(plan_price_uy(&plan, 1, 0), 500000);
	assert_int_equal(plan_price_uy(&plan, 1, 1), 525001); /* 525000.5, half up */
	/* No price leaves the limit. */
	plan.rate_price_uy[0] = PLAN_PRICE_MAX - 1;
	assert_int_equal(plan_price_uy(&plan, 1, 0), PLAN_PRICE_MAX - 1);
	assert_int_equal(plan_price_uy(&plan, 1, 1), PLAN_PRICE_MAX);
	plan.combine = PLAN_SUM;
	plan.step_price_uy[1] = 1;
	assert_int_equal(plan_price_uy(&plan, 1, 1), PLAN_PRICE_MAX);
	plan.step_price_uy[1] = 2;
	assert_int_equal(plan_price_uy(&plan, 1, 1), PLAN_PRICE_MAX);
}

static void versions_in_order(void **state)
{
	struct plan a, b;
	const struct plan *const list[] = {&a, &b};

	(void)state;
	plan_flat(&a, 1, 1000, 1);
	plan_flat(&b, 2, 2000, 2);
	assert_null(plan_at(list, 2, 999));
	assert_ptr_equal(plan_at(list, 2, 1000), &a);
	assert_ptr_equal(plan_at(list, 2, 1999), &a);
	assert_ptr_equal(plan_at(list, 2, 2000), &b);
}

/* Any instant of 130 years: a rate, and an edge within a day at which the price may change; between
 * edges it does not. */
static void edges_hold_everywhere(void **state)
{
	struct plan plan = tou();
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t t, edge, inside;
		unsigned rate;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		t = (int64_t)(seed >> 31) % (INT64_C(130) * 366 * 86400);
		edge = plan_next_edge(&plan, t);
		rate = plan_rate_at(&plan, t);
		inside = t + (int64_t)(seed >> 40) % (edge - t);
		assert_in_range(rate, 1, 3);
		assert_int_equal(plan_rate_at(&plan, inside), rate);
		assert_int_equal(plan_rate_at(&plan, edge - 1), rate);
		assert_int_equal(plan_day(&plan, edge - 1), plan_day(&plan, t));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slots_and_midnight),
	        cmocka_unit_test(holidays_and_zones),
	        cmocka_unit_test(before_the_first_zone_the_last_one_holds),
	        cmocka_unit_test(without_zones_the_first_table_holds),
	        cmocka_unit_test(second_calendar_takes_over),
	        cmocka_unit_test(damaged_tables_fall_back),
	        cmocka_unit_test(limits_are_named),
	        cmocka_unit_test(other_limits_are_named),
	        cmocka_unit_test(the_greatest_plan_passes_and_one_more_does_not),
	        cmocka_unit_test(boundary_belongs_to_the_lower_step),
	        cmocka_unit_test(settlements),
	        cmocka_unit_test(sum_and_factor),
	        cmocka_unit_test(versions_in_order),
	        cmocka_unit_test(edges_hold_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
