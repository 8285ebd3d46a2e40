/* Whose clock is believed, and when. */
#include "gateway/core/timebase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define T0   (INT64_C(1795500000) * 1000)
#define HOUR (INT64_C(3600) * 1000)
#define YEAR (INT64_C(366) * 86400 * 1000)

static struct timebase tb;
static struct moment now;

static int setup(void **state)
{
	(void)state;
	now = (struct moment){5000, T0};
	timebase_start(&tb, &now);
	return 0;
}

static void pass(int64_t ms)
{
	now.mono_ms += ms;
	now.wall_ms += ms;
}

static int64_t ours(void)
{
	return timebase_ms(&tb, now.mono_ms);
}

static void test_confirmed_by_agreement(void **state)
{
	(void)state;
	assert_false(tb.confirmed);
	pass(1000);
	assert_int_equal(timebase_reference(&tb, &now, now.wall_ms - 4999), 0);
	assert_true(tb.confirmed);
	assert_int_equal(tb.steps, 0);
}

/* Who follows agrees soon; that its machine's clock is wrong must still be seen. */
static void test_the_wall_clocks_error_stays_visible(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		pass(1000);
		(void)timebase_reference(&tb, &now, now.wall_ms + HOUR);
	}
	assert_in_range(ours() - now.wall_ms, HOUR - 100, HOUR + 100);
	assert_in_range(tb.offset_ms + 1000, 900, 1100);
	assert_int_equal(tb.wall_offset_ms, HOUR);
}

static void test_small_differences_are_slewed(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		pass(1000);
		assert_int_equal(timebase_reference(&tb, &now, now.wall_ms + 2000), 0);
	}
	assert_in_range(ours() - now.wall_ms, 1900, 2000);
	assert_int_equal(tb.steps, 0);
	/* The network's share is left alone. */
	assert_int_equal(timebase_reference(&tb, &now, ours() + 99), 0);
	assert_in_range(ours() - now.wall_ms, 1900, 2000);
}

static void test_wall_jump_moves_nothing_but_is_flagged(void **state)
{
	(void)state;
	timebase_reference(&tb, &now, now.wall_ms);
	for (int k = 0; k < 4; k++) {
		int64_t before = ours();

		now.wall_ms += k % 2 ? -10 * YEAR : 10 * YEAR;
		assert_int_equal(timebase_watch(&tb, &now), k % 2 ? -10 * YEAR : 10 * YEAR);
		assert_int_equal(ours(), before);
		assert_false(tb.confirmed);
		timebase_reference(&tb, &now, before);
		assert_true(tb.confirmed);
	}
	assert_int_equal(tb.steps, 4);
	now.wall_ms += 1999;
	assert_int_equal(timebase_watch(&tb, &now), 0);
}

static void test_unheard_platform_the_system_may_correct(void **state)
{
	(void)state;
	now.wall_ms += 3 * HOUR;
	assert_int_equal(timebase_watch(&tb, &now), 3 * HOUR);
	assert_int_equal(ours(), now.wall_ms);
	assert_false(tb.confirmed);
}

static void test_an_hour_off_is_followed_after_three_votes(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(timebase_reference(&tb, &now, now.wall_ms + HOUR), 0);
		assert_false(tb.confirmed);
		pass(6000);
	}
	assert_int_equal(timebase_reference(&tb, &now, now.wall_ms + HOUR), HOUR);
	assert_true(tb.confirmed);
	assert_int_equal(ours(), now.wall_ms + HOUR);
	assert_int_equal(tb.steps, 1);
}

static void test_votes_must_agree_and_take_time(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(
		        timebase_reference(&tb, &now, now.wall_ms + (i % 2 ? 2 : 1) * HOUR), 0);
		pass(6000);
	}
	for (int i = 0; i < 10; i++) /* a burst of repeats of one message */
		assert_int_equal(timebase_reference(&tb, &now, now.wall_ms + 5 * HOUR), 0);
	assert_false(tb.confirmed);
}

static void test_ten_years_are_not_followed(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(timebase_reference(&tb, &now, now.wall_ms + 10 * YEAR), 0);
		assert_int_equal(timebase_reference(&tb, &now, now.wall_ms - 10 * YEAR), 0);
		pass(60000);
	}
	assert_false(tb.confirmed);
	assert_int_equal(ours(), now.wall_ms);
	timebase_reference(&tb, &now, now.wall_ms);
	assert_true(tb.confirmed);
}

static void test_an_unset_clock_follows_at_once(void **state)
{
	(void)state;
	now = (struct moment){5000, 6000}; /* 1970 */
	timebase_start(&tb, &now);
	assert_int_equal(timebase_reference(&tb, &now, T0), T0 - 6000);
	assert_true(tb.confirmed);
	assert_int_equal(ours(), T0);
}

/* Started ten years ahead; then somebody sets the machine's clock right. */
static void test_wrong_from_the_start_ends_with_two_witnesses(void **state)
{
	int64_t right_ms = now.wall_ms;

	(void)state;
	now.wall_ms += 10 * YEAR;
	timebase_start(&tb, &now);
	for (int i = 0; i < 30; i++) {
		pass(1000);
		right_ms += 1000;
		assert_int_equal(timebase_reference(&tb, &now, right_ms), 0);
	}
	assert_false(tb.confirmed);
	now.wall_ms = right_ms;
	(void)timebase_watch(&tb, &now);
	for (int i = 0; i < 11; i++) {
		pass(1000);
		(void)timebase_reference(&tb, &now, now.wall_ms);
	}
	assert_true(tb.confirmed);
	assert_int_equal(ours(), now.wall_ms);
	/* Whoever was right once is not outvoted. */
	now.wall_ms += 10 * YEAR;
	(void)timebase_watch(&tb, &now);
	for (int i = 0; i < 30; i++) {
		pass(1000);
		assert_int_equal(timebase_reference(&tb, &now, now.wall_ms), 0);
	}
	assert_false(tb.confirmed);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_confirmed_by_agreement),
	        TEST(test_the_wall_clocks_error_stays_visible),
	        TEST(test_small_differences_are_slewed),
	        TEST(test_wall_jump_moves_nothing_but_is_flagged),
	        TEST(test_unheard_platform_the_system_may_correct),
	        TEST(test_an_hour_off_is_followed_after_three_votes),
	        TEST(test_votes_must_agree_and_take_time),
	        TEST(test_ten_years_are_not_followed),
	        TEST(test_wrong_from_the_start_ends_with_two_witnesses),
	        TEST(test_an_unset_clock_follows_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
