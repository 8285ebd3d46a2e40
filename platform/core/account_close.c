#include "platform/core/account_close.h"
#include "platform/core/allowance.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/account_bill.h"
#include "platform/core/allowance.h"
#include "platform/core/approval.h"
#include "platform/core/json_out.h"
#include "platform/core/message_out.h"
#include "platform/core/meter_price.h"
#include "platform/core/photo.h"
#include "platform/core/topup.h"
#include "platform/store/ledger.h"

const char *account_direction_word(enum account_direction direction)
{
	static const char *const words[] = {
	        [ACCOUNT_EVEN] = "none",
	        [ACCOUNT_REFUND] = "refund",
	        [ACCOUNT_OWES] = "pays",
	};

	return words[direction];
}

static enum err want_reason(struct account_act *act)
{
	if (act->actor.reason[0])
		return ERR_NONE;
	return fault_set(&act->fault, ERR_BAD_INPUT, "reason", "is missing");
}

/* ---- the end of a use ---- */

/* What was moved into the purse of a meter and not used there comes back to the account. */
static enum err empty_purse(struct tx *tx, struct account_act *act,
                            const struct property_row *property, const struct account_meter *use,
                            struct account_final *final, int64_t now_ms, struct effects *out)
{
	struct ledger_balance purse;
	int64_t credited_fen = 0;
	char key[LEDGER_KEY_SIZE];
	struct account_posting posting = {.property_id = use->property_id,
	                                  .account_id = use->account_id,
	                                  .key = key,
	                                  .kind = "purse",
	                                  .reason = act->actor.reason,
	                                  .other = LEDGER_METER,
	                                  .subject = use->meter,
	                                  .day = property_day(property, use->until_s)};
	enum err err = ledger_balance(tx->db, use->property_id, LEDGER_METER, use->meter, &purse);

	if (err || use->credit != CREDIT_METER)
		return err;
	posting.amount = purse.balance;
	snprintf(key, sizeof key, "purse:%lld:%lld", (long long)use->meter, (long long)use->from_s);
	err = account_post(tx, property, &posting, act->actor.who, now_ms);
	if (!err)
		err = topup_leave(tx, use->property_id, use->meter, &credited_fen, now_ms, out);
	final->purse_fen = account_fen(purse.balance) + credited_fen;
	return err;
}

/* The cursor may be ahead of the saved values: what is billed already was read, too. */
static enum err take_register(struct tx *tx, struct account_act *act,
                              const struct account_meter *use, struct account_final *final,
                              int64_t now_ms)
{
	struct account_register *reg = &final->reg;
	struct rating_row rating;
	enum err err = rating_get(tx->db, act->property_id, final->meter, &rating);

	if (err)
		return err;
	err = account_register_take(tx, act, final->meter, use->service, rating.billed_s, reg,
	                            now_ms);
	if (err != ERR_REFUSED || rating.fault != RATING_SOUND ||
	    rating.billed_s + account_fresh_s(use->service) < now_ms / 1000)
		return err;
	reg->units = rating.billed_units;
	reg->at_s = rating.billed_s;
	reg->source = REGISTER_AUTO;
	return ERR_NONE;
}

static enum err settle(struct tx *tx, struct account_act *act, struct account_final *final,
                       int64_t now_ms)
{
	struct rating_settle settle = {.property_id = act->property_id,
	                               .meter = final->meter,
	                               .at_s = final->reg.at_s,
	                               .units = final->reg.units,
	                               .accepted = final->accepted};
	enum err err = rating_settle(tx, &settle, now_ms);

	final->step = settle.step;
	if (err == ERR_REFUSED || err == ERR_BAD_INPUT)
		return fault_set(&act->fault, ERR_REFUSED, "register", "meter %lld: %s",
		                 (long long) final->meter, settle.fault.why);
	return err;
}

enum err account_unbind(struct tx *tx, struct account_act *act, const struct property_row *property,
                        struct account_final *final, int64_t now_ms, struct effects *out)
{
	struct account_meter use;
	enum err err =
	        account_meter_at(tx->db, act->property_id, final->meter, ACCOUNT_OPEN_S - 1, &use);

