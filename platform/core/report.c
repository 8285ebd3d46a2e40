#include "platform/core/report.h"

#include <string.h>

#include "libs/base/time.h"
#include "platform/store/meter.h"

#define AT_ONCE     50
#define VERIFY_DAYS 3 /* back from today */

/* ---- calendar ---- */

int64_t report_month_of(int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	return date.year * INT64_C(12) + date.month - 1;
}

int64_t report_month_first(int64_t month)
{
	return days_from_date((int32_t)(month / 12), (unsigned)(month % 12) + 1, 1);
}

/* ---- edges ---- */

struct report_span report_span_of(const struct report_day_row *row)
{
	return (struct report_span){.readings = row->readings,
	                            .first_s = row->first_s,
	                            .first_wh = row->first_wh,
	                            .last_s = row->last_s,
	                            .last_wh = row->last_wh};
}

static struct report_edges edges_of(const struct report_edge *open, const struct report_edge *close)
{
	return (struct report_edges){.open_wh = open->units,
	                             .open_source = open->source,
	                             .close_wh = close->units,
	                             .close_source = close->source};
}

int64_t report_edges_use(const struct report_edges *edges)
{
	const struct report_edge open = {edges->open_wh, (enum report_source)edges->open_source};
	const struct report_edge close = {edges->close_wh, (enum report_source)edges->close_source};

	return report_use(&open, &close);
}

static bool edges_equal(const struct report_edges *a, const struct report_edges *b)
{
	return a->open_wh == b->open_wh && a->open_source == b->open_source &&
	       a->close_wh == b->close_wh && a->close_source == b->close_source;
}

/* At the beginning of hour k, 0 to 24. */
static struct report_edge hour_edge(const struct report_span hours[REPORT_HOURS],
                                    const struct report_span *before,
                                    const struct report_span *behind, int64_t day_s, int k,
                                    bool closing)
{
	for (int i = 0; i < k; i++)
		if (hours[i].readings)
			before = &hours[i];
	for (int i = REPORT_HOURS - 1; i >= k; i--)
		if (hours[i].readings)
			behind = &hours[i];
	return report_edge_at(before, behind, day_s + k * INT64_C(3600), closing);
}

struct report_edges report_hour_edges(const struct report_span hours[REPORT_HOURS],
                                      const struct report_span *before,
                                      const struct report_span *behind, int64_t day_s, int k)
{
	struct report_edge open = hour_edge(hours, before, behind, day_s, k, false);
	struct report_edge close = hour_edge(hours, before, behind, day_s, k + 1, true);

	return edges_of(&open, &close);
}

/* The nearest day with readings on one side. Readings 0: there is none. */
static enum err near_span(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                          bool before, struct report_span *span)
{
	struct report_day_row row;
	enum err err = report_day_near(db, property_id, meter, day, before, &row);

	*span = err ? (struct report_span){.readings = 0} : report_span_of(&row);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* Of the days [first, behind) with their neighbours, by what is known now. */
static enum err edges_now(struct db *db, const struct property_row *property, int64_t meter,
                          int64_t first, int64_t behind, const struct report_span *head,
                          const struct report_span *tail, struct report_edges *edges)
{
	struct report_span left, right;
	struct report_edge open, close;
	enum err err = near_span(db, property->property_id, meter, first, true, &left);

	if (!err)
		err = near_span(db, property->property_id, meter, behind - 1, false, &right);
	if (err)
		return err;
	open = report_edge_at(&left, head, property_day_start_s(property, first), false);
	close = report_edge_at(tail, &right, property_day_start_s(property, behind), true);
	*edges = edges_of(&open, &close);
	return ERR_NONE;
}

static enum err day_edges_now(struct db *db, const struct property_row *property,
                              const struct report_day_row *row, struct report_edges *edges)
{
	struct report_span own = report_span_of(row);

	return edges_now(db, property, row->meter, row->day, row->day + 1, &own, &own, edges);
}

static enum err month_edges_now(struct db *db, const struct property_row *property, int64_t meter,
                                int64_t month, struct report_edges *edges)
{
	int64_t first = report_month_first(month), behind = report_month_first(month + 1);
	struct report_span head, tail;
	enum err err = near_span(db, property->property_id, meter, first - 1, false, &head);

	if (!err)
		err = near_span(db, property->property_id, meter, behind, true, &tail);
	return err ? err : edges_now(db, property, meter, first, behind, &head, &tail, edges);
}

/* What was frozen, or its newest correction. */
static enum err edges_held(struct db *db, int64_t property_id, int64_t meter, int64_t months,
                           int64_t number, const struct report_edges *frozen,
                           struct report_edges *edges, bool *corrected)
{
	struct report_correction last;
	enum err err = report_correction_last(db, property_id, meter, months, number, &last);

