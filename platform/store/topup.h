/* Credit that is kept in meters: what platform and meter know of each purse, and the counted deliveries
 * into it. docs/design/orders.md, "Credit in the meter". */
#ifndef PLATFORM_STORE_TOPUP_H
#define PLATFORM_STORE_TOPUP_H

#include "platform/store/order.h"

struct meter_purse {
	int64_t property_id, meter, account_id;
	int64_t count, total_fen; /* that we know to be in it */
	/* What the meter said last; read_ms 0: nothing yet. */
	int64_t meter_count, meter_total_fen, meter_balance_fen, read_ms;
	int64_t read_counter; /* of the command whose answer said so; 0: none */
	int64_t version;
};

/* ERR_NOT_FOUND: nothing was ever delivered there, nor read. */
MUST_USE enum err meter_purse_get(struct db *db, int64_t property_id, int64_t meter,
                                  struct meter_purse *row);
/* version 0 makes it. */
MUST_USE enum err meter_purse_put(struct db *db, struct meter_purse *row);
/* Where both sides differ, by meter, above `after`. */
MUST_USE enum err meter_purse_walk(struct db *db, int64_t property_id, int64_t after,
                                   bool (*each)(void *arg, const struct meter_purse *), void *arg);

enum topup_state {
	TOPUP_WAITING = 1, /* another one of this meter is under way */
	TOPUP_QUEUED,      /* to be sent, or sent again */
	TOPUP_ASKING,      /* its end is not known: the purse is to be read back */
	TOPUP_DONE,
	TOPUP_REFUSED, /* by the meter, with a reason */
	TOPUP_HELD,    /* both sides differ: a person decides */
	TOPUP_DROPPED, /* its money went back */
};

const char *topup_state_word(enum topup_state state); /* "waiting" */

enum topup_kind {
	TOPUP_ORDER = 1, /* a purchase */
	TOPUP_CARRY,     /* money of the account that belongs into this purse */
	TOPUP_VOID,      /* nothing is to be left in it */
};

const char *topup_kind_word(enum topup_kind kind); /* "order" */

struct topup_row {
	int64_t property_id, topup_id, order_id, account_id, meter; /* order_id: of TOPUP_ORDER */
	enum topup_kind kind;
	int64_t command_id; /* the newest that carries it; 0: none yet */
	enum topup_state state;
	int64_t amount_fen;
	/* What the purse then says; 0 while it waits. The total of a void is known when it is there. */
	int64_t count, total_fen;
	int64_t created_ms, next_ms; /* to be sent, or asked, from then on */
	int64_t done_ms, tries;
	char reason[ORDER_REASON_SIZE];
	int64_t version;
};

MUST_USE enum err topup_insert(struct db *db, struct topup_row *row);
MUST_USE enum err topup_get(struct db *db, int64_t property_id, int64_t topup_id,
                            struct topup_row *row);
/* The newest of an order. */
MUST_USE enum err topup_of_order(struct db *db, int64_t property_id, int64_t order_id,
                                 struct topup_row *row);
MUST_USE enum err topup_update(struct db *db, struct topup_row *row);
/* The one of a meter that is under way (queued, asking, refused, held), else ERR_NOT_FOUND. */
MUST_USE enum err topup_under_way(struct db *db, int64_t property_id, int64_t meter,
                                  struct topup_row *row);
/* Of a meter, that are neither done nor dropped; the oldest first. */
MUST_USE enum err topup_open(struct db *db, int64_t property_id, int64_t meter,
                             bool (*each)(void *arg, const struct topup_row *), void *arg);
/* The next that waits. ERR_NOT_FOUND. */
MUST_USE enum err topup_waiting(struct db *db, int64_t property_id, int64_t meter,
                                struct topup_row *row);
/* The one that made the purse's count what it is. ERR_NOT_FOUND: none of ours. */
MUST_USE enum err topup_of_count(struct db *db, int64_t property_id, int64_t meter, int64_t count,
                                 struct topup_row *row);
/* Those done of a meter above this count, and the one under way, wait again. */
MUST_USE enum err topup_reopen(struct db *db, int64_t property_id, int64_t meter, int64_t count);
/* Money of an account that is on its way into meters, or stuck on it. */
MUST_USE enum err topup_pending(struct db *db, int64_t property_id, int64_t account_id,
                                int64_t *amount_fen);
/* Of all properties, to be sent or asked for by now; the oldest `limit`. */
MUST_USE enum err topup_due(struct db *db, int64_t now_ms, int64_t limit,
                            bool (*each)(void *arg, const struct topup_row *), void *arg);

#endif
