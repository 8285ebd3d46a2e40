#include "platform/core/refund.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/staff.h"
#include "platform/core/topup.h"
#include "platform/store/info.h"
#include "platform/store/payment.h"

/* ---- second persons ---- */

/* An act about an account that may want a second person. */
struct second {
	const struct actor *actor;
	const struct approval_kind *kind;
	const struct account_row *account;
	int64_t order_id; /* 0: about the account */
	int64_t amount_fen;
	enum pay_channel channel;
	const char *payee;
	int64_t refers;
	int64_t alone_fen, approved;
};

static void write_body(struct json_out *body, const struct second *second)
{
	out_object(body, NULL);
	out_text(body, "act", second->kind->word);
	if (second->order_id)
		out_int(body, "order", second->order_id);
	out_int(body, "account", second->account->account_id);
	out_int(body, "amount_fen", second->amount_fen);
	out_text(body, "channel", second->channel ? channel_word(second->channel) : "");
	out_text(body, "payee", second->payee ? second->payee : "");
	out_int(body, "refers", second->refers);
	out_object_end(body);
}

/* *approval_id stays 0 when he may do it alone. Above the limit somebody else must agree, if there is one. */
static enum err ask(struct tx *tx, const struct second *second, int64_t now_ms,
                    int64_t *approval_id)
{
	struct json_out body;
	struct place place;
	char object[64];
	bool exists = false;
	int64_t size = second->amount_fen < 0 ? -second->amount_fen : second->amount_fen;
	enum err err;

	*approval_id = 0;
	if (second->approved || second->actor->local || size <= second->alone_fen)
		return ERR_NONE;
	err = books_place(tx->db, second->account, now_ms, &place);
	if (!err)
		err = staff_second_person(tx, second->actor, second->kind, &place, now_ms, &exists);
	if (err || !exists)
		return err;
	json_out_init(&body);
	write_body(&body, second);
	snprintf(object, sizeof object, "%s %lld", second->order_id ? "order" : "account",
	         (long long)(second->order_id ? second->order_id : second->account->account_id));
	err = body.failed ? ERR_NOMEM
	                  : approval_ask(tx,
	                                 &(struct approval_ask){.actor = second->actor,
	                                                        .kind = second->kind,
	                                                        .place = &place,
	                                                        .body = body.data,
	                                                        .body_len = body.len,
	                                                        .count = 1,
	                                                        .object = object},
	                                 now_ms, approval_id);
	json_out_free(&body);
	return err;
}

static enum err asked_twice(enum err err, struct fault *fault)
{
	return err == ERR_DUP ? fault_set(fault, ERR_REFUSED, NULL,
	                                  "the same waits for a second person already")
	                      : err;
}

static enum err wants_reason(const struct actor *actor, struct fault *fault)
{
	return actor->reason[0] ? ERR_NONE : fault_set(fault, ERR_BAD_INPUT, "reason", "is wanted");
}

/* Who did it and why, into the row of money that goes back. */
static void refund_by(struct refund_row *row, const struct actor *actor, int64_t now_ms)
{
	row->by_user_id = actor->user_id;
	row->decided_ms = now_ms;
	snprintf(row->by_name, sizeof row->by_name, "%s", actor->who);
	snprintf(row->reason, sizeof row->reason, "%s", actor->reason);
}

/* What the order put on the account must be there still: of the credit, none may be used. */
static enum err still_there(struct tx *tx, const struct order_row *order, struct fault *fault,
                            int64_t now_ms)
{
	struct books_money money;
	/* What failed on its way into the meter still counts as on its way: it is this order's. */
	int64_t its_own = order->state == ORDER_DELIVERY_FAILED ? order->credit_fen : 0;
	enum err err =
	        books_money(tx->db, order->property_id, order->account_id, true, now_ms, &money);

	if (err)
		return err;
	if (books_fen(money.own) + its_own < order->credit_fen)
		return fault_set(fault, ERR_REFUSED, NULL,
		                 "the balance does not cover it any more: some of it is used");
	return ERR_NONE;
}

/* ---- reversal ---- */

static enum err may_reverse(struct tx *tx, struct order_reversal *r, int64_t now_ms)
{
	const struct order_row *order = &r->order;
	struct order_row last;
	enum err err;

