/* Payments that providers told of, and the money among them that no order takes. docs/design/orders.md. */
#ifndef PLATFORM_CORE_PAYMENT_H
#define PLATFORM_CORE_PAYMENT_H

#include "platform/core/order.h"
#include "platform/store/payment.h"

#define PAYMENT_NUMBER_CHARS 64
#define CURRENCY_YUAN        "CNY"

enum payment_outcome {
	PAYMENT_CREDITED,  /* its order is paid by it */
	PAYMENT_SUSPENDED, /* it stands in suspense */
	PAYMENT_KNOWN,     /* told before: nothing happened */
	PAYMENT_DIFFERS, /* told before with another content: nothing happened, and people are told */
};

const char *payment_outcome_word(enum payment_outcome outcome); /* "credited" */

/* What was verified before: signature, merchant, nonce and time are the adapter's matter. */
struct payment_told {
	int64_t property_id;
	enum pay_channel channel;
	const char *number, *order_number; /* order_number may be "" */
	int64_t amount_fen;                /* in the smallest unit of its currency */
	const char *currency;
	int64_t paid_ms;
	const char *payer;
	enum payment_source source;
	const char *who; /* for the stage: "provider", or who loaded the bill */

	/* answers */
	enum payment_outcome outcome;
	struct payment_row row;
	struct suspense_row suspense; /* suspense_id 0: it is in none */
	struct order_row order;       /* order_id 0: of no order */
	struct fault fault;
};
/* A notice, the answer to our own question, or a line of a bill: all the same, in any order and number.
 * ERR_BAD_INPUT: amount, number or currency is none. */
MUST_USE enum err payment_told_step(struct tx *tx, void *payment_told, int64_t now_ms,
                                    struct effects *out);

struct suspense_settle {
	struct actor actor;                        /* with a reason */
	int64_t property_id, suspense_id, version; /* 0: whichever it has */
	int64_t account_id;                        /* credit it to this one; 0: pay it back */
	enum pay_channel channel;                  /* by which it is paid back */
	const char *payee;
	/* answers */
	struct suspense_row row;
	struct order_row order;
	struct fault fault;
};
/* Needs `ledger.write` of the whole property. */
MUST_USE enum err suspense_settle_step(struct tx *tx, void *suspense_settle, int64_t now_ms,
                                       struct effects *out);

#endif
