/* What a closed account had left, on its way out. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/account_close.h"
#include "platform/core/approval.h"
#include "platform/core/json_out.h"
#include "platform/store/ledger.h"

/* ---- what is left ---- */

struct decided {
	struct money sum;
	bool failed;
};

/* Also what its provider could not pay back: it waits to be paid another way. */
static bool add_decided(void *arg, const struct refund_row *row)
{
	struct decided *decided = arg;

	if (row->state == REFUND_PAID)
		return true;
	decided->failed |= !money_add(decided->sum, money_fen(row->amount_fen), &decided->sum);
	return !decided->failed;
}

static bool find_closing(void *arg, const struct ledger_line *line)
{
	if (strcmp(line->kind, "closing") == 0)
		*(int64_t *)arg = line->group_no;
	return true;
}

enum err account_payable(struct db *db, int64_t property_id, int64_t account_id, int64_t *left_fen,
                         int64_t *group_no)
{
	const struct refund_ask ask = {.account_id = account_id};
	struct decided decided = {.sum = money_fen(0)};
	struct ledger_balance now;
	struct money left;
	enum err err = ledger_balance(db, property_id, LEDGER_PAYABLE, account_id, &now);

	*left_fen = *group_no = 0;
	if (!err)
		err = refund_list(db, property_id, &ask, add_decided, &decided);
	if (!err && (decided.failed || !money_sub(now.balance, decided.sum, &left)))
		err = ERR_OVERFLOW;
	if (err)
		return err;
	*left_fen = account_fen(left);
	return ledger_lines(db, property_id, LEDGER_PAYABLE, account_id, 0, find_closing, group_no);
}

/* ---- a decision ---- */

static enum err check_payee(struct account_close *r)
{
	const char *payee = r->payee ? r->payee : "";

	if (!r->channel)
		r->channel = CHANNEL_TRANSFER;
	if (r->channel != CHANNEL_CASH && r->channel != CHANNEL_TRANSFER)
		return fault_set(&r->act.fault, ERR_BAD_INPUT, "channel",
		                 "must be cash or transfer");
	if (r->channel == CHANNEL_TRANSFER && !payee[0])
		return fault_set(&r->act.fault, ERR_BAD_INPUT, "payee",
		                 "is missing: money is to be paid out");
	if (strlen(payee) >= sizeof((struct refund_row *)0)->payee)
		return fault_set(&r->act.fault, ERR_BAD_INPUT, "payee", "is too long");
	return ERR_NONE;
}

static enum err ask(struct tx *tx, struct account_close *r, int64_t left_fen, int64_t now_ms)
{
	struct place place;
	struct json_out body;
	char object[80];
	struct approval_ask ask = {.actor = &r->act.actor,
	                           .kind = &approval_kind_payout,
	                           .place = &place,
	                           .count = 1,
	                           .object = object};
	enum err err = place_of_object(tx->db, r->act.property_id, 0, &place);

	if (err)
		return err;
	snprintf(object, sizeof object, "account %lld: %lld fen", (long long)r->act.account_id,
	         (long long)left_fen);
	json_out_init(&body);
	out_object(&body, NULL);
	out_int(&body, "property", r->act.property_id);
	out_int(&body, "account", r->act.account_id);
	out_int(&body, "amount_fen", left_fen);
	out_text(&body, "channel", channel_word(r->channel));
	out_text(&body, "payee", r->payee ? r->payee : "");
	out_object_end(&body);
	ask.body = body.data;
	ask.body_len = body.len;
	err = body.failed ? ERR_NOMEM : approval_ask(tx, &ask, now_ms, &r->approval_id);
	json_out_free(&body);
	if (err == ERR_DUP)
		return fault_set(&r->act.fault, ERR_REFUSED, NULL,
		                 "it waits for a second person already");
	return err;
}

