/* What providers tell of: twice, late, wrong, about orders that are not there; suspense; and payments that go back.
 * Domain cases 2, 3 and 17; P1, P2, P4 and P5 of the acceptance cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "platform/core/account_close.h"
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
	till_payments_sound(&till);
	lab_teardown(&lab);
	return 0;
}

static const char *number_of(const struct order_row *row)
{
	static char number[ORDER_NUMBER_SIZE];

	order_number(row->order_id, number);
	return number;
}

static struct suspense_row in_suspense(const struct payment_told *told, enum suspense_reason reason)
{
	struct suspense_row row;

	assert_int_equal(told->outcome, PAYMENT_SUSPENDED);
	assert_int_equal(suspense_get(lab.db, 1, told->suspense.suspense_id, &row), ERR_NONE);
	assert_int_equal(row.reason, reason);
	assert_int_equal(row.state, SUSPENSE_OPEN);
	return row;
}

static void words(void **state)
{
	enum suspense_state found;

	(void)state;
	assert_string_equal(payment_outcome_word(PAYMENT_DIFFERS), "differs");
	assert_string_equal(payment_source_word(PAYMENT_QUERY), "query");
	assert_true(suspense_state_parse("returned", &found));
	assert_int_equal(found, SUSPENSE_RETURNED);
	assert_false(suspense_state_parse("gone", &found));
}

/* ---- notices ---- */

static void a_notice_pays_its_order_however_often_it_comes(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_NONE);
		assert_int_equal(told.outcome, i ? PAYMENT_KNOWN : PAYMENT_CREDITED);
		assert_int_equal(told.order.order_id, row.order_id);
		lab.now_ms += 1800 * 1000; /* the deadline passes, the notice repeats */
	}
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
	assert_int_equal(till_fen(&till, LEDGER_CHANNEL, CHANNEL_MODEL), -5000);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_DELIVERED);
}

/* Domain case 2: both in one group of the writer. */
static void two_notices_in_one_commit_are_one_payment(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		told[i] = (struct payment_told){.property_id = 1,
		                                .channel = CHANNEL_MODEL,
		                                .number = "T1",
		                                .order_number = number_of(&row),
		                                .amount_fen = 5000,
		                                .currency = CURRENCY_YUAN,
		                                .payer = "",
		                                .source = i ? PAYMENT_QUERY : PAYMENT_NOTICE,
		                                .who = "provider"};
		assert_int_equal(lab_begin_step(&lab, payment_told_step, &told[i], false), 0);
	}
	assert_int_equal(lab_commit(&lab), 0);
	assert_int_equal(told[1].outcome, PAYMENT_KNOWN);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
}

/* Killed between the step and its commit: the provider got no answer and tells again. */
static void what_was_not_committed_is_told_again(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told = {.property_id = 1,
	                            .channel = CHANNEL_MODEL,
	                            .number = "T1",
	                            .order_number = number_of(&row),
	                            .amount_fen = 5000,
	                            .currency = CURRENCY_YUAN,
	                            .payer = "",
	                            .source = PAYMENT_NOTICE,
	                            .who = "provider"};

	(void)state;
	assert_int_equal(lab_begin_step(&lab, payment_told_step, &told, false), 0);
	lab_close(&lab);
	lab_open(&lab);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_CREDITED);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
}

/* P2. */
static void a_wrong_amount_is_never_credited(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 4999, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_AMOUNT);
	assert_int_equal(told.order.state, ORDER_MISMATCH);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 4999);
	assert_int_equal(
	        lab_number(&lab, "SELECT count(*) FROM audit WHERE action='payment.suspend'"), 1);
	/* The right amount comes too late for it. */
	assert_int_equal(till_notice(&till, "T2", number_of(&row), 5000, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_CLOSED);
}

static void another_currency_stands_in_the_list_alone(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	told = (struct payment_told){.property_id = 1,
	                             .channel = CHANNEL_MODEL,
	                             .number = "T1",
	                             .order_number = number_of(&row),
	                             .amount_fen = 5000,
	                             .currency = "USD",
	                             .payer = "",
	                             .source = PAYMENT_NOTICE,
	                             .who = "provider"};
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_NONE);
	in_suspense(&told, SUSPENSE_CURRENCY);
	assert_int_equal(told.suspense.group_no, 0);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_MISMATCH);
	told.number = "T2";
	told.order_number = "nobody's";
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_NONE);
	in_suspense(&told, SUSPENSE_CURRENCY);
}

