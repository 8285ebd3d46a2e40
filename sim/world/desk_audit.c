/* The books of the counter and the finance office at the end, added up again from orders, refunds, shifts,
 * allowances and charges. */
#include "sim/world/contract.h"
#include "sim/world/desk.h"
#include "sim/world/purse.h"

#include "platform/core/person.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/allowance.h"
#include "platform/core/refund.h"
#include "platform/store/charge.h"
#include "platform/store/message.h"
#include "platform/store/payment.h"

#define ORDERS_MAX 8192
#define SHIFTS_MAX 512
#define GRANTS_MAX 1024

struct sum {
	int64_t in_fen; /* what orders put on the account, less what was taken off again */
	int64_t paid_fen, back_fen;
	int64_t charged_fen, granted_fen, adjusted_fen;
};

/* Of one terminal's purse. */
struct filled {
	int64_t in_fen, charged_fen;
};

struct adding {
	struct world *w;
	struct db *db;
	unsigned account; /* the present one */
	struct sum sum[UNITS_MAX + BOUGHT_MAX];
	struct filled purse[UNITS_MAX];
	int64_t fee_fen, recovered_fen, debts_fen, payable_fen, transfer_fen, safe_fen, over_fen;
	int64_t suspense_fen, grant_left_fen, grant_cost_fen, receipts, refunds_told;
	int64_t till_fen[SHIFTS_MAX];
	int64_t free_units[GRANTS_MAX];
	uint8_t undone[ORDERS_MAX], delivered[ORDERS_MAX], told[ORDERS_MAX], receipt[ORDERS_MAX];
	bool old[ORDERS_MAX];
	size_t adjustments, tell_refunds;
};

static void unreadable(struct adding *a, const char *what)
{
	world_broken(a->w, "I23", "%s cannot be read", what);
}

/* Messages before are removed by the property's rules of retention. */
static int64_t kept_since_ms(const struct world *w)
{
	static const struct retention_row builtin;

	return world_wall_ms(w) -
	       (retention_days(&builtin, RETENTION_MESSAGE) - 1) * INT64_C(86400000);
}

static struct sum *sum_of(struct adding *a, int64_t account_id)
{
	int64_t n = account_id - MONEY_FIRST;

	if (n >= 0 && n < a->w->n_accounts)
		return &a->sum[n];
	world_broken(a->w, "I19", "money of account %lld", (long long)account_id);
	return &a->sum[0];
}

static struct filled *purse_of(struct adding *a, int64_t meter)
{
	int64_t n = meter - METER_FIRST;

	if (n >= 0 && n < a->w->n_terminals)
		return &a->purse[n];
	world_broken(a->w, "I4", "money in the purse of meter %lld", (long long)meter);
	return &a->purse[0];
}

static int64_t *till_of(struct adding *a, int64_t shift_id)
{
	if (shift_id > 0 && shift_id < SHIFTS_MAX)
		return &a->till_fen[shift_id];
	world_broken(a->w, "I3", "cash of shift %lld", (long long)shift_id);
	return &a->till_fen[0];
}

/* ---- orders ---- */

static void take_receipt(struct adding *a, const struct order_row *row)
{
	if (row->receipt_no <= 0 || row->receipt_no >= ORDERS_MAX || a->receipt[row->receipt_no])
		world_broken(a->w, "I20", "order %lld has receipt %lld", (long long)row->order_id,
		             (long long)row->receipt_no);
	else
		a->receipt[row->receipt_no] = 1;
	a->receipts++;
}

static bool on_stage(void *arg, const struct order_stage *stage)
{
	bool *expired = arg;

	*expired = *expired || stage->state == ORDER_EXPIRED;
	return !*expired;
}

/* I3: what comes after the deadline is people's to decide about. */
static void check_deadline(struct adding *a, const struct order_row *row)
{
	bool expired = false;

	if (order_stages(a->db, 1, row->order_id, on_stage, &expired))
		unreadable(a, "the stages of an order");
	else if (expired)
		world_broken(a->w, "I3", "order %lld had expired, and took money",
		             (long long)row->order_id);
}

