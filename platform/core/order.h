/* Orders: asking what a purchase would do, selling over the counter, orders that wait for a provider's
 * payment. docs/design/orders.md. */
#ifndef PLATFORM_CORE_ORDER_H
#define PLATFORM_CORE_ORDER_H

#include "platform/core/books.h"
#include "platform/core/order_state.h"

/* What money would do to an account now. */
struct order_quote {
	int64_t property_id, account_id;
	int64_t amount_fen; /* 0: only the limits are asked */
	int64_t meter;      /* whose purse is meant; 0: the account's only one, or the platform */

	/* answers */
	int64_t arrears_fen, debt_fen, fee_fen, credit_fen; /* they sum to amount_fen */
	int64_t balance_fen, after_fen; /* of the account, or of the purse as it was read last */
	int64_t min_fen, max_fen;       /* what may be paid; max < min: nothing now */
	int64_t fee_ppm;
	bool restores;      /* supply that was cut for money comes back by it */
	bool in_meter;      /* the credit goes to a meter's purse */
	struct fault fault; /* why it would be refused; field NULL and "" when it would not */
	enum err verdict;   /* ERR_NONE: it would be taken */
};

/* Reads only, for readers and steps. ERR_NOT_FOUND: no such account. */
MUST_USE enum err order_quote(struct db *db, struct order_quote *quote, int64_t now_ms);

struct order_sale {
	struct actor actor;
	int64_t property_id, account_id, meter;
	enum pay_channel channel;
	int64_t amount_fen;
	const char *voucher;  /* of a transfer; NULL or "": none */
	struct order_row row; /* answer */
	struct fault fault;
};
/* Over the counter, cash or transfer: paid in this step, and delivered too when the credit stays in the
 * platform. Needs `vend.sell` where the customer is; cash needs the actor's open shift. */
MUST_USE enum err order_sell_step(struct tx *tx, void *order_sale, int64_t now_ms,
                                  struct effects *out);
/* The same questions, for a channel of a provider: the order then waits for its payment. */
MUST_USE enum err order_create_step(struct tx *tx, void *order_sale, int64_t now_ms,
                                    struct effects *out);

/* One event for an order that waits: ORDER_PAY (the provider has it) or ORDER_CLOSE (given up). */
struct order_turn {
	struct actor actor;
	int64_t property_id, order_id;
	int64_t version; /* 0: whichever it has */
	enum order_event event;
	struct order_row row; /* answer */
	struct fault fault;
};
MUST_USE enum err order_turn_step(struct tx *tx, void *order_turn, int64_t now_ms,
                                  struct effects *out);

#define ORDERS_LATE 100 /* in one step */

struct order_expiry {
	size_t count; /* answer; ORDERS_LATE: call again */
};
/* Regularly, as a bulk step: orders whose deadline is over expire. */
MUST_USE enum err order_expire_step(struct tx *tx, void *order_expiry, int64_t now_ms,
                                    struct effects *out);

/* ---- for payments and suspense ---- */

/* The money of an order is here: books it, recovers debts, delivers. `suspense_id`: it stood there. The order
 * is in a state that takes money, the account open or suspended. */
struct order_money {
	struct order_row *row;
	const struct account_row *account;
	int64_t suspense_id;
	const char *who, *reason;
	struct fault *fault;
};
MUST_USE enum err order_take_money(struct tx *tx, const struct order_money *money, int64_t now_ms,
                                   struct effects *out);
/* Turns the entries of its sale round into `post` but the first, and gives recovered debts back. */
MUST_USE enum err order_undo(struct tx *tx, const struct order_row *row, struct books_post *post,
                             int64_t now_ms);
/* The credit is there: the order is delivered, and what follows from it happens. */
MUST_USE enum err order_credited(struct tx *tx, struct order_row *row, const char *who,
                                 const char *reason, int64_t now_ms, struct effects *out);

#endif
