#include "platform/core/rating.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "libs/credit/month.h"
#include "libs/proto/meter.h"
#include "platform/core/allowance.h"
#include "platform/core/change.h"
#include "platform/core/check.h"
#include "platform/core/supply.h"
#include "platform/store/latest.h"
#include "platform/store/ledger.h"

/* No circuit of ours carries more: three phases of 160 A at 250 V, and a pipe of DN 100. */
#define POWER_MAX_W      120000
#define FLOW_MAX_L_PER_H 60000
/* So much may a register lose when its terminal's supply fails. */
#define JITTER_UNITS 20

/* One meter on its way from its cursor to a mark. */
struct billing {
	struct tx *tx;
	struct rating_row row;
	struct tariff_cache *cache;
	struct tariff_span span;
	int32_t utc_offset_s;
	int64_t now_ms;

	/* Rows that are not posted; the first `stored` of them are in the store. */
	struct charge_row *charges;
	size_t count, room, stored;
	struct allowances allowances;
	int64_t units_done; /* of the interval that is cut now */
	bool spread;        /* that interval was itself a part of a longer one */
	enum err err;
};

static int64_t day_of(const struct billing *b, int64_t at_s)
{
	return days_from_unix(at_s + b->utc_offset_s);
}

static int64_t day_start(const struct billing *b, int64_t day)
{
	return day * SECONDS_PER_DAY - b->utc_offset_s;
}

static struct rate_register register_of(enum service service)
{
	return (struct rate_register){.max_per_hour = service == SERVICE_WATER ? FLOW_MAX_L_PER_H
	                                                                       : POWER_MAX_W,
	                              .jitter = JITTER_UNITS};
}

/* ---- open rows ---- */

static struct charge_row *new_row(struct billing *b)
{
	if (b->count == b->room) {
		size_t more = b->room ? b->room * 2 : 32;
		struct charge_row *charges = realloc(b->charges, more * sizeof *charges);

		if (!charges) {
			b->err = ERR_NOMEM;
			return NULL;
		}
		b->charges = charges;
		b->room = more;
	}
	return &b->charges[b->count++];
}

static bool on_open(void *arg, const struct charge_row *row)
{
	struct billing *b = arg;
	struct charge_row *kept = new_row(b);

	if (kept)
		*kept = *row;
	return kept != NULL;
}

static enum err load_open(struct billing *b)
{
	enum err err = charge_list(b->tx->db, b->row.property_id, b->row.meter, b->row.posted_day,
	                           INT64_MAX, true, on_open, b);

	b->stored = b->count;
	return b->err ? b->err : err;
}

static bool is_same(const struct charge_row *a, const struct charge_row *b)
{
	return a->day == b->day && a->line == b->line && a->version_id == b->version_id &&
	       a->rate == b->rate && a->step == b->step && a->price_uy == b->price_uy &&
	       a->estimated == b->estimated && a->allowance_id == b->allowance_id;
}

/* Adds to the row of its kind, or makes one. */
static void add_row(struct billing *b, const struct charge_row *part)
{
	struct charge_row *row = NULL;

	for (size_t i = 0; !row && i < b->count; i++)
		if (is_same(&b->charges[i], part))
			row = &b->charges[i];
	if (__builtin_add_overflow(b->row.accrued, part->exact, &b->row.accrued)) {
		b->err = ERR_OVERFLOW;
		return;
	}
	if (!row) {
		row = new_row(b);
		if (row)
			*row = *part;
		return;
	}
	row->to_s = part->to_s;
	row->to_units = part->to_units;
	row->units += part->units;
	row->exact += part->exact;
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
	for (unsigned line = 0; !b->err && piece->units && line < piece->line_count; line++) {
		part.line = (int32_t)line;
		part.price_uy = piece->price_uy[line];
		part.exact = piece->charge[line];
		add_row(b, &part);
	}
}

/* ---- fees ---- */

static const struct plan *plan_in_force(const struct billing *b, int64_t at_s)
{
	return plan_at(b->span.plan, b->span.count, at_s);
}

