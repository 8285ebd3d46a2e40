/* Orders over the counter: the state table cell by cell, what is asked before money is taken, where each part of
 * it goes; shifts, rules and debts. */
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
	assert_int_equal(row.created_ms, lab.now_ms);
	assert_int_equal(row.paid_ms, lab.now_ms);
	assert_int_equal(row.delivered_ms, lab.now_ms);
	assert_int_equal(row.credit_fen, 10000);
	assert_int_equal(row.receipt_no, 1);
	assert_int_equal(row.shift_id, till.shift);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 10000);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), -20000);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM order_stage"), 3);
	assert_int_equal(lab_count(&lab, EFFECT_ORDER), 3);
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
	sale.voucher = NULL;
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

/* What may be paid is asked before anybody has named an amount. */
static void a_quote_of_nothing_says_what_may_be_paid(void **state)
{
	struct order_quote q, nobody = {.property_id = 1, .account_id = 4711, .amount_fen = 1};

	(void)state;
	till_rule(&till, VEND_MIN, 500);
	limit(ACCOUNT_HOARDING, 50000);
	till_cash(&till, till.anna, 20000);
	q = quote(0);
	assert_int_equal(q.verdict, ERR_NONE);
	assert_int_equal(q.min_fen, 500);
	assert_int_equal(q.max_fen, 30000);
	assert_int_equal(q.balance_fen, 20000);
	assert_int_equal(q.after_fen, 20000);
	assert_int_equal(q.credit_fen, 0);
	assert_int_equal(q.fee_fen, 0);
	assert_int_equal(order_quote(lab.db, &nobody, lab.now_ms), ERR_NOT_FOUND);
}

static void use(int64_t meter, enum credit_place credit)
{
	struct account_meter row = {.property_id = 1,
	                            .meter = meter,
	                            .from_s = lab.now_ms / 1000,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = till.anna,
	                            .service = SERVICE_ELECTRICITY,
	                            .credit = credit};

	assert_int_equal(account_meter_insert(lab.db, &row), ERR_NONE);
}

/* Money goes into a meter only when it is plain into which. */
static void credit_goes_where_it_is_meant(void **state)
{
	struct order_quote q = {.property_id = 1, .account_id = till.anna, .amount_fen = 1000};

	(void)state;
	use(LAB_METER + 2, CREDIT_METER);
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_NONE);
	assert_int_equal(q.meter, 0); /* the platform pays for another one */
	use(LAB_METER + 3, CREDIT_METER);
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_NONE);
	assert_int_equal(q.meter, 0);
	assert_false(q.in_meter);
	q.meter = LAB_METER + 3;
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_NONE);
	assert_int_equal(q.meter, LAB_METER + 3);
	assert_true(q.in_meter);
	/* Arrears are the account's: into the purse goes what is left. */
	assert_int_equal(q.after_fen, q.balance_fen + 1000);
	till_charge(&till, till.anna, 300);
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_NONE);
	assert_int_equal(q.arrears_fen, 300);
	assert_int_equal(q.credit_fen, 700);
	assert_int_equal(q.after_fen, q.balance_fen + 700);
	q.meter = LAB_METER;
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_REFUSED);
	assert_string_equal(q.fault.why, "keeps no credit itself");
	q.meter = LAB_METER + 1;
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_BAD_INPUT);
	assert_string_equal(q.fault.why, "is not of this account");
	assert_int_equal(db_exec(lab.db, "DELETE FROM account_meter WHERE credit='platform'"),
	                 ERR_NONE);
	q.meter = 0;
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_BAD_INPUT);
	assert_string_equal(q.fault.why, "say which: several meters keep their own credit");
	/* One that hangs elsewhere by now takes nothing. */
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET until_s=from_s+1"
	                                 " WHERE meter=(SELECT max(meter) FROM account_meter)"),
	                 ERR_NONE);
	assert_int_equal(order_quote(lab.db, &q, lab.now_ms), ERR_NONE);
	assert_int_equal(q.meter, LAB_METER + 2);
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

/* 1,000 yuan: 100 owed, of the 900 left half may go to debts, of the 600 left a tenth is fee. */
static void money_is_split_in_the_order_of_the_trade(void **state)
{
	int64_t rent, fee;
	struct order_row row;

	(void)state;
	till_charge(&till, till.anna, 10000);
	rent = till_debt(&till, DEBT_RENT, 10000);
	fee = till_debt(&till, DEBT_PROPERTY_FEE, 20000);
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
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_DONE);
	assert_int_equal(till_debt_row(&till, fee).state, DEBT_DONE);
}

static void debts_are_recovered_oldest_first_within_their_share(void **state)
{
	int64_t rent = till_debt(&till, DEBT_RENT, 3000),
	        other = till_debt(&till, DEBT_OTHER, 9000);
	struct order_row row = till_cash(&till, till.anna, 10000);

	(void)state;
	assert_int_equal(row.debt_fen, 5000);
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_DONE);
	assert_int_equal(till_debt_row(&till, other).recovered_fen, 2000);
	assert_int_equal(till_debt_row(&till, other).state, DEBT_OPEN);
}

