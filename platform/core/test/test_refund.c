/* The ways back: a reversal of a sale, a refund of credit, a correction by finance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

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
	till_sound(&till);
	lab_teardown(&lab);
	return 0;
}

/* ---- reversal ---- */

static enum err reverse(const struct actor *actor, int64_t order_id, struct money_back *r)
{
	*r = (struct money_back){.actor = *actor, .property_id = 1, .order_id = order_id};
	return lab_step(&lab, order_reverse_step, r, false);
}

static void a_reversal_turns_every_part_round(void **state)
{
	int64_t rent = till_debt(&till, DEBT_RENT, 3000);
	struct money_back r;
	struct order_row row;

	(void)state;
	till_rule(&till, VEND_FEE, 100000);
	till_charge(&till, till.anna, 500);
	row = till_cash(&till, till.anna, 10500);
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_DONE);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(r.row.kind, REFUND_REVERSAL);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), -500);
	assert_int_equal(till_fen(&till, LEDGER_FEE, 0), 0);
	assert_int_equal(till_fen(&till, LEDGER_RECOVERED, DEBT_RENT), 0);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), -10000);
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_OPEN);
	assert_int_equal(till_debt_row(&till, rent).recovered_fen, 0);
	row = till_order_row(&till, row.order_id);
	assert_int_equal(row.state, ORDER_DELIVERED);
	assert_int_equal(row.reversal_id, r.row.refund_id);
	assert_int_equal(
	        lab_number(&lab, "SELECT g.refers=o.group_no FROM ledger_group g, recharge_order o"
	                         " WHERE g.kind='reversal'"),
	        1);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "it is reversed already");
}

static void a_debt_that_is_open_still_is_given_back_too(void **state)
{
	int64_t rent = till_debt(&till, DEBT_RENT, 9000);
	struct money_back r;
	struct order_row row = till_cash(&till, till.anna, 10000);

	(void)state;
	assert_int_equal(till_debt_row(&till, rent).recovered_fen, 5000);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(till_debt_row(&till, rent).recovered_fen, 0);
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_OPEN);
}

/* Two mistakes in a row: the last one first, then the one before. */
static void what_is_reversed_is_no_later_purchase(void **state)
{
	struct order_row first = till_cash(&till, till.anna, 1000);
	struct order_row last = till_cash(&till, till.anna, 2000);
	struct money_back r;

	(void)state;
	assert_int_equal(reverse(&till.cashier, first.order_id, &r), ERR_REFUSED);
	assert_int_equal(reverse(&till.cashier, last.order_id, &r), ERR_NONE);
	assert_int_equal(reverse(&till.cashier, first.order_id, &r), ERR_NONE);
	assert_int_equal(reverse(&till.cashier, first.order_id, &r), ERR_REFUSED);
}

