/* Orders over the counter: the state table cell by cell, what is asked before money is taken, where each part of
 * it goes, and the three ways back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
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

/* ---- the table of docs/design/orders.md ---- */

/* A letter per state: n no, = same, s suspense, m mismatch and suspense, else the state's own. The order of states is
 * that of the enumeration. */
static const char states[] = "cyPdDXKMFrRA";

static const struct {
	enum order_event event;
	const char *row;
} table[] = {
        {ORDER_PAY,     "y=nnnnnnnnnn"},
        {ORDER_MONEY,   "PPssssssssss"},
        {ORDER_WRONG,   "mmssssssssss"},
        {ORDER_SEND,    "nnd=nnnnnnnn"},
        {ORDER_ARRIVED, "nnDD=nnnDnnn"},
        {ORDER_FAIL,    "nnnFnnnn=nnn"},
        {ORDER_AGAIN,   "nnn=nnnndnnn"},
        {ORDER_LATE,    "XX=========="},
        {ORDER_CLOSE,   "KKnnnn=nnnnn"},
        {ORDER_RETURN,  "nnrnrnnnr=nr"},
        {ORDER_BACK,    "nnnnnnnnnR=R"},
        {ORDER_STUCK,   "nnnnnnnnnAn="},
};

static void every_event_in_every_state(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(table), ORDER_EVENTS);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (int s = ORDER_CREATED; s <= ORDER_STATE_LAST; s++) {
			char cell = table[i].row[s - 1];
			struct order_move move = order_move((enum order_state)s, table[i].event);

			if (cell == 'n') {
				assert_int_equal(move.answer, ORDER_REFUSES);
			} else if (cell == '=') {
				assert_int_equal(move.answer, ORDER_SAME);
				assert_int_equal(move.to, s);
			} else if (cell == 's') {
				assert_int_equal(move.answer, ORDER_SUSPENDS);
				assert_int_equal(move.to, s);
			} else if (cell == 'm') {
				assert_int_equal(move.answer, ORDER_SUSPENDS);
				assert_int_equal(move.to, ORDER_MISMATCH);
			} else {
				assert_int_equal(move.answer, ORDER_MOVES);
				assert_int_equal(states[move.to - 1], cell);
			}
		}
}

static void words_come_back(void **state)
{
	enum order_state found;
	enum pay_channel channel;
	int64_t id;
	char number[ORDER_NUMBER_SIZE];

	(void)state;
	for (int s = ORDER_CREATED; s <= ORDER_STATE_LAST; s++) {
		assert_true(order_state_parse(order_state_word((enum order_state)s), &found));
		assert_int_equal(found, s);
	}
	for (int c = CHANNEL_CASH; c <= CHANNEL_LAST; c++) {
		assert_true(channel_parse(channel_word((enum pay_channel)c), &channel));
		assert_int_equal(channel, c);
	}
	assert_false(order_state_parse("gone", &found));
	assert_false(channel_parse("gold", &channel));
	order_number(81, number);
	assert_string_equal(number, "W000000000081");
	assert_true(order_number_parse(number, &id));
	assert_int_equal(id, 81);
	order_number(INT64_C(1234567890123456), number);
	assert_true(order_number_parse(number, &id));
	assert_int_equal(id, INT64_C(1234567890123456));
	assert_false(order_number_parse("", &id));
	assert_false(order_number_parse("W81", &id));
	assert_false(order_number_parse("X000000000081", &id));
	assert_false(order_number_parse("W00000000008x", &id));
	assert_false(order_number_parse("W000000000000", &id));
	assert_false(order_number_parse("W0000000000000000000", &id));
}

/* ---- selling ---- */

static void cash_is_paid_and_delivered_at_once(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 10000);

	(void)state;
	assert_int_equal(row.state, ORDER_DELIVERED);
	assert_int_equal(row.credit_fen, 10000);
	assert_int_equal(row.receipt_no, 1);
	assert_int_equal(row.shift_id, till.shift);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 10000);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), -20000);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM order_stage"), 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='order.sell'"),
	                 1);
}

