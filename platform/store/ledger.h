/* The ledger: groups of entries that sum to zero, appended, numbered without gaps, chained by hashes; and
 * the balances that are their folds. What the accounts mean: docs/design/ledger.md. */
#ifndef PLATFORM_STORE_LEDGER_H
#define PLATFORM_STORE_LEDGER_H

#include "libs/base/money.h"
#include "platform/store/db.h"

#define LEDGER_HASH_SIZE   32
#define LEDGER_KEY_SIZE    97 /* 96 printable characters */
#define LEDGER_KIND_SIZE   33 /* `sale`, `charge`, `refund` ... */
#define LEDGER_WHO_SIZE    64
#define LEDGER_REASON_SIZE 256
#define LEDGER_ENTRIES_MAX 4096 /* a day of many accounts */

/* Numbers are stored: append only. */
enum ledger_account {
	LEDGER_ACCOUNT = 1,
	LEDGER_GRANT = 2,
	LEDGER_GRANT_COST = 3,
	LEDGER_METER = 4,
	LEDGER_TILL = 5,
	LEDGER_CHANNEL = 6,
	LEDGER_SALES = 7,
	LEDGER_FEE = 8,
	LEDGER_RECOVERED = 9,
	LEDGER_SUSPENSE = 10,
	LEDGER_PAYABLE = 11,
	LEDGER_ADJUST = 12,
	LEDGER_OPENING = 13,
};

#define LEDGER_ACCOUNT_LAST LEDGER_OPENING

const char *ledger_account_word(enum ledger_account account); /* "grant-cost" */

struct ledger_entry {
	enum ledger_account account;
	int64_t subject;     /* whose; 0 where there is only one */
	struct money amount; /* credit positive; never 0 */
};

struct ledger_group {
	int64_t property_id;
	const char *key; /* unique in the property: a retry posts nothing twice */
	const char *kind;
	int64_t at_ms;
	int64_t day;    /* civil, that it belongs to; not a closed one */
	int64_t refers; /* the group that it corrects; 0: none */
	const char *who, *reason;
	bool receipt; /* takes the next number of the receipts */
	const struct ledger_entry *entries;
	size_t count; /* 2 .. LEDGER_ENTRIES_MAX */

	/* answers */
	int64_t group_no, receipt_no; /* receipt_no 0: it has none */
};

/* In the caller's transaction. ERR_DUP: it was posted before, with this content (kind, refers and
 * entries); the answers are that one's. ERR_CONFLICT: the key belongs to other content, or another
 * writer was faster. ERR_BAD_INPUT: a text too long or missing, entries that do not sum to zero, one
 * of 0, too few or too many, or `refers` names no group. ERR_REFUSED: the day is closed.
 * ERR_OVERFLOW: a balance would leave 64 bits. ERR_DAMAGED: a row fails its proof. After an error
 * other than ERR_DUP the transaction must be undone. */
MUST_USE enum err ledger_post(struct db *db, struct ledger_group *group);

struct ledger_balance {
	struct money balance;
	int64_t entries;  /* how many made it; 0: none yet */
	int64_t group_no; /* the newest of them */
};
/* An account without entries is one of 0. ERR_DAMAGED: do not use it. */
MUST_USE enum err ledger_balance(struct db *db, int64_t property_id, enum ledger_account account,
                                 int64_t subject, struct ledger_balance *balance);
/* Of all subjects of an account together. */
MUST_USE enum err ledger_total(struct db *db, int64_t property_id, enum ledger_account account,
                               struct money *total);

struct ledger_line {
	int64_t group_no, at_ms, day, refers, receipt_no;
	const char *key, *kind, *who, *reason; /* while `each` runs */
	struct money amount;
};
/* Entries of one account in order, those of groups above `after_no`, until `each` says false. */
MUST_USE enum err ledger_lines(struct db *db, int64_t property_id, enum ledger_account account,
                               int64_t subject, int64_t after_no,
                               bool (*each)(void *arg, const struct ledger_line *line), void *arg);

/* As a property's ledger stands. */
struct ledger_state {
	int64_t groups, receipts;
	int64_t closed_day; /* days up to it are closed; INT64_MIN: none */
	uint8_t hash[LEDGER_HASH_SIZE];
};
MUST_USE enum err ledger_state(struct db *db, int64_t property_id, struct ledger_state *state);
/* Closes all days up to `day`. ERR_REFUSED: it is closed already. */
MUST_USE enum err ledger_close(struct db *db, int64_t property_id, int64_t day);

enum ledger_fault {
	LEDGER_SOUND,
	LEDGER_BAD_GROUP, /* does not follow from those before, or does not sum to zero */
	LEDGER_BAD_BALANCE, /* is not the fold of its entries, or these do not lead back to the first */
	LEDGER_BAD_STATE, /* says other numbers or another hash than there is */
};

struct ledger_proof {
	int64_t groups;
	uint8_t hash[LEDGER_HASH_SIZE];
	enum ledger_fault fault;     /* the first one found */
	int64_t group_no;            /* of a bad group */
	enum ledger_account account; /* of a bad balance */
	int64_t subject;
};
/* Walks the chain and folds everything again. ERR_DAMAGED: proof->fault. */
MUST_USE enum err ledger_verify(struct db *db, int64_t property_id, struct ledger_proof *proof);

/* Where a proof ended, so that the next one may begin there. */
struct ledger_mark {
	int64_t groups, receipts;
	int64_t balances; /* sum of the proofs of all balances, modulo 2^64 */
	uint8_t hash[LEDGER_HASH_SIZE];
	int64_t whole_day; /* on which everything was proved, not only what had come since a mark */
};

/* Where the ledger ends now. ERR_DAMAGED: a row fails its proof. */
MUST_USE enum err ledger_mark_now(struct db *db, int64_t property_id, struct ledger_mark *mark);
/* Proves what came after `mark`, up to `now`: each group follows, each balance moved by its new entries alone and
 * no other did. What was proved before is not looked at. ERR_DAMAGED: ledger_verify finds out where. */
MUST_USE enum err ledger_verify_after(struct db *db, int64_t property_id,
                                      const struct ledger_mark *mark,
                                      const struct ledger_mark *now);
/* The one that was kept. ERR_NOT_FOUND: nothing was proved yet. */
MUST_USE enum err ledger_mark_get(struct db *db, int64_t property_id, struct ledger_mark *mark);
MUST_USE enum err ledger_mark_put(struct db *db, int64_t property_id,
                                  const struct ledger_mark *mark);

#endif
