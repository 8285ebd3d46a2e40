/* What a decision about supply is made of: how old a reading may be, whose limits hold; and the evidence that goes with
 * each opening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/core/rating.h"
#include "platform/core/supply_look.h"
#include "platform/store/account_bill.h"
#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};

static void sql(const char *text)
{
	assert_int_equal(db_exec(lab.db, text), ERR_NONE);
}

/* ---- readings ---- */

/* As rating leaves it behind a reading. */
static void rated_of(int64_t meter, int64_t at_s, int64_t units, int64_t version_id)
{
	struct rating_open open = {.count = 0};
	struct rating_row row;

	assert_int_equal(rating_get_open(lab.db, 1, meter, &row, &open), ERR_NONE);
	row.billed_s = at_s;
	row.billed_units = units;
	row.version_id = version_id;
	assert_int_equal(rating_put(lab.db, &row, &open), ERR_NONE);
	rating_open_free(&open);
}

static void rated(int64_t at_s, int64_t units, int64_t version_id)
{
	rated_of(LAB_METER, at_s, units, version_id);
}

static bool fresh(int64_t age_s)
{
	struct supply_look look;
	bool is;

	rated(lab.now_ms / 1000 - age_s, 1, 1);
	assert_int_equal(supply_look(&lab.tx, 1, s.account, lab.now_ms, &look), ERR_NONE);
	is = look.fresh;
	assert_int_equal(look.meter[0].fresh, is);
	supply_look_free(&look);
	assert_null(look.meter);
	assert_int_equal(look.count, 0);
	return is;
}

/* reliability.md I16: nobody is cut by a reading that is older than the rules say, or from a time to come. */
static void a_reading_decides_while_it_is_fresh(void **state)
{
	(void)state;
	supplied_rule(&s, "UPDATE supply_rules SET fresh_electricity_s=3000, fresh_water_s=9000");
	assert_true(fresh(0));
	assert_true(fresh(3000));
	assert_false(fresh(3001));
	assert_true(fresh(-600)); /* clocks differ a little */
	assert_false(fresh(-601));
	assert_false(fresh(lab.now_ms / 1000)); /* there is none */
	sql("UPDATE account_meter SET service='water'");
	assert_true(fresh(9000));
	assert_false(fresh(9001));
	assert_true(fresh(0));
	sql("UPDATE rating SET fault=1");
	assert_false(fresh(0));
}

/* A machine whose clock begins in 1970 takes a meter that was never read for one of just now. */
static void what_was_never_read_is_never_fresh(void **state)
{
	(void)state;
	lab.now_ms = 100000;
	assert_true(fresh(99));
	assert_false(fresh(100));
}

/* A marked meter is not cut, so that it says nothing holds nobody up; and one that says nothing holds up all others. */
static void every_meter_that_may_be_cut_has_to_be_fresh(void **state)
{
	const int64_t merged = money_account(&s.estate, "M", LAB_METER + 1, 2);
	struct supply_look look;

	(void)state;
	lab_later(&lab, 86400);
	money_read(&lab, LAB_METER + 1);
	assert_int_equal(supply_look(&lab.tx, 1, merged, lab.now_ms, &look), ERR_NONE);
	assert_int_equal(look.count, 2);
	assert_true(look.meter[0].fresh);
	assert_false(look.meter[1].fresh);
	assert_false(look.fresh);
	assert_false(look.spared);
	supply_look_free(&look);
	assert_int_equal(supplied_mark(&s, LAB_METER + 2, MARK_FIRE, 0), ERR_NONE);
	assert_int_equal(supply_look(&lab.tx, 1, merged, lab.now_ms, &look), ERR_NONE);
	assert_true(look.fresh);
	assert_false(look.meter[0].spared);
	assert_true(look.meter[1].spared);
	assert_false(look.spared);
	supply_look_free(&look);
}

static void keep_power_spares_until_its_second(void **state)
{
	struct supply_meter row = {.mode = SUPPLY_KEEP_POWER, .mode_until_s = 100};

	(void)state;
	assert_true(supply_spared(&row, 99));
	assert_false(supply_spared(&row, 100));
	row.mode_until_s = 0; /* until somebody releases it */
	assert_true(supply_spared(&row, 100));
	row.mode = SUPPLY_PREPAID;
	assert_false(supply_spared(&row, 100));
	row.mark = MARK_COLD;
	assert_true(supply_spared(&row, 100));
}

/* ---- limits ---- */

