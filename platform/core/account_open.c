#include "platform/core/account_open.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/check.h"
#include "platform/core/photo.h"
#include "platform/core/topup.h"
#include "platform/store/latest.h"
#include "platform/store/ledger.h"
#include "platform/store/meter.h"
#include "platform/store/takeover.h"

#define OPENING_MAX INT64_C(100000000000) /* fen */

/* ---- registers ---- */

static enum err take_typed(struct account_act *act, struct account_register *reg, int64_t now_s)
{
	if (!act->actor.reason[0])
		return fault_set(&act->fault, ERR_BAD_INPUT, "reason",
		                 "is missing: a register is typed");
	if (reg->units < 0 || reg->units > ACCOUNT_UNITS_MAX)
		return fault_set(&act->fault, ERR_BAD_INPUT, "register", "must be 0 to %lld",
		                 (long long)ACCOUNT_UNITS_MAX);
	reg->at_s = now_s;
	reg->source = REGISTER_TYPED;
	return ERR_NONE;
}

int64_t account_fresh_s(enum service service)
{
	return service == SERVICE_WATER ? RATING_FRESH_WATER_S : RATING_FRESH_S;
}

enum err account_register_take(struct tx *tx, struct account_act *act, int64_t meter,
                               enum service service, int64_t from_s, struct account_register *reg,
                               int64_t now_ms)
{
	int64_t now_s = now_ms / 1000;
	struct reading reading;
	enum err err;

	if (reg->source)
		return ERR_NONE; /* one reading for the end of a use and the beginning of the next */
	if (reg->typed)
		return take_typed(act, reg, now_s);
	err = latest_read(tx->db, act->property_id, meter, &reading);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (err || reading_check(&reading, now_s) != CHECK_GOOD || reading.time_s > now_s ||
	    reading.time_s + account_fresh_s(service) < now_s || reading.time_s < from_s)
		return fault_set(&act->fault, ERR_REFUSED, "register",
		                 "no recent reading of meter %lld: type its register",
		                 (long long)meter);
	reg->units = reading.energy_wh;
	reg->at_s = reading.time_s;
	reg->source = REGISTER_AUTO;
	return ERR_NONE;
}

/* ---- binding ---- */

static enum err check_meter(struct tx *tx, struct account_act *act, const struct meter_row *meter)
{
	struct account_meter use;
	enum err err;

	if (strcmp(meter->meter_use, "prepaid") != 0 && strcmp(meter->meter_use, "postpaid") != 0)
		return fault_set(&act->fault, ERR_REFUSED, "meters",
		                 "meter %lld is not one that tenants pay for",
		                 (long long)meter->meter);
	err = account_meter_at(tx->db, act->property_id, meter->meter, ACCOUNT_OPEN_S - 1, &use);
	if (!err)
		return fault_set(&act->fault, ERR_REFUSED, "meters",
		                 "meter %lld is bound to account %lld", (long long)meter->meter,
		                 (long long)use.account_id);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* Where the last use of a meter ended: the next one does not begin before it. */
static enum err last_end(struct tx *tx, int64_t property_id, int64_t meter, int64_t *until_s)
{
	struct account_meter use;
	enum err err = account_meter_last(tx->db, property_id, meter, &use);

