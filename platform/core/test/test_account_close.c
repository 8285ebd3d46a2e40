/* Accounts that end: closing with and without the meter, what is paid out or still owed, and what goes over to
 * another customer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/account_close.h"
#include "platform/core/allowance.h"
#include "platform/core/approval.h"
#include "platform/core/books.h"
#include "platform/core/daily.h"
#include "platform/test/accounts.h"

#define HOUR INT64_C(3600)

static struct lab lab;
static struct accounts a = {.lab = &lab};

/* ---- closing ---- */

static enum err try_close(int64_t id, const struct account_final *meters, size_t count,
                          struct account_close *close)
{
	*close = (struct account_close){.act = accounts_act(&a, id, "moves out"),
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
	id = accounts_paid(&a, ACCOUNTS_FLAT, 10000);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000); /* 10 kWh: 6.00 */
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.direction, ACCOUNT_REFUND);
	assert_int_equal(close.balance_fen, 9400);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='closing'"), 1);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSED);
	assert_int_equal(accounts_row(&a, id).closed_s, lab.now_ms / 1000);
	assert_int_equal(accounts_balance(&a, id), 0);
	assert_int_equal(accounts_fen(&a, LEDGER_PAYABLE, id), 9400);
	use = accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000 - 1);
	assert_int_equal(use.until_s, lab.now_ms / 1000);
	assert_int_equal(use.close_units, 1010000);
	assert_int_equal(use.close_source, REGISTER_AUTO);
	assert_int_equal(refund_get(lab.db, 1, close.refund_id, &refund), ERR_NONE);
	assert_int_equal(refund.state, REFUND_DECIDED);
	assert_int_equal(refund.amount_fen, 9400);
	assert_string_equal(refund.payee, "6222 0000 1111");
	/* What is used now is nobody's. */
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1020000);
	assert_int_equal(accounts_balance(&a, id), 0);
}

static struct allowance_give gift(int64_t id, int64_t fen_once)
{
	struct allowance_give give = {
	        .actor = {.who = "test",      .local = true, .reason = "subsidy"},
	        .property_id = 1,
	        .account_id = id,
	        .terms = { .kind = GRANT_MONEY,
	                  .source = "school",
	                  .amount = fen_once,
	                  .from_s = lab.now_ms / 1000,
	                  .until_s = INT64_MAX}
        };

	return give;
}

/* domain rules: what was given is used first, and never paid out: not by a refund, not by closing. */
static void what_was_given_is_never_paid_out(void **state)
{
	struct account_close close;
	struct allowance_give give;
	struct books_money money;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 10000);
	give = gift(id, 5000);
	assert_int_equal(lab_step(&lab, allowance_give_step, &give, false), ERR_NONE);
	assert_int_equal(books_money(lab.db, 1, id, true, lab.now_ms, &money), ERR_NONE);
	assert_int_equal(money_cmp(money.balance, money_fen(15000)), 0);
	assert_int_equal(money_cmp(money.refundable, money_fen(10000)), 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000); /* 10 kWh: 6.00, of the gift */
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.direction, ACCOUNT_REFUND);
	assert_int_equal(close.balance_fen, 10000);
	assert_int_equal(close.lapsed_fen, 4400);
	assert_int_equal(accounts_fen(&a, LEDGER_GRANT, id), 0);
	assert_int_equal(accounts_fen(&a, LEDGER_PAYABLE, id), 10000);
	give = gift(id, 100);
	assert_int_equal(lab_step(&lab, allowance_give_step, &give, false), ERR_REFUSED);
}

/* Who owes does not pay with a gift at closing either: it lapses, and the debt stays. */
static void a_gift_pays_no_debt_at_closing(void **state)
{
	struct account_close close;
	struct allowance_give give;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.direction, ACCOUNT_OWES);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSING);
	assert_int_equal(accounts_balance(&a, id), -600);
	give = gift(id, 5000);
	assert_int_equal(lab_step(&lab, allowance_give_step, &give, false), ERR_REFUSED);
	assert_int_equal(accounts_fen(&a, LEDGER_GRANT, id), 0);
}

