/* From a cursor to a mark: an interval cut into charges of the open days. */
#include "libs/base/number.h"
#include "libs/base/time.h"
#include "libs/credit/month.h"
#include "platform/core/rating_parts.h"

/* ---- open rows ---- */

bool charge_is_same(const struct charge_row *a, const struct charge_row *b)
{
	return a->day == b->day && a->line == b->line && a->version_id == b->version_id &&
	       a->rate == b->rate && a->step == b->step && a->price_uy == b->price_uy &&
	       a->estimated == b->estimated && a->allowance_id == b->allowance_id;
}

int charge_by_line(const void *a, const void *b)
{
	const struct charge_row *x = a, *y = b;

	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->version_id != y->version_id)
		return x->version_id < y->version_id ? -1 : 1;
	if (x->from_s != y->from_s)
		return x->from_s < y->from_s ? -1 : 1;
	return (x->from_units > y->from_units) - (x->from_units < y->from_units);
}

/* Adds to the row of its kind, or makes one. */
void billing_add(struct billing *b, const struct charge_row *part)
{
	struct charge_row *row = NULL;

	for (size_t i = 0; !row && i < b->open->count; i++)
		if (charge_is_same(&b->open->charge[i], part) &&
		    !allowances_money_ends(&b->allowances, b->open->charge[i].from_s, part->from_s))
			row = &b->open->charge[i];
	if (__builtin_add_overflow(b->row.accrued, part->exact, &b->row.accrued)) {
		b->err = ERR_OVERFLOW;
		return;
	}
	b->row.version_id = part->version_id;
	if (!row) {
		row = rating_open_charge(b->open);
		if (row)
			*row = *part;
		else
			b->err = ERR_NOMEM;
		return;
	}
	row->to_s = part->to_s;
	row->to_units = part->to_units;
	row->units += part->units;
	row->exact += part->exact;
}

static void keep_part(struct billing *b, const struct charge_row *part)
{
	struct charge_row *row = rating_open_charge(b->parts);

	if (row)
		*row = *part;
	else
		b->err = ERR_NOMEM;
}

static void on_piece(void *arg, const struct rate_piece *piece)
{
	struct billing *b = arg;
	struct charge_row part = {.property_id = b->row.property_id,
	                          .meter = b->row.meter,
	                          .day = piece->day,
	                          .account_id = b->row.account_id,
	                          .use_from_s = b->row.use_from_s,
	                          .version_id = piece->version,
	                          .rate = piece->rate,
	                          .step = piece->step,
	                          .estimated = piece->estimated || b->spread,
	                          .allowance_id = piece->grant ? piece->grant->grant_id : 0,
	                          .from_s = piece->from_s,
	                          .to_s = piece->to_s,
	                          .from_units = b->row.billed_units + b->units_done,
	                          .units = piece->units};

	b->units_done += piece->units;
	part.to_units = b->row.billed_units + b->units_done;
	for (unsigned line = 0; !b->err && line < piece->line_count; line++) {
		part.line = (int32_t)line;
		part.price_uy = piece->price_uy[line];
		part.exact = piece->charge[line];
		/* Also where its share is below one unit: another price held, and more may have been used there. */
		if (b->keeps)
			keep_part(b, &part);
		if (!b->dry && piece->units)
			billing_add(b, &part);
	}
}

/* ---- fees ---- */

const struct plan *billing_plan_at(const struct billing *b, int64_t at_s)
{
	return plan_at(b->span->plan, b->span->count, at_s);
}

unsigned rating_month_of(int64_t day, unsigned *index)
{
	struct civil date;

	date_from_days(day, &date);
	*index = date.day - 1U;
	return month_days(date.year, date.month);
}

struct charge_row billing_whole_row(const struct billing *b, int64_t day, int32_t line,
                                    const struct plan *plan, struct money amount)
{
	return (struct charge_row){.property_id = b->row.property_id,
	                           .meter = b->row.meter,
	                           .day = day,
	                           .account_id = b->row.account_id,
	                           .use_from_s = b->row.use_from_s,
	                           .line = line,
	                           .version_id = plan->version,
	                           .from_s = rating_day_start(b->batch, day),
	                           .to_s = rating_day_start(b->batch, day + 1),
	                           .from_units = b->row.billed_units,
	                           .to_units = b->row.billed_units,
	                           .exact = amount.fen * RATE_REST_PER_FEN};
}

/* A day is paid by the use in which it begins. */
static void add_fees(struct billing *b, int64_t from_s, int64_t to_s)
{
	int64_t day = rating_day_of(b->batch, from_s - 1) + 1;

	for (; !b->err && rating_day_start(b->batch, day) < to_s; day++) {
		const struct plan *plan = billing_plan_at(b, rating_day_start(b->batch, day));
		unsigned index, days;
		struct charge_row row;
		struct money fee;

		if (!plan || !plan->fee_fen)
			continue;
		days = rating_month_of(day, &index);
		fee = month_fee(money_fen(plan->fee_fen), index, index + 1, days);
		row = billing_whole_row(b, day, CHARGE_LINE_FEE, plan, fee);
		if (row.exact)
			billing_add(b, &row);
	}
}

