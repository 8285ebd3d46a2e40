/* Accounts from draft to closed: opening with a baseline, closing with and without the meter, other
 * customers, other rooms, other meters, and each kind of contract worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/proto/meter.h"
#include "platform/core/account_bill.h"
#include "platform/core/account_swap.h"
#include "platform/core/approval.h"
#include "platform/core/daily.h"
#include "platform/core/supply_look.h"
#include "platform/store/latest.h"
#include "platform/store/ledger.h"
#include "platform/store/takeover.h"
#include "platform/test/estate.h"

#define METER  LAB_METER       /* in 301 */
#define SECOND (LAB_METER + 1) /* in 302 */
#define THIRD  (LAB_METER + 2) /* nowhere */
#define HOUR   INT64_C(3600)

/* 0.60 yuan; with a second step of + 0.10 above 100 kWh a month. */
#define FLAT "{\"rates\":[{\"price_uy\":600000}]}"
#define STEPS                                                                                      \
	"{\"rates\":[{\"price_uy\":600000}],\"steps\":{\"thresholds\":[100000],"                   \
	"\"prices_uy\":[0,100000],\"settle\":[{\"day\":1}]}}"

static struct lab lab;
static struct estate estate;
static int64_t anna, berta;

/* ---- helpers ---- */

struct call {
	enum err (*run)(struct tx *tx, void *arg, int64_t now_ms);
	void *arg;
};

static enum err call_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct call *call = arg;

	(void)out;
	return call->run(tx, call->arg, now_ms);
}

static void run(enum err (*fn)(struct tx *tx, void *arg, int64_t now_ms), void *arg)
{
	struct call call = {fn, arg};

	assert_int_equal(lab_step(&lab, call_step, &call, false), ERR_NONE);
}

static enum err put_price(struct tx *tx, void *arg, int64_t now_ms)
{
	const struct tariff_version_row version = {.version_id = 1,
	                                           .tariff_id = 1,
	                                           .valid_from_s = 1,
	                                           .state = TARIFF_PUBLISHED,
	                                           .body = arg,
	                                           .by_name = "test",
	                                           .version = 1};
	const struct tariff_use use = {.property_id = 1,
	                               .service = SERVICE_ELECTRICITY,
	                               .from_s = 1,
	                               .tariff_id = 1,
	                               .by_name = "test"};
	enum err err = tariff_version_insert(tx->db, &version);

	(void)now_ms;
	return err ? err : tariff_use_put(tx->db, &use);
}

static void price(const char *body)
{
	char text[512];

	snprintf(text, sizeof text, "%s", body);
	run(put_price, text);
}

static enum err put_reading(struct tx *tx, void *arg, int64_t now_ms)
{
	const struct reading *reading = arg;
	struct rating_pass pass = {.property_id = 1, .meter = reading->meter};
	enum err err = latest_put(tx->db, 1, reading);

	return err ? err : rating_pass(tx, &pass, now_ms);
}

/* A reading of this instant, stored and rated. */
static void read_now(int64_t meter, int64_t wh)
{
	struct reading reading = lab_reading(meter, lab.now_ms / 1000, wh);

	run(put_reading, &reading);
}

static void later(int64_t seconds)
{
	lab.now_ms += seconds * 1000;
}

static struct account_row account(int64_t account_id)
{
	struct account_row row;

	assert_int_equal(account_get(lab.db, 1, account_id, &row), ERR_NONE);
	return row;
}

static struct account_act act_on(int64_t account_id, const char *reason)
{
	struct account_act act = {
	        .actor = estate.chief, .property_id = 1, .account_id = account_id};

	snprintf(act.actor.reason, sizeof act.actor.reason, "%s", reason);
	if (account_id)
		act.version = account(account_id).version;
	return act;
}

static int64_t draft(int64_t customer_id, const struct account_terms *terms)
{
	struct account_edit edit = {.act = act_on(0, ""), .customer_id = customer_id};

	if (terms) {
		edit.has_terms = true;
		edit.terms = *terms;
	}
	assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.act.row.state, ACCOUNT_DRAFT);
	return edit.act.row.account_id;
}

static struct account_binding binding(int64_t meter)
{
	return (struct account_binding){
	        .meter = meter, .service = SERVICE_ELECTRICITY, .credit = CREDIT_PLATFORM};
}

static enum err try_open(int64_t account_id, struct account_binding *meters, size_t count,
                         struct account_open *open)
{
	*open = (struct account_open){
	        .act = act_on(account_id, ""), .count = count, .meter = meters};
	return lab_step(&lab, account_open_step, open, false);
}

