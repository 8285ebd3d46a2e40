/* Charges at the end, billed again by another hand: each unit once, at the price of its instant and step, and
 * no part of a fen lost. */
#include "sim/world/contract.h"
#include "sim/world/money.h"
#include "sim/world/oracle_state.h"

#include <string.h>

#include "libs/base/time.h"
#include "libs/proto/meter.h"
#include "platform/core/books.h"
#include "platform/store/charge.h"
#include "platform/store/latest.h"

#define FEN       (INT64_C(10000) * 1000) /* of `exact`: 1/1000 micro-yuan */
#define YEARS     2
#define LAG_S     60
#define CHINA_S   28800
#define DAY_S     86400
#define LINES_MAX 16
#define USES      (CONTRACT_MOVES + 1) /* of a meter, by one customer after the other */

struct bill {
	struct world *w;
	const struct rates *rates;
	int64_t meter, first_year;
	enum service service;
	struct account_meter uses[USES]; /* the newest first */
	size_t n_uses;
	int64_t used[USES], steps[USES][YEARS][RATES_STEPS];
	int64_t units, posted_fen, open_exact;
	int64_t exact[LINES_MAX][RATES_VERSIONS], whole[LINES_MAX][RATES_VERSIONS]; /* posted */
	int64_t free_units, before_from_s;
	struct contract_use use;
};

static int64_t year_of(int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	return date.year;
}

static int64_t price_of(const struct bill *b, const struct charge_row *row)
{
	const struct rates *r = b->rates;

	if (money_fee_fen(b->w, row->account_id))
		return 0;
	if (row->line == 1)
		return b->service == SERVICE_WATER ? r->sewage_uy : -1;
	if (b->service == SERVICE_WATER)
		return r->water_uy;
	if (row->step < 0 || row->step >= RATES_STEPS)
		return -1;
	if (row->version_id < 1 || row->version_id >= RATES_VERSIONS || row->rate < 1 ||
	    row->rate > RATES_RATES)
		return -1;
	return r->rate_uy[row->version_id][row->rate - 1] + r->step_uy[row->step];
}

/* ---- times of use ---- */

static bool is_holiday(const struct rates *r, int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	for (size_t i = 0; i < r->holidays; i++)
		if ((!r->holiday[i].year || r->holiday[i].year == date.year) &&
		    r->holiday[i].month == date.month && r->holiday[i].day == date.day)
			return true;
	return false;
}

/* Before the first slot of a day the last one holds. */
int rates_at(const struct rates *r, int64_t at_s)
{
	int64_t local_s = at_s + CHINA_S, day = local_s / DAY_S, minute = local_s % DAY_S / 60;
	const struct rates_slot *slot = r->slot[is_holiday(r, day)];
	int rate = slot[RATES_SLOTS - 1].rate;

	for (int i = 0; i < RATES_SLOTS && slot[i].minute <= minute; i++)
		rate = slot[i].rate;
	return rate;
}

/* I6: at the rate of its time. A row gathers pieces of one rate and day, so its two ends tell. */
static void check_rate(const struct bill *b, const struct charge_row *row)
{
	const struct rates *r = b->rates;
	bool known = b->service != SERVICE_WATER && r->slots[row->version_id];
	int first = known ? rates_at(r, row->from_s) : 1,
	    last = known ? rates_at(r, row->to_s - 1) : 1;

	if (row->rate != first || row->rate != last)
		world_broken(b->w, "I6",
		             "meter %lld: %lld to %lld is charged at rate %d, and not %d and %d",
		             (long long)b->meter, (long long)row->from_s, (long long)row->to_s,
		             (int)row->rate, first, last);
	b->w->faults.seen[WITNESS_SLOT] += known && row->rate > 1;
	b->w->faults.seen[WITNESS_HOLIDAY] += known && is_holiday(r, row->day);
}

/* I6: by the version in force at its time. */
static void check_version(const struct bill *b, const struct charge_row *row)
{
	int64_t change_s = b->rates->change_s;
	bool second = row->version_id == RATES_SECOND;

	if ((row->version_id == RATES_WATER) != (b->service == SERVICE_WATER))
		world_broken(b->w, "I6", "meter %lld: charged by version %lld", (long long)b->meter,
		             (long long)row->version_id);
	else if (b->service != SERVICE_WATER &&
	         (second ? row->from_s < change_s : row->to_s > change_s))
		world_broken(
		        b->w, "I6",
		        "meter %lld: %lld to %lld is charged by version %lld, the price changed at %lld",
		        (long long)b->meter, (long long)row->from_s, (long long)row->to_s,
		        (long long)row->version_id, (long long)change_s);
}