	if (order->channel != CHANNEL_CASH && order->channel != CHANNEL_TRANSFER)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "a provider's payment is refunded, not reversed");
	if (order->reversal_id)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it is reversed already");
	if (order->state != ORDER_DELIVERED || order->meter)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 order->meter ? "its credit is in the meter"
		                              : "nothing was delivered");
	if (order->by_user_id != r->actor.user_id || strcmp(order->by_name, r->actor.who) != 0)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "only %s, who sold it, may reverse it", order->by_name);
	err = order_last_paid(tx->db, r->property_id, order->account_id, &last);
	if (!err && last.order_id != order->order_id)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "there is a later purchase of this account");
	return err ? err : still_there(tx, order, &r->fault, now_ms);
}

static enum err reverse(struct tx *tx, struct order_reversal *r, int64_t now_ms,
                        struct effects *out)
{
	struct order_row *order = &r->order;
	struct books_post post = {.property_id = r->property_id,
	                          .kind = "reversal",
	                          .who = r->actor.who,
	                          .reason = r->actor.reason,
	                          .refers = order->group_no};
	enum err err = ERR_NONE;

	r->row = (struct refund_row){.property_id = r->property_id,
	                             .kind = REFUND_REVERSAL,
	                             .state = REFUND_PAID,
	                             .account_id = order->account_id,
	                             .order_id = order->order_id,
	                             .approval_id = r->approved,
	                             .amount_fen = order->amount_fen,
	                             .channel = order->channel,
	                             .paid_ms = now_ms};
	refund_by(&r->row, &r->actor, now_ms);
	snprintf(r->row.paid_by, sizeof r->row.paid_by, "%s", r->actor.who);
	if (order->channel == CHANNEL_CASH)
		err = books_shift(tx, &r->actor, r->property_id, &r->fault, &r->row.shift_id);
	if (err)
		return err;
	snprintf(post.key, sizeof post.key, "order:%lld:reversed", (long long)order->order_id);
	books_add_channel(&post, order->channel, r->row.shift_id, -order->amount_fen);
	err = order_undo(tx, order, &post, now_ms);
	if (!err)
		err = books_post(tx, &post, &r->fault, now_ms);
	r->row.group_no = r->row.paid_group_no = post.group_no;
	if (!err)
		err = refund_insert(tx->db, &r->row);
	if (err)
		return err;
	order->reversal_id = r->row.refund_id;
	err = order_update(tx->db, order);
	if (!err)
		err = books_moved(tx, r->property_id, order->account_id, false, now_ms, out);
	return err ? err
	           : books_audit(tx, &r->actor, r->property_id, "order.reverse", "order",
	                         order->order_id, order->amount_fen, "", now_ms);
}

enum err order_reverse_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct order_reversal *r = arg;
	struct account_row account;
	struct vend_rules rules;
	enum err err;

	r->fault = (struct fault){0};
	r->row = (struct refund_row){0};
	r->approval_id = 0;
	err = order_get(tx->db, r->property_id, r->order_id, &r->order);
	if (!err)
		err = books_account(tx, &r->actor, PERMISSION_REFUND, r->property_id,
		                    r->order.account_id, NULL, &r->fault, &account, now_ms);
	if (!err)
		err = wants_reason(&r->actor, &r->fault);
	if (!err)
		err = may_reverse(tx, r, now_ms);
	if (!err)
		err = vend_rules_get(tx->db, r->property_id, &rules);
	if (!err)
		err = ask(tx,
		          &(struct second){.actor = &r->actor,
		                           .kind = &approval_kind_reversal,
		                           .account = &account,
		                           .order_id = r->order_id,
		                           .amount_fen = r->order.amount_fen,
		                           .channel = r->order.channel,
		                           .alone_fen = rules.value[VEND_REVERSAL_ALONE],
		                           .approved = r->approved},
		          now_ms, &r->approval_id);
	if (err || r->approval_id)
		return asked_twice(err, &r->fault);
	return reverse(tx, r, now_ms, out);
}

/* ---- refund of credit ---- */

