/* Is a version of a plan sound? Without text: the terminal asks this, too. */
#include "libs/credit/plan.h"

#include "libs/base/time.h"

#define DAY_MINUTES 1440u

/* Indices are below 256: one word passes them. */
#define AT(a, b, c) ((a) | (b) << 8 | (c) << 16)

static enum err bad(struct plan_fault *fault, enum plan_part part, unsigned at)
{
	*fault = (struct plan_fault){
	        .part = part, .at = {at & 0xFF, at >> 8 & 0xFF, at >> 16}
        };
	return ERR_RANGE;
}

static bool is_date(unsigned month, unsigned day)
{
	/* A leap year, so that 29 February can be named. */
	return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(2024, month);
}

static bool is_price(int32_t price_uy)
{
	return price_uy >= 0 && price_uy <= PLAN_PRICE_MAX;
}

static enum err check_table(const struct plan *plan, unsigned c, unsigned t,
                            struct plan_fault *fault)
{
	const struct plan_table *table = &plan->calendar[c].table[t];

	if (table->count > PLAN_SLOTS)
		return bad(fault, PLAN_AT_CALENDAR_TABLE_SLOTS, AT(c, t, 0u));
	for (unsigned i = 0; i < table->count; i++) {
		const struct plan_slot *slot = &table->slot[i];
		unsigned next =
		        i + 1 < table->count ? slot[1].minute : table->slot[0].minute + DAY_MINUTES;

		if (slot->minute >= DAY_MINUTES || next < slot->minute + PLAN_SLOT_MIN)
			return bad(fault, PLAN_AT_CALENDAR_TABLE_SLOT_MINUTE, AT(c, t, i));
		if (slot->rate < 1 || slot->rate > plan->rate_count)
			return bad(fault, PLAN_AT_CALENDAR_TABLE_SLOT_RATE, AT(c, t, i));
	}
	return ERR_NONE;
}

static enum err check_calendar(const struct plan *plan, unsigned c, struct plan_fault *fault)
{
	const struct plan_calendar *calendar = &plan->calendar[c];
	enum err err;

	if (calendar->zone_count > PLAN_ZONES)
		return bad(fault, PLAN_AT_CALENDAR_ZONE_COUNT, c);
	if (calendar->table_count > PLAN_TABLES)
		return bad(fault, PLAN_AT_CALENDAR_TABLE_COUNT, c);
	for (unsigned i = 0; i < calendar->zone_count; i++) {
		const struct plan_zone *zone = &calendar->zone[i];

		if (!is_date(zone->month, zone->day) ||
		    (i && zone[-1].month * 32 + zone[-1].day >= zone->month * 32 + zone->day))
			return bad(fault, PLAN_AT_CALENDAR_ZONE_DAY, AT(c, i, 0u));
		if (zone->table < 1 || zone->table > calendar->table_count)
			return bad(fault, PLAN_AT_CALENDAR_ZONE_TABLE, AT(c, i, 0u));
	}
	for (unsigned t = 0; t < calendar->table_count; t++) {
		err = check_table(plan, c, t, fault);
		if (err)
			return err;
	}
	return ERR_NONE;
}

static enum err check_holidays(const struct plan *plan, struct plan_fault *fault)
{
	for (unsigned i = 0; i < plan->holiday_count; i++) {
		const struct plan_holiday *day = &plan->holiday[i];

		if (!is_date(day->month, day->day) ||
		    (day->year && day->day > days_in_month(day->year, day->month)))
			return bad(fault, PLAN_AT_HOLIDAY_DAY, i);
		/* It must exist in whichever calendar holds. */
		if (day->table < 1 || day->table > plan->calendar[0].table_count ||
		    (plan->switch_s && day->table > plan->calendar[1].table_count))
			return bad(fault, PLAN_AT_HOLIDAY_TABLE, i);
	}
	if (plan->calendar_table > plan->calendar[0].table_count ||
	    (plan->switch_s && plan->calendar_table > plan->calendar[1].table_count))
		return bad(fault, PLAN_AT_CALENDAR_TABLE, 0);
	return ERR_NONE;
}

static enum err check_settlements(const struct plan *plan, struct plan_fault *fault)
{
	if (plan->settlement_count > PLAN_SETTLEMENTS)
		return bad(fault, PLAN_AT_SETTLEMENT_COUNT, 0);
	for (unsigned i = 0; i < plan->settlement_count; i++) {
		const struct plan_settlement *s = &plan->settlement[i];

		if (s->month > 12 || s->day < 1 || s->day > 28 || s->hour > 23)
			return bad(fault, PLAN_AT_SETTLEMENT, i);
	}
	return ERR_NONE;
}

static enum err check_steps(const struct plan *plan, struct plan_fault *fault)
{
	if (plan->threshold_count > PLAN_THRESHOLDS)
		return bad(fault, PLAN_AT_THRESHOLD_COUNT, 0);
	if (plan->combine != PLAN_SUM && plan->combine != PLAN_FACTOR)
		return bad(fault, PLAN_AT_COMBINE, 0);
	if (plan->unsettled != PLAN_UNSETTLED_FREE && plan->unsettled != PLAN_UNSETTLED_MONTHLY)
		return bad(fault, PLAN_AT_UNSETTLED, 0);
	for (unsigned i = 0; i < plan->threshold_count; i++)
		if (plan->threshold_wh[i] <= (i ? plan->threshold_wh[i - 1] : 0))
			return bad(fault, PLAN_AT_THRESHOLD_WH, i);
	for (unsigned i = 0; plan->threshold_count && i <= plan->threshold_count; i++) {
		if (!is_price(plan->step_price_uy[i]))
			return bad(fault, PLAN_AT_STEP_PRICE_UY, i);
		if (plan->step_factor_ppm[i] < 0 ||
		    plan->step_factor_ppm[i] > 100 * PLAN_FACTOR_ONE)
			return bad(fault, PLAN_AT_STEP_FACTOR_PPM, i);
	}
	return check_settlements(plan, fault);
}

enum err plan_find_fault(const struct plan *plan, struct plan_fault *fault)
{
	enum err err;

	if (plan->version == 0)
		return bad(fault, PLAN_AT_VERSION, 0);
	if (plan->utc_offset_s < -43200 || plan->utc_offset_s > 50400 || plan->utc_offset_s % 900)
		return bad(fault, PLAN_AT_UTC_OFFSET_S, 0);
	if (plan->rate_count < 1 || plan->rate_count > PLAN_RATES)
		return bad(fault, PLAN_AT_RATE_COUNT, 0);
	for (unsigned i = 0; i < plan->rate_count; i++)
		if (!is_price(plan->rate_price_uy[i]))
			return bad(fault, PLAN_AT_RATE_PRICE_UY, i);
	if (plan->line_count > PLAN_LINES - 1)
		return bad(fault, PLAN_AT_LINE_COUNT, 0);
	for (unsigned i = 0; i < plan->line_count; i++)
		if (!is_price(plan->line_price_uy[i]))
			return bad(fault, PLAN_AT_LINE_PRICE_UY, i);
	if (plan->fee_fen < 0 || plan->fee_fen > INT64_C(1000000000))
		return bad(fault, PLAN_AT_FEE_FEN, 0);
	if (plan->minimum_fen < 0 || plan->minimum_fen > INT64_C(1000000000))
		return bad(fault, PLAN_AT_MINIMUM_FEN, 0);
	err = check_calendar(plan, 0, fault);
	if (!err)
		err = check_calendar(plan, 1, fault);
	if (!err)
		err = check_holidays(plan, fault);
	return err ? err : check_steps(plan, fault);
}
