/* Each kind of contract worked out by hand: merged meters, a monthly fee, postpaid, and from one to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/core/account_bill.h"
#include "platform/core/account_close.h"
#include "platform/core/daily.h"
#include "platform/core/supply_look.h"
#include "platform/test/accounts.h"

#define HOUR INT64_C(3600)

static struct lab lab;
static struct accounts a = {.lab = &lab};

/* ---- kinds ---- */

static void midnight(int64_t days)
{
	lab.now_ms = estate_day_s(estate_today() + days) * 1000;
}

static void daily(void)
{
	struct daily_request request;

	do
		assert_int_equal(lab_step(&lab, daily_step, &request, false), ERR_NONE);
	while (request.more);
}

/* Merged: two meters on one balance. 20 + 5 kWh at 0.60 = 15.00. */
static void merged_meters_are_paid_from_one_balance(void **state)
{
	const struct account_terms terms = {.kind = ACCOUNT_MERGED};
	struct account_binding meter = accounts_binding(ACCOUNTS_SECOND);
	struct account_open open;
	struct account_money money;
	int64_t id;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	id = accounts_opened(&a, &terms);
	accounts_read(&a, ACCOUNTS_SECOND, 0);
	open = (struct account_open){.act = accounts_act(&a, id, ""), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_add_step, &open, false), ERR_NONE);
	accounts_pay(&a, id, 10000);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1020000);
	accounts_read(&a, ACCOUNTS_SECOND, 5000);
	assert_int_equal(account_money(lab.db, 1, id, lab.now_ms, &money), ERR_NONE);
	assert_int_equal(account_fen(money.available), 8500);
	assert_int_equal(accounts_balance(&a, id), 10000);
	midnight(1);
	accounts_read(&a, ACCOUNTS_METER, 1020000);
	accounts_read(&a, ACCOUNTS_SECOND, 5000);
	assert_int_equal(accounts_balance(&a, id), 8500);
}

/* 300.00 a month: November has 30 days, so each costs 10.00, and use costs nothing. Opened on the 24th: its
 * days are the 25th to the 30th. December: 300.00 / 31, day by day, in all 300.00. */
static void a_monthly_fee_is_charged_day_by_day_and_use_is_free(void **state)
{
	const struct account_terms terms = {.kind = ACCOUNT_MONTHLY_FEE, .fee_fen = 30000};
	int64_t id;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	id = accounts_opened(&a, &terms);
	daily();
	assert_int_equal(accounts_balance(&a, id), 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1100000);
	midnight(1);
	accounts_read(&a, ACCOUNTS_METER, 1100000);
	daily();
	daily(); /* twice is once */
	assert_int_equal(accounts_balance(&a, id), -1000);
	midnight(6); /* 30 November, five days at once */
	accounts_read(&a, ACCOUNTS_METER, 1200000);
	daily();
	assert_int_equal(accounts_balance(&a, id), -6000);
	midnight(7);
	daily();
	assert_int_equal(accounts_balance(&a, id), -6967); /* floor(30000 / 31) */
	midnight(6 + 31);
	daily();
	assert_int_equal(accounts_balance(&a, id), -36000);
}

/* The register that both share was read before midnight, and the day began for him who left. */
static void a_day_of_the_fee_is_paid_by_one_of_two_customers(void **state)
{
	const struct account_terms terms = {.kind = ACCOUNT_MONTHLY_FEE, .fee_fen = 30000};
	struct account_change change;
	int64_t id;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	id = accounts_opened(&a, &terms);
	accounts_pay(&a, id, 10000);
	midnight(1);
	lab.now_ms -= 30000;
	accounts_read(&a, ACCOUNTS_METER, 1100000);
	lab_later(&lab, 60);
	change = (struct account_change){
	        .act = accounts_act(&a, id, "shop sold"), .payee = "6222", .customer_id = a.berta};
	assert_int_equal(lab_step(&lab, account_change_step, &change, false), ERR_NONE);
	assert_int_equal(change.closed.balance_fen, 9000);
	daily();
	assert_int_equal(accounts_balance(&a, change.opened.account_id), 0);
	midnight(2);
	daily();
	assert_int_equal(accounts_balance(&a, change.opened.account_id), -1000);
}