static struct supply_look look_now(void)
{
	struct supply_look look;

	assert_int_equal(supply_look(&lab.tx, 1, s.account, lab.now_ms, &look), ERR_NONE);
	supply_look_free(&look);
	return look;
}

static void limits_are(const struct balance_limits *limits, int64_t alarm1, int64_t alarm2,
                       int64_t overdraft, int64_t hoarding, int64_t close)
{
	assert_int_equal(money_cmp(limits->alarm1, money_fen(alarm1)), 0);
	assert_int_equal(money_cmp(limits->alarm2, money_fen(alarm2)), 0);
	assert_int_equal(money_cmp(limits->overdraft, money_fen(overdraft)), 0);
	assert_int_equal(money_cmp(limits->hoarding, money_fen(hoarding)), 0);
	assert_int_equal(money_cmp(limits->close, money_fen(close)), 0);
}

/* The plan of the account, else of the property, else the built-in one; and what the account has of its own. */
static void each_limit_comes_from_where_it_was_set(void **state)
{
	struct supply_look look;

	(void)state;
	sql("INSERT INTO alarm_plan(property_id, group_id, code, alarm1_fen, alarm2_fen, alarm2_trips,"
	    " overdraft_fen, hoarding_fen, allow_close_fen, cut_notice_s, friendly_hours, version)"
	    " VALUES(1,1,'default',11,10,0,9,8,7,6,1,1), (1,1,'shops',21,20,1,19,18,17,16,0,1),"
	    " (1,1,'own',31,30,0,29,28,27,26,1,1)");
	look = look_now();
	limits_are(&look.limits, 11, 10, 9, 8, 7);
	assert_int_equal(look.limits.grace_s, 6);
	assert_false(look.limits.alarm2_trips);
	assert_true(look.friendly);
	sql("UPDATE property SET plan_code='shops'");
	look = look_now();
	limits_are(&look.limits, 21, 20, 19, 18, 17);
	assert_int_equal(look.limits.grace_s, 16);
	assert_true(look.limits.alarm2_trips);
	assert_false(look.friendly);
	sql("UPDATE account SET plan_code='own', overdraft_fen=5, hoarding_fen=4");
	look = look_now();
	limits_are(&look.limits, 31, 30, 5, 4, 27);
	/* A plan that is gone is no plan. */
	sql("UPDATE account SET plan_code='gone', overdraft_fen=NULL, hoarding_fen=NULL");
	look = look_now();
	limits_are(&look.limits, 21, 20, 19, 18, 17);
}

/* Who pays afterwards has no balance that decides: whatever his limits are, it is the bill. */
static void a_bill_knows_no_limits(void **state)
{
	struct account_terms terms = {.property_id = 1,
	                              .from_s = 1,
	                              .kind = ACCOUNT_POSTPAID,
	                              .bill_day = 1,
	                              .due_days = 10,
	                              .by_name = "test"};
	struct supply_look look;

	(void)state;
	terms.account_id = s.account;
	money_pay(&lab, s.account, -700);
	look = look_now();
	assert_false(look.by_bill);
	assert_int_equal(money_cmp(look.balance, money_fen(-700)), 0);
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	look = look_now();
	assert_true(look.by_bill);
	assert_int_equal(look.kind, ACCOUNT_POSTPAID);
	limits_are(&look.limits, 0, 0, 0, 0, 0);
	assert_int_equal(money_cmp(look.available, money_fen(-700)), 0);
	assert_int_equal(money_cmp(look.balance, money_fen(1)), 0); /* nothing is overdue */
}

static void what_is_overdue_is_the_balance(void **state)
{
	struct account_terms terms = {.property_id = 1,
	                              .from_s = 1,
	                              .kind = ACCOUNT_POSTPAID,
	                              .bill_day = 1,
	                              .due_days = 10,
	                              .overdue_trips = true,
	                              .by_name = "test"};
	struct account_bill bill = {.property_id = 1,
	                            .from_day = estate_today() - 40,
	                            .to_day = estate_today() - 10,
	                            .due_day = estate_today() - 1,
	                            .amount_fen = 1,
	                            .made_s = 1};
	struct supply_look look;

	(void)state;
	terms.account_id = bill.account_id = s.account;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	money_pay(&lab, s.account, -1);
	bill.scanned = lab_number(&lab, "SELECT max(group_no) FROM ledger_group");
	assert_int_equal(account_bill_insert(lab.db, &bill), ERR_NONE);
	look = look_now();
	assert_int_equal(money_cmp(look.balance, money_fen(-1)), 0);
	money_pay(&lab, s.account, -500); /* of what is owed, one fen is overdue */
	look = look_now();
	assert_int_equal(money_cmp(look.balance, money_fen(-1)), 0);
	assert_int_equal(money_cmp(look.available, money_fen(-501)), 0);
	money_pay(&lab, s.account, 501);
	look = look_now();
	assert_int_equal(money_cmp(look.balance, money_fen(1)), 0);
}

