#include "platform/core/report_read.h"

#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"

bool report_by_parse(const char *word, enum report_by *by)
{
	static const char *const words[] = {"hour", "day", "month"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*by = (enum report_by)i;
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

/* ---- lines ---- */

struct reading_lines {
	struct db *db;
	struct report_lines *lines;
	struct property_row property;
	struct report_span
	        before; /* of the newest day before the one that is next; readings 0: none */
	int64_t next;   /* the first day that is not told yet */
	enum err err;
};

static bool add_line(struct report_lines *lines, struct report_line *line)
{
	if (lines->count == lines->room) {
		size_t room = lines->room ? lines->room * 2 : 64;
		struct report_line *more = realloc(lines->line, room * sizeof *more);

		if (!more)
			return false;
		lines->line = more;
		lines->room = room;
	}
	line->estimated =
	        line->known &&
	        (!line->has_data || line->edges.open_source == REPORT_COMPUTED ||
	         (line->to_s <= lines->now_s && line->edges.close_source == REPORT_COMPUTED));
	if (line->known)
		lines->use_wh += report_edges_use(&line->edges);
	if (line->estimated)
		lines->estimated_wh += report_edges_use(&line->edges);
	lines->line[lines->count++] = *line;
	return true;
}

static bool add_missing(struct report_lines *lines, int64_t day)
{
	if (lines->missing_count == lines->missing_room) {
		size_t room = lines->missing_room ? lines->missing_room * 2 : 64;
		int64_t *more = realloc(lines->missing, room * sizeof *more);

		if (!more)
			return false;
		lines->missing = more;
		lines->missing_room = room;
	}
	lines->missing[lines->missing_count++] = day;
	return true;
}

static struct report_line line_of(const struct reading_lines *r, int64_t day)
{
	return (struct report_line){.from_s = property_day_start_s(&r->property, day),
	                            .to_s = property_day_start_s(&r->property, day + 1),
	                            .number = day};
}

/* Days between two with readings: divided by time. Behind the last one nothing is known. */
static enum err tell_missing(struct reading_lines *r, int64_t until,
                             const struct report_span *behind)
{
	for (; r->next < until; r->next++) {
		struct report_line line = line_of(r, r->next);
		struct report_edge open, close;

		if (line.from_s > r->lines->now_s)
			return ERR_NONE;
		if (!r->before.readings)
			continue; /* before its first reading it was not there */
		if (!add_missing(r->lines, r->next))
			return ERR_NOMEM;
		if (r->lines->by != REPORT_BY_DAY)
			continue;
		open = report_edge_at(&r->before, behind, line.from_s, false);
		close = report_edge_at(&r->before, behind, line.to_s, true);
		line.known = behind->readings != 0;
		line.edges =
		        (struct report_edges){open.units, close.units, open.source, close.source};
		if (!add_line(r->lines, &line))
			return ERR_NOMEM;
	}
	return ERR_NONE;
}

static enum err tell_day(struct reading_lines *r, const struct report_day_row *row)
{
	struct report_line line = line_of(r, row->day);
	enum err err = report_day_edges(r->db, &r->property, row, &line.edges, &line.corrected);

	line.has_data = line.known = true;
	line.frozen = row->frozen_s != 0;
	line.readings = row->readings;
	line.power_max_dw = row->power_max_dw;
	line.voltage_min_dv = row->voltage_min_dv;
	line.voltage_max_dv = row->voltage_max_dv;
	return err ? err : add_line(r->lines, &line) ? ERR_NONE : ERR_NOMEM;
}

static enum err tell_hours(struct reading_lines *r, const struct report_day_row *row)
{
	int64_t day_s = property_day_start_s(&r->property, row->day);
	struct report_span hours[REPORT_HOURS], behind = {.readings = 0};
	struct report_day_row near;
	enum err err = report_day_unpack(row->hours, row->hours_len, day_s, hours);

	if (!err)
		err = report_day_near(r->db, row->property_id, row->meter, row->day, false, &near);
	if (!err)
		behind = report_span_of(&near);
	if (err && err != ERR_NOT_FOUND)
		return err;
	for (int k = 0; k < REPORT_HOURS; k++) {
		struct report_line line = {.from_s = day_s + k * INT64_C(3600),
		                           .to_s = day_s + (k + 1) * INT64_C(3600),
		                           .number = row->day,
		                           .has_data = hours[k].readings > 0,
		                           .frozen = row->frozen_s != 0,
		                           .readings = hours[k].readings,
		                           .power_max_dw = hours[k].power_max_dw,
		                           .voltage_min_dv = hours[k].voltage_min_dv,
		                           .voltage_max_dv = hours[k].voltage_max_dv};

		if (line.from_s >= r->lines->now_s)
			break;
		line.edges = report_hour_edges(hours, &r->before, &behind, day_s, k);
		/* Of a meter that is away nothing is known behind its last reading, nor before its first. */
		line.known = line.edges.open_source != REPORT_NONE &&
		             (behind.readings || line.from_s <= row->last_s) &&
		             (r->before.readings || line.to_s > row->first_s);
		if (!add_line(r->lines, &line))
			return ERR_NOMEM;
	}
	return ERR_NONE;
}

static bool on_day(void *arg, const struct report_day_row *row)
{
	struct reading_lines *r = arg;
	struct report_span span = report_span_of(row);

	r->err = tell_missing(r, row->day, &span);
	if (!r->err && r->lines->by == REPORT_BY_DAY)
		r->err = tell_day(r, row);
	else if (!r->err && r->lines->by == REPORT_BY_HOUR)
		r->err = tell_hours(r, row);
	r->before = span;
	r->next = row->day + 1;
	return !r->err;
}

static bool on_month(void *arg, const struct report_month_row *row)
{
	struct reading_lines *r = arg;
	struct report_month_row month = *row;
	struct report_line line = {
	        .from_s = property_day_start_s(&r->property, report_month_first(row->month)),
	        .to_s = property_day_start_s(&r->property, report_month_first(row->month + 1)),
	        .number = row->month,
	        .has_data = true,
	        .known = true,
	        .frozen = row->frozen_s != 0};

	r->err = report_month_edges(r->db, &r->property, row, &line.edges, &line.corrected);
	if (!r->err && row->frozen_s)
		r->err = report_month_unpack(row->days, row->days_len, line.days);
	else if (!r->err)
		r->err = report_month_days(r->db, &r->property, &month, line.days);
	line.days_with_data = month.days_with_data;
	line.power_max_dw = month.power_max_dw;
	line.voltage_min_dv = month.voltage_min_dv;
	line.voltage_max_dv = month.voltage_max_dv;
	if (!r->err && !add_line(r->lines, &line))
		r->err = ERR_NOMEM;
	return !r->err;
}

enum err report_lines_read(struct db *db, struct report_lines *lines)
{
	struct reading_lines r = {.db = db, .lines = lines, .next = lines->from_day};
	struct report_day_row near;
	struct report_span behind = {.readings = 0};
	enum err err = property_get(db, lines->property_id, &r.property);

	if (!err)
		err = report_day_near(db, lines->property_id, lines->meter, lines->from_day, true,
		                      &near);
	if (!err)
		r.before = report_span_of(&near);
	else if (err == ERR_NOT_FOUND)
		err = ERR_NONE;
	if (!err && lines->by == REPORT_BY_MONTH)
		err = report_months(db, lines->property_id, lines->meter,
		                    report_month_of(lines->from_day),
		                    report_month_of(lines->to_day - 1) + 1, on_month, &r);
	if (!err)
		err = r.err;
	if (!err)
		err = report_days(db, lines->property_id, lines->meter, lines->from_day,
		                  lines->to_day, on_day, &r);
	if (!err)
		err = r.err;
	if (!err)
		err = report_day_near(db, lines->property_id, lines->meter, lines->to_day - 1,
		                      false, &near);
	if (!err)
		behind = report_span_of(&near);
	else if (err == ERR_NOT_FOUND)
		err = ERR_NONE;
	return err ? err : tell_missing(&r, lines->to_day, &behind);
}

void report_lines_free(struct report_lines *lines)
{
	free(lines->line);
	free(lines->missing);
	lines->line = NULL;
	lines->missing = NULL;
	lines->count = lines->missing_count = 0;
}

/* ---- curves ---- */

struct drawing {
	struct report_curve *curve;
	const struct property_row *property;
	enum err err;
};

static bool on_curve_day(void *arg, const struct report_day_row *row)
{
	struct drawing *d = arg;
	struct report_curve *curve = d->curve;
	int64_t day_s = property_day_start_s(d->property, row->day);
	struct report_span hours[REPORT_HOURS];

	d->err = report_day_unpack(row->hours, row->hours_len, day_s, hours);
	for (int k = 0; !d->err && k < REPORT_HOURS; k++) {
		int64_t at_s = day_s + k * INT64_C(3600), begin_s;
		struct report_point *point;

		if (!hours[k].readings || at_s + 3600 <= curve->from_s || at_s >= curve->to_s)
			continue;
		begin_s = at_s < curve->from_s
		                  ? curve->from_s
		                  : curve->from_s +
		                            (at_s - curve->from_s) / curve->span_s * curve->span_s;
		point = &curve->point[curve->count];
		if (curve->count && point[-1].at_s == begin_s) {
			report_merge(&point[-1].span, &hours[k]);
			continue;
		}
		if (curve->count > curve->points)
			return false; /* never: so many spans are not in it */
		*point = (struct report_point){begin_s, hours[k]};
		curve->count++;
	}
	return !d->err;
}

enum err report_curve_read(struct db *db, struct report_curve *curve)
{
	struct property_row property;
	struct drawing d = {.curve = curve, .property = &property};
	int64_t hours = (curve->to_s - curve->from_s + 3599) / 3600;
	int64_t points = (int64_t)curve->points;
	enum err err = property_get(db, curve->property_id, &property);

	curve->span_s = (hours + points - 1) / points * 3600;
	curve->count = 0;
	curve->point = calloc(curve->points + 2, sizeof *curve->point);
	if (!curve->point)
		return ERR_NOMEM;
	if (!err)
		err = report_days(db, curve->property_id, curve->meter,
		                  property_day(&property, curve->from_s),
		                  property_day(&property, curve->to_s - 1) + 1, on_curve_day, &d);
	return err ? err : d.err;
}

void report_curve_free(struct report_curve *curve)
{
	free(curve->point);
	curve->point = NULL;
	curve->count = 0;
}