/* Of a day within its month: how many days that has, and which it is, from 0. */
static unsigned month_of(int64_t day, unsigned *index)
{
	struct civil date;

	date_from_days(day, &date);
	*index = date.day - 1U;
	return month_days(date.year, date.month);
}

static struct charge_row whole_row(const struct billing *b, int64_t day, int32_t line,
                                   const struct plan *plan, struct money amount)
{
	return (struct charge_row){.property_id = b->row.property_id,
	                           .meter = b->row.meter,
	                           .day = day,
	                           .account_id = b->row.account_id,
	                           .use_from_s = b->row.use_from_s,
	                           .line = line,
	                           .version_id = plan->version,
	                           .from_s = day_start(b, day),
	                           .to_s = day_start(b, day + 1),
	                           .from_units = b->row.billed_units,
	                           .to_units = b->row.billed_units,
	                           .exact = amount.fen * RATE_REST_PER_FEN};
}

/* A day is paid by the use in which it begins. */
static void add_fees(struct billing *b, int64_t from_s, int64_t to_s)
{
	int64_t day = day_of(b, from_s - 1) + 1;

	for (; !b->err && day_start(b, day) < to_s; day++) {
		const struct plan *plan = plan_in_force(b, day_start(b, day));
		unsigned index, days = month_of(day, &index);
		struct charge_row row;
		struct money fee;

		if (!plan || !plan->fee_fen)
			continue;
		fee = month_fee(money_fen(plan->fee_fen), index, index + 1, days);
		row = whole_row(b, day, CHARGE_LINE_FEE, plan, fee);
		if (row.exact)
			add_row(b, &row);
	}
}

/* ---- from the cursor to a mark ---- */

static enum rating_fault fault_of(enum rate_verdict verdict)
{
	return verdict == RATE_BACK   ? RATING_BACK
	       : verdict == RATE_JUMP ? RATING_JUMP
	                              : RATING_NEGATIVE;
}

static void set_fault(struct billing *b, enum rating_fault fault, const struct rate_mark *mark)
{
	b->row.fault = fault;
	b->row.fault_s = mark->at_s;
	b->row.fault_units = mark->units;
}

/* A part of the interval behind the cursor in which no allowance begins anew. */
static enum err take_part(struct billing *b, struct rate_state *state, int64_t from_s, int64_t to_s,
                          int64_t used)
{
	struct allowances *all = &b->allowances;
	enum err err = allowances_refill(b->tx, all, from_s, b->utc_offset_s, b->now_ms);

	if (err)
		return err;
	allowances_grants(all, GRANT_ENERGY, b->row.service);
	err = rate_interval(b->span.plan, b->span.count, state, all->grant, all->grant_count,
	                    from_s, to_s, used, on_piece, b);
	allowances_take(all);
	return err;
}

/* With allowances an interval is taken day by day: they may be given anew at each midnight. Energy is
 * divided by time as rate_interval does it, so that the parts sum to the whole. */
static enum err take_days(struct billing *b, struct rate_state *state, int64_t to_s, int64_t used)
{
	int64_t from_s = b->row.billed_s, length_s = to_s - from_s, done = 0;
	bool spread = b->spread;
	enum err err = ERR_NONE;

	b->spread = spread || day_start(b, day_of(b, from_s) + 1) < to_s;
	for (int64_t at_s = from_s, end_s; !err && at_s < to_s; at_s = end_s) {
		int64_t until = used;

		end_s = day_start(b, day_of(b, at_s) + 1);
		if (end_s < to_s)
			until = used / length_s * (end_s - from_s) +
			        used % length_s * (end_s - from_s) / length_s;
		else
			end_s = to_s;
		err = take_part(b, state, at_s, end_s, until - done);
		done = until;
	}
	b->spread = spread;
	return err;
}

/* Charges `used` units up to the mark and moves the cursor there. */
static enum err take_interval(struct billing *b, const struct rate_mark *mark, int64_t used)
{
	struct rate_state state = {b->row.step_used, b->row.step_settled_s};
	enum err err;