	if (err == ERR_NOT_FOUND || (!err && use.account_id != act->row.account_id))
		return fault_set(&act->fault, ERR_BAD_INPUT, "meters",
		                 "meter %lld is none of this account", (long long) final->meter);
	if (!err && final->reg.typed && (!final->reg.photo || !final->reg.photo[0]))
		return fault_set(&act->fault, ERR_BAD_INPUT, "photo",
		                 "is missing: meter %lld has a typed register",
		                 (long long) final->meter);
	if (!err)
		err = photo_named(tx, act, final->reg.photo);
	if (!err)
		err = take_register(tx, act, &use, final, now_ms);
	if (!err)
		err = settle(tx, act, final, now_ms);
	if (err)
		return err;
	final->service = use.service;
	final->credit = use.credit;
	use.until_s = final->reg.at_s;
	use.close_units = final->reg.units;
	use.close_source = final->reg.source;
	snprintf(use.close_photo, sizeof use.close_photo, "%s",
	         final->reg.photo ? final->reg.photo : "");
	err = account_meter_end(tx->db, &use);
	if (!err && use.credit == CREDIT_METER)
		err = price_look_soon(tx, use.property_id, use.meter, false, now_ms);
	return err ? err : empty_purse(tx, act, property, &use, final, now_ms, out);
}

/* ---- the meters of a closing ---- */

struct finals {
	struct account_final meter[ACCOUNT_METERS_MAX];
	size_t count;
	bool full;
};

static struct account_final *final_of(struct finals *finals, int64_t meter)
{
	for (size_t i = 0; i < finals->count; i++)
		if (finals->meter[i].meter == meter)
			return &finals->meter[i];
	return NULL;
}

static bool add_open(void *arg, const struct account_meter *use)
{
	struct finals *finals = arg;

	if (final_of(finals, use->meter))
		return true;
	finals->full = finals->count == ACCOUNT_METERS_MAX;
	if (!finals->full)
		finals->meter[finals->count++] = (struct account_final){.meter = use->meter};
	return !finals->full;
}

/* Those named; for a whole closing also those that are not. */
static enum err take_finals(struct tx *tx, struct account_act *act,
                            const struct account_final *meter, size_t count, bool part,
                            struct finals *finals)
{
	enum err err = ERR_NONE;

	finals->count = 0;
	finals->full = false;
	if (count > ACCOUNT_METERS_MAX || (part && !count))
		return fault_set(&act->fault, ERR_BAD_INPUT, "meters", "1 to %d of them",
		                 ACCOUNT_METERS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (final_of(finals, meter[i].meter))
			return fault_set(&act->fault, ERR_BAD_INPUT, "meters", "one stands twice");
		finals->meter[finals->count++] = meter[i];
	}
	if (!part)
		err = account_meters(tx->db, act->property_id, act->account_id, true, add_open,
		                     finals);
	if (!err && finals->full)
		return fault_set(&act->fault, ERR_REFUSED, "meters",
		                 "more than %d: take some of them away first", ACCOUNT_METERS_MAX);
	return err;
}

static enum err unbind_all(struct tx *tx, struct account_act *act,
                           const struct property_row *property, struct finals *finals,
                           int64_t now_ms, struct effects *out)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < finals->count; i++)
		err = account_unbind(tx, act, property, &finals->meter[i], now_ms, out);
	return err;
}

/* ---- what is left ---- */

static enum err move_to_payable(struct tx *tx, struct account_close *r,
                                const struct property_row *property, struct money balance,
                                int64_t now_ms)
{
	struct account_act *act = &r->act;
	char key[LEDGER_KEY_SIZE];
	struct account_posting posting = {.property_id = act->property_id,
	                                  .account_id = act->account_id,
	                                  .key = key,
	                                  .kind = "closing",
	                                  .reason = act->actor.reason,
	                                  .other = LEDGER_PAYABLE,
	                                  .subject = act->account_id,
	                                  .day = property_day(property, now_ms / 1000)};
	enum err err;

	snprintf(key, sizeof key, "closing:%lld", (long long)act->account_id);
	if (!money_sub(money_fen(0), balance, &posting.amount))
		return ERR_OVERFLOW;
	err = account_post(tx, property, &posting, act->actor.who, now_ms);
	return err ? err : account_payout_decide(tx, r, false, now_ms);
}