/* An account of anna with METER, whose register stands at 1,000 kWh. */
static int64_t opened(const struct account_terms *terms)
{
	struct account_binding meter = binding(METER);
	int64_t id = draft(anna, terms);
	struct account_open open;

	read_now(METER, 1000000);
	assert_int_equal(try_open(id, &meter, 1, &open), ERR_NONE);
	return id;
}

static int64_t fen(enum ledger_account of, int64_t subject)
{
	struct ledger_balance balance;

	assert_int_equal(ledger_balance(lab.db, 1, of, subject, &balance), ERR_NONE);
	return account_fen(balance.balance);
}

static int64_t balance(int64_t account_id)
{
	return fen(LEDGER_ACCOUNT, account_id);
}

struct paying {
	int64_t account_id, amount;
};

static enum err do_pay(struct tx *tx, void *arg, int64_t now_ms)
{
	static int number;
	const struct paying *paying = arg;
	char key[32];
	struct property_row property;
	struct account_posting posting = {.property_id = 1,
	                                  .account_id = paying->account_id,
	                                  .key = key,
	                                  .kind = "sale",
	                                  .reason = "",
	                                  .other = LEDGER_TILL,
	                                  .subject = 1,
	                                  .amount = money_fen(paying->amount)};
	enum err err = property_get(tx->db, 1, &property);

	snprintf(key, sizeof key, "order:%d:paid", ++number);
	posting.day = property_day(&property, now_ms / 1000);
	return err ? err : account_post(tx, &property, &posting, "cashier", now_ms);
}

static void pay(int64_t account_id, int64_t amount)
{
	struct paying paying = {account_id, amount};

	run(do_pay, &paying);
}

static struct account_meter use_at(int64_t meter, int64_t at_s)
{
	struct account_meter use;

	assert_int_equal(account_meter_at(lab.db, 1, meter, at_s, &use), ERR_NONE);
	return use;
}

static void ledger_is_sound(void)
{
	struct ledger_proof proof;

	assert_int_equal(ledger_verify(lab.db, 1, &proof), ERR_NONE);
}

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	anna = estate_customer(&estate, "Anna", "13812345678");
	berta = estate_customer(&estate, "Berta", "13912345678");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_is_sound();
	lab_teardown(&lab);
	return 0;
}

/* ---- drafts and edits ---- */

static void a_draft_has_a_number_and_terms_and_no_meter(void **state)
{
	int64_t id = draft(anna, NULL);
	struct account_row row = account(id);
	struct account_terms terms;

	(void)state;
	assert_string_equal(row.code, "H000001");
	assert_int_equal(row.customer_id, anna);
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
	int64_t id = draft(anna, NULL);

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

		edit.act = act_on(id, "");
		assert_int_equal(lab_step(&lab, account_edit_step, &edit, false), cases[i].err);
		assert_string_equal(edit.act.fault.field, cases[i].field);
	}
	assert_int_equal(account(id).version, 1);
}

static void limits_are_the_plans_but_for_its_own(void **state)
{
	int64_t id = draft(anna, NULL);
	struct account_edit edit = {.act = act_on(id, ""),
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
	int64_t id = draft(anna, NULL);
	struct account_edit edit = {.act = act_on(id, ""), .note = "x"};

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
	        {estate.r302, ERR_HIDDEN},
                {estate.r301, ERR_NONE  }
        };

	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	for (size_t i = 0; i < 2; i++) {
		char name[8];
		struct account_act act = act_on(id, "works");

		snprintf(name, sizeof name, "u%zu", i);
		act.actor = staff_with(&lab, name, P(ACCOUNT_WRITE) | P(ACCOUNT_READ), 0, 1,
		                       cases[i].space_id);
		snprintf(act.actor.reason, sizeof act.actor.reason, "works");
		assert_int_equal(lab_step(&lab, account_suspend_step, &act, false), cases[i].err);
	}
	assert_int_equal(account(id).state, ACCOUNT_SUSPENDED);
}

static void an_account_is_suspended_and_resumed_with_a_reason(void **state)
{
	struct account_act act;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	act = act_on(id, "");
	assert_int_equal(lab_step(&lab, account_suspend_step, &act, false), ERR_BAD_INPUT);
	assert_string_equal(act.fault.field, "reason");
	act = act_on(id, "works");
	assert_int_equal(lab_step(&lab, account_resume_step, &act, false), ERR_REFUSED);
	act = act_on(id, "works");
	assert_int_equal(lab_step(&lab, account_suspend_step, &act, false), ERR_NONE);
	act = act_on(id, "done");
	assert_int_equal(lab_step(&lab, account_resume_step, &act, false), ERR_NONE);
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
}

/* ---- opening ---- */