static void cash_wants_a_shift_and_a_transfer_its_voucher(void **state)
{
	struct order_sale sale;

	(void)state;
	assert_int_equal(till_sell(&till, &till.manager, till.anna, CHANNEL_CASH, 100, &sale),
	                 ERR_REFUSED);
	assert_string_equal(sale.fault.field, "channel");
	assert_int_equal(till_sell(&till, &till.manager, till.anna, CHANNEL_TRANSFER, 100, &sale),
	                 ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_CHANNEL, CHANNEL_TRANSFER), -100);
	sale.voucher = "";
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_BAD_INPUT);
	assert_string_equal(sale.fault.field, "voucher");
	sale.voucher = "a\nb";
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_BAD_INPUT);
	sale.channel = CHANNEL_MODEL;
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_BAD_INPUT);
	sale.channel = CHANNEL_CASH;
	assert_int_equal(lab_step(&lab, order_create_step, &sale, false), ERR_BAD_INPUT);
}

static void hostile_amounts_leave_no_row(void **state)
{
	static const int64_t amounts[] = {0, -1, INT64_MIN, INT64_MAX, BOOKS_AMOUNT_MAX + 1};
	struct order_sale sale;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		assert_int_equal(
		        till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, amounts[i], &sale),
		        ERR_BAD_INPUT);
		assert_string_equal(sale.fault.field, "amount_fen");
	}
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM recharge_order"), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM ledger_group WHERE kind='sale'"),
	                 0);
}

static void who_closed_and_owes_pays_that_and_no_more(void **state)
{
	struct order_sale sale;

	(void)state;
	till_charge(&till, till.anna, 700);
	till_state(&till, till.anna, ACCOUNT_CLOSING);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 701, &sale),
	                 ERR_REFUSED);
	assert_string_equal(sale.fault.field, "amount_fen");
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 300, &sale),
	                 ERR_NONE);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 400, &sale),
	                 ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 1, &sale),
	                 ERR_REFUSED);
	assert_string_equal(sale.fault.field, "account");
}

static void only_open_accounts_buy(void **state)
{
	static const enum account_state closed[] = {ACCOUNT_DRAFT, ACCOUNT_SUSPENDED,
	                                            ACCOUNT_CLOSING, ACCOUNT_CLOSED};
	struct order_sale sale;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		till_state(&till, till.anna, closed[i]);
		assert_int_equal(
		        till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 100, &sale),
		        ERR_REFUSED);
		assert_string_equal(sale.fault.field, "account");
	}
	assert_int_equal(till_sell(&till, &till.cashier, 4711, CHANNEL_CASH, 100, &sale),
	                 ERR_BAD_INPUT);
	assert_string_equal(sale.fault.field, "account");
}

static void least_and_greatest_purchase(void **state)
{
	struct order_sale sale;

	(void)state;
	till_rule(&till, VEND_MIN, 1000);
	till_rule(&till, VEND_MAX, 2000);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 999, &sale),
	                 ERR_REFUSED);
	assert_string_equal(sale.fault.why, "at least 1000 fen");
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 2001, &sale),
	                 ERR_REFUSED);
	assert_string_equal(sale.fault.why, "at most 2000 fen now");
	till_cash(&till, till.anna, 1000);
	till_cash(&till, till.anna, 2000);
}

static void limit(enum account_limit which, int64_t fen)
{
	struct account_row row;

	assert_int_equal(account_get(lab.db, 1, till.anna, &row), ERR_NONE);
	row.set[which] = true;
	row.limit_fen[which] = fen;
	assert_int_equal(account_update(lab.db, &row), ERR_NONE);
}

static struct order_quote quote(int64_t amount_fen)
{
	struct order_quote q = {
	        .property_id = 1, .account_id = till.anna, .amount_fen = amount_fen};

	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_NONE);
	return q;
}