	*corrected = !err;
	*edges = err ? *frozen : last.edges;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err report_day_edges(struct db *db, const struct property_row *property,
                          const struct report_day_row *row, struct report_edges *edges,
                          bool *corrected)
{
	*corrected = false;
	return row->frozen_s ? edges_held(db, row->property_id, row->meter, 0, row->day,
	                                  &row->edges, edges, corrected)
	                     : day_edges_now(db, property, row, edges);
}

enum err report_month_edges(struct db *db, const struct property_row *property,
                            const struct report_month_row *row, struct report_edges *edges,
                            bool *corrected)
{
	*corrected = false;
	return row->frozen_s ? edges_held(db, row->property_id, row->meter, 1, row->month,
	                                  &row->edges, edges, corrected)
	                     : month_edges_now(db, property, row->meter, row->month, edges);
}

/* ---- corrections ---- */

static enum err correct(struct tx *tx, int64_t property_id, int64_t meter, int64_t months,
                        int64_t number, const struct report_edges *held,
                        const struct report_edges *now, int64_t now_ms)
{
	struct report_correction row = {.property_id = property_id,
	                                .meter = meter,
	                                .months = months,
	                                .number = number,
	                                .at_s = now_ms / 1000,
	                                .edges = *now};

	return edges_equal(held, now) ? ERR_NONE : report_correction_add(tx->db, &row);
}

static enum err look_again_month(struct tx *tx, const struct property_row *property, int64_t meter,
                                 int64_t month, int64_t now_ms)
{
	struct report_edges held, now;
	struct report_month_row row;
	bool corrected;
	enum err err = report_month_get(tx->db, property->property_id, meter, month, &row);

	if (err || !row.frozen_s)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = report_month_edges(tx->db, property, &row, &held, &corrected);
	if (!err)
		err = month_edges_now(tx->db, property, meter, month, &now);
	return err ? err : correct(tx, property->property_id, meter, 1, month, &held, &now, now_ms);
}

/* A frozen day whose registers are others now, and its month. */
static enum err look_again(struct tx *tx, const struct property_row *property,
                           const struct report_day_row *row, int64_t now_ms)
{
	struct report_edges held, now;
	bool corrected;
	enum err err;

	if (!row->frozen_s)
		return ERR_NONE;
	err = report_day_edges(tx->db, property, row, &held, &corrected);
	if (!err)
		err = day_edges_now(tx->db, property, row, &now);
	if (!err)
		err = correct(tx, property->property_id, row->meter, 0, row->day, &held, &now,
		              now_ms);
	return err ? err
	           : look_again_month(tx, property, row->meter, report_month_of(row->day), now_ms);
}

static enum err look_again_near(struct tx *tx, const struct property_row *property,
                                const struct report_day_row *row, bool before, int64_t now_ms)
{
	struct report_day_row other;
	enum err err =
	        report_day_near(tx->db, row->property_id, row->meter, row->day, before, &other);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	return look_again(tx, property, &other, now_ms);
}

/* ---- taking readings ---- */

static void open_day(const struct property_row *property, const struct report_part *part,
                     struct report_day_row *row)
{
	*row = (struct report_day_row){.property_id = part->property_id,
	                               .meter = part->meter,
	                               .day = part->day,
	                               .freeze_s = property_day_start_s(property, part->day + 1) +
	                                           REPORT_FREEZE_S};
}

static enum err open_month(struct tx *tx, const struct property_row *property,
                           const struct report_part *part)
{
	int64_t month = report_month_of(part->day);
	const struct report_month_row row = {
	        .property_id = part->property_id,
	        .meter = part->meter,
	        .month = month,
	        .freeze_s = property_day_start_s(property, report_month_first(month + 1)) +
	                    REPORT_FREEZE_S + 3600};

	return report_month_open(tx->db, &row);
}

static void total(struct report_day_row *row, const struct report_span hours[REPORT_HOURS])
{
	struct report_span day = {.readings = 0};

	for (int k = 0; k < REPORT_HOURS; k++)
		report_merge(&day, &hours[k]);
	row->readings = day.readings;
	row->first_s = day.first_s;
	row->first_wh = day.first_wh;
	row->last_s = day.last_s;
	row->last_wh = day.last_wh;
	row->power_max_dw = day.power_max_dw;
	row->voltage_min_dv = day.voltage_min_dv;
	row->voltage_max_dv = day.voltage_max_dv;
}

enum err report_take(struct tx *tx, const struct property_row *property,
                     const struct report_part *part, int64_t now_ms)
{
	int64_t day_s = property_day_start_s(property, part->day);
	struct report_span hours[REPORT_HOURS] = {{0}};
	struct report_day_row row, before;
	enum err err = report_day_get(tx->db, part->property_id, part->meter, part->day, &row);
	bool is_new = err == ERR_NOT_FOUND;

	if (is_new) {
		open_day(property, part, &row);
		err = open_month(tx, property, part);
	} else if (!err) {
		err = report_day_unpack(row.hours, row.hours_len, day_s, hours);
	}
	if (err)
		return err;
	before = row;
	for (int k = 0; k < REPORT_HOURS; k++)
		report_merge(&hours[k], &part->hours[k]);
	row.taken_file = part->file;
	row.taken_row = part->rowid;
	row.hours_len = report_day_pack(hours, day_s, row.hours);
	total(&row, hours);
	err = report_day_put(tx->db, &row);
	if (!err)
		err = look_again(tx, property, &row, now_ms);
	if (!err && (is_new || row.first_s != before.first_s))
		err = look_again_near(tx, property, &row, true, now_ms);
	if (!err && (is_new || row.last_s != before.last_s))
		err = look_again_near(tx, property, &row, false, now_ms);
	return err;
}

/* ---- freezing ---- */

static enum err freeze_day(struct tx *tx, const struct report_due *due, int64_t now_ms)
{
	struct property_row property;
	struct report_day_row row;
	enum err err = property_get(tx->db, due->property_id, &property);

