#include "sim/world/charging.h"

#include "sim/world/contract.h"
#include "sim/world/oracle_state.h"
#include "sim/world/purse.h"

#include "libs/base/time.h"
#include "libs/credit/rate.h"
#include "platform/core/meter_price.h"
#include "platform/store/charge.h"

#define CARRY_MS 1000
#define LATE_MS  120000

void charging_draw(struct world *w)
{
	struct rnd rnd;

	rnd_seed(&rnd, w->options.seed * 3 + 7);
	w->money->charging = rnd_below(&rnd, 3) > 0;
}

/* ---- the carrier ---- */

static bool own_row(const struct world *w, unsigned n, struct meter_price *row)
{
	struct account_meter use;
	struct db *db = w->server->db;

	return purse_is_of(w, n) && !meter_price_get(db, 1, unit_meter(n), row) &&
	       !account_meter_last(db, 1, unit_meter(n), &use) && price_is_own(row, &use);
}

/* I18: the platform wants no opening of what opens by itself. */
static void check_deciders(struct world *w)
{
	for (unsigned n = 0; n < w->n_terminals; n++) {
		struct supply_meter supply;
		struct meter_price row;

		if (own_row(w, n, &row) &&
		    !supply_meter_get(w->server->db, 1, unit_meter(n), &supply) &&
		    (supply.want == SUPPLY_OPEN || supply.want == SUPPLY_REMIND))
			world_broken(w, "I18", "terminal %u charges itself, and both sides decide",
			             n);
	}
}

static void carried(void *arg, enum err err)
{
	struct server *s = arg;

	s->prices_busy = false;
	if (err == ERR_INTERNAL || err == ERR_DAMAGED || err == ERR_REFUSED)
		world_broken(s->w, "I26", "prices are not carried: %s", err_text(err));
	else if (!err)
		check_deciders(s->w);
}

static void carry(void *arg)
{
	struct server *s = arg;

	if (!s->w->money->charging || s->prices_busy || platform_clock_unsure(&s->platform))
		return;
	s->prices.rules = s->platform.rules;
	s->prices_busy =
	        !writer_submit_bulk(s->platform.writer, price_work_step, &s->prices, carried, s);
}

void charging_timer(struct server *s)
{
	s->prices_busy = false;
	io_timer_add(&s->io, CARRY_MS, CARRY_MS, carry, s);
}

/* ---- at the end ---- */

static bool clock_was_wrong(const struct world *w)
{
	return w->faults.count[FAULT_PLATFORM_CLOCK] > 0;
}

static bool is_due(const struct world *w, unsigned n, int64_t late_ms)
{
	struct meter_price row;

	return purse_is_of(w, n) && !meter_price_get(w->server->db, 1, unit_meter(n), &row) &&
	       row.next_ms + late_ms < world_wall_ms(w);
}

bool charging_settled(const struct world *w)
{
	if (!w->money->charging || clock_was_wrong(w))
		return true;
	if (!w->server->db)
		return false;
	for (unsigned n = 0; n < w->n_terminals; n++)
		if (is_due(w, n, 2000))
			return false;
	return true;
}

/* Seconds that came again, or a register that fell and was let be: both sides saw different things. */
static bool differs_rightly(const struct world *w, unsigned n)
{
	static const enum mishap kinds[] = {FAULT_GATEWAY_CLOCK,  FAULT_PLATFORM_CLOCK,
	                                    FAULT_REPLAY_DOWN,    FAULT_LINK_LATE,
	                                    FAULT_SENSOR_CLEARED, FAULT_SENSOR_FROZEN};
	const struct rates *r = &w->money->rates;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (w->faults.count[kinds[i]])
			return true;
	for (size_t i = 0; i < r->gaps; i++)
		if (r->gap[i].meter == unit_meter(n))
			return true;
	return false;
}

/* ---- where it began ---- */

static bool on_charge(void *arg, const struct charge_row *row)
{
	if (row->line == 0)
		*(int64_t *)arg += row->units;
	return true;
}

static int year_at(int64_t at_s)
{
	struct civil date;

	date_from_days(days_from_unix(at_s + MONEY_OFFSET_S), &date);
	return date.year;
}

/* I2 I6: a meter that begins to charge itself is told of all that was used in the year, also by the meter whose place it
 * took. */
