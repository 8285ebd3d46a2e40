#include "libs/credit/month.h"

#include <assert.h>

#include "libs/base/number.h"
#include "libs/base/time.h"

unsigned month_days(int32_t year, unsigned month)
{
	assert(month >= 1 && month <= 12);
	return (unsigned)(days_from_date(month == 12 ? year + 1 : year, month % 12 + 1, 1) -
	                  days_from_date(year, month, 1));
}

struct money month_fee(struct money fee, unsigned from, unsigned to, unsigned days)
{
	assert(fee.fen >= 0 && days >= 1);
	assert(from <= to && to <= days);
	return money_fen(i64_share(fee.fen, to, days) - i64_share(fee.fen, from, days));
}

struct money month_shortfall(struct money minimum, struct money charged, unsigned used,
                             unsigned days)
{
	int64_t least = i64_share(minimum.fen, used, days);

	assert(minimum.fen >= 0 && used <= days && days >= 1);
	assert(charged.fen > INT64_MIN / 2 && minimum.fen < INT64_MAX / 2);
	return money_fen(charged.fen < least ? least - charged.fen : 0);
}
