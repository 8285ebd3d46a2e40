#include "platform/core/supply_look.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/account_bill.h"
#include "platform/core/meter_price.h"
#include "platform/core/organisation.h"
#include "platform/core/plan.h"
#include "platform/core/rating.h"

#define FUTURE_S 600 /* a reading from further ahead is no reading */

bool supply_spared(const struct supply_meter *row, int64_t now_s)
{
	if (row->mark != MARK_NONE)
		return true;
	return row->mode == SUPPLY_KEEP_POWER &&
	       (row->mode_until_s == 0 || row->mode_until_s > now_s);
}

/* ---- meters ---- */

struct uses {
	struct supply_look *look;
	bool failed;
};

static bool take_use(void *arg, const struct account_meter *use)
{
	struct uses *uses = arg;
	struct supply_look *look = uses->look;
	struct look_meter *more;

	more = realloc(look->meter, (look->count + 1) * sizeof *more);
	uses->failed = !more;
	if (!more)
		return false;
	look->meter = more;
	memset(&more[look->count], 0, sizeof *more);
	more[look->count++].use = *use;
	return true;
}

static bool is_fresh(const struct supply_look *look, const struct look_meter *m, int64_t now_s)
{
	int64_t limit_s =
	        look->rules.value[m->use.service == SERVICE_WATER ? SUPPLY_FRESH_WATER
	                                                          : SUPPLY_FRESH_ELECTRICITY];

	return m->reading.at_s > 0 && !m->reading.fault && m->reading.at_s <= now_s + FUTURE_S &&
	       now_s - m->reading.at_s <= limit_s;
}

static enum err look_at_price(struct tx *tx, struct look_meter *m)
{
	enum err err;

	if (m->use.credit != CREDIT_METER)
		return ERR_NONE;
	err = meter_price_get(tx->db, m->use.property_id, m->use.meter, &m->price);
	m->own = !err && price_is_own(&m->price, &m->use);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err look_at_meters(struct tx *tx, struct supply_look *look, int64_t now_s)
{
	const struct account_row *account = &look->account;
	struct uses uses = {.look = look};
	enum err err = account_meters(tx->db, account->property_id, account->account_id, true,
	                              take_use, &uses);

	if (!err && uses.failed)
		err = ERR_NOMEM;
	look->fresh = look->spared = true;
	for (size_t i = 0; !err && i < look->count; i++) {
		struct look_meter *m = &look->meter[i];

		err = supply_meter_get(tx->db, account->property_id, m->use.meter, &m->row);
		if (!err)
			err = supply_reading(tx->db, account->property_id, m->use.meter,
			                     &m->reading);
		if (!err)
			err = look_at_price(tx, m);
		m->spared = supply_spared(&m->row, now_s);
		m->fresh = is_fresh(look, m, now_s);
		look->spared &= m->spared;
		look->fresh &= m->spared || m->fresh;
	}
	return err;
}

/* ---- limits ---- */

static enum err look_at_plan(struct tx *tx, const struct supply_look *look,
                             struct plan_effective *plan)
{
	const struct property_row *property = &look->property;
	const char *codes[] = {look->account.plan_code, property->plan_code, PLAN_DEFAULT};
	enum err err = ERR_NOT_FOUND;

	for (size_t i = 0; err == ERR_NOT_FOUND; i++) {
		assert(i < ARRAY_SIZE(codes)); /* the default is always there */
		if (*codes[i])
			err = plan_effective(tx->db, property->property_id, property->group_id,
			                     codes[i], plan);
	}
	return err;
}

static enum err look_at_limits(struct tx *tx, struct supply_look *look)
{
	static const enum plan_value of[ACCOUNT_LIMITS] = {
	        [ACCOUNT_ALARM1] = PLAN_ALARM1,           [ACCOUNT_ALARM2] = PLAN_ALARM2,
	        [ACCOUNT_OVERDRAFT] = PLAN_OVERDRAFT,     [ACCOUNT_HOARDING] = PLAN_HOARDING,
	        [ACCOUNT_ALLOW_CLOSE] = PLAN_ALLOW_CLOSE,
	};

	int64_t fen[ACCOUNT_LIMITS];
	struct plan_effective plan;
	enum err err = look_at_plan(tx, look, &plan);

