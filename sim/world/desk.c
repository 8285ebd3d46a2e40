#include "sim/world/desk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/adjust.h"
#include "platform/core/allowance.h"
#include "platform/core/payment.h"
#include "platform/core/refund.h"
#include "platform/core/vend.h"

#define SHIFT_MAX 2000

/* ---- the property's rules of selling ---- */

void desk_draw(struct world *w)
{
	struct desk *desk = w->money->desk;
	struct rnd *rnd = &w->money->rnd;

	desk->closed_day = INT64_MIN;
	desk->fee_ppm = rnd_below(rnd, 3) ? 0 : 20000;
	desk->order_life_s = rnd_below(rnd, 3) ? 1800 : 60;
}

enum err desk_furnish(struct db *db, const struct till *m)
{
	struct vend_rules rules;
	enum err err = vend_rules_get(db, 1, &rules);

	rules.value[VEND_FEE] = m->desk->fee_ppm;
	rules.value[VEND_ORDER_LIFE] = m->desk->order_life_s;
	return err ? err : vend_rules_put(db, &rules);
}

/* ---- one act ---- */

enum deed_kind {
	DEED_SHIFT_OPEN,
	DEED_SHIFT_CLOSE,
	DEED_SELL,
	DEED_REVERSE,
	DEED_REFUND,
	DEED_RETURN,
	DEED_PAYOUT,
	DEED_ADJUST,
	DEED_GIVE,
	DEED_CLEAR,
	DEED_SETTLE,
	DEED_DEBT,
	DEED_LOOK,
	DEED_KINDS,
};

static const char *const deed_names[DEED_KINDS] = {
        "shift opens", "shift closes", "sale",      "reversal",   "refund", "return", "payout",
        "adjustment",  "allowance",    "clearance", "settlement", "debt",   "look"};

/* The closed days as one step sees them. */
struct look {
	const struct world *w;
	int64_t day, fold;
};

struct deed {
	struct world *w;
	enum deed_kind kind;
	int64_t account_id;
	char text[32];

	union {
		struct shift_begin begin;
		struct shift_end end;
		struct order_sale sale;
		struct money_back reversal;
		struct money_back refund;
		struct money_back back;
		struct refund_paid paid;
		struct adjustment adjust;
		struct allowance_give give;
		struct allowance_clear clear;
		struct suspense_settle settle;
		struct debt_edit debt;
		struct look look;
	} u;
};

static uint32_t below(struct world *w, uint32_t limit)
{
	return rnd_below(&w->money->rnd, limit);
}

static struct actor cashier(struct world *w, const char *reason)
{
	return money_actor(below(w, DESK_CASHIERS) ? "cashier-2" : "cashier-1", reason);
}

static void keep(int64_t *list, size_t *n, int64_t id)
{
	if (*n < 256)
		list[(*n)++] = id;
}

/* ---- steps that look at more than the platform's own ---- */

/* I7: what goes back is there: an allowance is never paid out, nor what is used. In the same transaction, so
 * that nothing comes in between. */
static enum err check_own(struct tx *tx, const struct deed *deed, int64_t account_id,
                          int64_t arrears_fen, int64_t now_ms)
{
	struct account_money money;
	struct money own;
	enum err err = account_money(tx->db, 1, account_id, now_ms, &money);

	if (!err && (!money_sub(money.available, money.allowance, &own) ||
	             books_fen(own) + arrears_fen < 0))
		world_broken(deed->w, "I7", "account %lld: a %s leaves %lld fen of its own",
		             (long long)account_id, deed_names[deed->kind],
		             (long long)books_fen(own));
	return err;
}

static enum err reverse_step(struct tx *tx, struct deed *deed, int64_t now_ms, struct effects *out)
{
	const struct order_row *order = &deed->u.reversal.order;
	enum err err = order_reverse_step(tx, &deed->u.reversal, now_ms, out);

	return err ? err : check_own(tx, deed, order->account_id, order->arrears_fen, now_ms);
}

static enum err return_step(struct tx *tx, struct deed *deed, int64_t now_ms, struct effects *out)
{
	const struct order_row *order = &deed->u.back.order;
	enum err err = payment_refund_step(tx, &deed->u.back, now_ms, out);

	/* What could not be paid back the first time was taken off then. */
	return err || deed->u.back.row.version > 2
	               ? err
	               : check_own(tx, deed, order->account_id, order->arrears_fen, now_ms);
}

static enum err refund_step(struct tx *tx, struct deed *deed, int64_t now_ms, struct effects *out)
{
	enum err err = credit_refund_step(tx, &deed->u.refund, now_ms, out);

	return err ? err : check_own(tx, deed, deed->account_id, 0, now_ms);
}

