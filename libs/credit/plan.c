#include "libs/credit/plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"

#define DAY_MINUTES 1440u

/* ---- limits ---- */

__attribute__((format(printf, 2, 3))) static enum err bad(char field[PLAN_FIELD_SIZE],
                                                          const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(field, PLAN_FIELD_SIZE, format, args);
	va_end(args);
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

static enum err check_table(const struct plan *plan, unsigned c, unsigned t, char *field)
{
	const struct plan_table *table = &plan->calendar[c].table[t];

	if (table->count > PLAN_SLOTS)
		return bad(field, "calendar[%u].table[%u].count", c, t);
	for (unsigned i = 0; i < table->count; i++) {
		const struct plan_slot *slot = &table->slot[i];
		unsigned next =
		        i + 1 < table->count ? slot[1].minute : table->slot[0].minute + DAY_MINUTES;

		if (slot->minute >= DAY_MINUTES || next < slot->minute + PLAN_SLOT_MIN)
			return bad(field, "calendar[%u].table[%u].slot[%u].minute", c, t, i);
		if (slot->rate < 1 || slot->rate > plan->rate_count)
			return bad(field, "calendar[%u].table[%u].slot[%u].rate", c, t, i);
	}
	return ERR_NONE;
}

static enum err check_calendar(const struct plan *plan, unsigned c, char *field)
{
	const struct plan_calendar *calendar = &plan->calendar[c];
	enum err err;

	if (calendar->zone_count > PLAN_ZONES)
		return bad(field, "calendar[%u].zone_count", c);
	if (calendar->table_count > PLAN_TABLES)
		return bad(field, "calendar[%u].table_count", c);
	for (unsigned i = 0; i < calendar->zone_count; i++) {
		const struct plan_zone *zone = &calendar->zone[i];

		if (!is_date(zone->month, zone->day) ||
		    (i && zone[-1].month * 32 + zone[-1].day >= zone->month * 32 + zone->day))
			return bad(field, "calendar[%u].zone[%u].day", c, i);
		if (zone->table < 1 || zone->table > calendar->table_count)
			return bad(field, "calendar[%u].zone[%u].table", c, i);
	}
	for (unsigned t = 0; t < calendar->table_count; t++) {
		err = check_table(plan, c, t, field);
		if (err)
			return err;
	}
	return ERR_NONE;
}

static enum err check_holidays(const struct plan *plan, char *field)
{
	for (unsigned i = 0; i < plan->holiday_count; i++) {
		const struct plan_holiday *day = &plan->holiday[i];

		if (!is_date(day->month, day->day) ||
		    (day->year && day->day > days_in_month(day->year, day->month)))
			return bad(field, "holiday[%u].day", i);
		/* It must exist in whichever calendar holds. */
		if (day->table < 1 || day->table > plan->calendar[0].table_count ||
		    (plan->switch_s && day->table > plan->calendar[1].table_count))
			return bad(field, "holiday[%u].table", i);
	}
	return ERR_NONE;
}

static enum err check_settlements(const struct plan *plan, char *field)
{
	if (plan->settlement_count > PLAN_SETTLEMENTS)
		return bad(field, "settlement_count");
	for (unsigned i = 0; i < plan->settlement_count; i++) {
		const struct plan_settlement *s = &plan->settlement[i];

		if (s->month > 12 || s->day < 1 || s->day > 28 || s->hour > 23)
			return bad(field, "settlement[%u]", i);
	}
	return ERR_NONE;
}

static enum err check_steps(const struct plan *plan, char *field)
{
	if (plan->threshold_count > PLAN_THRESHOLDS)
		return bad(field, "threshold_count");
	if (plan->combine != PLAN_SUM && plan->combine != PLAN_FACTOR)
		return bad(field, "combine");
	if (plan->unsettled != PLAN_UNSETTLED_FREE && plan->unsettled != PLAN_UNSETTLED_MONTHLY)
		return bad(field, "unsettled");
	for (unsigned i = 0; i < plan->threshold_count; i++)
		if (plan->threshold_wh[i] <= (i ? plan->threshold_wh[i - 1] : 0))
			return bad(field, "threshold_wh[%u]", i);
	for (unsigned i = 0; plan->threshold_count && i <= plan->threshold_count; i++) {
		if (!is_price(plan->step_price_uy[i]))
			return bad(field, "step_price_uy[%u]", i);
		if (plan->step_factor_ppm[i] < 0 ||
		    plan->step_factor_ppm[i] > 100 * PLAN_FACTOR_ONE)
			return bad(field, "step_factor_ppm[%u]", i);
	}
	return check_settlements(plan, field);
}

enum err plan_check(const struct plan *plan, char field[PLAN_FIELD_SIZE])
{
	enum err err;

	field[0] = '\0';
	if (plan->version == 0)
		return bad(field, "version");
	if (plan->utc_offset_s < -43200 || plan->utc_offset_s > 50400 || plan->utc_offset_s % 900)
		return bad(field, "utc_offset_s");
	if (plan->rate_count < 1 || plan->rate_count > PLAN_RATES)
		return bad(field, "rate_count");
	for (unsigned i = 0; i < plan->rate_count; i++)
		if (!is_price(plan->rate_price_uy[i]))
			return bad(field, "rate_price_uy[%u]", i);
	if (plan->line_count > PLAN_LINES - 1)
		return bad(field, "line_count");
	for (unsigned i = 0; i < plan->line_count; i++)
		if (!is_price(plan->line_price_uy[i]))
			return bad(field, "line_price_uy[%u]", i);
	if (plan->fee_fen < 0 || plan->fee_fen > INT64_C(1000000000))
		return bad(field, "fee_fen");
	if (plan->minimum_fen < 0 || plan->minimum_fen > INT64_C(1000000000))
		return bad(field, "minimum_fen");
	err = check_calendar(plan, 0, field);
	if (!err)
		err = check_calendar(plan, 1, field);
	if (!err)
		err = check_holidays(plan, field);
	return err ? err : check_steps(plan, field);
}

void plan_flat(struct plan *plan, uint32_t version, int64_t valid_from_s, int32_t price_uy)
{
	memset(plan, 0, sizeof *plan);
	plan->version = version;
	plan->valid_from_s = valid_from_s;
	plan->utc_offset_s = PLAN_OFFSET_CHINA_S;
	plan->rate_count = 1;
	plan->rate_price_uy[0] = price_uy;
}

/* ---- days ---- */

int64_t plan_day(const struct plan *plan, int64_t at_s)
{
	return days_from_unix(at_s + plan->utc_offset_s);
}

int64_t plan_day_start(const struct plan *plan, int64_t day)
{
	return day * SECONDS_PER_DAY - plan->utc_offset_s;
}

/* ---- rates ---- */

static const struct plan_calendar *set_at(const struct plan *plan, int64_t at_s)
{
	return &plan->calendar[plan->switch_s && at_s >= plan->switch_s];
}

/* 1-based number of the day table. */
static unsigned day_table(const struct plan *plan, const struct plan_calendar *calendar,
                          const struct civil *date)
{
	unsigned today = date->month * 32u + date->day, table = 1;

	for (unsigned i = 0; i < plan->holiday_count; i++) {
		const struct plan_holiday *h = &plan->holiday[i];

		if (h->month == date->month && h->day == date->day &&
		    (h->year == 0 || h->year == date->year))
			return h->table;
	}
	/* Before the first zone of the year the last one still holds. */
	if (calendar->zone_count)
		table = calendar->zone[calendar->zone_count - 1].table;
	for (unsigned i = 0; i < calendar->zone_count; i++)
		if (calendar->zone[i].month * 32u + calendar->zone[i].day <= today)
			table = calendar->zone[i].table;
	return table;
}

/* Table of a day; an empty one falls back to the first. NULL: that is empty too. */
static const struct plan_table *table_of(const struct plan *plan,
                                         const struct plan_calendar *calendar, int64_t day)
{
	const struct plan_table *table;
	struct civil date;
	unsigned number;

	date_from_days(day, &date);
	number = day_table(plan, calendar, &date);
	if (number >= 1 && number <= calendar->table_count) {
		table = &calendar->table[number - 1];
		if (table->count)
			return table;
	}
	return calendar->table_count && calendar->table[0].count ? &calendar->table[0] : NULL;
}

unsigned plan_rate_at(const struct plan *plan, int64_t at_s)
{
	const struct plan_calendar *calendar = set_at(plan, at_s);
	int64_t day = plan_day(plan, at_s);
	unsigned minute = (unsigned)((at_s - plan_day_start(plan, day)) / 60), rate;
	const struct plan_table *table = table_of(plan, calendar, day);

	assert(plan->rate_count >= 1 && plan->rate_count <= PLAN_RATES);
	assert(minute < DAY_MINUTES);
	if (!table)
		return 1;
	rate = table->slot[table->count - 1].rate;
	for (unsigned i = 0; i < table->count && table->slot[i].minute <= minute; i++)
		rate = table->slot[i].rate;
	return rate < 1 ? 1 : rate > plan->rate_count ? plan->rate_count : rate;
}

/* ---- steps ---- */

static bool is_yearly(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->settlement_count; i++)
		if (plan->settlement[i].month)
			return true;
	return false;
}