static bool on_order(void *arg, const struct order_row *row)
{
	struct adding *a = arg;
	struct sum *sum = sum_of(a, row->account_id);

	if (row->order_id >= ORDERS_MAX)
		world_broken(a->w, "I22", "order %lld", (long long)row->order_id);
	if (a->w->failed)
		return false;
	a->delivered[row->order_id] = row->delivered_ms != 0;
	a->old[row->order_id] = row->delivered_ms && row->delivered_ms < kept_since_ms(a->w);
	if (!row->group_no)
		return true;
	if (row->arrears_fen + row->debt_fen + row->fee_fen + row->credit_fen != row->amount_fen)
		world_broken(a->w, "I1", "order %lld of %lld fen is split into other money",
		             (long long)row->order_id, (long long)row->amount_fen);
	take_receipt(a, row);
	if (row->expires_ms && row->paid_ms > row->expires_ms)
		check_deadline(a, row);
	sum->in_fen += row->arrears_fen + row->credit_fen;
	if (purse_has(a->w, row)) {
		sum->in_fen -= row->credit_fen;
		purse_of(a, row->meter)->in_fen += row->credit_fen;
	}
	sum->paid_fen += row->amount_fen;
	a->fee_fen += row->fee_fen;
	a->recovered_fen += row->debt_fen;
	if (row->channel == CHANNEL_CASH)
		*till_of(a, row->shift_id) += row->amount_fen;
	if (row->channel == CHANNEL_TRANSFER)
		a->transfer_fen += row->amount_fen;
	return !a->w->failed;
}

/* ---- money that went back ---- */

/* I7: once, and all of it. */
static void undo(struct adding *a, const struct refund_row *row)
{
	struct order_row order;

	if (order_get(a->db, 1, row->order_id, &order)) {
		unreadable(a, "an order that was given back");
		return;
	}
	if (a->undone[row->order_id]++ || row->amount_fen != order.amount_fen)
		world_broken(a->w, "I7", "order %lld of %lld fen goes back %u times, now %lld",
		             (long long)row->order_id, (long long)order.amount_fen,
		             (unsigned)a->undone[row->order_id], (long long)row->amount_fen);
	sum_of(a, row->account_id)->in_fen -= order.arrears_fen + order.credit_fen;
	a->fee_fen -= order.fee_fen;
	a->recovered_fen -= order.debt_fen;
}

static bool on_refund(void *arg, const struct refund_row *row)
{
	struct adding *a = arg;
	bool paid = row->state == REFUND_PAID;

	if (row->kind == REFUND_REVERSAL || row->kind == REFUND_PAYMENT)
		undo(a, row);
	if (row->kind == REFUND_CREDIT || row->kind == REFUND_CLOSING)
		sum_of(a, row->account_id)->in_fen -= row->amount_fen;
	if (row->kind != REFUND_SUSPENSE && row->kind != REFUND_CLOSING) /* that is what is left */
		sum_of(a, row->account_id)->back_fen += row->amount_fen;
	if (!paid && row->group_no)
		a->payable_fen += row->amount_fen;
	if (paid && row->channel == CHANNEL_CASH)
		*till_of(a, row->shift_id) -= row->amount_fen;
	if (paid && row->channel == CHANNEL_TRANSFER)
		a->transfer_fen -= row->amount_fen;
	a->tell_refunds += paid && row->account_id && row->kind != REFUND_REVERSAL;
	return !a->w->failed;
}

/* ---- shifts ---- */

static void expect(struct adding *a, const char *rule, enum ledger_account account, int64_t subject,
                   int64_t fen)
{
	struct ledger_balance now;

	if (ledger_balance(a->db, 1, account, subject, &now))
		unreadable(a, ledger_account_word(account));
	else if (books_fen(now.balance) != fen)
		world_broken(a->w, rule, "%s %lld has %lld fen in the ledger, and %lld otherwise",
		             ledger_account_word(account), (long long)subject,
		             (long long)books_fen(now.balance), (long long)fen);
}

static bool on_shift(void *arg, const struct shift_row *row)
{
	struct adding *a = arg;
	int64_t till_fen = row->opening_fen + *till_of(a, row->shift_id);

	*till_of(a, row->shift_id) = 0;
	a->safe_fen -= row->opening_fen;
	if (!row->closed_ms) {
		expect(a, "I3", LEDGER_TILL, row->shift_id, -till_fen);
		return !a->w->failed;
	}
	if (row->expected_fen != till_fen ||
	    row->difference_fen != row->counted_fen - row->expected_fen)
		world_broken(a->w, "I3",
		             "shift %lld should have %lld fen, was told %lld and differs by %lld",
		             (long long)row->shift_id, (long long)till_fen,
		             (long long)row->expected_fen, (long long)row->difference_fen);
	a->safe_fen += row->counted_fen;
	a->over_fen += row->difference_fen;
	expect(a, "I3", LEDGER_TILL, row->shift_id, 0);
	return !a->w->failed;
}

