/* Readings that come late, from inside an interval that is charged already: what it cost is divided anew
 * (docs/design/money.md, "Late readings"). */
#include <stdlib.h>

#include "libs/base/time.h"
#include "platform/core/rating_parts.h"

#define GAP_KEPT_DAYS 62

/* ---- what may be corrected ---- */

bool billing_is_long(const struct billing *b, int64_t from_s, int64_t to_s)
{
	return to_s - from_s >
	       (b->row.service == SERVICE_WATER ? RATING_FRESH_WATER_S : RATING_FRESH_S);
}

/* Paid by different hands: what is free of charge counts only where something was used. */
static bool is_freed_otherwise(const struct charge_row *a, const struct charge_row *b)
{
	return a->allowance_id != b->allowance_id && a->units && b->units;
}

/* More than one price held, steps began anew, or a part of it was free: what it cost depends on when it was used. */
static bool is_mixed(const struct rating_gap *gap)
{
	const struct charge_row *parts = gap->parts.charge;

	if (gap->from_units == gap->to_units)
		return false;
	if (gap->parts.count && gap->end_settled_s > gap->from_s)
		return true;
	for (size_t i = 1; i < gap->parts.count; i++)
		if (parts[i].rate != parts[0].rate || parts[i].version_id != parts[0].version_id ||
		    is_freed_otherwise(&parts[i], &parts[i - 1]))
			return true;
	return false;
}

/* The interval that ends at the cursor; its parts are borrowed. */
static struct rating_gap gap_of(const struct billing *b, const struct rate_mark *from,
                                const struct rate_state *state, const struct rating_open *parts)
{
	return (struct rating_gap){.property_id = b->row.property_id,
	                           .meter = b->row.meter,
	                           .use_from_s = b->row.use_from_s,
	                           .from_s = from->at_s,
	                           .to_s = b->row.billed_s,
	                           .from_units = from->units,
	                           .to_units = b->row.billed_units,
	                           .step_used = state->step_used,
	                           .step_settled_s = state->step_settled_s,
	                           .end_used = b->row.step_used,
	                           .end_settled_s = b->row.step_settled_s,
	                           .parts = *parts};
}

static int64_t kept_from_s(const struct billing *b)
{
	return b->batch->now_ms / 1000 - GAP_KEPT_DAYS * SECONDS_PER_DAY;
}

static enum err put_gap(struct billing *b, const struct rating_gap *gap)
{
	enum err err = rating_gaps_drop(b->batch->tx->db, &b->row, kept_from_s(b));

	return err ? err : rating_gap_put(b->batch->tx->db, gap);
}

enum err billing_keep_gap(struct billing *b, const struct rate_mark *from,
                          const struct rate_state *state)
{
	struct rating_gap gap = gap_of(b, from, state, b->parts);

	gap.kept = b->allowances.count ? GAP_ALLOWANCE : GAP_DIVIDED;
	return is_mixed(&gap) ? put_gap(b, &gap) : ERR_NONE;
}

enum err billing_keep_decided(struct billing *b, const struct rate_mark *from)
{
	const struct rating_open none = {.count = 0};
	const struct rate_state state = {b->row.step_used, b->row.step_settled_s};
	struct rating_gap gap = gap_of(b, from, &state, &none);

	gap.kept = GAP_DECIDED;
	return billing_is_long(b, gap.from_s, gap.to_s) ? put_gap(b, &gap) : ERR_NONE;
}

bool rating_is_late(const struct rating_row *row, const struct rate_mark *marks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (marks[i].at_s < row->billed_s)
			return true;
	return false;
}

/* ---- what stays as it is ---- */

/* For a person: each interval once, whatever number of marks lie in it; of old marks the first is enough. */
static void leave(struct billing *b, enum rating_late why, int64_t at_s)
{
	for (size_t i = 0; i < b->left_count; i++)
		if (b->left[i].why == why && (why == LATE_OLD || b->left[i].at_s == at_s))
			return;
	if (b->left_count < RATING_LEFT_MAX)
		b->left[b->left_count++] = (struct rating_left){why, at_s};
}