/* Domain case 17, first half: told before the money is taken. */
static void the_hoarding_limit_is_asked_before_payment(void **state)
{
	struct order_sale sale;

	(void)state;
	limit(ACCOUNT_HOARDING, 50000);
	till_cash(&till, till.anna, 20000);
	assert_int_equal(quote(30000).verdict, ERR_NONE);
	assert_int_equal(quote(30001).verdict, ERR_REFUSED);
	assert_int_equal(quote(30001).max_fen, 30000);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 30001, &sale),
	                 ERR_REFUSED);
	till_rule(&till, VEND_FEE, 100000);
	/* Of 33,333.33 a tenth is fee: what may be paid grows by what does not become credit. */
	assert_true(quote(30001).max_fen > 33300 && quote(30001).max_fen < 33340);
	assert_int_equal(quote(30001).verdict, ERR_NONE);
}

/* Domain case 16: an overdraft is repaid first, and below the allow-close limit supply stays cut; said before. */
static void a_quote_says_whether_supply_comes_back(void **state)
{
	struct order_quote q;

	(void)state;
	till_charge(&till, till.anna, 3000);
	limit(ACCOUNT_ALLOW_CLOSE, 1000);
	q = quote(2000);
	assert_int_equal(q.arrears_fen, 2000);
	assert_int_equal(q.after_fen, -1000);
	assert_false(q.restores);
	q = quote(4000);
	assert_int_equal(q.arrears_fen, 3000);
	assert_int_equal(q.credit_fen, 1000);
	assert_false(q.restores);
	q = quote(4001);
	assert_true(q.restores);
	assert_true(till_cash(&till, till.anna, 4001).restores);
}

static int64_t debt(enum debt_kind kind, int64_t fen)
{
	struct debt_edit edit = {.actor = till.finance,
	                         .property_id = 1,
	                         .account_id = till.anna,
	                         .kind = kind,
	                         .amount_fen = fen};

	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_NONE);
	return edit.row.debt_id;
}

static struct debt_row debt_row(int64_t debt_id)
{
	struct debt_row row;

	assert_int_equal(debt_get(lab.db, 1, debt_id, &row), ERR_NONE);
	return row;
}

/* 1,000 yuan: 100 owed, of the 900 left half may go to debts, of the 600 left a tenth is fee. */
static void money_is_split_in_the_order_of_the_trade(void **state)
{
	int64_t rent, fee;
	struct order_row row;

	(void)state;
	till_charge(&till, till.anna, 10000);
	rent = debt(DEBT_RENT, 10000);
	fee = debt(DEBT_PROPERTY_FEE, 20000);
	till_rule(&till, VEND_FEE, 100000);
	row = till_cash(&till, till.anna, 100000);
	assert_int_equal(row.arrears_fen, 10000);
	assert_int_equal(row.debt_fen, 30000);
	assert_int_equal(row.fee_fen, 6000);
	assert_int_equal(row.credit_fen, 54000);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 54000);
	assert_int_equal(till_fen(&till, LEDGER_RECOVERED, DEBT_RENT), 10000);
	assert_int_equal(till_fen(&till, LEDGER_RECOVERED, DEBT_PROPERTY_FEE), 20000);
	assert_int_equal(till_fen(&till, LEDGER_FEE, 0), 6000);
	assert_int_equal(debt_row(rent).state, DEBT_DONE);
	assert_int_equal(debt_row(fee).state, DEBT_DONE);
}

static void debts_are_recovered_oldest_first_within_their_share(void **state)
{
	int64_t rent = debt(DEBT_RENT, 3000), other = debt(DEBT_OTHER, 9000);
	struct order_row row = till_cash(&till, till.anna, 10000);

	(void)state;
	assert_int_equal(row.debt_fen, 5000);
	assert_int_equal(debt_row(rent).state, DEBT_DONE);
	assert_int_equal(debt_row(other).recovered_fen, 2000);
	assert_int_equal(debt_row(other).state, DEBT_OPEN);
}

static void more_debts_than_one_purchase_names_wait(void **state)
{
	struct order_row row;

	(void)state;
	for (int i = 0; i < ORDER_DEBTS_MAX + 2; i++)
		debt(DEBT_INSTALMENT, 1);
	row = till_cash(&till, till.anna, 1000);
	assert_int_equal(row.debt_fen, ORDER_DEBTS_MAX);
	assert_int_equal(row.credit_fen, 1000 - ORDER_DEBTS_MAX);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM debt WHERE state=1"), 2);
}