	b->units_done = 0;
	if (b->allowances.count)
		err = take_days(b, &state, mark->at_s, used);
	else
		err = rate_interval(b->span.plan, b->span.count, &state, NULL, 0, b->row.billed_s,
		                    mark->at_s, used, on_piece, b);
	if (err)
		return err;
	add_fees(b, b->row.billed_s, mark->at_s);
	b->row.step_used = state.step_used;
	b->row.step_settled_s = state.step_settled_s;
	b->row.billed_s = mark->at_s;
	b->row.billed_units = mark->units;
	return b->err;
}

static enum err take_mark(struct billing *b, const struct rate_mark *mark, bool accepted,
                          enum rate_verdict *verdict)
{
	const struct rate_mark from = {b->row.billed_s, b->row.billed_units};
	const struct rate_register reg = register_of(b->row.service);
	int64_t used;

	*verdict = rate_used(&reg, &from, mark, &used);
	if (*verdict == RATE_JUMP && accepted) {
		*verdict = RATE_USE;
		used = mark->units - from.units;
	}
	if (*verdict != RATE_USE && *verdict != RATE_WRAPPED)
		return ERR_NONE;
	return take_interval(b, mark, used);
}

/* ---- posting ---- */

/* What is left below one fen, of the (line, version) that is posted now. */
struct rest {
	int32_t line;
	int64_t version_id, rest;
	bool open;
};

static enum err rest_close(struct billing *b, struct rest *rest)
{
	bool was = rest->open;

	rest->open = false;
	return was ? rating_rest_put(b->tx->db, b->row.property_id, b->row.meter, rest->line,
	                             rest->version_id, rest->rest)
	           : ERR_NONE;
}

static enum err rest_open(struct billing *b, struct rest *rest, const struct charge_row *row)
{
	enum err err;

	if (rest->open && rest->line == row->line && rest->version_id == row->version_id)
		return ERR_NONE;
	err = rest_close(b, rest);
	if (err)
		return err;
	*rest = (struct rest){.line = row->line, .version_id = row->version_id, .open = true};
	return rating_rest_get(b->tx->db, b->row.property_id, b->row.meter, row->line,
	                       row->version_id, &rest->rest);
}

static int by_line(const void *a, const void *b)
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

#define LINES (CHARGE_LINE_MINIMUM + 1)

/* Whole fen of each row of a day, and their sum of each line. */
static enum err make_amounts(struct billing *b, size_t first, size_t end, struct money sum[LINES])
{
	struct rest rest = {.open = false};
	enum err err = ERR_NONE;

	for (size_t i = first; !err && i < end; i++) {
		struct charge_row *row = &b->charges[i];

		err = rest_open(b, &rest, row);
		if (!err)
			err = rate_post(&rest.rest, row->exact, &row->amount);
		if (!err && !money_add(sum[row->line], row->amount, &sum[row->line]))
			err = ERR_OVERFLOW;
	}
	return err ? err : rest_close(b, &rest);
}

static void on_paid(void *arg, const struct grant *grant, struct money taken)
{
	(void)arg;
	(void)grant;
	(void)taken; /* the grant's own remainder tells */
}

/* Of what a day cost, the part that money allowances pay: the rest is the account's. */
static enum err pay_from_allowances(struct billing *b, int64_t day,
                                    struct ledger_entry entries[LINES + 2], size_t *count)
{
	int64_t at_s = day_start(b, day + 1) - 1;
	struct money due, rest;

	if (!b->allowances.count || !money_sub(money_fen(0), entries[0].amount, &due))
		return ERR_NONE;
	if (at_s > b->row.billed_s)
		at_s = b->row.billed_s;
	allowances_grants(&b->allowances, GRANT_MONEY, b->row.service);
	rest = grants_pay(b->allowances.grant, b->allowances.grant_count, due, at_s, on_paid, NULL);
	allowances_take(&b->allowances);
	if (money_cmp(rest, due) == 0)
		return ERR_NONE;
	entries[*count] = (struct ledger_entry){LEDGER_GRANT, b->row.account_id, {0}};
	if (!money_sub(rest, due, &entries[*count].amount) ||
	    !money_sub(money_fen(0), rest, &entries[0].amount))
		return ERR_OVERFLOW;
	++*count;
	if (money_cmp(rest, money_fen(0)) == 0)
		entries[0] = entries[--*count]; /* nothing is left for the account */
	return ERR_NONE;
}

