#include "libs/credit/purse.h"

#include <assert.h>

struct money purse_balance(const struct purse *purse)
{
	struct money balance = money_fen(0);
	bool fits = money_sub(purse->total, purse->spent, &balance);

	assert(fits); /* purse_take keeps both within half of 64 bits */
	(void)fits;
	return balance;
}

static bool is_below_zero(struct money m)
{
	return money_cmp(m, money_fen(0)) < 0;
}

enum purse_verdict purse_take(struct purse *purse, const struct purse_entry *entry,
                              struct money hoarding)
{
	struct purse next = *purse;
	struct money balance;

	if (entry->count <= purse->count)
		return PURSE_REPEATED;
	if (entry->count - purse->count > 1)
		return PURSE_MISSING;
	if (money_cmp(entry->amount, money_fen(0)) == 0 ||
	    !money_add(purse->total, entry->amount, &next.total) ||
	    money_cmp(next.total, entry->total) != 0 || is_below_zero(next.total) ||
	    money_cmp(next.total, money_fen(INT64_MAX / 2)) > 0)
		return PURSE_DIFFERS;
	next.count = entry->count;
	balance = purse_balance(&next);
	if (is_below_zero(entry->amount) && is_below_zero(balance))
		return PURSE_SHORT;
	if (!is_below_zero(entry->amount) && money_cmp(hoarding, money_fen(0)) > 0 &&
	    money_cmp(balance, hoarding) > 0)
		return PURSE_HOARDING;
	*purse = next;
	return PURSE_TAKEN;
}

bool purse_void(struct purse *purse, uint32_t count)
{
	if (count <= purse->count)
		return false;
	purse->count = count;
	purse->total = purse->spent;
	return true;
}

enum purse_conclusion purse_conclude(const struct purse_entry *entry, uint32_t count_read,
                                     struct money total_read)
{
	if (count_read > entry->count)
		return PURSE_IS_THERE;
	if (count_read == entry->count)
		return money_cmp(total_read, entry->total) == 0 ? PURSE_IS_THERE
		                                                : PURSE_SIDES_DIFFER;
	return entry->count - count_read > 1 ? PURSE_SEND_EARLIER : PURSE_SEND_AGAIN;
}
