/* What `wattle account show` says about a meter that may charge itself. */
#ifndef CLI_CHARGING_H
#define CLI_CHARGING_H

#include "platform/store/account.h"

/* Lines below those of its purse: who decides about its supply and why, what it is to have and what it read back,
 * and both sums. Nothing for a use that has ended, or whose credit is not in the meter. */
void charging_print(struct db *db, const struct account_meter *use);

#endif
