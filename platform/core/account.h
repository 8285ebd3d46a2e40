/* Accounts: drafts, edits, terms, states, who may do what; the acts that open, close and change them
 * are in account_open.h, account_close.h and account_swap.h. docs/design/money.md. */
#ifndef PLATFORM_CORE_ACCOUNT_H
#define PLATFORM_CORE_ACCOUNT_H

#include "libs/base/money.h"
#include "platform/core/organisation.h"
#include "platform/core/plan.h"
#include "platform/store/account.h"

#define ACCOUNT_NOTE_CHARS 200
#define ACCOUNT_METERS_MAX 64 /* of one act */
#define ACCOUNT_BILL_DAY   28 /* the last that every month has */
#define ACCOUNT_DUE_DAYS   90
#define ACCOUNT_FEE_MAX    INT64_C(100000000) /* fen a month */
#define ACCOUNT_UNITS_MAX  INT64_C(1000000000000000)

/* ---- who may ---- */

/* An account is where its meters are; without any, where its customer's leases are. It shows to who
 * has the right at one of these places. */
MUST_USE enum err account_shows(struct db *db, const struct access *access,
                                enum permission permission, const struct account_row *row,
                                int64_t now_s, bool *shows);

/* To act on it he needs the right at all of its places. ERR_HIDDEN: he does not see it. ERR_FORBIDDEN. */
MUST_USE enum err account_require(struct tx *tx, const struct actor *actor,
                                  enum permission permission, const struct account_row *row,
                                  int64_t now_ms);

/* What every act on an account begins with. */
struct account_act {
	struct actor actor;
	int64_t property_id, account_id;
	int64_t version;        /* that it was read with */
	struct account_row row; /* answer */
	struct fault fault;
};
/* The account as it is: there, allowed at all of its places, of this version, its property not
 * archived. ERR_HIDDEN, ERR_FORBIDDEN, ERR_CONFLICT, ERR_REFUSED. */
MUST_USE enum err account_begin(struct tx *tx, struct account_act *act, enum permission permission,
                                struct property_row *property, int64_t now_ms);
/* A meter that somebody names in `meters`: he must have the right where it stands; what he does not
 * see is as what does not exist. */
MUST_USE enum err account_meter_named(struct tx *tx, struct account_act *act,
                                      enum permission permission, int64_t meter, int64_t now_ms);
/* Stores act->row, and leaves the audit line of what differs and an effect. before NULL: a new one. */
MUST_USE enum err account_store(struct tx *tx, struct account_act *act, const char *action,
                                const struct account_row *before, const char *detail,
                                int64_t now_ms, struct effects *out);

/* ---- money ---- */

/* Moves `amount` (any sign but 0; 0 does nothing) to the account, from `other`. `group_no` (may be
 * NULL) is its group; posted before with the same content: as if it were now. */
struct account_posting {
	int64_t property_id, account_id;
	const char *key, *kind, *reason;
	int other; /* enum ledger_account */
	int64_t subject;
	struct money amount;
	int64_t day;      /* civil, that it belongs to; of a closed one: today */
	int64_t refers;   /* 0: none */
	int64_t group_no; /* answer; 0: nothing was posted */
};
MUST_USE enum err account_post(struct tx *tx, const struct property_row *property,
                               struct account_posting *posting, const char *who, int64_t now_ms);

/* The number, to be stored or shown. */
int64_t account_fen(struct money amount);

/* ---- limits ---- */

struct account_limits {
	struct plan_effective plan; /* with the account's own values laid over it */
	bool own[ACCOUNT_LIMITS];   /* value of the plan that is the account's own */
};
/* Which value of the plan a limit is. */
enum plan_value account_limit_value(enum account_limit limit);
MUST_USE enum err account_limits(struct db *db, const struct property_row *property,
                                 const struct account_row *row, struct account_limits *limits);

/* ---- steps ---- */

struct account_edit {
	struct account_act act; /* account_id 0: a new draft */
	int64_t customer_id;    /* of a draft; 0: as it is */
	const char *code, *plan_code, *note;
	bool has[ACCOUNT_LIMITS]; /* limit i changes: */
	bool set[ACCOUNT_LIMITS]; /* to limit_fen[i], or is the plan's again */
	int64_t limit_fen[ACCOUNT_LIMITS];
	bool has_terms; /* of a new one; else pay-per-use */
	struct account_terms terms;
};
/* Needs `account.write`. Limits of an account that is not a draft want a reason. */
MUST_USE enum err account_edit_step(struct tx *tx, void *account_edit, int64_t now_ms,
                                    struct effects *out);

struct account_terms_act {
	struct account_act act;
	struct account_terms terms; /* from_s: a civil midnight that is to come; 0 of a draft */
	bool take_back;             /* the ones of this instant, which do not hold yet */
};
/* Needs `account.write` and a reason once the account is open. */
MUST_USE enum err account_terms_step(struct tx *tx, void *account_terms_act, int64_t now_ms,
                                     struct effects *out);

/* Open to suspended with a reason, and back: its use is still charged; nothing is sold to it. */
MUST_USE enum err account_suspend_step(struct tx *tx, void *account_act, int64_t now_ms,
                                       struct effects *out);
MUST_USE enum err account_resume_step(struct tx *tx, void *account_act, int64_t now_ms,
                                      struct effects *out);
/* A draft that comes to nothing: it is closed. */
MUST_USE enum err account_drop_step(struct tx *tx, void *account_act, int64_t now_ms,
                                    struct effects *out);

struct meter_parent_act {
	struct actor actor;
	int64_t property_id, meter;
	int64_t parent;             /* 0: stands alone */
	int64_t from_s;             /* 0: now */
	struct meter_parent before; /* answer */
	struct meter_parent row;    /* answer */
	struct fault fault;
};
/* Needs `meter.write` at both. No meter may stand below itself at any instant from then on. */
MUST_USE enum err meter_parent_step(struct tx *tx, void *meter_parent_act, int64_t now_ms,
                                    struct effects *out);

#endif
