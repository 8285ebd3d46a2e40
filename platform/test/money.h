/* An account with money, for tests of supply and messages: opened on meters of an estate, charged and paid
 * by rows, as rating and orders would write them. */
#ifndef PLATFORM_TEST_MONEY_H
#define PLATFORM_TEST_MONEY_H

#include "platform/core/supply.h"
#include "platform/test/estate.h"

/* Opens an account of a new customer on `count` meters from `meter` on, each with a reading of now. */
int64_t money_account(struct estate *estate, const char *code, int64_t meter, size_t count);
/* Money in; the account is considered. Negative: use of so much, which is no recharge. */
void money_pay(struct lab *lab, int64_t account_id, int64_t fen);
/* A reading of now is billed. */
void money_read(struct lab *lab, int64_t meter);
/* Looks at an account. */
void money_look(struct lab *lab, int64_t account_id);
/* What wattled does each half second. */
void money_work(struct lab *lab);

#endif
