#include "platform/core/allowance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/organisation.h"
#include "platform/store/charge.h"
#include "platform/store/ledger.h"

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

static bool find_oldest(void *arg, const struct rating_row *row)
{
	int64_t *oldest_s = arg;

	if (row->billed_s < *oldest_s)
		*oldest_s = row->billed_s;
	return true;
}

/* One that is dated back is there for what is not charged yet: its first period is that of the oldest use to come. */
enum err allowance_begin(struct tx *tx, struct allowance_row *row, int32_t utc_offset_s,
                         int64_t now_ms)
{
	int64_t at_s = now_ms / 1000;
	enum err err =
	        rating_of_account(tx->db, row->property_id, row->account_id, find_oldest, &at_s);

	if (at_s < row->from_s && row->from_s <= now_ms / 1000)
		at_s = row->from_s;
	return err ? err : refill_one(tx, row, at_s, utc_offset_s, now_ms);
}

enum err allowance_finish(struct tx *tx, struct allowance_row *row, const char *who, int64_t at_s,
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

/* Energy ends at its instant; money when the day of that instant is over, and paid. */
static bool is_over(const struct allowance_row *row, int64_t at_s, int32_t utc_offset_s)
{
	if (at_s < row->until_s)
		return false;
	return row->kind == GRANT_ENERGY || days_from_unix(at_s + utc_offset_s) >
	                                            days_from_unix(row->until_s - 1 + utc_offset_s);
}

int64_t allowances_edge(const struct allowances *all, int64_t at_s)
{
	int64_t edge_s = INT64_MAX;

	for (size_t i = 0; i < all->count; i++) {
		const struct allowance_row *row = &all->row[i];

		if (row->from_s > at_s && row->from_s < edge_s)
			edge_s = row->from_s;
		if (row->until_s > at_s && row->until_s < edge_s)
			edge_s = row->until_s;
	}
	return edge_s;
}

bool allowances_money_ends(const struct allowances *all, int64_t after_s, int64_t by_s)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->row[i].kind == GRANT_MONEY && all->row[i].until_s > after_s &&
		    all->row[i].until_s <= by_s)
			return true;
	return false;
}

enum err allowances_refill(struct tx *tx, struct allowances *all, int64_t at_s,
                           int32_t utc_offset_s, int64_t now_ms)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < all->count; i++) {
		struct allowance_row *row = &all->row[i];
		struct allowance_row before = *row;

		if (!row->ended_s && is_over(row, at_s, utc_offset_s))
			err = allowance_finish(tx, row, "rating", row->until_s, utc_offset_s,
			                       now_ms);
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
	struct money *sum, *ended;
	bool fits;
};

static bool on_money(void *arg, const struct allowance_row *row)
{
	struct summing *s = arg;

	if (row->kind == GRANT_MONEY && row->from_s <= s->at_s) {
		struct money *sum = s->at_s < row->until_s ? s->sum : s->ended;

		s->fits = money_add(*sum, money_fen(row->left), sum);
	}
	return s->fits;
}

enum err allowance_money(struct db *db, int64_t property_id, int64_t account_id, int64_t at_s,
                         struct money *money, struct money *ended)
{
	struct summing summing = {at_s, money, ended, true};
	enum err err;

	*money = *ended = money_fen(0);
	err = allowance_list(db, property_id, account_id, true, on_money, &summing);
	return err ? err : summing.fits ? ERR_NONE : ERR_OVERFLOW;
}