/* P4, four ways. */
static void money_that_no_order_takes_is_seen(void **state)
{
	struct order_row late = till_order(&till, till.anna, 5000);
	struct order_row closed = till_order(&till, till.anna, 6000);
	struct order_row gone = till_order(&till, till.berta, 7000);
	struct order_expiry expiry;
	struct order_turn turn = {.actor = till.cashier,
	                          .property_id = 1,
	                          .order_id = closed.order_id,
	                          .event = ORDER_CLOSE};
	struct payment_told told;

	(void)state;
	assert_int_equal(till_notice(&till, "T0", "W000000004711", 100, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_UNKNOWN_ORDER);
	assert_int_equal(till_notice(&till, "T01", "", 100, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_UNKNOWN_ORDER);
	assert_int_equal(lab_step(&lab, order_turn_step, &turn, false), ERR_NONE);
	assert_int_equal(till_notice(&till, "T2", number_of(&closed), 6000, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_CLOSED);
	till_state(&till, till.berta, ACCOUNT_CLOSED);
	assert_int_equal(till_notice(&till, "T3", number_of(&gone), 7000, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_ACCOUNT);
	assert_int_equal(told.order.state, ORDER_CLOSED);
	lab.now_ms += 3600 * 1000;
	assert_int_equal(lab_step(&lab, order_expire_step, &expiry, true), ERR_NONE);
	assert_int_equal(till_notice(&till, "T1", number_of(&late), 5000, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_EXPIRED);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 18200);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.berta), 0);
}

static void a_second_payment_of_an_order_is_somebodys_money(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_NONE);
	assert_int_equal(till_notice(&till, "T2", number_of(&row), 5000, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_TWICE);
	assert_int_equal(till_notice(&till, "T2", number_of(&row), 5000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_KNOWN);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 5000);
}

static void a_suspended_account_still_gets_its_money(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	till_state(&till, till.anna, ACCOUNT_SUSPENDED);
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_CREDITED);
}

/* An order of another channel is none of this provider's. */
static void a_channel_pays_its_own_orders(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told = {.property_id = 1,
	                            .channel = CHANNEL_WECHAT,
	                            .number = "T1",
	                            .order_number = number_of(&row),
	                            .amount_fen = 5000,
	                            .currency = CURRENCY_YUAN,
	                            .payer = "",
	                            .source = PAYMENT_NOTICE,
	                            .who = "provider"};

	(void)state;
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_NONE);
	in_suspense(&told, SUSPENSE_UNKNOWN_ORDER);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_CREATED);
}

static void the_same_number_with_another_content_changes_nothing(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_NONE);
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 6000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_DIFFERS);
	assert_int_equal(till_notice(&till, "T1", "W000000000099", 5000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_DIFFERS);
	told.order_number = number_of(&row);
	told.currency = "EUR";
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_DIFFERS);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
}

static void hostile_notices_are_refused(void **state)
{
	static const int64_t amounts[] = {0, -1, INT64_MAX, INT64_MIN};
	char long_number[80];
	struct payment_told told;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
		assert_int_equal(till_notice(&till, "T1", "", amounts[i], &told), ERR_BAD_INPUT);
	assert_int_equal(till_notice(&till, "", "", 1, &told), ERR_BAD_INPUT);
	memset(long_number, 'x', sizeof long_number - 1);
	long_number[sizeof long_number - 1] = '\0';
	assert_int_equal(till_notice(&till, long_number, "", 1, &told), ERR_BAD_INPUT);
	assert_int_equal(till_notice(&till, "T1", long_number, 1, &told), ERR_BAD_INPUT);
	/* 30 characters, but 90 bytes. */
	assert_int_equal(till_notice(&till,
	                             "订订订订订订订订订订订订订订订订订订订订订订订订订订订订订订",
	                             "", 1, &told),
	                 ERR_BAD_INPUT);
	told.number = "T1";
	told.currency = "YUAN";
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_BAD_INPUT);
	assert_string_equal(told.fault.field, "currency");
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM payment"), 0);
}

/* Domain case 3: told of before the order is there. Its number is given out after the commit only, so this is what a
 * restored store sees; nothing is lost, nothing credited twice. */
