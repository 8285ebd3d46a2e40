/* How far each meter is billed, what its use cost day by day, and what is left below one fen
 * (docs/design/money.md, "Rating" and "What is stored"). Written by platform/core/rating*.c alone. */
#ifndef PLATFORM_STORE_CHARGE_H
#define PLATFORM_STORE_CHARGE_H

#include "libs/base/money.h"
#include "platform/store/account.h"
#include "platform/store/keyed.h"

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
	int64_t version_id; /* the price version of the newest charge; 0: none yet */
	enum rating_fault fault;
	int64_t fault_s, fault_units; /* the reading that was refused */
	enum credit_place credit;     /* whose purse pays: the account's or the meter's */
	int64_t version;
};

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
	bool correction; /* late readings: units and money may be below 0 */
};

/* What is left below one fen, of a line and version, in 1/1000 micro-yuan: 0 .. one fen. */
struct charge_rest {
	int32_t line;
	int64_t version_id, rest;
};

/* What stands beside a cursor: rests, and the charges that are not posted. Zeroed it is empty; it may be
 * used again for another meter. */
struct rating_open {
	struct charge_row *charge;
	size_t count, room;
	struct charge_rest *rest;
	size_t rests, rests_room;
	bool failed; /* no memory for one more */
};

/* One more, to be filled; or as `rest` says. NULL: no memory. */
struct charge_row *rating_open_charge(struct rating_open *open);
struct charge_rest *rating_open_rest(struct rating_open *open, const struct charge_rest *rest);
void rating_open_free(struct rating_open *open);

/* ---- cursors ---- */

/* ERR_NOT_FOUND: it was never rated. */
MUST_USE enum err rating_get(struct db *db, int64_t property_id, int64_t meter,
                             struct rating_row *row);
/* With what is open. */
MUST_USE enum err rating_get_open(struct db *db, int64_t property_id, int64_t meter,
                                  struct rating_row *row, struct rating_open *open);
/* Of many meters: `at` says of which. `open` is what rating_unpack_open takes. */
MUST_USE enum err rating_read_many(struct db *db, int64_t property_id, struct keyed *meters,
                                   void (*each)(void *arg, size_t at, const struct rating_row *row,
                                                const uint8_t *open, size_t len),
                                   void *arg);
/* version 0: the first; else the one with this version. It grows by one. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err rating_put(struct db *db, struct rating_row *row, const struct rating_open *open);

/* A cursor that went on, with the bytes of rating_pack. */
struct rating_moved {
	const struct rating_row *row;
	const uint8_t *packed;
	size_t len;
	bool fault; /* its fault is another one */
};
/* Of meters that were read in this transaction and are rated, by meter; cursor, step, money, fault.
 * ERR_CONFLICT: one is not there. `dense` as keyed_read found. */
MUST_USE enum err rating_move_many(struct db *db, int64_t property_id,
                                   const struct rating_moved *moved, size_t count, bool dense);
/* Of an account's open uses, by meter. */
MUST_USE enum err rating_of_account(struct db *db, int64_t property_id, int64_t account_id,
                                    bool (*each)(void *arg, const struct rating_row *), void *arg);
/* Open uses of a property by meter, those above `after`; faults_only: those that wait for a person. */
MUST_USE enum err rating_walk(struct db *db, int64_t property_id, int64_t after, bool faults_only,
                              bool (*each)(void *arg, const struct rating_row *), void *arg);

/* ---- gaps ---- */

/* Is it divided anew when readings come late from inside it? */
enum gap_kept {
	GAP_DIVIDED,   /* yes */
	GAP_ALLOWANCE, /* no: its account had an allowance open */
	GAP_DECIDED,   /* no: a person said what was used */
};

#define GAP_KEPT_LAST GAP_DECIDED

/* A long interval as it was charged, in which more than one price held. */
struct rating_gap {
	enum gap_kept kept;
	int64_t property_id, meter, use_from_s;
	int64_t from_s, to_s, from_units, to_units;
	int64_t step_used, step_settled_s; /* at its beginning */
	int64_t end_used, end_settled_s;   /* and at its end */
	struct rating_open parts;          /* its charges */
};

/* ERR_CONFLICT: one that ends then is there. */
MUST_USE enum err rating_gap_put(struct db *db, const struct rating_gap *gap);
MUST_USE enum err rating_gap_delete(struct db *db, const struct rating_gap *gap);
/* Of a meter and all its uses, by time; rating_gaps_free after any answer. */
MUST_USE enum err rating_gaps_read(struct db *db, const struct rating_row *of,
                                   struct rating_gap **gaps, size_t *count);
void rating_gaps_free(struct rating_gap *gaps, size_t count);
MUST_USE enum err rating_gaps_any(struct db *db, int64_t property_id, int64_t meter, bool *any);
/* Those that end before `until_s`. */
MUST_USE enum err rating_gaps_drop(struct db *db, const struct rating_row *of, int64_t until_s);

/* ---- charges ---- */

/* A day of a meter's use that is posted: all of it in one row, never changed. */
struct charge_day {
	int64_t day, meter, use_from_s, account_id;
	int64_t group_no;      /* or CHARGE_FREE */
	struct money amount;   /* of its parts */
	const uint8_t *packed; /* these, by charge_pack */
	size_t len;
};

/* What late readings changed of a day that is posted. */
struct charge_correction {
	struct charge_day of;
	int64_t from_s, to_s; /* the interval that was divided anew */
};

/* ERR_DUP: such a day was posted before. The transaction must then be undone. */
MUST_USE enum err charge_days_insert(struct db *db, int64_t property_id,
                                     const struct charge_day *days, size_t count);
/* ERR_DUP, ERR_CONFLICT: it is there. The transaction must then be undone. */
MUST_USE enum err charge_correction_insert(struct db *db, int64_t property_id,
                                           const struct charge_correction *correction);
/* The group in which a day was posted; 0: in none. */
MUST_USE enum err charge_day_group(struct db *db, const struct charge_row *of, int64_t *group_no);
/* Of a meter by day and number, [from_day, to_day), a day's corrections behind it; what is open comes last. */
MUST_USE enum err charge_list(struct db *db, int64_t property_id, int64_t meter, int64_t from_day,
                              int64_t to_day, bool (*each)(void *arg, const struct charge_row *),
                              void *arg);
/* Of an account's meters: posted ones by day, meter and number, then what is open by meter. */
MUST_USE enum err charge_of_account(struct db *db, int64_t property_id, int64_t account_id,
                                    int64_t from_day, int64_t to_day,
                                    bool (*each)(void *arg, const struct charge_row *), void *arg);

/* Do the parts sum to the wholes? *meter or *group_no is where they do not; both 0: everywhere. Looks at what is
 * open, and at the days of groups above `after_no`; 0: at all charges of the property. */
MUST_USE enum err charge_verify(struct db *db, int64_t property_id, int64_t after_no,
                                int64_t *meter, int64_t *group_no);

#endif