static enum err check_refund(struct tx *tx, struct credit_refund *r,
                             const struct account_row *account, int64_t now_ms)
{
	struct books_money money;
	enum err err = wants_reason(&r->actor, &r->fault);

	if (err)
		return err;
	if (account->state != ACCOUNT_OPEN && account->state != ACCOUNT_SUSPENDED)
		return fault_set(&r->fault, ERR_REFUSED, "account", "is %s",
		                 account_state_word(account->state));
	if (r->amount_fen < 1 || r->amount_fen > BOOKS_AMOUNT_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "amount_fen", "1 to %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	if (r->channel != CHANNEL_CASH && r->channel != CHANNEL_TRANSFER)
		return fault_set(&r->fault, ERR_BAD_INPUT, "channel", "cash or transfer");
	err = fault_text(&r->fault, "payee", r->payee, TEXT_LINE,
	                 r->channel == CHANNEL_TRANSFER ? 1 : 0, 64);
	if (!err)
		err = books_money(tx->db, r->property_id, r->account_id, true, now_ms, &money);
	if (err)
		return err;
	if (r->amount_fen > books_fen(money.refundable))
		return fault_set(&r->fault, ERR_REFUSED, "amount_fen", "at most %lld fen",
		                 (long long)books_fen(money.refundable));
	return ERR_NONE;
}

/* The sale it points at: the newest one. */
static enum err original(struct tx *tx, int64_t property_id, int64_t account_id, int64_t *order_id,
                         int64_t *group_no)
{
	struct order_row last;
	enum err err = order_last_paid(tx->db, property_id, account_id, &last);

	*order_id = err ? 0 : last.order_id;
	*group_no = err ? 0 : last.group_no;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* The row gets its number first, because the posting is named after it. */
static enum err book_refund(struct tx *tx, struct refund_row *row, struct books_post *post,
                            struct fault *fault, int64_t now_ms)
{
	enum err err = refund_insert(tx->db, row);

	if (err)
		return err;
	snprintf(post->key, sizeof post->key, "refund:%lld", (long long)row->refund_id);
	err = books_post(tx, post, fault, now_ms);
	row->group_no = post->group_no;
	return err ? err : refund_update(tx->db, row);
}

static enum err refund_credit(struct tx *tx, struct credit_refund *r, int64_t now_ms,
                              struct effects *out)
{
	struct books_post post = {.property_id = r->property_id,
	                          .kind = "refund",
	                          .who = r->actor.who,
	                          .reason = r->actor.reason};
	enum err err;

	r->row = (struct refund_row){.property_id = r->property_id,
	                             .kind = REFUND_CREDIT,
	                             .state = REFUND_DECIDED,
	                             .account_id = r->account_id,
	                             .approval_id = r->approved,
	                             .amount_fen = r->amount_fen,
	                             .channel = r->channel};
	refund_by(&r->row, &r->actor, now_ms);
	snprintf(r->row.payee, sizeof r->row.payee, "%s", r->payee);
	err = original(tx, r->property_id, r->account_id, &r->row.order_id, &post.refers);
	books_add(&post, LEDGER_ACCOUNT, r->account_id, -r->amount_fen);
	books_add(&post, LEDGER_PAYABLE, r->account_id, r->amount_fen);
	if (!err)
		err = book_refund(tx, &r->row, &post, &r->fault, now_ms);
	if (!err)
		err = books_moved(tx, r->property_id, r->account_id, false, now_ms, out);
	return err ? err
	           : books_audit(tx, &r->actor, r->property_id, "refund.credit", "account",
	                         r->account_id, r->amount_fen, "", now_ms);
}

enum err credit_refund_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct credit_refund *r = arg;
	struct account_row account;
	struct vend_rules rules;
	enum err err;

	r->fault = (struct fault){0};
	r->row = (struct refund_row){0};
	r->approval_id = 0;
	err = books_account(tx, &r->actor, PERMISSION_REFUND, r->property_id, r->account_id,
	                    "account", &r->fault, &account, now_ms);
	if (!err)
		err = check_refund(tx, r, &account, now_ms);
	if (!err)
		err = vend_rules_get(tx->db, r->property_id, &rules);
	if (!err)
		err = ask(tx,
		          &(struct second){.actor = &r->actor,
		                           .kind = &approval_kind_refund,
		                           .account = &account,
		                           .amount_fen = r->amount_fen,
		                           .channel = r->channel,
		                           .payee = r->payee,
		                           .alone_fen = rules.value[VEND_REFUND_ALONE],
		                           .approved = r->approved},
		          now_ms, &r->approval_id);
	if (err || r->approval_id)
		return asked_twice(err, &r->fault);
	return refund_credit(tx, r, now_ms, out);
}

/* ---- refund of a payment ---- */

static enum err may_return(struct tx *tx, struct payment_refund *r, int64_t now_ms)
{
	const struct order_row *order = &r->order;

	if (order->channel == CHANNEL_CASH || order->channel == CHANNEL_TRANSFER)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "no provider was paid");
	if (order_move(order->state, ORDER_RETURN).answer != ORDER_MOVES)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the order is %s",
		                 order_state_word(order->state));
	if (order->state == ORDER_REFUND_ABNORMAL)
		return ERR_NONE;
	if (order->meter && order->state == ORDER_DELIVERED)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "its credit is in the meter");
	return still_there(tx, order, &r->fault, now_ms);
}