static enum err insert(struct tx *tx, struct account_close *r, int64_t left_fen, int64_t group_no,
                       int64_t now_ms)
{
	struct refund_row refund = {.property_id = r->act.property_id,
	                            .kind = REFUND_CLOSING,
	                            .state = REFUND_DECIDED,
	                            .account_id = r->act.account_id,
	                            .amount_fen = left_fen,
	                            .channel = r->channel,
	                            .by_user_id = r->act.actor.user_id,
	                            .decided_ms = now_ms,
	                            .group_no = group_no};
	enum err err;

	snprintf(refund.payee, sizeof refund.payee, "%s", r->payee ? r->payee : "");
	snprintf(refund.reason, sizeof refund.reason, "%s", r->act.actor.reason);
	snprintf(refund.by_name, sizeof refund.by_name, "%s", r->act.actor.who);
	err = refund_insert(tx->db, &refund);
	r->refund_id = refund.refund_id;
	return err;
}

enum err account_payout_decide(struct tx *tx, struct account_close *r, bool agreed, int64_t now_ms)
{
	struct vend_rules rules;
	int64_t left_fen, group_no;
	enum err err = account_payable(tx->db, r->act.property_id, r->act.account_id, &left_fen,
	                               &group_no);

	if (!err && left_fen <= 0)
		return fault_set(&r->act.fault, ERR_REFUSED, NULL, "nothing is to be paid out");
	if (!err)
		err = check_payee(r);
	if (!err)
		err = vend_rules_get(tx->db, r->act.property_id, &rules);
	if (err)
		return err;
	if (!agreed && !r->act.actor.local && left_fen > rules.value[VEND_REFUND_ALONE])
		return ask(tx, r, left_fen, now_ms);
	return insert(tx, r, left_fen, group_no, now_ms);
}

static enum err payout(struct tx *tx, struct account_close *r, bool agreed, int64_t now_ms,
                       struct effects *out)
{
	struct account_act *act = &r->act;
	struct property_row property;
	struct account_row before;
	char detail[96];
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_CLOSE, &property, now_ms);

	if (!err && act->row.state != ACCOUNT_CLOSED)
		err = fault_set(&act->fault, ERR_REFUSED, NULL, "the account is %s, not closed",
		                account_state_word(act->row.state));
	if (!err && !act->actor.reason[0])
		err = fault_set(&act->fault, ERR_BAD_INPUT, "reason", "is missing");
	if (err)
		return err;
	before = act->row;
	r->direction = ACCOUNT_REFUND;
	r->refund_id = r->approval_id = r->balance_fen = r->lapsed_fen = 0;
	err = account_payout_decide(tx, r, agreed, now_ms);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "refund %lld, approval %lld", (long long)r->refund_id,
	         (long long)r->approval_id);
	return account_store(tx, act, "account.payout", &before, detail, now_ms, out);
}

enum err account_payout_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return payout(tx, arg, false, now_ms, out);
}

/* ---- with a second person ---- */

static enum err run(struct tx *tx, const struct actor *requester, const struct approval_row *row,
                    char result[APPROVAL_RESULT_SIZE], int64_t now_ms, struct effects *out)
{
	struct account_close r = {.act = {.actor = *requester}};
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL);
	json_int_t property, account, amount;
	const char *channel;
	int64_t left_fen, group_no;
	enum err err = ERR_DAMAGED;

	if (json &&
	    json_unpack(json, "{s:I, s:I, s:I, s:s, s:s}", "property", &property, "account",
	                &account, "amount_fen", &amount, "channel", &channel, "payee",
	                &r.payee) == 0 &&
	    channel_parse(channel, &r.channel)) {
		r.act.property_id = property;
		r.act.account_id = account;
		err = account_get(tx->db, property, account, &r.act.row);
		r.act.version = r.act.row.version;
	}
	if (!err)
		err = account_payable(tx->db, property, account, &left_fen, &group_no);
	if (!err && left_fen != amount)
		err = ERR_REFUSED; /* some of it was paid out since */
	if (!err)
		err = payout(tx, &r, true, now_ms, out);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "refund %lld", (long long)r.refund_id);
	json_decref(json);
	return err;
}

const struct approval_kind approval_kind_payout = {
        .word = "account.payout",
        .zh = "销户退款",
        .en = "pay out what a closed account had left",
        .permission = PERMISSION_ACCOUNT_CLOSE,
        .run = run,
};
