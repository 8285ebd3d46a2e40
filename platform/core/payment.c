#include "platform/core/payment.h"

#include <stdio.h>
#include <string.h>

static const char *const outcomes[] = {
        [PAYMENT_CREDITED] = "credited",
        [PAYMENT_SUSPENDED] = "suspended",
        [PAYMENT_KNOWN] = "known",
        [PAYMENT_DIFFERS] = "differs",
};

const char *payment_outcome_word(enum payment_outcome outcome)
{
	return outcomes[outcome];
}

/* ---- which order ---- */

struct found {
	struct account_row account;
	bool has_order, takes; /* the order takes this money */
	enum order_event event;
	enum suspense_reason reason; /* else */
};

static enum suspense_reason reason_of(const struct order_row *order)
{
	if (order->state == ORDER_EXPIRED)
		return SUSPENSE_EXPIRED;
	return order->group_no ? SUSPENSE_TWICE : SUSPENSE_CLOSED;
}

static enum err look_at(struct tx *tx, struct payment_told *told, struct found *found)
{
	int64_t order_id;
	enum err err = ERR_NOT_FOUND;

	*found = (struct found){.reason = SUSPENSE_UNKNOWN_ORDER};
	if (order_number_parse(told->row.order_number, &order_id))
		err = order_get(tx->db, told->property_id, order_id, &told->order);
	if (!err && told->order.channel != told->channel)
		err = ERR_NOT_FOUND;
	if (err) {
		told->order = (struct order_row){0};
		found->reason = strcmp(told->row.currency, CURRENCY_YUAN) != 0
		                        ? SUSPENSE_CURRENCY
		                        : SUSPENSE_UNKNOWN_ORDER;
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	}
	found->has_order = true;
	found->event = ORDER_WRONG;
	if (strcmp(told->row.currency, CURRENCY_YUAN) != 0) {
		found->reason = SUSPENSE_CURRENCY;
		return ERR_NONE;
	}
	if (told->row.amount_fen != told->order.amount_fen) {
		found->reason = SUSPENSE_AMOUNT;
		return ERR_NONE;
	}
	found->event = ORDER_MONEY;
	if (order_move(told->order.state, ORDER_MONEY).answer != ORDER_MOVES) {
		found->reason = reason_of(&told->order);
		return ERR_NONE;
	}
	err = account_get(tx->db, told->property_id, told->order.account_id, &found->account);
	found->takes = !err && (found->account.state == ACCOUNT_OPEN ||
	                        found->account.state == ACCOUNT_SUSPENDED ||
	                        found->account.state == ACCOUNT_CLOSING);
	if (!found->takes) {
		/* He moved out: nobody is to pay this order any more. */
		found->event = ORDER_CLOSE;
		found->reason = SUSPENSE_ACCOUNT;
	}
	return err;
}

/* ---- suspense ---- */

static enum err tell_people(struct tx *tx, const struct payment_told *told, const char *what,
                            int64_t now_ms)
{
	static const struct actor platform = {.who = "platform", .local = true};
	char detail[192];

	snprintf(detail, sizeof detail, "%s, number %s, order %.32s", what, told->row.number,
	         told->row.order_number);
	return books_audit(tx, &platform, told->property_id, "payment.suspend", "payment",
	                   told->row.payment_id, told->row.amount_fen, detail, now_ms);
}

/* Another currency is no yuan of ours: it stands in the list, not in the books. */
static enum err book_suspense(struct tx *tx, struct payment_told *told, int64_t now_ms)
{
	struct suspense_row *row = &told->suspense;
	struct books_post post = {.property_id = row->property_id,
	                          .kind = "suspense",
	                          .who = told->who,
	                          .reason = suspense_reason_word(row->reason)};
	enum err err;

	if (strcmp(row->currency, CURRENCY_YUAN) != 0)
		return ERR_NONE;
	snprintf(post.key, sizeof post.key, "suspense:payment:%lld", (long long)row->payment_id);
	books_add_channel(&post, row->channel, 0, row->amount_fen);
	books_add(&post, LEDGER_SUSPENSE, 0, row->amount_fen);
	err = books_post(tx, &post, &told->fault, now_ms);
	row->group_no = post.group_no;
	return err;
}