	if (err)
		return err;
	for (size_t i = 0; i < ACCOUNT_LIMITS; i++)
		fen[i] = look->account.set[i] ? look->account.limit_fen[i] : plan.value[of[i]];
	/* One limit of the account's own beside one of the plan's: the stricter order stands. */
	if (fen[ACCOUNT_ALARM1] < fen[ACCOUNT_ALARM2])
		fen[ACCOUNT_ALARM1] = fen[ACCOUNT_ALARM2];
	look->limits = (struct balance_limits){
	        .alarm1 = money_fen(fen[ACCOUNT_ALARM1]),
	        .alarm2 = money_fen(fen[ACCOUNT_ALARM2]),
	        .overdraft = money_fen(fen[ACCOUNT_OVERDRAFT]),
	        .hoarding = money_fen(fen[ACCOUNT_HOARDING]),
	        .close = money_fen(fen[ACCOUNT_ALLOW_CLOSE]),
	        .alarm2_trips = plan.value[PLAN_ALARM2_TRIPS],
	        .grace_s = plan.value[PLAN_CUT_NOTICE],
	};
	look->friendly = plan.value[PLAN_FRIENDLY_HOURS];
	return ERR_NONE;
}

/* ---- money ---- */

/* A bill of a postpaid account that is overdue, and for which its terms allow a cut. */
static enum err overdue(struct tx *tx, const struct account_terms *terms, int64_t now_s,
                        struct money *owed)
{
	struct account_standing standing = {.overdue_fen = 0};
	struct property_row property;
	enum err err = property_get(tx->db, terms->property_id, &property);

	if (!err)
		err = account_standing(tx->db, &property, terms->account_id, now_s, &standing);
	*owed = money_fen(standing.overdue_fen);
	return err;
}

/* Who pays afterwards is not cut by a balance: only by a bill, whatever his limits are. */
static enum err look_at_bill(struct tx *tx, const struct account_terms *terms,
                             struct supply_look *look, int64_t now_s)
{
	struct money owed = money_fen(0);
	enum err err = terms->overdue_trips ? overdue(tx, terms, now_s, &owed) : ERR_NONE;
	bool due = money_cmp(owed, money_fen(0)) > 0, fits = true;

	look->by_bill = true;
	look->limits.alarm1 = look->limits.alarm2 = look->limits.overdraft = money_fen(0);
	look->limits.close = money_fen(0);
	look->limits.alarm2_trips = false;
	if (!due)
		look->balance = money_fen(1);
	else
		fits = money_sub(money_fen(0), owed, &look->balance);
	assert(fits); /* from above 0 */
	return err;
}

static enum err look_at_money(struct tx *tx, struct supply_look *look, int64_t now_ms)
{
	const struct account_row *account = &look->account;
	struct account_terms terms;
	struct account_money money;
	enum err err =
	        account_money(tx->db, account->property_id, account->account_id, now_ms, &money);

	if (err)
		return err;
	look->available = look->balance = money.usable;
	err = account_terms_at(tx->db, account->property_id, account->account_id, now_ms / 1000,
	                       &terms);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	look->kind = terms.kind;
	return terms.kind == ACCOUNT_POSTPAID ? look_at_bill(tx, &terms, look, now_ms / 1000)
	                                      : ERR_NONE;
}

enum err supply_look(struct tx *tx, int64_t property_id, int64_t account_id, int64_t now_ms,
                     struct supply_look *look)
{
	enum err err;

	memset(look, 0, sizeof *look);
	err = account_get(tx->db, property_id, account_id, &look->account);
	if (!err)
		err = supply_account_get(tx->db, property_id, account_id, &look->memory);
	if (!err)
		err = property_get(tx->db, property_id, &look->property);
	if (!err)
		err = supply_rules_get(tx->db, property_id, &look->rules);
	if (!err)
		err = look_at_meters(tx, look, now_ms / 1000);
	look->decides = look->account.state == ACCOUNT_OPEN && look->count > 0;
	if (err || !look->decides)
		return err;
	err = look_at_limits(tx, look);
	return err ? err : look_at_money(tx, look, now_ms);
}

void supply_look_free(struct supply_look *look)
{
	free(look->meter);
	look->meter = NULL;
	look->count = 0;
}
