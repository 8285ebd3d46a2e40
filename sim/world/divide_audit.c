/* I6: what was used between two readings belongs to the prices in between by time, whichever of the readings came
 * first. The interval over a reading that is missing is divided anew when it comes after all. */
#include "sim/world/divide_audit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/store/allowance.h"
#include "platform/store/charge.h"
#include "sim/world/money.h"

#define LONG_S  1800 /* what is shorter stays as it was charged */
#define BEGIN_S 60   /* a use is written so long after it began */
#define CHINA_S 28800
#define DAY_S   86400

struct mark {
	int64_t at_s, units;
};

struct division {
	struct world *w;
	const struct rates *rates;
	int64_t meter;
	struct account_meter use;
	struct mark *mark; /* by time */
	size_t n;
	int64_t due[RATES_VERSIONS][RATES_RATES + 1], has[RATES_VERSIONS][RATES_RATES + 1];
	int64_t unsure; /* units that may lie at either of two prices */
	bool known;     /* nothing happened that this knows too little of */
};

/* ---- prices over time ---- */

static int version_at(const struct rates *r, int64_t at_s)
{
	return at_s < r->change_s ? RATES_FIRST : RATES_SECOND;
}

static int rate_at(const struct rates *r, int64_t at_s)
{
	return r->slots[version_at(r, at_s)] ? rates_at(r, at_s) : 1;
}

/* The next instant at which the price may be another one; more of them than there are do no harm. */
static int64_t next_edge_s(const struct rates *r, int64_t at_s)
{
	int64_t day_s = (at_s + CHINA_S) / DAY_S * DAY_S - CHINA_S, edge_s = day_s + DAY_S;

	if (r->change_s > at_s && r->change_s < edge_s)
		edge_s = r->change_s;
	for (int table = 0; table < RATES_TABLES; table++)
		for (int i = 0; i < RATES_SLOTS; i++) {
			int64_t slot_s = day_s + (int64_t)r->slot[table][i].minute * 60;

			if (slot_s > at_s && slot_s < edge_s)
				edge_s = slot_s;
		}
	return edge_s;
}

static bool is_mixed(const struct rates *r, const struct mark *a, const struct mark *b)
{
	int64_t at_s = a->at_s;

	while (at_s < b->at_s && version_at(r, at_s) == version_at(r, a->at_s) &&
	       rate_at(r, at_s) == rate_at(r, a->at_s))
		at_s = next_edge_s(r, at_s);
	return at_s < b->at_s;
}

/* Steps begin anew in between: what was used before and after may then not be told any more. */
static bool is_of_two_years(const struct mark *a, const struct mark *b)
{
	struct civil first, last;

	date_from_days((a->at_s + CHINA_S) / DAY_S, &first);
	date_from_days((b->at_s + CHINA_S) / DAY_S, &last);
	return first.year != last.year;
}

static void divide(struct division *d, const struct mark *a, const struct mark *b)
{
	const struct rates *r = d->rates;
	int64_t used = b->units - a->units, length_s = b->at_s - a->at_s, done = 0;

	for (int64_t at_s = a->at_s, edge_s; at_s < b->at_s; at_s = edge_s) {
		int64_t until;

		edge_s = next_edge_s(r, at_s);
		if (edge_s > b->at_s)
			edge_s = b->at_s;
		until = used * (edge_s - a->at_s) / length_s;
		d->due[version_at(r, at_s)][rate_at(r, at_s)] += until - done;
		done = until;
	}
}

/* ---- readings as they came ---- */

static void insert(struct division *d, size_t at, const struct mark *mark)
{
	memmove(d->mark + at + 1, d->mark + at, (d->n - at) * sizeof *mark);
	d->mark[at] = *mark;
	d->n++;
}

static void take_late(struct division *d, const struct mark *mark)
{
	const struct mark *a, *b;
	size_t at = d->n;

	while (at > 1 && d->mark[at - 1].at_s > mark->at_s)
		at--;
	a = &d->mark[at - 1];
	b = &d->mark[at];
	if (a->at_s == mark->at_s || mark->units < a->units || mark->units > b->units)
		return;
	if (is_mixed(d->rates, a, b)) {
		if (b->at_s - a->at_s <= LONG_S || is_of_two_years(a, b))
			d->unsure += b->units - a->units;
		else
			d->w->faults.seen[WITNESS_ANEW]++;
	}
	if (b->at_s - a->at_s > LONG_S)
		insert(d, at, mark);
}

