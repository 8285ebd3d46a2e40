#include "platform/core/allowance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/organisation.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"

#define AMOUNT_MAX INT64_C(1000000000) /* fen, Wh or litres of one time */
#define SOURCE_MAX 32

/* ---- money in the books ---- */

/* Given: `fen` above 0; lapsed: below. `what` and `number` make the key. */
static enum err post(struct tx *tx, const struct allowance_row *row, const char *what,
                     int64_t number, int64_t fen, const char *who, int64_t at_s,
                     int32_t utc_offset_s, int64_t now_ms)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_GRANT,      row->account_id, money_fen(fen) },
	        {LEDGER_GRANT_COST, 0,               money_fen(-fen)}
        };
	struct ledger_group group = {.property_id = row->property_id,
	                             .kind = "grant",
	                             .at_ms = now_ms,
	                             .day = days_from_unix(at_s + utc_offset_s),
	                             .who = who,
	                             .reason = row->source,
	                             .entries = entries,
	                             .count = 2};
	struct ledger_state state;
	char key[LEDGER_KEY_SIZE];
	enum err err;

	if (row->kind != GRANT_MONEY || fen == 0)
		return ERR_NONE;
	snprintf(key, sizeof key, "allowance:%" PRId64 ":%s:%" PRId64, row->allowance_id, what,
	         number);
	group.key = key;
	err = ledger_state(tx->db, row->property_id, &state);
	if (err)
		return err;
	if (group.day <= state.closed_day)
		group.day = state.closed_day + 1;
	err = ledger_post(tx->db, &group);
	return err == ERR_DUP ? ERR_NONE : err;
}

/* ---- periods ---- */

static int64_t period_of(const struct allowance_row *row, int64_t at_s, int32_t utc_offset_s)
{
	struct civil date;
	int64_t day = days_from_unix(at_s + utc_offset_s);

	if (row->period == ALLOWANCE_ONCE)
		return 0;
	if (row->period == ALLOWANCE_DAILY)
		return day;
	date_from_days(day, &date);
	return date.year * INT64_C(12) + date.month - 1;
}

static enum err refill_one(struct tx *tx, struct allowance_row *row, int64_t at_s,
                           int32_t utc_offset_s, int64_t now_ms)
{
	int64_t number = period_of(row, at_s, utc_offset_s), times, left, given;
	enum err err;

	if (at_s < row->from_s || at_s >= row->until_s ||
	    (row->period_no != ALLOWANCE_NONE_YET && number <= row->period_no))
		return ERR_NONE;
	times = row->period_no == ALLOWANCE_NONE_YET ? 1 : number - row->period_no;
	left = grant_stack(row->left, row->amount, row->cap, times);
	given = row->amount * times;
	err = post(tx, row, "given", number, given, "rating", at_s, utc_offset_s, now_ms);
	if (!err)
		err = post(tx, row, "cut", number, left - row->left - given, "rating", at_s,
		           utc_offset_s, now_ms);
	if (err)
		return err;
	row->given += given;
	row->lapsed += row->left + given - left;
	row->left = left;
	row->period_no = number;
	return ERR_NONE;
}

/* What is left lapses, and the allowance ends. */
static enum err end_one(struct tx *tx, struct allowance_row *row, const char *who, int64_t at_s,
                        int32_t utc_offset_s, int64_t now_ms)
{
	enum err err = post(tx, row, "lapsed", 0, -row->left, who, at_s, utc_offset_s, now_ms);

	row->lapsed += row->left;
	row->left = 0;
	row->ended_s = at_s;
	return err;
}

/* ---- for rating ---- */

static bool on_allowance(void *arg, const struct allowance_row *row)
{
	struct allowances *all = arg;

	if (all->count == ALLOWANCES_MAX)
		return false;
	all->row[all->count++] = *row;
	return true;
}

enum err allowances_read(struct db *db, int64_t property_id, int64_t account_id,
                         struct allowances *all)
{
	all->count = all->grant_count = 0;
	memset(all->used, 0, sizeof all->used);
	return allowance_list(db, property_id, account_id, true, on_allowance, all);
}

enum err allowances_refill(struct tx *tx, struct allowances *all, int64_t at_s,
                           int32_t utc_offset_s, int64_t now_ms)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < all->count; i++) {
		struct allowance_row *row = &all->row[i];
		struct allowance_row before = *row;

		if (!row->ended_s && at_s >= row->until_s)
			err = end_one(tx, row, "rating", row->until_s, utc_offset_s, now_ms);
		else
			err = refill_one(tx, row, at_s, utc_offset_s, now_ms);
		if (!err && (row->ended_s != before.ended_s || row->period_no != before.period_no))
			err = allowance_update(tx->db, row);
	}
	return err;
}