static void receipts_have_no_gaps(void **state)
{
	struct order_sale sale;

	(void)state;
	assert_int_equal(till_cash(&till, till.anna, 100).receipt_no, 1);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 0, &sale),
	                 ERR_BAD_INPUT);
	assert_int_equal(till_cash(&till, till.berta, 100).receipt_no, 2);
}

static void a_closed_day_takes_no_money(void **state)
{
	struct order_sale sale;

	(void)state;
	assert_int_equal(ledger_close(lab.db, 1, estate_today()), ERR_NONE);
	assert_int_equal(till_sell(&till, &till.cashier, till.anna, CHANNEL_CASH, 100, &sale),
	                 ERR_REFUSED);
	assert_string_equal(sale.fault.why, "the books of today are closed");
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM recharge_order"), 0);
}

static void who_may_not_sell_is_told_so(void **state)
{
	struct actor reader = staff_with(&lab, "reader", P(ACCOUNT_READ), 1, 1, 0);
	struct actor stranger = staff_with(&lab, "stranger", P(VEND), 1, 1, till.estate.b);
	struct order_sale sale;

	(void)state;
	assert_int_equal(till_sell(&till, &reader, till.anna, CHANNEL_TRANSFER, 100, &sale),
	                 ERR_FORBIDDEN);
	assert_int_equal(till_sell(&till, &stranger, till.anna, CHANNEL_TRANSFER, 100, &sale),
	                 ERR_BAD_INPUT);
	assert_string_equal(sale.fault.why, "no such account");
}

/* ---- provider orders that wait ---- */

static void an_order_expires_at_its_deadline(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct order_expiry expiry;

	(void)state;
	assert_int_equal(row.state, ORDER_CREATED);
	assert_int_equal(row.expires_ms, lab.now_ms + 1800 * 1000);
	lab.now_ms = row.expires_ms - 1;
	assert_int_equal(lab_step(&lab, order_expire_step, &expiry, true), ERR_NONE);
	assert_int_equal(expiry.count, 0);
	lab.now_ms++;
	assert_int_equal(lab_step(&lab, order_expire_step, &expiry, true), ERR_NONE);
	assert_int_equal(expiry.count, 1);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_EXPIRED);
}

static enum err turn(int64_t order_id, enum order_event event, struct order_turn *r)
{
	*r = (struct order_turn){
	        .actor = till.cashier, .property_id = 1, .order_id = order_id, .event = event};
	return lab_step(&lab, order_turn_step, r, false);
}

static void a_person_gives_an_order_up(void **state)
{
	struct order_row row = till_order(&till, till.anna, 5000);
	struct order_turn r;

	(void)state;
	assert_int_equal(turn(row.order_id, ORDER_PAY, &r), ERR_NONE);
	assert_int_equal(r.row.state, ORDER_PAYING);
	r.version = 1;
	assert_int_equal(lab_step(&lab, order_turn_step, &r, false), ERR_CONFLICT);
	assert_int_equal(turn(row.order_id, ORDER_CLOSE, &r), ERR_NONE);
	assert_int_equal(r.row.state, ORDER_CLOSED);
	assert_int_equal(turn(row.order_id, ORDER_PAY, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "the order is closed");
	assert_int_equal(turn(4711, ORDER_CLOSE, &r), ERR_NOT_FOUND);
}

/* ---- reversal ---- */

static enum err reverse(const struct actor *actor, int64_t order_id, struct order_reversal *r)
{
	*r = (struct order_reversal){.actor = *actor, .property_id = 1, .order_id = order_id};
	return lab_step(&lab, order_reverse_step, r, false);
}

static void a_reversal_turns_every_part_round(void **state)
{
	int64_t rent = debt(DEBT_RENT, 3000);
	struct order_reversal r;
	struct order_row row;

	(void)state;
	till_rule(&till, VEND_FEE, 100000);
	till_charge(&till, till.anna, 500);
	row = till_cash(&till, till.anna, 10500);
	assert_int_equal(debt_row(rent).state, DEBT_DONE);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(r.row.kind, REFUND_REVERSAL);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), -500);
	assert_int_equal(till_fen(&till, LEDGER_FEE, 0), 0);
	assert_int_equal(till_fen(&till, LEDGER_RECOVERED, DEBT_RENT), 0);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), -10000);
	assert_int_equal(debt_row(rent).state, DEBT_OPEN);
	assert_int_equal(debt_row(rent).recovered_fen, 0);
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
	int64_t rent = debt(DEBT_RENT, 9000);
	struct order_reversal r;
	struct order_row row = till_cash(&till, till.anna, 10000);

	(void)state;
	assert_int_equal(debt_row(rent).recovered_fen, 5000);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(debt_row(rent).recovered_fen, 0);
	assert_int_equal(debt_row(rent).state, DEBT_OPEN);
}