static enum err post_group(struct billing *b, int64_t day, const struct money sum[LINES],
                           int64_t *group_no)
{
	struct ledger_entry entries[LINES + 2] = {
	        {LEDGER_ACCOUNT, b->row.account_id, {0}}
        };
	int64_t today = day_of(b, b->now_ms / 1000);
	struct ledger_group group = {.property_id = b->row.property_id,
	                             .kind = "charge",
	                             .at_ms = b->now_ms,
	                             .day = day,
	                             .who = "rating",
	                             .reason = "",
	                             .entries = entries,
	                             .count = 1};
	char key[LEDGER_KEY_SIZE], reason[32];
	struct ledger_state state;
	struct civil date;
	enum err err = ledger_state(b->tx->db, b->row.property_id, &state);

	*group_no = CHARGE_FREE;
	for (int32_t line = 0; !err && line < LINES; line++) {
		if (money_cmp(sum[line], money_fen(0)) == 0)
			continue;
		entries[group.count++] = (struct ledger_entry){
		        LEDGER_SALES, (int64_t)b->row.service * 10 + line, sum[line]};
		if (!money_sub(entries[0].amount, sum[line], &entries[0].amount))
			err = ERR_OVERFLOW;
	}
	if (err || group.count == 1)
		return err;
	err = pay_from_allowances(b, day, entries, &group.count);
	if (err)
		return err;
	snprintf(key, sizeof key, "charge:%" PRId64 ":%" PRId64 ":%" PRId64, b->row.meter, day,
	         b->row.use_from_s);
	group.key = key;
	if (day <= state.closed_day) {
		/* A closed day stays as it was told: this one is of today, and names it. */
		date_from_days(day, &date);
		snprintf(reason, sizeof reason, "day %04d-%02u-%02u", (int)date.year,
		         (unsigned)date.month, (unsigned)date.day);
		group.reason = reason;
		group.day = today > state.closed_day ? today : state.closed_day + 1;
	}
	err = ledger_post(b->tx->db, &group);
	*group_no = group.group_no;
	return err == ERR_DUP ? ERR_NONE : err;
}

/* The main line of a month is filled up to the plan's minimum, once: at the month's last day or when the
 * use ends. */
static enum err add_minimum(struct billing *b, int64_t day, bool last, struct money main)
{
	int64_t end_s = last ? b->row.billed_s : day_start(b, day + 1);
	const struct plan *plan = plan_in_force(b, end_s - 1);
	unsigned index, days = month_of(day, &index);
	int64_t first = day - index, use_day = day_of(b, b->row.use_from_s - 1) + 1;
	struct money before, missing;
	struct charge_row row;
	enum err err;

	if (!plan || !plan->minimum_fen || (!last && index + 1 < days))
		return ERR_NONE;
	err = charge_main_sum(b->tx->db, b->row.property_id, b->row.meter, b->row.use_from_s, first,
	                      day, &before);
	if (!err && !money_add(before, main, &main))
		err = ERR_OVERFLOW;
	if (err)
		return err;
	if (use_day > first)
		first = use_day;
	if (first > day)
		return ERR_NONE; /* no day began in it */
	missing = month_shortfall(money_fen(plan->minimum_fen), main, (unsigned)(day + 1 - first),
	                          days);
	row = whole_row(b, day, CHARGE_LINE_MINIMUM, plan, missing);
	if (row.exact)
		add_row(b, &row);
	return b->err;
}

static enum err keep_row(struct billing *b, struct charge_row *row, int64_t *last_no)
{
	enum err err = ERR_NONE;

	if (row->charge_no)
		return charge_update(b->tx->db, row);
	if (!*last_no)
		err = charge_last(b->tx->db, row->property_id, row->meter, row->day, last_no);
	row->charge_no = ++*last_no;
	return err ? err : charge_insert(b->tx->db, row);
}