static void opening_records_the_newest_register(void **state)
{
	struct account_meter use;
	struct account_terms terms;
	struct rating_row rating;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	use = use_at(METER, lab.now_ms / 1000);
	assert_int_equal(use.account_id, id);
	assert_int_equal(use.open_units, 1000000);
	assert_int_equal(use.open_source, REGISTER_AUTO);
	assert_int_equal(use.from_s, lab.now_ms / 1000);
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
	assert_int_equal(rating_get(lab.db, 1, METER, &rating), ERR_NONE);
	assert_int_equal(rating.account_id, id);
	assert_int_equal(rating.billed_units, 1000000);
	assert_int_equal(account_terms_at(lab.db, 1, id, use.from_s, &terms), ERR_NONE);
	assert_int_equal(account_terms_at(lab.db, 1, id, use.from_s - 1, &terms), ERR_NOT_FOUND);
}

static void opening_without_a_fresh_reading_wants_a_typed_register(void **state)
{
	struct account_binding meter = binding(METER);
	int64_t id = draft(anna, NULL);
	struct account_open open;

	(void)state;
	price(FLAT);
	assert_int_equal(try_open(id, &meter, 1, &open), ERR_REFUSED);
	assert_string_equal(open.act.fault.field, "register");
	read_now(METER, 5000);
	later(RATING_FRESH_S + 1);
	assert_int_equal(try_open(id, &meter, 1, &open), ERR_REFUSED);
	meter.reg = (struct account_register){.typed = true, .units = 5400};
	assert_int_equal(try_open(id, &meter, 1, &open), ERR_BAD_INPUT);
	assert_string_equal(open.act.fault.field, "reason");
	open = (struct account_open){
	        .act = act_on(id, "read by hand"), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_NONE);
	assert_int_equal(use_at(METER, lab.now_ms / 1000).open_source, REGISTER_TYPED);
	assert_int_equal(use_at(METER, lab.now_ms / 1000).open_units, 5400);
}

static void opening_is_refused_where_it_would_be_wrong(void **state)
{
	struct account_binding meter = binding(METER), two[2] = {binding(METER), binding(METER)};
	int64_t first = draft(anna, NULL), second = draft(berta, NULL);
	struct account_open open;

	(void)state;
	read_now(METER, 5000);
	assert_int_equal(try_open(first, &meter, 1, &open), ERR_REFUSED); /* no tariff */
	assert_string_equal(open.act.fault.field, "meters");
	price(FLAT);
	assert_int_equal(try_open(first, NULL, 0, &open), ERR_BAD_INPUT);
	meter = binding(999999999999);
	assert_int_equal(try_open(first, &meter, 1, &open), ERR_BAD_INPUT);
	assert_int_equal(try_open(first, two, 2, &open), ERR_REFUSED); /* the same twice */
	assert_int_equal(account(first).state, ACCOUNT_DRAFT);
	meter = binding(METER);
	assert_int_equal(try_open(first, &meter, 1, &open), ERR_NONE);
	meter = binding(METER);
	assert_int_equal(try_open(second, &meter, 1, &open), ERR_REFUSED); /* bound elsewhere */
	assert_non_null(strstr(open.act.fault.why, "bound"));
	assert_int_equal(try_open(first, &meter, 1, &open), ERR_REFUSED); /* open already */
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET meter_use='main'"), ERR_NONE);
	read_now(SECOND, 1);
	meter = binding(SECOND);
	assert_int_equal(try_open(second, &meter, 1, &open), ERR_REFUSED);
}

static void an_old_balance_is_an_opening_entry_once(void **state)
{
	struct account_binding meter = binding(METER);
	int64_t id = draft(anna, NULL);
	struct account_open open;

	(void)state;
	price(FLAT);
	read_now(METER, 5000);
	open = (struct account_open){.act = act_on(id, "old card"),
	                             .count = 1,
	                             .meter = &meter,
	                             .has_opening = true,
	                             .opening_fen = -1234};
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_NONE);
	assert_int_equal(balance(id), -1234);
	assert_int_equal(fen(LEDGER_OPENING, 0), 1234);
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
	price(FLAT);
	staged(1, METER, 0, 0, 500);
	staged(2, 0, estate.r301, 0, 70);
	staged(3, 0, 0, anna, -3);
	staged(4, SECOND, 0, anna, 100000); /* of another meter */
	staged(5, 0, estate.r302, anna, 100000);
	id = opened(NULL);
	assert_int_equal(balance(id), 567);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM takeover_row WHERE state=1"), 3);
	open = (struct account_open){.act = act_on(id, "")};
	assert_int_equal(lab_step(&lab, account_takeover_step, &open, false), ERR_REFUSED);
	staged(6, METER, 0, 0, 33);
	open = (struct account_open){.act = act_on(id, "")};
	assert_int_equal(lab_step(&lab, account_takeover_step, &open, false), ERR_NONE);
	assert_int_equal(open.taken_fen, 33);
	assert_int_equal(balance(id), 600);
}