static void take(struct division *d, const struct mark *mark)
{
	const struct mark *last = &d->mark[d->n - 1];

	if (mark->at_s <= d->use.from_s || mark->at_s == last->at_s)
		return;
	if (mark->at_s < last->at_s)
		take_late(d, mark);
	else if (mark->units < last->units)
		d->known = false; /* it began anew */
	else
		insert(d, d->n, mark);
}

/* What was read before its use was written is passed over, and the first interval is longer then. */
static void doubt_beginning(struct division *d)
{
	const struct mark *first = d->mark, *mark;
	size_t i = 1;

	while (i < d->n && d->mark[i].at_s - first->at_s <= BEGIN_S)
		i++;
	if (i < 2)
		return;
	mark = &d->mark[i < d->n ? i : d->n - 1];
	if (is_mixed(d->rates, first, mark))
		d->unsure += mark->units - first->units;
}

/* ---- what is charged ---- */

static bool on_charge(void *arg, const struct charge_row *row)
{
	struct division *d = arg;

	if (row->use_from_s == d->use.from_s && row->line == 0 && row->version_id >= 1 &&
	    row->version_id < RATES_VERSIONS && row->rate >= 1 && row->rate <= RATES_RATES)
		d->has[row->version_id][row->rate] += row->units;
	return true;
}

static bool on_allowance(void *arg, const struct allowance_row *row)
{
	(void)row;
	*(bool *)arg = true;
	return false;
}

/* A use that goes on, of an account that had no allowances, and that no person decided about. */
static bool is_plain(struct division *d)
{
	struct world *w = d->w;
	const struct rates *r = d->rates;
	struct account_terms terms;
	struct rating_row rating;
	bool allowed = false;

	if (account_meter_last(w->server->db, 1, d->meter, &d->use) ||
	    d->use.until_s != ACCOUNT_OPEN_S)
		return false;
	for (size_t i = 0; i < r->gaps; i++)
		if (r->gap[i].meter == d->meter)
			return false;
	return !rating_get(w->server->db, 1, d->meter, &rating) && rating.fault == RATING_SOUND &&
	       !account_terms_at(w->server->db, 1, d->use.account_id, INT64_MAX, &terms) &&
	       terms.kind != ACCOUNT_MONTHLY_FEE &&
	       !allowance_list(w->server->db, 1, d->use.account_id, false, on_allowance,
	                       &allowed) &&
	       !allowed && !w->faults.count[FAULT_PLATFORM_CLOCK];
}

static void compare(const struct division *d)
{
	for (int version = 1; version < RATES_VERSIONS; version++)
		for (int rate = 1; rate <= RATES_RATES; rate++)
			if (llabs(d->has[version][rate] - d->due[version][rate]) > d->unsure)
				world_broken(
				        d->w, "I6",
				        "meter %lld: %lld units are charged by version %d at rate %d, its readings say %lld",
				        (long long)d->meter, (long long)d->has[version][rate],
				        version, rate, (long long)d->due[version][rate]);
}

void divide_audit(struct world *w, int64_t meter, const struct seen_row *rows, size_t n)
{
	struct division d = {.w = w, .rates = &w->money->rates, .meter = meter, .known = true};

	if (!is_plain(&d))
		return;
	d.mark = malloc((n + 1) * sizeof *d.mark);
	assert(d.mark != NULL);
	d.mark[d.n++] = (struct mark){d.use.from_s, d.use.open_units};
	for (size_t i = 0; i < n && d.known; i++)
		take(&d, &(struct mark){rows[i].time_s, rows[i].energy_wh});
	doubt_beginning(&d);
	for (size_t i = 1; i < d.n; i++)
		divide(&d, &d.mark[i - 1], &d.mark[i]);
	if (charge_list(w->server->db, 1, meter, INT32_MIN, INT32_MAX, on_charge, &d))
		world_broken(w, "I23", "meter %lld: its charges cannot be read", (long long)meter);
	else if (d.known)
		compare(&d);
	free(d.mark);
}
