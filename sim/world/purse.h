/* Purses in meters: accounts whose credit goes to their terminal, by counted purchases that must come to be in
 * its flash exactly once. */
#ifndef SIM_WORLD_PURSE_H
#define SIM_WORLD_PURSE_H

#include "sim/world/money.h"

/* Does this terminal keep its credit itself? */
bool purse_is_of(const struct world *w, unsigned n);
/* Is the credit of this account, counted from the first one, in its meter? */
bool purse_of_account(const struct world *w, unsigned n);
/* The credit of this order came to be in its meter; else, when its use ended, in the account. */
bool purse_has(const struct world *w, const struct order_row *order);
/* What the platform moved into this terminal's purse out of another one. */
int64_t purse_carried_fen(struct world *w, unsigned n);
/* The platform's carrier, as a timer of it. */
void purse_timer(struct server *s);
/* Nothing is on its way into a meter any more. */
bool purse_settled(struct world *w);
void purse_audit(struct world *w);

#endif