static void a_reversal_is_refused_when_it_is_none(void **state)
{
	struct order_row first = till_cash(&till, till.anna, 1000);
	struct order_row last = till_cash(&till, till.anna, 2000);
	struct order_row waiting = till_order(&till, till.anna, 500);
	struct order_reversal r;
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
	struct order_reversal r;

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
	struct order_reversal r;

	(void)state;
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	till_charge(&till, till.anna, 1);
	assert_int_equal(decide(&till.manager, r.approval_id, &decision), ERR_NONE);
	assert_string_equal(approval_state_text(decision.row.state), "failed");
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 50000);
}

static void a_reversal_of_a_transfer_needs_no_shift(void **state)
{
	struct order_reversal r;
	struct order_sale sale;

	(void)state;
	assert_int_equal(till_sell(&till, &till.manager, till.anna, CHANNEL_TRANSFER, 700, &sale),
	                 ERR_NONE);
	assert_int_equal(reverse(&till.manager, sale.row.order_id, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_CHANNEL, CHANNEL_TRANSFER), 0);
}

static enum err end_shift(const struct actor *actor, int64_t shift, int64_t version, int64_t fen,
                          const char *note, struct shift_end *end)
{
	*end = (struct shift_end){.actor = *actor,
	                          .property_id = 1,
	                          .shift_id = shift,
	                          .version = version,
	                          .counted_fen = fen,
	                          .handed_to = "manager",
	                          .note = note};
	return lab_step(&lab, shift_end_step, end, false);
}

static void cash_of_a_reversal_leaves_the_till_that_is_open_now(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 1000);
	struct order_reversal r;
	struct shift_end end;
	int64_t next;

	(void)state;
	assert_int_equal(end_shift(&till.cashier, till.shift, 1, 11000, "", &end), ERR_NONE);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_REFUSED);
	assert_string_equal(r.fault.field, "channel");
	next = till_shift(&till, &till.cashier, 5000);
	assert_int_equal(reverse(&till.cashier, row.order_id, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_TILL, next), -4000);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), 0);
}

/* ---- refund of credit ---- */

