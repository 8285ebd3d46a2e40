/* Calendars: which instants are friendly, which days are cut-free, when a cut may be made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libs/base/time.h"
#include "libs/credit/calendar.h"

#define CHINA_S 28800

/* Civil time in China to Unix seconds. */
static int64_t at(int month, int day, int hour, int minute)
{
	struct civil c = {2026, (uint8_t)month, (uint8_t)day, (uint8_t)hour, (uint8_t)minute, 0};
	int64_t s;

	assert_int_equal(unix_from_civil(&c, &s), ERR_NONE);
	return s - CHINA_S;
}

static int32_t date(int month, int day)
{
	return (int32_t)days_from_date(2026, (unsigned)month, (unsigned)day);
}

/* Nights of working days 18:00-9:00, week ends and holidays whole. National Day with a make-up
 * Saturday (2026-10-10), Labour Day cut-free. */
static struct calendar *calendar_make(void)
{
	static struct calendar c;

	memset(&c, 0, sizeof c);
	c.window[c.window_count++] = (struct calendar_window){0x1F, 18 * 60, 9 * 60};
	c.window[c.window_count++] = (struct calendar_window){0x60 | DAYS_HOLIDAY, 0, 1440};
	c.day[c.day_count++] = (struct calendar_day){date(5, 1), CALENDAR_HOLIDAY, true};
	c.day[c.day_count++] = (struct calendar_day){date(7, 1), CALENDAR_PLAIN, true};
	c.day[c.day_count++] = (struct calendar_day){date(10, 1), CALENDAR_HOLIDAY, false};
	c.day[c.day_count++] = (struct calendar_day){date(10, 10), CALENDAR_WORKDAY, false};
	return &c;
}

static bool friendly(int month, int day, int hour, int minute)
{
	return calendar_at(calendar_make(), at(month, day, hour, minute), CHINA_S).friendly;
}

static void windows_cross_midnight(void **state)
{
	(void)state;
	assert_true(friendly(11, 24, 18, 0)); /* a Tuesday */
	assert_true(friendly(11, 24, 23, 59));
	assert_true(friendly(11, 25, 0, 0));
	assert_true(friendly(11, 25, 8, 59));
	assert_false(friendly(11, 25, 9, 0));
	assert_false(friendly(11, 24, 17, 59));
}

static void a_window_belongs_to_the_day_it_began(void **state)
{
	(void)state;
	/* Sunday's window ends at midnight; Monday 0:00-9:00 is of no Sunday night. */
	assert_true(friendly(11, 22, 23, 59));
	assert_false(friendly(11, 23, 0, 0));
	assert_false(friendly(11, 23, 8, 59));
	/* Friday's night reaches into Saturday, which is friendly anyway. */
	assert_true(friendly(11, 28, 9, 0));
}

static void holidays_are_no_weekdays(void **state)
{
	(void)state;
	assert_true(friendly(10, 1, 12, 0)); /* a Thursday */
	assert_true(calendar_at(calendar_make(), at(10, 1, 12, 0), CHINA_S).holiday);
	assert_false(friendly(10, 2, 12, 0));
	/* The night before reaches into the holiday; the holiday has no night of its own. */
	assert_true(friendly(10, 1, 8, 0));
	assert_false(friendly(10, 2, 0, 0));
}

static void make_up_days_are_working_days(void **state)
{
	(void)state;
	assert_false(friendly(10, 10, 12, 0)); /* a Saturday that is worked */
	assert_true(friendly(10, 10, 18, 0));
	assert_true(friendly(10, 11, 3, 0));
	assert_true(friendly(10, 17, 12, 0)); /* the next one is not */
}

static void cut_free_days_are_whole(void **state)
{
	struct calendar *c = calendar_make();

	(void)state;
	assert_true(calendar_at(c, at(7, 1, 0, 0), CHINA_S).cut_free);
	assert_true(calendar_at(c, at(7, 1, 23, 59), CHINA_S).cut_free);
	assert_false(calendar_at(c, at(7, 1, 23, 59) + 60, CHINA_S).cut_free);
	assert_false(calendar_at(c, at(6, 30, 23, 59), CHINA_S).cut_free);
	/* Marked for that alone, it stays the weekday it is. */
	assert_false(calendar_at(c, at(7, 1, 12, 0), CHINA_S).holiday);
	assert_false(friendly(7, 1, 12, 0));
}

static void a_cut_waits_for_the_end_of_it(void **state)
{
	struct calendar *c = calendar_make();

	(void)state;
	assert_int_equal(calendar_cut_from(c, at(11, 24, 12, 0), CHINA_S), at(11, 24, 12, 0));
	assert_int_equal(calendar_cut_from(c, at(11, 24, 18, 30), CHINA_S), at(11, 25, 9, 0));
	/* Friday evening: not before Monday 0:00, where no window holds. */
	assert_int_equal(calendar_cut_from(c, at(11, 27, 20, 0), CHINA_S), at(11, 30, 0, 0));
	/* Tuesday night, then a cut-free Wednesday until its own night ends on Thursday. */
	assert_int_equal(calendar_cut_from(c, at(6, 30, 19, 0), CHINA_S), at(7, 2, 9, 0));
}

static void a_calendar_that_is_always_friendly_never_cuts(void **state)
{
	struct calendar c = {.window_count = 1, .window = {{DAYS_WEEK, 0, 1440}}};

	(void)state;
	assert_int_equal(calendar_cut_from(&c, at(1, 1, 0, 0), CHINA_S), CALENDAR_NEVER);
	/* Unless a holiday stands in it that no window names. */
	c.day[c.day_count++] = (struct calendar_day){date(3, 3), CALENDAR_HOLIDAY, false};
	assert_int_equal(calendar_cut_from(&c, at(1, 1, 0, 0), CHINA_S), at(3, 3, 0, 0));
}