static struct account_standing standing(int64_t id)
{
	struct account_standing standing;
	struct property_row property;

	assert_int_equal(property_get(lab.db, 1, &property), ERR_NONE);
	assert_int_equal(account_standing(lab.db, &property, id, lab.now_ms / 1000, &standing),
	                 ERR_NONE);
	return standing;
}

struct looking {
	int64_t account_id;
	struct supply_look look;
};

static enum err do_look(struct tx *tx, void *arg, int64_t now_ms)
{
	struct looking *looking = arg;

	return supply_look(tx, 1, looking->account_id, now_ms, &looking->look);
}

/* What the supply decision goes by. */
static int64_t supply_balance(int64_t account_id)
{
	struct looking looking = {.account_id = account_id};

	accounts_run(&a, do_look, &looking);
	return account_fen(looking.look.balance);
}

/* Billing day 27, ten days to pay. Used from the 24th: 40 kWh until the 27th, 24.00; 10 kWh more after it. */
static void postpaid_is_billed_on_its_day_and_falls_due(void **state)
{
	const struct account_terms terms = {
	        .kind = ACCOUNT_POSTPAID, .bill_day = 27, .due_days = 10, .overdue_trips = true};
	struct account_standing now;
	struct account_bill bill;
	int64_t id, today = estate_today();

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	id = accounts_opened(&a, &terms);
	daily();
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1040000);
	midnight(3); /* the 27th, readings have not come */
	daily();
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NOT_FOUND);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1040000);
	daily();
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NONE);
	assert_int_equal(bill.amount_fen, 2400);
	assert_int_equal(bill.to_day, today + 3);
	assert_int_equal(bill.due_day, today + 13);
	midnight(5);
	accounts_read(&a, ACCOUNTS_METER, 1050000);
	daily();
	assert_true(supply_balance(id) > 0); /* who pays afterwards is not cut by a balance */
	now = standing(id);
	assert_int_equal(now.owed_fen, 3000);
	assert_int_equal(now.unbilled_fen, 600);
	assert_int_equal(now.billed_fen, 2400);
	assert_int_equal(now.overdue_fen, 0);
	assert_int_equal(now.due_day, today + 13);
	midnight(10); /* three days before its last day */
	daily();
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NONE);
	assert_int_equal(bill.reminded_s, lab.now_ms / 1000);
	assert_int_equal(bill.overdue_s, 0);
	midnight(13); /* the last day is in time */
	daily();
	assert_int_equal(standing(id).overdue_fen, 0);
	midnight(14);
	daily();
	now = standing(id);
	assert_int_equal(now.overdue_fen, 2400);
	assert_true(now.trips);
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NONE);
	assert_int_equal(bill.overdue_s, lab.now_ms / 1000);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='bill-due'"), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='bill-overdue'"),
	                 1);
	assert_true(supply_balance(id) < 0); /* it may trip now */
	/* A part, then the rest: the newest use stays unbilled. */
	accounts_pay(&a, id, 1000);
	assert_int_equal(standing(id).overdue_fen, 1400);
	accounts_pay(&a, id, 1400);
	now = standing(id);
	assert_int_equal(now.billed_fen, 0);
	assert_int_equal(now.owed_fen, 600);
	assert_false(now.trips);
	midnight(15);
	daily();
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NONE);
	assert_int_equal(bill.paid_s, lab.now_ms / 1000);
}