static enum err begin_return(struct tx *tx, struct payment_refund *r, int64_t now_ms)
{
	struct order_row *order = &r->order;
	struct books_post post = {.property_id = r->property_id,
	                          .kind = "refund",
	                          .who = r->actor.who,
	                          .reason = r->actor.reason,
	                          .refers = order->group_no};
	enum err err = ERR_NONE;

	if (order->state == ORDER_DELIVERY_FAILED)
		err = topup_drop(tx, order, now_ms);
	if (err)
		return err == ERR_REFUSED
		               ? fault_set(&r->fault, err, NULL, "it may be in the meter")
		               : err;
	r->row = (struct refund_row){.property_id = r->property_id,
	                             .kind = REFUND_PAYMENT,
	                             .state = REFUND_DECIDED,
	                             .account_id = order->account_id,
	                             .order_id = order->order_id,
	                             .approval_id = r->approved,
	                             .amount_fen = order->amount_fen,
	                             .channel = order->channel};
	refund_by(&r->row, &r->actor, now_ms);
	err = order_undo(tx, order, &post, now_ms);
	books_add(&post, LEDGER_PAYABLE, order->account_id, order->amount_fen);
	return err ? err : book_refund(tx, &r->row, &post, &r->fault, now_ms);
}

/* The provider could not: the same money, once more. */
static enum err return_again(struct tx *tx, struct payment_refund *r)
{
	enum err err = refund_of_order(tx->db, r->property_id, r->order_id, &r->row);

	if (err)
		return err;
	r->row.state = REFUND_DECIDED;
	r->row.failure[0] = '\0';
	return refund_update(tx->db, &r->row);
}

enum err payment_refund_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct payment_refund *r = arg;
	struct account_row account;
	struct vend_rules rules;
	enum err err;

	r->fault = (struct fault){0};
	r->row = (struct refund_row){0};
	r->approval_id = 0;
	err = order_get(tx->db, r->property_id, r->order_id, &r->order);
	if (!err)
		err = books_account(tx, &r->actor, PERMISSION_REFUND, r->property_id,
		                    r->order.account_id, NULL, &r->fault, &account, now_ms);
	if (!err)
		err = wants_reason(&r->actor, &r->fault);
	if (!err)
		err = vend_rules_get(tx->db, r->property_id, &rules);
	if (!err)
		err = may_return(tx, r, now_ms);
	if (!err && r->order.state != ORDER_REFUND_ABNORMAL)
		err = ask(tx,
		          &(struct second){.actor = &r->actor,
		                           .kind = &approval_kind_payment_refund,
		                           .account = &account,
		                           .order_id = r->order_id,
		                           .amount_fen = r->order.amount_fen,
		                           .channel = r->order.channel,
		                           .alone_fen = rules.value[VEND_REFUND_ALONE],
		                           .approved = r->approved},
		          now_ms, &r->approval_id);
	if (err || r->approval_id)
		return asked_twice(err, &r->fault);
	err = r->order.state == ORDER_REFUND_ABNORMAL ? return_again(tx, r)
	                                              : begin_return(tx, r, now_ms);
	if (!err)
		err = order_go(tx, &r->order, ORDER_RETURN, r->actor.who, r->actor.reason, now_ms);
	if (!err)
		err = books_moved(tx, r->property_id, r->order.account_id, false, now_ms, out);
	return err ? err
	           : books_audit(tx, &r->actor, r->property_id, "refund.payment", "order",
	                         r->order_id, r->order.amount_fen, "", now_ms);
}

