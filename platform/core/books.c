#include "platform/core/books.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/customer.h"
#include "platform/core/message_out.h"
#include "platform/core/plan.h"
#include "platform/core/rating.h"
#include "platform/core/supply.h"
#include "platform/store/topup.h"

/* ---- accounts ---- */

enum err books_shows(struct db *db, const struct access *access, enum permission permission,
                     int64_t property_id, int64_t account_id, int64_t now_s, bool *shows)
{
	struct customer_places places;
	struct account_row account;
	struct place place;
	enum err err;

	*shows = false;
	if (!account_id) {
		err = place_of_object(db, property_id, 0, &place);
		*shows = !err && access_allows(access, permission, &place, now_s);
		return err;
	}
	err = account_get(db, property_id, account_id, &account);
	if (!err)
		err = customer_places(db, property_id, account.customer_id, now_s, &places);
	if (!err)
		*shows = customer_allows(access, permission, &places, now_s);
	return err;
}

static enum err require(struct tx *tx, const struct actor *actor, enum permission permission,
                        const struct account_row *row, int64_t now_ms)
{
	struct customer_places places;
	struct access access;
	enum err err;

	if (actor->local)
		return ERR_NONE;
	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	err = customer_places(tx->db, row->property_id, row->customer_id, now_ms / 1000, &places);
	if (err || customer_allows(&access, permission, &places, now_ms / 1000))
		return err;
	return customer_allows(&access, PERMISSION_ACCOUNT_READ, &places, now_ms / 1000)
	               ? ERR_FORBIDDEN
	               : ERR_HIDDEN;
}

enum err books_account(struct tx *tx, const struct actor *actor, enum permission permission,
                       int64_t property_id, int64_t account_id, const char *field,
                       struct fault *fault, struct account_row *row, int64_t now_ms)
{
	enum err err = account_get(tx->db, property_id, account_id, row);

	if (!err)
		err = require(tx, actor, permission, row, now_ms);
	if (field && (err == ERR_NOT_FOUND || err == ERR_HIDDEN))
		return fault_set(fault, ERR_BAD_INPUT, field, "no such account");
	return err;
}

enum err books_place(struct db *db, const struct account_row *account, int64_t now_ms,
                     struct place *place)
{
	struct customer_places places;
	enum err err = customer_places(db, account->property_id, account->customer_id,
	                               now_ms / 1000, &places);

	if (!err)
		*place = places.place[0];
	return err;
}

enum err books_limits(struct db *db, const struct account_row *account,
                      struct balance_limits *limits)
{
	static const enum plan_value of_plan[ACCOUNT_LIMITS] = {
	        [ACCOUNT_ALARM1] = PLAN_ALARM1,           [ACCOUNT_ALARM2] = PLAN_ALARM2,
	        [ACCOUNT_OVERDRAFT] = PLAN_OVERDRAFT,     [ACCOUNT_HOARDING] = PLAN_HOARDING,
	        [ACCOUNT_ALLOW_CLOSE] = PLAN_ALLOW_CLOSE,
	};

	int64_t value[ACCOUNT_LIMITS];
	struct property_row property;
	struct plan_effective plan;
	enum err err = property_get(db, account->property_id, &property);
	const char *code = account->plan_code[0]   ? account->plan_code
	                   : property.plan_code[0] ? property.plan_code
	                                           : PLAN_DEFAULT;

	if (!err)
		err = plan_effective(db, account->property_id, property.group_id, code, &plan);
	if (err)
		return err;
	for (unsigned i = 0; i < ACCOUNT_LIMITS; i++)
		value[i] = account->set[i] ? account->limit_fen[i] : plan.value[of_plan[i]];
	*limits = (struct balance_limits){
	        .alarm1 = money_fen(value[ACCOUNT_ALARM1]),
	        .alarm2 = money_fen(value[ACCOUNT_ALARM2]),
	        .overdraft = money_fen(value[ACCOUNT_OVERDRAFT]),
	        .hoarding = money_fen(value[ACCOUNT_HOARDING]),
	        .close = money_fen(value[ACCOUNT_ALLOW_CLOSE]),
	        .alarm2_trips = plan.value[PLAN_ALARM2_TRIPS] != 0,
	        .grace_s = plan.value[PLAN_CUT_NOTICE],
	};
	return ERR_NONE;
}

/* ---- money ---- */

int64_t books_fen(struct money money)
{
	return money.fen;
}

enum err books_balance_fen(struct db *db, int64_t property_id, enum ledger_account account,
                           int64_t subject, int64_t *fen)
{
	struct ledger_balance balance;
	enum err err = ledger_balance(db, property_id, account, subject, &balance);

	*fen = err ? 0 : books_fen(balance.balance);
	return err;
}

struct cash {
	struct money sum, owed; /* owed: at the opening, below 0 */
	bool overflow;
};

/* Kinds of groups whose money came from, or went to, the tenant himself. */
static bool take_cash(void *arg, const struct ledger_line *line)
{
	static const char *const kinds[] = {"sale", "reversal", "refund", "opening"};
	struct cash *cash = arg;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(line->kind, kinds[i]) == 0)
			cash->overflow |= !money_add(cash->sum, line->amount, &cash->sum);
	if (strcmp(line->kind, "opening") == 0 && money_cmp(line->amount, money_fen(0)) < 0)
		cash->overflow |= !money_add(cash->owed, line->amount, &cash->owed);
	return !cash->overflow;
}

