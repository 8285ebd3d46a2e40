/* Money that goes back, in three ways that are kept apart: the reversal of a cashier's mistake, the refund of
 * credit that was not used, and the refund of a payment through its provider. And corrections by finance.
 * docs/design/orders.md. */
#ifndef PLATFORM_CORE_REFUND_H
#define PLATFORM_CORE_REFUND_H

#include "platform/core/order.h"

/* 冲正: the whole of the account's last purchase over the counter, by who sold it. */
struct order_reversal {
	struct actor actor; /* with a reason */
	int64_t property_id, order_id;
	int64_t approved; /* the approval that lets it through; 0: none yet */
	/* answers */
	struct order_row order;
	struct refund_row row; /* refund_id 0: it waits for approval_id */
	int64_t approval_id;
	struct fault fault;
};
/* Needs `vend.refund`. */
MUST_USE enum err order_reverse_step(struct tx *tx, void *order_reversal, int64_t now_ms,
                                     struct effects *out);

/* 退费: a part of what an account has paid and not used. It is owed then (payable), until it is paid out. */
struct credit_refund {
	struct actor actor; /* with a reason */
	int64_t property_id, account_id;
	int64_t amount_fen;
	enum pay_channel channel; /* by which it will be paid: cash or transfer */
	const char *payee;        /* whom, and into which account; "" for cash */
	int64_t approved;
	/* answers */
	struct refund_row row;
	int64_t approval_id;
	struct fault fault;
};
MUST_USE enum err credit_refund_step(struct tx *tx, void *credit_refund, int64_t now_ms,
                                     struct effects *out);

/* 退款: a provider's payment goes back to who paid, all of it. */
struct payment_refund {
	struct actor actor; /* with a reason */
	int64_t property_id, order_id;
	int64_t approved;
	/* answers */
	struct order_row order;
	struct refund_row row;
	int64_t approval_id;
	struct fault fault;
};
MUST_USE enum err payment_refund_step(struct tx *tx, void *payment_refund, int64_t now_ms,
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

/* 调账: finance corrects a balance. */
struct adjustment {
	struct actor actor; /* with a reason */
	int64_t property_id, account_id;
	int64_t amount_fen; /* below 0: takes */
	int64_t refers;     /* the group it corrects; 0: none */
	int64_t approved;
	/* answers */
	int64_t adjust_id, group_no, balance_fen;
	int64_t approval_id;
	struct fault fault;
};
/* Needs `ledger.write`. */
MUST_USE enum err adjust_step(struct tx *tx, void *adjustment, int64_t now_ms, struct effects *out);

extern const struct approval_kind approval_kind_reversal, approval_kind_refund,
        approval_kind_payment_refund, approval_kind_adjust;

#endif