static void a_typed_balance_does_not_come_beside_one_that_was_taken_over(void **state)
{
	struct account_binding meter = binding(METER);
	int64_t id = draft(anna, NULL);
	struct account_open open = {.act = act_on(id, "both"),
	                            .count = 1,
	                            .meter = &meter,
	                            .has_opening = true,
	                            .opening_fen = 500};

	(void)state;
	price(FLAT);
	read_now(METER, 5000);
	staged(1, METER, 0, 0, 500);
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_REFUSED);
	assert_string_equal(open.act.fault.field, "opening_fen");
	assert_int_equal(balance(id), 0);
}

static void meters_are_added_later(void **state)
{
	struct account_binding meter = binding(SECOND);
	struct account_open open;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	later(HOUR);
	read_now(SECOND, 777);
	open = (struct account_open){.act = act_on(id, ""), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_add_step, &open, false), ERR_NONE);
	assert_int_equal(use_at(SECOND, lab.now_ms / 1000).account_id, id);
	assert_int_equal(use_at(SECOND, lab.now_ms / 1000).open_units, 777);
}

/* ---- closing ---- */

static enum err try_close(int64_t id, const struct account_final *meters, size_t count,
                          struct account_close *close)
{
	*close = (struct account_close){.act = act_on(id, "moves out"),
	                                .count = count,
	                                .meter = meters,
	                                .payee = "6222 0000 1111"};
	return lab_step(&lab, account_close_step, close, false);
}

static void closing_charges_to_the_newest_reading_and_refunds_the_rest(void **state)
{
	struct account_close close;
	struct refund_row refund;
	struct account_meter use;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	pay(id, 10000);
	later(HOUR);
	read_now(METER, 1010000); /* 10 kWh: 6.00 */
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.direction, ACCOUNT_REFUND);
	assert_int_equal(close.balance_fen, 9400);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='closing'"), 1);
	assert_int_equal(account(id).state, ACCOUNT_CLOSED);
	assert_int_equal(account(id).closed_s, lab.now_ms / 1000);
	assert_int_equal(balance(id), 0);
	assert_int_equal(fen(LEDGER_PAYABLE, id), 9400);
	use = use_at(METER, lab.now_ms / 1000 - 1);
	assert_int_equal(use.until_s, lab.now_ms / 1000);
	assert_int_equal(use.close_units, 1010000);
	assert_int_equal(use.close_source, REGISTER_AUTO);
	assert_int_equal(refund_get(lab.db, 1, close.refund_id, &refund), ERR_NONE);
	assert_int_equal(refund.state, REFUND_DECIDED);
	assert_int_equal(refund.amount_fen, 9400);
	assert_string_equal(refund.payee, "6222 0000 1111");
	/* What is used now is nobody's. */
	later(HOUR);
	read_now(METER, 1020000);
	assert_int_equal(balance(id), 0);
}

static void closing_needs_a_reason_and_a_payee(void **state)
{
	struct account_close close;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	pay(id, 100);
	close = (struct account_close){.act = act_on(id, ""), .payee = "x"};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "reason");
	close = (struct account_close){.act = act_on(id, "moves out")};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "payee");
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
	assert_true(use_at(METER, lab.now_ms / 1000).until_s == ACCOUNT_OPEN_S);
}

static void a_meter_that_is_away_is_closed_by_a_typed_register_with_a_photo(void **state)
{
	struct account_final final = {.meter = METER};
	struct account_close close;
	struct account_meter use;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	pay(id, 5000);
	later(3 * SECONDS_PER_DAY);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_REFUSED);
	assert_string_equal(close.act.fault.field, "register");
	final.reg = (struct account_register){.typed = true, .units = 1050000};
	assert_int_equal(try_close(id, &final, 1, &close), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "photo");
	final.reg.photo = "301.jpg";
	final.reg.units = 999000; /* less than at the opening */
	assert_int_equal(try_close(id, &final, 1, &close), ERR_REFUSED);
	assert_string_equal(close.act.fault.field, "register");
	final.reg.units = 1050000; /* 50 kWh: 30.00 */
	assert_int_equal(try_close(id, &final, 1, &close), ERR_NONE);
	assert_int_equal(close.balance_fen, 2000);
	use = use_at(METER, lab.now_ms / 1000 - 1);
	assert_int_equal(use.close_source, REGISTER_TYPED);
	assert_string_equal(use.photo, "301.jpg");
}

