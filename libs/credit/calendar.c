#include "libs/credit/calendar.h"

#include "libs/base/time.h"

#define SEARCH_DAYS 400

/* Year 9999 and as far back: days fit in 32 bits, and sums of seconds cannot overflow. */
#define SECONDS_LIMIT (INT64_C(4000000) * SECONDS_PER_DAY)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static const struct calendar_day *day_find(const struct calendar *calendar, int64_t day)
{
	size_t low = 0, high = calendar->day_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (calendar->day[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < calendar->day_count && calendar->day[low].day == day ? &calendar->day[low]
	                                                                  : NULL;
}

/* Which bit of calendar_window.days this day is. */
static uint8_t day_bit(const struct calendar *calendar, int64_t day)
{
	const struct calendar_day *marked = day_find(calendar, day);
	int64_t weekday = (day + 3) - floor_div(day + 3, 7) * 7; /* 1970-01-01 was a Thursday */

	if (marked && marked->kind == CALENDAR_HOLIDAY)
		return DAYS_HOLIDAY;
	if (marked && marked->kind == CALENDAR_WORKDAY)
		return DAYS_MONDAY;
	return (uint8_t)(DAYS_MONDAY << weekday);
}

static bool is_friendly(const struct calendar *calendar, int64_t day, int64_t minute)
{
	uint8_t today = day_bit(calendar, day), yesterday = day_bit(calendar, day - 1);

	for (size_t i = 0; i < calendar->window_count; i++) {
		const struct calendar_window *w = &calendar->window[i];
		bool over_midnight = w->to_min <= w->from_min;

		if ((w->days & today) && minute >= w->from_min &&
		    (over_midnight || minute < w->to_min))
			return true;
		if ((w->days & yesterday) && over_midnight && minute < w->to_min)
			return true;
	}
	return false;
}

static bool in_range(int64_t unix_s)
{
	return unix_s > -SECONDS_LIMIT && unix_s < SECONDS_LIMIT;
}

struct calendar_state calendar_at(const struct calendar *calendar, int64_t unix_s,
                                  int32_t utc_offset_s)
{
	struct calendar_state state = {0};
	const struct calendar_day *marked;
	int64_t local_s, day;

	if (!in_range(unix_s))
		return state;
	local_s = unix_s + utc_offset_s;
	day = floor_div(local_s, SECONDS_PER_DAY);
	marked = day_find(calendar, day);
	state.holiday = marked && marked->kind == CALENDAR_HOLIDAY;
	state.cut_free = marked && marked->cut_free;
	state.friendly = is_friendly(calendar, day, (local_s - day * SECONDS_PER_DAY) / 60);
	return state;
}

/* The next minute of the day after `minute` at which a window begins or ends, at most midnight. */
static int64_t next_edge(const struct calendar *calendar, int64_t minute)
{
	int64_t next = MINUTES_PER_DAY;

	for (size_t i = 0; i < calendar->window_count; i++) {
		const struct calendar_window *w = &calendar->window[i];

		if (w->from_min > minute && w->from_min < next)
			next = w->from_min;
		if (w->to_min > minute && w->to_min < next)
			next = w->to_min;
	}
	return next;
}

int64_t calendar_cut_from(const struct calendar *calendar, int64_t unix_s, int32_t utc_offset_s)
{
	int64_t at_s = unix_s, end_s;

	if (!in_range(unix_s))
		return CALENDAR_NEVER;
	end_s = unix_s + SEARCH_DAYS * (int64_t)SECONDS_PER_DAY;
	while (at_s <= end_s) {
		struct calendar_state state = calendar_at(calendar, at_s, utc_offset_s);
		int64_t local_s = at_s + utc_offset_s;
		int64_t day_s = floor_div(local_s, SECONDS_PER_DAY) * SECONDS_PER_DAY;

		if (!state.friendly && !state.cut_free)
			return at_s;
		at_s = day_s + next_edge(calendar, (local_s - day_s) / 60) * 60 - utc_offset_s;
	}
	return CALENDAR_NEVER;
}
