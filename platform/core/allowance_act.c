/* Allowances as people give, end and clear them: one account at a time. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/account.h"
#include "platform/core/allowance.h"
#include "platform/core/supply.h"
#include "platform/store/info.h"

#define AMOUNT_MAX INT64_C(1000000000) /* fen, Wh or litres of one time */
#define SOURCE_MAX 32

enum err allowance_check(const struct allowance_terms *terms, struct fault *fault)
{
	enum err err = fault_text(fault, "source", terms->source, TEXT_LINE, 1, SOURCE_MAX);

	if (err)
		return err;
	if (terms->amount < 1 || terms->amount > AMOUNT_MAX)
		return fault_set(fault, ERR_BAD_INPUT, "amount", "must be 1 to %" PRId64,
		                 AMOUNT_MAX);
	if (terms->cap < 0 || terms->cap > AMOUNT_MAX || (terms->cap && terms->cap < terms->amount))
		return fault_set(fault, ERR_BAD_INPUT, "cap", "must be 0, or not below the amount");
	if (terms->until_s <= terms->from_s || terms->from_s <= 0)
		return fault_set(fault, ERR_BAD_INPUT, "until", "must be later than its beginning");
	return ERR_NONE;
}

/* The account, allowed at all of its places, with a reason. */
static enum err act_begin(struct tx *tx, const struct actor *actor, int64_t property_id,
                          int64_t account_id, struct fault *fault, struct account_row *account,
                          struct property_row *property, int64_t now_ms)
{
	enum err err = account_get(tx->db, property_id, account_id, account);

	*fault = (struct fault){0};
	if (!err)
		err = account_require(tx, actor, PERMISSION_ALLOWANCE_WRITE, account, now_ms);
	if (!err)
		err = property_open(tx, property_id, property, fault);
	if (!err && !actor->reason[0])
		err = fault_set(fault, ERR_BAD_INPUT, "reason", "say why");
	return err;
}

static int32_t offset_of(const struct property_row *property)
{
	return (int32_t)(property->utc_offset_min * 60);
}

/* "money, 3000 fen a monthly period, school" */
static enum err note(struct tx *tx, const struct actor *actor, const struct account_row *account,
                     const char *action, const char *detail, int64_t now_ms)
{
	char object[64];

	snprintf(object, sizeof object, "account %" PRId64, account->account_id);
	return audit_note(tx, actor, account->property_id, action, object, detail, now_ms);
}

/* ---- giving ---- */

static enum err room_for_one(struct tx *tx, struct allowance_give *r,
                             const struct account_row *account)
{
	struct allowances all;
	enum err err;

	if (account->state == ACCOUNT_CLOSED || account->state == ACCOUNT_CLOSING)
		return fault_set(&r->fault, ERR_REFUSED, "account", "the account is closed");
	err = allowances_read(tx->db, r->property_id, r->account_id, &all);
	if (!err && all.count == ALLOWANCES_MAX)
		return fault_set(&r->fault, ERR_REFUSED, "account", "has %d allowances already",
		                 ALLOWANCES_MAX);
	return err;
}

static void fill(const struct allowance_give *r, struct allowance_row *row, int64_t now_ms)
{
	*row = (struct allowance_row){.property_id = r->property_id,
	                              .account_id = r->account_id,
	                              .kind = r->terms.kind,
	                              .service = r->terms.service,
	                              .period = r->terms.period,
	                              .amount = r->terms.amount,
	                              .cap = r->terms.cap,
	                              .from_s = r->terms.from_s,
	                              .until_s = r->terms.until_s,
	                              .period_no = ALLOWANCE_NONE_YET,
	                              .created_s = now_ms / 1000,
	                              .version = 1};
	snprintf(row->source, sizeof row->source, "%s", r->terms.source);
	snprintf(row->by_name, sizeof row->by_name, "%s", r->actor.who);
}