/* ---- suspense and debts ---- */

static bool on_suspense(void *arg, const struct suspense_row *row)
{
	struct adding *a = arg;

	if (row->state == SUSPENSE_OPEN && row->group_no)
		a->suspense_fen += row->amount_fen;
	return true;
}

static bool on_debt(void *arg, const struct debt_row *row)
{
	struct adding *a = arg;

	if (row->recovered_fen < 0 || row->recovered_fen > row->amount_fen)
		world_broken(a->w, "I1", "debt %lld of %lld fen: %lld are recovered",
		             (long long)row->debt_id, (long long)row->amount_fen,
		             (long long)row->recovered_fen);
	a->debts_fen += row->recovered_fen;
	return !a->w->failed;
}

/* ---- one account ---- */

static bool on_charge(void *arg, const struct charge_row *row)
{
	struct adding *a = arg;

	a->sum[a->account].charged_fen += books_fen(row->amount);
	if (row->meter < METER_FIRST + UNITS_MAX)
		purse_of(a, row->meter)->charged_fen += books_fen(row->amount);
	if (row->allowance_id > 0 && row->allowance_id < GRANTS_MAX && row->line == 0)
		a->free_units[row->allowance_id] += row->units;
	return true;
}

static bool on_allowance(void *arg, const struct allowance_row *row)
{
	struct adding *a = arg;

	if (row->allowance_id >= GRANTS_MAX || row->left < 0 ||
	    row->given != row->used + row->lapsed + row->left || (row->ended_s && row->left))
		world_broken(a->w, "I1",
		             "allowance %lld: given %lld, used %lld, lapsed %lld, left %lld",
		             (long long)row->allowance_id, (long long)row->given,
		             (long long)row->used, (long long)row->lapsed, (long long)row->left);
	else if (row->kind == GRANT_ENERGY && a->free_units[row->allowance_id] != row->used)
		world_broken(a->w, "I6", "allowance %lld: %lld units used, %lld charged free",
		             (long long)row->allowance_id, (long long)row->used,
		             (long long)a->free_units[row->allowance_id]);
	if (row->kind != GRANT_MONEY)
		return !a->w->failed;
	a->sum[a->account].granted_fen += row->used;
	a->grant_left_fen += row->left;
	a->grant_cost_fen += row->given - row->lapsed;
	return !a->w->failed;
}

static bool on_line(void *arg, const struct ledger_line *line)
{
	struct adding *a = arg;

	if (strcmp(line->kind, "adjust") != 0)
		return true;
	a->sum[a->account].adjusted_fen += books_fen(line->amount);
	a->adjustments++;
	return true;
}

/* I2 I4: a purse in use has what came less what was charged; of one that left its place nothing is left, and the account
 * has that. The answer is what the account gave to its purses. */
static int64_t check_purses(struct adding *a, int64_t account_id)
{
	int64_t given_fen = 0;

	for (unsigned n = 0; n < a->w->n_terminals && !a->w->failed; n++) {
		struct contract_use use = contract_use(a->w, unit_meter(n));
		const struct filled *purse = &a->purse[n];
		int64_t carried_fen, left_fen;

		if (!purse_is_of(a->w, n) || !use.bound || use.account_id != account_id)
			continue;
		carried_fen = purse_carried_fen(a->w, n);
		left_fen = purse->in_fen + carried_fen - purse->charged_fen;
		given_fen += carried_fen - (use.ended ? left_fen : 0);
		expect(a, "I4", LEDGER_METER, unit_meter(n), use.ended ? 0 : left_fen);
	}
	return given_fen;
}

static void check_account(struct adding *a, unsigned n)
{
	const struct sum *sum = &a->sum[n];
	int64_t id = MONEY_FIRST + n, before_fen = a->grant_left_fen;
	int64_t fees_fen = fees_audit(a->w, id);

	a->account = n;
	if (charge_of_account(a->db, 1, id, INT32_MIN, INT32_MAX, on_charge, a) ||
	    allowance_list(a->db, 1, id, false, on_allowance, a) ||
	    ledger_lines(a->db, 1, LEDGER_ACCOUNT, id, 0, on_line, a)) {
		unreadable(a, "an account");
		return;
	}
	if (sum->back_fen > sum->paid_fen)
		world_broken(a->w, "I7", "account %u was paid %lld fen, and %lld went back", n,
		             (long long)sum->paid_fen, (long long)sum->back_fen);
	expect(a, "I1", LEDGER_ACCOUNT, id,
	       sum->in_fen + sum->granted_fen + sum->adjusted_fen - fees_fen -
	               (purse_of_account(a->w, n) ? check_purses(a, id) : sum->charged_fen));
	expect(a, "I1", LEDGER_GRANT, id, a->grant_left_fen - before_fen);
}

