/* Accounts from draft to open: edits, opening with a baseline, what is taken over, and the tree of meters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/store/takeover.h"
#include "platform/test/accounts.h"

#define HOUR INT64_C(3600)

static struct lab lab;
static struct accounts a = {.lab = &lab};

/* ---- drafts and edits ---- */

static void a_draft_has_a_number_and_terms_and_no_meter(void **state)
{
	int64_t id = accounts_draft(&a, a.anna, NULL);
	struct account_row row = accounts_row(&a, id);
	struct account_terms terms;

	(void)state;
	assert_string_equal(row.code, "H000001");
	assert_int_equal(row.customer_id, a.anna);
	assert_int_equal(row.opened_s, 0);
	assert_int_equal(account_terms_at(lab.db, 1, id, 0, &terms), ERR_NONE);
	assert_int_equal(terms.kind, ACCOUNT_PAY_PER_USE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit"
	                                  " WHERE action='account.create'"),
	                 1);
	assert_int_equal(lab_count(&lab, EFFECT_ACCOUNT), 1);
}

static void an_edit_names_what_is_wrong(void **state)
{
	int64_t id = accounts_draft(&a, a.anna, NULL);

	const struct {
		struct account_edit edit;
		enum err err;
		const char *field;
	} cases[] = {
	        {{.code = ""},	                                       ERR_BAD_INPUT, "code"         },
	        {{.plan_code = "none-such"},                                 ERR_BAD_INPUT, "plan"         },
	        {{.customer_id = 999},	                               ERR_BAD_INPUT, "customer"     },
	        {{.has = {[ACCOUNT_OVERDRAFT] = true},
	          .set = {[ACCOUNT_OVERDRAFT] = true},
	          .limit_fen = {[ACCOUNT_OVERDRAFT] = -1}},
	         ERR_BAD_INPUT,	                                                     "overdraft_fen"},
	        {{.has = {[ACCOUNT_ALARM2] = true},
	          .set = {[ACCOUNT_ALARM2] = true},
	          .limit_fen = {[ACCOUNT_ALARM2] = 6000}},
	         ERR_BAD_INPUT,	                                                     "alarm2_fen"   },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct account_edit edit = cases[i].edit;

		edit.act = accounts_act(&a, id, "");
		assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), cases[i].err);
		assert_string_equal(edit.act.fault.field, cases[i].field);
	}
	assert_int_equal(accounts_row(&a, id).version, 1);
}

static void limits_are_the_plans_but_for_its_own(void **state)
{
	int64_t id = accounts_draft(&a, a.anna, NULL);
	struct account_edit edit = {.act = accounts_act(&a, id, ""),
	                            .has = {[ACCOUNT_OVERDRAFT] = true},
	                            .set = {[ACCOUNT_OVERDRAFT] = true},
	                            .limit_fen = {[ACCOUNT_OVERDRAFT] = 2000}};
	struct account_limits limits;
	struct property_row property;

	(void)state;
	assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(property_get(lab.db, 1, &property), ERR_NONE);
	assert_int_equal(account_limits(lab.db, &property, &edit.act.row, &limits), ERR_NONE);
	assert_int_equal(limits.plan.value[PLAN_OVERDRAFT], 2000);
	assert_true(limits.own[ACCOUNT_OVERDRAFT]);
	assert_int_equal(limits.plan.value[PLAN_ALARM1], 5000);
	assert_false(limits.own[ACCOUNT_ALARM1]);
}

static void an_old_version_is_a_conflict(void **state)
{
	int64_t id = accounts_draft(&a, a.anna, NULL);
	struct account_edit edit = {.act = accounts_act(&a, id, ""), .note = "x"};

	(void)state;
	edit.act.version = 7;
	assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), ERR_CONFLICT);
}

static void rights_end_where_the_meters_are(void **state)
{
	struct account_suspend_case {
		int64_t space_id;
		enum err err;
	} cases[] = {
	        {a.estate.r302, ERR_HIDDEN},
                {a.estate.r301, ERR_NONE  }
        };

	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	for (size_t i = 0; i < 2; i++) {
		char name[8];
		struct account_act act = accounts_act(&a, id, "works");

		snprintf(name, sizeof name, "u%zu", i);
		act.actor = staff_with(&lab, name, P(ACCOUNT_WRITE) | P(ACCOUNT_READ), 0, 1,
		                       cases[i].space_id);
		snprintf(act.actor.reason, sizeof act.actor.reason, "works");
		assert_int_equal(lab_step(&lab, account_suspend_step, &act, false), cases[i].err);
	}
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_SUSPENDED);
}

static void an_account_is_suspended_and_resumed_with_a_reason(void **state)
{
	struct account_act act;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	act = accounts_act(&a, id, "");
	assert_int_equal(lab_step(&lab, account_suspend_step, &act, false), ERR_BAD_INPUT);
	assert_string_equal(act.fault.field, "reason");
	act = accounts_act(&a, id, "works");
	assert_int_equal(lab_step(&lab, account_resume_step, &act, false), ERR_REFUSED);
	act = accounts_act(&a, id, "works");
	assert_int_equal(lab_step(&lab, account_suspend_step, &act, false), ERR_NONE);
	act = accounts_act(&a, id, "done");
	assert_int_equal(lab_step(&lab, account_resume_step, &act, false), ERR_NONE);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
}

