/* Bills of postpaid accounts at the end, added up again from the lines of the ledger: each line of use once, in the
 * first bill that ends behind its day and was made behind its posting. */
#include "sim/world/contract.h"

#include <string.h>

#include "libs/base/time.h"
#include "platform/core/books.h"
#include "platform/store/account_bill.h"
#include "sim/world/money.h"

#define BILLS_MAX 64
#define WAIT_DAYS 2 /* for readings of the last day, and for the hour of the work */

struct bills {
	struct world *w;
	int64_t account_id;
	struct account_bill bill[BILLS_MAX]; /* newest first */
	int64_t cost_fen[BILLS_MAX];
	size_t count;
};

static int day_of_month(int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	return date.day;
}

static bool take_bill(void *arg, const struct account_bill *bill)
{
	struct bills *b = arg;

	if (b->count < BILLS_MAX)
		b->bill[b->count++] = *bill;
	return b->count < BILLS_MAX;
}

static bool take_line(void *arg, const struct ledger_line *line)
{
	struct bills *b = arg;
	size_t i = b->count;

	if (strcmp(line->kind, "charge") != 0)
		return true;
	while (i > 0 &&
	       (line->group_no > b->bill[i - 1].scanned || line->day >= b->bill[i - 1].to_day))
		i--;
	if (i > 0)
		b->cost_fen[i - 1] -= books_fen(line->amount);
	return true;
}

static void check_bill(struct bills *b, size_t i)
{
	const struct account_bill *bill = &b->bill[i];
	bool first = i + 1 == b->count;

	if (day_of_month(bill->to_day) != money_bill_day(b->w, b->account_id) ||
	    bill->due_day != bill->to_day + MONEY_DUE_DAYS ||
	    (!first && bill->from_day != b->bill[i + 1].to_day))
		world_broken(b->w, "I8", "account %lld: bill %lld is of days %lld to %lld",
		             (long long)b->account_id, (long long)bill->bill_no,
		             (long long)bill->from_day, (long long)bill->to_day);
	else if (bill->amount_fen != b->cost_fen[i])
		world_broken(b->w, "I8",
		             "account %lld: bill %lld is of %lld fen, its use cost %lld",
		             (long long)b->account_id, (long long)bill->bill_no,
		             (long long)bill->amount_fen, (long long)b->cost_fen[i]);
}

/* I26: each billing day of an account that is still there has its bill. */
static void check_missing(struct bills *b)
{
	struct account_row row;
	int64_t first = account_get(b->w->server->db, 1, b->account_id, &row)
	                        ? INT64_MAX
	                        : days_from_unix(row.opened_s + MONEY_OFFSET_S) + 1;
	int64_t last = days_from_unix(world_wall_ms(b->w) / 1000 + MONEY_OFFSET_S) - WAIT_DAYS;

	for (int64_t day = first; day <= last && !b->w->failed; day++) {
		size_t i = 0;

		while (i < b->count && b->bill[i].to_day != day)
			i++;
		if (day_of_month(day) == money_bill_day(b->w, b->account_id) && i == b->count)
			world_broken(b->w, "I26", "account %lld has no bill of day %lld",
			             (long long)b->account_id, (long long)day);
	}
}

void bills_audit(struct world *w, int64_t account_id)
{
	struct bills b = {.w = w, .account_id = account_id};

	if (account_bill_list(w->server->db, 1, account_id, 0, take_bill, &b) ||
	    ledger_lines(w->server->db, 1, LEDGER_ACCOUNT, account_id, 0, take_line, &b))
		world_broken(w, "I23", "the bills of account %lld cannot be read",
		             (long long)account_id);
	for (size_t i = 0; i < b.count && !w->failed; i++)
		check_bill(&b, i);
	if (!w->failed && !contract_ended(w, account_id) && !w->faults.count[FAULT_PLATFORM_CLOCK])
		check_missing(&b);
	w->faults.seen[WITNESS_BILL] += b.count;
}