static void a_reversal_is_refused_when_it_is_none(void **state)
{
	struct order_row first = till_cash(&till, till.anna, 1000);
	struct order_row last = till_cash(&till, till.anna, 2000);
	struct order_row waiting = till_order(&till, till.anna, 500);
	struct money_back r;
	struct actor silent = till.cashier;

	(void)state;
	assert_int_equal(reverse(&till.cashier, first.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "there is a later purchase of this account");
	assert_int_equal(reverse(&till.manager, last.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "only cashier, who sold it, may reverse it");
	assert_int_equal(reverse(&till.cashier, waiting.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "a provider's payment is refunded, not reversed");
	assert_int_equal(reverse(&till.finance, last.order_id, &r), ERR_FORBIDDEN);
	assert_int_equal(reverse(&till.cashier, 4711, &r), ERR_NOT_FOUND);
	silent.reason[0] = '\0';
	assert_int_equal(reverse(&silent, last.order_id, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "reason");
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(reverse(&till.cashier, last.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "the account is closed");
	till_state(&till, till.anna, ACCOUNT_OPEN);
	till_charge(&till, till.anna, 1001);
	assert_int_equal(reverse(&till.cashier, last.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why,
	                    "the balance does not cover it any more: some of it is used");
}

static enum err decide(const struct actor *actor, int64_t approval_id,
                       struct approval_decision *decision)
{
	struct approval_row row;

	assert_int_equal(approval_get(lab.db, approval_id, &row), ERR_NONE);
	*decision = (struct approval_decision){
	        .actor = *actor, .approval_id = approval_id, .verdict = APPROVAL_AGREE};
	memcpy(decision->hash, row.hash, sizeof decision->hash);
	return lab_step(&lab, approval_decide_step, decision, false);
}

static void a_large_reversal_waits_for_a_second_person(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 50001);
	struct approval_decision decision;
	struct money_back r;

	(void)state;
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_not_equal(r.approval_id, 0);
	assert_int_equal(r.row.refund_id, 0);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 50001);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_int_equal(decide(&till.manager, 1, &decision), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "done");
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
}

static void what_was_agreed_to_fails_when_it_cannot_be_done(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 50001);
	struct approval_decision decision;
	struct money_back r;

	(void)state;
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	till_charge(&till, till.anna, 1);
	assert_int_equal(decide(&till.manager, r.approval_id, &decision), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "failed");
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 50000);
}

static void a_reversal_of_a_transfer_needs_no_shift(void **state)
{
	struct money_back r;
	struct order_sale sale;

	(void)state;
	assert_int_equal(till_sell(&till, &till.manager, till.anna, CHANNEL_TRANSFER, 700, &sale),
	                 ERR_NONE);
	assert_int_equal(reverse(&till.manager, sale.row.order_id, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_CHANNEL, CHANNEL_TRANSFER), 0);
}

static void cash_of_a_reversal_leaves_the_till_that_is_open_now(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 1000);
	struct money_back r;
	struct shift_end end;
	int64_t next;

	(void)state;
	assert_int_equal(till_end_shift(&till, &till.cashier, till.shift, 1, 11000, "", &end),
	                 ERR_NONE);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.field, "channel");
	next = till_shift(&till, &till.cashier, 5000);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_TILL, next), -4000);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), 0);
}

/* ---- refund of credit ---- */

static enum err refund(const struct actor *actor, int64_t fen, enum pay_channel channel,
                       struct money_back *r)
{
	*r = (struct money_back){.actor = *actor,
	                         .property_id = 1,
	                         .account_id = till.anna,
	                         .amount_fen = fen,
	                         .channel = channel,
	                         .payee = channel == CHANNEL_TRANSFER ? "6222 Anna" : ""};
	return lab_step(&lab, credit_refund_step, r, false);
}