static void check_begin(struct world *w, unsigned n, const struct meter_price *row)
{
	const struct rates *r = &w->money->rates;
	struct contract_use use = contract_use(w, unit_meter(n));
	int64_t before_wh = 0;

	for (size_t i = 0; i < r->gaps; i++)
		if (r->gap[i].meter == unit_meter(n) || r->gap[i].meter == use.before)
			return;
	if (!r->steps || year_at(r->opened_s) != year_at(world_wall_ms(w) / 1000))
		return;
	if (use.before &&
	    charge_list(w->server->db, 1, use.before, INT32_MIN, INT32_MAX, on_charge, &before_wh))
		world_broken(w, "I23", "meter %lld: its charges cannot be read",
		             (long long)use.before);
	else if (row->start_step_wh != before_wh + row->start_wh - use.from_units)
		world_broken(w, "I6", "terminal %u begins with %lld Wh of the steps used, not %lld",
		             n, (long long)row->start_step_wh,
		             (long long)(before_wh + row->start_wh - use.from_units));
}

/* ---- both sums ---- */

/* Between the cheapest and the dearest moment, in micro-yuan per kWh; *most with the dearest step. */
static int64_t spread_uy(const struct rates *r, int64_t *most)
{
	int64_t low = INT64_MAX, high = 0;

	for (int version = RATES_FIRST; version <= RATES_SECOND; version++)
		for (int i = 0; version != RATES_WATER && i < (r->slots[version] ? RATES_RATES : 1);
		     i++) {
			low = r->rate_uy[version][i] < low ? r->rate_uy[version][i] : low;
			high = r->rate_uy[version][i] > high ? r->rate_uy[version][i] : high;
		}
	*most = high + (r->steps ? r->step_uy[RATES_STEPS - 1] : 0);
	return high - low;
}

static int64_t cost_fen(int64_t wh, int64_t uy)
{
	return wh * uy / (RATE_REST_PER_FEN) + 1;
}

/* I2: what the meter charged is what we did, up to what flowed since our newest reading, rounding, and division by
 * time where the price depends on it. */
static void check_sum(struct world *w, unsigned n, const struct meter_price *row)
{
	struct unit_credit credit = unit_credit(w->unit[n]);
	struct account_money money;
	struct rating_row rating;
	int64_t most_uy, spread = spread_uy(&w->money->rates, &most_uy), ours_fen, slack_fen;

	if (account_money(w->server->db, 1, row->account_id, world_wall_ms(w), &money) ||
	    rating_get(w->server->db, 1, unit_meter(n), &rating)) {
		world_broken(w, "I23", "account of terminal %u cannot be read", n);
		return;
	}
	ours_fen = credit.total_fen - books_fen(money.in_meters);
	slack_fen = 3 + 2 * row->versions * row->lines +
	            (row->timed || row->versions > 1
	                     ? cost_fen(credit.register_wh - row->start_wh, spread)
	                     : 0);
	if (credit.spent_fen < ours_fen - slack_fen ||
	    credit.spent_fen > ours_fen + slack_fen +
	                               cost_fen(credit.register_wh - rating.billed_units, most_uy))
		world_broken(
		        w, "I2",
		        "terminal %u spent %lld fen, the platform charged %lld; %lld are explained",
		        n, (long long)credit.spent_fen, (long long)ours_fen, (long long)slack_fen);
}

/* I18, I16: nobody sits in the dark who has paid, and nobody is supplied who has not. */
static void check_contact(struct world *w, unsigned n, const struct meter_price *row)
{
	struct unit_credit credit = unit_credit(w->unit[n]);
	int64_t left_fen = credit.total_fen - credit.spent_fen;

	if (w->faults.count[FAULT_CONTACT] || credit.forced || credit.kept || credit.waits)
		return;
	if (left_fen > 0 && !credit.closed && row->cut)
		world_broken(w, "I18", "terminal %u has %lld fen and no supply", n,
		             (long long)left_fen);
	else if (left_fen < -cost_fen(10, MONEY_PRICE_UY * 3) && credit.closed)
		world_broken(w, "I16", "terminal %u owes %lld fen, and has supply", n,
		             (long long)-left_fen);
}

static void check(struct world *w, unsigned n)
{
	struct meter_price row;

	if (is_due(w, n, LATE_MS) && !clock_was_wrong(w))
		world_broken(w, "I26", "prices for terminal %u wait, and nothing is tried", n);
	if (w->failed || !own_row(w, n, &row))
		return;
	if (!row.tries &&
	    (row.read_price != row.now_version || row.read_limits != row.limits_version) &&
	    !clock_was_wrong(w))
		world_broken(w, "I26", "terminal %u has other prices than it is to have", n);
	else if (!row.tries && unit_credit(w->unit[n]).limits != (uint32_t)row.read_limits)
		world_broken(w, "I11", "terminal %u has other limits than it said", n);
	else if (!differs_rightly(w, n))
		check_sum(w, n, &row);
	if (!w->failed)
		check_begin(w, n, &row);
	if (!w->failed)
		check_contact(w, n, &row);
}

void charging_audit(struct world *w)
{
	for (unsigned n = 0; w->money->charging && n < w->n_terminals && !w->failed; n++)
		if (purse_is_of(w, n))
			check(w, n);
}