/* Direction, and the state that follows from it. */
static enum err finish(struct tx *tx, struct account_close *r, const struct property_row *property,
                       int64_t now_ms)
{
	struct account_act *act = &r->act;
	struct ledger_balance now;
	int sign;
	enum err err =
	        ledger_balance(tx->db, act->property_id, LEDGER_ACCOUNT, act->account_id, &now);

	if (err)
		return err;
	sign = money_cmp(now.balance, money_fen(0));
	r->refund_id = r->approval_id = 0;
	r->balance_fen = account_fen(now.balance);
	r->direction = sign > 0 ? ACCOUNT_REFUND : sign < 0 ? ACCOUNT_OWES : ACCOUNT_EVEN;
	if (sign > 0)
		err = move_to_payable(tx, r, property, now.balance, now_ms);
	act->row.state = sign < 0 ? ACCOUNT_CLOSING : ACCOUNT_CLOSED;
	if (sign >= 0)
		act->row.closed_s = now_ms / 1000;
	return err;
}

static enum err lapse(struct tx *tx, struct account_close *r, const struct property_row *property,
                      int64_t now_ms)
{
	struct money lapsed;
	enum err err = allowance_lapse_all(tx, property->property_id, r->act.row.account_id,
	                                   r->act.actor.who, now_ms, &lapsed);

	r->lapsed_fen = account_fen(lapsed);
	return err;
}

/* All that ends with an account, but for its row. */
static enum err close_whole(struct tx *tx, struct account_close *r,
                            const struct property_row *property, struct finals *finals,
                            int64_t now_ms, struct effects *out)
{
	enum err err = want_reason(&r->act);

	if (!err)
		err = take_finals(tx, &r->act, r->meter, r->count, false, finals);
	if (!err)
		err = unbind_all(tx, &r->act, property, finals, now_ms, out);
	if (!err)
		err = account_fees(tx, property, &r->act.row, now_ms);
	if (!err)
		err = lapse(tx, r, property, now_ms);
	return err ? err : finish(tx, r, property, now_ms);
}

static enum err begin(struct tx *tx, struct account_act *act, struct property_row *property,
                      int64_t now_ms)
{
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_CLOSE, property, now_ms);

	if (!err && act->row.state != ACCOUNT_OPEN && act->row.state != ACCOUNT_SUSPENDED)
		err = fault_set(&act->fault, ERR_REFUSED, NULL, "the account is %s, not open",
		                account_state_word(act->row.state));
	return err;
}

/* To the tenant: once, when his meters have ended. */
static enum err write_settlement(struct tx *tx, const struct account_close *r, int64_t now_ms)
{
	char episode[48];
	struct message_out message = {.property_id = r->act.property_id,
	                              .account_id = r->act.account_id,
	                              .kind = "closing",
	                              .episode = episode,
	                              .cause = "closing"};
	enum err err = message_put_time(tx, &message, "time", now_ms / 1000);

	snprintf(episode, sizeof episode, "closing:%lld", (long long)r->act.account_id);
	message_put_money(&message, "amount", money_fen(r->balance_fen));
	return err ? err : message_write(tx, &message, now_ms);
}

static enum err store_closed(struct tx *tx, struct account_close *r,
                             const struct account_row *before, const char *action, int64_t now_ms,
                             struct effects *out)
{
	char detail[96];

	enum err err = write_settlement(tx, r, now_ms);

	if (err)
		return err;
	snprintf(detail, sizeof detail, "%s %lld fen", account_direction_word(r->direction),
	         (long long)r->balance_fen);
	return account_store(tx, &r->act, action, before, detail, now_ms, out);
}

/* ---- closing ---- */

static enum err close_part(struct tx *tx, struct account_close *r,
                           const struct property_row *property, struct finals *finals,
                           int64_t now_ms, struct effects *out)
{
	struct account_row before = r->act.row;
	char detail[64];
	enum err err = want_reason(&r->act);

	if (!err)
		err = take_finals(tx, &r->act, r->meter, r->count, true, finals);
	if (!err)
		err = unbind_all(tx, &r->act, property, finals, now_ms, out);
	snprintf(detail, sizeof detail, "%zu meters", r->count);
	return err ? err
	           : account_store(tx, &r->act, "account.remove", &before, detail, now_ms, out);
}

