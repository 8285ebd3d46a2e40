#include <stdio.h>

#include "platform/core/refund.h"
#include "platform/store/info.h"
#include "platform/store/payment.h"

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
                                struct order_row *order, const char *who, int64_t now_ms,
                                struct effects *out)
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
			err = order_go(tx, order, ORDER_BACK, who, "", now_ms, out);
		if (!err)
			err = payment_of_order(tx->db, row->property_id, row->order_id, &payment);
	}
	if (err)
		return err;
	payment.refunded_ms = now_ms;
	return payment_update(tx->db, &payment);
}

static enum err provider_could_not(struct tx *tx, struct refund_told *told, int64_t now_ms,
                                   struct effects *out)
{
	enum err err;

	told->row.state = REFUND_FAILED;
	snprintf(told->row.failure, sizeof told->row.failure, "%s", told->why ? told->why : "");
	err = refund_update(tx->db, &told->row);
	if (err || told->row.kind != REFUND_PAYMENT)
		return err;
	err = order_get(tx->db, told->property_id, told->row.order_id, &told->order);
	return err ? err
	           : order_go(tx, &told->order, ORDER_STUCK, "provider", told->row.failure, now_ms,
	                      out);
}

enum err refund_told_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct refund_told *told = arg;
	enum err err = refund_get(tx->db, told->property_id, told->refund_id, &told->row);

	told->fault = (struct fault){0};
	told->order = (struct order_row){0};
	if (err)
		return err;
	if (told->row.kind != REFUND_PAYMENT && told->row.kind != REFUND_SUSPENSE)
		return fault_set(&told->fault, ERR_REFUSED, NULL, "no provider pays this one");
	if (told->row.state == REFUND_PAID || (told->row.state == REFUND_FAILED && !told->done))
		return ERR_NONE;
	if (!told->done)
		return provider_could_not(tx, told, now_ms, out);
	snprintf(told->row.voucher, sizeof told->row.voucher, "%s",
	         told->number ? told->number : "");
	told->row.failure[0] = '\0';
	err = book_payout(tx, &told->row, "provider", &told->fault, now_ms);
	return err ? err : payment_is_back(tx, &told->row, &told->order, "provider", now_ms, out);
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
		err = payment_is_back(tx, &paid->row, &order, paid->actor.who, now_ms, out);
	return err ? err
	           : books_audit(tx, &paid->actor, paid->property_id, "refund.paid", "refund",
	                         paid->refund_id, paid->row.amount_fen, channel_word(paid->channel),
	                         now_ms);
}