static enum err look_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct deed *deed = arg;
	struct look *look = &deed->u.look;
	struct ledger_state state;
	enum err err = ledger_state(tx->db, 1, &state);

	(void)now_ms;
	(void)out;
	look->day = state.closed_day;
	if (!err && look->day != deed->w->money->desk->closed_day)
		err = desk_fold(tx->db, deed->w, look->day, &look->fold);
	return err;
}

static void looked(struct world *w, const struct look *look)
{
	struct desk *desk = w->money->desk;

	if (look->day == desk->closed_day)
		return;
	world_note(w, "days up to %lld are closed", (long long)look->day);
	desk->closed_day = look->day;
	desk->closed_fold = look->fold;
}

static enum err do_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct deed *deed = arg;

	switch (deed->kind) {
	case DEED_SHIFT_OPEN:
		return shift_begin_step(tx, &deed->u.begin, now_ms, out);
	case DEED_SHIFT_CLOSE:
		return shift_end_step(tx, &deed->u.end, now_ms, out);
	case DEED_SELL:
		return order_sell_step(tx, &deed->u.sale, now_ms, out);
	case DEED_REVERSE:
		return reverse_step(tx, deed, now_ms, out);
	case DEED_REFUND:
		return refund_step(tx, deed, now_ms, out);
	case DEED_RETURN:
		return return_step(tx, deed, now_ms, out);
	case DEED_PAYOUT:
		return refund_paid_step(tx, &deed->u.paid, now_ms, out);
	case DEED_ADJUST:
		return adjust_step(tx, &deed->u.adjust, now_ms, out);
	case DEED_GIVE:
		return allowance_give_step(tx, &deed->u.give, now_ms, out);
	case DEED_CLEAR:
		return allowance_clear_step(tx, &deed->u.clear, now_ms, out);
	case DEED_SETTLE:
		return suspense_settle_step(tx, &deed->u.settle, now_ms, out);
	case DEED_DEBT:
		return debt_edit_step(tx, &deed->u.debt, now_ms, out);
	case DEED_LOOK:
		return look_step(tx, deed, now_ms, out);
	case DEED_KINDS:
		break;
	}
	return ERR_INTERNAL;
}

/* It did not happen: the step itself said no, or it was never begun. */
static bool is_refusal(enum err err)
{
	return err == ERR_REFUSED || err == ERR_BAD_INPUT || err == ERR_NOT_FOUND ||
	       err == ERR_CONFLICT || err == ERR_FULL;
}

/* What is pressed twice by itself must not happen twice: it goes back once. */
static bool is_once(enum deed_kind kind)
{
	return kind == DEED_REVERSE || kind == DEED_RETURN || kind == DEED_PAYOUT ||
	       kind == DEED_SETTLE;
}

static void done(void *arg, enum err err)
{
	struct deed *deed = arg;
	struct world *w = deed->w;
	struct desk *desk = w->money->desk;

	if (deed->kind != DEED_LOOK)
		world_note(w, "%s of account %lld: %s", deed_names[deed->kind],
		           (long long)deed->account_id, err_text(err));
	if (err == ERR_INTERNAL || err == ERR_DAMAGED || err == ERR_OVERFLOW)
		world_broken(w, "I1", "%s of account %lld: %s", deed_names[deed->kind],
		             (long long)deed->account_id, err_text(err));
	if (err == ERR_BAD_INPUT && is_once(deed->kind))
		world_broken(w, "I7", "%s of account %lld cannot be written: %s",
		             deed_names[deed->kind], (long long)deed->account_id, err_text(err));
	if (deed->kind == DEED_ADJUST)
		*(err ? &desk->adjusted_perhaps : &desk->adjusted) += !is_refusal(err);
	if (!err && deed->kind == DEED_SELL)
		keep(desk->sold, &desk->n_sold, deed->u.sale.row.order_id);
	if (!err && deed->kind == DEED_REFUND)
		keep(desk->refunded, &desk->n_refunded, deed->u.refund.row.refund_id);
	if (!err && deed->kind == DEED_LOOK)
		looked(w, &deed->u.look);
	free(deed);
}

/* ---- what there is to do ---- */

static void open_shift(struct world *w, struct deed *deed)
{
	deed->u.begin = (struct shift_begin){
	        .actor = cashier(w, ""), .property_id = 1, .opening_fen = below(w, 3) * 10000};
}

struct pick {
	int64_t id, want; /* the newest that fits; want: an amount, or what is asked for */
	int64_t expected_fen;
};

static bool pick_shift(void *arg, const struct shift_row *row)
{
	struct pick *pick = arg;

	pick->id = row->shift_id;
	return --pick->want > 0;
}