static void closing_needs_a_reason_and_a_payee(void **state)
{
	struct account_close close;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 100);
	close = (struct account_close){.act = accounts_act(&a, id, ""), .payee = "x"};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "reason");
	close = (struct account_close){.act = accounts_act(&a, id, "moves out")};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "payee");
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
	assert_true(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000).until_s == ACCOUNT_OPEN_S);
}

static enum err photo_there(int64_t account_id, const char *name)
{
	struct photo_row row;

	return photo_get(lab.db, 1, account_id, name, &row);
}

static void a_photo_is_a_picture_of_one_account_by_its_bytes(void **state)
{
	uint8_t bytes[ACCOUNTS_PICTURE];
	struct photo_add first, again, bad;
	struct photo_row row;
	void *read;
	int64_t id, count;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	accounts_photo(&a, id, 1, &first);
	assert_int_equal(strlen(first.row.name), 64);
	assert_string_equal(accounts_photo(&a, id, 1, &again), first.row.name);
	assert_string_equal(first.row.type, "image/png");
	assert_int_equal(photo_count(lab.db, 1, id, &count), ERR_NONE);
	assert_int_equal(count, 1);
	assert_int_equal(photo_read(lab.db, 1, id, first.row.name, &row, &read), ERR_NONE);
	assert_int_equal(row.bytes, accounts_picture(1, bytes));
	assert_memory_equal(read, bytes, sizeof bytes);
	free(read);
	assert_int_equal(photo_there(id + 1, first.row.name), ERR_NOT_FOUND);
	bad = (struct photo_add){
	        .act = accounts_act(&a, id, ""), .bytes = "<svg onload=alert(1)>", .len = 21};
	assert_int_equal(lab_step(&lab, photo_add_step, &bad, false), ERR_BAD_INPUT);
	assert_string_equal(bad.act.fault.field, "body");
	bad.len = 0;
	assert_int_equal(lab_step(&lab, photo_add_step, &bad, false), ERR_BAD_INPUT);
	bad = (struct photo_add){.act = accounts_act(&a, id, ""), .bytes = bytes};
	for (size_t len = 0; len < sizeof bytes; len++) { /* a part of one is none */
		bad.len = len;
		assert_int_equal(lab_step(&lab, photo_add_step, &bad, false), ERR_BAD_INPUT);
	}
	bad.len = accounts_picture(0, bytes); /* no rows */
	assert_int_equal(lab_step(&lab, photo_add_step, &bad, false), ERR_BAD_INPUT);
}

static void a_photo_of_no_register_goes_after_a_day_and_others_with_their_person(void **state)
{
	struct account_final final = {.meter = ACCOUNTS_METER};
	struct photo_add used, unused;
	struct account_close close;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 5000);
	lab_later(&lab, 3 * SECONDS_PER_DAY);
	accounts_photo(&a, id, 2, &unused);
	final.reg = (struct account_register){
	        .typed = true, .units = 1050000, .photo = accounts_photo(&a, id, 1, &used)};
	assert_int_equal(try_close(id, &final, 1, &close), ERR_NONE);
	assert_int_equal(photo_drop_unused(lab.db, 1, lab.now_ms / 1000), ERR_NONE);
	assert_int_equal(photo_there(id, unused.row.name), ERR_NONE); /* not before its time */
	assert_int_equal(photo_drop_unused(lab.db, 1, lab.now_ms / 1000 + 1), ERR_NONE);
	assert_int_equal(photo_there(id, unused.row.name), ERR_NOT_FOUND);
	assert_int_equal(photo_there(id, used.row.name), ERR_NONE);
	assert_int_equal(photo_forget(lab.db, 1, accounts_row(&a, id).customer_id + 1), ERR_NONE);
	assert_int_equal(photo_there(id, used.row.name), ERR_NONE);
	assert_int_equal(photo_forget(lab.db, 1, accounts_row(&a, id).customer_id), ERR_NONE);
	assert_int_equal(photo_there(id, used.row.name), ERR_NOT_FOUND);
	assert_string_equal(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000 - 1).close_photo,
	                    used.row.name);
}

