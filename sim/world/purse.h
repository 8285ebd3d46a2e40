/* Purses in meters: accounts whose credit goes to their terminal, by counted purchases that must come to be in
 * its flash exactly once. */
#ifndef SIM_WORLD_PURSE_H
#define SIM_WORLD_PURSE_H

#include "sim/world/money.h"

/* Does the meter of this unit keep its credit itself? */
bool purse_is_of(const struct world *w, unsigned n);
/* The platform's carrier, as a timer of it. */
void purse_timer(struct server *s);
/* Nothing is on its way into a meter any more. */
bool purse_settled(const struct world *w);
void purse_audit(struct world *w);

#endif