/* Posts the rows of one day, which stand from `first` on. */
static enum err post_day(struct billing *b, int64_t day, size_t first, size_t *end, bool last)
{
	struct money sum[LINES] = {{0}};
	int64_t group_no = CHARGE_FREE, last_no = 0;
	size_t count = b->count;
	enum err err;

	for (*end = first; *end < b->count && b->charges[*end].day == day;)
		++*end;
	err = make_amounts(b, first, *end, sum);
	if (!err)
		err = add_minimum(b, day, last, sum[0]);
	if (!err && b->count > count) {
		/* It was added at the end; its place is behind those of its day. */
		struct charge_row row = b->charges[b->count - 1];

		memmove(&b->charges[*end + 1], &b->charges[*end],
		        (count - *end) * sizeof *b->charges);
		b->charges[*end] = row;
		err = make_amounts(b, *end, *end + 1, sum);
		++*end;
	}
	if (!err && *end > first)
		err = post_group(b, day, sum, &group_no);
	for (size_t i = first; !err && i < *end; i++) {
		b->charges[i].group_no = group_no;
		b->row.accrued -= b->charges[i].exact;
		err = keep_row(b, &b->charges[i], &last_no);
	}
	return err;
}

/* Posts the days that are over; all that is open when the use ends. The others are kept open. */
static enum err post_days(struct billing *b, bool last, int64_t *posted)
{
	int64_t today = day_of(b, b->row.billed_s), last_no = 0;
	size_t at = 0;
	enum err err = ERR_NONE;

	if (b->count)
		qsort(b->charges, b->count, sizeof *b->charges, by_line);
	for (int64_t day = b->row.posted_day; !err && day < today + last; day++) {
		size_t end;

		err = post_day(b, day, at, &end, last && day == today);
		*posted += end > at;
		at = end;
	}
	for (; !err && at < b->count; at++)
		err = keep_row(b, &b->charges[at], &last_no);
	if (!err)
		err = allowances_store(b->tx->db, &b->allowances);
	b->row.posted_day = today;
	return err;
}

/* ---- begin and end of a billing ---- */

static enum err billing_begin(struct billing *b, struct tx *tx, int64_t property_id, int64_t meter,
                              struct tariff_cache *cache, int64_t now_ms)
{
	memset(b, 0, sizeof *b);
	b->tx = tx;
	b->cache = cache;
	b->now_ms = now_ms;
	return rating_get(tx->db, property_id, meter, &b->row);
}

/* Prices and open rows for what follows the cursor, up to to_s. */
static enum err billing_load(struct billing *b, int64_t to_s)
{
	struct property_row property;
	struct tariff_ask ask = {.property_id = b->row.property_id,
	                         .meter = b->row.meter,
	                         .service = b->row.service,
	                         .account_id = b->row.account_id,
	                         .from_s = b->row.billed_s,
	                         .to_s = to_s > b->row.billed_s ? to_s : b->row.billed_s + 1};
	enum err err = property_get(b->tx->db, b->row.property_id, &property);

	if (err)
		return err;
	b->utc_offset_s = ask.utc_offset_s = (int32_t)(property.utc_offset_min * 60);
	err = tariff_span(b->tx->db, b->cache, &ask, &b->span);
	if (!err)
		err = allowances_read(b->tx->db, b->row.property_id, b->row.account_id,
		                      &b->allowances);
	return err ? err : load_open(b);
}

static void billing_end(struct billing *b)
{
	tariff_span_free(&b->span);
	free(b->charges);
}

/* ---- start ---- */

enum err rating_start(struct tx *tx, const struct rating_start *start)
{
	struct rating_row row = {.version = 0};
	struct property_row property;
	enum err err;

