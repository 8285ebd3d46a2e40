/* Readings that come late, from inside what was charged across: the energy stays, what it cost is divided
 * anew, to the fen, and what is posted is corrected by rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/base/time.h"
#include "platform/core/books.h"
#include "platform/core/rating.h"
#include "platform/store/ledger.h"
#include "platform/test/rated.h"

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)
/* 2026-11-24 00:00 in China */
#define MIDNIGHT (INT64_C(20781) * DAY - 28800)

static struct lab lab;
static struct rated rated = {.lab = &lab};

static int64_t number(const char *sql)
{
	return lab_number(&lab, sql);
}

/* The books add up: chain and folds, charges and their groups. */
static void assert_sound(void)
{
	struct ledger_proof proof;
	int64_t meter, group_no;

	assert_int_equal(ledger_verify(lab.db, rated.property_id, &proof), ERR_NONE);
	assert_int_equal(charge_verify(lab.db, rated.property_id, 0, &meter, &group_no), ERR_NONE);
	assert_int_equal(meter, 0);
	assert_int_equal(group_no, 0);
}

static int64_t gaps(void)
{
	return number("SELECT count(*) FROM rating_gap");
}

/* 1.00 from 08:00, 0.50 from 20:00. */
#define RATES                                                                                      \
	"\"rates\":[{\"price_uy\":500000},{\"price_uy\":1000000}],\"calendar\":{\"tables\":["      \
	"{\"slots\":[{\"from\":\"08:00\",\"rate\":2},{\"from\":\"20:00\",\"rate\":1}]}]}"
#define SLOTS "{" RATES "}"
/* 1 January 2026, 00:00 in China */
#define NEW_YEAR (INT64_C(20454) * DAY - 28800)

/* ---- days that are open ---- */

static void an_open_day_is_divided_anew(void **state)
{
	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 4000);
	assert_int_equal(rated_available(&rated), -300);
	assert_int_equal(gaps(), 1);
	assert_true(rated_read_at(&rated, MIDNIGHT + 8 * HOUR, 500).moved);
	assert_int_equal(rated_available(&rated), -375);
	assert_int_equal(number("SELECT units FROM charge WHERE rate=1 AND estimated=0"), 500);
	assert_int_equal(number("SELECT units FROM charge WHERE rate=2 AND estimated=0"), 3500);
	assert_int_equal(number("SELECT count(*) FROM charge"), 2);
	assert_int_equal(number("SELECT count(*) FROM ledger_group"), 0);
	assert_int_equal(gaps(), 0);
	assert_false(rated_read_at(&rated, MIDNIGHT + 8 * HOUR, 500).moved);
	assert_int_equal(rated_available(&rated), -375);
	assert_sound();
}

static void where_one_price_held_nothing_is_kept(void **state)
{
	(void)state;
	rated_price(&rated, "{\"rates\":[{\"price_uy\":500000}],\"steps\":{\"thresholds\":[5000],"
	                    "\"prices_uy\":[0,100000],\"settle\":[{\"month\":1,\"day\":1}]}}");
	rated_start_at(&rated, MIDNIGHT, 0, 100, NEW_YEAR);
	rated_read_at(&rated, MIDNIGHT + 3 * DAY, 9000);
	assert_int_equal(gaps(), 0);
	assert_false(rated_read_at(&rated, MIDNIGHT + DAY, 8000).moved);
}

static void a_short_interval_is_not_kept(void **state)
{
	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT + 8 * HOUR - 900, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 8 * HOUR + 900, 1000);
	assert_int_equal(number("SELECT count(*) FROM charge WHERE estimated=1"), 2);
	assert_int_equal(gaps(), 0);
}