enum err account_close_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_close *r = arg;
	struct property_row property;
	struct account_row before;
	struct finals *finals;
	enum err err = begin(tx, &r->act, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	finals = malloc(sizeof *finals);
	if (!finals)
		return ERR_NOMEM;
	if (r->part)
		err = close_part(tx, r, &property, finals, now_ms, out);
	else
		err = close_whole(tx, r, &property, finals, now_ms, out);
	free(finals);
	return err || r->part ? err : store_closed(tx, r, &before, "account.close", now_ms, out);
}

static enum err begin_closing(struct tx *tx, struct account_act *act, struct property_row *property,
                              int64_t now_ms)
{
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_CLOSE, property, now_ms);

	if (!err && act->row.state != ACCOUNT_CLOSING)
		err = fault_set(&act->fault, ERR_REFUSED, NULL, "the account is %s, not closing",
		                account_state_word(act->row.state));
	return err ? err : want_reason(act);
}

enum err account_finish_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_close *r = arg;
	struct property_row property;
	struct account_row before;
	enum err err = begin_closing(tx, &r->act, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	err = finish(tx, r, &property, now_ms);
	if (!err && r->direction == ACCOUNT_OWES)
		return fault_set(&r->act.fault, ERR_REFUSED, NULL, "%lld fen are still owed",
		                 (long long)-r->balance_fen);
	return err ? err : store_closed(tx, r, &before, "account.close", now_ms, out);
}

/* ---- giving up what is owed ---- */

static enum err writeoff_ask(struct tx *tx, struct account_writeoff *r, int64_t now_ms)
{
	struct place place;
	struct json_out body;
	char object[64];
	struct approval_ask ask = {.actor = &r->act.actor,
	                           .kind = &approval_kind_writeoff,
	                           .place = &place,
	                           .count = 1,
	                           .object = object};
	enum err err = place_of_object(tx->db, r->act.property_id, 0, &place);

	if (err)
		return err;
	snprintf(object, sizeof object, "account %lld: %lld fen", (long long)r->act.account_id,
	         (long long)r->owed_fen);
	json_out_init(&body);
	out_object(&body, NULL);
	out_int(&body, "property", r->act.property_id);
	out_int(&body, "account", r->act.account_id);
	out_int(&body, "version", r->act.row.version);
	out_int(&body, "owed_fen", r->owed_fen);
	out_object_end(&body);
	ask.body = body.data;
	ask.body_len = body.len;
	err = body.failed ? ERR_NOMEM : approval_ask(tx, &ask, now_ms, &r->approval_id);
	json_out_free(&body);
	return err;
}

enum err account_writeoff_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_writeoff *r = arg;
	struct account_act *act = &r->act;
	struct property_row property;
	struct account_row before;
	struct ledger_balance now;
	char key[LEDGER_KEY_SIZE], detail[64];
	struct account_posting posting = {.property_id = act->property_id,
	                                  .account_id = act->account_id,
	                                  .key = key,
	                                  .kind = "writeoff",
	                                  .reason = act->actor.reason,
	                                  .other = LEDGER_ADJUST};
	enum err err = begin_closing(tx, act, &property, now_ms);

	if (!err)
		err = ledger_balance(tx->db, act->property_id, LEDGER_ACCOUNT, act->account_id,
		                     &now);
	if (err)
		return err;
	if (r->owed_fen <= 0 || money_cmp(now.balance, money_fen(-r->owed_fen)) != 0)
		return fault_set(&act->fault, ERR_REFUSED, "owed_fen", "another sum is owed: %lld",
		                 (long long)-account_fen(now.balance));
	if (!r->agreed)
		return writeoff_ask(tx, r, now_ms);
	before = act->row;
	snprintf(key, sizeof key, "writeoff:%lld", (long long)act->account_id);
	posting.amount = money_fen(r->owed_fen);
	posting.day = property_day(&property, now_ms / 1000);
	act->row.state = ACCOUNT_CLOSED;
	act->row.closed_s = now_ms / 1000;
	err = account_post(tx, &property, &posting, act->actor.who, now_ms);
	snprintf(detail, sizeof detail, "%lld fen", (long long)r->owed_fen);
	return err ? err : account_store(tx, act, "account.writeoff", &before, detail, now_ms, out);
}