	*until_s = err ? 0 : use.until_s;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err check_tariff(struct tx *tx, struct account_act *act,
                             const struct property_row *property,
                             const struct account_binding *binding)
{
	struct tariff_span span;
	struct tariff_ask ask = {.property_id = act->property_id,
	                         .meter = binding->meter,
	                         .service = binding->service,
	                         .utc_offset_s = (int32_t)(property->utc_offset_min * 60),
	                         .from_s = binding->reg.at_s,
	                         .to_s = binding->reg.at_s + 1};
	enum err err = tariff_span(tx->db, NULL, &ask, &span);

	tariff_span_free(&span);
	if (err == ERR_NOT_FOUND)
		return fault_set(&act->fault, ERR_REFUSED, "meters",
		                 "no tariff is in force for meter %lld", (long long)binding->meter);
	return err;
}

enum err account_bind(struct tx *tx, struct account_act *act, const struct property_row *property,
                      struct account_binding *binding, const struct rate_state *step,
                      int64_t now_ms)
{
	struct account_register *reg = &binding->reg;
	struct meter_row meter;
	struct account_meter use = {.property_id = act->property_id,
	                            .meter = binding->meter,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = act->row.account_id,
	                            .service = binding->service,
	                            .credit = binding->credit};
	struct rating_start start = {.property_id = act->property_id,
	                             .meter = binding->meter,
	                             .account_id = act->row.account_id,
	                             .service = binding->service,
	                             .credit = binding->credit};
	int64_t until_s = 0;
	enum err err =
	        account_meter_named(tx, act, PERMISSION_ACCOUNT_WRITE, binding->meter, now_ms);

	if (!err)
		err = meter_get(tx->db, act->property_id, binding->meter, &meter);
	if (!err)
		err = check_meter(tx, act, &meter);
	if (!err)
		err = photo_named(tx, act, reg->photo);
	if (!err)
		err = last_end(tx, act->property_id, binding->meter, &until_s);
	if (!err)
		err = account_register_take(tx, act, binding->meter, binding->service, until_s, reg,
		                            now_ms);
	if (!err && binding->credit == CREDIT_METER && !meter_model_keeps_credit(meter.model))
		err = fault_set(&act->fault, ERR_REFUSED, "meters",
		                "meter %lld keeps no credit: its model is %s",
		                (long long)binding->meter, meter.model);
	if (!err && binding->credit == CREDIT_METER && reg->source != REGISTER_AUTO)
		err = fault_set(&act->fault, ERR_REFUSED, "meters",
		                "meter %lld is not reachable, and its credit lives in it",
		                (long long)binding->meter);
	if (!err)
		err = check_tariff(tx, act, property, binding);
	if (err)
		return err;
	if (reg->at_s < binding->from_s)
		reg->at_s = binding->from_s;
	use.from_s = start.from_s = reg->at_s;
	use.open_units = start.units = reg->units;
	use.open_source = reg->source;
	snprintf(use.open_photo, sizeof use.open_photo, "%s", reg->photo ? reg->photo : "");
	if (step)
		start.step = *step;
	err = account_meter_insert(tx->db, &use);
	if (err == ERR_DUP)
		return fault_set(&act->fault, ERR_REFUSED, "meters",
		                 "meter %lld began a use in this second: try again",
		                 (long long)binding->meter);
	return err ? err : rating_start(tx, &start);
}

static enum err bind_all(struct tx *tx, struct account_open *r, const struct property_row *property,
                         int64_t now_ms)
{
	enum err err = ERR_NONE;

	if (!r->count || r->count > ACCOUNT_METERS_MAX)
		return fault_set(&r->act.fault, ERR_BAD_INPUT, "meters", "1 to %d of them",
		                 ACCOUNT_METERS_MAX);
	for (size_t i = 0; !err && i < r->count; i++)
		err = account_bind(tx, &r->act, property, &r->meter[i], NULL, now_ms);
	return err;
}

/* ---- old balances ---- */

struct staged {
	struct tx *tx;
	struct account_open *open;
	const struct property_row *property;
	struct takeover_row row[ACCOUNT_METERS_MAX];
	size_t count;
	bool full;
};

static bool take_staged(void *arg, const struct takeover_row *row)
{
	struct staged *staged = arg;

	for (size_t i = 0; i < staged->count; i++)
		if (staged->row[i].job_id == row->job_id && staged->row[i].row_no == row->row_no)
			return true;
	staged->full = staged->count == ACCOUNT_METERS_MAX;
	if (!staged->full)
		staged->row[staged->count++] = *row;
	return !staged->full;
}

struct account_meters_found {
	struct staged *staged;
	enum err err;
};

/* Rows about a meter of the account, or about the room where it stands. */
static bool find_by_meter(void *arg, const struct account_meter *use)
{
	struct account_meters_found *found = arg;
	struct tx *tx = found->staged->tx;
	struct meter_row meter;

	found->err = meter_get(tx->db, use->property_id, use->meter, &meter);
	if (!found->err)
		found->err = takeover_staged(tx->db, use->property_id, use->meter, meter.space_id,
		                             take_staged, found->staged);
	return !found->err;
}

static bool find_by_customer(void *arg, const struct takeover_row *row)
{
	/* A row that names a meter or room belongs to whoever has that. */
	return row->meter || row->space_id ? true : take_staged(arg, row);
}

static enum err post_staged(struct staged *staged, const struct takeover_row *row, int64_t now_ms)
{
	struct account_open *r = staged->open;
	char key[LEDGER_KEY_SIZE];
	struct account_posting posting = {.property_id = row->property_id,
	                                  .account_id = r->act.row.account_id,
	                                  .key = key,
	                                  .kind = "opening",
	                                  .reason = row->old_account,
	                                  .other = LEDGER_OPENING,
	                                  .amount = money_fen(row->balance_fen),
	                                  .day = property_day(staged->property, now_ms / 1000)};
	enum err err;

