#include "platform/core/second.h"

#include <stdio.h>

#include "platform/core/json_out.h"
#include "platform/core/staff.h"

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

enum err second_ask(struct tx *tx, const struct second *second, int64_t now_ms,
                    int64_t *approval_id, struct fault *fault)
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
	return err == ERR_DUP ? fault_set(fault, ERR_REFUSED, NULL,
	                                  "the same waits for a second person already")
	                      : err;
}

enum err second_wants_reason(const struct actor *actor, struct fault *fault)
{
	return actor->reason[0] ? ERR_NONE : fault_set(fault, ERR_BAD_INPUT, "reason", "is wanted");
}
