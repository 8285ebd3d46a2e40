/* Orders: purchases of accounts, the stages they went through, and which debts each recovered. What
 * they mean: docs/design/orders.md. */
#ifndef PLATFORM_STORE_ORDER_H
#define PLATFORM_STORE_ORDER_H

#include "platform/store/db.h"
#include "platform/store/list.h"

#define ORDER_WHO_SIZE     64
#define ORDER_REASON_SIZE  256
#define ORDER_VOUCHER_SIZE 129 /* 32 characters: of a bank slip, a cashier's form */
#define ORDER_NUMBER_SIZE  24  /* W and 12 digits, more when they are used up */

/* Stored as numbers: append only. The first entry of a posting names a channel as its subject. */
enum pay_channel {
	CHANNEL_CASH = 1,
	CHANNEL_TRANSFER, /* bank transfer, told by its voucher */
	CHANNEL_WECHAT,
	CHANNEL_ALIPAY,
	CHANNEL_MODEL, /* the provider of tests and demonstrations */
};

#define CHANNEL_LAST CHANNEL_MODEL

const char *channel_word(enum pay_channel channel); /* "transfer" */
bool channel_parse(const char *word, enum pay_channel *channel);

enum order_state {
	ORDER_CREATED = 1,
	ORDER_PAYING,
	ORDER_PAID,
	ORDER_DELIVERING,
	ORDER_DELIVERED,
	ORDER_EXPIRED,
	ORDER_CLOSED,
	ORDER_MISMATCH,
	ORDER_DELIVERY_FAILED,
	ORDER_REFUNDING,
	ORDER_REFUNDED,
	ORDER_REFUND_ABNORMAL,
};

#define ORDER_STATE_LAST ORDER_REFUND_ABNORMAL

const char *order_state_word(enum order_state state); /* "delivery_failed" */
bool order_state_parse(const char *word, enum order_state *state);

struct order_row {
	int64_t property_id, order_id, account_id;
	enum pay_channel channel;
	enum order_state state;
	int64_t amount_fen;
	int64_t arrears_fen, debt_fen, fee_fen, credit_fen; /* the split, once it is paid */
	int64_t meter;    /* whose purse the credit goes to; 0: it stays in the platform */
	bool restores;    /* what the payer was told: brings cut supply back */
	int64_t shift_id; /* cash; 0: none */
	char voucher[ORDER_VOUCHER_SIZE];
	int64_t created_ms, expires_ms, paid_ms, delivered_ms; /* 0: not yet, or never */
	int64_t group_no, receipt_no;                          /* of its sale */
	int64_t reversal_id; /* refund that reversed it; 0: none */
	int64_t by_user_id;  /* 0: a key, the CLI, a tenant */
	char by_name[ORDER_WHO_SIZE];
	int64_t version;
};

void order_number(int64_t order_id, char number[ORDER_NUMBER_SIZE]);
/* False: none of ours. */
bool order_number_parse(const char *number, int64_t *order_id);

/* Gives it order_id and version. */
MUST_USE enum err order_insert(struct db *db, struct order_row *row);
MUST_USE enum err order_get(struct db *db, int64_t property_id, int64_t order_id,
                            struct order_row *row);
/* What moves: state, split, shift, voucher, times, group, receipt, reversal; if it still has the version of
 * `row`, which grows by one. ERR_CONFLICT. */
MUST_USE enum err order_update(struct db *db, struct order_row *row);

struct order_filter {
	struct list_ask ask;      /* by number, which is by time as well */
	int64_t account_id;       /* 0: any */
	enum order_state state;   /* 0: any */
	enum pay_channel channel; /* 0: any */
	int64_t shift_id;         /* 0: any */
};

MUST_USE enum err order_list(struct db *db, int64_t property_id, const struct order_filter *filter,
                             bool (*each)(void *arg, const struct order_row *), void *arg);
/* The account's newest order that was paid, and neither reversed nor paid back. ERR_NOT_FOUND. */
MUST_USE enum err order_last_paid(struct db *db, int64_t property_id, int64_t account_id,
                                  struct order_row *row);
/* Not paid, and their deadline is over; the oldest `limit`. */
MUST_USE enum err order_late(struct db *db, int64_t now_ms, int64_t limit,
                             bool (*each)(void *arg, const struct order_row *), void *arg);

struct order_stage {
	int64_t property_id, order_id, stage_no; /* 1, 2, ... */
	enum order_state state;
	int64_t at_ms;
	char who[ORDER_WHO_SIZE], reason[ORDER_REASON_SIZE];
};

/* stage_no is the order's version: each move is one of both. */
MUST_USE enum err order_stage_add(struct db *db, const struct order_stage *stage);
MUST_USE enum err order_stages(struct db *db, int64_t property_id, int64_t order_id,
                               bool (*each)(void *arg, const struct order_stage *), void *arg);

/* What of an order went to a debt. */
struct order_debt {
	int64_t property_id, order_id, debt_id, amount_fen;
};

MUST_USE enum err order_debt_add(struct db *db, const struct order_debt *row);
#define ORDER_DEBTS_MAX 64
MUST_USE enum err order_debts(struct db *db, int64_t property_id, int64_t order_id,
                              struct order_debt rows[ORDER_DEBTS_MAX], size_t *count);

#endif