void allowances_grants(struct allowances *all, enum grant_kind kind, enum service service)
{
	all->grant_count = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct allowance_row *row = &all->row[i];

		if (row->kind == kind && !row->ended_s && row->left &&
		    (kind == GRANT_MONEY || row->service == service))
			all->grant[all->grant_count++] =
			        (struct grant){.grant_id = row->allowance_id,
			                       .kind = kind,
			                       .left = row->left,
			                       .from_s = row->from_s,
			                       .until_s = row->until_s};
	}
	grants_sort(all->grant, all->grant_count);
}

void allowances_take(struct allowances *all)
{
	for (size_t g = 0; g < all->grant_count; g++)
		for (size_t i = 0; i < all->count; i++) {
			struct allowance_row *row = &all->row[i];

			if (row->allowance_id != all->grant[g].grant_id)
				continue;
			all->used[i] += row->left - all->grant[g].left;
			row->left = all->grant[g].left;
		}
	all->grant_count = 0;
}

enum err allowances_store(struct db *db, struct allowances *all)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < all->count; i++) {
		if (!all->used[i])
			continue;
		all->row[i].used += all->used[i];
		all->used[i] = 0;
		err = allowance_update(db, &all->row[i]);
	}
	return err;
}

struct summing {
	int64_t at_s;
	struct money *sum;
	bool fits;
};

static bool on_money(void *arg, const struct allowance_row *row)
{
	struct summing *s = arg;

	if (row->kind == GRANT_MONEY && row->from_s <= s->at_s && s->at_s < row->until_s)
		s->fits = money_add(*s->sum, money_fen(row->left), s->sum);
	return s->fits;
}

enum err allowance_money(struct db *db, int64_t property_id, int64_t account_id, int64_t at_s,
                         struct money *money)
{
	struct summing summing = {at_s, money, true};
	enum err err;

	*money = money_fen(0);
	err = allowance_list(db, property_id, account_id, true, on_money, &summing);
	return err ? err : summing.fits ? ERR_NONE : ERR_OVERFLOW;
}

/* ---- people ---- */

static enum err act_begin(struct tx *tx, const struct actor *actor, int64_t group_id,
                          int64_t property_id, struct fault *fault, struct property_row *property,
                          int64_t now_ms)
{
	struct place place = {.group_id = group_id, .property_id = property_id};
	enum err err = access_require(tx, actor, PERMISSION_ALLOWANCE_WRITE, &place, now_ms);

	*fault = (struct fault){0};
	if (!err)
		err = owner_open(tx, group_id, property_id, fault);
	if (!err && !actor->reason[0])
		err = fault_set(fault, ERR_BAD_INPUT, "reason", "say why");
	return err ? err : property_get(tx->db, property_id, property);
}

static enum err check_give(struct allowance_give *r)
{
	struct fault *fault = &r->fault;
	enum err err =
	        fault_text(fault, "source", r->source ? r->source : "", TEXT_LINE, 1, SOURCE_MAX);

	if (err)
		return err;
	if (r->amount < 1 || r->amount > AMOUNT_MAX)
		return fault_set(fault, ERR_BAD_INPUT, "amount", "must be 1 to %" PRId64,
		                 AMOUNT_MAX);
	if (r->cap < 0 || r->cap > AMOUNT_MAX || (r->cap && r->cap < r->amount))
		return fault_set(fault, ERR_BAD_INPUT, "cap", "must be 0, or not below the amount");
	if (r->until_s <= r->from_s || r->from_s <= 0)
		return fault_set(fault, ERR_BAD_INPUT, "until", "must be later than its beginning");
	if (r->account_count < 1 || r->account_count > ALLOWANCE_ACCOUNTS_MAX)
		return fault_set(fault, ERR_BAD_INPUT, "accounts", "1 to %d of them",
		                 ALLOWANCE_ACCOUNTS_MAX);
	return ERR_NONE;
}

static enum err account_usable(struct tx *tx, int64_t property_id, int64_t account_id,
                               struct fault *fault)
{
	struct account_row account;
	enum err err = account_get(tx->db, property_id, account_id, &account);

	if (err == ERR_NOT_FOUND)
		return fault_set(fault, ERR_BAD_INPUT, "accounts", "%" PRId64 " is no account here",
		                 account_id);
	if (!err && account.state == ACCOUNT_CLOSED)
		return fault_set(fault, ERR_REFUSED, "accounts", "%s is closed", account.code);
	return err;
}

