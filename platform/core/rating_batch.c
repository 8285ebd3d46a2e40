/* What the meters of one transaction share: prices, and who has something of his own. */
#include <stdlib.h>

#include "libs/base/time.h"
#include "platform/core/rating_parts.h"
#include "platform/store/ledger.h"
#include "platform/store/supply.h"

int64_t rating_day_of(const struct rating_batch *batch, int64_t at_s)
{
	return days_from_unix(at_s + batch->utc_offset_s);
}

int64_t rating_day_start(const struct rating_batch *batch, int64_t day)
{
	return day * SECONDS_PER_DAY - batch->utc_offset_s;
}

bool rating_waits(enum rating_fault fault)
{
	return fault != RATING_SOUND && fault != RATING_UNPRICED;
}

/* So much may a register lose when its terminal's supply fails. */
#define JITTER_UNITS 20

enum err rating_register(struct db *db, int64_t property_id, enum service service,
                         struct rate_register *reg)
{
	struct supply_rules rules;
	enum err err = supply_rules_get(db, property_id, &rules);

	*reg = (struct rate_register){
	        .max_per_hour =
	                rules.value[service == SERVICE_WATER ? SUPPLY_FLOW_MAX : SUPPLY_POWER_MAX],
	        .jitter = JITTER_UNITS};
	return err;
}

enum err rating_batch_begin(struct rating_batch *batch, struct tx *tx, int64_t property_id,
                            struct tariff_cache *cache, int64_t now_ms)
{
	struct property_row property;
	struct ledger_state state;
	enum err err = property_get(tx->db, property_id, &property);

	batch->tx = tx;
	batch->cache = cache;
	batch->property_id = property_id;
	batch->now_ms = now_ms;
	batch->day = NULL;
	batch->packed = (struct bytes){.data = NULL};
	batch->days = batch->day_room = 0;
	for (size_t i = 0; i < RATING_SERVICES; i++) {
		batch->spanned[i] = false;
		batch->span[i].own = NULL;
	}
	if (!err)
		err = ledger_state(tx->db, property_id, &state);
	if (!err)
		err = rating_register(tx->db, property_id, SERVICE_ELECTRICITY,
		                      &batch->reg[SERVICE_ELECTRICITY]);
	if (!err)
		err = rating_register(tx->db, property_id, SERVICE_WATER,
		                      &batch->reg[SERVICE_WATER]);
	if (err)
		return err;
	batch->utc_offset_s = (int32_t)(property.utc_offset_min * 60);
	batch->closed_day = state.closed_day;
	return ERR_NONE;
}

enum err rating_batch_look(struct rating_batch *batch, const struct rating_range *range)
{
	struct db *db = batch->tx->db;
	enum err err = rare_read(db,
	                         "SELECT DISTINCT meter FROM meter_tariff WHERE property_id=?"
	                         " AND meter>=? AND meter<=? ORDER BY meter LIMIT ?",
	                         batch->property_id, range->meter_first, range->meter_last,
	                         &batch->own_tariff);

	batch->from_s = range->from_s;
	batch->to_s = range->to_s;
	if (!err)
		err = rare_read(db,
		                "SELECT DISTINCT meter FROM rating_gap WHERE property_id=?"
		                " AND meter>=? AND meter<=? ORDER BY meter LIMIT ?",
		                batch->property_id, range->meter_first, range->meter_last,
		                &batch->gapped);
	if (!err)
		err = rare_read(db,
		                "SELECT DISTINCT account_id FROM account_terms WHERE property_id=?"
		                " AND account_id>=? AND account_id<=? AND kind='monthly-fee'"
		                " ORDER BY account_id LIMIT ?",
		                batch->property_id, range->account_first, range->account_last,
		                &batch->monthly_fee);
	if (!err)
		err = rare_read(db,
		                "SELECT DISTINCT account_id FROM allowance WHERE property_id=?"
		                " AND account_id>=? AND account_id<=? AND ended_s=0"
		                " ORDER BY account_id LIMIT ?",
		                batch->property_id, range->account_first, range->account_last,
		                &batch->allowed);
	return err;
}