static bool lies_in(const struct rating_gap *gap, const struct rate_mark *mark)
{
	return mark->at_s > gap->from_s && mark->at_s < gap->to_s &&
	       mark->units >= gap->from_units && mark->units <= gap->to_units;
}

/* LATE_NONE: it may be divided anew. */
static enum rating_late why_it_stays(const struct billing *b, const struct rating_gap *gap)
{
	if (!b->row.account_id || gap->use_from_s != b->row.use_from_s)
		return LATE_ENDED;
	if (gap->to_s < kept_from_s(b))
		return LATE_OLD;
	if (gap->kept == GAP_ALLOWANCE)
		return LATE_ALLOWANCE;
	return gap->kept == GAP_DECIDED ? LATE_DECIDED : LATE_NONE;
}

/* Of so long ago gaps are forgotten. */
static void look_for_old(struct billing *b, const struct rate_mark *marks, size_t count)
{
	for (size_t i = 0; i < count && b->row.account_id; i++)
		if (marks[i].at_s > b->row.use_from_s && marks[i].at_s < b->row.billed_s &&
		    marks[i].at_s < kept_from_s(b))
			leave(b, LATE_OLD, marks[i].at_s);
}

static void leave_if_in(struct billing *b, enum rating_late why, const struct rating_gap *gap,
                        const struct rate_mark *marks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lies_in(gap, &marks[i]))
			leave(b, why, gap->to_s);
}

/* ---- an interval is rated anew ---- */

/* One gap of a meter, as it would be charged with the marks inside it. */
struct anew {
	struct billing *b;        /* of the meter */
	struct rating_gap *gap;   /* as it was charged */
	struct rating_gap *later; /* those behind it */
	size_t later_count;
	struct billing probe;     /* goes through the gap and charges nothing */
	struct rating_open parts; /* of all of it */
	struct rating_gap *piece; /* the intervals into which it is cut; parts are borrowed */
	size_t pieces, room;
	size_t *first;          /* of each, its first part */
	struct rating_open net; /* what changes, of days that are posted */
	int64_t moved;          /* what is used since settlement at its end, more than it was */
};

/* ERR_NOT_FOUND, ERR_TOO_LONG: its prices cannot be told any more. */
static enum err anew_begin(struct anew *a, size_t marks)
{
	const struct rating_gap *gap = a->gap;
	struct rating_row row = a->b->row;
	enum err err;

	row.billed_s = gap->from_s;
	row.billed_units = gap->from_units;
	row.step_used = gap->step_used;
	row.step_settled_s = gap->step_settled_s;
	billing_begin(&a->probe, a->b->batch, &row, a->b->open);
	a->probe.parts = &a->parts;
	a->probe.keeps = a->probe.dry = true;
	a->room = marks + 1;
	a->piece = calloc(a->room, sizeof *a->piece);
	a->first = calloc(a->room + 1, sizeof *a->first);
	if (!a->piece || !a->first)
		return ERR_NOMEM;
	err = billing_load(&a->probe, a->b->row.billed_s);
	a->probe.allowances.count = 0;
	return err;
}

static void anew_end(struct anew *a)
{
	billing_end(&a->probe);
	rating_open_free(&a->parts);
	rating_open_free(&a->net);
	free(a->piece);
	free(a->first);
}

static enum err take_piece(struct anew *a, const struct rate_mark *mark)
{
	const struct rating_open none = {.count = 0};
	struct billing *probe = &a->probe;
	const struct rate_mark from = {probe->row.billed_s, probe->row.billed_units};
	const struct rate_state state = {probe->row.step_used, probe->row.step_settled_s};
	enum err err = billing_take_interval(probe, mark, mark->units - from.units);

	a->piece[a->pieces++] = gap_of(probe, &from, &state, &none);
	a->first[a->pieces] = a->parts.count;
	return err;
}

static bool fits(const struct anew *a, const struct rate_mark *mark)
{
	const struct rate_mark from = {a->probe.row.billed_s, a->probe.row.billed_units};
	const struct rate_mark end = {a->gap->to_s, a->gap->to_units};
	int64_t used;

	return rate_used(&a->probe.reg, &from, mark, &used) == RATE_USE &&
	       rate_used(&a->probe.reg, mark, &end, &used) == RATE_USE;
}

