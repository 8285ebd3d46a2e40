#include "platform/core/overview.h"

#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/account.h"
#include "platform/core/clock.h"
#include "platform/core/organisation.h"
#include "platform/core/platform.h"
#include "platform/core/rating.h"
#include "platform/core/supply.h"
#include "platform/store/account.h"
#include "platform/store/log.h"

#define CANDIDATES 40 /* the ledger does not know today's use yet */

/* ---- balances at risk ---- */

struct first_use {
	bool found;
	int64_t meter;
};

static bool take_first(void *arg, const struct account_meter *use)
{
	struct first_use *first = arg;

	first->found = true;
	first->meter = use->meter;
	return false;
}

/* Where the account's first meter hangs. */
static enum err read_path(struct db *db, int64_t property_id, struct overview_low *low)
{
	struct meter_row meter;
	struct space_row space;
	enum err err;

	low->path[0] = '\0';
	if (!low->meter)
		return ERR_NONE;
	err = meter_get(db, property_id, low->meter, &meter);
	if (err || !meter.space_id)
		return err;
	err = space_get(db, property_id, meter.space_id, &space);
	return err ? err : space_path(db, &space, low->path);
}

static enum err read_low(struct db *db, const struct property_row *property, int64_t account_id,
                         int64_t now_ms, struct overview_low *low)
{
	int64_t property_id = property->property_id;
	struct first_use first = {0};
	struct supply_account supply;
	struct customer_row customer;
	struct account_money money;
	struct account_row account;
	enum err err = account_get(db, property_id, account_id, &account);

	if (!err)
		err = customer_get(db, property_id, account.customer_id, &customer);
	if (!err)
		err = supply_account_get(db, property_id, account_id, &supply);
	if (!err)
		err = account_money(db, property_id, account_id, now_ms, &money);
	if (!err)
		err = supply_days_left(db, property, &account, money.available, now_ms,
		                       &low->days_left);
	if (!err)
		err = account_meters(db, property_id, account_id, true, take_first, &first);
	if (err)
		return err;
	low->account_id = account_id;
	low->customer_id = account.customer_id;
	low->meter = first.meter;
	memcpy(low->code, account.code, sizeof low->code);
	memcpy(low->customer, customer.name, sizeof low->customer);
	low->available_fen = account_fen(money.available);
	low->state = supply.memory.state;
	return read_path(db, property_id, low);
}

static int by_money(const void *a, const void *b)
{
	const struct overview_low *x = a, *y = b;

	return (x->available_fen > y->available_fen) - (x->available_fen < y->available_fen);
}

static enum err read_lows(struct db *db, const struct property_row *property,
                          struct overview *overview, int64_t now_ms)
{
	struct overview_low *all = malloc(CANDIDATES * sizeof *all);
	int64_t account_ids[CANDIDATES];
	size_t count = 0;
	enum err err =
	        all ? overview_at_risk(db, property->property_id, CANDIDATES, account_ids, &count)
	            : ERR_NOMEM;

	for (size_t i = 0; !err && i < count; i++)
		err = read_low(db, property, account_ids[i], now_ms, &all[i]);
	if (!err) {
		qsort(all, count, sizeof *all, by_money);
		overview->low_count = count < OVERVIEW_LOW ? count : OVERVIEW_LOW;
		memcpy(overview->low, all, overview->low_count * sizeof *all);
	}
	free(all);
	return err;
}

/* ---- all of it ---- */

static int64_t month_start_day(int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	return day - date.day + 1;
}

static void take_power(void *arg, const struct power_row *row)
{
	struct overview *overview = arg;

	if (overview->power_count < OVERVIEW_POWERS)
		overview->power[overview->power_count++] = *row;
}

enum err overview_read(struct db *db, struct overview *o, int64_t now_ms)
{
	int64_t id = o->property_id, now_s = now_ms / 1000, day;
	struct property_row property;
	enum err err = property_get(db, id, &property);

