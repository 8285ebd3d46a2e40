/* What a month costs whatever was used: the fixed fee, and the minimum of the main line. Both are given day
 * by day, in parts that sum to the whole: a part of a month costs its days. */
#ifndef LIBS_CREDIT_MONTH_H
#define LIBS_CREDIT_MONTH_H

#include <stdint.h>

#include "libs/base/macros.h"
#include "libs/base/money.h"

/* Days of the civil month (1..12) of a year. */
unsigned month_days(int32_t year, unsigned month);

/* Of a month's `fee` (>= 0), the part of its days after `from` up to `to`, 0 <= from <= to <= days. Rounded
 * down to fen; what is cut off comes with a later day, so that all days together cost the fee. */
struct money month_fee(struct money fee, unsigned from, unsigned to, unsigned days);

/* What the main line of `used` days of a month of `days` lacks to the `minimum` (>= 0). Charged at the month's
 * end or at closing, once. 0: it was used enough. */
struct money month_shortfall(struct money minimum, struct money charged, unsigned used,
                             unsigned days);

#endif
