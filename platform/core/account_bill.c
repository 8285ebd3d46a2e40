#include "platform/core/account_bill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/credit/month.h"
#include "platform/store/charge.h"
#include "platform/store/ledger.h"

/* ---- days ---- */

/* Of a day within its month: how many days that has, and which it is, from 0. */
static unsigned month_of(int64_t day, unsigned *index, struct civil *date)
{
	date_from_days(day, date);
	*index = date->day - 1U;
	return month_days(date->year, date->month);
}

/* The first day that begins in the account's time; INT64_MAX: it was never opened. */
static enum err first_day(struct db *db, const struct property_row *property,
                          const struct account_row *row, int64_t *day)
{
	struct account_terms terms;
	enum err err = ERR_NONE;

	*day = INT64_MAX;
	if (!row->opened_s)
		return ERR_NONE;
	err = account_terms_first(db, row->property_id, row->account_id, &terms);
	if (!err)
		*day = property_day(property, terms.from_s - 1) + 1;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* ---- fees ---- */

static enum err post_fee(struct tx *tx, const struct property_row *property,
                         const struct account_row *row, const struct account_terms *terms,
                         int64_t day, int64_t now_ms)
{
	struct civil date;
	unsigned index, days = month_of(day, &index, &date);
	char key[LEDGER_KEY_SIZE];
	struct money fee = month_fee(money_fen(terms->fee_fen), index, index + 1, days);
	struct account_posting posting = {.property_id = row->property_id,
	                                  .account_id = row->account_id,
	                                  .key = key,
	                                  .kind = "charge",
	                                  .reason = "",
	                                  .other = LEDGER_SALES,
	                                  .subject = CHARGE_LINE_FEE,
	                                  .day = day};

	snprintf(key, sizeof key, "fee:%lld:%04d%02u:%u", (long long)row->account_id,
	         (int)date.year, (unsigned)date.month, (unsigned)date.day);
	if (!money_sub(money_fen(0), fee, &posting.amount))
		return ERR_OVERFLOW;
	return account_post(tx, property, &posting, "billing", now_ms);
}

enum err account_fees(struct tx *tx, const struct property_row *property,
                      const struct account_row *row, int64_t now_ms)
{
	int64_t today = property_day(property, now_ms / 1000), day, first;
	struct account_days done;
	enum err err = account_days_get(tx->db, row->property_id, row->account_id, &done);

	if (!err)
		err = first_day(tx->db, property, row, &first);
	if (err)
		return err;
	/* Who follows begins with a register of before midnight: the day had begun for him who left. */
	if (row->opened_s && first < property_day(property, row->opened_s - 1) + 1)
		first = property_day(property, row->opened_s - 1) + 1;
	for (day = done.fee_day ? done.fee_day + 1 : first; !err && day <= today; day++) {
		struct account_terms terms;

		err = account_terms_at(tx->db, row->property_id, row->account_id,
		                       property_day_start_s(property, day), &terms);
		if (!err && terms.kind == ACCOUNT_MONTHLY_FEE)
			err = post_fee(tx, property, row, &terms, day, now_ms);
		done.fee_day = day;
	}
	return err ? err : account_days_put(tx->db, row->property_id, row->account_id, &done);
}

/* ---- bills ---- */

/* Does a bill end with the night before `day`? */
static enum err bill_ends(struct db *db, const struct property_row *property,
                          const struct account_row *row, int64_t day, bool *ends,
                          struct account_terms *terms)
{
	struct account_terms now;
	struct civil date;
	enum err err = account_terms_at(db, row->property_id, row->account_id,
	                                property_day_start_s(property, day) - 1, terms);

	*ends = false;
	if (err || terms->kind != ACCOUNT_POSTPAID)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = account_terms_at(db, row->property_id, row->account_id,
	                       property_day_start_s(property, day), &now);
	date_from_days(day, &date);
	*ends = !err && (now.kind != ACCOUNT_POSTPAID || (int32_t)date.day == now.bill_day);
	return err;
}

struct lagging {
	int64_t day;
	bool lags;
};

static bool look_lag(void *arg, const struct rating_row *rating)
{
	struct lagging *lagging = arg;

	lagging->lags |= rating->posted_day < lagging->day;
	return !lagging->lags;
}

struct adding {
	const struct account_bill *last;
	struct account_bill *bill;
	struct money sum;
	bool later, failed;
};

/* Of this bill: use of its days, and what came late of days before. */
static bool add_line(void *arg, const struct ledger_line *line)
{
	struct adding *adding = arg;
	struct account_bill *bill = adding->bill;
	bool before = line->group_no <= adding->last->scanned;

	bill->scanned = line->group_no;
	if (line->day >= bill->to_day) {
		adding->later = true;
		return true;
	}
	if (!adding->later)
		bill->scan_after = line->group_no;
	if (strcmp(line->kind, "charge") != 0 || (before && line->day < adding->last->to_day))
		return true;
	adding->failed |= !money_sub(adding->sum, line->amount, &adding->sum);
	return !adding->failed;
}

static enum err last_bill(struct db *db, const struct account_row *row, int64_t first,
                          struct account_bill *last)
{
	enum err err = account_bill_last(db, row->property_id, row->account_id, last);

	if (err != ERR_NOT_FOUND)
		return err;
	*last = (struct account_bill){.to_day = first - 1}; /* the part of the opening day counts */
	return ERR_NONE;
}

static enum err make(struct tx *tx, const struct account_row *row, const struct account_bill *last,
                     int64_t day, const struct account_terms *terms, int64_t now_ms)
{
	struct account_bill bill = {.property_id = row->property_id,
	                            .account_id = row->account_id,
	                            .from_day = last->to_day,
	                            .to_day = day,
	                            .due_day = day + terms->due_days,
	                            .made_s = now_ms / 1000,
	                            .scanned = last->scanned,
	                            .scan_after = last->scan_after};
	struct adding adding = {.last = last, .bill = &bill, .sum = money_fen(0)};
	enum err err = ledger_lines(tx->db, row->property_id, LEDGER_ACCOUNT, row->account_id,
	                            last->scan_after, add_line, &adding);

	if (err)
		return err;
	if (adding.failed)
		return ERR_OVERFLOW;
	bill.amount_fen = account_fen(adding.sum);
	if (bill.amount_fen <= 0)
		bill.paid_s = bill.made_s; /* nothing is owed for it */
	return account_bill_insert(tx->db, &bill);
}

enum err account_bill_make(struct tx *tx, const struct property_row *property,
                           const struct account_row *row, int64_t now_ms, bool *waits)
{
	int64_t today = property_day(property, now_ms / 1000), day, first;
	struct account_days done;
	enum err err = account_days_get(tx->db, row->property_id, row->account_id, &done);

	*waits = false;
	if (!err)
		err = first_day(tx->db, property, row, &first);
	if (err)
		return err;
	for (day = done.bill_day ? done.bill_day + 1 : first; !err && day <= today; day++) {
		struct lagging lagging = {.day = day};
		struct account_terms terms;
		struct account_bill last;
		bool ends;

		err = bill_ends(tx->db, property, row, day, &ends, &terms);
		if (!err && ends)
			err = rating_of_account(tx->db, row->property_id, row->account_id, look_lag,
			                        &lagging);
		if (!err && ends && lagging.lags && today < day + BILL_WAIT_DAYS) {
			*waits = true;
			break;
		}
		if (!err && ends)
			err = last_bill(tx->db, row, first, &last);
		if (!err && ends)
			err = make(tx, row, &last, day, &terms, now_ms);
		done.bill_day = day;
	}
	return err || !done.bill_day
	               ? err
	               : account_days_put(tx->db, row->property_id, row->account_id, &done);
}

/* ---- how it stands ---- */

void account_bill_open(int64_t owed_fen, int64_t unbilled_fen, size_t count,
                       const int64_t amount_fen[], int64_t open_fen[])
{
	int64_t left = owed_fen > unbilled_fen ? owed_fen - unbilled_fen : 0;

	for (size_t i = 0; i < count; i++) {
		int64_t amount = amount_fen[i] > 0 ? amount_fen[i] : 0;

		open_fen[i] = amount < left ? amount : left;
		left -= open_fen[i];
	}
}

struct collecting {
	struct account_bill_part *parts;
	size_t count;
};

static bool collect(void *arg, const struct account_bill *row)
{
	struct collecting *collecting = arg;

	collecting->parts[collecting->count++].row = *row;
	return collecting->count < BILL_OPEN_MAX;
}

/* Use since the last bill. */
static enum err unbilled(struct db *db, int64_t property_id, int64_t account_id,
                         const struct account_bill *last, int64_t *fen)
{
	struct account_bill all = {.to_day = INT64_MAX, .scanned = last->scanned};
	struct adding adding = {.last = last, .bill = &all, .sum = money_fen(0)};
	enum err err = ledger_lines(db, property_id, LEDGER_ACCOUNT, account_id, last->scan_after,
	                            add_line, &adding);

	if (!err && adding.failed)
		err = ERR_OVERFLOW;
	*fen = account_fen(adding.sum);
	return err;
}

enum err account_bill_parts(struct db *db, const struct property_row *property, int64_t account_id,
                            int64_t now_s, struct account_bill_part parts[BILL_OPEN_MAX],
                            size_t *count, struct account_standing *standing)
{
	struct collecting collecting = {.parts = parts};
	const struct account_bill none = {0};
	int64_t amount[BILL_OPEN_MAX], open[BILL_OPEN_MAX];
	int64_t today = property_day(property, now_s), balance;
	struct account_terms terms;
	struct ledger_balance now;
	enum err err =
	        account_bill_list(db, property->property_id, account_id, 0, collect, &collecting);

	*standing = (struct account_standing){0};
	*count = collecting.count;
	if (!err)
		err = ledger_balance(db, property->property_id, LEDGER_ACCOUNT, account_id, &now);
	if (!err)
		err = unbilled(db, property->property_id, account_id,
		               *count ? &parts[0].row : &none, &standing->unbilled_fen);
	if (err)
		return err;
	balance = account_fen(now.balance);
	standing->owed_fen = balance < 0 ? -balance : 0;
	for (size_t i = 0; i < *count; i++)
		amount[i] = parts[i].row.amount_fen;
	account_bill_open(standing->owed_fen, standing->unbilled_fen, *count, amount, open);
	for (size_t i = 0; i < *count; i++) {
		parts[i].open_fen = open[i];
		parts[i].overdue = open[i] > 0 && today > parts[i].row.due_day;
		standing->billed_fen += open[i];
		standing->overdue_fen += parts[i].overdue ? open[i] : 0;
		if (open[i] > 0)
			standing->due_day = parts[i].row.due_day;
	}
	if (!standing->overdue_fen)
		return ERR_NONE;
	err = account_terms_at(db, property->property_id, account_id, now_s, &terms);
	standing->trips = !err && terms.overdue_trips;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err account_standing(struct db *db, const struct property_row *property, int64_t account_id,
                          int64_t now_s, struct account_standing *standing)
{
	struct account_bill_part *parts = malloc(BILL_OPEN_MAX * sizeof *parts);
	size_t count;
	enum err err = ERR_NOMEM;

	if (parts)
		err = account_bill_parts(db, property, account_id, now_s, parts, &count, standing);
	free(parts);
	return err;
}
