#include "platform/core/order.h"

#include <stdio.h>
#include <string.h>

#include "libs/credit/split.h"
#include "platform/core/purse_look.h"
#include "platform/core/topup.h"

/* ---- what a purchase would do ---- */

struct terms {
	struct vend_rules rules;
	struct balance_limits limits;
	struct books_money money;
	struct money
	        held; /* what the hoarding limit is about: the balance, or what is in the purse */
	int64_t debt_fen; /* open, of all debts */
	int64_t meter;    /* its purse takes the credit; 0: none */
};

struct purses {
	int64_t wanted, found;
	bool ours; /* the wanted one is of this account */
	size_t in_meters, in_platform;
};

static bool take_use(void *arg, const struct account_meter *use)
{
	struct purses *purses = arg;

	purses->ours |= use->meter == purses->wanted;
	if (use->credit == CREDIT_PLATFORM) {
		purses->in_platform++;
		return true;
	}
	purses->in_meters++;
	if (!purses->wanted || purses->wanted == use->meter)
		purses->found = use->meter;
	return true;
}

/* A meter that keeps its credit itself: the one that was named, or the only one when nothing is paid from the
 * platform. */
static enum err find_purse(struct db *db, struct order_quote *quote, struct terms *terms)
{
	struct purses purses = {.wanted = quote->meter};
	enum err err =
	        account_meters(db, quote->property_id, quote->account_id, true, take_use, &purses);

	if (err)
		return err;
	if (quote->meter && !purses.ours)
		return fault_set(&quote->fault, ERR_BAD_INPUT, "meter", "is not of this account");
	if (quote->meter && !purses.found)
		return fault_set(&quote->fault, ERR_REFUSED, "meter", "keeps no credit itself");
	if (!quote->meter && purses.in_meters > 1 && !purses.in_platform)
		return fault_set(&quote->fault, ERR_BAD_INPUT, "meter",
		                 "say which: several meters keep their own credit");
	terms->meter = quote->meter || !purses.in_platform ? purses.found : 0;
	return ERR_NONE;
}

static bool take_debt(void *arg, const struct debt_row *row)
{
	int64_t *total = arg;

	*total += row->amount_fen - row->recovered_fen;
	return true;
}

static enum err find_held(struct db *db, const struct account_row *account, struct terms *terms)
{
	int64_t fen;
	enum err err;

	terms->held = terms->money.balance;
	if (!terms->meter)
		return ERR_NONE;
	err = purse_balance_fen(db, account->property_id, terms->meter, account->account_id, &fen);
	terms->held = money_fen(err ? 0 : fen);
	return err;
}

static enum err read_terms(struct db *db, const struct account_row *account, struct terms *terms,
                           int64_t now_ms)
{
	enum err err = vend_rules_get(db, account->property_id, &terms->rules);

	terms->debt_fen = 0;
	if (!err)
		err = books_limits(db, account, &terms->limits);
	if (!err)
		err = books_money(db, account->property_id, account->account_id, false, now_ms,
		                  &terms->money);
	if (!err)
		err = debt_list(db, account->property_id, account->account_id, true, 0, take_debt,
		                &terms->debt_fen);
	return err ? err : find_held(db, account, terms);
}

static struct split split_of(const struct terms *terms, int64_t amount_fen)
{
	const struct split_rule rule = {.debt = money_fen(terms->debt_fen),
	                                .recover_ppm = (int32_t)terms->rules.value[VEND_RECOVER],
	                                .fee_ppm = (int32_t)terms->rules.value[VEND_FEE]};

	return split_purchase(&rule, money_fen(amount_fen), terms->money.balance);
}

/* Of a purchase, what the limits see: into a purse goes the credit alone. */
static int64_t lift_of(const struct terms *terms, const struct split *split)
{
	return books_fen(split->credit) + (terms->meter ? 0 : books_fen(split->arrears));
}