static enum err refund(const struct actor *actor, int64_t fen, enum pay_channel channel,
                       struct credit_refund *r)
{
	*r = (struct credit_refund){.actor = *actor,
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
	struct credit_refund r;

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
	struct credit_refund r;
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

static void a_refund_asks_for_all_it_needs(void **state)
{
	struct actor silent = till.cashier;
	struct credit_refund r;

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
	struct credit_refund r;

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
	struct credit_refund r;

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

/* ---- shifts ---- */

static void a_shift_gives_back_what_it_took(void **state)
{
	struct shift_begin again = {.actor = till.cashier, .property_id = 1};
	struct shift_end end;

	(void)state;
	assert_int_equal(till_fen(&till, LEDGER_TILL, 0), 10000); /* the safe gave its float */
	till_cash(&till, till.anna, 2345);
	assert_int_equal(lab_step(&lab, shift_begin_step, &again, false), ERR_REFUSED);
	assert_int_equal(end_shift(&till.cashier, till.shift, 1, 12300, "", &end), ERR_BAD_INPUT);
	assert_string_equal(end.fault.field, "note");
	assert_int_equal(end_shift(&till.cashier, till.shift, 2, 12345, "", &end), ERR_CONFLICT);
	assert_int_equal(end_shift(&till.manager, 4711, 1, 0, "", &end), ERR_NOT_FOUND);
	assert_int_equal(end_shift(&till.cashier, till.shift, 1, -1, "", &end), ERR_BAD_INPUT);
	assert_int_equal(end_shift(&till.cashier, till.shift, 1, 12300, "coins lost", &end),
	                 ERR_NONE);
	assert_int_equal(end.row.expected_fen, 12345);
	assert_int_equal(end.row.difference_fen, -45);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), 0);
	assert_int_equal(till_fen(&till, LEDGER_TILL, 0), -2300);
	assert_int_equal(till_fen(&till, LEDGER_ADJUST, 0), -45);
	assert_int_equal(end_shift(&till.cashier, till.shift, 2, 0, "", &end), ERR_REFUSED);
	again.opening_fen = -1;
	assert_int_equal(lab_step(&lab, shift_begin_step, &again, false), ERR_BAD_INPUT);
	again.opening_fen = 0;
	assert_int_equal(lab_step(&lab, shift_begin_step, &again, false), ERR_NONE);
}

static void finance_ends_the_shift_of_another(void **state)
{
	struct actor other = staff_with(&lab, "other", P(ACCOUNT_READ) | P(VEND), 1, 1, 0);
	struct actor looks = staff_with(&lab, "looks", P(LEDGER_READ) | P(VEND), 1, 1, 0);
	struct shift_end end;

	(void)state;
	assert_int_equal(end_shift(&other, till.shift, 1, 10000, "", &end), ERR_HIDDEN);
	assert_int_equal(end_shift(&looks, till.shift, 1, 10000, "", &end), ERR_FORBIDDEN);
	assert_int_equal(end_shift(&till.finance, till.shift, 1, 10000, "", &end), ERR_NONE);
}

static void who_sells_nothing_has_no_shift(void **state)
{
	struct shift_begin begin = {.actor = till.finance, .property_id = 1};
	struct actor outside = staff_with(&lab, "outside", P(VEND), 2, 0, 0);

	(void)state;
	assert_int_equal(lab_step(&lab, shift_begin_step, &begin, false), ERR_FORBIDDEN);
	begin.actor = outside;
	assert_int_equal(lab_step(&lab, shift_begin_step, &begin, false), ERR_HIDDEN);
}

/* ---- rules and debts ---- */

static enum err edit_rule(const struct actor *actor, enum vend_rule rule, int64_t value,
                          bool confirmed, int64_t version, struct vend_edit *edit)
{
	*edit = (struct vend_edit){
	        .actor = *actor, .property_id = 1, .version = version, .fee_confirmed = confirmed};
	edit->has[rule] = true;
	edit->value[rule] = value;
	return lab_step(&lab, vend_edit_step, edit, false);
}

static void a_fee_begins_only_with_the_warning_read(void **state)
{
	struct vend_edit edit;

	(void)state;
	assert_int_equal(edit_rule(&till.manager, VEND_FEE, 10000, false, 0, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "fee_confirmed");
	assert_int_equal(edit_rule(&till.manager, VEND_FEE, 10000, true, 0, &edit), ERR_NONE);
	assert_int_equal(edit_rule(&till.manager, VEND_FEE, 20000, false, 1, &edit), ERR_BAD_INPUT);
	assert_int_equal(edit_rule(&till.manager, VEND_FEE, 5000, false, 1, &edit), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='vending.edit'"
	                                  " AND detail='resale warning confirmed'"),
	                 1);
	assert_int_equal(edit_rule(&till.manager, VEND_FEE, 0, false, 1, &edit), ERR_CONFLICT);
	assert_int_equal(edit_rule(&till.cashier, VEND_FEE, 0, false, 2, &edit), ERR_FORBIDDEN);
}

static void rules_have_limits(void **state)
{
	struct vend_edit edit;

	(void)state;
	assert_int_equal(edit_rule(&till.manager, VEND_FEE, 200001, true, 0, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "fee_ppm");
	assert_int_equal(edit_rule(&till.manager, VEND_MIN, 0, false, 0, &edit), ERR_BAD_INPUT);
	assert_int_equal(edit_rule(&till.manager, VEND_MIN, 1000001, false, 0, &edit),
	                 ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "is above the greatest purchase");
}

static void a_debt_is_waived_by_finance(void **state)
{
	struct debt_edit edit = {.actor = till.finance, .property_id = 1};

	(void)state;
	edit.debt_id = debt(DEBT_RENT, 5000);
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_CONFLICT);
	edit.version = 1;
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.state, DEBT_VOID);
	edit.version = 2;
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_REFUSED);
	edit.debt_id = 4711;
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_NOT_FOUND);
	assert_int_equal(till_cash(&till, till.anna, 1000).debt_fen, 0);
}