/* Uses of a meter follow each other without a gap. */
static bool find_uses(struct bill *b)
{
	struct db *db = b->w->server->db;
	enum err err = account_meter_last(db, 1, b->meter, &b->uses[0]);

	for (b->n_uses = 1; !err && b->n_uses < USES; b->n_uses++) {
		err = account_meter_at(db, 1, b->meter, b->uses[b->n_uses - 1].from_s - 1,
		                       &b->uses[b->n_uses]);
		if (err)
			break;
	}
	return !err || err == ERR_NOT_FOUND;
}

static void count_main(struct bill *b, const struct charge_row *row)
{
	int64_t year = year_of(row->day) - b->first_year;
	size_t use = 0;

	while (use < b->n_uses && (b->uses[use].from_s != row->use_from_s ||
	                           b->uses[use].account_id != row->account_id))
		use++;
	if (use == b->n_uses) {
		world_broken(b->w, "I6", "meter %lld: account %lld is charged from %lld on",
		             (long long)b->meter, (long long)row->account_id,
		             (long long)row->use_from_s);
		return;
	}
	b->used[use] += row->units;

	b->units += row->units;
	if (row->allowance_id)
		b->free_units += row->units;
	if (year < 0 || year >= YEARS || row->step < 0 || row->step >= RATES_STEPS)
		world_broken(b->w, "I6", "meter %lld: day %lld, step %d", (long long)b->meter,
		             (long long)row->day, (int)row->step);
	else
		b->steps[use][year][row->step] += row->units;
}

static bool on_charge(void *arg, const struct charge_row *row)
{
	struct bill *b = arg;
	int64_t price_uy = price_of(b, row), fen = books_fen(row->amount);

	if (row->line > WATER_LINES || row->version_id < 1 || row->version_id >= RATES_VERSIONS ||
	    row->price_uy != price_uy ||
	    row->exact != (row->allowance_id ? 0 : row->units * price_uy) ||
	    (row->units <= 0 && !row->correction)) {
		world_broken(b->w, "I6", "meter %lld: %lld units cost %lld, price %lld of %lld",
		             (long long)b->meter, (long long)row->units, (long long)row->exact,
		             (long long)row->price_uy, (long long)price_uy);
		return false;
	}
	check_version(b, row);
	check_rate(b, row);
	if (row->line == 0)
		count_main(b, row);
	if (row->group_no == CHARGE_OPEN) {
		b->open_exact += row->exact;
	} else {
		b->exact[row->line][row->version_id] += row->exact;
		b->whole[row->line][row->version_id] += fen;
		b->posted_fen += fen;
	}
	return !b->w->failed;
}

/* I6: what lies between is charged once; but for what a person let be. */
static void check_units(struct bill *b, const struct rating_row *row)
{
	const struct rates *r = b->rates;
	int64_t units = row->billed_units - b->use.from_units, flowed;
	bool sure = true, decided = false;

	for (size_t i = 1; i < b->n_uses; i++)
		units += b->uses[i].close_units - b->uses[i].open_units;
	flowed = (int64_t)(b->w->oracle->flowed[b->meter - METER_FIRST] / 10);
	for (size_t i = 0; i < r->gaps; i++) {
		if (r->gap[i].meter != b->meter)
			continue;
		sure = sure && r->gap[i].sure;
		decided = true;
		units += r->gap[i].from + r->gap[i].charged - r->gap[i].to;
	}
	if (b->use.ended && row->billed_units != b->use.until_units)
		world_broken(b->w, "I6", "meter %lld ended at %lld, and is billed to %lld",
		             (long long)b->meter, (long long)b->use.until_units,
		             (long long)row->billed_units);
	else if (sure && b->units != units)
		world_broken(b->w, "I6", "meter %lld: %lld units are charged of %lld",
		             (long long)b->meter, (long long)b->units, (long long)units);
	else if (row->billed_units > flowed || b->units > flowed + 3 * (int64_t)r->gaps)
		world_broken(b->w, "I16", "meter %lld: %lld units are charged, only %lld flowed",
		             (long long)b->meter, (long long)b->units, (long long)flowed);
	for (size_t i = 1; i < b->n_uses && !decided && !b->w->failed; i++)
		if (b->used[i] != b->uses[i].close_units - b->uses[i].open_units)
			world_broken(b->w, "I6",
			             "meter %lld: account %lld used %lld units, charged are %lld",
			             (long long)b->meter, (long long)b->uses[i].account_id,
			             (long long)(b->uses[i].close_units - b->uses[i].open_units),
			             (long long)b->used[i]);
}

/* I6: the steps of each year are filled from below; for another customer anew. */
static void check_steps(struct bill *b, size_t use)
{
	const struct rates *r = b->rates;

	for (unsigned year = 0; year < YEARS && !b->w->failed; year++) {
		const int64_t *step = b->steps[use][year];
		int64_t all = step[0] + step[1] + step[2], low = 0;

		for (unsigned i = 0; i < RATES_STEPS; i++) {
			bool last =
			        i == RATES_STEPS - 1 || !r->steps || b->service == SERVICE_WATER;
			int64_t room = last ? INT64_MAX : r->threshold[i] - low;
			int64_t due = all < room ? all : room;

			if (step[i] != due)
				world_broken(
				        b->w, "I6",
				        "meter %lld: step %u has %lld units, and should have %lld",
				        (long long)b->meter, i, (long long)step[i], (long long)due);
			all -= due;
			low = last ? low : r->threshold[i];
		}
	}
}