	if (!err)
		err = report_day_get(tx->db, due->property_id, due->meter, due->number, &row);
	if (!err)
		err = day_edges_now(tx->db, &property, &row, &row.edges);
	row.frozen_s = now_ms / 1000;
	return err ? err : report_day_put(tx->db, &row);
}

struct month_days {
	struct db *db;
	const struct property_row *property;
	struct report_month_row *row;
	int64_t first;
	struct report_month_day day[REPORT_MONTH_DAYS];
	enum err err;
};

static bool take_day(void *arg, const struct report_day_row *day)
{
	struct month_days *m = arg;
	struct report_month_row *row = m->row;
	struct report_month_day *of = &m->day[day->day - m->first];
	struct report_edges edges;
	bool corrected;

	m->err = report_day_edges(m->db, m->property, day, &edges, &corrected);
	*of = (struct report_month_day){.has_data = true,
	                                .use_wh = report_edges_use(&edges),
	                                .power_max_dw = day->power_max_dw};
	if (!row->days_with_data || day->power_max_dw > row->power_max_dw)
		row->power_max_dw = day->power_max_dw;
	if (!row->days_with_data || day->voltage_min_dv < row->voltage_min_dv)
		row->voltage_min_dv = day->voltage_min_dv;
	if (!row->days_with_data || day->voltage_max_dv > row->voltage_max_dv)
		row->voltage_max_dv = day->voltage_max_dv;
	row->days_with_data++;
	return !m->err;
}

enum err report_month_days(struct db *db, const struct property_row *property,
                           struct report_month_row *row,
                           struct report_month_day days[REPORT_MONTH_DAYS])
{
	struct month_days m = {.db = db,
	                       .property = property,
	                       .row = row,
	                       .first = report_month_first(row->month)};
	enum err err;

	row->days_with_data = row->power_max_dw = row->voltage_min_dv = row->voltage_max_dv = 0;
	err = report_days(db, row->property_id, row->meter, m.first,
	                  report_month_first(row->month + 1), take_day, &m);
	memcpy(days, m.day, sizeof m.day);
	return err ? err : m.err;
}

static enum err freeze_month(struct tx *tx, const struct report_due *due, int64_t now_ms)
{
	struct report_month_day days[REPORT_MONTH_DAYS];
	struct property_row property;
	struct report_month_row row;
	enum err err = property_get(tx->db, due->property_id, &property);

	if (!err)
		err = report_month_get(tx->db, due->property_id, due->meter, due->number, &row);
	if (!err)
		err = month_edges_now(tx->db, &property, due->meter, due->number, &row.edges);
	if (!err)
		err = report_month_days(tx->db, &property, &row, days);
	if (err)
		return err;
	row.frozen_s = now_ms / 1000;
	row.days_len = report_month_pack(days, row.days);
	return report_month_put(tx->db, &row);
}

static enum err each(struct tx *tx, const struct report_due *due, size_t count,
                     enum err (*freeze)(struct tx *tx, const struct report_due *due,
                                        int64_t now_ms),
                     int64_t now_ms)
{
	enum err err = count ? tx_open(tx) : ERR_NONE;

	for (size_t i = 0; !err && i < count; i++)
		err = freeze(tx, &due[i], now_ms);
	return err;
}

enum err report_freeze_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct report_freeze *work = arg;
	struct report_due due[AT_ONCE];
	size_t count = 0;
	enum err err = report_days_due(tx->db, now_ms / 1000, AT_ONCE, due, &count);