	if (start->units < 0 || start->account_id <= 0)
		return ERR_BAD_INPUT;
	err = property_get(tx->db, start->property_id, &property);
	if (!err)
		err = rating_get(tx->db, start->property_id, start->meter, &row);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err && row.account_id)
		return ERR_BUSY;
	row = (struct rating_row){
	        .property_id = start->property_id,
	        .meter = start->meter,
	        .account_id = start->account_id,
	        .use_from_s = start->from_s,
	        .service = start->service,
	        .billed_s = start->from_s,
	        .billed_units = start->units,
	        .step_used = start->step.step_used,
	        .step_settled_s = start->step.step_settled_s,
	        .posted_day = days_from_unix(start->from_s + property.utc_offset_min * 60),
	        .version = row.version};
	return rating_put(tx->db, &row);
}

/* ---- pass ---- */

static bool waits_for_person(enum rating_fault fault)
{
	return fault != RATING_SOUND && fault != RATING_UNPRICED;
}

/* The saved newest reading. ERR_NOT_FOUND: there is none that may be charged. */
static enum err newest_mark(struct tx *tx, const struct rating_pass *pass, int64_t now_ms,
                            struct rate_mark *mark)
{
	struct reading reading;
	enum err err = latest_read(tx->db, pass->property_id, pass->meter, &reading);

	if (err)
		return err;
	*mark = (struct rate_mark){reading.time_s, reading.energy_wh};
	return reading_check(&reading, now_ms / 1000) == CHECK_GOOD &&
	                       !(reading.quality & METER_CLOCK_UNSURE)
	               ? ERR_NONE
	               : ERR_NOT_FOUND;
}

/* Marks that can be charged: behind the cursor and not in the future. */
static bool is_usable(const struct billing *b, const struct rate_mark *mark)
{
	return mark->at_s > b->row.billed_s && mark->at_s <= b->now_ms / 1000;
}

static enum err take_marks(struct billing *b, const struct rate_mark *marks, size_t count)
{
	enum rate_verdict verdict;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (!is_usable(b, &marks[i]))
			continue;
		err = take_mark(b, &marks[i], false, &verdict);
		if (err == ERR_OVERFLOW && !b->err)
			set_fault(b, RATING_OVERFLOW, &marks[i]);
		else if (err)
			return err;
		else if (verdict == RATE_BACK || verdict == RATE_JUMP || verdict == RATE_NEGATIVE)
			set_fault(b, fault_of(verdict), &marks[i]);
		if (waits_for_person(b->row.fault))
			break;
	}
	return ERR_NONE;
}

static enum err pass_marks(struct billing *b, struct rating_pass *pass,
                           const struct rate_mark *marks, size_t count)
{
	const struct rating_row before = b->row;
	int64_t to_s = 0;
	enum err err;

	for (size_t i = 0; i < count; i++)
		if (is_usable(b, &marks[i]) && marks[i].at_s > to_s)
			to_s = marks[i].at_s;
	if (!to_s)
		return ERR_NONE;
	err = billing_load(b, to_s);
	if (err == ERR_NOT_FOUND) {
		if (b->row.fault == RATING_UNPRICED)
			return ERR_NONE;
		set_fault(b, RATING_UNPRICED, &marks[count - 1]);
	} else if (!err) {
		b->row.fault = RATING_SOUND;
		err = take_marks(b, marks, count);
		if (!err)
			err = post_days(b, false, &pass->posted);
	} else {
		return err;
	}
	if (err && err != ERR_NOT_FOUND)
		return err;
	pass->moved = b->row.billed_s != before.billed_s || b->row.fault != before.fault;
	if (waits_for_person(b->row.fault)) {
		pass->fault = b->row.fault;
		pass->fault_s = b->row.fault_s;
		pass->fault_units = b->row.fault_units;
	}
	return pass->moved ? rating_put(b->tx->db, &b->row) : ERR_NONE;
}

enum err rating_pass(struct tx *tx, struct rating_pass *pass, int64_t now_ms)
{
	const struct rate_mark *marks = pass->marks;
	size_t count = pass->count;
	struct rate_mark newest;
	struct billing b;
	enum err err;