/* By the clock nothing of it was used before 08:00; what comes late says that nearly all of it was. */
static void a_share_below_one_unit_may_grow(void **state)
{
	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT + 8 * HOUR - 100, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 70);
	assert_int_equal(number("SELECT count(*) FROM charge"), 1);
	assert_int_equal(gaps(), 1);
	assert_true(rated_read_at(&rated, MIDNIGHT + 8 * HOUR, 65).moved);
	assert_int_equal(number("SELECT units FROM charge WHERE rate=1"), 65);
	assert_int_equal(number("SELECT units FROM charge WHERE rate=2"), 5);
	assert_int_equal(number("SELECT count(*) FROM charge"), 2);
	assert_sound();
}

static void of_what_was_not_used_nothing_is_kept(void **state)
{
	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 10, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 10);
	assert_int_equal(gaps(), 0);
}

static void what_does_not_fit_is_passed_over(void **state)
{
	const struct rate_mark marks[] = {
	        {MIDNIGHT + 7 * HOUR,       900   }, /* below the gap's beginning */
	        {MIDNIGHT + 7 * HOUR + 60,  5001  }, /* above its end */
	        {MIDNIGHT + 7 * HOUR + 120, 500000}, /* more than the circuit carries */
	        {MIDNIGHT + 8 * HOUR,       1500  }, /* this one fits */
	        {MIDNIGHT + 8 * HOUR,       2500  }, /* the same second */
	        {MIDNIGHT + 8 * HOUR + 60,  1400  }, /* below the one before */
	        {MIDNIGHT + 10 * HOUR,      4000  }, /* the gap's end with another register */
	};

	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 1000, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 5000);
	assert_true(rated_pass_marks(&rated, marks, 7).moved);
	assert_int_equal(rated_available(&rated), -375);
	assert_int_equal(rated_cursor(&rated).billed_units, 5000);
	assert_int_equal(number("SELECT sum(units) FROM charge"), 4000);
}

/* ---- days that are posted ---- */

/* 1 kWh an hour by the clock for two days, 36.00; in truth much in the first half day. */
static void charge_two_days(void)
{
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + 2 * DAY, 48000).posted, 2);
	assert_int_equal(rated_balance(&rated), -3600);
	assert_int_equal(ledger_close(lab.db, rated.property_id, 20781 + 1), ERR_NONE);
}

static const struct rate_mark kept[] = {
        {MIDNIGHT + 12 * HOUR, 30000},
        {MIDNIGHT + 32 * HOUR, 34000}
};

static void a_posted_day_is_corrected_by_a_row(void **state)
{
	(void)state;
	charge_two_days();
	assert_true(rated_pass_marks(&rated, kept, 2).moved);
	/* 22.00 instead of 18.00, and 13.05 instead of 18.00 */
	assert_int_equal(rated_balance(&rated), -3600 - 400 + 495);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge_day"), 3600);
	assert_int_equal(number("SELECT amount_fen FROM charge_correction WHERE day=20781"), 400);
	assert_int_equal(number("SELECT amount_fen FROM charge_correction WHERE day=20782"), -495);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge WHERE day=20781"), 2200);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE day=20781"), 32400);
	assert_int_equal(number("SELECT sum(units) FROM charge"), 48000);
	assert_int_equal(number("SELECT count(*) FROM ledger_group"), 4);
	assert_int_equal(number("SELECT count(*) FROM ledger_group WHERE day=20783 AND"
	                        " reason='late readings of 2026-11-24' AND refers=1 AND"
	                        " kind='charge' AND group_key LIKE 'correct:20781:%'"),
	                 1);
	assert_int_equal(number("SELECT count(*) FROM ledger_group WHERE day=20783 AND"
	                        " reason='late readings of 2026-11-25' AND refers=2"),
	                 1);
	assert_int_equal(rated_cursor(&rated).step_used, 48000);
	assert_sound();
}

