#include "platform/core/refund.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/second.h"
#include "platform/core/topup.h"
#include "platform/store/info.h"

/* ---- the three alike ---- */

static void clear_answers(struct money_back *r)
{
	r->fault = (struct fault){0};
	r->row = (struct refund_row){0};
	r->approval_id = 0;
}

/* The order whose whole amount goes back, and its account. */
static enum err of_order(struct tx *tx, struct money_back *r, struct account_row *account,
                         int64_t now_ms)
{
	enum err err = order_get(tx->db, r->property_id, r->order_id, &r->order);

	clear_answers(r);
	if (err)
		return err;
	r->account_id = r->order.account_id;
	r->amount_fen = r->order.amount_fen;
	r->channel = r->order.channel;
	err = books_account(tx, &r->actor, PERMISSION_REFUND, r->property_id, r->account_id, NULL,
	                    &r->fault, account, now_ms);
	return err ? err : second_wants_reason(&r->actor, &r->fault);
}

static enum err ask(struct tx *tx, struct money_back *r, const struct approval_kind *kind,
                    const struct account_row *account, enum vend_rule alone, int64_t now_ms)
{
	struct vend_rules rules;
	enum err err = vend_rules_get(tx->db, r->property_id, &rules);

	return err ? err
	           : second_ask(tx,
	                        &(struct second){.actor = &r->actor,
	                                         .kind = kind,
	                                         .account = account,
	                                         .order_id = r->order_id,
	                                         .amount_fen = r->amount_fen,
	                                         .channel = r->channel,
	                                         .payee = r->payee,
	                                         .alone_fen = rules.value[alone],
	                                         .approved = r->approved},
	                        now_ms, &r->approval_id, &r->fault);
}

/* The row of money that goes back, with who did it and why. */
static void row_begin(struct money_back *r, enum refund_kind kind, enum refund_state state,
                      int64_t now_ms)
{
	r->row = (struct refund_row){.property_id = r->property_id,
	                             .kind = kind,
	                             .state = state,
	                             .account_id = r->account_id,
	                             .order_id = r->order_id,
	                             .approval_id = r->approved,
	                             .amount_fen = r->amount_fen,
	                             .channel = r->channel,
	                             .by_user_id = r->actor.user_id,
	                             .decided_ms = now_ms};
	snprintf(r->row.by_name, sizeof r->row.by_name, "%s", r->actor.who);
	snprintf(r->row.reason, sizeof r->row.reason, "%s", r->actor.reason);
}

static struct books_post post_begin(const struct money_back *r, const char *kind)
{
	return (struct books_post){.property_id = r->property_id,
	                           .kind = kind,
	                           .who = r->actor.who,
	                           .reason = r->actor.reason,
	                           .refers = r->order.group_no};
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
	/* A correction may cover it that nobody paid: not more goes back than came. */
	if (books_fen(money.paid) < order->arrears_fen + order->credit_fen)
		return fault_set(fault, ERR_REFUSED, NULL, "a part of it was refunded already");
	return ERR_NONE;
}

/* ---- reversal ---- */

static enum err may_reverse(struct tx *tx, struct money_back *r, const struct account_row *account,
                            int64_t now_ms)
{
	const struct order_row *order = &r->order;
	struct order_row last;
	enum err err;

	if (order->channel != CHANNEL_CASH && order->channel != CHANNEL_TRANSFER)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "a provider's payment is refunded, not reversed");
	if (account->state == ACCOUNT_CLOSED) /* what it paid off would be owed again, by nobody */
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the account is closed");
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

static enum err reverse(struct tx *tx, struct money_back *r, int64_t now_ms, struct effects *out)
{
	struct order_row *order = &r->order;
	struct books_post post = post_begin(r, "reversal");
	enum err err = ERR_NONE;

	row_begin(r, REFUND_REVERSAL, REFUND_PAID, now_ms);
	r->row.paid_ms = now_ms;
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
		err = books_moved(tx, r->property_id, r->account_id, false, now_ms, out);
	return err ? err
	           : books_audit(tx, &r->actor, r->property_id, "order.reverse", "order",
	                         r->order_id, r->amount_fen, "", now_ms);
}

enum err order_reverse_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct money_back *r = arg;
	struct account_row account;
	enum err err = of_order(tx, r, &account, now_ms);

	if (!err)
		err = may_reverse(tx, r, &account, now_ms);
	if (!err)
		err = ask(tx, r, &approval_kind_reversal, &account, VEND_REVERSAL_ALONE, now_ms);
	return err || r->approval_id ? err : reverse(tx, r, now_ms, out);
}

/* ---- refund of credit ---- */