	pass->account_id = pass->posted = 0;
	pass->moved = false;
	pass->fault = RATING_SOUND;
	err = billing_begin(&b, tx, pass->property_id, pass->meter, pass->cache, now_ms);
	if (err || !b.row.account_id)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	pass->account_id = b.row.account_id;
	if (waits_for_person(b.row.fault))
		return ERR_NONE;
	if (!marks) {
		marks = &newest;
		count = 1;
		err = newest_mark(tx, pass, now_ms, &newest);
	}
	if (!err)
		err = pass_marks(&b, pass, marks, count);
	billing_end(&b);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* ---- settlement ---- */

static enum err refuse_register(struct rating_settle *s, const struct billing *b,
                                enum rate_verdict verdict)
{
	if (verdict == RATE_BACK || verdict == RATE_JITTER)
		return fault_set(&s->fault, ERR_REFUSED, "register",
		                 "is below %" PRId64 ", through which it is billed",
		                 b->row.billed_units);
	if (verdict == RATE_JUMP)
		return fault_set(&s->fault, ERR_REFUSED, "register",
		                 "more than the circuit can carry since the last reading");
	return fault_set(&s->fault, ERR_REFUSED, "register", "is no register of this meter");
}

static enum err settle_charge(struct rating_settle *s, struct billing *b)
{
	const struct rate_mark mark = {s->at_s, s->units};
	enum rate_verdict verdict;
	enum err err;

	if (s->at_s > b->now_ms / 1000)
		return fault_set(&s->fault, ERR_REFUSED, "at", "is in the future");
	if (s->at_s < b->row.billed_s)
		return fault_set(&s->fault, ERR_REFUSED, "at",
		                 "is before the reading through which it is billed");
	err = billing_load(b, s->at_s);
	if (err == ERR_NOT_FOUND)
		return fault_set(&s->fault, ERR_REFUSED, "tariff", "none is in force");
	if (err)
		return err;
	if (s->at_s == b->row.billed_s)
		return s->units == b->row.billed_units
		               ? ERR_NONE
		               : fault_set(&s->fault, ERR_REFUSED, "register",
		                           "is billed through %" PRId64 " at this second",
		                           b->row.billed_units);
	err = take_mark(b, &mark, s->accepted, &verdict);
	if (err)
		return err;
	return verdict == RATE_USE || verdict == RATE_WRAPPED ? ERR_NONE
	                                                      : refuse_register(s, b, verdict);
}

enum err rating_settle(struct tx *tx, struct rating_settle *settle, int64_t now_ms)
{
	int64_t posted = 0;
	struct billing b;
	enum err err;