static void it_is_corrected_once(void **state)
{
	(void)state;
	charge_two_days();
	rated_pass_marks(&rated, kept, 2);
	assert_false(rated_pass_marks(&rated, kept, 2).moved);
	assert_int_equal(rated_balance(&rated), -3505);
	assert_int_equal(number("SELECT count(*) FROM ledger_group"), 4);
	/* One after the other they come to the same; what stood in the books between is a row, too. */
	lab_teardown(&lab);
	rated_begin(state);
	charge_two_days();
	rated_pass_marks(&rated, &kept[1], 1);
	rated_pass_marks(&rated, &kept[0], 1);
	assert_int_equal(rated_balance(&rated), -3505);
	assert_sound();
}

static void more_may_come_for_what_is_left(void **state)
{
	(void)state;
	charge_two_days();
	rated_pass_marks(&rated, kept, 2);
	assert_int_equal(gaps(), 3);
	/* 800 Wh less by day: 66.7 and, with what is left of a fen, 27 back. */
	assert_true(rated_read_at(&rated, MIDNIGHT + 20 * HOUR, 30800).moved);
	assert_int_equal(number("SELECT amount_fen FROM charge_correction WHERE day=20781"
	                        " AND amount_fen<0"),
	                 -67);
	assert_int_equal(number("SELECT amount_fen FROM charge_correction WHERE day=20782"
	                        " AND amount_fen>0"),
	                 27);
	assert_int_equal(rated_balance(&rated), -3505 + 40);
	assert_int_equal(number("SELECT sum(rest) FROM rating_rest"), 0);
	assert_sound();
}

static void all_of_it_or_nothing_when_the_ground_gives_way(void **state)
{
	(void)state;
	lab.shakes = true;
	charge_two_days();
	rated_pass_marks(&rated, kept, 2);
	rated_read_at(&rated, MIDNIGHT + 20 * HOUR, 30800);
	assert_int_equal(rated_balance(&rated), -3465);
	assert_int_equal(number("SELECT count(*) FROM charge_correction"), 4);
	assert_sound();
}

static void a_purse_pays_its_own_corrections(void **state)
{
	struct rating_start start = {.property_id = 1,
	                             .meter = RATED_METER,
	                             .account_id = RATED_ACCOUNT,
	                             .service = SERVICE_ELECTRICITY,
	                             .credit = CREDIT_METER,
	                             .from_s = MIDNIGHT};
	struct ledger_balance purse;

	(void)state;
	rated_price(&rated, SLOTS);
	start.property_id = rated.property_id;
	assert_int_equal(rated_start(&rated, &start), ERR_NONE);
	rated_read_at(&rated, MIDNIGHT + 2 * DAY, 48000);
	rated_pass_marks(&rated, kept, 2);
	assert_int_equal(rated_balance(&rated), 0);
	assert_int_equal(
	        ledger_balance(lab.db, rated.property_id, LEDGER_METER, RATED_METER, &purse),
	        ERR_NONE);
	assert_int_equal(books_fen(purse.balance), -3505);
	assert_sound();
}

/* Part is posted, part is open: a gap that ends in the day that runs. */
static void a_gap_into_today(void **state)
{
	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 36 * HOUR, 36000);
	assert_int_equal(rated_balance(&rated), -1800);
	assert_int_equal(rated_available(&rated), -1800 - 400 - 400);
	assert_true(rated_read_at(&rated, MIDNIGHT + DAY, 20000).moved);
	/* 20 kWh of the first day, 15.00; 16 kWh of the second: 8 h and 4 h of 1333 Wh */
	assert_int_equal(rated_balance(&rated), -1500);
	assert_int_equal(number("SELECT sum(exact) FROM charge WHERE day=20782"),
	                 INT64_C(10666) * 500000 + INT64_C(5334) * 1000000);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE day=20782"), 16000);
	rated_read_at(&rated, MIDNIGHT + 2 * DAY, 36000);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge"), -rated_balance(&rated));
	assert_sound();
}