static void a_younger_debt_waits_for_the_older_one(void **state)
{
	int64_t rent = till_debt(&till, DEBT_RENT, 3000),
	        other = till_debt(&till, DEBT_OTHER, 9000);

	(void)state;
	assert_int_equal(till_cash(&till, till.anna, 4000).debt_fen, 2000);
	assert_int_equal(till_debt_row(&till, rent).recovered_fen, 2000);
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_OPEN);
	assert_int_equal(till_debt_row(&till, other).recovered_fen, 0);
	/* Of the older one what is left of it, and not more. */
	assert_int_equal(till_cash(&till, till.anna, 4000).debt_fen, 2000);
	assert_int_equal(till_debt_row(&till, rent).state, DEBT_DONE);
	assert_int_equal(till_debt_row(&till, other).recovered_fen, 1000);
	assert_int_equal(till_fen(&till, LEDGER_RECOVERED, DEBT_RENT), 3000);
	assert_int_equal(till_fen(&till, LEDGER_RECOVERED, DEBT_OTHER), 1000);
}

static void more_debts_than_one_purchase_names_wait(void **state)
{
	struct order_row row;

	(void)state;
	for (int i = 0; i < ORDER_DEBTS_MAX + 2; i++)
		till_debt(&till, DEBT_INSTALMENT, 1);
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
	/* It is asked again and again: where nothing is late, nothing waits for the disk. */
	assert_int_equal(lab_begin_step(&lab, order_expire_step, &expiry, true), ERR_NONE);
	assert_false(lab.tx.open);
	assert_int_equal(lab_commit(&lab), ERR_NONE);
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
	assert_int_equal(r.row.delivered_ms, 0);
	r.version = 1;
	assert_int_equal(lab_step(&lab, order_turn_step, &r, false), ERR_CONFLICT);
	assert_int_equal(turn(row.order_id, ORDER_PAY, &r), ERR_NONE); /* told again */
	r.event = ORDER_CLOSE;
	r.version = r.row.version; /* as the page that shows it has it */
	snprintf(r.actor.reason, sizeof r.actor.reason, "paid cash after all");
	assert_int_equal(lab_step(&lab, order_turn_step, &r, false), ERR_NONE);
	assert_int_equal(r.row.state, ORDER_CLOSED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM order_stage WHERE state=7 AND"
	                                  " who='cashier' AND reason='paid cash after all'"),
	                 1);
	assert_int_equal(turn(row.order_id, ORDER_PAY, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "the order is closed");
	assert_int_equal(turn(4711, ORDER_CLOSE, &r), ERR_NOT_FOUND);
}

static enum err go_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return order_go(tx, arg, ORDER_CLOSE, "test", "", now_ms, out);
}

static void what_is_no_move_changes_nothing(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 1000);

	(void)state;
	assert_int_equal(lab_step(&lab, go_step, &row, false), ERR_REFUSED);
	assert_int_equal(till_order_row(&till, row.order_id).state, ORDER_DELIVERED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM order_stage"), 3);
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
	assert_int_equal(till_end_shift(&till, &till.cashier, till.shift, 1, 12300, "", &end),
	                 ERR_BAD_INPUT);
	assert_string_equal(end.fault.field, "note");
	assert_int_equal(till_end_shift(&till, &till.cashier, till.shift, 2, 12345, "", &end),
	                 ERR_CONFLICT);
	assert_int_equal(till_end_shift(&till, &till.manager, 4711, 1, 0, "", &end), ERR_NOT_FOUND);
	assert_int_equal(till_end_shift(&till, &till.cashier, till.shift, 1, -1, "", &end),
	                 ERR_BAD_INPUT);
	assert_int_equal(
	        till_end_shift(&till, &till.cashier, till.shift, 1, 12300, "coins lost", &end),
	        ERR_NONE);
	assert_int_equal(end.row.expected_fen, 12345);
	assert_int_equal(end.row.difference_fen, -45);
	assert_int_equal(till_fen(&till, LEDGER_TILL, till.shift), 0);
	assert_int_equal(till_fen(&till, LEDGER_TILL, 0), -2300);
	assert_int_equal(till_fen(&till, LEDGER_ADJUST, 0), -45);
	assert_int_equal(till_end_shift(&till, &till.cashier, till.shift, 2, 0, "", &end),
	                 ERR_REFUSED);
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
	assert_int_equal(till_end_shift(&till, &other, till.shift, 1, 10000, "", &end), ERR_HIDDEN);
	assert_int_equal(till_end_shift(&till, &looks, till.shift, 1, 10000, "", &end),
	                 ERR_FORBIDDEN);
	assert_int_equal(till_end_shift(&till, &till.finance, till.shift, 1, 10000, "", &end),
	                 ERR_NONE);
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
	edit.debt_id = till_debt(&till, DEBT_RENT, 5000);
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
	        TEST(a_quote_of_nothing_says_what_may_be_paid),
	        TEST(credit_goes_where_it_is_meant),
	        TEST(a_quote_says_whether_supply_comes_back),
	        TEST(money_is_split_in_the_order_of_the_trade),
	        TEST(debts_are_recovered_oldest_first_within_their_share),
	        TEST(a_younger_debt_waits_for_the_older_one),
	        TEST(more_debts_than_one_purchase_names_wait),
	        TEST(receipts_have_no_gaps),
	        TEST(a_closed_day_takes_no_money),
	        TEST(who_may_not_sell_is_told_so),
	        TEST(an_order_expires_at_its_deadline),
	        TEST(a_person_gives_an_order_up),
	        TEST(what_is_no_move_changes_nothing),
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
