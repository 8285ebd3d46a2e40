/* Supply and what people change: limits, plans, uses of meters, customers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "platform/core/account.h"
#include "platform/core/books.h"
#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};

/* ---- what people change ---- */

static struct account_row account_now(void)
{
	struct account_row row;

	assert_int_equal(account_get(lab.db, 1, s.account, &row), ERR_NONE);
	return row;
}

static void a_changed_limit_acts_at_once(void **state)
{
	struct account_edit edit = {
	        .act = {.actor = {.who = "test", .local = true, .reason = "r"},
	                .property_id = 1,
	                .account_id = s.account}
        };

	(void)state;
	supplied_no_notice(&s);
	edit.has[ACCOUNT_OVERDRAFT] = edit.set[ACCOUNT_OVERDRAFT] = true;
	edit.limit_fen[ACCOUNT_OVERDRAFT] = 5000;
	edit.act.version = account_now().version;
	assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), ERR_NONE);
	money_pay(&lab, s.account, -1000);
	money_work(&lab);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_OVERDRAFT);
	assert_int_equal(supplied_trips(&s), 0);
	edit.limit_fen[ACCOUNT_OVERDRAFT] = 500;
	edit.act.version = account_now().version;
	assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_CUT);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
}

static void a_changed_plan_reaches_its_accounts(void **state)
{
	struct plan_edit edit = {
	        .actor = {.who = "test", .local = true},
	        .group_id = 1,
	        .property_id = 1,
	        .code = PLAN_DEFAULT
        };

	(void)state;
	money_pay(&lab, s.account, 1500);
	money_work(&lab);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_ALARM1);
	edit.has[PLAN_ALARM1] = edit.set[PLAN_ALARM1] = true;
	edit.has[PLAN_ALARM2] = edit.set[PLAN_ALARM2] = true;
	edit.value[PLAN_ALARM1] = 1000;
	assert_int_equal(lab_step(&lab, plan_edit_step, &edit, false), ERR_NONE);
	money_work(&lab);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GOOD);
}

static void a_meter_whose_use_has_ended_is_not_opened(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	money_pay(&lab, s.account, -1000);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET until_s=1"), ERR_NONE);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_NOTHING);
}

static void another_customer_is_not_cut_for_the_one_before(void **state)
{
	struct account_row row;
	struct supply_act act;

	(void)state;
	supplied_no_notice(&s);
	money_pay(&lab, s.account, -1000);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	assert_int_equal(account_get(lab.db, 1, s.account, &row), ERR_NONE);
	row.account_id = 99;
	snprintf(row.code, sizeof row.code, "next");
	assert_int_equal(account_insert(lab.db, &row), ERR_NONE);
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET account_id=99"), ERR_NONE);
	money_work(&lab);
	/* What is made is by his own balance and a reading. */
	assert_int_equal(supplied_meter(&s, LAB_METER).account_id, 99);
	assert_int_equal(
	        supply_act_get(lab.db, 1, supplied_command(&s, supplied_newest(&s)).act_id, &act),
	        ERR_NONE);
	assert_int_equal(act.account_id, 99);
	assert_int_equal(books_fen(act.available), 0);
	assert_int_equal(act.reading.at_s, lab.now_ms / 1000);
}

#define T(name) SUPPLIED_TEST(name, &s)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_changed_limit_acts_at_once),
	        T(a_changed_plan_reaches_its_accounts),
	        T(a_meter_whose_use_has_ended_is_not_opened),
	        T(another_customer_is_not_cut_for_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
