/* Prices and rating in the world: a tariff with steps that changes while the history runs, the platform's
 * own rater, registers that begin anew, and what charges must be at the end. */
#ifndef SIM_WORLD_RATES_H
#define SIM_WORLD_RATES_H

#include "sim/world/server.h"

#include "libs/credit/plan.h"
#include "platform/core/rating.h"
#include "platform/core/rating_run.h"

#define RATES_STEPS    3
#define RATES_RATES    3
#define RATES_SLOTS    3 /* of a day table */
#define RATES_TABLES   2 /* of ordinary days, and of holidays */
#define RATES_HOLIDAYS 4
#define RATES_VERSIONS 4
#define RATES_READ     (1 + WATER_LINES) /* lines of a charge */
#define WATER_LINES    1

/* Numbers of versions. */
enum { RATES_FIRST = 1, RATES_WATER, RATES_SECOND };

/* A gap that a person let be: charges go on at `to`. */
struct rates_gap {
	int64_t meter, from, to, charged;
	bool sure; /* the platform said that it is done */
};

/* A rate holds from this minute of the day on, until the next one does. */
struct rates_slot {
	int minute, rate;
};

struct rates_holiday {
	int year, month, day; /* year 0: each */
};

struct rates {
	/* electricity: per kWh, by version and rate; and what each step adds */
	int64_t rate_uy[RATES_VERSIONS][RATES_RATES], step_uy[RATES_STEPS];
	bool slots[RATES_VERSIONS];                        /* this version knows times of use */
	struct rates_slot slot[RATES_TABLES][RATES_SLOTS]; /* ascending */
	struct rates_holiday holiday[RATES_HOLIDAYS];
	size_t holidays;
	int64_t threshold[RATES_STEPS - 1];
	bool steps;
	int64_t water_uy, sewage_uy;
	int64_t change_s; /* the second version holds from here */
	int64_t opened_s; /* since when the accounts are open */
	struct rates_gap gap[64];
	size_t gaps;
};

void rates_draw(struct world *w);
MUST_USE enum err rates_furnish(struct db *db, const struct world *w);
/* With the platform's life: its rater. */
MUST_USE enum err rates_start(struct server *s);
void rates_end(struct server *s);
/* What the rater asked for is read. */
void rates_read(struct server *s);

/* A person looks at a register that fell, and decides. */
void rates_resolve(struct world *w);

/* The rate of the times of use at an instant, from 1. */
int rates_at(const struct rates *r, int64_t at_s);
/* One meter's charges: what of them is posted, in fen. */
int64_t rates_audit(struct world *w, int64_t meter, enum service service);

#endif