static void a_meter_that_is_away_is_closed_by_a_typed_register_with_a_photo(void **state)
{
	struct account_final final = {.meter = ACCOUNTS_METER};
	struct photo_add sent;
	struct account_close close;
	struct account_meter use;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 5000);
	lab_later(&lab, 3 * SECONDS_PER_DAY);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_REFUSED);
	assert_string_equal(close.act.fault.field, "register");
	final.reg = (struct account_register){.typed = true, .units = 1050000};
	assert_int_equal(try_close(id, &final, 1, &close), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "photo");
	final.reg.photo = "301.jpg"; /* nobody sent it */
	assert_int_equal(try_close(id, &final, 1, &close), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "photo");
	final.reg.photo = accounts_photo(&a, id, 1, &sent);
	final.reg.units = 999000; /* less than at the opening */
	assert_int_equal(try_close(id, &final, 1, &close), ERR_REFUSED);
	assert_string_equal(close.act.fault.field, "register");
	final.reg.units = 1050000; /* 50 kWh: 30.00 */
	assert_int_equal(try_close(id, &final, 1, &close), ERR_NONE);
	assert_int_equal(close.balance_fen, 2000);
	use = accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000 - 1);
	assert_int_equal(use.close_source, REGISTER_TYPED);
	assert_string_equal(use.close_photo, sent.row.name);
}

static void who_owes_stays_in_closing_until_he_has_paid(void **state)
{
	struct account_close close, finish;
	struct daily_request daily;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.direction, ACCOUNT_OWES);
	assert_int_equal(close.balance_fen, -600);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSING);
	finish = (struct account_close){.act = accounts_act(&a, id, "paid?")};
	assert_int_equal(lab_step(&lab, account_finish_step, &finish, false), ERR_REFUSED);
	accounts_pay(&a, id, 600);
	assert_int_equal(lab_step(&lab, daily_step, &daily, false), ERR_NONE);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSED);
	assert_int_equal(accounts_balance(&a, id), 0);
}

static void who_pays_too_much_while_closing_gets_it_back(void **state)
{
	struct account_close close, finish;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	accounts_pay(&a, id, 1000);
	finish = (struct account_close){.act = accounts_act(&a, id, "paid"), .payee = "acct"};
	assert_int_equal(lab_step(&lab, account_finish_step, &finish, false), ERR_NONE);
	assert_int_equal(finish.direction, ACCOUNT_REFUND);
	assert_int_equal(accounts_fen(&a, LEDGER_PAYABLE, id), 400);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSED);
}

static void a_debt_is_written_off_by_two_persons(void **state)
{
	struct account_close close;
	struct account_writeoff r;
	struct approval_decision d;
	struct approval_row row;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	r = (struct account_writeoff){.act = accounts_act(&a, id, "gone away"), .owed_fen = 500};
	assert_int_equal(lab_step(&lab, account_writeoff_step, &r, false), ERR_REFUSED);
	r = (struct account_writeoff){.act = accounts_act(&a, id, "gone away"), .owed_fen = 600};
	assert_int_equal(lab_step(&lab, account_writeoff_step, &r, false), ERR_NONE);
	assert_int_equal(accounts_balance(&a, id), -600); /* only asked */
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
	assert_int_equal(accounts_balance(&a, id), 0);
	assert_int_equal(accounts_fen(&a, LEDGER_ADJUST, 0), -600);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSED);
}

static void a_large_payout_waits_for_a_second_person(void **state)
{
	struct account_close close, again;
	struct approval_decision d;
	struct approval_row row;
	struct refund_row refund;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 60000);
	assert_int_equal(try_close(id, NULL, 0, &close), ERR_NONE);
	assert_int_equal(close.refund_id, 0);
	assert_int_not_equal(close.approval_id, 0);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSED);
	assert_int_equal(accounts_fen(&a, LEDGER_PAYABLE, id), 60000);
	again = (struct account_close){.act = accounts_act(&a, id, "moves out"),
	                               .payee = "6222 0000 1111"};
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
	again = (struct account_close){.act = accounts_act(&a, id, "once more"), .payee = "6222"};
	assert_int_equal(lab_step(&lab, account_payout_step, &again, false), ERR_REFUSED);
}