/* ---- evidence ---- */

/* Each automatic opening says by what it was decided (I14): reading and its age, price, balance and limits. */
static void evidence_goes_with_an_opening(void **state)
{
	struct supply_act act;
	struct command_row command;

	(void)state;
	supplied_no_notice(&s);
	sql("UPDATE alarm_plan SET alarm1_fen=50, alarm2_fen=40, overdraft_fen=30, hoarding_fen=20,"
	    " allow_close_fen=10");
	money_pay(&lab, s.account, 1000);
	lab_later(&lab, 60);
	rated(lab.now_ms / 1000, 4711, 8);
	lab_later(&lab, 60);
	money_pay(&lab, s.account, -1234);
	money_work(&lab);
	command = supplied_command(&s, supplied_newest(&s));
	assert_string_equal(command.by_name, "platform");
	assert_string_equal(command.reason, "balance: -2.34");
	assert_int_equal(command.expires_s, lab.now_ms / 1000 + 120);
	assert_int_equal(supply_act_get(lab.db, 1, command.act_id, &act), ERR_NONE);
	assert_int_equal(act.account_id, s.account);
	assert_int_equal(act.meter, LAB_METER);
	assert_int_equal(act.want, SUPPLY_OPEN);
	assert_string_equal(act.reason, "balance");
	assert_int_equal(act.at_ms, lab.now_ms);
	assert_int_equal(act.state, BALANCE_CUT);
	assert_int_equal(act.reading.units, 4711);
	assert_int_equal(act.reading.at_s, lab.now_ms / 1000 - 60);
	assert_int_equal(act.reading.version_id, 8);
	assert_int_equal(money_cmp(act.available, money_fen(-234)), 0);
	limits_are(&act.limits, 50, 40, 30, 0, 10); /* hoarding has no part in it */
	assert_int_equal(act.command_id, command.command_id);
	assert_int_equal(act.outcome, SUPPLY_GIVEN);
	assert_int_equal(act.outcome_ms, lab.now_ms);
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_UNSURE);
	assert_int_equal(supplied_meter(&s, LAB_METER).opened_ms, lab.now_ms);
	assert_int_equal(supplied_meter(&s, LAB_METER).command_id, command.command_id);
	assert_int_equal(supplied_meter(&s, LAB_METER).act_id, command.act_id);
	/* What was announced before is part of it. */
	lab_later(&lab, 30);
	supplied_obey(&s, command.command_id);
	assert_int_equal(supply_act_get(lab.db, 1, command.act_id, &act), ERR_NONE);
	assert_int_equal(act.announced_s, 0);
	assert_int_not_equal(act.outcome, SUPPLY_GIVEN);
	assert_int_equal(act.outcome_ms, lab.now_ms);
}

static void evidence_of_each_meter_is_its_own(void **state)
{
	const int64_t merged = money_account(&s.estate, "M", LAB_METER + 1, 2);
	struct supply_act act;
	int64_t last;

	(void)state;
	supplied_no_notice(&s);
	rated_of(LAB_METER + 1, lab.now_ms / 1000 - 1, 11, 1);
	rated_of(LAB_METER + 2, lab.now_ms / 1000 - 2, 22, 2);
	money_pay(&lab, merged, -1);
	money_work(&lab);
	last = supplied_newest(&s);
	for (int i = 0; i < 2; i++) {
		struct command_row command = supplied_command(&s, last - i);
		int64_t k = command.meter - LAB_METER;

		assert_int_equal(supply_act_get(lab.db, 1, command.act_id, &act), ERR_NONE);
		assert_int_equal(act.meter, command.meter);
		assert_int_equal(act.reading.units, 11 * k);
		assert_int_equal(act.reading.at_s, lab.now_ms / 1000 - k);
	}
	assert_int_equal(supplied_trips(&s), 2);
}