static enum err suspend(struct tx *tx, struct payment_told *told, const struct found *found,
                        int64_t now_ms, struct effects *out)
{
	struct suspense_row *row = &told->suspense;
	enum err err;

	*row = (struct suspense_row){.property_id = told->property_id,
	                             .payment_id = told->row.payment_id,
	                             .channel = told->channel,
	                             .amount_fen = told->row.amount_fen,
	                             .reason = found->reason,
	                             .state = SUSPENSE_OPEN,
	                             .since_ms = now_ms};
	memcpy(row->currency, told->row.currency, sizeof row->currency);
	err = book_suspense(tx, told, now_ms);
	if (!err)
		err = suspense_insert(tx->db, row);
	if (!err && found->has_order)
		err = order_go(tx, &told->order, found->event, told->who,
		               suspense_reason_word(row->reason), now_ms, out);
	if (err)
		return err;
	told->row.suspense_id = row->suspense_id;
	told->outcome = PAYMENT_SUSPENDED;
	err = payment_update(tx->db, &told->row);
	return err ? err : tell_people(tx, told, suspense_reason_word(row->reason), now_ms);
}

/* ---- payments ---- */

static enum err take(struct tx *tx, struct payment_told *told, const struct found *found,
                     int64_t suspense_id, int64_t now_ms, struct effects *out)
{
	char reason[ORDER_REASON_SIZE];
	enum err err;

	snprintf(reason, sizeof reason, "%s %s", payment_source_word(told->source),
	         told->row.number);
	err = order_take_money(tx,
	                       &(struct order_money){.row = &told->order,
	                                             .account = &found->account,
	                                             .suspense_id = suspense_id,
	                                             .who = told->who,
	                                             .reason = reason,
	                                             .fault = &told->fault},
	                       now_ms, out);
	if (err)
		return err;
	told->row.order_id = told->order.order_id;
	told->outcome = PAYMENT_CREDITED;
	return payment_update(tx->db, &told->row);
}

/* The order is there by now: out of suspense, by itself. */
static enum err take_out(struct tx *tx, struct payment_told *told, const struct found *found,
                         int64_t now_ms, struct effects *out)
{
	struct suspense_row *row = &told->suspense;
	enum err err = take(tx, told, found, row->suspense_id, now_ms, out);

	if (err)
		return err;
	row->state = SUSPENSE_CREDITED;
	row->done_ms = now_ms;
	row->order_id = told->order.order_id;
	snprintf(row->done_by, sizeof row->done_by, "%s", told->who);
	snprintf(row->done_why, sizeof row->done_why, "the order is there");
	return suspense_update(tx->db, row);
}

static enum err told_again(struct tx *tx, struct payment_told *told, int64_t now_ms,
                           struct effects *out)
{
	struct found found;
	enum err err = ERR_NONE;

	told->outcome = PAYMENT_KNOWN;
	if (told->row.amount_fen != told->amount_fen ||
	    strcmp(told->row.currency, told->currency) != 0 ||
	    strcmp(told->row.order_number, told->order_number) != 0) {
		told->outcome = PAYMENT_DIFFERS;
		return tell_people(tx, told, "told again with another content", now_ms);
	}
	if (told->row.order_id)
		return order_get(tx->db, told->property_id, told->row.order_id, &told->order);
	if (told->row.suspense_id)
		err = suspense_get(tx->db, told->property_id, told->row.suspense_id,
		                   &told->suspense);
	if (err || told->suspense.state != SUSPENSE_OPEN ||
	    told->suspense.reason != SUSPENSE_UNKNOWN_ORDER)
		return err;
	err = look_at(tx, told, &found);
	return err || !found.takes ? err : take_out(tx, told, &found, now_ms, out);
}

static enum err check(struct payment_told *told)
{
	enum err err = fault_text(&told->fault, "number", told->number, TEXT_LINE, 1,
	                          PAYMENT_NUMBER_CHARS);