static void some_meters_leave_and_the_account_goes_on(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_SECOND);
	struct account_final final = {.meter = ACCOUNTS_METER};
	struct account_open open;
	struct account_close close;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	accounts_read(&a, ACCOUNTS_SECOND, 10);
	open = (struct account_open){.act = accounts_act(&a, id, ""), .count = 1, .meter = &meter};
	assert_int_equal(lab_step(&lab, account_add_step, &open, false), ERR_NONE);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	close = (struct account_close){
	        .act = accounts_act(&a, id, "back"), .part = true, .count = 1, .meter = &final};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_NONE);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
	assert_int_equal(accounts_balance(&a, id), -600);
	assert_true(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000 - 1).until_s ==
	            lab.now_ms / 1000);
	assert_true(accounts_use(&a, ACCOUNTS_SECOND, lab.now_ms / 1000).until_s == ACCOUNT_OPEN_S);
	/* A meter of nobody is none of this account's. */
	close = (struct account_close){
	        .act = accounts_act(&a, id, "back"), .part = true, .count = 1, .meter = &final};
	assert_int_equal(lab_step(&lab, account_close_step, &close, false), ERR_BAD_INPUT);
	assert_string_equal(close.act.fault.field, "meters");
}

/* ---- another customer ---- */

static void another_customer_takes_over_with_one_reading(void **state)
{
	struct account_change change;
	struct account_meter old, new;
	struct rating_row rating;
	int64_t id, edge;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_STEPS, 20000);
	lab_later(&lab, 10 * HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1110000); /* 100 x 0.60 + 10 x 0.70 = 67.00 */
	edge = lab.now_ms / 1000;
	lab_later(&lab, 60);
	change = (struct account_change){
	        .act = accounts_act(&a, id, "shop sold"), .payee = "6222", .customer_id = a.berta};
	assert_int_equal(lab_step(&lab, account_change_step, &change, false), ERR_NONE);
	assert_int_equal(change.closed.balance_fen, 13300);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_CLOSED);
	assert_int_equal(change.opened.state, ACCOUNT_OPEN);
	assert_int_equal(change.opened.customer_id, a.berta);
	old = accounts_use(&a, ACCOUNTS_METER, edge - 1);
	new = accounts_use(&a, ACCOUNTS_METER, edge);
	assert_int_equal(old.account_id, id);
	assert_int_equal(old.until_s, edge);
	assert_int_equal(new.from_s, edge);
	assert_int_equal(new.account_id, change.opened.account_id);
	assert_int_equal(old.close_units, new.open_units);
	/* Berta begins in the first step. */
	assert_int_equal(rating_get(lab.db, 1, ACCOUNTS_METER, &rating), ERR_NONE);
	assert_int_equal(rating.step_used, 0);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1120000);
	assert_int_equal(rating_get(lab.db, 1, ACCOUNTS_METER, &rating), ERR_NONE);
	assert_int_equal(rating.step_used, 10000);
}

static void a_change_to_nobody_changes_nothing(void **state)
{
	struct account_change change;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	change = (struct account_change){.act = accounts_act(&a, id, "sold"), .customer_id = 999};
	assert_int_equal(lab_step(&lab, account_change_step, &change, false), ERR_BAD_INPUT);
	assert_string_equal(change.act.fault.field, "customer");
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
}

int main(void)
{
#define T(name) ACCOUNTS_TEST(name, &a)
	const struct CMUnitTest tests[] = {
	        T(closing_charges_to_the_newest_reading_and_refunds_the_rest),
	        T(what_was_given_is_never_paid_out),
	        T(a_gift_pays_no_debt_at_closing),
	        T(closing_needs_a_reason_and_a_payee),
	        T(a_photo_is_a_picture_of_one_account_by_its_bytes),
	        T(a_photo_of_no_register_goes_after_a_day_and_others_with_their_person),
	        T(a_meter_that_is_away_is_closed_by_a_typed_register_with_a_photo),
	        T(who_owes_stays_in_closing_until_he_has_paid),
	        T(who_pays_too_much_while_closing_gets_it_back),
	        T(a_debt_is_written_off_by_two_persons),
	        T(a_large_payout_waits_for_a_second_person),
	        T(some_meters_leave_and_the_account_goes_on),
	        T(another_customer_takes_over_with_one_reading),
	        T(a_change_to_nobody_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