/* Through all marks that fit, in the order of time. */
static enum err cut(struct anew *a, const struct rate_mark *marks, size_t count)
{
	const struct rate_mark end = {a->gap->to_s, a->gap->to_units};
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < count; i++)
		if (fits(a, &marks[i]))
			err = take_piece(a, &marks[i]);
	if (!err && a->pieces)
		err = take_piece(a, &end);
	for (size_t i = 0; i < a->pieces; i++) {
		a->piece[i].parts.count = a->first[i + 1] - a->first[i];
		if (a->piece[i].parts.count)
			a->piece[i].parts.charge = a->parts.charge + a->first[i];
	}
	return err;
}

/* Would what was charged since the gap's end be of the same steps, had they begun elsewhere? */
static bool is_same_step(const struct plan *plan, int64_t used, int64_t moved, int64_t since)
{
	int64_t remain, would_remain;
	unsigned step = plan_step_at(plan, used, &remain);

	return step == plan_step_at(plan, used + moved, &would_remain) && since <= remain &&
	       since <= would_remain;
}

static bool may_move(struct anew *a)
{
	const struct rating_row *at = &a->b->row;
	const struct tariff_span *span = a->probe.span;

	a->moved = a->probe.row.step_used - a->gap->end_used;
	if (a->probe.row.step_settled_s != a->gap->end_settled_s)
		return false;
	if (a->moved == 0 || at->billed_s == a->gap->to_s)
		return true;
	if (at->step_settled_s != a->gap->end_settled_s)
		return false; /* settled again since: nobody knows at how much */
	for (size_t i = 0; i < span->count; i++)
		if (!is_same_step(span->plan[i], a->gap->end_used, a->moved,
		                  at->step_used - a->gap->end_used))
			return false;
	return true;
}

/* ---- days that are open ---- */

static bool is_open(const struct anew *a, const struct charge_row *part)
{
	return part->day >= a->b->row.posted_day;
}

static struct charge_row *find_open(const struct anew *a, const struct charge_row *part)
{
	struct rating_open *open = a->b->open;

	for (size_t i = 0; i < open->count; i++)
		if (charge_is_same(&open->charge[i], part))
			return &open->charge[i];
	return NULL;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A row lies between the edges of all its parts. */
static void widen(struct charge_row *row, const struct charge_row *part)
{
	row->from_s = least(row->from_s, part->from_s);
	row->to_s = most(row->to_s, part->to_s);
	row->from_units = least(row->from_units, part->from_units);
	row->to_units = most(row->to_units, part->to_units);
}

static enum err add_open(struct anew *a, const struct charge_row *part)
{
	struct charge_row *row = find_open(a, part);

	a->b->row.accrued += part->exact;
	if (!row) {
		row = rating_open_charge(a->b->open);
		if (!row)
			return ERR_NOMEM;
		*row = *part;
		return ERR_NONE;
	}
	widen(row, part);
	row->units += part->units;
	row->exact += part->exact;
	return ERR_NONE;
}

/* What is not posted is divided anew as it stands: the old parts go out of their rows, the new ones come in. */
static enum err divide_open(struct anew *a)
{
	const struct rating_open *old = &a->gap->parts, *now = &a->parts;
	struct rating_open *open = a->b->open;
	size_t kept = 0;
	enum err err = ERR_NONE;

	for (size_t i = 0; i < old->count; i++) {
		struct charge_row *row = find_open(a, &old->charge[i]);

		if (!is_open(a, &old->charge[i]) || !old->charge[i].units)
			continue;
		if (!row)
			return ERR_DAMAGED;
		row->units -= old->charge[i].units;
		row->exact -= old->charge[i].exact;
		a->b->row.accrued -= old->charge[i].exact;
	}
	for (size_t i = 0; !err && i < now->count; i++)
		if (is_open(a, &now->charge[i]) && now->charge[i].units)
			err = add_open(a, &now->charge[i]);
	for (size_t i = 0; i < open->count; i++)
		if (open->charge[i].units || open->charge[i].exact)
			open->charge[kept++] = open->charge[i];
	open->count = kept;
	return err;
}

/* ---- days that are posted ---- */

/* Of one kind, whether it was estimated or not. */
static enum err add_net(struct anew *a, const struct charge_row *part, int sign)
{
	struct charge_row kind = *part, *row = NULL;