/* The most that may be paid: what is lifted grows with what is paid, so halving finds it. */
static int64_t highest(const struct terms *terms)
{
	int64_t room = books_fen(balance_room(&terms->limits, terms->held));
	int64_t low = 0, high = terms->rules.value[VEND_MAX];

	while (low < high) {
		int64_t middle = low + (high - low + 1) / 2;
		struct split split = split_of(terms, middle);

		if (lift_of(terms, &split) <= room)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Who has closed pays what he owes, in parts as he likes, and nothing beyond it. */
static bool owes_last(const struct account_row *account, const struct order_quote *quote)
{
	return account->state == ACCOUNT_CLOSING && quote->balance_fen < 0;
}

static enum err judge(const struct account_row *account, const struct order_quote *quote,
                      struct fault *fault)
{
	if (account->state != ACCOUNT_OPEN && !owes_last(account, quote))
		return fault_set(fault, ERR_REFUSED, "account", "is %s",
		                 account_state_word(account->state));
	if (quote->amount_fen && quote->amount_fen < quote->min_fen)
		return fault_set(fault, ERR_REFUSED, "amount_fen", "at least %lld fen",
		                 (long long)quote->min_fen);
	if (quote->amount_fen > quote->max_fen)
		return fault_set(fault, ERR_REFUSED, "amount_fen", "at most %lld fen now",
		                 (long long)quote->max_fen);
	return ERR_NONE;
}

static void fill(struct order_quote *quote, const struct terms *terms)
{
	struct split split = {.arrears = {0}};
	int64_t lift;

	if (quote->amount_fen)
		split = split_of(terms, quote->amount_fen);
	lift = lift_of(terms, &split);
	quote->arrears_fen = books_fen(split.arrears);
	quote->debt_fen = books_fen(split.debt);
	quote->fee_fen = books_fen(split.fee);
	quote->credit_fen = books_fen(split.credit);
	quote->balance_fen = books_fen(terms->held);
	quote->after_fen = quote->balance_fen + lift;
	quote->min_fen = terms->rules.value[VEND_MIN];
	quote->max_fen = highest(terms);
	quote->fee_ppm = terms->rules.value[VEND_FEE];
	quote->restores = balance_restores(&terms->limits, terms->held, money_fen(lift));
	quote->in_meter = terms->meter != 0;
	quote->meter = terms->meter;
}

static enum err quote_for(struct db *db, const struct account_row *account,
                          struct order_quote *quote, int64_t now_ms)
{
	struct terms terms;
	enum err err;

	quote->fault = (struct fault){0};
	quote->verdict = ERR_NONE;
	if (quote->amount_fen < 0 || quote->amount_fen > BOOKS_AMOUNT_MAX)
		return fault_set(&quote->fault, ERR_BAD_INPUT, "amount_fen", "1 to %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	err = find_purse(db, quote, &terms);
	if (err)
		return err;
	err = read_terms(db, account, &terms, now_ms);
	if (err)
		return err;
	fill(quote, &terms);
	if (owes_last(account, quote)) {
		quote->min_fen = 1;
		quote->max_fen = -quote->balance_fen;
	}
	quote->verdict = judge(account, quote, &quote->fault);
	return ERR_NONE;
}

enum err order_quote(struct db *db, struct order_quote *quote, int64_t now_ms)
{
	struct account_row account;
	enum err err = account_get(db, quote->property_id, quote->account_id, &account);

	return err ? err : quote_for(db, &account, quote, now_ms);
}

/* ---- money that is here ---- */

struct recover {
	struct tx *tx;
	const struct order_row *order;
	struct books_post *post;
	int64_t left_fen, now_ms;
	int64_t of_kind[DEBT_KIND_LAST + 1];
	size_t count;
	struct debt_row debt[ORDER_DEBTS_MAX];
};

static bool take_open_debt(void *arg, const struct debt_row *row)
{
	struct recover *recover = arg;

	recover->debt[recover->count++] = *row;
	return recover->count < ORDER_DEBTS_MAX;
}

static enum err recover_from(struct recover *recover, struct debt_row *debt)
{
	int64_t owed = debt->amount_fen - debt->recovered_fen;
	struct order_debt part = {.property_id = debt->property_id,
	                          .order_id = recover->order->order_id,
	                          .debt_id = debt->debt_id,
	                          .amount_fen =
	                                  owed < recover->left_fen ? owed : recover->left_fen};
	enum err err;

	recover->left_fen -= part.amount_fen;
	recover->of_kind[debt->kind] += part.amount_fen;
	debt->recovered_fen += part.amount_fen;
	if (debt->recovered_fen == debt->amount_fen) {
		debt->state = DEBT_DONE;
		debt->done_ms = recover->now_ms;
	}
	err = debt_update(recover->tx->db, debt);
	return err ? err : order_debt_add(recover->tx->db, &part);
}

/* Oldest first. What more debts than ORDER_DEBTS_MAX would get is credit. */
static enum err recover_debts(struct tx *tx, struct order_row *row, struct books_post *post,
                              int64_t now_ms)
{
	struct recover recover = {
	        .tx = tx, .order = row, .post = post, .left_fen = row->debt_fen, .now_ms = now_ms};
	enum err err;

	if (!row->debt_fen)
		return ERR_NONE;
	err = debt_list(tx->db, row->property_id, row->account_id, true, 0, take_open_debt,
	                &recover);
	for (size_t i = 0; !err && i < recover.count && recover.left_fen; i++)
		err = recover_from(&recover, &recover.debt[i]);
	row->debt_fen -= recover.left_fen;
	row->credit_fen += recover.left_fen;
	for (int kind = DEBT_RENT; kind <= DEBT_KIND_LAST; kind++)
		books_add(post, LEDGER_RECOVERED, kind, recover.of_kind[kind]);
	return err;
}

static void split_into(struct order_row *row, const struct terms *terms)
{
	struct split split = split_of(terms, row->amount_fen);

	row->arrears_fen = books_fen(split.arrears);
	row->debt_fen = books_fen(split.debt);
	row->fee_fen = books_fen(split.fee);
	row->credit_fen = books_fen(split.credit);
}

/* Where the money stands until now. */
static void add_source(struct books_post *post, const struct order_row *row, int64_t suspense_id)
{
	if (suspense_id)
		books_add(post, LEDGER_SUSPENSE, 0, -row->amount_fen);
	else
		books_add_channel(post, row->channel, row->shift_id, row->amount_fen);
}

static enum err book_sale(struct tx *tx, const struct order_money *money, const struct terms *terms,
                          int64_t now_ms)
{
	struct order_row *row = money->row;
	struct books_post post = {.property_id = row->property_id,
	                          .kind = "sale",
	                          .who = money->who,
	                          .reason = money->reason,
	                          .receipt = true};
	enum err err;

	if (money->suspense_id)
		snprintf(post.key, sizeof post.key, "suspense:%lld:resolved",
		         (long long)money->suspense_id);
	else
		snprintf(post.key, sizeof post.key, "order:%lld:paid", (long long)row->order_id);
	split_into(row, terms);
	add_source(&post, row, money->suspense_id);
	err = recover_debts(tx, row, &post, now_ms);
	if (err)
		return err;
	books_add(&post, LEDGER_ACCOUNT, row->account_id, row->arrears_fen + row->credit_fen);
	books_add(&post, LEDGER_FEE, 0, row->fee_fen);
	err = books_post(tx, &post, money->fault, now_ms);
	row->group_no = post.group_no;
	row->receipt_no = post.receipt_no;
	row->paid_ms = now_ms;
	return err;
}

/* Into the purse of the account's meter as it is now: between the wish and the money another one may have taken its
 * place, and what goes into a meter that nobody uses any more is lost for him who paid. */
static enum err find_purse_now(struct db *db, struct order_row *row)
{
	struct order_quote quote = {.property_id = row->property_id, .account_id = row->account_id};
	struct account_meter use;
	struct terms terms = {.meter = 0};
	enum err err;

	if (!row->meter)
		return ERR_NONE;
	err = account_meter_at(db, row->property_id, row->meter, ACCOUNT_OPEN_S - 1, &use);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err && use.account_id == row->account_id && use.credit == CREDIT_METER)
		return ERR_NONE;
	err = find_purse(db, &quote, &terms);
	if (err && err != ERR_BAD_INPUT)
		return err;
	row->meter = err ? 0 : terms.meter; /* of several nobody knows which: the account has it */
	return ERR_NONE;
}

enum err order_take_money(struct tx *tx, const struct order_money *money, int64_t now_ms,
                          struct effects *out)
{
	struct order_row *row = money->row;
	struct terms terms = {.meter = 0};
	enum err err = find_purse_now(tx->db, row);

	terms.meter = row->meter;
	if (!err)
		err = read_terms(tx->db, money->account, &terms, now_ms);
	if (!err)
		err = book_sale(tx, money, &terms, now_ms);
	if (!err)
		err = order_go(tx, row, ORDER_MONEY, money->who, money->reason, now_ms, out);
	if (err)
		return err;
	return row->meter && row->credit_fen ? topup_begin(tx, row, money->who, now_ms, out)
	                                     : order_credited(tx, row, money->who, "", now_ms, out);
}

enum err order_credited(struct tx *tx, struct order_row *row, const char *who, const char *reason,
                        int64_t now_ms, struct effects *out)
{
	bool was_there = row->state == ORDER_DELIVERED;
	enum err err = order_go(tx, row, ORDER_ARRIVED, who, reason, now_ms, out);

	if (!err && !was_there)
		err = books_moved(tx, row->property_id, row->account_id, true, now_ms, out);
	return err || was_there ? err
	                        : books_tell(tx, "recharged", row->property_id, row->account_id,
	                                     row->order_id, row->amount_fen, now_ms);
}

/* ---- the way back ---- */

static enum err give_back(struct tx *tx, const struct order_debt *part, struct debt_row *debt,
                          int64_t now_ms)
{
	enum err err = debt_get(tx->db, part->property_id, part->debt_id, debt);

	(void)now_ms;
	if (err)
		return err;
	debt->recovered_fen -= part->amount_fen;
	if (debt->state == DEBT_DONE) {
		debt->state = DEBT_OPEN;
		debt->done_ms = 0;
	}
	return debt_update(tx->db, debt);
}

enum err order_undo(struct tx *tx, const struct order_row *row, struct books_post *post,
                    int64_t now_ms)
{
	struct order_debt part[ORDER_DEBTS_MAX];
	int64_t of_kind[DEBT_KIND_LAST + 1] = {0};
	size_t count;
	enum err err = order_debts(tx->db, row->property_id, row->order_id, part, &count);

	for (size_t i = 0; !err && i < count; i++) {
		struct debt_row debt;

		err = give_back(tx, &part[i], &debt, now_ms);
		if (!err)
			of_kind[debt.kind] += part[i].amount_fen;
	}
	books_add(post, LEDGER_ACCOUNT, row->account_id, -row->arrears_fen - row->credit_fen);
	for (int kind = DEBT_RENT; kind <= DEBT_KIND_LAST; kind++)
		books_add(post, LEDGER_RECOVERED, kind, -of_kind[kind]);
	books_add(post, LEDGER_FEE, 0, -row->fee_fen);
	return err;
}

/* ---- selling ---- */

static enum err check_channel(struct order_sale *sale, bool counter)
{
	bool of_counter = sale->channel == CHANNEL_CASH || sale->channel == CHANNEL_TRANSFER;

	if (of_counter != counter)
		return fault_set(&sale->fault, ERR_BAD_INPUT, "channel",
		                 counter ? "is a provider's" : "is of the counter");
	if (sale->channel == CHANNEL_TRANSFER && (!sale->voucher || !sale->voucher[0]))
		return fault_set(&sale->fault, ERR_BAD_INPUT, "voucher",
		                 "a bank transfer is told by its voucher number");
	return sale->voucher ? fault_text(&sale->fault, "voucher", sale->voucher, TEXT_LINE, 0, 32)
	                     : ERR_NONE;
}

/* Rights and questions; fills what an order knows from its beginning. */
static enum err sale_begin(struct tx *tx, struct order_sale *sale, struct account_row *account,
                           int64_t now_ms)
{
	struct order_quote quote = {.property_id = sale->property_id,
	                            .account_id = sale->account_id,
	                            .amount_fen = sale->amount_fen,
	                            .meter = sale->meter};
	struct order_row *row = &sale->row;
	struct property_row property;
	enum err err = books_account(tx, &sale->actor, PERMISSION_VEND, sale->property_id,
	                             sale->account_id, "account", &sale->fault, account, now_ms);

	if (!err)
		err = property_open(tx, sale->property_id, &property, &sale->fault);
	if (err)
		return err;
	if (!sale->amount_fen)
		return fault_set(&sale->fault, ERR_BAD_INPUT, "amount_fen", "must not be 0");
	err = quote_for(tx->db, account, &quote, now_ms);
	if (!err)
		err = quote.verdict;
	sale->fault = quote.fault;
	*row = (struct order_row){.property_id = sale->property_id,
	                          .account_id = sale->account_id,
	                          .channel = sale->channel,
	                          .amount_fen = sale->amount_fen,
	                          .meter = quote.meter,
	                          .restores = quote.restores,
	                          .by_user_id = sale->actor.user_id};
	snprintf(row->by_name, sizeof row->by_name, "%s", sale->actor.who);
	snprintf(row->voucher, sizeof row->voucher, "%s", sale->voucher ? sale->voucher : "");
	return err;
}

enum err order_sell_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct order_sale *sale = arg;
	struct account_row account;
	enum err err;

	sale->fault = (struct fault){0};
	err = check_channel(sale, true);
	if (!err)
		err = sale_begin(tx, sale, &account, now_ms);
	if (!err && sale->channel == CHANNEL_CASH)
		err = books_shift(tx, &sale->actor, sale->property_id, &sale->fault,
		                  &sale->row.shift_id);
	if (!err)
		err = order_begin(tx, &sale->row, sale->actor.reason, now_ms, out);
	if (!err)
		err = order_take_money(tx,
		                       &(struct order_money){.row = &sale->row,
		                                             .account = &account,
		                                             .who = sale->actor.who,
		                                             .reason = sale->actor.reason,
		                                             .fault = &sale->fault},
		                       now_ms, out);
	return err ? err
	           : books_audit(tx, &sale->actor, sale->property_id, "order.sell", "order",
	                         sale->row.order_id, sale->amount_fen, channel_word(sale->channel),
	                         now_ms);
}

enum err order_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct order_sale *sale = arg;
	struct account_row account;
	struct vend_rules rules;
	enum err err;

	sale->fault = (struct fault){0};
	err = check_channel(sale, false);
	if (!err)
		err = sale_begin(tx, sale, &account, now_ms);
	if (!err)
		err = vend_rules_get(tx->db, sale->property_id, &rules);
	if (err)
		return err;
	sale->row.expires_ms = now_ms + rules.value[VEND_ORDER_LIFE] * 1000;
	err = order_begin(tx, &sale->row, sale->actor.reason, now_ms, out);
	return err ? err
	           : books_audit(tx, &sale->actor, sale->property_id, "order.create", "order",
	                         sale->row.order_id, sale->amount_fen, channel_word(sale->channel),
	                         now_ms);
}

