/* What orders, refunds and shifts need of accounts and of the ledger: an account and the right to it, its
 * limits and money, and the posting of a group with its key, day and hand. */
#ifndef PLATFORM_CORE_BOOKS_H
#define PLATFORM_CORE_BOOKS_H

#include "libs/credit/balance.h"
#include "platform/core/approval.h"
#include "platform/core/fault.h"
#include "platform/core/organisation.h"
#include "platform/store/account.h"
#include "platform/store/ledger.h"
#include "platform/store/vend.h"

#define BOOKS_AMOUNT_MAX INT64_C(1000000000) /* fen in one act: ten million yuan */

/* The account, for who holds `permission` where its customer is. ERR_HIDDEN: he may not read it either; with
 * a `field` it was named in a body, and what he does not see is ERR_BAD_INPUT of that field. */
MUST_USE enum err books_account(struct tx *tx, const struct actor *actor,
                                enum permission permission, int64_t property_id, int64_t account_id,
                                const char *field, struct fault *fault, struct account_row *row,
                                int64_t now_ms);
/* Where approvals about an account are asked: the first of its customer's places. */
MUST_USE enum err books_place(struct db *db, const struct account_row *account, int64_t now_ms,
                              struct place *place);
/* May he see what is about this account? account_id 0: what belongs to the whole property. */
MUST_USE enum err books_shows(struct db *db, const struct access *access,
                              enum permission permission, int64_t property_id, int64_t account_id,
                              int64_t now_s, bool *shows);

/* Its own limits, else those of its plan. */
MUST_USE enum err books_limits(struct db *db, const struct account_row *account,
                               struct balance_limits *limits);

struct books_money {
	struct money balance; /* what it may use now, allowances too: what is owed is below 0 */
	struct money own;     /* the same without allowances, and what is on its way into meters */
	struct money cash;    /* paid and opening money, less what went back; never below 0 */
	struct money refundable; /* of that what is not used; never below 0 */
	struct money
	        paid; /* as cash, whatever was owed at the opening; what goes back of one order is in it */
};

/* All but `balance` only when `whole`: that reads all lines of the account. */
MUST_USE enum err books_money(struct db *db, int64_t property_id, int64_t account_id, bool whole,
                              int64_t now_ms, struct books_money *money);

/* Fen of a channel, till or any other subject; INT64: for rows and people. */
MUST_USE enum err books_balance_fen(struct db *db, int64_t property_id, enum ledger_account account,
                                    int64_t subject, int64_t *fen);
int64_t books_fen(struct money money);

/* What follows when the money of an account changed: its supply is thought over. `came_in`: a purchase. */
MUST_USE enum err books_moved(struct tx *tx, int64_t property_id, int64_t account_id, bool came_in,
                              int64_t now_ms, struct effects *out);
/* And what its customer is told: `kind` of message_kinds with amount, balance, order and time, once. */
MUST_USE enum err books_tell(struct tx *tx, const char *kind, int64_t property_id,
                             int64_t account_id, int64_t order_id, int64_t fen, int64_t now_ms);

/* ---- posting ---- */

#define BOOKS_ENTRIES_MAX 16

struct books_post {
	int64_t property_id;
	char key[LEDGER_KEY_SIZE];
	const char *kind, *who, *reason;
	int64_t refers;
	bool receipt;
	size_t count;
	struct ledger_entry entry[BOOKS_ENTRIES_MAX];
	/* answers */
	int64_t group_no, receipt_no;
};

/* Leaves out what is 0. */
void books_add(struct books_post *post, enum ledger_account account, int64_t subject, int64_t fen);
/* On the civil day of `now_ms`. ERR_REFUSED with a fault: that day is closed. ERR_INTERNAL: posted before,
 * which the caller's own rows should have known. */
MUST_USE enum err books_post(struct tx *tx, struct books_post *post, struct fault *fault,
                             int64_t now_ms);

/* The first entry of money that comes in (fen > 0) or goes out: the till of a shift, or a channel. */
void books_add_channel(struct books_post *post, enum pay_channel channel, int64_t shift_id,
                       int64_t fen);

/* The actor's open shift. ERR_REFUSED with a fault: he has none. */
MUST_USE enum err books_shift(struct tx *tx, const struct actor *actor, int64_t property_id,
                              struct fault *fault, int64_t *shift_id);
/* An audit line about an amount: `order.sell`, "order 17", "12.00 yuan, cash". */
MUST_USE enum err books_audit(struct tx *tx, const struct actor *actor, int64_t property_id,
                              const char *action, const char *what, int64_t id, int64_t fen,
                              const char *detail, int64_t now_ms);

#endif