static bool close_shift(struct world *w, struct deed *deed)
{
	struct db *db = w->server->db;
	struct pick pick = {.want = 1 + below(w, 2)};
	struct shift_row row;

	if (shift_list(db, 1, true, 0, pick_shift, &pick) || !pick.id ||
	    shift_get(db, 1, pick.id, &row) || shift_expected_fen(db, &row, &pick.expected_fen))
		return false;
	if (fault_hits(&w->faults, FAULT_TILL_SHORT, NODE_PEOPLE))
		pick.expected_fen += below(w, 500) - 250;
	if (pick.expected_fen < 0)
		pick.expected_fen = 0;
	deed->u.end = (struct shift_end){.actor = money_actor(row.by_name, ""),
	                                 .property_id = 1,
	                                 .shift_id = pick.id,
	                                 .counted_fen = pick.expected_fen,
	                                 .handed_to = "finance",
	                                 .note = "counted"};
	return true;
}

static void sell(struct world *w, struct deed *deed)
{
	deed->u.sale = (struct order_sale){.actor = cashier(w, ""),
	                                   .property_id = 1,
	                                   .account_id = deed->account_id,
	                                   .channel = CHANNEL_CASH,
	                                   .amount_fen = 100 + below(w, 3000)};
	if (below(w, 4))
		return;
	deed->u.sale.channel = CHANNEL_TRANSFER;
	deed->u.sale.voucher = "slip";
}

static bool reverse(struct world *w, struct deed *deed)
{
	struct order_row last;

	if (order_last_paid(w->server->db, 1, deed->account_id, &last))
		return false;
	deed->u.reversal = (struct money_back){.actor = money_actor(last.by_name, "a slip"),
	                                       .property_id = 1,
	                                       .order_id = last.order_id};
	return true;
}

/* Up to all that may go back, now and then more. */
static bool refund(struct world *w, struct deed *deed)
{
	struct books_money money;
	int64_t most;

	if (books_money(w->server->db, 1, deed->account_id, true, world_wall_ms(w), &money))
		return false;
	most = books_fen(money.balance) > 0 ? books_fen(money.balance) : 1;
	if (below(w, 2) && books_fen(money.refundable) > 0)
		most = books_fen(money.refundable);
	deed->u.refund =
	        (struct money_back){.actor = cashier(w, "moves out"),
	                            .property_id = 1,
	                            .account_id = deed->account_id,
	                            .amount_fen = below(w, 3) ? most : 1 + below(w, (uint32_t)most),
	                            .channel = below(w, 2) ? CHANNEL_CASH : CHANNEL_TRANSFER,
	                            .payee = "tenant"};
	return true;
}

static bool give_back(struct world *w, struct deed *deed)
{
	const struct till *m = w->money;
	const struct money_payment *p = m->n ? &m->payment[below(w, (uint32_t)m->n)] : NULL;

	if (!p || !p->taken)
		return false;
	deed->account_id = p->account_id;
	deed->u.back = (struct money_back){.actor = money_actor("finance", "paid by mistake"),
	                                   .property_id = 1,
	                                   .order_id = p->order_id};
	return true;
}

static bool pick_refund(void *arg, const struct refund_row *row)
{
	struct pick *pick = arg;

	if (row->kind == REFUND_PAYMENT && row->state != REFUND_FAILED)
		return true;
	pick->id = row->refund_id;
	return --pick->want > 0;
}

static bool pay_out(struct world *w, struct deed *deed)
{
	struct refund_ask ask = {.state = below(w, 3) ? REFUND_DECIDED : REFUND_FAILED};
	struct pick pick = {.want = 1 + below(w, 4)};

	if (refund_list(w->server->db, 1, &ask, pick_refund, &pick) || !pick.id)
		return false;
	deed->account_id = 0;
	deed->u.paid =
	        (struct refund_paid){.actor = cashier(w, ""),
	                             .property_id = 1,
	                             .refund_id = pick.id,
	                             .channel = below(w, 2) ? CHANNEL_CASH : CHANNEL_TRANSFER,
	                             .voucher = "slip"};
	return true;
}

static void adjust(struct world *w, struct deed *deed)
{
	deed->u.adjust = (struct adjustment){.actor = money_actor("finance", "a correction"),
	                                     .property_id = 1,
	                                     .account_id = deed->account_id,
	                                     .amount_fen = (int64_t)below(w, 400) - 200};
}

