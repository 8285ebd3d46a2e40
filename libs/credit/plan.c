#include "libs/credit/plan.h"

#include <assert.h>
#include <string.h>

#include "libs/base/time.h"

#define DAY_MINUTES 1440u

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
static const struct plan_table *
table_of(const struct plan *plan, const struct plan_calendar *calendar, const struct civil *date)
{
	const struct plan_table *table;
	unsigned number = day_table(plan, calendar, date);

	if (number >= 1 && number <= calendar->table_count) {
		table = &calendar->table[number - 1];
		if (table->count)
			return table;
	}
	return calendar->table_count && calendar->table[0].count ? &calendar->table[0] : NULL;
}

static unsigned rate_of(const struct plan *plan, const struct plan_table *table, unsigned minute)
{
	unsigned rate;

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

/* Those of the plan; without any, the first of each month, if it says so. */
static unsigned settlement_list(const struct plan *plan, const struct plan_settlement **list)
{
	static const struct plan_settlement first = {.day = 1};

	*list = plan->settlement;
	if (plan->settlement_count || plan->unsettled != PLAN_UNSETTLED_MONTHLY)
		return plan->settlement_count;
	*list = &first;
	return 1;
}

static int64_t settlement_s(const struct plan *plan, const struct plan_settlement *settlement,
                            int32_t year, unsigned month)
{
	return plan_day_start(plan, days_from_date(year, month, settlement->day)) +
	       settlement->hour * INT64_C(3600);
}

/* The instants of one month (count of them, unsorted). */
static unsigned settlements_of(const struct plan *plan, int32_t year, unsigned month,
                               int64_t at_s[PLAN_SETTLEMENTS])
{
	const struct plan_settlement *list;
	unsigned count = settlement_list(plan, &list), found = 0;
	bool yearly = is_yearly(plan);

	for (unsigned i = 0; i < count; i++) {
		/* In a yearly plan an entry without month has no instant. */
		if (yearly ? list[i].month != month : list[i].month != 0)
			continue;
		at_s[found++] = settlement_s(plan, &list[i], year, month);
	}
	return found;
}

/* The newest instant of one settlement at or before `at_s`, whose date is `date`. */
static int64_t newest_of(const struct plan *plan, const struct plan_settlement *settlement,
                         struct civil date, int64_t at_s)
{
	bool yearly = settlement->month != 0;
	int64_t found_s;

	if (yearly)
		date.month = settlement->month;
	found_s = settlement_s(plan, settlement, date.year, date.month);
	if (found_s <= at_s)
		return found_s;
	if (yearly || date.month == 1)
		date.year--;
	if (!yearly)
		date.month = date.month == 1 ? 12 : date.month - 1;
	return settlement_s(plan, settlement, date.year, date.month);
}

int64_t plan_settled_at(const struct plan *plan, int64_t at_s)
{
	const struct plan_settlement *list;
	unsigned count = settlement_list(plan, &list);
	bool yearly = is_yearly(plan);
	int64_t newest_s = INT64_MIN;
	struct civil date;

	if (!plan->threshold_count)
		return INT64_MIN;
	date_from_days(plan_day(plan, at_s), &date);
	for (unsigned i = 0; i < count; i++) {
		int64_t at;

		if ((list[i].month != 0) != yearly)
			continue;
		at = newest_of(plan, &list[i], date, at_s);
		if (at > newest_s)
			newest_s = at;
	}
	return newest_s;
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

/* Seconds of a day; what is not of this day is no edge. */
static void nearer(int32_t *edge, int32_t at, int64_t candidate)
{
	if (candidate > at && candidate < *edge)
		*edge = (int32_t)candidate;
}

void plan_look(const struct plan *plan, int64_t at_s, struct plan_moment *moment)
{
	int64_t day = plan_day(plan, at_s), start_s = plan_day_start(plan, day);
	int32_t at = (int32_t)(at_s - start_s), edge = SECONDS_PER_DAY;
	int64_t settle_s[PLAN_SETTLEMENTS];
	const struct plan_table *table;
	struct civil date;

	date_from_days(day, &date);
	table = table_of(plan, set_at(plan, at_s), &date);
	moment->day = day;
	moment->rate = (uint8_t)rate_of(plan, table, (unsigned)at / 60);
	moment->settles = false;
	for (unsigned i = 0; table && i < table->count; i++)
		nearer(&edge, at, table->slot[i].minute * 60);
	if (plan->switch_s)
		nearer(&edge, at, plan->switch_s - start_s);
	/* What settles today is in the list of this month: days are 1 to 28. */
	for (unsigned i = plan->threshold_count
	                          ? settlements_of(plan, date.year, date.month, settle_s)
	                          : 0;
	     i-- > 0;) {
		nearer(&edge, at, settle_s[i] - start_s);
		moment->settles |= settle_s[i] == at_s;
	}
	moment->edge_s = start_s + edge;
	assert(edge > at && edge <= SECONDS_PER_DAY);
}

unsigned plan_rate_at(const struct plan *plan, int64_t at_s)
{
	struct plan_moment moment;

	plan_look(plan, at_s, &moment);
	return moment.rate;
}

int64_t plan_next_edge(const struct plan *plan, int64_t at_s)
{
	struct plan_moment moment;

	plan_look(plan, at_s, &moment);
	return moment.edge_s;
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