/* ---- waiting orders ---- */

enum err order_turn_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct order_turn *turn = arg;
	struct account_row account;
	enum err err = order_get(tx->db, turn->property_id, turn->order_id, &turn->row);

	turn->fault = (struct fault){0};
	if (!err)
		err = books_account(tx, &turn->actor, PERMISSION_VEND, turn->property_id,
		                    turn->row.account_id, NULL, &turn->fault, &account, now_ms);
	if (err)
		return err;
	if (turn->version && turn->version != turn->row.version)
		return ERR_CONFLICT;
	if (order_move(turn->row.state, turn->event).answer == ORDER_REFUSES)
		return fault_set(&turn->fault, ERR_REFUSED, NULL, "the order is %s",
		                 order_state_word(turn->row.state));
	err = order_go(tx, &turn->row, turn->event, turn->actor.who, turn->actor.reason, now_ms,
	               out);
	return err || turn->event != ORDER_CLOSE
	               ? err
	               : books_audit(tx, &turn->actor, turn->property_id, "order.close", "order",
	                             turn->order_id, turn->row.amount_fen, "", now_ms);
}

struct late {
	struct order_row row[ORDERS_LATE];
	size_t count;
};

static bool take_late(void *arg, const struct order_row *row)
{
	struct late *late = arg;

	late->row[late->count++] = *row;
	return late->count < ORDERS_LATE;
}

enum err order_expire_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct order_expiry *expiry = arg;
	struct late late = {.count = 0};
	enum err err;

	expiry->count = 0;
	err = order_late(tx->db, now_ms, ORDERS_LATE, take_late, &late);
	if (!err && late.count)
		err = tx_open(tx);
	for (size_t i = 0; !err && i < late.count; i++)
		err = order_go(tx, &late.row[i], ORDER_LATE, "platform", "", now_ms, out);
	if (!err)
		expiry->count = late.count;
	return err;
}