static struct money least(struct money a, struct money b)
{
	return money_cmp(a, b) < 0 ? a : b;
}

static struct money not_below_0(struct money money)
{
	return money_cmp(money, money_fen(0)) < 0 ? money_fen(0) : money;
}

enum err books_money(struct db *db, int64_t property_id, int64_t account_id, bool whole,
                     int64_t now_ms, struct books_money *money)
{
	struct account_money now;
	struct cash cash = {.sum = {0}};
	int64_t pending_fen;
	enum err err = account_money(db, property_id, account_id, now_ms, &now);

	*money = (struct books_money){.balance = now.available};
	if (err)
		return err;
	if (!whole)
		return ERR_NONE;
	err = topup_pending(db, property_id, account_id, &pending_fen);
	if (err)
		return err;
	if (!money_sub(now.available, now.allowance, &money->own) ||
	    !money_sub(money->own, money_fen(pending_fen), &money->own))
		return ERR_OVERFLOW;
	err = ledger_lines(db, property_id, LEDGER_ACCOUNT, account_id, 0, take_cash, &cash);
	if (err)
		return err;
	if (cash.overflow || !money_sub(cash.sum, cash.owed, &money->paid))
		return ERR_OVERFLOW;
	money->cash = not_below_0(cash.sum);
	money->refundable = not_below_0(least(money->own, money->cash));
	return ERR_NONE;
}

enum err books_moved(struct tx *tx, int64_t property_id, int64_t account_id, bool came_in,
                     int64_t now_ms, struct effects *out)
{
	return supply_consider(tx, property_id, account_id, came_in, now_ms, out);
}

enum err books_tell(struct tx *tx, const char *kind, int64_t property_id, int64_t account_id,
                    int64_t order_id, int64_t fen, int64_t now_ms)
{
	char number[ORDER_NUMBER_SIZE] = "", episode[64], cause[48];
	struct message_out message = {.property_id = property_id,
	                              .account_id = account_id,
	                              .kind = kind,
	                              .episode = episode,
	                              .cause = cause};
	struct account_money money;
	struct supply_account supply;
	enum err err = account_money(tx->db, property_id, account_id, now_ms, &money);

	if (!err)
		err = supply_account_get(tx->db, property_id, account_id, &supply);
	if (err)
		return err;
	message.stays_cut = supply.memory.state == BALANCE_CUT;
	if (order_id)
		order_number(order_id, number);
	snprintf(episode, sizeof episode, "%s:%lld:%lld", kind, (long long)order_id,
	         (long long)now_ms);
	snprintf(cause, sizeof cause, "order %lld", (long long)order_id);
	message_put_money(&message, "amount", money_fen(fen));
	message_put_money(&message, "balance", money.usable);
	message_put_text(&message, "order", number);
	err = message_put_time(tx, &message, "time", now_ms / 1000);
	return err ? err : message_write(tx, &message, now_ms);
}

/* ---- posting ---- */

void books_add(struct books_post *post, enum ledger_account account, int64_t subject, int64_t fen)
{
	if (fen)
		post->entry[post->count++] =
		        (struct ledger_entry){account, subject, money_fen(fen)};
}

void books_add_channel(struct books_post *post, enum pay_channel channel, int64_t shift_id,
                       int64_t fen)
{
	if (channel == CHANNEL_CASH)
		books_add(post, LEDGER_TILL, shift_id, -fen);
	else
		books_add(post, LEDGER_CHANNEL, channel, -fen);
}

enum err books_post(struct tx *tx, struct books_post *post, struct fault *fault, int64_t now_ms)
{
	struct ledger_group group = {.property_id = post->property_id,
	                             .key = post->key,
	                             .kind = post->kind,
	                             .at_ms = now_ms,
	                             .refers = post->refers,
	                             .who = post->who,
	                             .reason = post->reason,
	                             .receipt = post->receipt,
	                             .entries = post->entry,
	                             .count = post->count};
	struct property_row property;
	enum err err = property_get(tx->db, post->property_id, &property);

	if (err)
		return err;
	group.day = property_day(&property, now_ms / 1000);
	err = ledger_post(tx->db, &group);
	post->group_no = group.group_no;
	post->receipt_no = group.receipt_no;
	if (err == ERR_REFUSED)
		return fault_set(fault, err, NULL, "the books of today are closed");
	return err == ERR_DUP ? ERR_INTERNAL : err;
}

enum err books_shift(struct tx *tx, const struct actor *actor, int64_t property_id,
                     struct fault *fault, int64_t *shift_id)
{
	struct shift_row shift;
	enum err err = shift_open_of(tx->db, property_id, actor->user_id, actor->who, &shift);

	if (err == ERR_NOT_FOUND)
		return fault_set(fault, ERR_REFUSED, "channel",
		                 "cash needs a shift: open yours first");
	*shift_id = shift.shift_id;
	return err;
}

enum err books_audit(struct tx *tx, const struct actor *actor, int64_t property_id,
                     const char *action, const char *what, int64_t id, int64_t fen,
                     const char *detail, int64_t now_ms)
{
	char object[64], text[256], amount[MONEY_TEXT_SIZE];

	snprintf(object, sizeof object, "%s %lld", what, (long long)id);
	money_format(money_fen(fen), amount, sizeof amount);
	snprintf(text, sizeof text, "%s yuan%s%s", amount, detail[0] ? ", " : "", detail);
	return audit_note(tx, actor, property_id, action, object, text, now_ms);
}
