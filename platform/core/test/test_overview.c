/* The figures of a property at a glance are those of its orders, refunds, balances and tasks, in its own days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "libs/base/time.h"
#include "platform/core/overview.h"
#include "platform/store/charge.h"
#include "platform/test/money.h"
#include "platform/test/till.h"

static struct lab lab;
static struct till till;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	till_setup(&till, &lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct overview look(void)
{
	struct overview o = {.property_id = 1};

	assert_int_equal(overview_read(lab.db, &o, lab.now_ms), ERR_NONE);
	return o;
}

static void money_of_today_and_of_the_month(void **state)
{
	struct overview o;
	char sql[128];

	(void)state;
	(void)till_cash(&till, till.anna, 10000);
	(void)till_cash(&till, till.berta, 5000);
	o = look();
	assert_int_equal(o.today.received_fen, 15000);
	assert_int_equal(o.today.count, 2);
	assert_int_equal(o.today.returned_fen, 0);
	assert_int_equal(o.month.received_fen, 15000);
	assert_int_equal(o.credit_fen, 15000);
	assert_int_equal(o.owed_fen, 0);
	/* 24 November 2026: of yesterday, and of the last month. */
	snprintf(sql, sizeof sql,
	         "UPDATE recharge_order SET paid_ms=paid_ms-86400000 WHERE account_id=%lld",
	         (long long)till.anna);
	assert_int_equal(db_exec(lab.db, sql), ERR_NONE);
	o = look();
	assert_int_equal(o.today.received_fen, 5000);
	assert_int_equal(o.month.received_fen, 15000);
	assert_int_equal(db_exec(lab.db, "UPDATE recharge_order SET paid_ms=paid_ms-2592000000"),
	                 ERR_NONE);
	o = look();
	assert_int_equal(o.today.count + o.month.count, 0);
}

static void who_has_least_stands_first(void **state)
{
	struct overview o;

	(void)state;
	(void)till_cash(&till, till.anna, 2000);
	(void)till_cash(&till, till.berta, 5000);
	till_charge(&till, till.berta, 6000);
	money_look(&lab, till.anna);
	money_look(&lab, till.berta);
	o = look();
	assert_int_equal(o.credit_fen, 2000);
	assert_int_equal(o.owed_fen, 1000);
	assert_int_equal(o.low_count, 2);
	assert_int_equal(o.low[0].account_id, till.berta);
	assert_int_equal(o.low[0].available_fen, -1000);
	assert_int_equal(o.low[0].days_left, 0);
	assert_true(o.low[0].state >= BALANCE_OVERDRAFT);
	assert_int_equal(o.low[1].available_fen, 2000);
	assert_int_equal(o.low[1].state, BALANCE_ALARM1);
	assert_int_equal(o.low[1].meter, LAB_METER);
	assert_string_equal(o.low[1].path, "A/3/301");
	assert_int_equal(o.states[BALANCE_ALARM1], 1);
	assert_int_equal(o.states[BALANCE_GOOD], 0);
}

static void what_waits_and_what_ran(void **state)
{
	int64_t quarter_s = lab.now_ms / 1000 / POWER_EVERY_S * POWER_EVERY_S;
	struct power_row row = {.property_id = 1, .at_s = quarter_s, .power_w = 1200, .meters = 2};
	const struct rating_open open = {.count = 0};
	struct rating_row rating = {.property_id = 1,
	                            .meter = LAB_METER,
	                            .account_id = 1,
	                            .service = SERVICE_ELECTRICITY,
	                            .billed_s = 1,
	                            .billed_units = 1,
	                            .fault = RATING_BACK,
	                            .fault_s = 1,
	                            .fault_units = 1,
	                            .credit = CREDIT_PLATFORM};
	struct overview o;

	(void)state;
	assert_int_equal(power_insert(lab.db, &row), ERR_NONE);
	row.power_w = 9; /* the same quarter of an hour once more */
	assert_int_equal(power_insert(lab.db, &row), ERR_NONE);
	row.at_s -= 3 * SECONDS_PER_DAY;
	assert_int_equal(power_insert(lab.db, &row), ERR_NONE);
	assert_int_equal(rating_put(lab.db, &rating, &open), ERR_NONE);
	o = look();
	assert_int_equal(o.power_count, 1);
	assert_int_equal(o.power[0].power_w, 1200);
	assert_int_equal(o.waiting.intervals, 1);
	assert_int_equal(o.waiting.suspense + o.waiting.approvals + o.waiting.commands, 0);
	assert_int_equal(power_remove(lab.db, quarter_s), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM power_sample"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(money_of_today_and_of_the_month, setup, teardown),
	        cmocka_unit_test_setup_teardown(who_has_least_stands_first, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_waits_and_what_ran, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
