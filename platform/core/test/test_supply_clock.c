/* Supply and time: data too old, clocks in doubt, behind and ahead. reliability.md T4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};

/* ---- old data and wrong clocks ---- */

/* reliability.md T4, second half, and I16 */
static void nothing_is_opened_by_old_or_doubted_data(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	money_pay(&lab, s.account, 1000);
	lab_later(&lab, 7201);
	money_pay(&lab, s.account, -1000);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	assert_true(supplied_memory(&s, s.account).waits);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=150"), 1);
	money_look(&lab, s.account);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=150"), 1);
	/* a reading that was not believed is none */
	money_read(&lab, LAB_METER);
	assert_int_equal(db_exec(lab.db, "UPDATE rating SET fault=1"), ERR_NONE);
	money_look(&lab, s.account);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(db_exec(lab.db, "UPDATE rating SET fault=0"), ERR_NONE);
	money_look(&lab, s.account);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
	assert_false(supplied_memory(&s, s.account).waits);
}

/* Between the decision and the command the reading grew old: it is asked again. */
static void what_was_wanted_is_not_given_by_old_data(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	supplied_use_up(&s);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	lab_later(&lab, 7201);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	money_read(&lab, LAB_METER);
	lab_later(&lab, 60);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
}

/* reliability.md F1 */
static void a_clock_in_doubt_opens_nothing(void **state)
{
	struct supply_work work = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
                  .hold = true
        };

	(void)state;
	supplied_use_up(&s);
	lab_later(&lab, 86400);
	money_read(&lab, LAB_METER);
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	work.hold = false;
	work.clock_disputed_ms = lab.now_ms;
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(supplied_trips(&s), 0);
	work.clock_disputed_ms = 0;
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(supplied_trips(&s), 1);
	/* ten years ahead and ten behind: the readings are of another time */
	money_pay(&lab, s.account, 2000);
	money_work(&lab);
	supplied_obey(&s, supplied_newest(&s));
	lab_later(&lab, 315360000);
	money_pay(&lab, s.account, -3000);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
	lab_later(&lab, -2 * INT64_C(315360000));
	money_look(&lab, s.account);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
}

#define TEN_YEARS_S INT64_C(315360000)

static void what_was_wanted_by_a_clock_ahead_does_not_wait(void **state)
{
	(void)state;
	supplied_cut(&s);
	lab_later(&lab, TEN_YEARS_S);
	money_pay(&lab, s.account, 5000);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_CLOSE);
	lab_later(&lab, -TEN_YEARS_S);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
}

static void a_cut_that_was_announced_by_a_clock_ahead_is_announced_anew(void **state)
{
	int64_t episode;

	(void)state;
	money_pay(&lab, s.account, 1000);
	lab_later(&lab, TEN_YEARS_S);
	money_read(&lab, LAB_METER);
	money_pay(&lab, s.account, -1000);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	assert_int_equal(supplied_messages(&s, "will-be-cut"), 1);
	episode = supplied_memory(&s, s.account).episode;
	lab_later(&lab, -TEN_YEARS_S);
	money_read(&lab, LAB_METER);
	money_look(&lab, s.account);
	/* Numbers of what is told only grow: one that comes back would be taken for told. */
	assert_true(supplied_memory(&s, s.account).episode > episode);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	assert_int_equal(supplied_memory(&s, s.account).announced_s, lab.now_ms / 1000 + 86400);
	assert_int_equal(supplied_messages(&s, "will-be-cut"), 2);
	money_look(&lab, s.account);
	assert_int_equal(supplied_messages(&s, "will-be-cut"), 2);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	lab_later(&lab, 86400);
	money_read(&lab, LAB_METER);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
}

/* Who is cut without a notice is not spared by an hour that was announced ten years ahead. */
static void an_hour_of_a_clock_ahead_holds_no_cut_back(void **state)
{
	(void)state;
	money_pay(&lab, s.account, 1000);
	lab_later(&lab, TEN_YEARS_S);
	money_read(&lab, LAB_METER);
	money_pay(&lab, s.account, -1000);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	lab_later(&lab, -TEN_YEARS_S);
	supplied_no_notice(&s);
	money_read(&lab, LAB_METER);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_CUT);
	assert_int_equal(supplied_memory(&s, s.account).announced_s, 0);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
}

static void a_notice_of_a_clock_ahead_is_not_longer_than_one_of_now(void **state)
{
	(void)state;
	money_pay(&lab, s.account, 1000);
	assert_int_equal(
	        db_exec(lab.db, "UPDATE supply_account SET not_before_s=not_before_s+4000000000"),
	        ERR_NONE);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).not_before_s, lab.now_ms / 1000 + 86400);
	/* It stays as it was given, also by a clock that is corrected by a minute. */
	lab_later(&lab, 3600);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).not_before_s,
	                 lab.now_ms / 1000 + 86400 - 3600);
	lab_later(&lab, -3630);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).not_before_s,
	                 lab.now_ms / 1000 + 86400 + 30);
	lab_later(&lab, -30);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).not_before_s,
	                 lab.now_ms / 1000 + 86400 + 60);
	lab_later(&lab, -1);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).not_before_s, lab.now_ms / 1000 + 86400);
	/* It is over when its time has come. */
	lab_later(&lab, 86400);
	money_read(&lab, LAB_METER);
	money_look(&lab, s.account);
	assert_int_equal(supplied_memory(&s, s.account).not_before_s, 0);
}

#define T(name) SUPPLIED_TEST(name, &s)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(nothing_is_opened_by_old_or_doubted_data),
	        T(what_was_wanted_is_not_given_by_old_data),
	        T(a_clock_in_doubt_opens_nothing),
	        T(what_was_wanted_by_a_clock_ahead_does_not_wait),
	        T(a_cut_that_was_announced_by_a_clock_ahead_is_announced_anew),
	        T(an_hour_of_a_clock_ahead_holds_no_cut_back),
	        T(a_notice_of_a_clock_ahead_is_not_longer_than_one_of_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