/* It costs nothing on either day, but is counted once. */
static void of_a_price_of_nothing_each_unit_has_one_day(void **state)
{
	(void)state;
	rated_price(&rated, "{\"rates\":[{\"price_uy\":0},{\"price_uy\":1000000}],\"calendar\":{"
	                    "\"tables\":[{\"slots\":[{\"from\":\"08:00\",\"rate\":2},"
	                    "{\"from\":\"20:00\",\"rate\":1}]}]}}");
	rated_start_at(&rated, MIDNIGHT + 21 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 33 * HOUR, 12000);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE day=20781"), 3000);
	assert_true(rated_read_at(&rated, MIDNIGHT + DAY, 1000).moved);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE day=20781"), 1000);
	assert_int_equal(number("SELECT sum(units) FROM charge"), 12000);
	assert_int_equal(number("SELECT amount_fen FROM charge_correction WHERE day=20781"), 0);
	rated_read_at(&rated, MIDNIGHT + 2 * DAY, 12000);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge"), -rated_balance(&rated));
	assert_sound();
}

/* ---- steps ---- */

static void steps_are_filled_in_the_order_of_time(void **state)
{
	(void)state;
	rated_price(&rated,
	            "{" RATES ",\"steps\":{\"thresholds\":[10000],\"prices_uy\":[0,1000000],"
	            "\"settle\":[{\"month\":1,\"day\":1}]}}");
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 0, 8000, NEW_YEAR);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 4000);
	assert_int_equal(rated_available(&rated), -(100 + 400));
	rated_read_at(&rated, MIDNIGHT + 8 * HOUR, 500);
	assert_int_equal(rated_available(&rated), -(25 + 150 + 400));
	assert_int_equal(rated_cursor(&rated).step_used, 12000);
}

#define YEARLY(threshold)                                                                          \
	"{\"rates\":[{\"price_uy\":500000}],\"steps\":{\"thresholds\":[" #threshold "],"           \
	"\"prices_uy\":[0,50000],\"settle\":[{\"month\":1,\"day\":1}]}}"

/* The year ends inside the gap: 10 kWh before it, 5 of them in the second step, and 10 after it. */
static void over_the_new_year(int64_t year_end)
{
	rated_start_at(&rated, year_end - 2 * HOUR, 0, 2875000, NEW_YEAR);
	rated_read_at(&rated, year_end + 2 * HOUR, 20000);
	assert_int_equal(rated_cursor(&rated).step_used, 10000);
}

static void the_position_after_a_settlement_moves_along(void **state)
{
	int64_t year_end = NEW_YEAR + 365 * DAY;

	(void)state;
	rated_price(&rated, YEARLY(2880000));
	over_the_new_year(year_end);
	rated_read_at(&rated, year_end + 3 * HOUR, 21000);
	assert_int_equal(rated_available(&rated) + rated_balance(&rated),
	                 -(500 + 25 + 500 + 50) - 525);
	assert_true(rated_read_at(&rated, year_end, 4000).moved);
	/* 2.00 in the first step; 16 kWh after it */
	assert_int_equal(rated_balance(&rated), -200);
	assert_int_equal(rated_available(&rated), -(200 + 800 + 50));
	assert_int_equal(rated_cursor(&rated).step_used, 17000);
	assert_sound();
}

static void a_threshold_that_was_passed_since_forbids_it(void **state)
{
	int64_t year_end = NEW_YEAR + 365 * DAY, before;
	struct rating_pass pass;

	(void)state;
	rated_price(&rated, YEARLY(2880000));
	rated_version(&rated, 1, 2, year_end, YEARLY(12000));
	over_the_new_year(year_end);
	rated_read_at(&rated, year_end + 3 * HOUR, 23000);
	before = rated_available(&rated);
	pass = rated_read_at(&rated, year_end, 4000);
	assert_false(pass.moved);
	assert_int_equal(pass.left_count, 1);
	assert_int_equal(pass.left[0].why, LATE_STEPS);
	assert_int_equal(rated_available(&rated), before);
	assert_int_equal(rated_cursor(&rated).step_used, 13000);
	assert_int_equal(gaps(), 1);
	/* The same energy before the year's end: nothing moves, and it is taken. */
	assert_true(rated_read_at(&rated, year_end, 10000).moved);
	assert_int_equal(rated_available(&rated), before);
}