/* ---- paid out ---- */

static enum err book_payout(struct tx *tx, struct refund_row *row, const char *who,
                            struct fault *fault, int64_t now_ms)
{
	struct books_post post = {.property_id = row->property_id,
	                          .kind = "payout",
	                          .who = who,
	                          .reason = row->reason,
	                          .refers = row->group_no};
	enum err err;

	row->state = REFUND_PAID;
	row->paid_ms = now_ms;
	snprintf(row->paid_by, sizeof row->paid_by, "%s", who);
	if (!row->group_no) /* another currency: not in these books */
		return refund_update(tx->db, row);
	snprintf(post.key, sizeof post.key, "payout:%lld", (long long)row->refund_id);
	books_add(&post, LEDGER_PAYABLE, row->account_id, -row->amount_fen);
	books_add_channel(&post, row->channel, row->shift_id, -row->amount_fen);
	err = books_post(tx, &post, fault, now_ms);
	row->paid_group_no = post.group_no;
	if (!err)
		err = refund_update(tx->db, row);
	return err || !row->account_id
	               ? err
	               : books_tell(tx, "refunded", row->property_id, row->account_id,
	                            row->order_id, row->amount_fen, now_ms);
}

/* The payment and its order learn that the money is back. */
static enum err payment_is_back(struct tx *tx, const struct refund_row *row,
                                struct order_row *order, const char *who, int64_t now_ms)
{
	struct suspense_row suspense;
	struct payment_row payment;
	enum err err;

	if (row->kind == REFUND_SUSPENSE) {
		err = suspense_get(tx->db, row->property_id, row->suspense_id, &suspense);
		if (!err)
			err = payment_get(tx->db, row->property_id, suspense.payment_id, &payment);
	} else {
		err = order_get(tx->db, row->property_id, row->order_id, order);
		if (!err)
			err = order_go(tx, order, ORDER_BACK, who, "", now_ms);
		if (!err)
			err = payment_of_order(tx->db, row->property_id, row->order_id, &payment);
	}
	if (err)
		return err;
	payment.refunded_ms = now_ms;
	return payment_update(tx->db, &payment);
}

static enum err provider_could_not(struct tx *tx, struct refund_told *told, int64_t now_ms)
{
	enum err err;

	told->row.state = REFUND_FAILED;
	snprintf(told->row.failure, sizeof told->row.failure, "%s", told->why ? told->why : "");
	err = refund_update(tx->db, &told->row);
	if (err || told->row.kind != REFUND_PAYMENT)
		return err;
	err = order_get(tx->db, told->property_id, told->row.order_id, &told->order);
	return err ? err
	           : order_go(tx, &told->order, ORDER_STUCK, "provider", told->row.failure, now_ms);
}

enum err refund_told_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct refund_told *told = arg;
	enum err err = refund_get(tx->db, told->property_id, told->refund_id, &told->row);

	(void)out;
	told->fault = (struct fault){0};
	told->order = (struct order_row){0};
	if (err)
		return err;
	if (told->row.kind != REFUND_PAYMENT && told->row.kind != REFUND_SUSPENSE)
		return fault_set(&told->fault, ERR_REFUSED, NULL, "no provider pays this one");
	if (told->row.state == REFUND_PAID || (told->row.state == REFUND_FAILED && !told->done))
		return ERR_NONE;
	if (!told->done)
		return provider_could_not(tx, told, now_ms);
	snprintf(told->row.voucher, sizeof told->row.voucher, "%s",
	         told->number ? told->number : "");
	told->row.failure[0] = '\0';
	err = book_payout(tx, &told->row, "provider", &told->fault, now_ms);
	return err ? err : payment_is_back(tx, &told->row, &told->order, "provider", now_ms);
}

static enum err paid_check(struct tx *tx, struct refund_paid *paid, int64_t now_ms)
{
	struct account_row account;
	enum err err = refund_get(tx->db, paid->property_id, paid->refund_id, &paid->row);