/* ---- from the cursor to a mark ---- */

void billing_set_fault(struct billing *b, enum rating_fault fault, const struct rate_mark *mark)
{
	b->row.fault = fault;
	b->row.fault_s = mark->at_s;
	b->row.fault_units = mark->units;
}

/* A part of the interval behind the cursor in which no allowance begins or ends. */
static enum err take_part(struct billing *b, int64_t to_s, int64_t used)
{
	struct rate_state state = {b->row.step_used, b->row.step_settled_s};
	struct allowances *all = &b->allowances;
	int64_t from_s = b->row.billed_s;
	enum err err = allowances_refill(b->batch->tx, all, from_s, b->batch->utc_offset_s,
	                                 b->batch->now_ms);

	if (err)
		return err;
	allowances_grants(all, GRANT_ENERGY, b->row.service);
	b->units_done = 0;
	err = rate_interval(b->span->plan, b->span->count, &state, all->grant, all->grant_count,
	                    from_s, to_s, used, on_piece, b);
	allowances_take(all);
	if (err)
		return err;
	add_fees(b, from_s, to_s);
	b->row.step_used = state.step_used;
	b->row.step_settled_s = state.step_settled_s;
	b->row.billed_s = to_s;
	b->row.billed_units += used;
	return b->err;
}

static int64_t part_end(const struct billing *b, int64_t to_s)
{
	int64_t at_s = b->row.billed_s,
	        end_s = rating_day_start(b->batch, rating_day_of(b->batch, at_s) + 1),
	        edge_s = allowances_edge(&b->allowances, at_s);

	if (edge_s < end_s)
		end_s = edge_s;
	return end_s < to_s ? end_s : to_s;
}

/* With allowances an interval is taken from edge to edge: they are given anew at midnights, and begin and end when
 * it was said. What a day cost is paid before that happens. Energy is divided by time as rate_interval does it, so
 * that the parts sum to the whole. */
static enum err take_parts(struct billing *b, int64_t to_s, int64_t used)
{
	int64_t from_s = b->row.billed_s, done = 0, end_s, until;
	bool spread = b->spread;
	enum err err = ERR_NONE;

	b->spread = spread || part_end(b, to_s) < to_s;
	while (!err && b->row.billed_s < to_s) {
		if (rating_day_of(b->batch, b->row.billed_s) > b->row.posted_day)
			err = billing_close_days(b, false);
		end_s = part_end(b, to_s);
		until = i64_share(used, end_s - from_s, to_s - from_s);
		if (!err)
			err = take_part(b, end_s, until - done);
		done = until;
	}
	b->spread = spread;
	return err;
}

enum err billing_take_interval(struct billing *b, const struct rate_mark *mark, int64_t used)
{
	struct rate_state state = {b->row.step_used, b->row.step_settled_s};
	enum err err;

	b->units_done = 0;
	if (b->allowances.count) {
		err = take_parts(b, mark->at_s, used);
		if (!err)
			b->row.billed_units = mark->units;
		return err;
	}
	err = rate_interval(b->span->plan, b->span->count, &state, NULL, 0, b->row.billed_s,
	                    mark->at_s, used, on_piece, b);
	if (err)
		return err;
	if (!b->dry)
		add_fees(b, b->row.billed_s, mark->at_s);
	b->row.step_used = state.step_used;
	b->row.step_settled_s = state.step_settled_s;
	b->row.billed_s = mark->at_s;
	b->row.billed_units = mark->units;
	return b->err;
}

enum err billing_take_mark(struct billing *b, const struct rate_mark *mark, bool accepted,
                           enum rate_verdict *verdict)
{
	const struct rate_mark from = {b->row.billed_s, b->row.billed_units};
	const struct rate_state state = {b->row.step_used, b->row.step_settled_s};
	int64_t used;
	enum err err;

	*verdict = rate_used(&b->reg, &from, mark, &used);
	if (*verdict == RATE_JUMP && accepted) {
		*verdict = RATE_USE;
		used = mark->units - from.units;
	}
	if (*verdict != RATE_USE && *verdict != RATE_WRAPPED)
		return ERR_NONE;
	b->keeps = b->parts && billing_is_long(b, from.at_s, mark->at_s);
	if (b->keeps)
		b->parts->count = 0;
	err = billing_take_interval(b, mark, used);
	return err || !b->keeps ? err : billing_keep_gap(b, &from, &state);
}