/* ---- opening ---- */

static void opening_records_the_newest_register(void **state)
{
	struct account_meter use;
	struct account_terms terms;
	struct rating_row rating;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	use = accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000);
	assert_int_equal(use.account_id, id);
	assert_int_equal(use.open_units, 1000000);
	assert_int_equal(use.open_source, REGISTER_AUTO);
	assert_int_equal(use.from_s, lab.now_ms / 1000);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
	assert_int_equal(rating_get(lab.db, 1, ACCOUNTS_METER, &rating), ERR_NONE);
	assert_int_equal(rating.account_id, id);
	assert_int_equal(rating.billed_units, 1000000);
	assert_int_equal(account_terms_at(lab.db, 1, id, use.from_s, &terms), ERR_NONE);
	assert_int_equal(account_terms_at(lab.db, 1, id, use.from_s - 1, &terms), ERR_NOT_FOUND);
}

static void opening_without_a_fresh_reading_wants_a_typed_register(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	int64_t id = accounts_draft(&a, a.anna, NULL);
	struct account_open open;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	assert_int_equal(accounts_open(&a, id, &meter, 1, &open), ERR_REFUSED);
	assert_string_equal(open.act.fault.field, "register");
	accounts_read(&a, ACCOUNTS_METER, 5000);
	lab_later(&lab, RATING_FRESH_S + 1);
	assert_int_equal(accounts_open(&a, id, &meter, 1, &open), ERR_REFUSED);
	meter.reg = (struct account_register){.typed = true, .units = 5400};
	assert_int_equal(accounts_open(&a, id, &meter, 1, &open), ERR_BAD_INPUT);
	assert_string_equal(open.act.fault.field, "reason");
	open = (struct account_open){
	        .act = accounts_act(&a, id, "read by hand"), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_NONE);
	assert_int_equal(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000).open_source,
	                 REGISTER_TYPED);
	assert_int_equal(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000).open_units, 5400);
}

static void opening_is_refused_where_it_would_be_wrong(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER),
	                       two[2] = {accounts_binding(ACCOUNTS_METER),
	                                 accounts_binding(ACCOUNTS_METER)};
	int64_t first = accounts_draft(&a, a.anna, NULL),
	        second = accounts_draft(&a, a.berta, NULL);
	struct account_open open;

	(void)state;
	accounts_read(&a, ACCOUNTS_METER, 5000);
	assert_int_equal(accounts_open(&a, first, &meter, 1, &open), ERR_REFUSED); /* no tariff */
	assert_string_equal(open.act.fault.field, "meters");
	accounts_price(&a, ACCOUNTS_FLAT);
	assert_int_equal(accounts_open(&a, first, NULL, 0, &open), ERR_BAD_INPUT);
	meter = accounts_binding(999999999999);
	assert_int_equal(accounts_open(&a, first, &meter, 1, &open), ERR_BAD_INPUT);
	assert_int_equal(accounts_open(&a, first, two, 2, &open), ERR_REFUSED); /* the same twice */
	assert_int_equal(accounts_row(&a, first).state, ACCOUNT_DRAFT);
	meter = accounts_binding(ACCOUNTS_METER);
	assert_int_equal(accounts_open(&a, first, &meter, 1, &open), ERR_NONE);
	meter = accounts_binding(ACCOUNTS_METER);
	assert_int_equal(accounts_open(&a, second, &meter, 1, &open),
	                 ERR_REFUSED); /* bound elsewhere */
	assert_non_null(strstr(open.act.fault.why, "bound"));
	assert_int_equal(accounts_open(&a, first, &meter, 1, &open),
	                 ERR_REFUSED); /* open already */
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET meter_use='main'"), ERR_NONE);
	accounts_read(&a, ACCOUNTS_SECOND, 1);
	meter = accounts_binding(ACCOUNTS_SECOND);
	assert_int_equal(accounts_open(&a, second, &meter, 1, &open), ERR_REFUSED);
}

static void an_old_balance_is_an_opening_entry_once(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	int64_t id = accounts_draft(&a, a.anna, NULL);
	struct account_open open;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	accounts_read(&a, ACCOUNTS_METER, 5000);
	open = (struct account_open){.act = accounts_act(&a, id, "old card"),
	                             .count = 1,
	                             .meter = &meter,
	                             .has_opening = true,
	                             .opening_fen = -1234};
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_NONE);
	assert_int_equal(accounts_balance(&a, id), -1234);
	assert_int_equal(accounts_fen(&a, LEDGER_OPENING, 0), 1234);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM ledger_group"
	                                  " WHERE group_key='opening:1' AND kind='opening'"),
	                 1);
}