	if (!err)
		err = fault_text(&told->fault, "order_number", told->order_number, TEXT_LINE, 0,
		                 PAYMENT_NUMBER_CHARS);
	if (err)
		return err;
	if (strlen(told->number) >= PAYMENT_NUMBER_SIZE ||
	    strlen(told->order_number) >= PAYMENT_NUMBER_SIZE)
		return fault_set(&told->fault, ERR_BAD_INPUT, "number", "at most %d bytes",
		                 PAYMENT_NUMBER_SIZE - 1);
	if (told->amount_fen < 1 || told->amount_fen > BOOKS_AMOUNT_MAX)
		return fault_set(&told->fault, ERR_BAD_INPUT, "amount_fen", "1 to %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	if (strlen(told->currency) != PAYMENT_CURRENCY_SIZE - 1)
		return fault_set(&told->fault, ERR_BAD_INPUT, "currency", "three letters");
	return ERR_NONE;
}

static void fill(struct payment_told *told, int64_t now_ms)
{
	struct payment_row *row = &told->row;

	*row = (struct payment_row){.property_id = told->property_id,
	                            .channel = told->channel,
	                            .amount_fen = told->amount_fen,
	                            .paid_ms = told->paid_ms,
	                            .seen_ms = now_ms,
	                            .source = told->source};
	snprintf(row->number, sizeof row->number, "%s", told->number);
	snprintf(row->order_number, sizeof row->order_number, "%s", told->order_number);
	snprintf(row->currency, sizeof row->currency, "%s", told->currency);
	utf8_copy(row->payer, sizeof row->payer, told->payer);
}

enum err payment_told_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct payment_told *told = arg;
	struct found found;
	enum err err;

	told->fault = (struct fault){0};
	told->order = (struct order_row){0};
	told->suspense = (struct suspense_row){0};
	err = check(told);
	if (!err)
		err = payment_by_number(tx->db, told->property_id, told->channel, told->number,
		                        &told->row);
	if (!err)
		return told_again(tx, told, now_ms, out);
	if (err != ERR_NOT_FOUND)
		return err;
	fill(told, now_ms);
	err = payment_insert(tx->db, &told->row);
	if (!err)
		err = look_at(tx, told, &found);
	if (err)
		return err;
	return found.takes ? take(tx, told, &found, 0, now_ms, out)
	                   : suspend(tx, told, &found, now_ms, out);
}

/* ---- settling suspense ---- */

static enum err settle_check(struct tx *tx, struct suspense_settle *settle, int64_t now_ms)
{
	enum err err = access_require_property(tx, &settle->actor, PERMISSION_LEDGER_WRITE,
	                                       settle->property_id, now_ms);

	if (!err)
		err = suspense_get(tx->db, settle->property_id, settle->suspense_id, &settle->row);
	if (err)
		return err;
	if (settle->version && settle->version != settle->row.version)
		return ERR_CONFLICT;
	if (settle->row.state != SUSPENSE_OPEN)
		return fault_set(&settle->fault, ERR_REFUSED, NULL, "it is settled already");
	if (!settle->actor.reason[0])
		return fault_set(&settle->fault, ERR_BAD_INPUT, "reason", "is wanted");
	if (settle->account_id && !settle->row.group_no)
		return fault_set(&settle->fault, ERR_REFUSED, "account",
		                 "another currency can only be paid back");
	return ERR_NONE;
}

static enum err settle_credit(struct tx *tx, struct suspense_settle *settle, int64_t now_ms,
                              struct effects *out)
{
	struct order_row *order = &settle->order;
	struct payment_row payment;
	struct account_row account;
	enum err err =
	        books_account(tx, &settle->actor, PERMISSION_LEDGER_WRITE, settle->property_id,
	                      settle->account_id, "account", &settle->fault, &account, now_ms);