	if (err)
		return err;
	err = paid->row.account_id
	              ? books_account(tx, &paid->actor, PERMISSION_REFUND, paid->property_id,
	                              paid->row.account_id, NULL, &paid->fault, &account, now_ms)
	              : access_require_property(tx, &paid->actor, PERMISSION_LEDGER_WRITE,
	                                        paid->property_id, now_ms);
	if (err)
		return err;
	if (paid->version && paid->version != paid->row.version)
		return ERR_CONFLICT;
	if (paid->row.state == REFUND_PAID)
		return fault_set(&paid->fault, ERR_REFUSED, NULL, "it is paid already");
	if (paid->row.kind == REFUND_PAYMENT && paid->row.state != REFUND_FAILED)
		return fault_set(&paid->fault, ERR_REFUSED, NULL, "its provider is paying it");
	if (paid->channel != CHANNEL_CASH && paid->channel != CHANNEL_TRANSFER)
		return fault_set(&paid->fault, ERR_BAD_INPUT, "channel", "cash or transfer");
	return fault_text(&paid->fault, "voucher", paid->voucher, TEXT_LINE,
	                  paid->channel == CHANNEL_TRANSFER ? 1 : 0, 32);
}

enum err refund_paid_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct refund_paid *paid = arg;
	struct order_row order;
	enum err err;

	(void)out;
	paid->fault = (struct fault){0};
	err = paid_check(tx, paid, now_ms);
	if (!err && paid->channel == CHANNEL_CASH)
		err = books_shift(tx, &paid->actor, paid->property_id, &paid->fault,
		                  &paid->row.shift_id);
	if (err)
		return err;
	paid->row.channel = paid->channel;
	snprintf(paid->row.voucher, sizeof paid->row.voucher, "%s", paid->voucher);
	err = book_payout(tx, &paid->row, paid->actor.who, &paid->fault, now_ms);
	if (!err && (paid->row.kind == REFUND_PAYMENT || paid->row.kind == REFUND_SUSPENSE))
		err = payment_is_back(tx, &paid->row, &order, paid->actor.who, now_ms);
	return err ? err
	           : books_audit(tx, &paid->actor, paid->property_id, "refund.paid", "refund",
	                         paid->refund_id, paid->row.amount_fen, channel_word(paid->channel),
	                         now_ms);
}

/* ---- adjustments ---- */

static enum err adjust_check(struct adjustment *r, const struct account_row *account)
{
	enum err err = wants_reason(&r->actor, &r->fault);

	if (err)
		return err;
	if (!r->amount_fen || r->amount_fen > BOOKS_AMOUNT_MAX || r->amount_fen < -BOOKS_AMOUNT_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "amount_fen", "not 0, at most %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	if (account->state == ACCOUNT_DRAFT || account->state == ACCOUNT_CLOSED)
		return fault_set(&r->fault, ERR_REFUSED, "account", "is %s",
		                 account_state_word(account->state));
	return ERR_NONE;
}

static enum err adjust(struct tx *tx, struct adjustment *r, int64_t now_ms, struct effects *out)
{
	struct books_post post = {.property_id = r->property_id,
	                          .kind = "adjust",
	                          .who = r->actor.who,
	                          .reason = r->actor.reason,
	                          .refers = r->refers};
	enum err err = sequence_next(tx->db, "adjust", &r->adjust_id);

	if (err)
		return err;
	snprintf(post.key, sizeof post.key, "adjust:%lld", (long long)r->adjust_id);
	books_add(&post, LEDGER_ACCOUNT, r->account_id, r->amount_fen);
	books_add(&post, LEDGER_ADJUST, 0, -r->amount_fen);
	err = books_post(tx, &post, &r->fault, now_ms);
	if (err == ERR_BAD_INPUT)
		return fault_set(&r->fault, err, "refers", "no such posting");
	r->group_no = post.group_no;
	if (!err)
		err = books_balance_fen(tx->db, r->property_id, LEDGER_ACCOUNT, r->account_id,
		                        &r->balance_fen);
	if (!err)
		err = books_moved(tx, r->property_id, r->account_id, r->amount_fen > 0, now_ms,
		                  out);
	return err ? err
	           : books_audit(tx, &r->actor, r->property_id, "account.adjust", "account",
	                         r->account_id, r->amount_fen, "", now_ms);
}

enum err adjust_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct adjustment *r = arg;
	struct account_row account;
	struct vend_rules rules;
	enum err err;

