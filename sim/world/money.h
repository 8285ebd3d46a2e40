/* Money in the world: accounts of the meters, prices, a provider who tells of payments as providers do,
 * and what the books must say at the end. */
#ifndef SIM_WORLD_MONEY_H
#define SIM_WORLD_MONEY_H

#include "sim/world/rates.h"
#include "sim/world/server.h"

#include "platform/core/order.h"
#include "platform/core/supply.h"

#define MONEY_PRICE_UY  INT64_C(200000000) /* per kWh: 20 fen a Wh, so that credit ends in minutes */
#define MONEY_FIRST     INT64_C(1)         /* account of unit 0; that of unit n is n later */
#define MONEY_TRIES_MAX 9
#define MONEY_GUARD_S   86400 /* window of the guard: longer than any history */
#define MONEY_FRESH_S   60    /* older readings open nothing */
#define MONEY_OFFSET_S  28800
#define MONEY_DUE_DAYS  10 /* of a bill */

/* Who has the accounts at first, and who comes after him. */
enum { MONEY_CUSTOMER = 1, MONEY_NEXT_CUSTOMER };

/* What somebody paid at the provider. */
struct money_payment {
	char number[32], order_number[ORDER_NUMBER_SIZE];
	int64_t order_id, account_id, amount_fen, paid_ms;
	int64_t ordered_ms, taken_ms; /* true times: of the wish, and when the platform knew */
	enum pay_channel channel;
	bool wrong;    /* another amount than was ordered, or not this order's */
	bool unheard;  /* its notices never come: the bill has it */
	bool taken;    /* the platform said so */
	bool returned; /* the provider paid it back */
	unsigned tries;
};

struct contract;
struct desk;
struct provider;

struct till {
	struct rnd rnd; /* of all that follows, so that the rest of the world draws as it did */
	bool early;     /* the accounts are a day old, and their day is closed soon */
	struct money_payment *payment;
	size_t n, room;
	int64_t guard_count;
	unsigned purses_from; /* units from here on keep their credit themselves */
	bool charging;        /* and charge themselves, where their rules allow */
	struct rates rates;
	struct contract *contract;
	struct desk *desk;
	struct provider *provider;
};

void money_new(struct world *w);
void money_free(struct world *w);
/* The platform says that it knows of this payment. */
void money_taken(struct world *w, struct money_payment *p);
void money_happens(struct world *w, const struct happening *h);
struct actor money_actor(const char *who, const char *reason);

/* Account of a bought meter: in a history of minutes the first one shares that of the first terminal, the second
 * has one of its own; -1: none (a spare). */
int64_t money_account_of(const struct world *w, unsigned bought);

/* Of a postpaid account; 0: it is none. */
int money_bill_day(const struct world *w, int64_t account_id);
/* A month, of an account that pays a fee instead of its use; 0: it does not. */
int64_t money_fee_fen(const struct world *w, int64_t account_id);

/* In the platform: accounts and prices of all meters. */
enum err money_furnish(struct server *s);
/* Its regular work, as timers of the platform. */
void money_timers(struct server *s);

/* Quiet begins: the provider's bill is fetched, and what was never told is found in it. */
void money_calm(struct world *w);
/* Everything that was paid is known to the platform. */
bool money_settled(struct world *w);
void money_audit(struct world *w);

#endif