void rating_batch_end(struct rating_batch *batch)
{
	for (size_t i = 0; i < RATING_SERVICES; i++)
		tariff_span_free(&batch->span[i]);
	free(batch->day);
	free(batch->packed.data);
}

/* ---- prices of a meter ---- */

/* Prices of the property over the time of all intervals; NULL: they do not do for this meter. */
static enum err shared_span(struct rating_batch *batch, enum service service,
                            const struct tariff_span **span)
{
	const struct tariff_ask ask = {.property_id = batch->property_id,
	                               .service = service,
	                               .utc_offset_s = batch->utc_offset_s,
	                               .from_s = batch->from_s,
	                               .to_s = batch->to_s};
	struct tariff_span *shared = &batch->span[service];
	enum err err = ERR_NONE;

	if (!batch->spanned[service]) {
		err = tariff_span(batch->tx->db, batch->cache, &ask, shared);
		if (err) {
			tariff_span_free(shared);
			shared->count = 0;
		}
		batch->spanned[service] = true;
	}
	*span = shared->count ? shared : NULL;
	return err == ERR_NOT_FOUND || err == ERR_TOO_LONG ? ERR_NONE : err;
}

static enum err find_span(struct billing *b, int64_t to_s)
{
	struct rating_batch *batch = b->batch;
	const struct tariff_ask ask = {.property_id = batch->property_id,
	                               .meter = b->row.meter,
	                               .service = b->row.service,
	                               .account_id = b->row.account_id,
	                               .utc_offset_s = batch->utc_offset_s,
	                               .from_s = b->row.billed_s,
	                               .to_s = to_s > b->row.billed_s ? to_s : b->row.billed_s + 1};
	enum err err;

	b->span = NULL;
	if (!rare_may(&batch->own_tariff, b->row.meter) &&
	    !rare_may(&batch->monthly_fee, b->row.account_id) && ask.from_s >= batch->from_s &&
	    ask.to_s <= batch->to_s) {
		err = shared_span(batch, b->row.service, &b->span);
		if (err || b->span)
			return err;
	}
	b->span = &b->own;
	return tariff_span(batch->tx->db, batch->cache, &ask, &b->own);
}

void billing_begin(struct billing *b, struct rating_batch *batch, const struct rating_row *row,
                   struct rating_open *open)
{
	b->batch = batch;
	b->row = *row;
	b->open = open;
	b->span = NULL;
	b->own.own = NULL;
	b->allowances.count = 0;
	b->units_done = 0;
	b->spread = false;
	b->parts = NULL;
	b->keeps = b->dry = false;
	b->left_count = 0;
	b->posted = 0;
	b->err = ERR_NONE;
}

enum err billing_load(struct billing *b, int64_t to_s)
{
	struct rating_batch *batch = b->batch;
	enum err err = find_span(b, to_s);

	b->reg = batch->reg[b->row.service];
	if (err || b->row.credit == CREDIT_METER || !rare_may(&batch->allowed, b->row.account_id))
		return err;
	return allowances_read(batch->tx->db, batch->property_id, b->row.account_id,
	                       &b->allowances);
}

void billing_end(struct billing *b)
{
	tariff_span_free(&b->own);
}

/* ---- one meter ---- */

enum err rating_one_begin(struct rating_one *one, struct tx *tx, int64_t property_id, int64_t meter,
                          struct tariff_cache *cache, int64_t now_ms)
{
	struct billing *b = &one->b;
	struct rating_range range = {.from_s = 0, .to_s = 0}; /* one meter shares no prices */
	enum err err;

	one->open = (struct rating_open){.count = 0};
	billing_begin(b, &one->batch, &(const struct rating_row){.meter = meter}, &one->open);
	err = rating_batch_begin(&one->batch, tx, property_id, cache, now_ms);
	if (!err)
		err = rating_get_open(tx->db, property_id, meter, &b->row, &one->open);
	if (err)
		return err;
	range.meter_first = range.meter_last = meter;
	range.account_first = range.account_last = b->row.account_id;
	return rating_batch_look(&one->batch, &range);
}

void rating_one_end(struct rating_one *one)
{
	billing_end(&one->b);
	rating_batch_end(&one->batch);
	rating_open_free(&one->open);
}