	snprintf(key, sizeof key, "takeover:%lld:%lld", (long long)row->job_id,
	         (long long)row->row_no);
	err = takeover_posted(staged->tx->db, row);
	if (!err)
		err = account_post(staged->tx, staged->property, &posting, r->act.actor.who,
		                   now_ms);
	r->taken_fen += row->balance_fen;
	r->taken_rows++;
	return err;
}

static enum err post_takeover(struct tx *tx, struct account_open *r,
                              const struct property_row *property, int64_t now_ms)
{
	struct staged staged = {.tx = tx, .open = r, .property = property};
	struct account_meters_found found = {.staged = &staged};
	enum err err = account_meters(tx->db, r->act.property_id, r->act.row.account_id, true,
	                              find_by_meter, &found);

	r->taken_fen = r->taken_rows = 0;
	if (!err)
		err = found.err;
	if (!err)
		err = takeover_staged_of(tx->db, r->act.property_id, r->act.row.customer_id,
		                         find_by_customer, &staged);
	if (!err && staged.full)
		return fault_set(&r->act.fault, ERR_REFUSED, "opening_fen",
		                 "more than %d rows were taken over for it", ACCOUNT_METERS_MAX);
	if (!err && staged.count && r->has_opening)
		return fault_set(&r->act.fault, ERR_REFUSED, "opening_fen",
		                 "its balance was taken over by import %lld, row %lld",
		                 (long long)staged.row[0].job_id, (long long)staged.row[0].row_no);
	for (size_t i = 0; !err && i < staged.count; i++)
		err = post_staged(&staged, &staged.row[i], now_ms);
	return err;
}

static enum err post_opening(struct tx *tx, struct account_open *r,
                             const struct property_row *property, int64_t now_ms)
{
	struct account_act *act = &r->act;
	char key[LEDGER_KEY_SIZE];
	struct account_posting posting = {.property_id = act->property_id,
	                                  .account_id = act->row.account_id,
	                                  .key = key,
	                                  .kind = "opening",
	                                  .reason = act->actor.reason,
	                                  .other = LEDGER_OPENING,
	                                  .amount = money_fen(r->opening_fen),
	                                  .day = property_day(property, now_ms / 1000)};

	if (!r->has_opening)
		return ERR_NONE;
	if (!act->actor.reason[0])
		return fault_set(&act->fault, ERR_BAD_INPUT, "reason",
		                 "is missing: an old balance comes in");
	if (r->opening_fen < -OPENING_MAX || r->opening_fen > OPENING_MAX)
		return fault_set(&act->fault, ERR_BAD_INPUT, "opening_fen", "is beyond all bounds");
	snprintf(key, sizeof key, "opening:%lld", (long long)act->row.account_id);
	return account_post(tx, property, &posting, act->actor.who, now_ms);
}

/* ---- terms ---- */

/* Those of the draft hold from the first use on. */
static enum err begin_terms(struct tx *tx, struct account_open *r)
{
	struct account_terms terms;
	int64_t from_s = r->meter[0].reg.at_s;
	enum err err =
	        account_terms_at(tx->db, r->act.property_id, r->act.row.account_id, 0, &terms);