static void a_notice_before_its_order_finds_it_later(void **state)
{
	struct order_row row;
	struct payment_told told;
	char number[ORDER_NUMBER_SIZE];

	(void)state;
	order_number(till_order(&till, till.anna, 1).order_id + 1, number);
	assert_int_equal(till_notice(&till, "T1", number, 5000, &told), ERR_NONE);
	in_suspense(&told, SUSPENSE_UNKNOWN_ORDER);
	assert_int_equal(till_notice(&till, "T1", number, 5000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_KNOWN);
	row = till_order(&till, till.anna, 5000);
	assert_string_equal(number_of(&row), number);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(till_notice(&till, "T1", number, 5000, &told), ERR_NONE);
		assert_int_equal(told.outcome, i ? PAYMENT_KNOWN : PAYMENT_CREDITED);
	}
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 0);
}

/* Domain case 17: the limit was asked before; who has paid since is credited. */
static void a_limit_that_is_hit_after_the_order_does_not_stop_the_money(void **state)
{
	struct account_row account;
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	assert_int_equal(account_get(lab.db, 1, till.anna, &account), ERR_NONE);
	account.set[ACCOUNT_HOARDING] = true;
	account.limit_fen[ACCOUNT_HOARDING] = 5000;
	assert_int_equal(account_update(lab.db, &account), ERR_NONE);
	till_cash(&till, till.anna, 4000);
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_NONE);
	assert_int_equal(told.outcome, PAYMENT_CREDITED);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 9000);
}

static void a_closed_day_makes_the_provider_tell_again(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct payment_told told;

	(void)state;
	assert_int_equal(ledger_close(lab.db, 1, estate_today()), ERR_NONE);
	assert_int_equal(till_notice(&till, "T1", number_of(&row), 5000, &told), ERR_REFUSED);
	assert_int_equal(till_notice(&till, "T2", "", 5000, &told), ERR_REFUSED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM payment"), 0);
}

/* ---- suspense ---- */

static struct payment_told stray(const char *number, int64_t fen)
{
	struct payment_told told;

	assert_int_equal(till_notice(&till, number, "", fen, &told), ERR_NONE);
	return told;
}

static enum err settle(const struct actor *actor, int64_t suspense_id, int64_t account_id,
                       int64_t version, struct suspense_settle *r)
{
	*r = (struct suspense_settle){.actor = *actor,
	                              .property_id = 1,
	                              .suspense_id = suspense_id,
	                              .version = version,
	                              .account_id = account_id,
	                              .channel = CHANNEL_TRANSFER,
	                              .payee = "6222"};
	return lab_step(&lab, suspense_settle_step, r, false);
}

static void suspense_is_credited_with_a_receipt(void **state)
{
	int64_t id = stray("T1", 5000).suspense.suspense_id;
	struct suspense_settle r;

	(void)state;
	assert_int_equal(settle(&till.finance, id, till.anna, 1, &r), ERR_NONE);
	assert_int_equal(r.row.state, SUSPENSE_CREDITED);
	assert_int_equal(r.order.state, ORDER_DELIVERED);
	assert_int_equal(r.order.receipt_no, 1);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
	assert_int_equal(settle(&till.finance, id, till.anna, 2, &r), ERR_REFUSED);
	assert_int_equal(settle(&till.finance, id, till.anna, 1, &r), ERR_CONFLICT);
}

static void suspense_is_paid_back(void **state)
{
	struct payment_told told = stray("T1", 5000);
	struct refund_told back = {.property_id = 1, .done = true, .number = "R1"};
	struct suspense_settle r;
	struct payment_row payment;

	(void)state;
	assert_int_equal(settle(&till.finance, told.suspense.suspense_id, 0, 1, &r), ERR_NONE);
	assert_int_equal(r.row.state, SUSPENSE_RETURNED);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, 0), 5000);
	back.refund_id = r.row.refund_id;
	for (int i = 0; i < 2; i++)
		assert_int_equal(lab_step(&lab, refund_told_step, &back, false), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, 0), 0);
	assert_int_equal(payment_get(lab.db, 1, told.row.payment_id, &payment), ERR_NONE);
	assert_int_not_equal(payment.refunded_ms, 0);
}