	kind.estimated = false;
	for (size_t i = 0; !row && i < a->net.count; i++)
		if (charge_is_same(&a->net.charge[i], &kind))
			row = &a->net.charge[i];
	if (!row) {
		row = rating_open_charge(&a->net);
		if (!row)
			return ERR_NOMEM;
		*row = kind;
		row->units = row->exact = 0;
	}
	widen(row, part);
	row->units += sign * part->units;
	row->exact += sign * part->exact;
	return ERR_NONE;
}

/* Its money, or how much is of it: then another day has more or less. */
static bool changes_day(const struct anew *a, int64_t day)
{
	int64_t units = 0;

	for (size_t i = 0; i < a->net.count; i++) {
		if (a->net.charge[i].day != day)
			continue;
		if (a->net.charge[i].exact)
			return true;
		units += a->net.charge[i].units;
	}
	return units != 0;
}

/* What changes, by day; days that cost the same for as much are left out. */
static enum err find_net(struct anew *a)
{
	const struct rating_open *old = &a->gap->parts, *now = &a->parts;
	size_t kept = 0;
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < old->count; i++)
		if (!is_open(a, &old->charge[i]))
			err = add_net(a, &old->charge[i], -1);
	for (size_t i = 0; !err && i < now->count; i++)
		if (!is_open(a, &now->charge[i]))
			err = add_net(a, &now->charge[i], 1);
	if (a->net.count)
		qsort(a->net.charge, a->net.count, sizeof *a->net.charge, charge_by_line);
	for (size_t i = 0; i < a->net.count; i++)
		if ((a->net.charge[i].units || a->net.charge[i].exact) &&
		    changes_day(a, a->net.charge[i].day))
			a->net.charge[kept++] = a->net.charge[i];
	a->net.count = kept;
	return err;
}

/* Was the month of `day` filled up to a minimum? Then it is compared again, with what `main` adds to it. */
static enum err correct_month(struct anew *a, int64_t day, struct money main)
{
	struct billing *b = a->b;
	unsigned index, days = rating_month_of(day, &index);
	int64_t first = day - index, end = first + days;
	const struct plan *plan = billing_plan_at(&a->probe, rating_day_start(b->batch, end) - 1);
	struct money before, after, more;
	struct charge_row row, *added;
	enum err err;

	if (end > b->row.posted_day || !plan || !plan->minimum_fen)
		return ERR_NONE;
	err = billing_main_sum(b, first, end, &before);
	if (!err && (!money_add(before, main, &after) ||
	             !money_sub(billing_missing(b, plan, end - 1, after),
	                        billing_missing(b, plan, end - 1, before), &more)))
		err = ERR_OVERFLOW;
	if (err)
		return err;
	row = billing_whole_row(b, end - 1, CHARGE_LINE_MINIMUM, plan, more);
	if (!row.exact)
		return ERR_NONE;
	added = rating_open_charge(&a->net);
	if (!added)
		return ERR_NOMEM;
	*added = row;
	return billing_amounts(b, added, 1, (struct money[RATING_LINES]){{0}});
}

/* Whole fen, and what that changes of the minimum of each month. */
static enum err make_amounts(struct anew *a)
{
	size_t count = a->net.count;
	enum err err = ERR_NONE;

	for (size_t i = 0, end; !err && i < count; i = end) {
		struct money sum[RATING_LINES] = {{0}};
		unsigned index, days = rating_month_of(a->net.charge[i].day, &index);
		int64_t next = a->net.charge[i].day - index + days;

		for (end = i; end < count && a->net.charge[end].day < next;)
			end++;
		err = billing_amounts(a->b, &a->net.charge[i], end - i, sum);
		if (!err)
			err = correct_month(a, next - 1, sum[0]);
	}
	if (a->net.count > count)
		qsort(a->net.charge, a->net.count, sizeof *a->net.charge, charge_by_line);
	return err;
}