	r->fault = (struct fault){0};
	r->adjust_id = r->approval_id = r->group_no = 0;
	err = books_account(tx, &r->actor, PERMISSION_LEDGER_WRITE, r->property_id, r->account_id,
	                    "account", &r->fault, &account, now_ms);
	if (!err)
		err = adjust_check(r, &account);
	if (!err)
		err = vend_rules_get(tx->db, r->property_id, &rules);
	if (!err)
		err = ask(tx,
		          &(struct second){.actor = &r->actor,
		                           .kind = &approval_kind_adjust,
		                           .account = &account,
		                           .amount_fen = r->amount_fen,
		                           .refers = r->refers,
		                           .alone_fen = rules.value[VEND_ADJUST_ALONE],
		                           .approved = r->approved},
		          now_ms, &r->approval_id);
	if (err || r->approval_id)
		return asked_twice(err, &r->fault);
	return adjust(tx, r, now_ms, out);
}

/* ---- what a second person agreed to ---- */

static int64_t number_of(json_t *body, const char *name)
{
	return json_integer_value(json_object_get(body, name));
}

static enum err run_reversal(struct tx *tx, const struct actor *requester,
                             const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                             int64_t now_ms, struct effects *out)
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL);
	struct order_reversal r = {.actor = *requester,
	                           .property_id = row->property_id,
	                           .order_id = number_of(body, "order"),
	                           .approved = row->approval_id};
	enum err err;

	json_decref(body);
	err = order_reverse_step(tx, &r, now_ms, out);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "the purchase is reversed");
	return err;
}

static enum err run_refund(struct tx *tx, const struct actor *requester,
                           const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                           int64_t now_ms, struct effects *out)
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL);
	const char *channel = json_string_value(json_object_get(body, "channel"));
	const char *payee = json_string_value(json_object_get(body, "payee"));
	struct credit_refund r = {.actor = *requester,
	                          .property_id = row->property_id,
	                          .account_id = number_of(body, "account"),
	                          .amount_fen = number_of(body, "amount_fen"),
	                          .payee = payee ? payee : "",
	                          .approved = row->approval_id};
	enum err err = channel && channel_parse(channel, &r.channel) ? ERR_NONE : ERR_BAD_INPUT;

	if (!err)
		err = credit_refund_step(tx, &r, now_ms, out);
	json_decref(body);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "refund %lld", (long long)r.row.refund_id);
	return err;
}

static enum err run_payment_refund(struct tx *tx, const struct actor *requester,
                                   const struct approval_row *row,
                                   char result[APPROVAL_RESULT_SIZE], int64_t now_ms,
                                   struct effects *out)
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL);
	struct payment_refund r = {.actor = *requester,
	                           .property_id = row->property_id,
	                           .order_id = number_of(body, "order"),
	                           .approved = row->approval_id};
	enum err err;

	json_decref(body);
	err = payment_refund_step(tx, &r, now_ms, out);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "refund %lld", (long long)r.row.refund_id);
	return err;
}

static enum err run_adjust(struct tx *tx, const struct actor *requester,
                           const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                           int64_t now_ms, struct effects *out)
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL);
	struct adjustment r = {.actor = *requester,
	                       .property_id = row->property_id,
	                       .account_id = number_of(body, "account"),
	                       .amount_fen = number_of(body, "amount_fen"),
	                       .refers = number_of(body, "refers"),
	                       .approved = row->approval_id};
	enum err err;

	json_decref(body);
	err = adjust_step(tx, &r, now_ms, out);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "adjustment %lld", (long long)r.adjust_id);
	return err;
}

const struct approval_kind approval_kind_reversal = {.word = "reversal",
                                                     .zh = "冲正",
                                                     .en = "reverse a purchase",
                                                     .permission = PERMISSION_REFUND,
                                                     .run = run_reversal};
const struct approval_kind approval_kind_refund = {.word = "refund",
                                                   .zh = "退费",
                                                   .en = "refund credit",
                                                   .permission = PERMISSION_REFUND,
                                                   .run = run_refund};
const struct approval_kind approval_kind_payment_refund = {.word = "payment-refund",
                                                           .zh = "退款",
                                                           .en = "refund a payment",
                                                           .permission = PERMISSION_REFUND,
                                                           .run = run_payment_refund};
const struct approval_kind approval_kind_adjust = {.word = "adjust",
                                                   .zh = "调账",
                                                   .en = "adjust a balance",
                                                   .permission = PERMISSION_LEDGER_WRITE,
                                                   .run = run_adjust};
