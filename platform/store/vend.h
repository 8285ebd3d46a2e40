/* The cashier's side of money: rules of a property, shifts, refunds, debts that purchases recover.
 * docs/design/orders.md. */
#ifndef PLATFORM_STORE_VEND_H
#define PLATFORM_STORE_VEND_H

#include "platform/store/order.h"

/* Column and API name, least, greatest, built in. Shares are millionths. */
#define VEND_RULES(X)                                                                              \
	X(MIN, min_purchase_fen, 1, 100000000, 1)                                                  \
	X(MAX, max_purchase_fen, 1, 1000000000, 1000000)                                           \
	X(FEE, fee_ppm, 0, 200000, 0)                                                              \
	X(RECOVER, recover_ppm, 0, 1000000, 500000)                                                \
	X(ORDER_LIFE, order_life_s, 60, 86400, 1800)                                               \
	X(REVERSAL_ALONE, reversal_alone_fen, 0, 1000000000, 50000)                                \
	X(REFUND_ALONE, refund_alone_fen, 0, 1000000000, 50000)                                    \
	X(ADJUST_ALONE, adjust_alone_fen, 0, 1000000000, 10000)

enum vend_rule {

#define X(id, name, min, max, builtin) VEND_##id,
	VEND_RULES(X)
#undef X
	        VEND_RULE_COUNT
};

struct vend_rules {
	int64_t property_id;
	int64_t value[VEND_RULE_COUNT];
	int64_t version; /* 0: nothing was set yet */
};

/* What holds: what is built in when nothing was set. */
MUST_USE enum err vend_rules_get(struct db *db, int64_t property_id, struct vend_rules *rules);
/* As plan_put: version 0 makes the row. */
MUST_USE enum err vend_rules_put(struct db *db, struct vend_rules *rules);

/* ---- shifts ---- */

struct shift_row {
	int64_t property_id, shift_id;
	int64_t user_id; /* 0: the CLI's person, told by name */
	char by_name[ORDER_WHO_SIZE];
	int64_t opened_ms, closed_ms;                      /* closed_ms 0: open */
	int64_t opening_fen;                               /* its float */
	int64_t expected_fen, counted_fen, difference_fen; /* at its end; counted - expected */
	char handed_to[ORDER_WHO_SIZE * 2], note[ORDER_REASON_SIZE];
	int64_t version;
};

/* ERR_DUP: this person has an open one. */
MUST_USE enum err shift_insert(struct db *db, struct shift_row *row);
MUST_USE enum err shift_get(struct db *db, int64_t property_id, int64_t shift_id,
                            struct shift_row *row);
MUST_USE enum err shift_update(struct db *db, struct shift_row *row);
/* The person's open one. ERR_NOT_FOUND. */
MUST_USE enum err shift_open_of(struct db *db, int64_t property_id, int64_t user_id,
                                const char *name, struct shift_row *row);
/* Newest first, those below `before` (0: all). */
MUST_USE enum err shift_list(struct db *db, int64_t property_id, bool open_only, int64_t before,
                             bool (*each)(void *arg, const struct shift_row *), void *arg);

/* ---- money that goes back ---- */

enum refund_kind {
	REFUND_REVERSAL = 1,
	REFUND_CREDIT,
	REFUND_PAYMENT,
	REFUND_SUSPENSE,
	REFUND_CLOSING
};

const char *refund_kind_word(enum refund_kind kind); /* "reversal" */
bool refund_kind_parse(const char *word, enum refund_kind *kind);

enum refund_state { REFUND_DECIDED = 1, REFUND_PAID, REFUND_FAILED };

const char *refund_state_word(enum refund_state state); /* "decided" */
bool refund_state_parse(const char *word, enum refund_state *state);

struct refund_row {
	int64_t property_id, refund_id;
	enum refund_kind kind;
	enum refund_state state;
	int64_t account_id;                         /* 0: of suspense */
	int64_t order_id, suspense_id, approval_id; /* 0: none */
	int64_t amount_fen;
	enum pay_channel channel; /* it is paid by */
	char payee[ORDER_VOUCHER_SIZE * 2];
	char reason[ORDER_REASON_SIZE];
	int64_t by_user_id;
	char by_name[ORDER_WHO_SIZE];
	int64_t decided_ms, paid_ms;
	char paid_by[ORDER_WHO_SIZE], voucher[ORDER_VOUCHER_SIZE];
	char failure[ORDER_REASON_SIZE]; /* why the provider could not */
	int64_t shift_id;                /* cash: out of which till */
	int64_t group_no, paid_group_no;
	int64_t version;
};

MUST_USE enum err refund_insert(struct db *db, struct refund_row *row);
MUST_USE enum err refund_get(struct db *db, int64_t property_id, int64_t refund_id,
                             struct refund_row *row);
/* state, channel, paid ..., group numbers. */
MUST_USE enum err refund_update(struct db *db, struct refund_row *row);

struct refund_ask {
	int64_t before;          /* 0: from the newest */
	int64_t account_id;      /* 0: any */
	enum refund_state state; /* 0: any */
	enum refund_kind kind;   /* 0: any */
};

MUST_USE enum err refund_list(struct db *db, int64_t property_id, const struct refund_ask *ask,
                              bool (*each)(void *arg, const struct refund_row *), void *arg);
/* The newest payment refund of an order. */
MUST_USE enum err refund_of_order(struct db *db, int64_t property_id, int64_t order_id,
                                  struct refund_row *row);

/* ---- debts ---- */

enum debt_kind { DEBT_RENT = 1, DEBT_PROPERTY_FEE, DEBT_INSTALMENT, DEBT_OTHER };

#define DEBT_KIND_LAST DEBT_OTHER

const char *debt_kind_word(enum debt_kind kind); /* "property_fee" */
bool debt_kind_parse(const char *word, enum debt_kind *kind);

enum debt_state { DEBT_OPEN = 1, DEBT_DONE, DEBT_VOID };

const char *debt_state_word(enum debt_state state);

struct debt_row {
	int64_t property_id, debt_id, account_id;
	enum debt_kind kind;
	enum debt_state state;
	int64_t amount_fen, recovered_fen;
	char reason[ORDER_REASON_SIZE], by_name[ORDER_WHO_SIZE];
	int64_t created_ms, done_ms;
	int64_t version;
};

MUST_USE enum err debt_insert(struct db *db, struct debt_row *row);
MUST_USE enum err debt_get(struct db *db, int64_t property_id, int64_t debt_id,
                           struct debt_row *row);
/* state, recovered_fen, done_ms. */
MUST_USE enum err debt_update(struct db *db, struct debt_row *row);
/* By number, those above `after`; account_id 0: any. */
MUST_USE enum err debt_list(struct db *db, int64_t property_id, int64_t account_id, bool open_only,
                            int64_t after, bool (*each)(void *arg, const struct debt_row *),
                            void *arg);

#endif
