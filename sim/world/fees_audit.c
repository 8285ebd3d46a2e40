/* Monthly fees at the end, shared out again: of each month the parts of its days come to the fee, and each day that
 * began in the account's time costs its part once. */
#include "sim/world/contract.h"

#include "libs/base/time.h"
#include "platform/store/account_bill.h"
#include "sim/world/money.h"

#define WAIT_DAYS 1 /* for the hour of the work */

static int month_of(int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	return date.month;
}

static int64_t part_fen(int64_t fee_fen, int64_t day)
{
	int64_t before = 0, days = 1;

	while (month_of(day - before - 1) == month_of(day))
		before++;
	while (month_of(day - before + days) == month_of(day))
		days++;
	return fee_fen * (before + 1) / days - fee_fen * before / days;
}

int64_t fees_audit(struct world *w, int64_t account_id)
{
	int64_t fee_fen = money_fee_fen(w, account_id), sum_fen = 0, first, today;
	struct account_days done;
	struct account_row row;

	if (!fee_fen)
		return 0;
	if (account_get(w->server->db, 1, account_id, &row) ||
	    account_days_get(w->server->db, 1, account_id, &done)) {
		world_broken(w, "I23", "the days of account %lld cannot be read",
		             (long long)account_id);
		return 0;
	}
	first = days_from_unix(row.opened_s - 1 + MONEY_OFFSET_S) + 1;
	today = days_from_unix(world_wall_ms(w) / 1000 + MONEY_OFFSET_S);
	/* I26: the fee of each day is taken on that day. */
	if (!contract_ended(w, account_id) && !w->faults.count[FAULT_PLATFORM_CLOCK] &&
	    (done.fee_day > today ||
	     (first <= today - WAIT_DAYS && done.fee_day < today - WAIT_DAYS)))
		world_broken(w, "I26", "account %lld has its fee up to day %lld, now is %lld",
		             (long long)account_id, (long long)done.fee_day, (long long)today);
	for (int64_t day = first; day <= done.fee_day; day++) {
		sum_fen += part_fen(fee_fen, day);
		w->faults.seen[WITNESS_FEE]++;
	}
	return sum_fen;
}