static enum err post_day(struct anew *a, const struct charge_row *rows, size_t count)
{
	const struct rating_row *row = &a->b->row;
	struct rated_day day = {.day = rows->day,
	                        .meter = row->meter,
	                        .use_from_s = row->use_from_s,
	                        .account_id = row->account_id,
	                        .service = row->service,
	                        .credit = row->credit,
	                        .from_s = a->gap->from_s,
	                        .to_s = a->gap->to_s};
	enum err err;

	for (size_t i = 0; i < count; i++) {
		struct money *sum = &day.sum[rows[i].line];

		if (!money_add(*sum, rows[i].amount, sum) ||
		    !money_add(day.total, rows[i].amount, &day.total))
			return ERR_OVERFLOW;
	}
	if (row->credit != CREDIT_METER)
		day.paid = day.total;
	err = charge_day_group(a->b->batch->tx->db, rows, &day.refers);
	return err ? err : billing_keep_day(a->b, &day, rows, count);
}

static enum err correct_posted(struct anew *a)
{
	const struct charge_row *rows;
	enum err err = find_net(a);

	if (!err)
		err = make_amounts(a);
	rows = a->net.charge;
	for (size_t i = 0, end; !err && i < a->net.count; i = end) {
		for (end = i; end < a->net.count && rows[end].day == rows[i].day;)
			end++;
		err = post_day(a, &rows[i], end - i);
	}
	return err;
}

/* ---- what stays to be corrected ---- */

static enum err put_again(struct anew *a, struct rating_gap *gap)
{
	struct db *db = a->b->batch->tx->db;
	enum err err = rating_gap_delete(db, gap);

	if (gap->step_settled_s == a->gap->end_settled_s)
		gap->step_used += a->moved;
	if (gap->end_settled_s == a->gap->end_settled_s)
		gap->end_used += a->moved;
	return err ? err : rating_gap_put(db, gap);
}

static enum err replace_gap(struct anew *a)
{
	struct db *db = a->b->batch->tx->db;
	enum err err = rating_gap_delete(db, a->gap);

	for (size_t i = 0; !err && i < a->pieces; i++)
		if (billing_is_long(a->b, a->piece[i].from_s, a->piece[i].to_s) &&
		    is_mixed(&a->piece[i]))
			err = rating_gap_put(db, &a->piece[i]);
	for (size_t i = 0; !err && a->moved && i < a->later_count; i++)
		err = put_again(a, &a->later[i]);
	if (a->b->row.step_settled_s == a->gap->end_settled_s)
		a->b->row.step_used += a->moved;
	return err;
}

static enum err take_gap(struct anew *a, const struct rate_mark *marks, size_t count, bool *any)
{
	enum err err = anew_begin(a, count);

	if (!err)
		err = cut(a, marks, count);
	if (err == ERR_NOT_FOUND || err == ERR_TOO_LONG || err == ERR_OVERFLOW) {
		leave_if_in(a->b, LATE_UNPRICED, a->gap, marks, count);
		return ERR_NONE;
	}
	if (err || !a->pieces)
		return err;
	if (!may_move(a)) {
		leave(a->b, LATE_STEPS, a->gap->to_s);
		return ERR_NONE;
	}
	*any = true;
	err = divide_open(a);
	if (!err)
		err = correct_posted(a);
	return err ? err : replace_gap(a);
}

enum err billing_take_late(struct billing *b, const struct rate_mark *marks, size_t count,
                           bool *any)
{
	struct rating_gap *gaps;
	size_t gap_count;
	enum err err;

	*any = false;
	if (!rating_is_late(&b->row, marks, count))
		return ERR_NONE;
	look_for_old(b, marks, count);
	if (!rare_may(&b->batch->gapped, b->row.meter))
		return ERR_NONE;
	err = rating_gaps_read(b->batch->tx->db, &b->row, &gaps, &gap_count);
	for (size_t i = 0; !err && i < gap_count; i++) {
		struct anew a = {.b = b,
		                 .gap = &gaps[i],
		                 .later = &gaps[i + 1],
		                 .later_count = gap_count - i - 1};
		enum rating_late why = why_it_stays(b, &gaps[i]);

		if (why) {
			leave_if_in(b, why, &gaps[i], marks, count);
			continue;
		}
		err = take_gap(&a, marks, count, any);
		anew_end(&a);
	}
	rating_gaps_free(gaps, gap_count);
	return err;
}
