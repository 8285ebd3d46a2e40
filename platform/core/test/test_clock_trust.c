/* When the platform may sign time for terminals, and when it waits for its clock or for a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/clock_trust.h"
#include "platform/core/command.h"
#include "platform/store/info.h"
#include "platform/test/lab.h"

#define DAY  INT64_C(86400000)
#define YEAR (365 * DAY)
#define MONO INT64_C(7200000)

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- what gateways say ---- */

/* Gateways whose clocks are ahead of ours by so much, heard just now: in dispute? */
static bool disputed(const int64_t *ahead_ms, size_t n)
{
	struct clock_votes votes = {0};
	int64_t since_ms = 0;

	for (size_t i = 0; i < n; i++) {
		struct clock_witness witness = {LAB_NOW_MS + ahead_ms[i], MONO};

		clock_vote(&votes, &witness, LAB_NOW_MS, MONO);
	}
	clock_dispute(&votes, LAB_NOW_MS, &since_ms);
	assert_true(since_ms == 0 || since_ms == LAB_NOW_MS);
	return since_ms != 0;
}

static void most_gateways_decide(void **state)
{
	static const struct {
		int64_t ahead_ms[4];
		size_t n;
		bool disputed;
	} rows[] = {
	        {{0},	                      0, false},
	        {{0},	                      1, false},
	        {{59000},	                  1, false},
	        {{-59000},                         1, false},
	        {{61000},	                  1, true },
	        {{-61000},                         1, true },
	        {{-10 * YEAR},                     1, true },
	        {{10 * YEAR, 0},                   2, false}, /* one each: ours counts, too */
	        {{10 * YEAR, 0, 0},                3, false},
	        {{-10 * YEAR, -10 * YEAR, 0},      3, true },
	        {{-10 * YEAR, 10 * YEAR, 0, DAY},  4, true },
	        {{-10 * YEAR, 10 * YEAR, 0, 1000}, 4, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (disputed(rows[i].ahead_ms, rows[i].n) != rows[i].disputed)
			fail_msg("row %zu", i);
}

/* The gateway spoke before our clock jumped: its word still tells. */
static void words_are_weighed_by_the_clock_of_now(void **state)
{
	struct clock_witness witness = {LAB_NOW_MS, MONO};
	struct clock_votes votes = {0};

	(void)state;
	clock_vote(&votes, &witness, LAB_NOW_MS + 300000, MONO + 300000);
	assert_int_equal(votes.agree, 1);
	clock_vote(&votes, &witness, LAB_NOW_MS + 300000 + 10 * YEAR, MONO + 300000);
	assert_int_equal(votes.differ, 1);
	/* And is forgotten after a while. */
	clock_vote(&votes, &witness, LAB_NOW_MS, MONO + CLOCK_HEARD_MS + 1);
	assert_int_equal(votes.agree + votes.differ, 2);
}

static void a_dispute_has_a_beginning_and_an_end(void **state)
{
	const struct clock_votes against = {0, 1}, with = {1, 0};
	int64_t since_ms = 0;

	(void)state;
	clock_dispute(&against, LAB_NOW_MS, &since_ms);
	clock_dispute(&against, LAB_NOW_MS + 5000, &since_ms);
	assert_int_equal(since_ms, LAB_NOW_MS);
	clock_dispute(&against, LAB_NOW_MS - DAY, &since_ms); /* our clock went back meanwhile */
	assert_int_equal(since_ms, LAB_NOW_MS - DAY);
	clock_dispute(&with, LAB_NOW_MS, &since_ms);
	assert_int_equal(since_ms, 0);
}

/* ---- what is kept ---- */

static bool start(int64_t saved_ms, int64_t now_ms)
{
	bool doubted;

	lab.now_ms = now_ms;
	if (saved_ms)
		assert_int_equal(info_saved_ms_set(lab.db, saved_ms), ERR_NONE);
	assert_int_equal(lab_step(&lab, clock_start_step, &doubted, false), ERR_NONE);
	return doubted;
}

static enum err sign(int64_t disputed_ms)
{
	return clock_may_sign(lab.db, disputed_ms, lab.now_ms);
}

static void confirm(void)
{
	struct actor actor = {.who = "cli", .local = true, .origin = "test"};

	assert_int_equal(lab_step(&lab, clock_confirm_step, &actor, false), ERR_NONE);
}

static void a_long_rest_is_doubted_until_somebody_looks(void **state)
{
	(void)state;
	assert_false(start(LAB_NOW_MS - 29 * DAY, LAB_NOW_MS));
	assert_int_equal(sign(0), ERR_NONE);
	assert_true(start(LAB_NOW_MS - 31 * DAY, LAB_NOW_MS));
	assert_int_equal(sign(0), ERR_REFUSED);
	/* The next save and the next start do not hide it. */
	assert_true(start(LAB_NOW_MS + 60000, LAB_NOW_MS + 120000));
	assert_int_equal(sign(0), ERR_REFUSED);
	confirm();
	assert_int_equal(sign(0), ERR_NONE);
	assert_false(start(LAB_NOW_MS + 120000, LAB_NOW_MS + 180000));
}

static void a_clock_that_is_set_right_is_doubted_no_more(void **state)
{
	(void)state;
	assert_true(start(LAB_NOW_MS, LAB_NOW_MS + 10 * YEAR));
	assert_int_equal(sign(0), ERR_REFUSED);
	lab.now_ms = LAB_NOW_MS; /* while it runs */
	assert_int_equal(sign(0), ERR_NONE);
	assert_false(start(LAB_NOW_MS + 10 * YEAR, LAB_NOW_MS)); /* or at the next start */
	assert_int_equal(sign(0), ERR_NONE);
}

/* `make run` after a month: the person at the desk starts it. */
static void a_word_just_before_the_start_counts(void **state)
{
	(void)state;
	lab.now_ms = LAB_NOW_MS - CLOCK_CONFIRMED_MS + 1000;
	confirm();
	assert_false(start(LAB_NOW_MS - 90 * DAY, LAB_NOW_MS));
	assert_true(start(0, LAB_NOW_MS + 2000));
}

static void a_word_ends_a_dispute_that_it_follows(void **state)
{
	int64_t since_ms = LAB_NOW_MS;

	(void)state;
	lab.now_ms = LAB_NOW_MS;
	assert_int_equal(sign(since_ms), ERR_REFUSED);
	confirm();
	lab.now_ms += 5000;
	assert_int_equal(sign(since_ms), ERR_NONE);
	assert_int_equal(sign(since_ms + 1000), ERR_REFUSED); /* a later one is another */
	/* What was confirmed by a clock that stood years ahead is worth nothing now. */
	lab.now_ms = LAB_NOW_MS + 10 * YEAR;
	confirm();
	lab.now_ms = LAB_NOW_MS;
	assert_int_equal(sign(since_ms), ERR_REFUSED);
}

static void only_somebody_at_the_machine_confirms(void **state)
{
	struct actor actor = {.who = "anna", .user_id = 1, .origin = "test"};

	(void)state;
	assert_true(start(LAB_NOW_MS - 31 * DAY, LAB_NOW_MS));
	assert_int_equal(lab_step(&lab, clock_confirm_step, &actor, false), ERR_FORBIDDEN);
	assert_int_equal(sign(0), ERR_REFUSED);
}

/* In doubt no time is signed; everything else is, a terminal has its own clock to judge it by. */
static void doubt_stops_time_and_nothing_else(void **state)
{
	struct command_request request = {
	        .actor = {.who = "platform", .local = true,     .origin = "test"   },
	        .rules = {.expiry_s = 120,   .resend_ms = 3000, .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = COMMAND_TIME,
	        .want_boot = 1
        };

	(void)state;
	assert_true(start(LAB_NOW_MS - 31 * DAY, LAB_NOW_MS));
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_REFUSED);
	confirm();
	request.clock_disputed_ms = lab.now_ms + 1;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_REFUSED);
	request.kind = COMMAND_TRIP;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	request.meter++;
	request.kind = COMMAND_TIME;
	request.clock_disputed_ms = 0;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(most_gateways_decide),
	        cmocka_unit_test(words_are_weighed_by_the_clock_of_now),
	        cmocka_unit_test(a_dispute_has_a_beginning_and_an_end),
	        cmocka_unit_test_setup_teardown(a_long_rest_is_doubted_until_somebody_looks, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_clock_that_is_set_right_is_doubted_no_more, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_word_just_before_the_start_counts, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_word_ends_a_dispute_that_it_follows, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(only_somebody_at_the_machine_confirms, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(doubt_stops_time_and_nothing_else, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