static void payments_settle_the_oldest_bill_first(void **state)
{
	static const int64_t amount[3] = {300, 200, 100}; /* newest first */

	static const struct {
		int64_t owed, unbilled, open[3];
	} cases[] =
	        {
	                {650, 50,  {300, 200, 100}},
	                {550, 50,  {300, 200, 0}  },
	                {500, 50,  {300, 150, 0}  },
	                {350, 50,  {300, 0, 0}    },
	                {50,  50,  {0, 0, 0}      },
	                {0,   50,  {0, 0, 0}      },
	                {40,  50,  {0, 0, 0}      },
	                {900, 50,  {300, 200, 100}}, /* more was owed before the first */
	                {120, -30, {150, 0, 0}    },
        };

	int64_t open[3];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		account_bill_open(cases[i].owed, cases[i].unbilled, 3, amount, open);
		for (int k = 0; k < 3; k++)
			assert_int_equal(open[k], cases[i].open[k]);
	}
}

/* From a midnight on another kind: 20 kWh before it cost 12.00, 30 after it nothing, and a day 10.00. */
static void a_kind_is_switched_at_a_date(void **state)
{
	struct account_terms_act r;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	r = (struct account_terms_act){
	        .act = accounts_act(&a, id, "new contract"),
	        .terms = {.kind = ACCOUNT_MONTHLY_FEE,
	                  .fee_fen = 30000,
	                  .from_s = estate_day_s(estate_today() + 1) + 1}
        };
	assert_int_equal(lab_step(&lab, account_terms_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.act.fault.field, "from");
	r.act = accounts_act(&a, id, "new contract");
	r.terms.from_s -= 1;
	assert_int_equal(lab_step(&lab, account_terms_step, &r, false), ERR_NONE);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1020000);
	midnight(1);
	accounts_read(&a, ACCOUNTS_METER, 1020000);
	daily();
	assert_int_equal(accounts_balance(&a, id), -1200 - 1000);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1050000);
	midnight(2);
	accounts_read(&a, ACCOUNTS_METER, 1050000);
	daily();
	assert_int_equal(accounts_balance(&a, id), -1200 - 2000);
}

static void terms_that_contradict_themselves_are_refused(void **state)
{
	static const struct {
		struct account_terms terms;
		const char *field;
	} cases[] = {
	        {{.kind = ACCOUNT_MONTHLY_FEE},                                 "fee_fen"      },
	        {{.kind = ACCOUNT_PAY_PER_USE, .fee_fen = 1},                   "fee_fen"      },
	        {{.kind = ACCOUNT_POSTPAID, .bill_day = 29, .due_days = 10},    "bill_day"     },
	        {{.kind = ACCOUNT_POSTPAID, .bill_day = 1},                     "due_days"     },
	        {{.kind = ACCOUNT_MERGED, .overdue_trips = true},               "overdue_trips"},
	        {{.kind = ACCOUNT_MERGED, .bill_day = 3},                       "bill_day"     },
	        {{.kind = ACCOUNT_MONTHLY_FEE, .fee_fen = ACCOUNT_FEE_MAX + 1}, "fee_fen"      },
	};

	int64_t id = accounts_draft(&a, a.anna, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct account_terms_act r = {.act = accounts_act(&a, id, ""),
		                              .terms = cases[i].terms};

		assert_int_equal(lab_step(&lab, account_terms_step, &r, false), ERR_BAD_INPUT);
		assert_string_equal(r.act.fault.field, cases[i].field);
	}
}

int main(void)
{
#define T(name) ACCOUNTS_TEST(name, &a)
	const struct CMUnitTest tests[] = {
	        T(merged_meters_are_paid_from_one_balance),
	        T(a_monthly_fee_is_charged_day_by_day_and_use_is_free),
	        T(a_day_of_the_fee_is_paid_by_one_of_two_customers),
	        T(postpaid_is_billed_on_its_day_and_falls_due),
	        T(payments_settle_the_oldest_bill_first),
	        T(a_kind_is_switched_at_a_date),
	        T(terms_that_contradict_themselves_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