static enum err check_refund(struct tx *tx, struct money_back *r, const struct account_row *account,
                             int64_t now_ms)
{
	struct books_money money;
	enum err err = second_wants_reason(&r->actor, &r->fault);

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

static enum err refund_credit(struct tx *tx, struct money_back *r, int64_t now_ms,
                              struct effects *out)
{
	struct books_post post = post_begin(r, "refund");
	enum err err;

	row_begin(r, REFUND_CREDIT, REFUND_DECIDED, now_ms);
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
	struct money_back *r = arg;
	struct account_row account;
	enum err err;

	clear_answers(r);
	err = books_account(tx, &r->actor, PERMISSION_REFUND, r->property_id, r->account_id,
	                    "account", &r->fault, &account, now_ms);
	if (!err)
		err = check_refund(tx, r, &account, now_ms);
	if (!err)
		err = ask(tx, r, &approval_kind_refund, &account, VEND_REFUND_ALONE, now_ms);
	return err || r->approval_id ? err : refund_credit(tx, r, now_ms, out);
}

/* ---- refund of a payment ---- */

static enum err may_return(struct tx *tx, struct money_back *r, const struct account_row *account,
                           int64_t now_ms)
{
	const struct order_row *order = &r->order;

	if (order->channel == CHANNEL_CASH || order->channel == CHANNEL_TRANSFER)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "no provider was paid");
	if (order_move(order->state, ORDER_RETURN).answer != ORDER_MOVES)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the order is %s",
		                 order_state_word(order->state));
	if (order->state == ORDER_REFUND_ABNORMAL)
		return ERR_NONE;
	if (account->state == ACCOUNT_CLOSED) /* as in may_reverse */
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the account is closed");
	if (order->meter && order->state == ORDER_DELIVERED)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "its credit is in the meter");
	return still_there(tx, order, &r->fault, now_ms);
}

static enum err begin_return(struct tx *tx, struct money_back *r, int64_t now_ms)
{
	struct order_row *order = &r->order;
	struct books_post post = post_begin(r, "refund");
	enum err err = ERR_NONE;

	if (order->state == ORDER_DELIVERY_FAILED)
		err = topup_drop(tx, order, now_ms);
	if (err)
		return err == ERR_REFUSED
		               ? fault_set(&r->fault, err, NULL, "it may be in the meter")
		               : err;
	row_begin(r, REFUND_PAYMENT, REFUND_DECIDED, now_ms);
	err = order_undo(tx, order, &post, now_ms);
	books_add(&post, LEDGER_PAYABLE, r->account_id, r->amount_fen);
	return err ? err : book_refund(tx, &r->row, &post, &r->fault, now_ms);
}

/* The provider could not: the same money, once more. */
static enum err return_again(struct tx *tx, struct money_back *r)
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
	struct money_back *r = arg;
	struct account_row account;
	enum err err = of_order(tx, r, &account, now_ms);

	if (!err)
		err = may_return(tx, r, &account, now_ms);
	if (!err && r->order.state != ORDER_REFUND_ABNORMAL)
		err = ask(tx, r, &approval_kind_payment_refund, &account, VEND_REFUND_ALONE,
		          now_ms);
	if (err || r->approval_id)
		return err;
	err = r->order.state == ORDER_REFUND_ABNORMAL ? return_again(tx, r)
	                                              : begin_return(tx, r, now_ms);
	if (!err)
		err = order_go(tx, &r->order, ORDER_RETURN, r->actor.who, r->actor.reason, now_ms,
		               out);
	if (!err)
		err = books_moved(tx, r->property_id, r->account_id, false, now_ms, out);
	return err ? err
	           : books_audit(tx, &r->actor, r->property_id, "refund.payment", "order",
	                         r->order_id, r->amount_fen, "", now_ms);
}

/* ---- what a second person agreed to ---- */

static enum err run(struct tx *tx, const struct actor *requester, const struct approval_row *row,
                    step_fn step, char result[APPROVAL_RESULT_SIZE], int64_t now_ms,
                    struct effects *out)
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL);
	const char *channel = json_string_value(json_object_get(body, "channel"));
	const char *payee = json_string_value(json_object_get(body, "payee"));
	struct money_back r = {.actor = *requester,
	                       .property_id = row->property_id,
	                       .order_id = json_integer_value(json_object_get(body, "order")),
	                       .account_id = json_integer_value(json_object_get(body, "account")),
	                       .amount_fen =
	                               json_integer_value(json_object_get(body, "amount_fen")),
	                       .payee = payee ? payee : "",
	                       .approved = row->approval_id};
	enum err err = channel && channel_parse(channel, &r.channel) ? ERR_NONE : ERR_BAD_INPUT;

	if (!err)
		err = step(tx, &r, now_ms, out);
	json_decref(body);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "refund %lld", (long long)r.row.refund_id);
	return err;
}

static enum err run_reversal(struct tx *tx, const struct actor *requester,
                             const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                             int64_t now_ms, struct effects *out)
{
	return run(tx, requester, row, order_reverse_step, result, now_ms, out);
}

static enum err run_refund(struct tx *tx, const struct actor *requester,
                           const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                           int64_t now_ms, struct effects *out)
{
	return run(tx, requester, row, credit_refund_step, result, now_ms, out);
}

static enum err run_payment_refund(struct tx *tx, const struct actor *requester,
                                   const struct approval_row *row,
                                   char result[APPROVAL_RESULT_SIZE], int64_t now_ms,
                                   struct effects *out)
{
	return run(tx, requester, row, payment_refund_step, result, now_ms, out);
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