/* ---- messages ---- */

static bool on_message(void *arg, const struct message_row *row)
{
	struct adding *a = arg;
	long long order = 0;

	if (strcmp(row->kind, "refunded") == 0)
		a->refunds_told++;
	if (strcmp(row->kind, "recharged") == 0 && sscanf(row->cause, "order %lld", &order) == 1 &&
	    order > 0 && order < ORDERS_MAX)
		a->told[order]++;
	return true;
}

/* In one transaction with their cause: each one there, none without. */
static void check_messages(struct adding *a)
{
	const struct message_filter all = {0};

	if (message_list(a->db, 1, &all, on_message, a))
		unreadable(a, "messages");
	for (int64_t i = 0; i < ORDERS_MAX && !a->w->failed; i++)
		if (a->told[i] != a->delivered[i] && !(a->old[i] && a->told[i] == 0))
			world_broken(a->w, "I4", "order %lld is %sdelivered, and was told %u times",
			             (long long)i, a->delivered[i] ? "" : "not ",
			             (unsigned)a->told[i]);
	if ((size_t)a->refunds_told > a->tell_refunds ||
	    ((size_t)a->refunds_told < a->tell_refunds && a->w->start_ms >= kept_since_ms(a->w)))
		world_broken(a->w, "I4", "%zu refunds are paid, %lld were told", a->tell_refunds,
		             (long long)a->refunds_told);
}

/* ---- what was answered ---- */

static void check_answered(struct adding *a)
{
	const struct desk *desk = a->w->money->desk;
	struct refund_row refund;
	struct order_row order;

	for (size_t i = 0; i < desk->n_sold && !a->w->failed; i++)
		if (order_get(a->db, 1, desk->sold[i], &order) || !order.group_no)
			world_broken(a->w, "I3", "order %lld was sold, and is not there",
			             (long long)desk->sold[i]);
	for (size_t i = 0; i < desk->n_refunded && !a->w->failed; i++)
		if (refund_get(a->db, 1, desk->refunded[i], &refund))
			world_broken(a->w, "I3", "refund %lld was answered, and is not there",
			             (long long)desk->refunded[i]);
	if (a->adjustments < desk->adjusted ||
	    a->adjustments > desk->adjusted + desk->adjusted_perhaps)
		world_broken(a->w, "I2", "%zu corrections were answered, %zu are there",
		             desk->adjusted, a->adjustments);
}

static void check_receipts(struct adding *a)
{
	struct ledger_state state;

	if (ledger_state(a->db, 1, &state))
		unreadable(a, "the ledger's state");
	else if (state.receipts != a->receipts)
		world_broken(a->w, "I20", "%lld receipts were given, %lld orders have one",
		             (long long)state.receipts, (long long)a->receipts);
	for (int64_t i = 1; i <= a->receipts && !a->w->failed; i++)
		if (!a->receipt[i])
			world_broken(a->w, "I20", "receipt %lld of %lld is missing", (long long)i,
			             (long long)a->receipts);
}

/* ---- I8 ---- */

struct folding {
	int64_t day;
	uint64_t sum;
};

static bool on_fold(void *arg, const struct ledger_line *line)
{
	struct folding *f = arg;
	const int64_t words[3] = {line->group_no, line->day, books_fen(line->amount)};

	if (line->day <= f->day)
		f->sum = world_hash(f->sum, words, sizeof words);
	return true;
}

enum err desk_fold(struct db *db, const struct world *w, int64_t day, int64_t *fold)
{
	struct folding f = {.day = day};
	enum err err = ERR_NONE;

	for (unsigned n = 0; !err && n < w->n_accounts; n++)
		err = ledger_lines(db, 1, LEDGER_ACCOUNT, MONEY_FIRST + n, 0, on_fold, &f);
	for (unsigned n = 0; !err && n < w->n_accounts; n++)
		err = ledger_lines(db, 1, LEDGER_GRANT, MONEY_FIRST + n, 0, on_fold, &f);
	for (int channel = CHANNEL_CASH; !err && channel <= CHANNEL_LAST; channel++)
		err = ledger_lines(db, 1, LEDGER_CHANNEL, channel, 0, on_fold, &f);
	*fold = (int64_t)f.sum;
	return err;
}