static void another_currency_can_only_be_paid_back(void **state)
{
	struct payment_told told = {.property_id = 1,
	                            .channel = CHANNEL_MODEL,
	                            .number = "T1",
	                            .order_number = "",
	                            .amount_fen = 5000,
	                            .currency = "USD",
	                            .payer = "",
	                            .source = PAYMENT_NOTICE,
	                            .who = "provider"};
	struct refund_paid paid = {.actor = till.finance,
	                           .property_id = 1,
	                           .version = 1,
	                           .channel = CHANNEL_TRANSFER,
	                           .voucher = "B7"};
	struct suspense_settle r;

	(void)state;
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_NONE);
	assert_int_equal(settle(&till.finance, told.suspense.suspense_id, till.anna, 1, &r),
	                 ERR_REFUSED);
	assert_string_equal(r.fault.field, "account");
	assert_int_equal(settle(&till.finance, told.suspense.suspense_id, 0, 1, &r), ERR_NONE);
	paid.refund_id = r.row.refund_id;
	assert_int_equal(lab_step(&lab, refund_paid_step, &paid, false), ERR_NONE);
	assert_int_equal(paid.row.state, REFUND_PAID);
	assert_int_equal(till_fen(&till, LEDGER_CHANNEL, CHANNEL_TRANSFER), 0);
}

static void settling_wants_a_right_a_reason_and_an_open_account(void **state)
{
	int64_t id = stray("T1", 5000).suspense.suspense_id;
	struct actor silent = till.finance;
	struct suspense_settle r;

	(void)state;
	assert_int_equal(settle(&till.cashier, id, till.anna, 1, &r), ERR_FORBIDDEN);
	silent.reason[0] = '\0';
	assert_int_equal(settle(&silent, id, till.anna, 1, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "reason");
	assert_int_equal(settle(&till.finance, id, 4711, 1, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "account");
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(settle(&till.finance, id, till.anna, 1, &r), ERR_REFUSED);
	assert_int_equal(settle(&till.finance, 4711, till.anna, 1, &r), ERR_NOT_FOUND);
	till_state(&till, till.anna, ACCOUNT_SUSPENDED);
	assert_int_equal(settle(&till.finance, id, till.anna, 1, &r), ERR_NONE);
}

/* ---- payments that go back ---- */

static enum err give_back(const struct actor *actor, int64_t order_id, struct money_back *r)
{
	*r = (struct money_back){.actor = *actor, .property_id = 1, .order_id = order_id};
	return lab_step(&lab, payment_refund_step, r, false);
}

static enum err provider_says(int64_t refund_id, bool done, struct refund_told *told)
{
	*told = (struct refund_told){.property_id = 1,
	                             .refund_id = refund_id,
	                             .done = done,
	                             .number = done ? "R1" : NULL,
	                             .why = done ? NULL : "account frozen"};
	return lab_step(&lab, refund_told_step, told, false);
}

static void a_payment_goes_back_to_who_paid(void **state)
{
	struct order_row row = till_paid_order(&till, 5000, "T1");
	struct money_back r;
	struct refund_told told;

	(void)state;
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(r.order.state, ORDER_REFUNDING);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 5000);
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_int_equal(provider_says(r.row.refund_id ? r.row.refund_id : 1, true, &told),
	                 ERR_NONE);
	assert_int_equal(told.order.state, ORDER_REFUNDED);
	assert_int_equal(provider_says(told.refund_id, true, &told), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 0);
	assert_int_equal(till_fen(&till, LEDGER_CHANNEL, CHANNEL_MODEL), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM payment WHERE refunded_ms>0"), 1);
}

static void a_provider_that_cannot_is_asked_again_or_paid_by_hand(void **state)
{
	struct order_row row = till_paid_order(&till, 5000, "T1");
	struct refund_paid paid = {
	        .actor = till.cashier, .property_id = 1, .channel = CHANNEL_CASH, .voucher = ""};
	struct money_back r;
	struct refund_told told;
	int64_t left_fen, group_no;

	(void)state;
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_NONE);
	paid.refund_id = r.row.refund_id;
	paid.version = r.row.version;
	assert_int_equal(lab_step(&lab, refund_paid_step, &paid, false), ERR_REFUSED);
	assert_string_equal(paid.fault.why, "its provider is paying it");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(provider_says(r.row.refund_id, false, &told), ERR_NONE);
		assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_REFUND_ABNORMAL);
	}
	/* It waits to be paid another way: a closing must not decide about it once more. */
	assert_int_equal(account_payable(lab.db, 1, till.anna, &left_fen, &group_no), ERR_NONE);
	assert_int_equal(left_fen, 0);
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(r.order.state, ORDER_REFUNDING);
	assert_int_equal(r.row.refund_id, paid.refund_id);
	assert_int_equal(provider_says(r.row.refund_id, false, &told), ERR_NONE);
	paid.version = told.row.version;
	assert_int_equal(lab_step(&lab, refund_paid_step, &paid, false), ERR_NONE);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_REFUNDED);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), -5000);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 0);
}