static void who_owes_stays_in_closing_until_he_has_paid(void **state)
{
	struct account_close close, finish;
	struct daily_request daily;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	later(HOUR);
	read_now(METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.direction, ACCOUNT_OWES);
	assert_int_equal(close.balance_fen, -600);
	assert_int_equal(account(id).state, ACCOUNT_CLOSING);
	finish = (struct account_close){.act = act_on(id, "paid?")};
	assert_int_equal(lab_step(&lab, account_finish_step, &finish, false), ERR_REFUSED);
	pay(id, 600);
	assert_int_equal(lab_step(&lab, daily_step, &daily, false), ERR_NONE);
	assert_int_equal(account(id).state, ACCOUNT_CLOSED);
	assert_int_equal(balance(id), 0);
}

static void who_pays_too_much_while_closing_gets_it_back(void **state)
{
	struct account_close close, finish;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	later(HOUR);
	read_now(METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	pay(id, 1000);
	finish = (struct account_close){.act = act_on(id, "paid"), .payee = "acct"};
	assert_int_equal(lab_step(&lab, account_finish_step, &finish, false), ERR_NONE);
	assert_int_equal(finish.direction, ACCOUNT_REFUND);
	assert_int_equal(fen(LEDGER_PAYABLE, id), 400);
	assert_int_equal(account(id).state, ACCOUNT_CLOSED);
}

static void a_debt_is_written_off_by_two_persons(void **state)
{
	struct account_close close;
	struct account_writeoff r;
	struct approval_decision d;
	struct approval_row row;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	later(HOUR);
	read_now(METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	r = (struct account_writeoff){.act = act_on(id, "gone away"), .owed_fen = 500};
	assert_int_equal(lab_step(&lab, account_writeoff_step, &r, false), ERR_REFUSED);
	r = (struct account_writeoff){.act = act_on(id, "gone away"), .owed_fen = 600};
	assert_int_equal(lab_step(&lab, account_writeoff_step, &r, false), ERR_NONE);
	assert_int_equal(balance(id), -600); /* only asked */
	d = (struct approval_decision){
	        .approval_id = r.approval_id,
	        .verdict = APPROVAL_AGREE,
	        .actor = staff_with(&lab, "second",
	                            P(ACCOUNT_CLOSE) | P(APPROVAL_DECIDE) | P(ACCOUNT_READ), 0, 1,
	                            0)};
	assert_int_equal(approval_get(lab.db, r.approval_id, &row), ERR_NONE);
	snprintf(d.hash, sizeof d.hash, "%s", row.hash);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_NONE);
	assert_string_equal(d.row.result, "account H000001");
	assert_int_equal(balance(id), 0);
	assert_int_equal(fen(LEDGER_ADJUST, 0), -600);
	assert_int_equal(account(id).state, ACCOUNT_CLOSED);
}

static void a_large_payout_waits_for_a_second_person(void **state)
{
	struct account_close close, again;
	struct approval_decision d;
	struct approval_row row;
	struct refund_row refund;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	pay(id, 60000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.refund_id, 0);
	assert_int_not_equal(close.approval_id, 0);
	assert_int_equal(account(id).state, ACCOUNT_CLOSED);
	assert_int_equal(fen(LEDGER_PAYABLE, id), 60000);
	again = (struct account_close){.act = act_on(id, "moves out"), .payee = "6222 0000 1111"};
	assert_int_equal(lab_step(&lab, account_payout_step, &again, false), ERR_REFUSED);
	d = (struct approval_decision){
	        .approval_id = close.approval_id,
	        .verdict = APPROVAL_AGREE,
	        .actor = staff_with(&lab, "second",
	                            P(ACCOUNT_CLOSE) | P(APPROVAL_DECIDE) | P(ACCOUNT_READ), 0, 1,
	                            0)};
	assert_int_equal(approval_get(lab.db, close.approval_id, &row), ERR_NONE);
	snprintf(d.hash, sizeof d.hash, "%s", row.hash);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_NONE);
	assert_string_equal(d.row.result, "refund 1");
	assert_int_equal(refund_get(lab.db, 1, 1, &refund), ERR_NONE);
	assert_int_equal(refund.amount_fen, 60000);
	assert_int_equal(refund.kind, REFUND_CLOSING);
	assert_int_not_equal(refund.group_no, 0);
	again = (struct account_close){.act = act_on(id, "once more"), .payee = "6222"};
	assert_int_equal(lab_step(&lab, account_payout_step, &again, false), ERR_REFUSED);
}

static void some_meters_leave_and_the_account_goes_on(void **state)
{
	struct account_binding meter = binding(SECOND);
	struct account_final final = {.meter = METER};
	struct account_open open;
	struct account_close close;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	read_now(SECOND, 10);
	open = (struct account_open){.act = act_on(id, ""), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_add_step, &open, false), ERR_NONE);
	later(HOUR);
	read_now(METER, 1010000);
	close = (struct account_close){
	        .act = act_on(id, "back"), .part = true, .count = 1, .meter = &final};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_NONE);
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
	assert_int_equal(balance(id), -600);
	assert_true(use_at(METER, lab.now_ms / 1000 - 1).until_s == lab.now_ms / 1000);
	assert_true(use_at(SECOND, lab.now_ms / 1000).until_s == ACCOUNT_OPEN_S);
	/* A meter of nobody is none of this account's. */
	close = (struct account_close){
	        .act = act_on(id, "back"), .part = true, .count = 1, .meter = &final};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "meters");
}