static void a_debt_has_an_account_an_amount_and_a_reason(void **state)
{
	struct debt_edit edit = {.actor = till.finance,
	                         .property_id = 1,
	                         .account_id = till.anna,
	                         .kind = DEBT_RENT};

	(void)state;
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "amount_fen");
	edit.amount_fen = BOOKS_AMOUNT_MAX + 1;
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.amount_fen = 1;
	edit.account_id = 4711;
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.account_id = till.anna;
	edit.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.actor = till.finance;
	till_state(&till, till.anna, ACCOUNT_CLOSED);
	assert_int_equal(lab_step(&lab, debt_edit_step, &edit, false), ERR_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_event_in_every_state),
	        cmocka_unit_test(words_come_back),
	        TEST(cash_is_paid_and_delivered_at_once),
	        TEST(cash_wants_a_shift_and_a_transfer_its_voucher),
	        TEST(hostile_amounts_leave_no_row),
	        TEST(only_open_accounts_buy),
	        TEST(who_closed_and_owes_pays_that_and_no_more),
	        TEST(least_and_greatest_purchase),
	        TEST(the_hoarding_limit_is_asked_before_payment),
	        TEST(a_quote_says_whether_supply_comes_back),
	        TEST(money_is_split_in_the_order_of_the_trade),
	        TEST(debts_are_recovered_oldest_first_within_their_share),
	        TEST(more_debts_than_one_purchase_names_wait),
	        TEST(receipts_have_no_gaps),
	        TEST(a_closed_day_takes_no_money),
	        TEST(who_may_not_sell_is_told_so),
	        TEST(an_order_expires_at_its_deadline),
	        TEST(a_person_gives_an_order_up),
	        TEST(a_reversal_turns_every_part_round),
	        TEST(a_debt_that_is_open_still_is_given_back_too),
	        TEST(a_reversal_is_refused_when_it_is_none),
	        TEST(a_large_reversal_waits_for_a_second_person),
	        TEST(what_was_agreed_to_fails_when_it_cannot_be_done),
	        TEST(a_reversal_of_a_transfer_needs_no_shift),
	        TEST(cash_of_a_reversal_leaves_the_till_that_is_open_now),
	        TEST(a_refund_is_never_more_than_paid_and_not_used),
	        TEST(a_refund_is_paid_out_once),
	        TEST(a_refund_asks_for_all_it_needs),
	        TEST(a_large_refund_waits_for_a_second_person),
	        TEST(an_agreed_refund_that_is_not_covered_fails),
	        TEST(finance_corrects_a_balance),
	        TEST(an_agreed_adjustment_of_a_closed_account_fails),
	        TEST(a_shift_gives_back_what_it_took),
	        TEST(finance_ends_the_shift_of_another),
	        TEST(who_sells_nothing_has_no_shift),
	        TEST(a_fee_begins_only_with_the_warning_read),
	        TEST(rules_have_limits),
	        TEST(a_debt_is_waived_by_finance),
	        TEST(a_debt_has_an_account_an_amount_and_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
