/* From two readings of a register to priced pieces. The caller keeps the state and posts what comes
 * out; nothing here rounds away or invents (docs/design/tariff.md). */
#ifndef LIBS_CREDIT_RATE_H
#define LIBS_CREDIT_RATE_H

#include "libs/credit/grant.h"
#include "libs/credit/plan.h"

#define RATE_REST_PER_FEN INT64_C(10000000) /* 1 fen = 10,000 micro-yuan */
#define RATE_GRANTS_MAX   16                /* of one meter at a time */

/* A register at an instant. */
struct rate_mark {
	int64_t at_s;
	int64_t units; /* Wh or litres, as the register shows them */
};

/* What is known of a register. */
struct rate_register {
	int64_t modulus;      /* one more than its highest value; 0: not known, it cannot wrap */
	int64_t max_per_hour; /* rated power x 1 h (litres for water); 0: no limit known */
	int64_t jitter;       /* a step back of so much is a reading error, not a reset */
};

enum rate_verdict {
	RATE_USE,      /* *used units between the two */
	RATE_WRAPPED,  /* the same, over the register's end */
	RATE_JITTER,   /* a small step back: keep the older, higher mark; nothing is used */
	RATE_TIME,     /* time did not advance: nothing to charge */
	RATE_BACK,     /* the register fell: reset or other meter; a task for a person */
	RATE_JUMP,     /* more than the circuit can carry: a task for a person */
	RATE_NEGATIVE, /* a mark below 0 or outside the register */
};

/* Anything but USE and WRAPPED charges nothing, and *used is 0. The limit is rated power x time x
 * 1.1, with a minute's allowance for marks that are seconds apart. */
enum rate_verdict rate_used(const struct rate_register *reg, const struct rate_mark *from,
                            const struct rate_mark *to, int64_t *used);

/* Step position of one meter. Zeroed: nothing used, in the period of the first interval. */
struct rate_state {
	int64_t step_used;      /* S: units since the settlement instant */
	int64_t step_settled_s; /* that instant; INT64_MIN: steps do not settle */
};

/* A part of an interval with one price: of one day, version, rate and step. */
struct rate_piece {
	uint32_t version;
	int64_t day; /* civil day number */
	int64_t from_s, to_s;
	int64_t units;
	uint8_t rate, step;        /* rate from 1, step from 0 */
	uint8_t line_count;        /* lines with a charge, the main one first */
	bool estimated;            /* energy was divided by time inside a longer interval */
	const struct grant *grant; /* free units of this grant; NULL: to be paid */
	int32_t price_uy[PLAN_LINES];
	int64_t charge[PLAN_LINES]; /* units x price: 1/1000 micro-yuan, exact */
};

typedef void (*rate_each_fn)(void *arg, const struct rate_piece *piece);

/* Cut `used` units between two instants by plan versions (sorted by valid_from_s), calendar, steps
 * and energy grants (sorted; may be NULL), price the pieces and move the state on. Sums of pieces are
 * exact: units add up to `used`, times to the interval.
 * ERR_NOT_FOUND: no version is in force at from_s. ERR_RANGE: the interval is empty or longer than 68
 * years, or `used` is negative. ERR_OVERFLOW: a charge leaves 64 bits. On an error nothing was reported or changed. */
MUST_USE enum err rate_interval(const struct plan *const *versions, size_t version_count,
                                struct rate_state *state, struct grant *grants, size_t grant_count,
                                int64_t from_s, int64_t to_s, int64_t used, rate_each_fn each,
                                void *arg);

/* Post exact charges as whole fen: *rest (0 .. one fen, in 1/1000 micro-yuan) is carried to the next
 * charge of the same meter, line and version. A correction may be below 0: fen are rounded down all the
 * same, so that the rest never is. ERR_OVERFLOW: nothing changed. */
MUST_USE enum err rate_post(int64_t *rest, int64_t charge, struct money *fen);

#endif
