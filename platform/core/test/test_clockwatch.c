/* Which clocks are believed, and for how long a wrong one is doubted. */
#include "platform/core/clockwatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW  INT64_C(1795490000000)
#define HOUR INT64_C(3600000)
#define YEAR (365 * 24 * HOUR)

static struct clockwatch cw;
static int64_t mono, offset; /* wall = NOW + mono + offset */

static int64_t look(void)
{
	return clockwatch_look(&cw, NOW + mono + offset, mono);
}

static bool behind(void)
{
	return clockwatch_behind(&cw, NOW + mono + offset, mono);
}

static void pass(int64_t ms)
{
	for (int64_t end = mono + ms; mono < end;) {
		mono += 1000;
		look();
	}
}

static int setup(void **state)
{
	(void)state;
	mono = 5000;
	offset = 0;
	clockwatch_start(&cw, NOW + mono, mono, 0);
	return 0;
}

static void small_steps_are_followed(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		mono += 1000;
		offset -= 4000; /* a drift of over an hour, never a jump */
		assert_int_equal(look(), 0);
		assert_false(behind());
	}
}

static void a_clock_set_back_is_behind_until_it_is_right(void **state)
{
	(void)state;
	offset = -10 * YEAR;
	assert_true(behind()); /* before anybody has looked */
	assert_int_equal(look(), -10 * YEAR);
	pass(2 * HOUR);
	assert_true(behind());
	offset = 0;
	assert_false(behind());
	assert_int_equal(look(), 10 * YEAR);
	pass(2 * HOUR);
	assert_false(behind());
}

static void a_few_minutes_back_refuse_nothing(void **state)
{
	(void)state;
	offset = -9 * 60000;
	assert_int_equal(look(), -9 * 60000);
	assert_false(behind());
	offset -= 9 * 60000; /* and again */
	look();
	assert_true(behind());
}

static void a_clock_that_was_ahead_for_a_moment_does_not_count(void **state)
{
	(void)state;
	offset = 10 * YEAR;
	assert_int_equal(look(), 10 * YEAR);
	pass(CLOCK_AHEAD_MS - 2000);
	offset = 0;
	look();
	assert_false(behind());
}

static void a_clock_that_stays_is_adopted(void **state)
{
	(void)state;
	offset = YEAR; /* it had been wrong at the start */
	look();
	pass(CLOCK_AHEAD_MS + 2000);
	offset = 0;
	look();
	assert_true(behind());
	pass(CLOCK_ADOPT_MS - 5000);
	assert_true(behind());
	pass(10000);
	assert_false(behind());
}

static void a_start_before_the_last_save_is_behind(void **state)
{
	(void)state;
	offset = -YEAR;
	clockwatch_start(&cw, NOW + mono + offset, mono, NOW);
	assert_true(behind());
	pass(60000);
	assert_true(behind());
	offset = 60000;
	look();
	assert_false(behind());
	clockwatch_start(&cw, NOW + mono, mono, NOW - YEAR);
	assert_false(behind());
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
	        T(small_steps_are_followed),
	        T(a_clock_set_back_is_behind_until_it_is_right),
	        T(a_few_minutes_back_refuse_nothing),
	        T(a_clock_that_was_ahead_for_a_moment_does_not_count),
	        T(a_clock_that_stays_is_adopted),
	        T(a_start_before_the_last_save_is_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
