/* What the oracle knows; for itself and the audit at the end. */
#ifndef SIM_WORLD_ORACLE_STATE_H
#define SIM_WORLD_ORACLE_STATE_H

#include "sim/world/oracle.h"

#define METERS        (UNITS_MAX + BOUGHT_MAX)
#define EXECUTED_KEPT 1024

/* A command that the platform published. */
struct order {
	uint64_t id, hash;
	uint32_t counter, expires_s, until_s;
	uint32_t purchase; /* its number in the purse */
	int64_t amount_fen, total_fen;
	uint8_t kind;
	bool delayed;
};

/* A terminal as others must see it. */
struct subject {
	struct order *order;
	size_t n_orders, room;
	struct oracle_decision decision; /* as last seen */
	uint32_t kinds; /* bits of the commands that may decide now: several while one is delayed */
	uint32_t until_s; /* of keep-power */
	uint32_t clock_s, boot_counter, time_counter;
	int64_t button_us;
	uint32_t executed[EXECUTED_KEPT]; /* counters */
	size_t n_executed;
	uint32_t purse_count; /* of the purchase or void that it took last */
	int64_t purse_fen;    /* and its total */
	int64_t taken_fen;    /* by purchases, whatever was voided since */
	bool voided;          /* and nothing came since */
	uint32_t
	        durable_counter; /* parts of prices are forgotten at a start, and their counters with them */
	bool own_close;          /* its own balance closed it, and nobody ordered anything since */
};

/* A batch that was durable at a gateway, or that the platform acknowledged. */
struct made {
	uint64_t boot, seq, hash; /* boot 0: a free place */
	unsigned box;
	bool durable, acked, stored;
	int64_t made_us, file, row; /* file, row: where */
};

struct oracle {
	struct subject unit[UNITS_MAX];
	struct made *batch;
	size_t n, room, open;
	uint64_t flowed[METERS];
};

/* Its place, empty when there is none; NULL: nothing is known at all. */
struct made *oracle_made(const struct world *w, unsigned box, uint64_t boot, uint64_t seq);
bool oracle_executed(const struct world *w, unsigned n, uint32_t counter);

#endif
