/* Allowances: given and cleared by people in batches, refilled by their period, used by rating before
 * paid money, and lapsed at their end (docs/design/money.md, "Allowances"). */
#ifndef PLATFORM_CORE_ALLOWANCE_H
#define PLATFORM_CORE_ALLOWANCE_H

#include "platform/core/admin.h"
#include "platform/core/fault.h"
#include "platform/store/allowance.h"

#define ALLOWANCES_MAX 16 /* of one account at a time: RATE_GRANTS_MAX */

/* ---- people; for many accounts at once they are rows of a roster (roster.h) ---- */

struct allowance_terms {
	enum grant_kind kind;
	enum service service; /* of energy; of money it means nothing */
	char source[ALLOWANCE_SOURCE_SIZE];
	enum allowance_period period;
	int64_t amount, cap;     /* Wh, litres or fen, a time; cap 0: no stacking */
	int64_t from_s, until_s; /* INT64_MAX: no end */
};
/* Are they in themselves right? ERR_BAD_INPUT names the field. */
MUST_USE enum err allowance_check(const struct allowance_terms *terms, struct fault *fault);

struct allowance_give {
	struct actor actor; /* needs allowance.write where the account is, and a reason */
	int64_t property_id, account_id;
	struct allowance_terms terms;
	struct allowance_row row; /* answer */
	struct fault fault;
};
/* What begins now is there at once. ERR_REFUSED: the account is closed, or has ALLOWANCES_MAX. */
MUST_USE enum err allowance_give_step(struct tx *tx, void *allowance_give, int64_t now_ms,
                                      struct effects *out);

struct allowance_clear {
	struct actor actor; /* the same */
	int64_t property_id, account_id;
	const char *source; /* only of this source; NULL: all */
	size_t cleared;     /* answer */
	struct fault fault;
};
/* What is left lapses. */
MUST_USE enum err allowance_clear_step(struct tx *tx, void *allowance_clear, int64_t now_ms,
                                       struct effects *out);

struct allowance_end {
	struct actor actor; /* the same */
	int64_t property_id, allowance_id, version;
	struct allowance_row row; /* answer */
	struct fault fault;
};
/* One of them. ERR_REFUSED: it is over. */
MUST_USE enum err allowance_end_step(struct tx *tx, void *allowance_end, int64_t now_ms,
                                     struct effects *out);

/* All allowances of an account end: at its closing. `*lapsed`: the money among them. */
MUST_USE enum err allowance_lapse_all(struct tx *tx, int64_t property_id, int64_t account_id,
                                      const char *who, int64_t now_ms, struct money *lapsed);

/* Its first period, if it has begun by now; and its end, with what is left. Money is posted, the row is the
 * caller's to store. */
MUST_USE enum err allowance_begin(struct tx *tx, struct allowance_row *row, int32_t utc_offset_s,
                                  int64_t now_ms);
MUST_USE enum err allowance_finish(struct tx *tx, struct allowance_row *row, const char *who,
                                   int64_t at_s, int32_t utc_offset_s, int64_t now_ms);

/* ---- for rating ---- */

struct allowances {
	size_t count;
	struct allowance_row row[ALLOWANCES_MAX];
	int64_t used[ALLOWANCES_MAX];       /* since it was read: not stored yet */
	struct grant grant[ALLOWANCES_MAX]; /* in order of use; grant_id is the allowance's */
	size_t grant_count;
};

MUST_USE enum err allowances_read(struct db *db, int64_t property_id, int64_t account_id,
                                  struct allowances *allowances);
/* What the periods give up to an instant, and what ends by it; money that ends inside a day stays until the day is
 * over, since that is when it is paid. Money is posted. */
MUST_USE enum err allowances_refill(struct tx *tx, struct allowances *allowances, int64_t at_s,
                                    int32_t utc_offset_s, int64_t now_ms);
/* The next instant after this at which one of them begins or ends; INT64_MAX: none does. */
int64_t allowances_edge(const struct allowances *allowances, int64_t at_s);
/* Does money end after the first and by the second of two instants? */
bool allowances_money_ends(const struct allowances *allowances, int64_t after_s, int64_t by_s);
/* Grants of one kind (and service, of energy) as they stand, in order of use. */
void allowances_grants(struct allowances *allowances, enum grant_kind kind, enum service service);
/* Takes what rating used out of the grants back into the rows. */
void allowances_take(struct allowances *allowances);
MUST_USE enum err allowances_store(struct db *db, struct allowances *allowances);

/* Money that may be used at an instant, and what is left of money that ended before it and still pays for what was
 * used until then. */
MUST_USE enum err allowance_money(struct db *db, int64_t property_id, int64_t account_id,
                                  int64_t at_s, struct money *money, struct money *ended);

#endif