enum err allowance_give_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct allowance_give *r = arg;
	struct account_row account;
	struct property_row property;
	char detail[224];
	enum err err = act_begin(tx, &r->actor, r->property_id, r->account_id, &r->fault, &account,
	                         &property, now_ms);

	if (!err)
		err = allowance_check(&r->terms, &r->fault);
	if (!err)
		err = room_for_one(tx, r, &account);
	fill(r, &r->row, now_ms);
	if (!err)
		err = sequence_next(tx->db, "allowance", &r->row.allowance_id);
	if (!err)
		err = allowance_begin(tx, &r->row, offset_of(&property), now_ms);
	if (!err)
		err = allowance_insert(tx->db, &r->row);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "allowance %" PRId64 ": %s, %s %" PRId64 ", %s",
	         r->row.allowance_id, r->row.source, allowance_kind_word(r->row.kind),
	         r->row.amount, allowance_period_word(r->row.period));
	err = note(tx, &r->actor, &account, "allowance.give", detail, now_ms);
	return err ? err
	           : supply_consider(tx, r->property_id, r->account_id, r->row.left > 0, now_ms,
	                             out);
}

/* ---- ending ---- */

struct ending {
	const char *source; /* NULL: any */
	const char *who;
	size_t ended;
	struct money lapsed;
};

static enum err end_all(struct tx *tx, const struct property_row *property, int64_t account_id,
                        struct ending *ending, int64_t now_ms)
{
	struct allowances all;
	enum err err = allowances_read(tx->db, property->property_id, account_id, &all);

	for (size_t i = 0; !err && i < all.count; i++) {
		struct allowance_row *row = &all.row[i];

		if (ending->source && strcmp(row->source, ending->source) != 0)
			continue;
		if (row->kind == GRANT_MONEY &&
		    !money_add(ending->lapsed, money_fen(row->left), &ending->lapsed))
			return ERR_OVERFLOW;
		err = allowance_finish(tx, row, ending->who, now_ms / 1000, offset_of(property),
		                       now_ms);
		if (!err)
			err = allowance_update(tx->db, row);
		ending->ended++;
	}
	return err;
}

enum err allowance_lapse_all(struct tx *tx, int64_t property_id, int64_t account_id,
                             const char *who, int64_t now_ms, struct money *lapsed)
{
	struct ending ending = {.who = who, .lapsed = money_fen(0)};
	struct property_row property;
	enum err err = property_get(tx->db, property_id, &property);

	if (!err)
		err = end_all(tx, &property, account_id, &ending, now_ms);
	*lapsed = ending.lapsed;
	return err;
}

enum err allowance_clear_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct allowance_clear *r = arg;
	struct ending ending = {.source = r->source, .who = r->actor.who, .lapsed = money_fen(0)};
	struct account_row account;
	struct property_row property;
	char detail[224];
	enum err err = act_begin(tx, &r->actor, r->property_id, r->account_id, &r->fault, &account,
	                         &property, now_ms);

	if (!err)
		err = end_all(tx, &property, r->account_id, &ending, now_ms);
	r->cleared = ending.ended;
	if (err || !r->cleared)
		return err;
	snprintf(detail, sizeof detail, "%zu of %s", r->cleared, r->source ? r->source : "any");
	err = note(tx, &r->actor, &account, "allowance.clear", detail, now_ms);
	return err ? err : supply_consider(tx, r->property_id, r->account_id, false, now_ms, out);
}

enum err allowance_end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct allowance_end *r = arg;
	struct account_row account;
	struct property_row property;
	char detail[224];
	enum err err = allowance_get(tx->db, r->property_id, r->allowance_id, &r->row);

	r->fault = (struct fault){0};
	if (!err)
		err = act_begin(tx, &r->actor, r->property_id, r->row.account_id, &r->fault,
		                &account, &property, now_ms);
	if (err)
		return err;
	if (r->row.version != r->version)
		return ERR_CONFLICT;
	if (r->row.ended_s)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the allowance is over");
	err = allowance_finish(tx, &r->row, r->actor.who, now_ms / 1000, offset_of(&property),
	                       now_ms);
	if (!err)
		err = allowance_update(tx->db, &r->row);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "allowance %" PRId64 ": %s", r->allowance_id,
	         r->row.source);
	err = note(tx, &r->actor, &account, "allowance.end", detail, now_ms);
	return err ? err
	           : supply_consider(tx, r->property_id, r->row.account_id, false, now_ms, out);
}
