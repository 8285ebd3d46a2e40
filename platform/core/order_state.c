#include "platform/core/order_state.h"

#include <stdio.h>

/* A cell is the state that follows, or one of these. */
enum {
	NO = 0,
	SAME = -1,
	SUSPENSE = -2,
	WRONG = -3, /* mismatch, and the money to suspense */
};

#define CELLS ORDER_STATE_LAST

/* clang-format off */
/*               created          paying           paid              delivering             delivered        expired    closed     mismatch   failed            refunding              refunded   abnormal */
static const int moves[ORDER_EVENTS][CELLS] = {
[ORDER_PAY]     = {ORDER_PAYING,  SAME,            NO,               NO,                    NO,              NO,        NO,        NO,        NO,               NO,                    NO,        NO},
[ORDER_MONEY]   = {ORDER_PAID,    ORDER_PAID,      SUSPENSE,         SUSPENSE,              SUSPENSE,        SUSPENSE,  SUSPENSE,  SUSPENSE,  SUSPENSE,         SUSPENSE,              SUSPENSE,  SUSPENSE},
[ORDER_WRONG]   = {WRONG,         WRONG,           SUSPENSE,         SUSPENSE,              SUSPENSE,        SUSPENSE,  SUSPENSE,  SUSPENSE,  SUSPENSE,         SUSPENSE,              SUSPENSE,  SUSPENSE},
[ORDER_SEND]    = {NO,            NO,              ORDER_DELIVERING, SAME,                  NO,              NO,        NO,        NO,        NO,               NO,                    NO,        NO},
[ORDER_ARRIVED] = {NO,            NO,              ORDER_DELIVERED,  ORDER_DELIVERED,       SAME,            NO,        NO,        NO,        ORDER_DELIVERED,  NO,                    NO,        NO},
[ORDER_FAIL]    = {NO,            NO,              NO,               ORDER_DELIVERY_FAILED, NO,              NO,        NO,        NO,        SAME,             NO,                    NO,        NO},
[ORDER_AGAIN]   = {NO,            NO,              NO,               SAME,                  NO,              NO,        NO,        NO,        ORDER_DELIVERING, NO,                    NO,        NO},
[ORDER_LATE]    = {ORDER_EXPIRED, ORDER_EXPIRED,   SAME,             SAME,                  SAME,            SAME,      SAME,      SAME,      SAME,             SAME,                  SAME,      SAME},
[ORDER_CLOSE]   = {ORDER_CLOSED,  ORDER_CLOSED,    NO,               NO,                    NO,              NO,        SAME,      NO,        NO,               NO,                    NO,        NO},
[ORDER_RETURN]  = {NO,            NO,              ORDER_REFUNDING,  NO,                    ORDER_REFUNDING, NO,        NO,        NO,        ORDER_REFUNDING,  SAME,                  NO,        ORDER_REFUNDING},
[ORDER_BACK]    = {NO,            NO,              NO,               NO,                    NO,              NO,        NO,        NO,        NO,               ORDER_REFUNDED,        SAME,      ORDER_REFUNDED},
[ORDER_STUCK]   = {NO,            NO,              NO,               NO,                    NO,              NO,        NO,        NO,        NO,               ORDER_REFUND_ABNORMAL, NO,        SAME},
};

/* clang-format on */

struct order_move order_move(enum order_state state, enum order_event event)
{
	int cell = moves[event][state - 1];

	if (cell == NO)
		return (struct order_move){ORDER_REFUSES, state};
	if (cell == SAME)
		return (struct order_move){ORDER_SAME, state};
	if (cell == SUSPENSE)
		return (struct order_move){ORDER_SUSPENDS, state};
	if (cell == WRONG)
		return (struct order_move){ORDER_SUSPENDS, ORDER_MISMATCH};
	return (struct order_move){ORDER_MOVES, (enum order_state)cell};
}

static enum err tell(const struct order_row *row, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_ORDER);

	if (!effect)
		return ERR_NOMEM;
	effect->u.order = (struct effect_order){.property_id = row->property_id,
	                                        .order_id = row->order_id,
	                                        .account_id = row->account_id,
	                                        .channel = row->channel,
	                                        .state = row->state};
	return ERR_NONE;
}

static enum err stage(struct tx *tx, const struct order_row *row, const char *who,
                      const char *reason, int64_t now_ms, struct effects *out)
{
	enum err err;
	struct order_stage stage = {.property_id = row->property_id,
	                            .order_id = row->order_id,
	                            .stage_no = row->version,
	                            .state = row->state,
	                            .at_ms = now_ms};

	snprintf(stage.who, sizeof stage.who, "%s", who);
	snprintf(stage.reason, sizeof stage.reason, "%s", reason);
	err = order_stage_add(tx->db, &stage);
	return err ? err : tell(row, out);
}

enum err order_go(struct tx *tx, struct order_row *row, enum order_event event, const char *who,
                  const char *reason, int64_t now_ms, struct effects *out)
{
	struct order_move move = order_move(row->state, event);
	enum err err;

	if (move.answer == ORDER_REFUSES)
		return ERR_REFUSED;
	if (move.to == row->state)
		return ERR_NONE;
	row->state = move.to;
	if (row->state == ORDER_DELIVERED)
		row->delivered_ms = now_ms;
	err = order_update(tx->db, row);
	return err ? err : stage(tx, row, who, reason, now_ms, out);
}

enum err order_begin(struct tx *tx, struct order_row *row, const char *reason, int64_t now_ms,
                     struct effects *out)
{
	enum err err;

	row->state = ORDER_CREATED;
	row->created_ms = now_ms;
	err = order_insert(tx->db, row);
	return err ? err : stage(tx, row, row->by_name, reason, now_ms, out);
}
