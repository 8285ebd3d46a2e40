/* The member of a plan that is at fault, for people. */
#include "libs/credit/plan.h"

#include <stdio.h>

static const char *const formats[] = {
        [PLAN_AT_CALENDAR_TABLE_SLOTS] = "calendar[%u].table[%u].count",
        [PLAN_AT_CALENDAR_TABLE_COUNT] = "calendar[%u].table_count",
        [PLAN_AT_CALENDAR_TABLE_SLOT_MINUTE] = "calendar[%u].table[%u].slot[%u].minute",
        [PLAN_AT_CALENDAR_TABLE_SLOT_RATE] = "calendar[%u].table[%u].slot[%u].rate",
        [PLAN_AT_CALENDAR_ZONE_COUNT] = "calendar[%u].zone_count",
        [PLAN_AT_CALENDAR_ZONE_DAY] = "calendar[%u].zone[%u].day",
        [PLAN_AT_CALENDAR_ZONE_TABLE] = "calendar[%u].zone[%u].table",
        [PLAN_AT_HOLIDAY_DAY] = "holiday[%u].day",
        [PLAN_AT_HOLIDAY_TABLE] = "holiday[%u].table",
        [PLAN_AT_CALENDAR_TABLE] = "calendar_table",
        [PLAN_AT_SETTLEMENT_COUNT] = "settlement_count",
        [PLAN_AT_SETTLEMENT] = "settlement[%u]",
        [PLAN_AT_THRESHOLD_COUNT] = "threshold_count",
        [PLAN_AT_COMBINE] = "combine",
        [PLAN_AT_UNSETTLED] = "unsettled",
        [PLAN_AT_THRESHOLD_WH] = "threshold_wh[%u]",
        [PLAN_AT_STEP_PRICE_UY] = "step_price_uy[%u]",
        [PLAN_AT_STEP_FACTOR_PPM] = "step_factor_ppm[%u]",
        [PLAN_AT_VERSION] = "version",
        [PLAN_AT_UTC_OFFSET_S] = "utc_offset_s",
        [PLAN_AT_RATE_COUNT] = "rate_count",
        [PLAN_AT_RATE_PRICE_UY] = "rate_price_uy[%u]",
        [PLAN_AT_LINE_COUNT] = "line_count",
        [PLAN_AT_LINE_PRICE_UY] = "line_price_uy[%u]",
        [PLAN_AT_FEE_FEN] = "fee_fen",
        [PLAN_AT_MINIMUM_FEN] = "minimum_fen",
};

enum err plan_check(const struct plan *plan, char field[PLAN_FIELD_SIZE])
{
	struct plan_fault fault;
	enum err err = plan_find_fault(plan, &fault);

	field[0] = '\0';
	if (err)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(field, PLAN_FIELD_SIZE, formats[fault.part], fault.at[0], fault.at[1],
		         fault.at[2]);
#pragma GCC diagnostic pop
	return err;
}
