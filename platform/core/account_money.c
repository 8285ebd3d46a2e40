/* Postings of accounts, and the limits that hold for them. */
#include <string.h>

#include "platform/core/account.h"
#include "platform/store/ledger.h"

/* The day it belongs to, or today when that one is closed. */
static enum err posting_day(struct db *db, const struct property_row *property, int64_t *day,
                            int64_t now_s)
{
	struct ledger_state state;
	enum err err = ledger_state(db, property->property_id, &state);

	if (!err && *day <= state.closed_day)
		*day = property_day(property, now_s);
	return err;
}

enum err account_post(struct tx *tx, const struct property_row *property,
                      struct account_posting *posting, const char *who, int64_t now_ms)
{
	struct ledger_entry entries[2] = {
	        {.account = LEDGER_ACCOUNT,
	         .subject = posting->account_id,
	         .amount = posting->amount},
	        {.account = (enum ledger_account)posting->other,                         .subject = posting->subject},
	};
	struct ledger_group group = {.property_id = posting->property_id,
	                             .key = posting->key,
	                             .kind = posting->kind,
	                             .at_ms = now_ms,
	                             .day = posting->day,
	                             .refers = posting->refers,
	                             .who = who,
	                             .reason = posting->reason,
	                             .entries = entries,
	                             .count = 2};
	enum err err;

	posting->group_no = 0;
	if (money_cmp(posting->amount, money_fen(0)) == 0)
		return ERR_NONE;
	if (!money_sub(money_fen(0), posting->amount, &entries[1].amount))
		return ERR_OVERFLOW;
	err = posting_day(tx->db, property, &group.day, now_ms / 1000);
	if (!err)
		err = ledger_post(tx->db, &group);
	if (err == ERR_DUP)
		err = ERR_NONE;
	posting->group_no = group.group_no;
	return err;
}

int64_t account_fen(struct money amount)
{
	return amount.fen;
}

/* ---- limits ---- */

enum plan_value account_limit_value(enum account_limit limit)
{
	static const enum plan_value values[ACCOUNT_LIMITS] = {
	        [ACCOUNT_ALARM1] = PLAN_ALARM1,           [ACCOUNT_ALARM2] = PLAN_ALARM2,
	        [ACCOUNT_OVERDRAFT] = PLAN_OVERDRAFT,     [ACCOUNT_HOARDING] = PLAN_HOARDING,
	        [ACCOUNT_ALLOW_CLOSE] = PLAN_ALLOW_CLOSE,
	};

	return values[limit];
}

static const char *plan_of(const struct property_row *property, const struct account_row *row)
{
	if (row->plan_code[0])
		return row->plan_code;
	return property->plan_code[0] ? property->plan_code : PLAN_DEFAULT;
}

enum err account_limits(struct db *db, const struct property_row *property,
                        const struct account_row *row, struct account_limits *limits)
{
	enum err err = plan_effective(db, property->property_id, property->group_id,
	                              plan_of(property, row), &limits->plan);

	for (int i = 0; !err && i < ACCOUNT_LIMITS; i++) {
		limits->own[i] = row->set[i];
		if (row->set[i])
			limits->plan.value[account_limit_value((enum account_limit)i)] =
			        row->limit_fen[i];
	}
	return err;
}