static int64_t rest_of(const struct rating_open *open, int line, int version)
{
	for (size_t i = 0; i < open->rests; i++)
		if (open->rest[i].line == line && open->rest[i].version_id == version)
			return open->rest[i].rest;
	return 0;
}

/* I5: whole fen and what is left of each line and version are what it cost. */
static void check_rests(struct bill *b, const struct rating_open *open)
{
	for (int line = 0; line <= WATER_LINES; line++)
		for (int version = 1; version < RATES_VERSIONS; version++) {
			int64_t rest = rest_of(open, line, version);

			if (rest < 0 || rest >= FEN ||
			    b->whole[line][version] * FEN + rest != b->exact[line][version])
				world_broken(
				        b->w, "I5",
				        "meter %lld: line %d of version %d cost %lld, posted are %lld fen and %lld",
				        (long long)b->meter, line, version,
				        (long long)b->exact[line][version],
				        (long long)b->whole[line][version], (long long)rest);
		}
}

static bool is_decided(const struct bill *b)
{
	size_t i = 0;

	while (i < b->rates->gaps && b->rates->gap[i].meter != b->meter)
		i++;
	return i < b->rates->gaps;
}

/* I26: nothing that was read waits to be charged; a register that fell a little waits until it is there again. */
static void check_lag(struct bill *b, const struct rating_row *row)
{
	struct reading newest;
	int64_t lag_s;

	/* The newest one may have come this moment; after a person's decision the next one moves on, and bought meters
	 * are not read in the quiet phase. */
	if (b->use.ended || is_decided(b) || latest_read(b->w->server->db, 1, b->meter, &newest) ||
	    b->w->faults.count[FAULT_PLATFORM_CLOCK] || b->w->faults.count[FAULT_GATEWAY_CLOCK])
		return;
	lag_s = newest.time_s - row->billed_s;
	if (row->fault == RATING_SOUND && lag_s > LAG_S && !(newest.quality & METER_CLOCK_UNSURE) &&
	    newest.time_s + WORLD_RATED_S < world_wall_ms(b->w) / 1000 &&
	    newest.energy_wh > row->billed_units)
		world_broken(b->w, "I26", "meter %lld was read %lld s later than it is billed",
		             (long long)b->meter, (long long)lag_s);
}

/* The meter that was swapped filled steps, too, for him who used it last. */
static bool on_before(void *arg, const struct charge_row *row)
{
	struct bill *b = arg;

	if (row->line == 0 && row->use_from_s == b->before_from_s)
		b->steps[b->n_uses - 1][year_of(row->day) - b->first_year][row->step] += row->units;
	return true;
}

static void count_before(struct bill *b)
{
	struct account_meter last;

	if (account_meter_last(b->w->server->db, 1, b->use.before, &last))
		return;
	b->before_from_s = last.from_s;
	if (charge_list(b->w->server->db, 1, b->use.before, INT32_MIN, INT32_MAX, on_before, b))
		world_broken(b->w, "I23", "meter %lld: its charges cannot be read",
		             (long long)b->use.before);
}

int64_t rates_audit(struct world *w, int64_t meter, enum service service)
{
	struct bill b = {.w = w, .rates = &w->money->rates, .meter = meter, .service = service};
	struct rating_open open = {.count = 0};
	struct rating_row row;

	b.use = contract_use(w, meter);
	if (!b.use.bound || !find_uses(&b))
		return 0;
	b.first_year = year_of(days_from_unix(b.rates->opened_s + CHINA_S));
	if (rating_get_open(w->server->db, 1, meter, &row, &open) ||
	    charge_list(w->server->db, 1, meter, INT32_MIN, INT32_MAX, on_charge, &b)) {
		rating_open_free(&open);
		world_broken(w, "I23", "meter %lld: its charges cannot be read", (long long)meter);
		return 0;
	}
	if (row.accrued != b.open_exact)
		world_broken(w, "I1", "meter %lld: %lld accrued, its open charges are %lld",
		             (long long)meter, (long long)row.accrued, (long long)b.open_exact);
	if (!w->failed)
		check_units(&b, &row);
	if (b.use.before && !w->failed)
		count_before(&b);
	for (size_t use = b.use.replaced ? 1 : 0; use < b.n_uses; use++)
		check_steps(&b, use);
	check_rests(&b, &open);
	rating_open_free(&open);
	check_lag(&b, &row);
	return b.posted_fen;
}