static void evidence_names_the_announced_hour(void **state)
{
	struct supply_act act;
	int64_t hour_s = lab.now_ms / 1000 + 86400;

	(void)state;
	supplied_use_up(&s);
	supplied_pass(&s, 86400);
	assert_int_equal(supplied_trips(&s), 1);
	assert_int_equal(
	        supply_act_get(lab.db, 1, supplied_command(&s, supplied_newest(&s)).act_id, &act),
	        ERR_NONE);
	assert_int_equal(act.announced_s, hour_s);
}

static uint16_t delay_of(int64_t command_id)
{
	struct command_row row = supplied_command(&s, command_id);
	struct command_args args;
	struct command_key key;
	struct command command;

	lab_terminal((int)(row.meter - LAB_METER), &key);
	assert_int_equal(command_open(row.body, row.body_len, &key, &command), ERR_NONE);
	assert_int_equal(command_args_decode(&command, &args), ERR_NONE);
	return args.delay_max_s;
}

/* Many are cut within moments of each other, so that no building jumps; who has paid waits for nothing. */
static void a_cut_draws_a_moment_and_a_close_does_not(void **state)
{
	(void)state;
	supplied_cut(&s);
	assert_int_equal(delay_of(supplied_newest(&s)), 5);
	money_pay(&lab, s.account, 5000);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	assert_int_equal(delay_of(supplied_newest(&s)), 0);
}

/* ---- what cannot be given ---- */

static void what_cannot_be_given_is_tried_each_minute(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	sql("UPDATE terminal SET key_wrapped=NULL");
	supplied_use_up(&s);
	money_work(&lab);
	assert_int_equal(supplied_meter(&s, LAB_METER).tries, 1);
	assert_int_equal(supplied_meter(&s, LAB_METER).due_ms, lab.now_ms + 60000);
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_NOT_OPENED);
	lab_later(&lab, 59);
	money_work(&lab);
	assert_int_equal(supplied_meter(&s, LAB_METER).tries, 1);
	lab_later(&lab, 1);
	money_work(&lab);
	assert_int_equal(supplied_meter(&s, LAB_METER).tries, 2);
}

static void an_opening_that_is_held_says_whose_it_is(void **state)
{
	struct supply_held held;

	(void)state;
	supplied_no_notice(&s);
	supplied_rule(&s, "UPDATE supply_rules SET guard_count=0");
	supplied_use_up(&s);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(supply_held_get(lab.db, 1, supplied_meter(&s, LAB_METER).held_id, &held),
	                 ERR_NONE);
	assert_int_equal(held.meter, LAB_METER);
	assert_int_equal(held.path, PATH_AUTOMATIC);
	assert_string_equal(held.by_name, "platform");
	assert_string_equal(held.by_origin, "supply");
	assert_string_equal(held.reason, "balance");
	assert_int_equal(held.made_ms, lab.now_ms);
	assert_int_equal(held.expires_ms, 0); /* while its reason holds */
}

static void keep_power_that_ended_says_since_when(void **state)
{
	struct supply_meter row = supplied_meter(&s, LAB_METER);

	(void)state;
	row.mode = SUPPLY_KEEP_POWER;
	row.mode_s = 1;
	row.mode_until_s = lab.now_ms / 1000 + 60;
	assert_int_equal(supply_meter_put(lab.db, &row), ERR_NONE);
	lab_later(&lab, 60);
	money_work(&lab);
	row = supplied_meter(&s, LAB_METER);
	assert_int_equal(row.mode, SUPPLY_PREPAID);
	assert_int_equal(row.mode_s, lab.now_ms / 1000);
	assert_int_equal(row.mode_until_s, 0);
}

#define T(name) SUPPLIED_TEST(name, &s)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_reading_decides_while_it_is_fresh),
	        T(what_was_never_read_is_never_fresh),
	        T(every_meter_that_may_be_cut_has_to_be_fresh),
	        T(keep_power_spares_until_its_second),
	        T(each_limit_comes_from_where_it_was_set),
	        T(a_bill_knows_no_limits),
	        T(what_is_overdue_is_the_balance),
	        T(evidence_goes_with_an_opening),
	        T(evidence_of_each_meter_is_its_own),
	        T(evidence_names_the_announced_hour),
	        T(a_cut_draws_a_moment_and_a_close_does_not),
	        T(what_cannot_be_given_is_tried_each_minute),
	        T(an_opening_that_is_held_says_whose_it_is),
	        T(keep_power_that_ended_says_since_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
