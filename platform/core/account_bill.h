/* What an account costs beside its use, and how postpaid accounts are billed: the monthly fee, charged
 * day by day, and bills with a last day, a reminder and a list of those that are late. A civil day of
 * the property belongs to the account that is open when it begins. docs/design/money.md. */
#ifndef PLATFORM_CORE_ACCOUNT_BILL_H
#define PLATFORM_CORE_ACCOUNT_BILL_H

#include "platform/core/account.h"
#include "platform/store/account_bill.h"

#define BILL_REMIND_DAYS 3  /* before its last day a bill that is not paid is reminded of */
#define BILL_WAIT_DAYS   1  /* so long a bill waits for readings of its last day */
#define BILL_CATCH_UP    40 /* days of an account done in one step */

/* Monthly fees of the account, for its days up to today that have none (key `fee:ACCOUNT:MONTH:DAY`, each
 * once), by the terms of each day. */
MUST_USE enum err account_fees(struct tx *tx, const struct property_row *property,
                               const struct account_row *row, int64_t now_ms);

/* Makes the bill that is due: on the billing day of a postpaid account, or on the day on which it stopped to
 * be one. *waits: use of the last day is not posted yet. */
MUST_USE enum err account_bill_make(struct tx *tx, const struct property_row *property,
                                    const struct account_row *row, int64_t now_ms, bool *waits);

/* How the account stands with its bills. Payments settle the oldest bill first; what was used since the
 * last bill is not billed yet. */
struct account_standing {
	int64_t owed_fen;     /* below zero in the ledger */
	int64_t unbilled_fen; /* use since the last bill, whatever was paid */
	int64_t billed_fen;   /* open parts of all bills */
	int64_t overdue_fen;  /* of those whose last day is over */
	int64_t due_day;      /* of the oldest that is open; 0: none */
	bool trips;           /* something is overdue, and the terms say that it may trip */
};
MUST_USE enum err account_standing(struct db *db, const struct property_row *property,
                                   int64_t account_id, int64_t now_s,
                                   struct account_standing *standing);

/* Open parts of bills, newest first, of what is owed: those of `amount` that the newest use and bills
 * do not take. Pure. */
void account_bill_open(int64_t owed_fen, int64_t unbilled_fen, size_t count,
                       const int64_t amount_fen[], int64_t open_fen[]);

#define BILL_OPEN_MAX 120 /* of an account, looked at from the newest */

struct account_bill_part {
	struct account_bill row;
	int64_t open_fen;
	bool overdue;
};
/* Newest first, each with what of it is open. */
MUST_USE enum err account_bill_parts(struct db *db, const struct property_row *property,
                                     int64_t account_id, int64_t now_s,
                                     struct account_bill_part parts[BILL_OPEN_MAX], size_t *count,
                                     struct account_standing *standing);

/* The daily work of one property: fees, bills, reminders, marks of what is late or was paid. *more: call
 * again at once; *waits: again in an hour. */
MUST_USE enum err account_daily(struct tx *tx, const struct property_row *property, int64_t now_ms,
                                struct effects *out, bool *more, bool *waits);

#endif