static void give(struct world *w, struct deed *deed)
{
	int64_t now_s = world_wall_ms(w) / 1000;
	bool money = below(w, 2);

	deed->u.give = (struct allowance_give){
	        .actor = money_actor("finance", "subsidy"),
	        .property_id = 1,
	        .account_id = deed->account_id,
	        .terms = {.kind = money ? GRANT_MONEY : GRANT_ENERGY,
	                  .service = SERVICE_ELECTRICITY,
	                  .source = "subsidy",
	                  .period = below(w, 2) ? ALLOWANCE_DAILY : ALLOWANCE_ONCE,
	                  .amount = money ? 100 + below(w, 900) : 1 + below(w, 60),
	                  .cap = below(w, 2) ? 5000 : 0,
	                  .from_s = now_s,
	                  .until_s = below(w, 2) ? now_s + 30 + below(w, 200) : now_s + 86400}
        };
}

static void clear(struct deed *deed)
{
	deed->u.clear = (struct allowance_clear){.actor = money_actor("finance", "it ends"),
	                                         .property_id = 1,
	                                         .account_id = deed->account_id};
}

static bool pick_suspense(void *arg, const struct suspense_row *row)
{
	struct pick *pick = arg;

	pick->id = row->suspense_id;
	return --pick->want > 0;
}

static bool settle(struct world *w, struct deed *deed)
{
	struct pick pick = {.want = 1 + below(w, 3)};

	if (suspense_list(w->server->db, 1, SUSPENSE_OPEN, 0, pick_suspense, &pick) || !pick.id)
		return false;
	deed->u.settle = (struct suspense_settle){.actor = money_actor("finance", "found"),
	                                          .property_id = 1,
	                                          .suspense_id = pick.id,
	                                          .account_id = below(w, 2) ? deed->account_id : 0,
	                                          .channel = CHANNEL_TRANSFER,
	                                          .payee = "payer"};
	return true;
}

static void owe(struct world *w, struct deed *deed)
{
	deed->u.debt = (struct debt_edit){.actor = money_actor("finance", "rent"),
	                                  .property_id = 1,
	                                  .account_id = deed->account_id,
	                                  .kind = DEBT_RENT,
	                                  .amount_fen = 1 + below(w, 300)};
}

static bool prepare(struct world *w, struct deed *deed)
{
	switch (deed->kind) {
	case DEED_SHIFT_OPEN:
		open_shift(w, deed);
		return true;
	case DEED_SHIFT_CLOSE:
		return close_shift(w, deed);
	case DEED_SELL:
		sell(w, deed);
		return true;
	case DEED_REVERSE:
		return reverse(w, deed);
	case DEED_REFUND:
		return refund(w, deed);
	case DEED_RETURN:
		return give_back(w, deed);
	case DEED_PAYOUT:
		return pay_out(w, deed);
	case DEED_ADJUST:
		adjust(w, deed);
		return true;
	case DEED_GIVE:
		give(w, deed);
		return true;
	case DEED_CLEAR:
		clear(deed);
		return true;
	case DEED_SETTLE:
		return settle(w, deed);
	case DEED_DEBT:
		owe(w, deed);
		return true;
	case DEED_LOOK:
	case DEED_KINDS:
		break;
	}
	return true;
}

static void submit(struct world *w, const struct deed *drawn)
{
	struct deed *deed = malloc(sizeof *deed);

	assert(deed != NULL);
	memcpy(deed, drawn, sizeof *deed);
	if (writer_submit(w->server->platform.writer, do_step, deed, done, deed))
		done(deed, ERR_FULL);
}

static bool is_closed_anew(struct world *w)
{
	struct ledger_state state;

	return !ledger_state(w->server->db, 1, &state) &&
	       state.closed_day != w->money->desk->closed_day;
}

void desk_act(struct world *w)
{
	static const uint8_t often[] = {
	        DEED_SHIFT_OPEN, DEED_SHIFT_OPEN, DEED_SHIFT_CLOSE, DEED_SELL,   DEED_SELL,
	        DEED_SELL,       DEED_REVERSE,    DEED_REVERSE,     DEED_REFUND, DEED_REFUND,
	        DEED_RETURN,     DEED_RETURN,     DEED_PAYOUT,      DEED_PAYOUT, DEED_ADJUST,
	        DEED_GIVE,       DEED_CLEAR,      DEED_SETTLE,      DEED_DEBT,   DEED_LOOK};
	struct deed deed = {.w = w,
	                    .kind = often[below(w, sizeof often)],
	                    .account_id = MONEY_FIRST + below(w, w->n_accounts)};

	if (!server_takes(w))
		return;
	if (w->faults.calm || is_closed_anew(w))
		deed.kind = DEED_LOOK;
	if (!prepare(w, &deed))
		return;
	submit(w, &deed);
	if (is_once(deed.kind) && fault_hits(&w->faults, FAULT_DESK_TWICE, NODE_PEOPLE))
		submit(w, &deed);
}