	if (err)
		return err;
	*o = (struct overview){.property_id = id};
	day = property_day(&property, now_s);
	err = overview_received(db, id, property_day_start_s(&property, day) * 1000, &o->today);
	if (!err)
		err = overview_received(
		        db, id, property_day_start_s(&property, month_start_day(day)) * 1000,
		        &o->month);
	if (!err)
		err = overview_balances(db, id, &o->credit_fen, &o->owed_fen);
	if (!err)
		err = overview_states(db, id, o->states, BALANCE_STATES);
	if (!err)
		err = read_lows(db, &property, o, now_ms);
	if (!err)
		err = alarm_counts(db, id, o->alarms, &o->alarms_unseen);
	if (!err)
		err = overview_waiting(db, id, &o->waiting);
	if (!err)
		err = overview_uses(db, id, day, OVERVIEW_USES, o->uses, &o->use_count);
	if (!err)
		err = power_list(db, id, now_s - 2 * SECONDS_PER_DAY, take_power, o);
	return err;
}

/* ---- power of the present ---- */

struct meter_now meter_now(const struct platform *platform, const struct dir_meter *meter,
                           int64_t now_ms)
{
	const struct live_sample *live = live_get(platform->live, meter->slot);
	int64_t period_s = meter->period_s ? meter->period_s : platform->settings.reading_period_s;
	struct meter_now now = {0};
	struct reading reading;

	if (latest_get(platform->latest, meter->slot, &reading)) {
		now.at_ms = reading.time_s * 1000;
		now.power_dw = reading.power_dw;
	}
	if (live && live->received_mono_ms && live->at_ms >= now.at_ms) {
		now.at_ms = live->at_ms;
		now.power_dw = live->value.power_dw;
	}
	now.fresh = now.at_ms && now_ms - now.at_ms <= period_s * 2500;
	return now;
}

void power_sum(const struct platform *platform, int64_t now_ms, struct power_now *sum)
{
	const struct directory *dir = platform->dir;

	memset(sum, 0, dir->property_count * sizeof *sum);
	for (size_t i = 0; i < dir->meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[i];
		struct meter_now now = meter_now(platform, meter, now_ms);

		if (meter->is_main || !now.fresh)
			continue;
		sum[meter->property].power_w += now.power_dw;
		sum[meter->property].meters++;
	}
	for (size_t i = 0; i < dir->property_count; i++)
		sum[i].power_w /= 10;
}

struct power_keep {
	int64_t at_s;
	size_t count;
	struct power_row rows[];
};

static enum err keep_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct power_keep *keep = arg;
	enum err err = power_remove(tx->db, now_ms / 1000 - POWER_KEEP_S);

	(void)out;
	for (size_t i = 0; !err && i < keep->count; i++)
		err = power_insert(tx->db, &keep->rows[i]);
	return err;
}

static void kept(void *arg, enum err err)
{
	if (err && err != ERR_DISK_FULL)
		log_warn("overview: power of this quarter of an hour: %s", err_text(err));
	free(arg);
}

void power_tick(void *arg)
{
	struct platform *platform = arg;
	const struct directory *dir = platform->dir;
	int64_t now_ms = clock_wall_ms(), at_s = now_ms / 1000 / POWER_EVERY_S * POWER_EVERY_S;
	struct power_keep *keep;
	struct power_now *now;

	if (at_s <= platform->power_kept_s || platform_clock_unsure(platform) ||
	    !dir->property_count)
		return;
	now = malloc(dir->property_count * sizeof *now);
	keep = malloc(sizeof *keep + dir->property_count * sizeof keep->rows[0]);
	if (now && keep) {
		power_sum(platform, now_ms, now);
		*keep = (struct power_keep){.at_s = at_s};
		for (size_t i = 0; i < dir->property_count; i++)
			if (now[i].meters)
				keep->rows[keep->count++] =
				        (struct power_row){dir->properties[i].property_id, at_s,
				                           now[i].power_w, now[i].meters};
		if (!writer_submit(platform->writer, keep_step, keep, kept, keep)) {
			platform->power_kept_s = at_s;
			keep = NULL;
		}
	}
	free(keep);
	free(now);
}