/* ---- minimum, and the end of a use ---- */

static int64_t november(void)
{
	return number("SELECT sum(amount_fen) FROM charge WHERE day<20788");
}

static int64_t minimum(void)
{
	return number("SELECT sum(amount_fen) FROM charge WHERE line=9");
}

static void a_month_is_compared_with_its_minimum_again(void **state)
{
	(void)state;
	rated_price(&rated, "{" RATES ",\"minimum_fen\":3000}");
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 8 * DAY, 8000);
	/* seven of thirty days: 5.25 is filled up to 7.00 */
	assert_int_equal(minimum(), 175);
	assert_int_equal(november(), 700);
	rated_read_at(&rated, MIDNIGHT + 12 * HOUR, 4000);
	assert_int_equal(november(), 700);
	assert_true(minimum() < 175);
	/* All of it in the daytime of the first day: more than the minimum. */
	rated_read_at(&rated, MIDNIGHT + 8 * HOUR, 0);
	rated_read_at(&rated, MIDNIGHT + 20 * HOUR, 8000);
	assert_int_equal(minimum(), 0);
	assert_int_equal(november(), 800);
	assert_int_equal(rated_balance(&rated), -800);
	assert_sound();
}

/* ---- what a person is told of ---- */

/* Nothing moves, and why is told, with the end of the interval. */
static void assert_left(const struct rate_mark *marks, size_t count, enum rating_late why,
                        int64_t late_s)
{
	int64_t before = rated_available(&rated);
	struct rating_pass pass = rated_pass_marks(&rated, marks, count);

	assert_false(pass.moved);
	assert_int_equal(pass.left_count, why != LATE_NONE);
	if (pass.left_count) {
		assert_int_equal(pass.left[0].why, why);
		assert_int_equal(pass.left[0].at_s, late_s);
	}
	assert_int_equal(rated_available(&rated), before);
	assert_sound();
}

static void what_is_settled_stays(void **state)
{
	struct rating_settle settle = {.property_id = 0};

	(void)state;
	charge_two_days();
	settle.property_id = rated.property_id;
	settle.meter = RATED_METER;
	settle.at_s = MIDNIGHT + 2 * DAY + HOUR;
	settle.units = 48500;
	lab.now_ms = settle.at_s * 1000;
	assert_int_equal(rated_settle(&rated, &settle), ERR_NONE);
	assert_left(kept, 2, LATE_ENDED, MIDNIGHT + 2 * DAY);
	rated_start_at(&rated, MIDNIGHT + 2 * DAY + HOUR, 48500, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 2 * DAY + 2 * HOUR, 48600);
	assert_left(kept, 2, LATE_ENDED, MIDNIGHT + 2 * DAY);
	assert_int_equal(rated_balance(&rated), -3625);
}

static void what_was_partly_free_stays(void **state)
{
	const struct rate_mark mark = {MIDNIGHT + 8 * HOUR, 500};

	(void)state;
	rated_price(&rated, SLOTS);
	assert_int_equal(db_exec(lab.db, "INSERT INTO allowance VALUES(1,1,7,1,1,'school',1,1000,0,"
	                                 "0,9223372036854775807,0,1000,1000,0,0,0,'anna',0,1)"),
	                 ERR_NONE);
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 4000);
	assert_int_equal(rated_available(&rated), 1000 - 300);
	assert_left(&mark, 1, LATE_ALLOWANCE, MIDNIGHT + 10 * HOUR);
	/* What does not fit says nothing. */
	assert_left(&(const struct rate_mark){mark.at_s, 5000}, 1, LATE_NONE, 0);
}