static void a_payment_is_not_refunded_when_it_is_none_or_used(void **state)
{
	struct order_row row = till_paid_order(&till, 5000, "T1"),
	                 cash = till_cash(&till, till.berta, 100);
	struct actor silent = till.cashier;
	struct refund_told told;
	struct money_back r;
	struct money_back credit = {.actor = till.cashier,
	                            .property_id = 1,
	                            .account_id = till.berta,
	                            .amount_fen = 50,
	                            .channel = CHANNEL_CASH,
	                            .payee = ""};

	(void)state;
	assert_int_equal(give_back(&till.cashier, cash.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "no provider was paid");
	assert_int_equal(give_back(&till.cashier, till_order(&till, till.anna, 9).order_id, &r),
	                 ERR_REFUSED);
	assert_int_equal(give_back(&till.finance, row.order_id, &r), ERR_FORBIDDEN);
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "the account is closed");
	till_state(&till, till.anna, ACCOUNT_OPEN);
	assert_int_equal(give_back(&till.cashier, 4711, &r), ERR_NOT_FOUND);
	silent.reason[0] = '\0';
	assert_int_equal(give_back(&silent, row.order_id, &r), ERR_BAD_INPUT);
	till_charge(&till, till.anna, 1);
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, credit_refund_step, &credit, false), ERR_NONE);
	assert_int_equal(provider_says(credit.row.refund_id, true, &told), ERR_REFUSED);
	assert_int_equal(provider_says(4711, true, &told), ERR_NOT_FOUND);
}

static void a_large_payment_refund_waits_for_a_second_person(void **state)
{
	struct order_row row = till_paid_order(&till, 60000, "T1");
	struct approval_decision decision = {.actor = till.manager, .verdict = APPROVAL_AGREE};
	struct approval_row approval;
	struct money_back r;

	(void)state;
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_not_equal(r.approval_id, 0);
	decision.approval_id = r.approval_id;
	assert_int_equal(approval_get(lab.db, r.approval_id, &approval), ERR_NONE);
	memcpy(decision.hash, approval.hash, sizeof decision.hash);
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, approval_decide_step, &decision, false), ERR_NONE);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_REFUNDING);
	/* Agreed to once more, after it is done: nothing. */
	row = till_paid_order(&till, 60001, "T2");
	assert_int_equal(give_back(&till.cashier, row.order_id, &r), ERR_NONE);
	decision.approval_id = r.approval_id;
	assert_int_equal(approval_get(lab.db, r.approval_id, &approval), ERR_NONE);
	memcpy(decision.hash, approval.hash, sizeof decision.hash);
	till_charge(&till, till.anna, 60001);
	assert_int_equal(lab_step(&lab, approval_decide_step, &decision, false), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "failed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(words),
	        TEST(a_notice_pays_its_order_however_often_it_comes),
	        TEST(two_notices_in_one_commit_are_one_payment),
	        TEST(what_was_not_committed_is_told_again),
	        TEST(a_wrong_amount_is_never_credited),
	        TEST(another_currency_stands_in_the_list_alone),
	        TEST(money_that_no_order_takes_is_seen),
	        TEST(a_second_payment_of_an_order_is_somebodys_money),
	        TEST(a_suspended_account_still_gets_its_money),
	        TEST(a_channel_pays_its_own_orders),
	        TEST(the_same_number_with_another_content_changes_nothing),
	        TEST(hostile_notices_are_refused),
	        TEST(a_notice_before_its_order_finds_it_later),
	        TEST(a_limit_that_is_hit_after_the_order_does_not_stop_the_money),
	        TEST(a_closed_day_makes_the_provider_tell_again),
	        TEST(suspense_is_credited_with_a_receipt),
	        TEST(suspense_is_paid_back),
	        TEST(another_currency_can_only_be_paid_back),
	        TEST(settling_wants_a_right_a_reason_and_an_open_account),
	        TEST(a_payment_goes_back_to_who_paid),
	        TEST(a_provider_that_cannot_is_asked_again_or_paid_by_hand),
	        TEST(a_payment_is_not_refunded_when_it_is_none_or_used),
	        TEST(a_large_payment_refund_waits_for_a_second_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