static void staged(int64_t row_no, int64_t meter, int64_t space_id, int64_t customer_id,
                   int64_t amount)
{
	struct takeover_row row = {.property_id = 1,
	                           .job_id = 9,
	                           .row_no = row_no,
	                           .meter = meter,
	                           .space_id = space_id,
	                           .customer_id = customer_id,
	                           .balance_fen = amount,
	                           .old_account = "old"};

	assert_int_equal(takeover_insert(lab.db, &row), ERR_NONE);
}

static void what_was_taken_over_is_posted_with_the_opening_each_once(void **state)
{
	struct account_open open;
	int64_t id;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	staged(1, ACCOUNTS_METER, 0, 0, 500);
	staged(2, 0, a.estate.r301, 0, 70);
	staged(3, 0, 0, a.anna, -3);
	staged(4, ACCOUNTS_SECOND, 0, a.anna, 100000); /* of another meter */
	staged(5, 0, a.estate.r302, a.anna, 100000);
	id = accounts_opened(&a, NULL);
	assert_int_equal(accounts_balance(&a, id), 567);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM takeover_row WHERE state=1"), 3);
	open = (struct account_open){.act = accounts_act(&a, id, "")};
	assert_int_equal(lab_step(&lab, account_takeover_step, &open, false), ERR_REFUSED);
	staged(6, ACCOUNTS_METER, 0, 0, 33);
	open = (struct account_open){.act = accounts_act(&a, id, "")};
	assert_int_equal(lab_step(&lab, account_takeover_step, &open, false), ERR_NONE);
	assert_int_equal(open.taken_fen, 33);
	assert_int_equal(accounts_balance(&a, id), 600);
}

static void a_typed_balance_does_not_come_beside_one_that_was_taken_over(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	int64_t id = accounts_draft(&a, a.anna, NULL);
	struct account_open open = {.act = accounts_act(&a, id, "both"),
	                            .count = 1,
	                            .meter = &meter,
	                            .has_opening = true,
	                            .opening_fen = 500};

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	accounts_read(&a, ACCOUNTS_METER, 5000);
	staged(1, ACCOUNTS_METER, 0, 0, 500);
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_REFUSED);
	assert_string_equal(open.act.fault.field, "opening_fen");
	assert_int_equal(accounts_balance(&a, id), 0);
}

static void meters_are_added_later(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_SECOND);
	struct account_open open;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_SECOND, 777);
	open = (struct account_open){.act = accounts_act(&a, id, ""), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_add_step, &open, false), ERR_NONE);
	assert_int_equal(accounts_use(&a, ACCOUNTS_SECOND, lab.now_ms / 1000).account_id, id);
	assert_int_equal(accounts_use(&a, ACCOUNTS_SECOND, lab.now_ms / 1000).open_units, 777);
}

/* ---- the meter tree ---- */

static void no_meter_stands_below_itself(void **state)
{
	const struct {
		int64_t meter, parent;
		enum err err;
	} cases[] = {
	        {ACCOUNTS_METER,  ACCOUNTS_METER,  ERR_REFUSED  },
	        {ACCOUNTS_METER,  ACCOUNTS_SECOND, ERR_NONE     },
	        {ACCOUNTS_SECOND, ACCOUNTS_METER,  ERR_REFUSED  },
	        {ACCOUNTS_SECOND, ACCOUNTS_THIRD,  ERR_NONE     },
	        {ACCOUNTS_THIRD,  ACCOUNTS_METER,  ERR_REFUSED  },
	        {ACCOUNTS_METER,  0,               ERR_NONE     },
	        {ACCOUNTS_THIRD,  ACCOUNTS_METER,  ERR_NONE     },
	        {ACCOUNTS_METER,  999999999999,    ERR_BAD_INPUT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct meter_parent_act r = {.actor = a.estate.chief,
		                             .property_id = 1,
		                             .meter = cases[i].meter,
		                             .parent = cases[i].parent};

		assert_int_equal(lab_step(&lab, meter_parent_step, &r, false), cases[i].err);
		if (cases[i].err)
			assert_string_equal(r.fault.field, "above");
	}
}

int main(void)
{
#define T(name) ACCOUNTS_TEST(name, &a)
	const struct CMUnitTest tests[] = {
	        T(a_draft_has_a_number_and_terms_and_no_meter),
	        T(an_edit_names_what_is_wrong),
	        T(limits_are_the_plans_but_for_its_own),
	        T(an_old_version_is_a_conflict),
	        T(rights_end_where_the_meters_are),
	        T(an_account_is_suspended_and_resumed_with_a_reason),
	        T(opening_records_the_newest_register),
	        T(opening_without_a_fresh_reading_wants_a_typed_register),
	        T(opening_is_refused_where_it_would_be_wrong),
	        T(an_old_balance_is_an_opening_entry_once),
	        T(what_was_taken_over_is_posted_with_the_opening_each_once),
	        T(a_typed_balance_does_not_come_beside_one_that_was_taken_over),
	        T(meters_are_added_later),
	        T(no_meter_stands_below_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
