/* Payments as providers told of them, each once; money that belongs to nobody yet; and the daily bills
 * with which both are compared. docs/design/orders.md. */
#ifndef PLATFORM_STORE_PAYMENT_H
#define PLATFORM_STORE_PAYMENT_H

#include "platform/store/order.h"

#define PAYMENT_NUMBER_SIZE   65 /* 64 printable characters, as the provider gave it */
#define PAYMENT_CURRENCY_SIZE 4  /* CNY */
#define PAYMENT_PAYER_SIZE    129

enum payment_source { PAYMENT_NOTICE = 1, PAYMENT_QUERY, PAYMENT_BILL };

const char *payment_source_word(enum payment_source source);

struct payment_row {
	int64_t property_id, payment_id;
	enum pay_channel channel;
	char number[PAYMENT_NUMBER_SIZE];       /* unique in property and channel */
	char order_number[PAYMENT_NUMBER_SIZE]; /* as it came */
	int64_t amount_fen;
	char currency[PAYMENT_CURRENCY_SIZE];
	int64_t paid_ms, seen_ms; /* the provider's time, ours */
	char payer[PAYMENT_PAYER_SIZE];
	enum payment_source source;
	int64_t order_id;    /* that it paid; 0: none */
	int64_t suspense_id; /* where it went instead; 0: nowhere */
	int64_t refunded_ms; /* it was paid back; 0: not */
};

/* Gives it payment_id. ERR_DUP: channel and number are there. */
MUST_USE enum err payment_insert(struct db *db, struct payment_row *row);
MUST_USE enum err payment_get(struct db *db, int64_t property_id, int64_t payment_id,
                              struct payment_row *row);
MUST_USE enum err payment_by_number(struct db *db, int64_t property_id, enum pay_channel channel,
                                    const char *number, struct payment_row *row);
/* The one that paid an order. ERR_NOT_FOUND: cash, or not paid. */
MUST_USE enum err payment_of_order(struct db *db, int64_t property_id, int64_t order_id,
                                   struct payment_row *row);
/* order_id, suspense_id, refunded_ms. */
MUST_USE enum err payment_update(struct db *db, const struct payment_row *row);
/* Of a channel, paid in [from_ms, to_ms), by number. */
MUST_USE enum err payment_walk(struct db *db, int64_t property_id, enum pay_channel channel,
                               int64_t from_ms, int64_t to_ms,
                               bool (*each)(void *arg, const struct payment_row *), void *arg);

/* ---- suspense ---- */

enum suspense_reason {
	SUSPENSE_UNKNOWN_ORDER = 1,
	SUSPENSE_AMOUNT,
	SUSPENSE_CURRENCY,
	SUSPENSE_EXPIRED,
	SUSPENSE_CLOSED,
	SUSPENSE_TWICE,
	SUSPENSE_ACCOUNT,
};

const char *suspense_reason_word(enum suspense_reason reason); /* "unknown_order" */

enum suspense_state { SUSPENSE_OPEN = 1, SUSPENSE_CREDITED, SUSPENSE_RETURNED };

const char *suspense_state_word(enum suspense_state state);
bool suspense_state_parse(const char *word, enum suspense_state *state);

struct suspense_row {
	int64_t property_id, suspense_id, payment_id;
	enum pay_channel channel;
	int64_t amount_fen;
	char currency[PAYMENT_CURRENCY_SIZE];
	enum suspense_reason reason;
	enum suspense_state state;
	int64_t since_ms, done_ms;
	int64_t order_id;  /* made when it was credited; 0 */
	int64_t refund_id; /* made when it is paid back; 0 */
	char done_by[ORDER_WHO_SIZE], done_why[ORDER_REASON_SIZE];
	int64_t group_no; /* of its posting; 0: another currency */
	int64_t version;
};

MUST_USE enum err suspense_insert(struct db *db, struct suspense_row *row);
MUST_USE enum err suspense_get(struct db *db, int64_t property_id, int64_t suspense_id,
                               struct suspense_row *row);
MUST_USE enum err suspense_update(struct db *db, struct suspense_row *row);
/* Oldest first, those above `after`; state 0: any. */
MUST_USE enum err suspense_list(struct db *db, int64_t property_id, enum suspense_state state,
                                int64_t after, bool (*each)(void *arg, const struct suspense_row *),
                                void *arg);

/* ---- daily bills ---- */

struct bill_row {
	int64_t property_id, bill_id;
	enum pay_channel channel;
	int64_t day; /* civil; unique with the channel */
	uint8_t hash[32];
	int64_t lines, differences, open; /* open ones */
	int64_t loaded_ms, closed_ms;     /* closed_ms 0: open */
	char by_name[ORDER_WHO_SIZE], closed_by[ORDER_WHO_SIZE];
	int64_t version;
};

/* ERR_DUP: channel and day are there. */
MUST_USE enum err bill_insert(struct db *db, struct bill_row *row);
MUST_USE enum err bill_get(struct db *db, int64_t property_id, int64_t bill_id,
                           struct bill_row *row);
MUST_USE enum err bill_of_day(struct db *db, int64_t property_id, enum pay_channel channel,
                              int64_t day, struct bill_row *row);
MUST_USE enum err bill_update(struct db *db, struct bill_row *row);
/* Newest first, those below `before` (0: all). */
MUST_USE enum err bill_list(struct db *db, int64_t property_id, int64_t before,
                            bool (*each)(void *arg, const struct bill_row *), void *arg);

enum bill_match {
	BILL_EQUAL = 1,
	BILL_OURS_ONLY,
	BILL_THEIRS_ONLY,
	BILL_AMOUNT_DIFFERS,
	BILL_STATE_DIFFERS,
};

const char *bill_match_word(enum bill_match match); /* "ours_only" */

struct bill_line {
	int64_t property_id, line_id, bill_id;
	char number[PAYMENT_NUMBER_SIZE], order_number[PAYMENT_NUMBER_SIZE];
	int64_t amount_fen; /* theirs; 0: they have none */
	bool refunded;      /* they paid it back */
	int64_t paid_ms;
	enum bill_match match;
	int64_t ours_fen;   /* 0: we have none */
	int64_t payment_id; /* ours; 0 */
	bool open;          /* a difference that nobody has settled */
	char owner[ORDER_WHO_SIZE], done_by[ORDER_WHO_SIZE], done_why[ORDER_REASON_SIZE];
	int64_t done_ms;
	int64_t version;
};

MUST_USE enum err bill_line_insert(struct db *db, struct bill_line *line);
MUST_USE enum err bill_line_get(struct db *db, int64_t property_id, int64_t line_id,
                                struct bill_line *line);
MUST_USE enum err bill_line_update(struct db *db, struct bill_line *line);

/* Of a bill (0: of all), those above `after`; differences: only what is not equal; open: only what is open. */
struct bill_lines_ask {
	int64_t bill_id, after;
	bool differences, open;
};
MUST_USE enum err bill_lines(struct db *db, int64_t property_id, const struct bill_lines_ask *ask,
                             bool (*each)(void *arg, const struct bill_line *), void *arg);
/* Of a bill that is loaded anew. */
MUST_USE enum err bill_lines_remove(struct db *db, int64_t property_id, int64_t bill_id);

#endif
