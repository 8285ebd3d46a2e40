/* Money that goes back, in three ways that are kept apart: the reversal of a cashier's mistake, the refund of
 * credit that was not used, and the refund of a payment through its provider.
 * docs/design/orders.md. */
#ifndef PLATFORM_CORE_REFUND_H
#define PLATFORM_CORE_REFUND_H

#include "platform/core/order.h"

struct money_back {
	struct actor actor; /* with a reason */
	int64_t property_id;
	int64_t order_id; /* of a reversal or of a payment */
	int64_t approved; /* the approval that lets it through; 0: none yet */
	/* Of a refund of credit; the others fill them from their order. */
	int64_t account_id, amount_fen;
	enum pay_channel channel; /* by which it will be paid: cash or transfer */
	const char *payee;        /* whom, and into which account; "" for cash */
	/* answers */
	struct order_row order;
	struct refund_row row; /* refund_id 0: it waits for approval_id */
	int64_t approval_id;
	struct fault fault;
};
/* All three need `vend.refund`. 冲正: the whole of the account's last purchase over the counter, by who sold it. */
MUST_USE enum err order_reverse_step(struct tx *tx, void *money_back, int64_t now_ms,
                                     struct effects *out);
/* 退费: a part of what an account has paid and not used. It is owed then (payable), until it is paid out. */
MUST_USE enum err credit_refund_step(struct tx *tx, void *money_back, int64_t now_ms,
                                     struct effects *out);
/* 退款: a provider's payment goes back to who paid, all of it. */
MUST_USE enum err payment_refund_step(struct tx *tx, void *money_back, int64_t now_ms,
                                      struct effects *out);

/* What the provider says about it; the adapter's word, as a notice is. May come twice. */
struct refund_told {
	int64_t property_id, refund_id;
	bool done;
	const char *number, *why;
	struct refund_row row; /* answers */
	struct order_row order;
	struct fault fault;
};
MUST_USE enum err refund_told_step(struct tx *tx, void *refund_told, int64_t now_ms,
                                   struct effects *out);

/* It was paid out by hand: cash of the actor's shift, or a transfer with its voucher. */
struct refund_paid {
	struct actor actor;
	int64_t property_id, refund_id, version; /* 0: whichever it has */
	enum pay_channel channel;
	const char *voucher;
	struct refund_row row; /* answer */
	struct fault fault;
};
/* Needs `vend.refund`; for suspense `ledger.write`. */
MUST_USE enum err refund_paid_step(struct tx *tx, void *refund_paid, int64_t now_ms,
                                   struct effects *out);

extern const struct approval_kind approval_kind_reversal, approval_kind_refund,
        approval_kind_payment_refund;

#endif
