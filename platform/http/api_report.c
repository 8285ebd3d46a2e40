/* Reports of a meter: curves over months and years, energy by hour, day and month. */
#include <stdio.h>

#include "libs/base/time.h"
#include "platform/core/report_read.h"
#include "platform/http/context.h"

#define YEAR_S      (366 * SECONDS_PER_DAY)
#define CURVE_MAX_S (20 * YEAR_S)
#define HOURS_DAYS  31
#define DAYS_MAX    800
#define MONTHS_DAYS (20 * 366)

/* ---- curves ---- */

static void show_point(struct json_out *out, const struct report_point *point)
{
	const struct report_span *span = &point->span;

	out_object(out, NULL);
	out_time_s(out, "at", point->at_s);
	out_int(out, "readings", span->readings);
	out_int(out, "voltage_min_dv", span->voltage_min_dv);
	out_int(out, "voltage_dv", span->voltage_sum_dv / span->readings);
	out_int(out, "voltage_max_dv", span->voltage_max_dv);
	out_int(out, "current_ma", span->current_sum_ma / span->readings);
	out_int(out, "current_max_ma", span->current_max_ma);
	out_int(out, "power_min_dw", span->power_min_dw);
	out_int(out, "power_dw", span->power_sum_dw / span->readings);
	out_int(out, "power_max_dw", span->power_max_dw);
	out_int(out, "pf_min_permille", span->pf_min_permille);
	out_int(out, "energy_wh", span->last_wh);
	out_object_end(out);
}

static enum err read_curve(struct reader *reader, void *arg)
{
	return report_curve_read(reader->db, arg);
}

static void curve_found(struct request *request, void *arg, enum err err)
{
	struct report_curve *curve = arg;
	struct json_out *out = &request->out;

	if (err) {
		report_curve_free(curve);
		answer_err(request, err);
		return;
	}
	out_object(out, NULL);
	out_int(out, "span_s", curve->span_s);
	out_array(out, "items");
	for (size_t i = 0; i < curve->count; i++)
		show_point(out, &curve->point[i]);
	out_array_end(out);
	out_object_end(out);
	report_curve_free(curve);
	answer_json(request, 200);
}

void meter_curve(struct request *request)
{
	const struct query_meter_curve *query = meter_curve_query(request);
	const struct dir_meter *meter = request->scope.meter;
	struct report_curve *curve = request_alloc(request, sizeof *curve);

	if (!curve) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	curve->property_id = meter->property_id;
	curve->meter = meter->meter;
	curve->to_s = query->has_to ? query->to_s : request->now_ms / 1000 + 1;
	curve->from_s = query->has_from ? query->from_s : curve->to_s - YEAR_S;
	curve->points = query->has_points ? (size_t)query->points : REPORT_POINTS_MAX;
	if (curve->from_s < 0 || curve->from_s >= curve->to_s)
		answer_problem(request, PROBLEM_BAD_FIELD, "from", "must be before `to`");
	else if (curve->to_s - curve->from_s > CURVE_MAX_S)
		answer_problem(request, PROBLEM_BAD_FIELD, "from", "at most 20 years before `to`");
	else
		request_read(request, read_curve, curve, curve_found);
}

/* ---- energy ---- */

static void out_known(struct json_out *out, const char *key, bool known, int64_t value)
{
	if (known)
		out_int(out, key, value);
	else
		out_null(out, key);
}

static void show_days(struct json_out *out, const struct report_line *line, bool by_month)
{
	int64_t days =
	        by_month ? report_month_first(line->number + 1) - report_month_first(line->number)
	                 : 0;

	out_known(out, "days_with_data", by_month, line->days_with_data);
	if (!by_month) {
		out_null(out, "days");
		return;
	}
	out_array(out, "days");
	for (int64_t i = 0; i < days; i++)
		out_known(out, NULL, line->days[i].has_data, line->days[i].use_wh);
	out_array_end(out);
}

static void show_line(struct json_out *out, const struct report_line *line, bool by_month)
{
	const struct report_edges *edges = &line->edges;
	bool measured = line->has_data && (line->readings || by_month);
	char month[16];

	out_object(out, NULL);
	out_time_s(out, "from", line->from_s);
	out_time_s(out, "to", line->to_s);
	if (by_month) {
		snprintf(month, sizeof month, "%04d-%02d", (int)(line->number / 12),
		         (int)(line->number % 12) + 1);
		out_null(out, "day");
		out_text(out, "month", month);
	} else {
		out_day(out, "day", line->number);
		out_null(out, "month");
	}
	out_known(out, "open_wh", line->known, edges->open_wh);
	out_text(out, "open_source",
	         report_source_word(line->known ? (enum report_source)edges->open_source
	                                        : REPORT_NONE));
	out_known(out, "close_wh", line->known, edges->close_wh);
	out_text(out, "close_source",
	         report_source_word(line->known ? (enum report_source)edges->close_source
	                                        : REPORT_NONE));
	out_known(out, "use_wh", line->known, report_edges_use(edges));
	out_bool(out, "estimated", line->estimated);
	out_bool(out, "has_data", line->has_data);
	out_int(out, "readings", line->readings);
	out_known(out, "power_max_dw", measured, line->power_max_dw);
	out_known(out, "voltage_min_dv", measured, line->voltage_min_dv);
	out_known(out, "voltage_max_dv", measured, line->voltage_max_dv);
	out_bool(out, "frozen", line->frozen);
	out_bool(out, "corrected", line->corrected);
	show_days(out, line, by_month);
	out_object_end(out);
}

static enum err read_energy(struct reader *reader, void *arg)
{
	return report_lines_read(reader->db, arg);
}

static void energy_found(struct request *request, void *arg, enum err err)
{
	struct report_lines *lines = arg;
	struct json_out *out = &request->out;

	if (err) {
		report_lines_free(lines);
		answer_err(request, err);
		return;
	}
	out_object(out, NULL);
	out_int(out, "use_wh", lines->use_wh);
	out_int(out, "estimated_wh", lines->estimated_wh);
	out_array(out, "without_data");
	for (size_t i = 0; i < lines->missing_count; i++)
		out_day(out, NULL, lines->missing[i]);
	out_array_end(out);
	out_array(out, "items");
	for (size_t i = 0; i < lines->count; i++)
		show_line(out, &lines->line[i], lines->by == REPORT_BY_MONTH);
	out_array_end(out);
	out_object_end(out);
	report_lines_free(lines);
	answer_json(request, 200);
}

void meter_energy(struct request *request)
{
	static const int64_t most[] = {[REPORT_BY_HOUR] = HOURS_DAYS,
	                               [REPORT_BY_DAY] = DAYS_MAX,
	                               [REPORT_BY_MONTH] = MONTHS_DAYS};
	const struct query_meter_energy *query = meter_energy_query(request);
	const struct dir_meter *meter = request->scope.meter;
	struct report_lines *lines = request_alloc(request, sizeof *lines);

	if (!lines) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	(void)report_by_parse(query->by, &lines->by);
	lines->property_id = meter->property_id;
	lines->meter = meter->meter;
	lines->now_s = request->now_ms / 1000;
	lines->from_day = query->from_day;
	lines->to_day = query->to_day + 1;
	if (lines->to_day <= lines->from_day)
		answer_problem(request, PROBLEM_BAD_FIELD, "to", "must not be before `from`");
	else if (lines->to_day - lines->from_day > most[lines->by])
		answer_problem(request, PROBLEM_BAD_FIELD, "to", "too far behind `from`");
	else
		request_read(request, read_energy, lines, energy_found);
}