/* The instants of one month (count of them, unsorted). */
static unsigned settlements_of(const struct plan *plan, int32_t year, unsigned month,
                               int64_t at_s[PLAN_SETTLEMENTS])
{
	static const struct plan_settlement first = {.day = 1};
	const struct plan_settlement *list = plan->settlement;
	unsigned count = plan->settlement_count, found = 0;
	bool yearly = is_yearly(plan);

	if (count == 0 && plan->unsettled == PLAN_UNSETTLED_MONTHLY) {
		list = &first;
		count = 1;
	}
	for (unsigned i = 0; i < count; i++) {
		/* In a yearly plan an entry without month has no instant. */
		if (yearly ? list[i].month != month : list[i].month != 0)
			continue;
		at_s[found++] = plan_day_start(plan, days_from_date(year, month, list[i].day)) +
		                list[i].hour * INT64_C(3600);
	}
	return found;
}

/* Walks at most 13 months from the month of `at_s`, in direction -1 or +1, to the nearest instant
 * at or before it (-1), or after it (+1). */
static bool nearest_settlement(const struct plan *plan, int64_t at_s, int direction,
                               int64_t *nearest)
{
	int64_t in_month[PLAN_SETTLEMENTS];
	struct civil date;
	bool any = false;

	if (!plan->threshold_count)
		return false;
	date_from_days(plan_day(plan, at_s), &date);
	for (unsigned months = 0; months <= 13 && !any; months++) {
		unsigned count = settlements_of(plan, date.year, date.month, in_month);

		for (unsigned i = 0; i < count; i++) {
			if (direction < 0 ? in_month[i] > at_s : in_month[i] <= at_s)
				continue;
			if (!any ||
			    (direction < 0 ? in_month[i] > *nearest : in_month[i] < *nearest))
				*nearest = in_month[i];
			any = true;
		}
		date.month = (uint8_t)(date.month + direction);
		if (date.month == 0 || date.month == 13) {
			date.year += direction;
			date.month = date.month ? 1 : 12;
		}
	}
	return any;
}