/* The last instant that is looked at is 400 days away. */
static void the_search_ends_after_400_days(void **state)
{
	struct calendar c = {.day_count = 400};

	(void)state;
	for (int i = 0; i < 400; i++)
		c.day[i] = (struct calendar_day){date(1, 1) + i, CALENDAR_PLAIN, true};
	assert_int_equal(calendar_cut_from(&c, at(1, 1, 0, 0), CHINA_S),
	                 at(1, 1, 0, 0) + INT64_C(400) * SECONDS_PER_DAY);
	c.day[c.day_count++] = (struct calendar_day){date(1, 1) + 400, CALENDAR_PLAIN, true};
	assert_int_equal(calendar_cut_from(&c, at(1, 1, 0, 0), CHINA_S), CALENDAR_NEVER);
}

static void a_window_may_end_on_the_day_it_began(void **state)
{
	struct calendar c = {.window_count = 1, .window = {{DAYS_WEEK, 20 * 60, 22 * 60}}};

	(void)state;
	assert_false(calendar_at(&c, at(3, 3, 19, 59), CHINA_S).friendly);
	assert_true(calendar_at(&c, at(3, 3, 20, 0), CHINA_S).friendly);
	assert_true(calendar_at(&c, at(3, 3, 21, 59), CHINA_S).friendly);
	assert_false(calendar_at(&c, at(3, 3, 22, 0), CHINA_S).friendly);
	assert_false(calendar_at(&c, at(3, 4, 0, 0), CHINA_S).friendly);
	assert_int_equal(calendar_cut_from(&c, at(3, 3, 21, 0), CHINA_S), at(3, 3, 22, 0));
	/* Another one that begins where it ends: the later end counts. */
	c.window[c.window_count++] = (struct calendar_window){DAYS_WEEK, 22 * 60, 23 * 60};
	assert_int_equal(calendar_cut_from(&c, at(3, 3, 21, 0), CHINA_S), at(3, 3, 23, 0));
}

static void every_day_has_its_weekday(void **state)
{
	(void)state;
	for (int64_t day = -15; day <= 15; day++) {
		unsigned weekday = (unsigned)(day + 3 + 21) % 7;
		uint8_t bit = (uint8_t)(DAYS_MONDAY << weekday);
		struct calendar only = {.window_count = 1, .window = {{bit, 0, 1440}}};
		struct calendar others = {.window_count = 1,
		                          .window = {{DAYS_WEEK & (uint8_t)~bit, 0, 1440}}};

		for (int64_t at_s = day * SECONDS_PER_DAY; at_s < (day + 1) * SECONDS_PER_DAY;
		     at_s += SECONDS_PER_DAY - 1) {
			assert_true(calendar_at(&only, at_s, 0).friendly);
			assert_false(calendar_at(&others, at_s, 0).friendly);
		}
	}
}

static void what_stands_behind_the_last_day_does_not_count(void **state)
{
	struct calendar c = {
	        .day_count = 1,
	        .day = {{date(3, 3), CALENDAR_HOLIDAY, true},
	                {date(3, 4), CALENDAR_HOLIDAY, true}}
        };

	(void)state;
	assert_true(calendar_at(&c, at(3, 3, 12, 0), CHINA_S).holiday);
	assert_false(calendar_at(&c, at(3, 4, 12, 0), CHINA_S).holiday);
	assert_false(calendar_at(&c, at(3, 4, 12, 0), CHINA_S).cut_free);
}

static void an_empty_calendar_holds_nothing_up(void **state)
{
	struct calendar c = {0};

	(void)state;
	assert_false(calendar_at(&c, 0, 0).friendly);
	assert_int_equal(calendar_cut_from(&c, 12345, 0), 12345);
	/* One that is not counted is not there. */
	c.window[0] = (struct calendar_window){DAYS_WEEK, 0, 1440};
	assert_false(calendar_at(&c, 0, 0).friendly);
	assert_int_equal(calendar_cut_from(&c, 12345, 0), 12345);
}

static void times_beyond_all_calendars(void **state)
{
	static const int64_t far[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};
	struct calendar *c = calendar_make();

	(void)state;
	for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
		struct calendar_state nothing = calendar_at(c, far[i], CHINA_S);

		assert_false(nothing.friendly || nothing.holiday || nothing.cut_free);
		assert_int_equal(calendar_cut_from(c, far[i], CHINA_S), CALENDAR_NEVER);
	}
	/* Before 1970 days count down, not towards zero. */
	assert_true(calendar_at(c, -CHINA_S - 1, CHINA_S).friendly); /* Wed 31 Dec, 23:59:59 */
	assert_true(calendar_at(c, -CHINA_S, CHINA_S).friendly);
	assert_false(calendar_at(c, -CHINA_S + 9 * 3600, CHINA_S).friendly);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(windows_cross_midnight),
	        cmocka_unit_test(a_window_belongs_to_the_day_it_began),
	        cmocka_unit_test(holidays_are_no_weekdays),
	        cmocka_unit_test(make_up_days_are_working_days),
	        cmocka_unit_test(cut_free_days_are_whole),
	        cmocka_unit_test(a_cut_waits_for_the_end_of_it),
	        cmocka_unit_test(a_calendar_that_is_always_friendly_never_cuts),
	        cmocka_unit_test(the_search_ends_after_400_days),
	        cmocka_unit_test(a_window_may_end_on_the_day_it_began),
	        cmocka_unit_test(every_day_has_its_weekday),
	        cmocka_unit_test(what_stands_behind_the_last_day_does_not_count),
	        cmocka_unit_test(an_empty_calendar_holds_nothing_up),
	        cmocka_unit_test(times_beyond_all_calendars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
