/* The daily work on accounts: fees, bills, reminders, closings that were paid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/account_bill.h"
#include "platform/core/daily.h"
#include "platform/core/message_out.h"
#include "platform/core/supply.h"
#include "platform/store/ledger.h"
#include "platform/store/reminder.h"

struct accounts {
	struct account_row row[DAILY_ROWS];
	size_t count;
	struct account_bill_part parts[BILL_OPEN_MAX];
};

static bool take_account(void *arg, const struct account_row *row)
{
	struct accounts *accounts = arg;

	accounts->row[accounts->count++] = *row;
	return accounts->count < DAILY_ROWS;
}

static enum err tell(const struct account_row *row, const char *change, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_ACCOUNT);

	if (!effect)
		return ERR_NOMEM;
	effect->u.account = (struct effect_account){.property_id = row->property_id,
	                                            .account_id = row->account_id,
	                                            .state = account_state_word(row->state)};
	snprintf(effect->u.account.code, sizeof effect->u.account.code, "%s", row->code);
	snprintf(effect->u.account.change, sizeof effect->u.account.change, "%s", change);
	return ERR_NONE;
}

/* To the tenant: what is open, and until when it is in time. */
static enum err write_to(struct tx *tx, const struct property_row *property, const char *kind,
                         const struct account_bill_part *part, int64_t now_ms)
{
	const struct account_bill *bill = &part->row;
	char episode[64], cause[64];
	struct message_out message = {.property_id = bill->property_id,
	                              .account_id = bill->account_id,
	                              .kind = kind,
	                              .episode = episode,
	                              .cause = cause};
	enum err err;

	snprintf(episode, sizeof episode, "%s:%lld:%lld", kind, (long long)bill->account_id,
	         (long long)bill->bill_no);
	snprintf(cause, sizeof cause, "bill %lld", (long long)bill->bill_no);
	message_put_money(&message, "amount", money_fen(part->open_fen));
	err = message_put_time(tx, &message, "time",
	                       property_day_start_s(property, bill->due_day + 1));
	return err ? err : message_write(tx, &message, now_ms);
}

/* What is newly known of a bill; each is told once. */
static enum err mark_bill(struct tx *tx, const struct property_row *property,
                          const struct account_row *row, struct account_bill_part *part,
                          int64_t now_ms, struct effects *out)
{
	int64_t now_s = now_ms / 1000, today = property_day(property, now_s);
	struct account_bill *bill = &part->row;
	const char *change = NULL, *kind = NULL;
	enum err err;

	if (bill->paid_s)
		return ERR_NONE;
	if (!part->open_fen) {
		bill->paid_s = now_s;
		change = "bill.paid";
	} else if (part->overdue && !bill->overdue_s) {
		bill->overdue_s = now_s;
		change = "bill.overdue";
		kind = "bill-overdue";
	} else if (!bill->reminded_s && today + BILL_REMIND_DAYS >= bill->due_day) {
		bill->reminded_s = now_s;
		change = "bill.reminder";
		kind = "bill-due";
	}
	if (!change)
		return ERR_NONE;
	err = account_bill_update(tx->db, bill);
	if (!err && kind)
		err = write_to(tx, property, kind, part, now_ms);
	return err ? err : tell(row, change, out);
}

static enum err mark_bills(struct tx *tx, const struct property_row *property,
                           struct accounts *accounts, const struct account_row *row, int64_t now_ms,
                           struct effects *out)
{
	struct account_standing standing;
	size_t count = 0;
	struct account_bill last;
	enum err err = account_bill_last(tx->db, row->property_id, row->account_id, &last);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = account_bill_parts(tx->db, property, row->account_id, now_ms / 1000, accounts->parts,
	                         &count, &standing);
	for (size_t i = 0; !err && i < count; i++)
		err = mark_bill(tx, property, row, &accounts->parts[i], now_ms, out);
	return err;
}

/* Who closed and owed, and has paid exactly that, is through. */
static enum err finish_closing(struct tx *tx, const struct account_row *row, int64_t now_ms,
                               struct effects *out)
{
	struct account_act act = {
	        .property_id = row->property_id,
	        .account_id = row->account_id,
	        .row = *row,
	        .actor = {.who = "billing", .local = true}
        };
	struct ledger_balance now;
	enum err err =
	        ledger_balance(tx->db, row->property_id, LEDGER_ACCOUNT, row->account_id, &now);

