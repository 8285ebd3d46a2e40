/* The states of an order and what moves it: the table of docs/design/orders.md. */
#ifndef PLATFORM_CORE_ORDER_STATE_H
#define PLATFORM_CORE_ORDER_STATE_H

#include "platform/core/step.h"
#include "platform/store/order.h"

enum order_event {
	ORDER_PAY,     /* a provider was asked for the payment */
	ORDER_MONEY,   /* verified money of the right amount */
	ORDER_WRONG,   /* verified money of another amount or currency */
	ORDER_SEND,    /* a counted delivery was queued */
	ORDER_ARRIVED, /* the credit is where it belongs */
	ORDER_FAIL,    /* the meter will not take it */
	ORDER_AGAIN,   /* a person tries once more */
	ORDER_LATE,    /* its deadline passed */
	ORDER_CLOSE,   /* a person gives it up */
	ORDER_RETURN,  /* the payment goes back */
	ORDER_BACK,    /* the provider: it is back */
	ORDER_STUCK,   /* the provider: it cannot */
};

#define ORDER_EVENTS (ORDER_STUCK + 1)

enum order_answer {
	ORDER_MOVES,   /* to another state */
	ORDER_SAME,    /* a repeat: nothing happens */
	ORDER_REFUSES, /* not in this state */
	ORDER_SUSPENDS, /* the money is not this order's: to suspense, the state may move all the same */
};

struct order_move {
	enum order_answer answer;
	enum order_state to; /* the state it has then */
};

struct order_move order_move(enum order_state state, enum order_event event);

/* Moves the order, writes the stage and tells it. ERR_REFUSED: not in this state. A repeat writes nothing. What the
 * caller changed in the row is stored with it. */
MUST_USE enum err order_go(struct tx *tx, struct order_row *row, enum order_event event,
                           const char *who, const char *reason, int64_t now_ms,
                           struct effects *out);
/* A new one, with its first stage. */
MUST_USE enum err order_begin(struct tx *tx, struct order_row *row, const char *reason,
                              int64_t now_ms, struct effects *out);

#endif