/* A backlog that fills two outages: a person hears of both. */
static void each_interval_that_stays_is_told(void **state)
{
	const struct rate_mark marks[] = {
	        {MIDNIGHT + 8 * HOUR,  500 },
	        {MIDNIGHT + 9 * HOUR,  600 },
	        {MIDNIGHT + 16 * HOUR, 4500}
        };
	struct rating_pass pass;

	(void)state;
	rated_price(&rated, SLOTS);
	assert_int_equal(db_exec(lab.db, "INSERT INTO allowance VALUES(1,1,7,1,1,'school',1,1000,0,"
	                                 "0,9223372036854775807,0,1000,1000,0,0,0,'anna',0,1)"),
	                 ERR_NONE);
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 4000);
	rated_read_at(&rated, MIDNIGHT + 32 * HOUR, 8000);
	pass = rated_pass_marks(&rated, marks, ARRAY_SIZE(marks));
	assert_false(pass.moved);
	assert_int_equal(pass.left_count, 2);
	assert_int_equal(pass.left[0].at_s, MIDNIGHT + 10 * HOUR);
	assert_int_equal(pass.left[1].at_s, MIDNIGHT + 32 * HOUR);
	assert_int_equal(pass.left[1].why, LATE_ALLOWANCE);
}

static void what_is_too_old_stays(void **state)
{
	(void)state;
	charge_two_days();
	rated_read_at(&rated, MIDNIGHT + 65 * DAY, 100000);
	assert_left(kept, 2, LATE_OLD, kept[0].at_s);
}

static void without_prices_it_stays(void **state)
{
	(void)state;
	charge_two_days();
	assert_int_equal(db_exec(lab.db, "DELETE FROM tariff_version"), ERR_NONE);
	assert_left(kept, 2, LATE_UNPRICED, MIDNIGHT + 2 * DAY);
}

/* A register that waits for a person holds up nothing that came before it. */
static void a_fault_keeps_no_late_reading_out(void **state)
{
	(void)state;
	rated_price(&rated, SLOTS);
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 4000);
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + 10 * HOUR + 60, 990000).fault,
	                 RATING_JUMP);
	assert_true(rated_read_at(&rated, MIDNIGHT + 8 * HOUR, 500).moved);
	assert_int_equal(rated_available(&rated), -375);
	assert_int_equal(rated_cursor(&rated).fault, RATING_JUMP);
	assert_int_equal(rated_cursor(&rated).fault_units, 990000);
	assert_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        RATED_TEST(an_open_day_is_divided_anew, &rated),
	        RATED_TEST(where_one_price_held_nothing_is_kept, &rated),
	        RATED_TEST(a_short_interval_is_not_kept, &rated),
	        RATED_TEST(a_share_below_one_unit_may_grow, &rated),
	        RATED_TEST(of_what_was_not_used_nothing_is_kept, &rated),
	        RATED_TEST(what_does_not_fit_is_passed_over, &rated),
	        RATED_TEST(a_posted_day_is_corrected_by_a_row, &rated),
	        RATED_TEST(it_is_corrected_once, &rated),
	        RATED_TEST(more_may_come_for_what_is_left, &rated),
	        RATED_TEST(all_of_it_or_nothing_when_the_ground_gives_way, &rated),
	        RATED_TEST(a_purse_pays_its_own_corrections, &rated),
	        RATED_TEST(a_gap_into_today, &rated),
	        RATED_TEST(of_a_price_of_nothing_each_unit_has_one_day, &rated),
	        RATED_TEST(steps_are_filled_in_the_order_of_time, &rated),
	        RATED_TEST(the_position_after_a_settlement_moves_along, &rated),
	        RATED_TEST(a_threshold_that_was_passed_since_forbids_it, &rated),
	        RATED_TEST(a_month_is_compared_with_its_minimum_again, &rated),
	        RATED_TEST(what_is_settled_stays, &rated),
	        RATED_TEST(what_was_partly_free_stays, &rated),
	        RATED_TEST(each_interval_that_stays_is_told, &rated),
	        RATED_TEST(what_is_too_old_stays, &rated),
	        RATED_TEST(without_prices_it_stays, &rated),
	        RATED_TEST(a_fault_keeps_no_late_reading_out, &rated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
