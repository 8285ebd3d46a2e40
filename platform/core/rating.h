/* Rating: from readings to charges (docs/design/money.md, "Rating"). Each meter with an open use has a
 * cursor: billed through this register at this second. Only these functions move it, in the caller's
 * transaction, so whatever is killed, nothing is charged twice and nothing is left out.
 *
 * Nothing here reads a clock or readings: the caller brings both. */
#ifndef PLATFORM_CORE_RATING_H
#define PLATFORM_CORE_RATING_H

#include "libs/credit/rate.h"
#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/step.h"
#include "platform/core/tariff.h"
#include "platform/store/charge.h"

/* ---- the use of a meter begins ---- */

struct rating_start {
	int64_t property_id, meter, account_id;
	enum service service;
	enum credit_place credit; /* 0: the platform's */
	int64_t from_s;           /* from_s of the use (account_meter) */
	int64_t units;            /* its register then: the baseline */
	/* Step position that goes on: at a swap that of the old meter. Zeroed: nothing used yet. */
	struct rate_state step;
};

/* ERR_BUSY: the meter's use before it has not been settled. ERR_BAD_INPUT: a register below 0. */
MUST_USE enum err rating_start(struct tx *tx, const struct rating_start *start);

/* What no circuit or pipe of the property carries more of. */
MUST_USE enum err rating_register(struct db *db, int64_t property_id, enum service service,
                                  struct rate_register *reg);

/* ---- passes ---- */

/* Why readings that came late change nothing, so that a person has to look. */
enum rating_late {
	LATE_NONE, /* there are none */
	LATE_ALLOWANCE,
	LATE_STEPS,
	LATE_ENDED,
	LATE_OLD,
	LATE_UNPRICED,
	LATE_DECIDED,
};

/* Of an interval that stays as it was charged. */
struct rating_left {
	enum rating_late why;
	int64_t at_s; /* when it ended; LATE_OLD: when the reading was made */
};

#define RATING_LEFT_MAX 16 /* of a meter and pass; each outage is one */

struct rating_pass {
	int64_t property_id, meter;
	/* Readings by time. Those behind the cursor move it on; those before it may divide anew what was charged
	 * without them; those after now are passed over. NULL: the newest one of the table `latest`. */
	const struct rate_mark *marks;
	size_t count;

	/* answers */
	int64_t account_id; /* 0: the meter has no open use, and nothing was done */
	struct rating_left left[RATING_LEFT_MAX];
	size_t left_count;
	bool moved; /* the cursor went on, a fault was found, or what was charged was corrected: the
	             * supply is to be thought over */
	int64_t posted;          /* days that were posted */
	enum rating_fault fault; /* found now, and a person is to decide; else RATING_SOUND */
	int64_t fault_s, fault_units;
};

/* Moves the cursors of meters of one property, ascending and each once, to the newest sound reading of each,
 * and posts the days that are over by it: one group a day for all of them, and corrections of such days. A reading that cannot be charged sets
 * the fault (struct rating_row) and is no error; the cursor then stays until a person decides
 * (rating_resolve_step). 1 <= count. */
MUST_USE enum err rating_passes(struct tx *tx, struct rating_pass *passes, size_t count,
                                struct tariff_cache *cache, int64_t now_ms);

/* ---- the use ends ---- */

struct rating_settle {
	int64_t property_id, meter;
	int64_t at_s;  /* not before the cursor, not after now */
	int64_t units; /* the register then */
	bool accepted; /* a person has seen that more came than the circuit can carry */
	struct tariff_cache *cache; /* may be NULL */

	/* answers */
	struct rate_state step; /* for rating_start of the meter that follows */
	struct rating_row row;  /* as the rating was before it ended */
	struct fault fault;     /* field `at`, `register` */
};

/* Charges to the register, posts all that is open, and ends the rating: the account has been charged
 * in full. ERR_NOT_FOUND: the meter has no rating. ERR_REFUSED: more is billed already, or this register
 * cannot be charged; `fault` says why. */
MUST_USE enum err rating_settle(struct tx *tx, struct rating_settle *settle, int64_t now_ms);

/* ---- a person decides ---- */

enum rating_how {
	RATING_ACCEPT,   /* the reading is right, though it is more than the circuit carries */
	RATING_BASELINE, /* begin anew at the reading; what lies before it is not charged */
	RATING_QUANTITY, /* so many units were used until then; begin anew at the reading */
	RATING_DISCARD,  /* the reading is wrong; go on from the cursor */
};

bool rating_how_parse(const char *word, enum rating_how *how); /* "accept" ... */

struct rating_resolve {
	struct actor actor;     /* needs ledger.write, and a reason */
	struct place place;     /* of the meter */
	int64_t meter, version; /* of the rating's row */
	enum rating_how how;
	int64_t units; /* RATING_QUANTITY: Wh or litres, >= 0; charged as estimated */

	/* answers */
	struct rating_row row;
	struct fault fault;
};

/* Ends a fault that waits for a person; what is charged is posted as that of a pass. ERR_REFUSED: there
 * is none, or this way does not end it. ERR_CONFLICT: another version. */
MUST_USE enum err rating_resolve_step(struct tx *tx, void *rating_resolve, int64_t now_ms,
                                      struct effects *out);

/* ---- what an account has ---- */

#define RATING_FRESH_S       1800  /* electricity: a reading is recent that long */
#define RATING_FRESH_WATER_S 93600 /* water reports once a day: 26 h */

struct account_money {
	struct money ledger;    /* balance of its entries */
	struct money allowance; /* money allowances that may be used now */
	int64_t accrued;        /* its meters' use that is not posted, 1/1000 micro-yuan */
	struct money available; /* ledger + allowance - accrued, rounded down */
	struct money
	        in_meters;   /* beside it, in the purses of its meters by our books, rounded down */
	struct money usable; /* available + in_meters: what supply is decided by */
	int64_t as_of_s;     /* oldest cursor of its meters; INT64_MAX: it has none */
	bool fresh;          /* every cursor is recent and without a fault */
	int64_t meters, faults;
};

/* ERR_DAMAGED: a balance fails its proof. */
MUST_USE enum err account_money(struct db *db, int64_t property_id, int64_t account_id,
                                int64_t now_ms, struct account_money *money);

#endif