/* Domain case 18. */
static void a_refund_is_never_more_than_paid_and_not_used(void **state)
{
	struct adjustment adjustment = {.actor = till.finance,
	                                .property_id = 1,
	                                .account_id = till.anna,
	                                .amount_fen = 5000};
	struct money_back r;

	(void)state;
	till_cash(&till, till.anna, 10000);
	till_charge(&till, till.anna, 4000);
	assert_int_equal(refund(&till.cashier, 6001, CHANNEL_CASH, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "at most 6000 fen");
	/* A present of finance makes the balance 110, but only 100 were ever paid. */
	assert_int_equal(lab_step(&lab, adjust_step, &adjustment, false), ERR_NONE);
	assert_int_equal(adjustment.balance_fen, 11000);
	assert_int_equal(refund(&till.cashier, 10001, CHANNEL_CASH, &r), ERR_REFUSED);
	assert_int_equal(refund(&till.cashier, 6000, CHANNEL_CASH, &r), ERR_NONE);
	assert_int_equal(r.row.state, REFUND_DECIDED);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 6000);
	assert_int_equal(refund(&till.cashier, 4001, CHANNEL_CASH, &r), ERR_REFUSED);
	assert_int_equal(refund(&till.cashier, 4000, CHANNEL_CASH, &r), ERR_NONE);
	assert_int_equal(refund(&till.cashier, 1, CHANNEL_CASH, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "at most 0 fen");
}

static enum err pay_out(const struct actor *actor, const struct refund_row *row,
                        enum pay_channel channel, const char *voucher, struct refund_paid *paid)
{
	*paid = (struct refund_paid){.actor = *actor,
	                             .property_id = 1,
	                             .refund_id = row->refund_id,
	                             .version = row->version,
	                             .channel = channel,
	                             .voucher = voucher};
	return lab_step(&lab, refund_paid_step, paid, false);
}

static void a_refund_is_paid_out_once(void **state)
{
	struct money_back r;
	struct refund_paid paid;

	(void)state;
	till_cash(&till, till.anna, 10000);
	assert_int_equal(refund(&till.cashier, 2500, CHANNEL_CASH, &r), ERR_NONE);
	assert_int_equal(pay_out(&till.manager, &r.row, CHANNEL_CASH, "", &paid), ERR_REFUSED);
	assert_int_equal(pay_out(&till.manager, &r.row, CHANNEL_TRANSFER, "", &paid),
	                 ERR_BAD_INPUT);
	assert_int_equal(pay_out(&till.manager, &r.row, CHANNEL_MODEL, "", &paid), ERR_BAD_INPUT);
	assert_int_equal(pay_out(&till.finance, &r.row, CHANNEL_TRANSFER, "B1", &paid),
	                 ERR_FORBIDDEN);
	assert_int_equal(pay_out(&till.cashier, &r.row, CHANNEL_CASH, "", &paid), ERR_NONE);
	assert_int_equal(paid.row.state, REFUND_PAID);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 0);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), -17500);
	assert_int_equal(pay_out(&till.cashier, &r.row, CHANNEL_CASH, "", &paid), ERR_CONFLICT);
	assert_int_equal(pay_out(&till.cashier, &paid.row, CHANNEL_CASH, "", &paid), ERR_REFUSED);
	assert_string_equal(paid.fault.why, "it is paid already");
	paid.refund_id = 4711;
	assert_int_equal(lab_step(&lab, refund_paid_step, &paid, false), ERR_NOT_FOUND);
}

/* A correction lifts the balance, and nobody paid it: with it an order would go back beside what went back of it. */
static void an_order_goes_back_whole_or_not_at_all(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 1000);
	struct adjustment lift = {.actor = till.finance,
	                          .property_id = 1,
	                          .account_id = till.anna,
	                          .amount_fen = 300};
	struct money_back r;

	(void)state;
	assert_int_equal(lab_step(&lab, adjust_step, &lift, false), ERR_NONE);
	assert_int_equal(refund(&till.cashier, 200, CHANNEL_CASH, &r), ERR_NONE);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "a part of it was refunded already");
}

static void a_refund_asks_for_all_it_needs(void **state)
{
	struct actor silent = till.cashier;
	struct money_back r;

	(void)state;
	till_cash(&till, till.anna, 10000);
	silent.reason[0] = '\0';
	assert_int_equal(refund(&silent, 1, CHANNEL_CASH, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "reason");
	assert_int_equal(refund(&till.cashier, 0, CHANNEL_CASH, &r), ERR_BAD_INPUT);
	assert_int_equal(refund(&till.cashier, BOOKS_AMOUNT_MAX + 1, CHANNEL_CASH, &r),
	                 ERR_BAD_INPUT);
	assert_int_equal(refund(&till.cashier, 1, CHANNEL_MODEL, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "channel");
	assert_int_equal(refund(&till.cashier, 1, CHANNEL_TRANSFER, &r), ERR_NONE);
	r.payee = "";
	assert_int_equal(lab_step(&lab, credit_refund_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "payee");
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(refund(&till.cashier, 1, CHANNEL_CASH, &r), ERR_REFUSED);
	till_state(&till, till.anna, ACCOUNT_SUSPENDED);
	assert_int_equal(refund(&till.cashier, 1, CHANNEL_CASH, &r), ERR_NONE);
}

static void a_large_refund_waits_for_a_second_person(void **state)
{
	struct approval_decision decision;
	struct money_back r;

	(void)state;
	till_cash(&till, till.anna, 90000);
	assert_int_equal(refund(&till.cashier, 50001, CHANNEL_TRANSFER, &r), ERR_NONE);
	assert_int_not_equal(r.approval_id, 0);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 0);
	assert_int_equal(decide(&till.manager, r.approval_id, &decision), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "done");
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 50001);
	/* Two of the same size at once: the second fails when the first has taken the money. */
	assert_int_equal(refund(&till.cashier, 39999, CHANNEL_CASH, &r), ERR_NONE);
	assert_int_equal(r.approval_id, 0);
	assert_int_equal(refund(&till.cashier, 1, CHANNEL_CASH, &r), ERR_REFUSED);
}

static void an_agreed_refund_that_is_not_covered_fails(void **state)
{
	struct approval_decision decision;
	struct money_back r;

	(void)state;
	till_cash(&till, till.anna, 90000);
	assert_int_equal(refund(&till.cashier, 60000, CHANNEL_TRANSFER, &r), ERR_NONE);
	till_charge(&till, till.anna, 40000);
	assert_int_equal(decide(&till.manager, r.approval_id, &decision), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "failed");
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 0);
}