static bool writeoff_parse(const struct approval_row *row, struct account_writeoff *r)
{
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL);
	json_int_t property, account, version, owed;
	bool read =
	        json && json_unpack(json, "{s:I, s:I, s:I, s:I}", "property", &property, "account",
	                            &account, "version", &version, "owed_fen", &owed) == 0;

	if (read) {
		r->act.property_id = property;
		r->act.account_id = account;
		r->act.version = version;
		r->owed_fen = owed;
	}
	json_decref(json);
	return read;
}

static enum err writeoff_run(struct tx *tx, const struct actor *requester,
                             const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                             int64_t now_ms, struct effects *out)
{
	struct account_writeoff act = {.act = {.actor = *requester}, .agreed = true};
	enum err err;

	if (!writeoff_parse(row, &act))
		return ERR_DAMAGED;
	err = account_writeoff_step(tx, &act, now_ms, out);
	if (!err)
		snprintf(result, APPROVAL_RESULT_SIZE, "account %s", act.act.row.code);
	return err;
}

const struct approval_kind approval_kind_writeoff = {
        .word = "account.writeoff",
        .zh = "核销欠费",
        .en = "write off what a closed account owes",
        .permission = PERMISSION_ACCOUNT_CLOSE,
        .run = writeoff_run,
};

/* ---- another customer ---- */

static enum err new_account(struct tx *tx, struct account_change *r, struct account_act *act,
                            int64_t now_ms, struct effects *out)
{
	struct account_edit draft = {
	        .act = {.actor = r->act.actor, .property_id = r->act.property_id},
	        .customer_id = r->customer_id,
	        .code = r->code,
	        .plan_code = r->act.row.plan_code,
	        .has_terms = true
        };
	enum err err = account_terms_at(tx->db, r->act.property_id, r->act.account_id,
	                                now_ms / 1000, &draft.terms);

	if (!err)
		err = account_edit_step(tx, &draft, now_ms, out);
	if (err && draft.act.fault.field)
		r->act.fault = draft.act.fault;
	*act = draft.act;
	return err;
}

static enum err open_new(struct tx *tx, struct account_change *r, struct account_act *act,
                         const struct finals *finals, int64_t now_ms, struct effects *out)
{
	struct account_binding meter[ACCOUNT_METERS_MAX];
	struct account_open open = {.act = *act, .meter = meter, .count = finals->count};
	enum err err = ERR_NONE;

	open.act.account_id = act->row.account_id;
	open.act.version = act->row.version;
	for (size_t i = 0; !err && i < finals->count; i++) {
		const struct account_final *final = &finals->meter[i];

		/* One register ends the old use and begins the new one: so does its photo. */
		if (final->reg.photo)
			err = photo_share(tx->db, r->act.property_id, r->act.account_id,
			                  final->reg.photo, act->row.account_id);
		meter[i] = (struct account_binding){.meter = final->meter,
		                                    .service = final->service,
		                                    .credit = final->credit,
		                                    .reg = final->reg};
	}
	if (!err)
		err = account_open_step(tx, &open, now_ms, out);
	if (err && open.act.fault.field)
		r->act.fault = open.act.fault;
	r->opened = open.act.row;
	return err;
}

enum err account_change_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_change *r = arg;
	struct account_close *closed = &r->closed;
	struct property_row property;
	struct account_row before;
	struct account_act act;
	struct finals *finals;
	enum err err = begin(tx, &r->act, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	*closed = (struct account_close){.act = r->act,
	                                 .count = r->count,
	                                 .meter = r->meter,
	                                 .channel = r->channel,
	                                 .payee = r->payee};
	finals = malloc(sizeof *finals);
	if (!finals)
		return ERR_NOMEM;
	err = new_account(tx, r, &act, now_ms, out);
	if (!err) {
		err = close_whole(tx, closed, &property, finals, now_ms, out);
		if (!err)
			err = store_closed(tx, closed, &before, "account.close", now_ms, out);
		r->act.fault = closed->act.fault;
	}
	if (!err && !finals->count)
		err = fault_set(&r->act.fault, ERR_REFUSED, "meters", "the account has none");
	if (!err)
		err = open_new(tx, r, &act, finals, now_ms, out);
	free(finals);
	r->act.row = closed->act.row;
	return err;
}
