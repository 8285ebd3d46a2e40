#include "platform/core/purse_look.h"

#include "libs/credit/rate.h"
#include "platform/core/books.h"
#include "platform/store/charge.h"

static bool add_pending(void *arg, const struct topup_row *row)
{
	struct purse_look *look = arg;

	if (row->kind != TOPUP_VOID && !row->done_ms)
		look->pending_fen += row->amount_fen;
	if (row->state != TOPUP_WAITING) {
		look->now = *row;
		look->under_way = true;
	}
	return true;
}

enum err purse_balance_fen(struct db *db, int64_t property_id, int64_t meter, int64_t account_id,
                           int64_t *fen)
{
	struct rating_row rating;
	enum err err = books_balance_fen(db, property_id, LEDGER_METER, meter, fen);

	if (err)
		return err;
	err = rating_get(db, property_id, meter, &rating);
	if (!err && rating.account_id == account_id)
		*fen -= rating.accrued / RATE_REST_PER_FEN +
		        (rating.accrued % RATE_REST_PER_FEN != 0);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err purse_look(struct db *db, const struct account_meter *use, struct purse_look *look)
{
	enum err err;

	*look = (struct purse_look){.purse = {.meter = use->meter}};
	if (use->credit != CREDIT_METER)
		return ERR_NONE;
	err = meter_purse_get(db, use->property_id, use->meter, &look->purse);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (use->until_s != ACCOUNT_OPEN_S && (err || look->purse.account_id != use->account_id))
		return ERR_NONE; /* what is in it now is somebody else's */
	look->shown = true;
	err = topup_open(db, use->property_id, use->meter, add_pending, look);
	if (!err)
		err = purse_balance_fen(db, use->property_id, use->meter, use->account_id,
		                        &look->balance_fen);
	look->differs = look->purse.read_ms && !look->under_way &&
	                (look->purse.count != look->purse.meter_count ||
	                 look->purse.total_fen != look->purse.meter_total_fen);
	return err;
}
