/* Terminals that charge themselves: the platform's carrier of prices and limits, that only one side decides over a
 * supply, and what both sums must be at the end. */
#ifndef SIM_WORLD_CHARGING_H
#define SIM_WORLD_CHARGING_H

#include "sim/world/money.h"

void charging_draw(struct world *w);
/* The carrier, as a timer of the platform. */
void charging_timer(struct server *s);
/* Nothing that could be sent waits. */
bool charging_settled(const struct world *w);
void charging_audit(struct world *w);

#endif
