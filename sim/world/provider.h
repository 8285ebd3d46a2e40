/* The provider's own books: refunds that it pays, and the bill of each day. */
#ifndef SIM_WORLD_PROVIDER_H
#define SIM_WORLD_PROVIDER_H

#include "sim/world/money.h"

#include "platform/core/bill.h"
#include "platform/core/refund.h"

/* The present day of the property is watched: when it is over, its bill can be fetched. */
void provider_new(struct world *w);
void provider_act(struct world *w);
/* The bill of each day that is over is there, and every refund has ended. */
bool provider_settled(const struct world *w);
void provider_audit(struct world *w);

#endif
