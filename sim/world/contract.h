/* What people change about a contract while the history runs: a meter gives its place to another one, and
 * an account is closed, by a reading or by a register that somebody types. And what must be true at the end. */
#ifndef SIM_WORLD_CONTRACT_H
#define SIM_WORLD_CONTRACT_H

#include "platform/core/photo.h"
#include "sim/world/server.h"

struct contract_swap {
	int64_t account_id, old, spare;        /* meters; old 0: it was refused */
	int64_t close_units, open_units, at_s; /* as they were answered */
	bool sure;                             /* the platform said that it is done */
	bool kept;                             /* the old one kept power, as the platform knew it */
	int64_t keep_id;                       /* the command by which the new one is to */
};

struct contract_end {
	int64_t account_id;
	bool sure;
};

#define CONTRACT_ENDS  6
#define CONTRACT_MOVES 4

/* Another customer takes all meters of an account: that is closed, and a new one is opened. */
struct contract_move {
	int64_t account_id, next_id; /* next_id 0: none, or not known yet */
	bool sure;
};

struct contract {
	struct rnd rnd;
	struct contract_end end[CONTRACT_ENDS];
	size_t ends;
	struct contract_move move[CONTRACT_MOVES];
	size_t moves;
	struct contract_swap swap[SPARES_MAX];
	size_t swaps;
	uint32_t taken; /* bought spares, by bit */
};

/* Number of a bought meter. */
static inline unsigned contract_bought(int64_t meter)
{
	return (unsigned)(meter - METER_FIRST - UNITS_MAX);
}

void contract_new(struct world *w);
void contract_free(struct world *w);
void contract_act(struct world *w);
/* Both sides of each swap, and what is closed. */
void contract_audit(struct world *w);

/* The account that was there at first, from which this one came by other customers: itself, mostly. */
int64_t contract_root(const struct world *w, int64_t account_id);
/* All accounts that there are: who came may be there though nobody was told. */
void contract_count(struct world *w);
/* A photo of a register, which a typed one needs. */
enum err contract_picture(struct tx *tx, int64_t account_id, struct photo_add *photo,
                          int64_t now_ms, struct effects *out);

/* ---- next.c ---- */

void next_customer(struct world *w);
void next_customer_audit(struct world *w);

/* Whole fen of the monthly fee that an account has to have paid by now. */
int64_t fees_audit(struct world *w, int64_t account_id);

/* Of a postpaid account. */
void bills_audit(struct world *w, int64_t account_id);

/* I2 I7: who is closed uses no meter, and nothing is left on his account. */
void contract_check_end(struct world *w, const struct contract_end *end);
/* It is closed, or about to be. */
bool contract_ended(const struct world *w, int64_t account_id);

/* ---- swap.c ---- */

void swap_meter(struct world *w);
/* A terminal that keeps its credit, for one that has none yet. */
void swap_terminal(struct world *w);
void swaps_audit(struct world *w);
/* The meter that stands where this one stood at first. */
int64_t swap_now(const struct world *w, int64_t meter);

/* A meter's newest use, as the platform has it: from which register on, and up to which (ended: it is over). */
struct contract_use {
	int64_t account_id, from_s, from_units, until_units;
	int64_t before; /* the meter whose place it took; 0: none */
	bool bound, ended, replaced;
};
struct contract_use contract_use(struct world *w, int64_t meter);

#endif
