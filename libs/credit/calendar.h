/* Calendars: which days are holidays, and when nobody may be cut for money. Civil time is UTC plus
 * an offset that the caller brings; there is no clock and no daylight saving here. */
#ifndef LIBS_CREDIT_CALENDAR_H
#define LIBS_CREDIT_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALENDAR_WINDOWS_MAX 32
#define CALENDAR_DAYS_MAX    1000
#define MINUTES_PER_DAY      1440

/* Bit 0 is Monday. A holiday is no weekday: only windows with DAYS_HOLIDAY hold on it. A make-up
 * working day (a Saturday or Sunday that is worked) has Monday's windows. */
#define DAYS_MONDAY  (1U << 0)
#define DAYS_SUNDAY  (1U << 6)
#define DAYS_WEEK    0x7FU
#define DAYS_HOLIDAY (1U << 7)

/* Friendly hours [from, to) of each such day. `to` not above `from`: they end on the next day,
 * whatever that one is. */
struct calendar_window {
	uint8_t days;
	int16_t from_min; /* 0..1439 */
	int16_t to_min;   /* 1..1440, not equal to from */
};

enum calendar_day_kind {
	CALENDAR_PLAIN, /* as its weekday: marked for being cut-free only */
	CALENDAR_HOLIDAY,
	CALENDAR_WORKDAY, /* make-up working day */
};

struct calendar_day {
	int32_t day; /* civil, since 1970-01-01 */
	uint8_t kind;
	bool cut_free; /* nobody is cut for money from 0:00 to 24:00 */
};

struct calendar {
	size_t window_count, day_count;
	struct calendar_window window[CALENDAR_WINDOWS_MAX];
	struct calendar_day day[CALENDAR_DAYS_MAX]; /* ascending, each day once */
};

struct calendar_state {
	bool holiday;
	bool friendly; /* the balance may pass zero without a cut */
	bool cut_free;
};

struct calendar_state calendar_at(const struct calendar *calendar, int64_t unix_s,
                                  int32_t utc_offset_s);

#define CALENDAR_NEVER INT64_MAX

/* The first instant from unix_s on that is neither friendly nor cut-free: when a cut that is due
 * may be made. CALENDAR_NEVER: not within 400 days. */
int64_t calendar_cut_from(const struct calendar *calendar, int64_t unix_s, int32_t utc_offset_s);

#endif
