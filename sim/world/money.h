/* Money in the world: accounts of the meters, prices, a provider who tells of payments as providers do,
 * and what the books must say at the end. */
#ifndef SIM_WORLD_MONEY_H
#define SIM_WORLD_MONEY_H

#include "sim/world/server.h"

#include "platform/core/order.h"
#include "platform/core/supply.h"

#define MONEY_PRICE_UY  INT64_C(200000000) /* per kWh: 20 fen a Wh, so that credit ends in minutes */
#define MONEY_FIRST     INT64_C(1)         /* account of unit 0; that of unit n is n later */
#define MONEY_TRIES_MAX 9

/* What somebody paid at the provider. */
struct money_payment {
	char number[32], order_number[ORDER_NUMBER_SIZE];
	int64_t order_id, account_id, amount_fen, paid_ms;
	bool wrong;   /* another amount than was ordered */
	bool unheard; /* its notices never come: the bill has it */
	bool taken;   /* the platform said so */
	unsigned tries;
};

struct till {
	struct money_payment *payment;
	size_t n, room;
};

void money_new(struct world *w);
void money_free(struct world *w);
void money_happens(struct world *w, const struct happening *h);

/* In the platform: accounts and prices of all meters. */
enum err money_furnish(struct server *s);
/* Its regular work, as timers of the platform. */
void money_timers(struct server *s);

/* Quiet begins: the provider's bill is fetched, and what was never told is found in it. */
void money_calm(struct world *w);
/* Everything that was paid is known to the platform. */
bool money_settled(const struct world *w);
void money_audit(struct world *w);

#endif
