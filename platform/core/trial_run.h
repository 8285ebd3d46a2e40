/* A tariff's version tried on stored readings: accounts, plans, and the few readings that a trial needs,
 * slice by slice on the reader threads. Nothing is written. docs/design/tariff.md, "Trying a version". */
#ifndef PLATFORM_CORE_TRIAL_RUN_H
#define PLATFORM_CORE_TRIAL_RUN_H

#include "platform/core/reader.h"
#include "platform/core/tariff.h"
#include "platform/store/customer.h"
#include "platform/store/space.h"

struct tariff_trial;

struct tariff_trial_ask {
	int64_t group_id, property_id;
	int32_t utc_offset_s;
	int64_t tariff_id, version_id;
	bool all;         /* meters of its service, also those that pay by another tariff */
	int64_t space_id; /* only here and below; 0: everywhere */
	int64_t from_s, to_s, now_s;
	int64_t period_s; /* of meters without a reading plan of their own */
};

/* What an account would pay, now and by the version that is tried. */
struct tariff_trial_row {
	int64_t account_id, customer_id;
	char code[ACCOUNT_CODE_SIZE], customer[CUSTOMER_NAME_SIZE], path[SPACE_PATH_SIZE];
	size_t meters, without; /* without: meters of which nothing is stored */
	int64_t from_s, to_s;   /* of what was found; 0, 0: nothing */
	int64_t units;          /* Wh or litres */
	int64_t now_fen, tried_fen;
	bool priced; /* false: some of it has no price now, and now_fen is what has one */
	uint32_t faults;
};

struct tariff_trial_sums {
	size_t accounts, meters, flat_fee; /* flat_fee: meters left out, under a monthly fee */
	size_t more, less, same;           /* accounts */
	int64_t units, now_fen, tried_fen;
	uint64_t damaged; /* batches that could not be read */
};

MUST_USE enum err tariff_trial_new(struct tariff_trial **trial, const struct tariff_trial_ask *ask);
void tariff_trial_free(struct tariff_trial *trial);

/* Some more of it. `each` is called for accounts, once all is read.
 * ERR_NOT_FOUND: no such version. ERR_REFUSED: a tariff derived from it would leave its limits, or too many
 * tariffs meet in it. */
MUST_USE enum err
tariff_trial_slice(struct tariff_trial *trial, struct reader *reader,
                   enum err (*each)(void *arg, const struct tariff_trial_row *row), void *arg);
bool tariff_trial_over(const struct tariff_trial *trial);
int64_t tariff_trial_permille(const struct tariff_trial *trial);
const struct tariff_trial_sums *tariff_trial_sums(const struct tariff_trial *trial);

#endif