	if (err || money_cmp(now.balance, money_fen(0)) != 0)
		return err;
	act.row.state = ACCOUNT_CLOSED;
	act.row.closed_s = now_ms / 1000;
	return account_store(tx, &act, "account.close", row, "paid", now_ms, out);
}

/* Terms that begin today may want another thing of the supply. */
static enum err begin_terms(struct tx *tx, const struct property_row *property,
                            const struct account_row *row, int64_t now_ms, struct effects *out)
{
	struct account_terms terms;
	enum err err =
	        account_terms_at(tx->db, row->property_id, row->account_id, now_ms / 1000, &terms);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	if (property_day(property, terms.from_s) != property_day(property, now_ms / 1000))
		return ERR_NONE;
	return supply_consider(tx, row->property_id, row->account_id, false, now_ms, out);
}

static enum err one_account(struct tx *tx, const struct property_row *property,
                            struct accounts *accounts, const struct account_row *row,
                            int64_t now_ms, struct effects *out, bool *waits)
{
	bool lags = false;
	enum err err = ERR_NONE;

	if (row->state == ACCOUNT_OPEN || row->state == ACCOUNT_SUSPENDED) {
		err = account_fees(tx, property, row, now_ms);
		if (!err)
			err = account_bill_make(tx, property, row, now_ms, &lags);
		*waits |= lags;
		if (!err)
			err = begin_terms(tx, property, row, now_ms, out);
	}
	if (!err && row->state != ACCOUNT_DRAFT && row->state != ACCOUNT_CLOSED)
		err = mark_bills(tx, property, accounts, row, now_ms, out);
	if (!err && row->state == ACCOUNT_CLOSING)
		err = finish_closing(tx, row, now_ms, out);
	return err;
}

#define DAY_WORK    "bills"      /* the day that is done */
#define CURSOR_WORK "bills-at"   /* the account up to which the present day is done */
#define WAIT_WORK   "bills-wait" /* one of them waits for readings */

static enum err end_of_pass(struct tx *tx, const struct property_row *property, int64_t day,
                            bool parts, bool waits)
{
	enum err err = ERR_NONE;

	if (parts)
		err = daily_work_put(tx->db, property->property_id, CURSOR_WORK, 0);
	if (!err && parts)
		err = daily_work_put(tx->db, property->property_id, WAIT_WORK, 0);
	if (!err && !waits)
		err = daily_work_put(tx->db, property->property_id, DAY_WORK, day);
	return err;
}

enum err account_daily(struct tx *tx, const struct property_row *property, int64_t now_ms,
                       struct effects *out, bool *more, bool *waits)
{
	int64_t day = property_day(property, now_ms / 1000), done_day, at, waited;
	struct accounts *accounts;
	bool parts; /* the accounts before `at` were done by earlier steps */
	enum err err = daily_work_get(tx->db, property->property_id, DAY_WORK, &done_day);

	*more = *waits = false;
	if (err || day <= done_day)
		return err;
	err = daily_work_get(tx->db, property->property_id, CURSOR_WORK, &at);
	if (!err)
		err = daily_work_get(tx->db, property->property_id, WAIT_WORK, &waited);
	if (err)
		return err;
	accounts = malloc(sizeof *accounts);
	if (!accounts)
		return ERR_NOMEM;
	accounts->count = 0;
	*waits = waited != 0;
	parts = at != 0;
	err = account_walk(tx->db, property->property_id, 0, at, take_account, accounts);
	for (size_t i = 0; !err && i < accounts->count; i++) {
		at = accounts->row[i].account_id;
		err = one_account(tx, property, accounts, &accounts->row[i], now_ms, out, waits);
	}
	*more = accounts->count == DAILY_ROWS;
	if (!err && *more)
		err = daily_work_put(tx->db, property->property_id, CURSOR_WORK, at);
	if (!err && *more)
		err = daily_work_put(tx->db, property->property_id, WAIT_WORK, *waits);
	if (!err && !*more)
		err = end_of_pass(tx, property, day, parts, *waits);
	free(accounts);
	return err;
}