	settle->fault = (struct fault){0};
	err = billing_begin(&b, tx, settle->property_id, settle->meter, settle->cache, now_ms);
	if (!err && !b.row.account_id)
		err = ERR_NOT_FOUND;
	if (!err)
		err = settle_charge(settle, &b);
	if (!err)
		err = post_days(&b, true, &posted);
	if (!err) {
		assert(b.row.accrued == 0);
		settle->step = (struct rate_state){b.row.step_used, b.row.step_settled_s};
		settle->row = b.row;
		b.row.account_id = 0;
		b.row.fault = RATING_SOUND;
		err = rating_put(tx->db, &b.row);
	}
	billing_end(&b);
	return err;
}

/* ---- a person decides ---- */

bool rating_how_parse(const char *word, enum rating_how *how)
{
	static const char *const words[] = {"accept", "baseline", "quantity"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*how = (enum rating_how)i;
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

/* What is charged from the cursor to the reading that was refused. */
static enum err decided_units(struct rating_resolve *r, const struct billing *b, int64_t *units)
{
	*units = 0;
	if (!waits_for_person(b->row.fault))
		return fault_set(&r->fault, ERR_REFUSED, NULL, "nothing waits for a decision");
	if (r->how == RATING_ACCEPT && b->row.fault != RATING_JUMP)
		return fault_set(&r->fault, ERR_REFUSED, "how",
		                 "the register fell: state a quantity, or begin anew");
	if (r->how == RATING_ACCEPT)
		*units = b->row.fault_units - b->row.billed_units;
	if (r->how == RATING_QUANTITY)
		*units = r->units;
	if (*units < 0)
		return fault_set(&r->fault, ERR_BAD_INPUT, "units", "must not be below 0");
	return ERR_NONE;
}

static enum err resolve_charge(struct rating_resolve *r, struct billing *b)
{
	const struct rate_mark mark = {b->row.fault_s,
	                               b->row.fault_units < 0 ? 0 : b->row.fault_units};
	int64_t units, posted = 0;
	enum err err = decided_units(r, b, &units);

	if (!err)
		err = billing_load(b, mark.at_s);
	if (err == ERR_NOT_FOUND)
		return fault_set(&r->fault, ERR_REFUSED, "tariff", "none is in force");
	if (err)
		return err;
	b->spread = r->how == RATING_QUANTITY;
	err = take_interval(b, &mark, units);
	if (err == ERR_OVERFLOW)
		return fault_set(&r->fault, ERR_BAD_INPUT, "units", "beyond all bounds");
	b->row.fault = RATING_SOUND;
	b->row.fault_s = b->row.fault_units = 0;
	return err ? err : post_days(b, false, &posted);
}

static enum err note_resolve(struct tx *tx, const struct rating_resolve *r,
                             const struct rating_row *before, int64_t now_ms)
{
	struct audit_entry entry = {.property_id = before->property_id,
	                            .group_id = r->place.group_id,
	                            .action = "rating.resolve",
	                            .detail = rating_fault_word(before->fault)};
	struct change change;
	char object[48];

	change_begin(&change);
	change_int(&change, "billed_s", before->billed_s, r->row.billed_s);
	change_int(&change, "billed_units", before->billed_units, r->row.billed_units);
	change_int(&change, "step_used", before->step_used, r->row.step_used);
	change_int(&change, "how", CHANGE_NONE, r->how);
	snprintf(object, sizeof object, "meter %" PRId64, before->meter);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

enum err rating_resolve_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rating_resolve *r = arg;
	struct rating_row before;
	struct billing b;
	enum err err = access_require(tx, &r->actor, PERMISSION_LEDGER_WRITE, &r->place, now_ms);

	r->fault = (struct fault){0};
	if (err)
		return err;
	if (!r->actor.reason[0])
		return fault_set(&r->fault, ERR_BAD_INPUT, "reason", "say why");
	err = billing_begin(&b, tx, r->place.property_id, r->meter, NULL, now_ms);
	before = b.row;
	if (!err && !b.row.account_id)
		err = ERR_NOT_FOUND;
	if (!err && b.row.version != r->version)
		err = ERR_CONFLICT;
	if (!err)
		err = resolve_charge(r, &b);
	if (!err)
		err = rating_put(tx->db, &b.row);
	r->row = b.row;
	billing_end(&b);
	if (!err)
		err = note_resolve(tx, r, &before, now_ms);
	if (err)
		return err;
	err = supply_consider(tx, before.property_id, before.account_id, false, now_ms, out);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* ---- money ---- */

struct counting {
	struct account_money *money;
	int64_t now_s;
	bool fits;
};

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
	c->fits = !__builtin_add_overflow(c->money->accrued, row->accrued, &c->money->accrued);
	return c->fits;
}

enum err account_money(struct db *db, int64_t property_id, int64_t account_id, int64_t now_ms,
                       struct account_money *money)
{
	struct counting counting = {.money = money, .now_s = now_ms / 1000, .fits = true};
	struct ledger_balance balance;
	enum err err;

	*money = (struct account_money){.as_of_s = INT64_MAX, .fresh = true};
	err = ledger_balance(db, property_id, LEDGER_ACCOUNT, account_id, &balance);
	if (!err)
		err = rating_of_account(db, property_id, account_id, on_rating, &counting);
	if (err)
		return err;
	err = allowance_money(db, property_id, account_id, now_ms / 1000, &money->allowance);
	if (err)
		return err;
	money->ledger = balance.balance;
	if (!counting.fits || !money_add(money->ledger, money->allowance, &money->available) ||
	    !money_sub(money->available,
	               money_fen(money->accrued / RATE_REST_PER_FEN +
	                         (money->accrued % RATE_REST_PER_FEN != 0)),
	               &money->available))
		return ERR_OVERFLOW;
	return ERR_NONE;
}