int64_t plan_settled_at(const struct plan *plan, int64_t at_s)
{
	int64_t settled_s;

	return nearest_settlement(plan, at_s, -1, &settled_s) ? settled_s : INT64_MIN;
}

unsigned plan_step_at(const struct plan *plan, int64_t used, int64_t *remain)
{
	unsigned step = 0;

	assert(used >= 0);
	/* The next unit is number `used` + 1, and threshold units are still in the lower step. */
	while (step < plan->threshold_count && used >= plan->threshold_wh[step])
		step++;
	*remain = step < plan->threshold_count ? plan->threshold_wh[step] - used : INT64_MAX;
	assert(*remain > 0);
	return step;
}

int32_t plan_price_uy(const struct plan *plan, unsigned rate, unsigned step)
{
	int64_t price_uy = plan->rate_price_uy[rate - 1];

	assert(rate >= 1 && rate <= plan->rate_count && step <= plan->threshold_count);
	if (!plan->threshold_count ||
	    (plan->settlement_count == 0 && plan->unsettled == PLAN_UNSETTLED_FREE))
		return (int32_t)price_uy;
	if (plan->combine == PLAN_SUM)
		price_uy += plan->step_price_uy[step];
	else
		price_uy = (price_uy * plan->step_factor_ppm[step] + PLAN_FACTOR_ONE / 2) /
		           PLAN_FACTOR_ONE;
	return price_uy > PLAN_PRICE_MAX ? PLAN_PRICE_MAX : (int32_t)price_uy;
}

/* ---- edges ---- */

static void nearer(int64_t *edge_s, int64_t at_s, int64_t candidate_s)
{
	if (candidate_s > at_s && candidate_s < *edge_s)
		*edge_s = candidate_s;
}

int64_t plan_next_edge(const struct plan *plan, int64_t at_s)
{
	int64_t day = plan_day(plan, at_s), start_s = plan_day_start(plan, day);
	const struct plan_table *table = table_of(plan, set_at(plan, at_s), day);
	int64_t edge_s = plan_day_start(plan, day + 1), settle_s;

	for (unsigned i = 0; table && i < table->count; i++)
		nearer(&edge_s, at_s, start_s + table->slot[i].minute * INT64_C(60));
	if (plan->switch_s)
		nearer(&edge_s, at_s, plan->switch_s);
	if (nearest_settlement(plan, at_s, +1, &settle_s))
		nearer(&edge_s, at_s, settle_s);
	assert(edge_s > at_s && edge_s <= at_s + SECONDS_PER_DAY);
	return edge_s;
}

const struct plan *plan_at(const struct plan *const *versions, size_t count, int64_t at_s)
{
	const struct plan *found = NULL;

	for (size_t i = 0; i < count && versions[i]->valid_from_s <= at_s; i++) {
		assert(!i || versions[i - 1]->valid_from_s < versions[i]->valid_from_s);
		found = versions[i];
	}
	return found;
}
