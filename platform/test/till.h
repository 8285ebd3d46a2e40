/* A property that sells, for tests of orders: two open accounts (Anna in room 301 with meter LAB_METER, Berta in
 * 302 with LAB_METER + 1), a cashier, a manager and somebody of finance. */
#ifndef PLATFORM_TEST_TILL_H
#define PLATFORM_TEST_TILL_H

#include "platform/core/adjust.h"
#include "platform/core/order.h"
#include "platform/core/payment.h"
#include "platform/core/refund.h"
#include "platform/core/vend.h"
#include "platform/test/estate.h"

struct till {
	struct lab *lab;
	struct estate estate;
	int64_t anna, berta; /* accounts */
	struct actor cashier, manager, finance;
	int64_t shift; /* the cashier's, opened with 100 yuan */
};

void till_setup(struct till *till, struct lab *lab);

/* A shift of this person. */
int64_t till_shift(struct till *till, const struct actor *actor, int64_t opening_fen);
enum err till_end_shift(struct till *till, const struct actor *actor, int64_t shift_id,
                        int64_t version, int64_t fen, const char *note, struct shift_end *end);
/* A debt of Anna. */
int64_t till_debt(struct till *till, enum debt_kind kind, int64_t fen);
struct debt_row till_debt_row(struct till *till, int64_t debt_id);
/* Sells; the answer is in `sale`. */
enum err till_sell(struct till *till, const struct actor *actor, int64_t account_id,
                   enum pay_channel channel, int64_t amount_fen, struct order_sale *sale);
/* Cash of the cashier; must work. */
struct order_row till_cash(struct till *till, int64_t account_id, int64_t amount_fen);
/* An order of the model provider that waits for its payment. */
struct order_row till_order(struct till *till, int64_t account_id, int64_t amount_fen);
/* As its notice would. The answer is in `told`. */
enum err till_notice(struct till *till, const char *number, const char *order_number,
                     int64_t amount_fen, struct payment_told *told);

/* An order of Anna that is paid. */
struct order_row till_paid_order(struct till *till, int64_t amount_fen, const char *number);

/* Uses of energy, as rating would post it. */
void till_charge(struct till *till, int64_t account_id, int64_t fen);
void till_state(struct till *till, int64_t account_id, enum account_state state);
void till_rule(struct till *till, enum vend_rule rule, int64_t value);
struct order_row till_order_row(struct till *till, int64_t order_id);
int64_t till_fen(struct till *till, enum ledger_account account, int64_t subject);
/* The ledger proves itself, and what is in its accounts sums to zero. */
void till_sound(struct till *till);
/* The same, and every payment is credited, or stands in suspense, or went back. */
void till_payments_sound(struct till *till);

#endif