/* ---- another customer, another room ---- */

static void another_customer_takes_over_with_one_reading(void **state)
{
	struct account_change change;
	struct account_meter old, new;
	struct rating_row rating;
	int64_t id, edge;

	(void)state;
	price(STEPS);
	id = opened(NULL);
	pay(id, 20000);
	later(10 * HOUR);
	read_now(METER, 1110000); /* 100 x 0.60 + 10 x 0.70 = 67.00 */
	edge = lab.now_ms / 1000;
	later(60);
	change = (struct account_change){
	        .act = act_on(id, "shop sold"), .payee = "6222", .customer_id = berta};
	assert_int_equal(lab_step(&lab, account_change_step, &change, false), ERR_NONE);
	assert_int_equal(change.closed.balance_fen, 13300);
	assert_int_equal(account(id).state, ACCOUNT_CLOSED);
	assert_int_equal(change.opened.state, ACCOUNT_OPEN);
	assert_int_equal(change.opened.customer_id, berta);
	old = use_at(METER, edge - 1);
	new = use_at(METER, edge);
	assert_int_equal(old.account_id, id);
	assert_int_equal(old.until_s, edge);
	assert_int_equal(new.from_s, edge);
	assert_int_equal(new.account_id, change.opened.account_id);
	assert_int_equal(old.close_units, new.open_units);
	/* Berta begins in the first step. */
	assert_int_equal(rating_get(lab.db, 1, METER, &rating), ERR_NONE);
	assert_int_equal(rating.step_used, 0);
	later(HOUR);
	read_now(METER, 1120000);
	assert_int_equal(rating_get(lab.db, 1, METER, &rating), ERR_NONE);
	assert_int_equal(rating.step_used, 10000);
}

static void a_change_to_nobody_changes_nothing(void **state)
{
	struct account_change change;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	change = (struct account_change){.act = act_on(id, "sold"), .customer_id = 999};
	assert_int_equal(lab_step(&lab, account_change_step, &change, false), ERR_BAD_INPUT);
	assert_string_equal(change.act.fault.field, "customer");
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
}

static void a_tenant_changes_rooms_with_his_money(void **state)
{
	struct account_final old = {.meter = METER};
	struct account_binding to = binding(SECOND);
	struct account_move move;
	struct rating_row rating;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	pay(id, 10000);
	later(HOUR);
	read_now(METER, 1010000);
	read_now(SECOND, 500000);
	move = (struct account_move){.act = act_on(id, "other room"),
	                             .old_count = 1,
	                             .to_count = 1,
	                             .old = &old,
	                             .to = &to};
	assert_int_equal(lab_step(&lab, account_move_step, &move, false), ERR_NONE);
	assert_int_equal(balance(id), 9400);
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
	assert_int_equal(use_at(METER, lab.now_ms / 1000 - 1).close_units, 1010000);
	assert_int_equal(use_at(SECOND, lab.now_ms / 1000).open_units, 500000);
	assert_int_equal(rating_get(lab.db, 1, SECOND, &rating), ERR_NONE);
	assert_int_equal(rating.step_used, 0);
	assert_int_equal(rating.account_id, id);
}

/* ---- swap ---- */

