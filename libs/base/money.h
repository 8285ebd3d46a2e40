/* Money and energy are integers with a type: fen cannot be added to watt-hours, and nobody
 * outside this folder and libs/credit reaches for .fen or .wh except to store or print it. */
#ifndef LIBS_BASE_MONEY_H
#define LIBS_BASE_MONEY_H

#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct money {
	int64_t fen;
};

struct energy {
	int64_t wh;
};

struct tariff {
	int64_t uy_per_kwh; /* micro-yuan per kWh: 0.5283 yuan is 528300 */
};

static inline struct money money_fen(int64_t fen)
{
	return (struct money){fen};
}

static inline struct energy energy_wh(int64_t wh)
{
	return (struct energy){wh};
}

/* False on overflow. */
MUST_USE bool money_add(struct money a, struct money b, struct money *sum);
MUST_USE bool money_sub(struct money a, struct money b, struct money *difference);
MUST_USE bool energy_add(struct energy a, struct energy b, struct energy *sum);
MUST_USE bool energy_sub(struct energy a, struct energy b, struct energy *difference);

/* < 0, 0, > 0 as a is below, equal to, above b. */
int money_cmp(struct money a, struct money b);
int energy_cmp(struct energy a, struct energy b);

/* Charge for `used` at `price`. What does not make a whole fen stays in *rest (in 1/1000
 * micro-yuan) for the next call: nothing is rounded away. False on overflow; then *charge and *rest
 * are as before. */
MUST_USE bool charge_energy(struct money *charge, int64_t *rest, struct energy used,
                            struct tariff price);

/* "-12.05": yuan with two decimals. `size` >= MONEY_TEXT_SIZE. */
#define MONEY_TEXT_SIZE 24
void money_format(struct money m, char *text, size_t size);
#endif