	(void)out;
	work->more = count == AT_ONCE;
	if (!err)
		err = each(tx, due, count, freeze_day, now_ms);
	if (err || work->more)
		return err; /* months come behind all their days */
	err = report_months_due(tx->db, now_ms / 1000, AT_ONCE, due, &count);
	work->more = count == AT_ONCE;
	return err ? err : each(tx, due, count, freeze_month, now_ms);
}

/* ---- each night ---- */

struct verifying {
	struct db *db;
	const struct property_row *property;
	int64_t meter, today;
	struct report_day_row last; /* the day before, of this meter; day 0: none */
	struct report_edges last_edges;
	bool wrong;
	enum err err;
};

/* Hours between the same neighbours telescope to their day, but where a register fell. */
static bool hours_sum(const struct report_span hours[REPORT_HOURS],
                      const struct report_span *before, const struct report_span *behind,
                      int64_t day_s, const struct report_edges *day)
{
	int64_t sum = 0;
	bool fell = false;

	for (int k = 0; k < REPORT_HOURS; k++) {
		struct report_edges edges = report_hour_edges(hours, before, behind, day_s, k);

		fell |= edges.close_wh < edges.open_wh;
		if (k) {
			struct report_edges left =
			        report_hour_edges(hours, before, behind, day_s, k - 1);

			fell |= left.close_wh != edges.open_wh;
		}
		sum += report_edges_use(&edges);
	}
	return fell || sum == report_edges_use(day);
}

static bool verify_day(void *arg, const struct report_day_row *row)
{
	struct verifying *v = arg;
	int64_t day_s = property_day_start_s(v->property, row->day);
	struct report_span hours[REPORT_HOURS], before, behind;
	struct report_edges held, now;
	bool corrected;

	v->err = report_day_edges(v->db, v->property, row, &held, &corrected);
	if (!v->err)
		v->err = day_edges_now(v->db, v->property, row, &now);
	if (!v->err)
		v->err = near_span(v->db, row->property_id, row->meter, row->day, true, &before);
	if (!v->err)
		v->err = near_span(v->db, row->property_id, row->meter, row->day, false, &behind);
	if (v->err)
		return false;
	v->wrong = !edges_equal(&held, &now) ||
	           report_day_unpack(row->hours, row->hours_len, day_s, hours) != ERR_NONE ||
	           !hours_sum(hours, &before, &behind, day_s, &now);
	if (!v->wrong && v->last.day && v->last.day + 1 == row->day &&
	    row->first_wh >= v->last.last_wh)
		v->wrong = v->last_edges.close_wh != held.open_wh;
	v->last = *row;
	v->last_edges = held;
	return !v->wrong;
}

static bool verify_month(void *arg, const struct report_month_row *row)
{
	struct verifying *v = arg;
	struct report_edges held, now;
	bool corrected;

	v->err = report_month_edges(v->db, v->property, row, &held, &corrected);
	if (!v->err)
		v->err = month_edges_now(v->db, v->property, row->meter, row->month, &now);
	v->wrong = !v->err && !edges_equal(&held, &now);
	return !v->err && !v->wrong;
}

static void verify_meter(void *arg, const struct meter_row *meter)
{
	struct verifying *v = arg;
	int64_t today = v->today, month = report_month_of(today);
	int64_t property_id = v->property->property_id;

	if (v->err || v->wrong)
		return;
	v->meter = meter->meter;
	v->last.day = 0;
	v->err = report_days(v->db, property_id, meter->meter, today - VERIFY_DAYS, today,
	                     verify_day, v);
	if (!v->err && !v->wrong)
		v->err = report_months(v->db, property_id, meter->meter, month - 1, month,
		                       verify_month, v);
}

enum err report_verify(struct db *db, const struct property_row *property, int64_t today,
                       int64_t *meter)
{
	struct verifying v = {.db = db, .property = property, .today = today};
	enum err err = meter_list(db, property->property_id, 0, INT64_MAX, verify_meter, &v);

	*meter = v.wrong ? v.meter : 0;
	return err ? err : v.err;
}