static void swapped(int64_t id, const struct account_final *old, int64_t new_units,
                    struct account_swap *swap, enum err expected)
{
	read_now(THIRD, new_units);
	*swap = (struct account_swap){
	        .act = act_on(id, "broken"),
	        .old = *old,
	        .to = binding(THIRD),
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	assert_int_equal(lab_step(&lab, account_swap_step, swap, false), expected);
}

/* Consumption over a swap: (old last - old start) + (new end - new start); the step goes on, also in
 * arrears. */
static void a_swap_carries_balance_and_step(void **state)
{
	struct account_final old = {.meter = METER};
	struct account_swap swap;
	struct meter_row meter;
	int64_t id;

	(void)state;
	price(STEPS);
	id = opened(NULL);
	pay(id, 5000);
	later(2 * HOUR);
	read_now(METER, 1090000); /* 90 kWh: 54.00, 4.00 owed */
	swapped(id, &old, 200000, &swap, ERR_NONE);
	assert_int_equal(balance(id), -400);
	later(3 * HOUR);
	read_now(THIRD, 230000); /* 30 kWh: 10 x 0.60 + 20 x 0.70 = 20.00 */
	lab.now_ms = estate_day_s(estate_today() + 1) * 1000;
	read_now(THIRD, 230000);
	assert_int_equal(balance(id), -2400);
	assert_int_equal(use_at(THIRD, lab.now_ms / 1000).account_id, id);
	assert_int_equal(account(id).state, ACCOUNT_OPEN);
	/* It hangs where the old one did. */
	assert_int_equal(meter_get(lab.db, 1, THIRD, &meter), ERR_NONE);
	assert_int_equal(meter.space_id, estate.r301);
	assert_int_equal(swap.command_id, 0);
}

static void a_dead_meter_is_swapped_by_a_typed_register(void **state)
{
	struct account_final old = {.meter = METER};
	struct account_swap swap;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(NULL);
	later(2 * SECONDS_PER_DAY);
	swapped(id, &old, 0, &swap, ERR_REFUSED);
	assert_string_equal(swap.act.fault.field, "register");
	assert_true(use_at(METER, lab.now_ms / 1000).until_s == ACCOUNT_OPEN_S);
	old.reg = (struct account_register){.typed = true, .units = 1020000, .photo = "old.jpg"};
	swapped(id, &old, 0, &swap, ERR_NONE);
	assert_int_equal(balance(id), -1200);
	assert_string_equal(use_at(METER, lab.now_ms / 1000 - 1).photo, "old.jpg");
}

static enum err put_kept(struct tx *tx, void *arg, int64_t now_ms)
{
	struct reading reading = lab_reading(METER, now_ms / 1000, 1000000);

