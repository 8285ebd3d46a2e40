/* Bills of postpaid accounts, and up to which day each account's monthly fee is charged. What they
 * mean: docs/design/money.md. */
#ifndef PLATFORM_STORE_ACCOUNT_BILL_H
#define PLATFORM_STORE_ACCOUNT_BILL_H

#include "platform/store/db.h"

/* Days are civil days since 1970; [from, to). */
struct account_bill {
	int64_t property_id, account_id, bill_no; /* 1, 2, ... of the account */
	int64_t from_day, to_day, due_day;        /* due_day: the last day in time */
	int64_t amount_fen;
	int64_t made_s;
	/* Entries of the account's ledger that are in it or in those before: all up to group `scanned` but
	 * those of days from to_day on, the first of which comes behind group `scan_after`. */
	int64_t scanned, scan_after;
	int64_t reminded_s, overdue_s, paid_s; /* 0: not yet */
	int64_t version;
};

/* Gives it bill_no and version. */
MUST_USE enum err account_bill_insert(struct db *db, struct account_bill *row);
MUST_USE enum err account_bill_get(struct db *db, int64_t property_id, int64_t account_id,
                                   int64_t bill_no, struct account_bill *row);
/* The newest. ERR_NOT_FOUND: none yet. */
MUST_USE enum err account_bill_last(struct db *db, int64_t property_id, int64_t account_id,
                                    struct account_bill *row);
/* reminded_s, overdue_s, paid_s. ERR_CONFLICT. */
MUST_USE enum err account_bill_update(struct db *db, struct account_bill *row);
/* Of an account, newest first, those below `before` (0: all). */
MUST_USE enum err account_bill_list(struct db *db, int64_t property_id, int64_t account_id,
                                    int64_t before,
                                    bool (*each)(void *arg, const struct account_bill *),
                                    void *arg);

struct account_bill_cursor {
	int64_t account_id, bill_no;
};
/* Of a property, not paid yet, by account and number, those behind `after`; due_before: only those whose
 * last day is before this one (INT64_MAX: all). */
MUST_USE enum err account_bill_unpaid(struct db *db, int64_t property_id,
                                      const struct account_bill_cursor *after, int64_t due_before,
                                      bool (*each)(void *arg, const struct account_bill *),
                                      void *arg);

/* How far the daily work of an account has come; 0: it has not begun. */
struct account_days {
	int64_t fee_day;  /* days up to it have their fee */
	int64_t bill_day; /* days up to it were looked at for a bill */
};
MUST_USE enum err account_days_get(struct db *db, int64_t property_id, int64_t account_id,
                                   struct account_days *days);
MUST_USE enum err account_days_put(struct db *db, int64_t property_id, int64_t account_id,
                                   const struct account_days *days);

#endif
