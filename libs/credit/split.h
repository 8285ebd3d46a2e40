/* Where the money of a purchase goes, in the order of the trade: what is owed, debts that were agreed
 * to be recovered, service fee, credit. The receipt lists each part. */
#ifndef LIBS_CREDIT_SPLIT_H
#define LIBS_CREDIT_SPLIT_H

#include <stdint.h>

#include "libs/base/macros.h"
#include "libs/base/money.h"

#define SPLIT_PPM 1000000

struct split_rule {
	struct money debt;   /* agreed to be recovered, still open; >= 0 */
	int32_t recover_ppm; /* of what is left after arrears, at most so much goes to the debt */
	int32_t fee_ppm;     /* of what is left then; 0: no service fee */
};

struct split {
	struct money arrears, debt, fee, credit; /* each >= 0; they sum to what was paid */
};

/* `paid` > 0; `balance` is what the account has, below 0 what it owes. Shares are rounded down, in the
 * tenant's favour. */
struct split split_purchase(const struct split_rule *rule, struct money paid, struct money balance);

#endif
