/* What an account has, as far as its meters are billed. */
#include "platform/core/allowance.h"
#include "platform/core/rating.h"
#include "platform/store/ledger.h"

struct counting {
	struct db *db;
	struct account_money *money;
	int64_t now_s;
	bool fits;
	enum err err;
};

/* What was delivered into the purse of a meter and not used, rounded down. */
static bool add_purse(struct counting *c, const struct rating_row *row)
{
	struct ledger_balance purse;
	struct money left;

	c->err = ledger_balance(c->db, row->property_id, LEDGER_METER, row->meter, &purse);
	c->fits = !c->err &&
	          money_sub(purse.balance,
	                    money_fen(row->accrued / RATE_REST_PER_FEN +
	                              (row->accrued % RATE_REST_PER_FEN != 0)),
	                    &left) &&
	          money_add(c->money->in_meters, left, &c->money->in_meters);
	return c->fits;
}

static bool on_rating(void *arg, const struct rating_row *row)
{
	struct counting *c = arg;
	int64_t most_s = row->service == SERVICE_WATER ? RATING_FRESH_WATER_S : RATING_FRESH_S;

	c->money->meters++;
	c->money->faults += row->fault != RATING_SOUND;
	if (row->billed_s < c->money->as_of_s)
		c->money->as_of_s = row->billed_s;
	if (row->fault != RATING_SOUND || c->now_s - row->billed_s > most_s)
		c->money->fresh = false;
	if (row->credit == CREDIT_METER)
		return add_purse(c, row);
	c->fits = !__builtin_add_overflow(c->money->accrued, row->accrued, &c->money->accrued);
	return c->fits;
}

enum err account_money(struct db *db, int64_t property_id, int64_t account_id, int64_t now_ms,
                       struct account_money *money)
{
	struct counting counting = {.db = db, .money = money, .now_s = now_ms / 1000, .fits = true};
	struct ledger_balance balance;
	struct money accrued, ended;
	enum err err;

	*money = (struct account_money){.as_of_s = INT64_MAX, .fresh = true};
	err = ledger_balance(db, property_id, LEDGER_ACCOUNT, account_id, &balance);
	if (!err)
		err = rating_of_account(db, property_id, account_id, on_rating, &counting);
	if (err || counting.err)
		return err ? err : counting.err;
	err = allowance_money(db, property_id, account_id, now_ms / 1000, &money->allowance,
	                      &ended);
	if (err)
		return err;
	money->ledger = balance.balance;
	accrued = money_fen(money->accrued / RATE_REST_PER_FEN +
	                    (money->accrued % RATE_REST_PER_FEN != 0));
	/* What ended pays for no more than was used. */
	if (money_cmp(ended, accrued) > 0)
		ended = accrued;
	if (!counting.fits || !money_add(money->allowance, ended, &money->allowance) ||
	    !money_add(money->ledger, money->allowance, &money->available) ||
	    !money_sub(money->available, accrued, &money->available) ||
	    !money_add(money->available, money->in_meters, &money->usable))
		return ERR_OVERFLOW;
	return ERR_NONE;
}