static void check_closed(struct adding *a)
{
	const struct desk *desk = a->w->money->desk;
	int64_t fold;

	if (desk->closed_day == INT64_MIN)
		return;
	if (desk_fold(a->db, a->w, desk->closed_day, &fold))
		unreadable(a, "the ledger");
	else if (fold != desk->closed_fold)
		world_broken(a->w, "I8", "the days up to %lld were closed, and are others now",
		             (long long)desk->closed_day);
}

/* ---- I20: nobody changes what was written ---- */

/* What somebody with a hand on the file could do; in words of the store. */
static const char *const tampering[] = {
        "UPDATE ledger_group SET who='nobody' WHERE group_no=(SELECT max(group_no) FROM ledger_group)",
        "UPDATE ledger_group SET day=day-1 WHERE group_no=1",
        "UPDATE ledger_group SET receipt_no=receipt_no+1 WHERE receipt_no>0",
        "UPDATE ledger_entry SET amount_fen=amount_fen+1 WHERE group_no=1 AND line=1",
        "UPDATE ledger_entry SET subject=subject+1 WHERE group_no=1 AND line=1",
        "UPDATE ledger_balance SET balance_fen=balance_fen+1 WHERE account=6",
};

static void check_proof(struct adding *a)
{
	struct ledger_state state;
	struct ledger_proof proof;
	uint32_t i = rnd_below(&a->w->money->rnd, ARRAY_SIZE(tampering));

	if (ledger_state(a->db, 1, &state) || state.receipts == 0 ||
	    db_exec(a->db, "SAVEPOINT tampering") || db_exec(a->db, tampering[i]))
		return;
	if (ledger_verify(a->db, 1, &proof) != ERR_DAMAGED)
		world_broken(a->w, "I20", "nobody finds that somebody did %s", tampering[i]);
	if (db_exec(a->db, "ROLLBACK TO tampering; RELEASE tampering"))
		unreadable(a, "the ledger");
}

/* ---- all ---- */

static void check_sums(struct adding *a)
{
	int64_t adjusted_fen = 0;

	for (unsigned n = 0; n < a->w->n_accounts; n++)
		adjusted_fen += a->sum[n].adjusted_fen;
	expect(a, "I1", LEDGER_FEE, 0, a->fee_fen);
	expect(a, "I1", LEDGER_RECOVERED, DEBT_RENT, a->recovered_fen);
	if (a->debts_fen != a->recovered_fen)
		world_broken(a->w, "I1", "debts say that %lld fen are recovered, orders %lld",
		             (long long)a->debts_fen, (long long)a->recovered_fen);
	expect(a, "I3", LEDGER_SUSPENSE, 0, a->suspense_fen);
	expect(a, "I3", LEDGER_TILL, 0, -a->safe_fen);
	expect(a, "I3", LEDGER_CHANNEL, CHANNEL_TRANSFER, -a->transfer_fen);
	expect(a, "I1", LEDGER_ADJUST, 0, a->over_fen - adjusted_fen);
	expect(a, "I1", LEDGER_GRANT_COST, 0, -a->grant_cost_fen);
}

static void check_payable(struct adding *a)
{
	struct money total;

	if (ledger_total(a->db, 1, LEDGER_PAYABLE, &total))
		unreadable(a, "what is payable");
	else if (books_fen(total) != a->payable_fen)
		world_broken(a->w, "I3", "%lld fen are payable, refunds that wait are %lld",
		             (long long)books_fen(total), (long long)a->payable_fen);
}

static void add_up(struct adding *a)
{
	const struct order_filter orders = {0};
	const struct refund_ask refunds = {0};

	if (order_list(a->db, 1, &orders, on_order, a) ||
	    refund_list(a->db, 1, &refunds, on_refund, a))
		unreadable(a, "orders");
	if (!a->w->failed && (shift_list(a->db, 1, false, 0, on_shift, a) ||
	                      suspense_list(a->db, 1, 0, 0, on_suspense, a) ||
	                      debt_list(a->db, 1, 0, false, 0, on_debt, a)))
		unreadable(a, "shifts");
	for (unsigned n = 0; n < a->w->n_accounts && !a->w->failed; n++)
		check_account(a, n);
}

void desk_audit(struct world *w)
{
	struct adding *a = calloc(1, sizeof *a);

	assert(a != NULL);
	a->w = w;
	a->db = w->server->db;
	add_up(a);
	if (!w->failed) {
		check_sums(a);
		check_payable(a);
		check_receipts(a);
		check_messages(a);
		check_answered(a);
		check_closed(a);
	}
	if (!w->failed)
		check_proof(a);
	free(a);
}