	if (!err)
		err = payment_get(tx->db, settle->property_id, settle->row.payment_id, &payment);
	if (err)
		return err;
	if (account.state != ACCOUNT_OPEN && account.state != ACCOUNT_SUSPENDED &&
	    account.state != ACCOUNT_CLOSING)
		return fault_set(&settle->fault, ERR_REFUSED, "account", "is %s",
		                 account_state_word(account.state));
	*order = (struct order_row){.property_id = settle->property_id,
	                            .account_id = settle->account_id,
	                            .channel = settle->row.channel,
	                            .amount_fen = settle->row.amount_fen,
	                            .by_user_id = settle->actor.user_id};
	snprintf(order->by_name, sizeof order->by_name, "%s", settle->actor.who);
	err = order_begin(tx, order, settle->actor.reason, now_ms, out);
	if (!err)
		err = order_take_money(tx,
		                       &(struct order_money){.row = order,
		                                             .account = &account,
		                                             .suspense_id = settle->suspense_id,
		                                             .who = settle->actor.who,
		                                             .reason = settle->actor.reason,
		                                             .fault = &settle->fault},
		                       now_ms, out);
	if (err)
		return err;
	settle->row.state = SUSPENSE_CREDITED;
	settle->row.order_id = order->order_id;
	payment.order_id = order->order_id;
	return payment_update(tx->db, &payment);
}

static enum err book_return(struct tx *tx, struct suspense_settle *settle,
                            struct refund_row *refund, int64_t now_ms)
{
	struct books_post post = {.property_id = settle->property_id,
	                          .kind = "refund",
	                          .who = settle->actor.who,
	                          .reason = settle->actor.reason,
	                          .refers = settle->row.group_no};
	enum err err;

	if (!settle->row.group_no)
		return ERR_NONE;
	snprintf(post.key, sizeof post.key, "suspense:%lld:resolved",
	         (long long)settle->suspense_id);
	books_add(&post, LEDGER_SUSPENSE, 0, -settle->row.amount_fen);
	books_add(&post, LEDGER_PAYABLE, 0, settle->row.amount_fen);
	err = books_post(tx, &post, &settle->fault, now_ms);
	refund->group_no = post.group_no;
	return err;
}

static enum err settle_return(struct tx *tx, struct suspense_settle *settle, int64_t now_ms)
{
	struct refund_row refund = {.property_id = settle->property_id,
	                            .kind = REFUND_SUSPENSE,
	                            .state = REFUND_DECIDED,
	                            .suspense_id = settle->suspense_id,
	                            .amount_fen = settle->row.amount_fen,
	                            .channel = settle->channel,
	                            .by_user_id = settle->actor.user_id,
	                            .decided_ms = now_ms};
	enum err err;

	snprintf(refund.payee, sizeof refund.payee, "%s", settle->payee ? settle->payee : "");
	snprintf(refund.reason, sizeof refund.reason, "%s", settle->actor.reason);
	snprintf(refund.by_name, sizeof refund.by_name, "%s", settle->actor.who);
	err = book_return(tx, settle, &refund, now_ms);
	if (!err)
		err = refund_insert(tx->db, &refund);
	settle->row.state = SUSPENSE_RETURNED;
	settle->row.refund_id = refund.refund_id;
	return err;
}

enum err suspense_settle_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct suspense_settle *settle = arg;
	struct property_row property;
	enum err err;

	settle->fault = (struct fault){0};
	settle->order = (struct order_row){0};
	err = settle_check(tx, settle, now_ms);
	if (!err)
		err = property_open(tx, settle->property_id, &property, &settle->fault);
	if (!err)
		err = settle->account_id ? settle_credit(tx, settle, now_ms, out)
		                         : settle_return(tx, settle, now_ms);
	if (err)
		return err;
	settle->row.done_ms = now_ms;
	snprintf(settle->row.done_by, sizeof settle->row.done_by, "%s", settle->actor.who);
	snprintf(settle->row.done_why, sizeof settle->row.done_why, "%s", settle->actor.reason);
	err = suspense_update(tx->db, &settle->row);
	return err ? err
	           : books_audit(tx, &settle->actor, settle->property_id,
	                         settle->account_id ? "suspense.credit" : "suspense.return",
	                         "suspense", settle->suspense_id, settle->row.amount_fen, "",
	                         now_ms);
}