static enum err give_one(struct tx *tx, struct allowance_give *r, int64_t account_id,
                         const struct property_row *property, int64_t now_ms)
{
	struct allowance_row row = {.property_id = r->property_id,
	                            .account_id = account_id,
	                            .kind = r->kind,
	                            .service = r->service,
	                            .period = r->period,
	                            .amount = r->amount,
	                            .cap = r->cap,
	                            .from_s = r->from_s,
	                            .until_s = r->until_s,
	                            .period_no = ALLOWANCE_NONE_YET,
	                            .created_s = now_ms / 1000,
	                            .version = 1};
	struct allowances all;
	enum err err = account_usable(tx, r->property_id, account_id, &r->fault);

	if (!err)
		err = allowances_read(tx->db, r->property_id, account_id, &all);
	if (!err && all.count == ALLOWANCES_MAX)
		return fault_set(&r->fault, ERR_REFUSED, "accounts",
		                 "%" PRId64 " has %d allowances already", account_id,
		                 ALLOWANCES_MAX);
	if (!err)
		err = sequence_next(tx->db, "allowance", &row.allowance_id);
	snprintf(row.source, sizeof row.source, "%s", r->source);
	snprintf(row.by_name, sizeof row.by_name, "%s", r->actor.who);
	if (!err)
		err = refill_one(tx, &row, now_ms / 1000, (int32_t)(property->utc_offset_min * 60),
		                 now_ms);
	if (!r->first_id)
		r->first_id = row.allowance_id;
	return err ? err : allowance_insert(tx->db, &row);
}

enum err allowance_give_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct allowance_give *r = arg;
	struct property_row property;
	char object[48], detail[160];
	enum err err =
	        act_begin(tx, &r->actor, r->group_id, r->property_id, &r->fault, &property, now_ms);

	(void)out;
	r->first_id = 0;
	if (!err)
		err = check_give(r);
	for (size_t i = 0; !err && i < r->account_count; i++)
		err = give_one(tx, r, r->accounts[i], &property, now_ms);
	if (err)
		return err;
	snprintf(object, sizeof object, "allowance %" PRId64, r->first_id);
	snprintf(detail, sizeof detail, "%s %" PRId64 " a %s, %zu accounts",
	         allowance_kind_word(r->kind), r->amount, allowance_period_word(r->period),
	         r->account_count);
	return audit_note(tx, &r->actor, r->property_id, "allowance.give", object, detail, now_ms);
}

static enum err end_all(struct tx *tx, const struct property_row *property, int64_t account_id,
                        const char *source, const char *who, int64_t now_ms, size_t *ended,
                        struct money *lapsed)
{
	struct allowances all;
	enum err err = allowances_read(tx->db, property->property_id, account_id, &all);

	for (size_t i = 0; !err && i < all.count; i++) {
		struct allowance_row *row = &all.row[i];

		if (source && strcmp(row->source, source) != 0)
			continue;
		if (row->kind == GRANT_MONEY && !money_add(*lapsed, money_fen(row->left), lapsed))
			return ERR_OVERFLOW;
		err = end_one(tx, row, who, now_ms / 1000, (int32_t)(property->utc_offset_min * 60),
		              now_ms);
		if (!err)
			err = allowance_update(tx->db, row);
		++*ended;
	}
	return err;
}

enum err allowance_lapse_all(struct tx *tx, int64_t property_id, int64_t account_id,
                             const char *who, int64_t now_ms, struct money *lapsed)
{
	struct property_row property;
	size_t ended = 0;
	enum err err = property_get(tx->db, property_id, &property);

	*lapsed = money_fen(0);
	return err ? err : end_all(tx, &property, account_id, NULL, who, now_ms, &ended, lapsed);
}

enum err allowance_clear_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct allowance_clear *r = arg;
	struct property_row property;
	struct money lapsed = money_fen(0);
	char detail[96];
	enum err err =
	        act_begin(tx, &r->actor, r->group_id, r->property_id, &r->fault, &property, now_ms);

	(void)out;
	r->cleared = 0;
	if (!err && (r->account_count < 1 || r->account_count > ALLOWANCE_ACCOUNTS_MAX))
		err = fault_set(&r->fault, ERR_BAD_INPUT, "accounts", "1 to %d of them",
		                ALLOWANCE_ACCOUNTS_MAX);
	for (size_t i = 0; !err && i < r->account_count; i++) {
		err = account_usable(tx, r->property_id, r->accounts[i], &r->fault);
		if (!err)
			err = end_all(tx, &property, r->accounts[i], r->source, r->actor.who,
			              now_ms, &r->cleared, &lapsed);
	}
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%zu allowances of %zu accounts", r->cleared,
	         r->account_count);
	return audit_note(tx, &r->actor, r->property_id, "allowance.clear",
	                  r->source ? r->source : "all", detail, now_ms);
}
