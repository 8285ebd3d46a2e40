/* Sums for one look at a property, and its power each quarter of an hour (docs/design/overview.md). All reads are
 * for a reader thread. */
#ifndef PLATFORM_STORE_OVERVIEW_H
#define PLATFORM_STORE_OVERVIEW_H

#include "platform/store/db.h"

struct overview_received {
	int64_t received_fen, count; /* purchases that were paid, also those reversed later */
	int64_t returned_fen;        /* reversed, refunded, paid out */
};
/* From an instant on. */
MUST_USE enum err overview_received(struct db *db, int64_t property_id, int64_t from_ms,
                                    struct overview_received *sum);

/* What tenants have with the property, and what they owe it, by the ledger; both are >= 0. */
MUST_USE enum err overview_balances(struct db *db, int64_t property_id, int64_t *credit_fen,
                                    int64_t *owed_fen);

/* Accounts that are open by what their balance means: enum balance_state. Who was never looked at is good. */
MUST_USE enum err overview_states(struct db *db, int64_t property_id, int64_t *count,
                                  size_t states);
/* Accounts whose balance is not good, those with the least by the ledger first; at most `limit`. */
MUST_USE enum err overview_at_risk(struct db *db, int64_t property_id, size_t limit,
                                   int64_t *account_ids, size_t *count);

struct overview_use {
	int64_t meter, energy_wh, cost_fen;
};
/* Electricity of a civil day that is not posted yet, the greatest first; at most `limit`. */
MUST_USE enum err overview_uses(struct db *db, int64_t property_id, int64_t day, size_t limit,
                                struct overview_use *uses, size_t *count);

/* What waits for somebody. */
struct overview_waiting {
	int64_t commands;    /* not ended */
	int64_t held;        /* openings that the guard holds */
	int64_t intervals;   /* readings that cannot be charged */
	int64_t differences; /* between a bill and us */
	int64_t suspense;
	int64_t approvals;
	int64_t leases; /* reminders of ends */
};
MUST_USE enum err overview_waiting(struct db *db, int64_t property_id,
                                   struct overview_waiting *waiting);

/* ---- power ---- */

#define POWER_EVERY_S 900
#define POWER_KEEP_S  INT64_C(3456000) /* forty days */

struct power_row {
	int64_t property_id, at_s;
	int64_t power_w, meters; /* of so many that told it */
};
/* One of this instant changes nothing. */
MUST_USE enum err power_insert(struct db *db, const struct power_row *row);
MUST_USE enum err power_list(struct db *db, int64_t property_id, int64_t from_s,
                             void (*each)(void *arg, const struct power_row *), void *arg);
MUST_USE enum err power_remove(struct db *db, int64_t before_s);

#endif