	(void)arg;
	reading.state |= METER_KEEP_POWER;
	return latest_put(tx->db, 1, &reading);
}

static void a_swap_carries_keep_power_tree_and_tariff(void **state)
{
	struct account_final old = {.meter = METER};
	struct meter_parent_act parent = {
	        .actor = estate.chief, .property_id = 1, .meter = METER, .parent = SECOND};
	struct tariff_use own = {.property_id = 1,
	                         .meter = METER,
	                         .service = SERVICE_ELECTRICITY,
	                         .from_s = 1,
	                         .tariff_id = 1,
	                         .by_name = "test"};
	struct meter_parent row;
	struct account_swap swap;
	int64_t id;

	(void)state;
	price(FLAT);
	assert_int_equal(tariff_use_put(lab.db, &own), ERR_NONE);
	assert_int_equal(lab_step(&lab, meter_parent_step, &parent, false), ERR_NONE);
	id = opened(NULL);
	run(put_kept, NULL);
	swapped(id, &old, 0, &swap, ERR_NONE);
	assert_int_not_equal(swap.command_id, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE kind=4"), 1);
	assert_int_equal(lab_number(&lab, "SELECT meter FROM command WHERE kind=4") == THIRD, 1);
	assert_int_equal(meter_parent_at(lab.db, 1, THIRD, lab.now_ms / 1000, &row), ERR_NONE);
	assert_true(row.parent == SECOND);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM meter_tariff"), 2);
}

/* ---- the meter tree ---- */

static void no_meter_stands_below_itself(void **state)
{
	const struct {
		int64_t meter, parent;
		enum err err;
	} cases[] = {
	        {METER,  METER,        ERR_REFUSED  },
                {METER,  SECOND,       ERR_NONE     },
	        {SECOND, METER,        ERR_REFUSED  },
                {SECOND, THIRD,        ERR_NONE     },
	        {THIRD,  METER,        ERR_REFUSED  },
                {METER,  0,            ERR_NONE     },
	        {THIRD,  METER,        ERR_NONE     },
                {METER,  999999999999, ERR_BAD_INPUT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct meter_parent_act r = {.actor = estate.chief,
		                             .property_id = 1,
		                             .meter = cases[i].meter,
		                             .parent = cases[i].parent};

		assert_int_equal(lab_step(&lab, meter_parent_step, &r, false), cases[i].err);
		if (cases[i].err)
			assert_string_equal(r.fault.field, "above");
	}
}

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
	struct account_binding meter = binding(SECOND);
	struct account_open open;
	struct account_money money;
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(&terms);
	read_now(SECOND, 0);
	open = (struct account_open){.act = act_on(id, ""), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_add_step, &open, false), ERR_NONE);
	pay(id, 10000);
	later(HOUR);
	read_now(METER, 1020000);
	read_now(SECOND, 5000);
	assert_int_equal(account_money(lab.db, 1, id, lab.now_ms, &money), ERR_NONE);
	assert_int_equal(account_fen(money.available), 8500);
	assert_int_equal(balance(id), 10000);
	midnight(1);
	read_now(METER, 1020000);
	read_now(SECOND, 5000);
	assert_int_equal(balance(id), 8500);
}

/* 300.00 a month: November has 30 days, so each costs 10.00, and use costs nothing. Opened on the 24th: its
 * days are the 25th to the 30th. December: 300.00 / 31, day by day, in all 300.00. */
static void a_monthly_fee_is_charged_day_by_day_and_use_is_free(void **state)
{
	const struct account_terms terms = {.kind = ACCOUNT_MONTHLY_FEE, .fee_fen = 30000};
	int64_t id;

	(void)state;
	price(FLAT);
	id = opened(&terms);
	daily();
	assert_int_equal(balance(id), 0);
	later(HOUR);
	read_now(METER, 1100000);
	midnight(1);
	read_now(METER, 1100000);
	daily();
	daily(); /* twice is once */
	assert_int_equal(balance(id), -1000);
	midnight(6); /* 30 November, five days at once */
	read_now(METER, 1200000);
	daily();
	assert_int_equal(balance(id), -6000);
	midnight(7);
	daily();
	assert_int_equal(balance(id), -6967); /* floor(30000 / 31) */
	midnight(6 + 31);
	daily();
	assert_int_equal(balance(id), -36000);
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

static enum err do_look(struct tx *tx, void *arg, int64_t now_ms)
{
	struct supply_look *look = arg;

	return supply_look(tx, 1, look->account.account_id, now_ms, look);
}

/* What the supply decision goes by. */
static int64_t supply_balance(int64_t account_id)
{
	struct supply_look look = {.account = {.account_id = account_id}};

	run(do_look, &look);
	return account_fen(look.balance);
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
	price(FLAT);
	id = opened(&terms);
	daily();
	later(HOUR);
	read_now(METER, 1040000);
	midnight(3); /* the 27th, readings have not come */
	daily();
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NOT_FOUND);
	later(HOUR);
	read_now(METER, 1040000);
	daily();
	assert_int_equal(account_bill_last(lab.db, 1, id, &bill), ERR_NONE);
	assert_int_equal(bill.amount_fen, 2400);
	assert_int_equal(bill.to_day, today + 3);
	assert_int_equal(bill.due_day, today + 13);
	midnight(5);
	read_now(METER, 1050000);
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
	pay(id, 1000);
	assert_int_equal(standing(id).overdue_fen, 1400);
	pay(id, 1400);
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
	price(FLAT);
	id = opened(NULL);
	r = (struct account_terms_act){
	        .act = act_on(id, "new contract"),
	        .terms = {.kind = ACCOUNT_MONTHLY_FEE,
	                  .fee_fen = 30000,
	                  .from_s = estate_day_s(estate_today() + 1) + 1}
        };
	assert_int_equal(lab_step(&lab, account_terms_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.act.fault.field, "from");
	r.act = act_on(id, "new contract");
	r.terms.from_s -= 1;
	assert_int_equal(lab_step(&lab, account_terms_step, &r, false), ERR_NONE);
	later(HOUR);
	read_now(METER, 1020000);
	midnight(1);
	read_now(METER, 1020000);
	daily();
	assert_int_equal(balance(id), -1200 - 1000);
	later(HOUR);
	read_now(METER, 1050000);
	midnight(2);
	read_now(METER, 1050000);
	daily();
	assert_int_equal(balance(id), -1200 - 2000);
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

	int64_t id = draft(anna, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct account_terms_act r = {.act = act_on(id, ""), .terms = cases[i].terms};

		assert_int_equal(lab_step(&lab, account_terms_step, &r, false), ERR_BAD_INPUT);
		assert_string_equal(r.act.fault.field, cases[i].field);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
	        T(closing_charges_to_the_newest_reading_and_refunds_the_rest),
	        T(closing_needs_a_reason_and_a_payee),
	        T(a_meter_that_is_away_is_closed_by_a_typed_register_with_a_photo),
	        T(who_owes_stays_in_closing_until_he_has_paid),
	        T(who_pays_too_much_while_closing_gets_it_back),
	        T(a_debt_is_written_off_by_two_persons),
	        T(a_large_payout_waits_for_a_second_person),
	        T(some_meters_leave_and_the_account_goes_on),
	        T(another_customer_takes_over_with_one_reading),
	        T(a_change_to_nobody_changes_nothing),
	        T(a_tenant_changes_rooms_with_his_money),
	        T(a_swap_carries_balance_and_step),
	        T(a_dead_meter_is_swapped_by_a_typed_register),
	        T(a_swap_carries_keep_power_tree_and_tariff),
	        T(no_meter_stands_below_itself),
	        T(merged_meters_are_paid_from_one_balance),
	        T(a_monthly_fee_is_charged_day_by_day_and_use_is_free),
	        T(postpaid_is_billed_on_its_day_and_falls_due),
	        T(payments_settle_the_oldest_bill_first),
	        T(a_kind_is_switched_at_a_date),
	        T(terms_that_contradict_themselves_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
