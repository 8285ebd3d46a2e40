/* An account begins to use meters: opening, meters that come later, old balances. Each use begins
 * with a register that nobody can dispute later: the baseline. docs/design/money.md. */
#ifndef PLATFORM_CORE_ACCOUNT_OPEN_H
#define PLATFORM_CORE_ACCOUNT_OPEN_H

#include "platform/core/account.h"
#include "platform/core/rating.h"

/* A register as somebody gives it, or (typed false) the newest reading. */
struct account_register {
	bool typed;
	int64_t units;     /* Wh or litres, typed */
	const char *photo; /* name of a photo of it; NULL: none */
	/* answers; a source that is set before is taken as it is */
	int64_t at_s; /* of the reading; typed: now */
	enum register_source source;
};

/* How old a reading may be that begins or ends a use: as fresh as one must be that supply is decided on.
 * An older one is not used; somebody reads the meter and types its register. */
int64_t account_fresh_s(enum service service);
/* Fills what is not typed from the newest sound reading at or after `from_s` (0: any). What is typed
 * needs the actor's reason. ERR_REFUSED names `register`: there is no reading that is fresh. */
MUST_USE enum err account_register_take(struct tx *tx, struct account_act *act, int64_t meter,
                                        enum service service, int64_t from_s,
                                        struct account_register *reg, int64_t now_ms);

struct account_binding {
	int64_t meter;
	enum service service;
	enum credit_place credit;
	struct account_register reg;
	int64_t from_s; /* not before, though its reading is older: at a swap where the old meter ended */
};

/* Binds a meter to act->row from the instant of its register on, and lets rating begin. `step` goes
 * on (a swap), or is zeroed. ERR_REFUSED names `meters`: bound elsewhere, of a use that is not billed,
 * not reachable though its credit lives in it, without a tariff. */
MUST_USE enum err account_bind(struct tx *tx, struct account_act *act,
                               const struct property_row *property, struct account_binding *binding,
                               const struct rate_state *step, int64_t now_ms);

struct account_open {
	struct account_act act;
	size_t count; /* 1 .. ACCOUNT_METERS_MAX */
	struct account_binding *meter;
	bool has_opening;    /* an old balance, with a reason; below zero: owed */
	int64_t opening_fen; /* not beside rows that were taken over */
	int64_t taken_fen;   /* answer: sum of the taken-over rows that were posted */
	int64_t taken_rows;  /* answer */
};
/* A draft becomes open: binds the meters, posts the old balance (key `opening:ACCOUNT`), or the rows
 * that a take-over staged for these meters, their rooms or this customer (key `takeover:IMPORT:ROW`),
 * each once. Needs `account.write`. */
MUST_USE enum err account_open_step(struct tx *tx, void *account_open, int64_t now_ms,
                                    struct effects *out);
/* The same with an account that is open: more meters. No old balance. */
MUST_USE enum err account_add_step(struct tx *tx, void *account_open, int64_t now_ms,
                                   struct effects *out);
/* Rows that were staged after the account was opened: count and meter are not used. */
MUST_USE enum err account_takeover_step(struct tx *tx, void *account_open, int64_t now_ms,
                                        struct effects *out);

#endif
