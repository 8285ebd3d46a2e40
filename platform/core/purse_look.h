/* The purse of a meter that keeps its credit, as both sides know it: what people compare. */
#ifndef PLATFORM_CORE_PURSE_LOOK_H
#define PLATFORM_CORE_PURSE_LOOK_H

#include "platform/store/account.h"
#include "platform/store/topup.h"

struct purse_look {
	bool shown; /* false: its credit is not in the meter, or it is another account's by now */
	struct meter_purse purse; /* read_ms 0: the meter has said nothing */
	int64_t balance_fen;      /* by our books, down to the last reading that was charged */
	bool differs;             /* count or total, with nothing under way that would explain it */
	int64_t pending_fen;
	bool under_way;
	struct topup_row now; /* while under_way */
};

/* What is left in it by our books: delivered less used. What it used since the last posting is taken off, up to
 * a whole fen, as for an account. */
MUST_USE enum err purse_balance_fen(struct db *db, int64_t property_id, int64_t meter,
                                    int64_t account_id, int64_t *fen);

/* Of a use of a meter. ERR_DAMAGED: a balance fails its proof. */
MUST_USE enum err purse_look(struct db *db, const struct account_meter *use,
                             struct purse_look *look);

#endif
