/* The counter and the finance office: cash and its shifts, money that goes back, corrections, allowances, debts,
 * what stands in suspense. And what the books must say of all that at the end. */
#ifndef SIM_WORLD_DESK_H
#define SIM_WORLD_DESK_H

#include "sim/world/money.h"

#define DESK_CASHIERS 2

struct desk {
	/* acts of which the platform said that they are done, and those of which it said nothing clear */
	size_t adjusted, adjusted_perhaps;
	int64_t sold[256]; /* orders: what was answered is there at the end */
	size_t n_sold;
	int64_t refunded[256]; /* refunds of credit */
	size_t n_refunded;
	int64_t fee_ppm, order_life_s;
	/* the closed days, as they were when they had been closed */
	int64_t closed_day, closed_fold;
};

MUST_USE enum err desk_furnish(struct db *db, const struct till *m);
void desk_draw(struct world *w);
void desk_act(struct world *w);
void desk_audit(struct world *w);

/* What all entries of days up to this one come to: amounts and where they stand. */
MUST_USE enum err desk_fold(struct db *db, const struct world *w, int64_t day, int64_t *fold);

#endif