/* ---- adjustments ---- */

static enum err adjust(const struct actor *actor, int64_t fen, int64_t refers, struct adjustment *r)
{
	*r = (struct adjustment){.actor = *actor,
	                         .property_id = 1,
	                         .account_id = till.anna,
	                         .amount_fen = fen,
	                         .refers = refers};
	return lab_step(&lab, adjust_step, r, false);
}

static void finance_corrects_a_balance(void **state)
{
	struct approval_decision decision;
	struct actor silent = till.finance;
	struct adjustment r;

	(void)state;
	assert_int_equal(adjust(&till.finance, -300, 0, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), -300);
	assert_int_equal(adjust(&till.finance, 300, r.group_no, &r), ERR_NONE);
	assert_int_equal(r.balance_fen, 0);
	assert_int_equal(adjust(&till.finance, 300, 4711, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "refers");
	assert_int_equal(adjust(&till.finance, 0, 0, &r), ERR_BAD_INPUT);
	assert_int_equal(adjust(&till.finance, INT64_MIN, 0, &r), ERR_BAD_INPUT);
	assert_int_equal(adjust(&till.finance, BOOKS_AMOUNT_MAX + 1, 0, &r), ERR_BAD_INPUT);
	silent.reason[0] = '\0';
	assert_int_equal(adjust(&silent, 1, 0, &r), ERR_BAD_INPUT);
	assert_int_equal(adjust(&till.cashier, 1, 0, &r), ERR_FORBIDDEN);
	assert_int_equal(adjust(&till.finance, -10001, 0, &r), ERR_NONE);
	assert_int_not_equal(r.approval_id, 0);
	assert_int_equal(decide(&till.manager, r.approval_id, &decision), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), -10001);
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(adjust(&till.finance, 1, 0, &r), ERR_REFUSED);
	till_state(&till, till.anna, ACCOUNT_DRAFT);
	assert_int_equal(adjust(&till.finance, 1, 0, &r), ERR_REFUSED);
}

static void an_agreed_adjustment_of_a_closed_account_fails(void **state)
{
	struct approval_decision decision;
	struct adjustment r;

	(void)state;
	assert_int_equal(adjust(&till.finance, 10001, 0, &r), ERR_NONE);
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(decide(&till.manager, r.approval_id, &decision), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "failed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_reversal_turns_every_part_round),
	        TEST(a_debt_that_is_open_still_is_given_back_too),
	        TEST(a_reversal_is_refused_when_it_is_none),
	        TEST(what_is_reversed_is_no_later_purchase),
	        TEST(a_large_reversal_waits_for_a_second_person),
	        TEST(what_was_agreed_to_fails_when_it_cannot_be_done),
	        TEST(a_reversal_of_a_transfer_needs_no_shift),
	        TEST(cash_of_a_reversal_leaves_the_till_that_is_open_now),
	        TEST(a_refund_is_never_more_than_paid_and_not_used),
	        TEST(a_refund_is_paid_out_once),
	        TEST(a_refund_asks_for_all_it_needs),
	        TEST(an_order_goes_back_whole_or_not_at_all),
	        TEST(a_large_refund_waits_for_a_second_person),
	        TEST(an_agreed_refund_that_is_not_covered_fails),
	        TEST(finance_corrects_a_balance),
	        TEST(an_agreed_adjustment_of_a_closed_account_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