	if (!err)
		err = account_terms_delete(tx->db, terms.property_id, terms.account_id,
		                           terms.from_s);
	for (size_t i = 1; i < r->count; i++)
		if (r->meter[i].reg.at_s < from_s)
			from_s = r->meter[i].reg.at_s;
	terms.from_s = from_s;
	return err ? err : account_terms_put(tx->db, &terms);
}

/* ---- steps ---- */

/* An old balance is used out of the purse of the meter, when that is the only one there is. */
static enum err fill_purse(struct tx *tx, const struct account_open *r, int64_t now_ms)
{
	struct ledger_balance held;
	enum err err;

	if (r->count != 1 || r->meter[0].credit != CREDIT_METER)
		return ERR_NONE;
	err = ledger_balance(tx->db, r->act.property_id, LEDGER_ACCOUNT, r->act.row.account_id,
	                     &held);
	return err ? err
	           : topup_carry(tx, r->act.property_id, r->act.row.account_id, r->meter[0].meter,
	                         account_fen(held.balance), now_ms);
}

enum err account_open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_open *r = arg;
	struct property_row property;
	struct account_row before;
	char detail[96];
	enum err err = account_begin(tx, &r->act, PERMISSION_ACCOUNT_WRITE, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	if (before.state != ACCOUNT_DRAFT)
		return fault_set(&r->act.fault, ERR_REFUSED, NULL, "the account is %s, not draft",
		                 account_state_word(before.state));
	r->act.row.state = ACCOUNT_OPEN;
	r->act.row.opened_s = now_ms / 1000;
	err = bind_all(tx, r, &property, now_ms);
	if (!err)
		err = begin_terms(tx, r);
	if (!err)
		err = post_takeover(tx, r, &property, now_ms);
	if (!err)
		err = post_opening(tx, r, &property, now_ms);
	if (!err)
		err = fill_purse(tx, r, now_ms);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%zu meters, opening %lld fen", r->count,
	         (long long)(r->has_opening ? r->opening_fen : r->taken_fen));
	return account_store(tx, &r->act, "account.open", &before, detail, now_ms, out);
}

static enum err begin_open(struct tx *tx, struct account_act *act, struct property_row *property,
                           int64_t now_ms)
{
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_WRITE, property, now_ms);

	if (!err && act->row.state != ACCOUNT_OPEN && act->row.state != ACCOUNT_SUSPENDED)
		err = fault_set(&act->fault, ERR_REFUSED, NULL, "the account is %s, not open",
		                account_state_word(act->row.state));
	return err;
}

enum err account_add_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_open *r = arg;
	struct property_row property;
	struct account_row before;
	char detail[64];
	enum err err = begin_open(tx, &r->act, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	err = bind_all(tx, r, &property, now_ms);
	if (!err)
		err = post_takeover(tx, r, &property, now_ms);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%zu meters", r->count);
	return account_store(tx, &r->act, "account.add", &before, detail, now_ms, out);
}

enum err account_takeover_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_open *r = arg;
	struct property_row property;
	struct account_row before;
	char detail[64];
	enum err err = begin_open(tx, &r->act, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	err = post_takeover(tx, r, &property, now_ms);
	if (!err && !r->taken_rows)
		return fault_set(&r->act.fault, ERR_REFUSED, NULL, "nothing is staged for it");
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%lld rows, %lld fen", (long long)r->taken_rows,
	         (long long)r->taken_fen);
	return account_store(tx, &r->act, "account.takeover", &before, detail, now_ms, out);
}
