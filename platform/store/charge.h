/* How far each meter is billed, what its use cost day by day, and what is left below one fen
 * (docs/design/money.md, "Rating"). Written by platform/core/rating.c alone. */
#ifndef PLATFORM_STORE_CHARGE_H
#define PLATFORM_STORE_CHARGE_H

#include "libs/base/money.h"
#include "platform/store/account.h"

enum rating_fault {
	RATING_SOUND,
	RATING_BACK,     /* the register fell: reset, or another meter */
	RATING_JUMP,     /* more than the circuit can carry */
	RATING_NEGATIVE, /* no register of this meter */
	RATING_UNPRICED, /* no tariff is in force: ends by itself when there is one */
	RATING_OVERFLOW, /* a charge beyond all bounds */
};

const char *rating_fault_word(enum rating_fault fault); /* "" "register-back" ... */

struct rating_row {
	int64_t property_id, meter;
	int64_t account_id; /* 0: no open use */
	int64_t use_from_s;
	enum service service;
	int64_t billed_s, billed_units; /* the cursor */
	int64_t step_used, step_settled_s;
	int64_t accrued;    /* sum of `exact` of the rows that are not posted */
	int64_t posted_day; /* days before it are posted */
	enum rating_fault fault;
	int64_t fault_s, fault_units; /* the reading that was refused */
	int64_t version;
};

/* ERR_NOT_FOUND: it was never rated. */
MUST_USE enum err rating_get(struct db *db, int64_t property_id, int64_t meter,
                             struct rating_row *row);
/* version 0: the first; else the one with this version. It grows by one. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err rating_put(struct db *db, struct rating_row *row);
/* Of an account's open uses, by meter. */
MUST_USE enum err rating_of_account(struct db *db, int64_t property_id, int64_t account_id,
                                    bool (*each)(void *arg, const struct rating_row *), void *arg);
/* Open uses of a property by meter, those above `after`; faults_only: those that wait for a person. */
MUST_USE enum err rating_walk(struct db *db, int64_t property_id, int64_t after, bool faults_only,
                              bool (*each)(void *arg, const struct rating_row *), void *arg);

/* Left below one fen, 0 when there is none. */
MUST_USE enum err rating_rest_get(struct db *db, int64_t property_id, int64_t meter, int32_t line,
                                  int64_t version_id, int64_t *rest);
MUST_USE enum err rating_rest_put(struct db *db, int64_t property_id, int64_t meter, int32_t line,
                                  int64_t version_id, int64_t rest);

#define CHARGE_LINE_FEE     8
#define CHARGE_LINE_MINIMUM 9

#define CHARGE_OPEN 0    /* group_no of a row that is not posted */
#define CHARGE_FREE (-1) /* posted, and nothing of it came to a fen: no group */

/* A part of a day's use with one price. */
struct charge_row {
	int64_t property_id, meter, day, charge_no;
	int64_t account_id, use_from_s;
	int32_t line; /* 0 main, 1..3 further, CHARGE_LINE_FEE, CHARGE_LINE_MINIMUM */
	int64_t version_id;
	int32_t rate, step; /* rate from 1, step from 0 */
	bool estimated;     /* divided by time inside a longer interval */
	int64_t allowance_id;
	int64_t from_s, to_s, from_units, to_units; /* it lies between these */
	int64_t units, price_uy;
	int64_t exact;       /* units x price, 1/1000 micro-yuan */
	struct money amount; /* once posted; all of a line sum to its entry */
	int64_t group_no;
};

MUST_USE enum err charge_insert(struct db *db, const struct charge_row *row);
/* to_s, to_units, units, exact, amount, group_no of an open row. ERR_CONFLICT: it is posted. */
MUST_USE enum err charge_update(struct db *db, const struct charge_row *row);
/* Of a meter by day and number; open_only: those that are not posted. */
MUST_USE enum err charge_list(struct db *db, int64_t property_id, int64_t meter, int64_t from_day,
                              int64_t to_day, bool open_only,
                              bool (*each)(void *arg, const struct charge_row *), void *arg);
/* Of an account's meters by day, meter and number. */
MUST_USE enum err charge_of_account(struct db *db, int64_t property_id, int64_t account_id,
                                    int64_t from_day, int64_t to_day,
                                    bool (*each)(void *arg, const struct charge_row *), void *arg);
/* The greatest number of a day's rows; 0: none. */
MUST_USE enum err charge_last(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                              int64_t *charge_no);
/* What the main line of a use was charged in [from_day, to_day), posted. */
MUST_USE enum err charge_main_sum(struct db *db, int64_t property_id, int64_t meter,
                                  int64_t use_from_s, int64_t from_day, int64_t to_day,
                                  struct money *sum);

/* Do the parts sum to the wholes? *meter or *group_no is where they do not; both 0: everywhere. Reads all
 * charges of the property. */
MUST_USE enum err charge_verify(struct db *db, int64_t property_id, int64_t *meter,
                                int64_t *group_no);

#endif
