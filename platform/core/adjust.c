#include "platform/core/adjust.h"

#include <jansson.h>
#include <stdio.h>

#include "platform/core/second.h"
#include "platform/store/info.h"
#include "platform/store/vend.h"

static enum err adjust_check(struct adjustment *r, const struct account_row *account)
{
	enum err err = second_wants_reason(&r->actor, &r->fault);

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
		err = second_ask(tx,
		                 &(struct second){.actor = &r->actor,
		                                  .kind = &approval_kind_adjust,
		                                  .account = &account,
		                                  .amount_fen = r->amount_fen,
		                                  .refers = r->refers,
		                                  .alone_fen = rules.value[VEND_ADJUST_ALONE],
		                                  .approved = r->approved},
		                 now_ms, &r->approval_id, &r->fault);
	if (err || r->approval_id)
		return err;
	return adjust(tx, r, now_ms, out);
}

static int64_t number_of(json_t *body, const char *name)
{
	return json_integer_value(json_object_get(body, name));
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

const struct approval_kind approval_kind_adjust = {.word = "adjust",
                                                   .zh = "调账",
                                                   .en = "adjust a balance",
                                                   .permission = PERMISSION_LEDGER_WRITE,
                                                   .run = run_adjust};
