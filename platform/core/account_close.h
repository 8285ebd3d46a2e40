/* An account ends to use meters: some of them, all, or because another customer comes. What was used is
 * charged to a last register, allowances lapse, and what is left has a direction. docs/design/money.md. */
#ifndef PLATFORM_CORE_ACCOUNT_CLOSE_H
#define PLATFORM_CORE_ACCOUNT_CLOSE_H

#include "platform/core/account_open.h"
#include "platform/store/vend.h"

struct approval_kind;

struct account_final {
	int64_t meter;
	struct account_register reg; /* typed: with a photo */
	bool accepted; /* a person has seen that it is more than the circuit can carry */
	/* answers */
	enum service service;
	enum credit_place credit;
	struct rate_state step;
	/* What its purse held by our books, and orders that were on their way into it: back in the account. */
	int64_t purse_fen;
};

/* Charges to the register and ends the open use of a meter of act->row; what its purse held comes back.
 * ERR_BAD_INPUT names `meters`, `photo`, `register`; ERR_REFUSED: this register cannot be charged. */
MUST_USE enum err account_unbind(struct tx *tx, struct account_act *act,
                                 const struct property_row *property, struct account_final *final,
                                 int64_t now_ms, struct effects *out);

enum account_direction { ACCOUNT_EVEN, ACCOUNT_REFUND, ACCOUNT_OWES };

const char *account_direction_word(enum account_direction direction); /* "none" "refund" "pays" */

struct account_close {
	struct account_act act; /* with a reason */
	bool part;              /* only the meters named; the account stays open */
	size_t count;           /* whole: those not named end with their newest reading */
	const struct account_final *meter;
	enum pay_channel channel; /* by which a refund is to be paid; 0: transfer */
	const char *payee;        /* whose account; needed where something is paid by transfer */
	/* answers */
	enum account_direction direction;
	int64_t balance_fen; /* what was left before it moved to `payable` */
	int64_t lapsed_fen;  /* allowances */
	int64_t refund_id;   /* 0: none */
	int64_t approval_id; /* the payout waits for a second person; 0: it does not */
};
/* Needs `account.close`. Whole: what is left moves to `payable` (key `closing:ACCOUNT`) as a decided
 * refund, and the account is closed; who owes stays in state closing until he has paid, or a write-off is
 * agreed to. */
MUST_USE enum err account_close_step(struct tx *tx, void *account_close, int64_t now_ms,
                                     struct effects *out);

/* An account in state closing whose debt was paid since: closed. ERR_REFUSED: it still owes. Uses act,
 * channel, payee. */
MUST_USE enum err account_finish_step(struct tx *tx, void *account_close, int64_t now_ms,
                                      struct effects *out);

/* What is left becomes a refund that is to be paid out; a sum above the property's `refund_alone_fen`
 * once a second person agrees. Part of the closing, and again when an approval came to nothing.
 * Uses act, channel, payee. ERR_REFUSED: nothing is left to be paid out. */
MUST_USE enum err account_payout_step(struct tx *tx, void *account_close, int64_t now_ms,
                                      struct effects *out);
/* The same inside a step, for `r->act.row`. `agreed`: by a second person. */
MUST_USE enum err account_payout_decide(struct tx *tx, struct account_close *r, bool agreed,
                                        int64_t now_ms);
/* What an account is owed and nobody has decided to pay out yet, and the posting it came from. */
MUST_USE enum err account_payable(struct db *db, int64_t property_id, int64_t account_id,
                                  int64_t *left_fen, int64_t *group_no);
extern const struct approval_kind approval_kind_payout;

/* What an account in state closing owes is given up (key `writeoff:ACCOUNT`): a second person has
 * to agree, so this only asks; approval_id is the answer. Needs `account.close` and a reason. */
struct account_writeoff {
	struct account_act act;
	int64_t owed_fen;    /* what the person saw; ERR_CONFLICT: it is another sum now */
	int64_t approval_id; /* answer */
	bool agreed;         /* this is the act itself */
};
MUST_USE enum err account_writeoff_step(struct tx *tx, void *account_writeoff, int64_t now_ms,
                                        struct effects *out);
extern const struct approval_kind approval_kind_writeoff;

struct account_change {
	struct account_act act; /* the account that ends; with a reason */
	size_t count;
	const struct account_final *meter; /* as in account_close */
	enum pay_channel channel;
	const char *payee;
	int64_t customer_id; /* who comes */
	const char *code;    /* of his account; NULL: made */
	/* answers */
	struct account_close closed;
	struct account_row opened;
};
/* Another customer takes over all meters: the account is closed as above and a new one is opened at the
 * same instant with the same registers. Alarm plan and terms go on; limits of its own, step position and
 * debts do not. Needs `account.close` and `account.write`. */
MUST_USE enum err account_change_step(struct tx *tx, void *account_change, int64_t now_ms,
                                      struct effects *out);

#endif
