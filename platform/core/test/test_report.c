/* Report tables: hours, days and months from what arrives, frozen at civil midnight, corrected by rows; and that
 * hours sum to days and days to registers whatever arrives when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/report_read.h"
#include "platform/core/report_run.h"
#include "platform/store/info.h"
#include "platform/test/lab.h"

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)
/* 2026-11-24 00:00 in China */
#define TODAY    INT64_C(20781)
#define MIDNIGHT (TODAY * DAY - 28800)

static struct lab lab;
static struct reader reader;
static struct property_row property;
static uint64_t seq;

static int setup(void **state)
{
	uint8_t key[16];

	(void)state;
	lab_setup(&lab);
	lab.now_ms = MIDNIGHT * 1000;
	seq = 0;
	reader.db = lab.db;
	assert_int_equal(info_hash_key(lab.db, key), ERR_NONE);
	assert_int_equal(day_reader_open(&reader.days, lab.dir, key), ERR_NONE);
	assert_int_equal(property_get(lab.db, lab.gateway[0].property_id, &property), ERR_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	day_reader_close(reader.days);
	lab_teardown(&lab);
	return 0;
}

/* ---- the world ---- */

static void send_from(int gateway, int64_t at_s, int64_t wh, int32_t power_dw)
{
	struct reading reading = lab_reading(LAB_METER, at_s, wh);
	struct lab_batch batch = {.boot = 1, .seq = ++seq, .rows = &reading, .row_count = 1};

	reading.power_dw = power_dw;
	if (lab.now_ms < at_s * 1000)
		lab.now_ms = at_s * 1000;
	assert_int_equal(lab_send(&lab, gateway, &batch), ERR_NONE);
}

static void send(int64_t after_s, int64_t wh)
{
	send_from(0, MIDNIGHT + after_s, wh, 1000);
}

static void fill(void)
{
	struct arrivals chunk = {.items = NULL};

	assert_int_equal(report_chunk_read(&reader, &chunk), ERR_NONE);
	while (chunk.any) {
		assert_int_equal(lab_step(&lab, report_chunk_step, &chunk, true), ERR_NONE);
		arrivals_next(&chunk);
	}
	arrivals_clear(&chunk);
}

static void freeze_at(int64_t after_s)
{
	struct report_freeze freeze = {.more = true};

	lab.now_ms = (MIDNIGHT + after_s) * 1000;
	while (freeze.more)
		assert_int_equal(lab_step(&lab, report_freeze_step, &freeze, true), ERR_NONE);
}

static struct report_day_row day_of(int64_t day)
{
	struct report_day_row row;

	assert_int_equal(report_day_get(lab.db, 1, LAB_METER, day, &row), ERR_NONE);
	return row;
}

static struct report_edges edges_of(int64_t day, bool *corrected)
{
	struct report_day_row row = day_of(day);
	struct report_edges edges;
	bool is_corrected;

	assert_int_equal(report_day_edges(lab.db, &property, &row, &edges, &is_corrected),
	                 ERR_NONE);
	if (corrected)
		*corrected = is_corrected;
	return edges;
}

static int64_t wrong_meter(int64_t today)
{
	int64_t meter;

	assert_int_equal(report_verify(lab.db, &property, today, &meter), ERR_NONE);
	return meter;
}

/* ---- what arrives ---- */

static void a_day_opens_at_the_devices_own_midnight(void **state)
{
	struct report_span hours[REPORT_HOURS];
	struct report_day_row row;
	struct report_edges edges;

	(void)state;
	send(-HOUR, 900);
	for (int64_t h = 0; h <= 25; h++)
		send_from(0, MIDNIGHT + h * HOUR, 1000 + h * 100, (int32_t)(1000 + h * 10));
	send_from(0, MIDNIGHT + HOUR / 2, 1055, 5000);
	fill();
	row = day_of(TODAY);
	assert_int_equal(row.readings, 25);
	assert_int_equal(row.power_max_dw, 5000);
	assert_int_equal(report_day_unpack(row.hours, row.hours_len, MIDNIGHT, hours), ERR_NONE);
	assert_int_equal(hours[0].readings, 2);
	assert_int_equal(hours[0].power_min_dw, 1000);
	assert_int_equal(hours[0].power_max_dw, 5000);
	assert_int_equal(hours[0].last_wh, 1055);
	edges = edges_of(TODAY, NULL);
	assert_int_equal(edges.open_wh, 1000);
	assert_int_equal(edges.open_source, REPORT_DEVICE);
	assert_int_equal(edges.close_wh, 3400);
	assert_int_equal(edges.close_source, REPORT_DEVICE);
	/* another's gateway tells nothing, and what is read twice is there once */
	send_from(1, MIDNIGHT + 2 * HOUR + 60, 999999, 1);
	fill();
	fill();
	assert_int_equal(day_of(TODAY).readings, 25);
	assert_int_equal(wrong_meter(TODAY + 1), 0);
}

static void a_run_that_is_killed_is_repeated(void **state)
{
	struct arrivals chunk = {.items = NULL};

	(void)state;
	send(60, 100);
	send(DAY + 60, 200);
	assert_int_equal(report_chunk_read(&reader, &chunk), ERR_NONE);
	assert_int_equal(chunk.count, 2);
	arrivals_clear(&chunk); /* read, and never taken */
	fill();
	assert_int_equal(day_of(TODAY).readings, 1);
	assert_int_equal(day_of(TODAY + 1).readings, 1);
}

/* Days that it has written are not counted again. */
static void a_run_that_is_killed_halfway_counts_nothing_twice(void **state)
{
	struct arrivals chunk = {.items = NULL};
	struct report_span hours[REPORT_HOURS];
	struct report_day_row row;

	(void)state;
	for (int64_t i = 1; i <= 3; i++)
		send(60 * i, 100 * i);
	for (int64_t day = 1; day <= REPORT_STEP; day++)
		send(day * DAY, 1000 + day);
	assert_int_equal(report_chunk_read(&reader, &chunk), ERR_NONE);
	assert_int_equal(lab_step(&lab, report_chunk_step, &chunk, true), ERR_NONE);
	arrivals_next(&chunk);
	assert_true(chunk.any); /* a day is left */
	arrivals_clear(&chunk);
	fill();
	row = day_of(TODAY);
	assert_int_equal(row.readings, 3);
	assert_int_equal(report_day_unpack(row.hours, row.hours_len, MIDNIGHT, hours), ERR_NONE);
	assert_int_equal(hours[0].power_sum_dw, 3000);
	assert_int_equal(day_of(TODAY + REPORT_STEP).readings, 1);
	/* and what comes late for such a day counts */
	send(240, 350);
	fill();
	assert_int_equal(day_of(TODAY).readings, 4);
}

/* domain rules: never zeros for the missing days and the sum on the last one. */
static void a_gap_is_divided_by_time_and_marked(void **state)
{
	struct report_edges edges;
	struct report_day_row row;

	(void)state;
	send(12 * HOUR, 1000);
	send(3 * DAY + 12 * HOUR, 7000);
	fill();
	edges = edges_of(TODAY, NULL);
	assert_int_equal(edges.close_wh, 2000);
	assert_int_equal(edges.close_source, REPORT_COMPUTED);
	edges = edges_of(TODAY + 3, NULL);
	assert_int_equal(edges.open_wh, 6000);
	assert_int_equal(report_edges_use(&edges), 1000);
	assert_int_equal(report_day_get(lab.db, 1, LAB_METER, TODAY + 1, &row), ERR_NOT_FOUND);
	assert_int_equal(wrong_meter(TODAY + 4), 0);
}

static void late_data_corrects_by_rows(void **state)
{
	struct report_edges edges;
	bool corrected;

	(void)state;
	send(0, 1000);
	send(12 * HOUR, 1600);
	fill();
	freeze_at(DAY + REPORT_FREEZE_S - 1);
	assert_int_equal(day_of(TODAY).frozen_s, 0);
	freeze_at(DAY + REPORT_FREEZE_S);
	assert_int_not_equal(day_of(TODAY).frozen_s, 0);
	edges = edges_of(TODAY, &corrected);
	assert_int_equal(edges.close_wh, 1600);
	assert_false(corrected);
	/* the next day comes back: the register at midnight is another */
	send(DAY + 12 * HOUR, 2800);
	fill();
	edges = edges_of(TODAY, &corrected);
	assert_true(corrected);
	assert_int_equal(edges.close_wh, 2200);
	/* and what was stored on the way arrives */
	send(DAY, 2500);
	send(18 * HOUR, 2000);
	fill();
	edges = edges_of(TODAY, &corrected);
	assert_int_equal(edges.close_wh, 2500);
	assert_int_equal(edges.close_source, REPORT_DEVICE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM report_correction"), 3);
	/* what was frozen stands as it was told */
	assert_int_equal(day_of(TODAY).edges.close_wh, 1600);
	assert_int_equal(wrong_meter(TODAY + 2), 0);
	assert_int_equal(db_exec(lab.db, "UPDATE report_day SET last_wh=last_wh+1"), ERR_NONE);
	assert_int_equal(wrong_meter(TODAY + 2), LAB_METER);
}

static void a_register_that_fell_uses_nothing(void **state)
{
	struct report_edges edges;

	(void)state;
	send(HOUR, 5000);
	send(DAY + HOUR, 100);
	send(DAY + 2 * HOUR, 300);
	fill();
	edges = edges_of(TODAY, NULL);
	assert_int_equal(edges.close_wh, 5000);
	edges = edges_of(TODAY + 1, NULL);
	assert_int_equal(edges.open_wh, 100);
	assert_int_equal(report_edges_use(&edges), 200);
	freeze_at(3 * DAY);
	assert_int_equal(wrong_meter(TODAY + 2), 0);
}

static void a_month_holds_its_days(void **state)
{
	struct report_month_day days[REPORT_MONTH_DAYS];
	struct report_month_row row;
	struct report_edges edges;
	bool corrected;

	(void)state;
	for (int64_t d = 0; d <= 8; d++) /* the 24th to the 2nd of December */
		if (d != 3)
			send(d * DAY, 1000 + d * 240);
	fill();
	freeze_at(9 * DAY + 12 * HOUR);
	assert_int_equal(report_month_get(lab.db, 1, LAB_METER, report_month_of(TODAY), &row),
	                 ERR_NONE);
	assert_int_not_equal(row.frozen_s, 0);
	assert_int_equal(row.days_with_data, 6);
	assert_int_equal(row.edges.open_wh, 1000);
	assert_int_equal(row.edges.close_wh, 1000 + 7 * 240);
	assert_int_equal(report_month_unpack(row.days, row.days_len, days), ERR_NONE);
	assert_int_equal(days[23].use_wh, 240);
	assert_true(days[25].has_data);
	assert_false(days[26].has_data);
	assert_false(days[0].has_data);
	assert_int_equal(report_month_get(lab.db, 1, LAB_METER, report_month_of(TODAY) + 1, &row),
	                 ERR_NONE);
	assert_int_equal(row.frozen_s, 0);
	/* a late reading of before it moves its beginning */
	send(-DAY, 700);
	fill();
	assert_int_equal(report_month_get(lab.db, 1, LAB_METER, report_month_of(TODAY), &row),
	                 ERR_NONE);
	assert_int_equal(report_month_edges(lab.db, &property, &row, &edges, &corrected), ERR_NONE);
	assert_true(corrected);
	assert_int_equal(edges.open_wh, 700);
}

/* ---- what is shown ---- */

static struct report_lines lines_of(enum report_by by, int64_t from, int64_t to)
{
	struct report_lines lines = {.property_id = 1,
	                             .meter = LAB_METER,
	                             .by = by,
	                             .from_day = from,
	                             .to_day = to,
	                             .now_s = lab.now_ms / 1000};

	assert_int_equal(report_lines_read(lab.db, &lines), ERR_NONE);
	return lines;
}

static void days_without_data_are_named_and_not_zero(void **state)
{
	struct report_lines lines;

	(void)state;
	send(0, 1000);
	send(12 * HOUR, 1300);
	send(3 * DAY + 12 * HOUR, 4300);
	fill();
	lab.now_ms = (MIDNIGHT + 5 * DAY + 60) * 1000;
	lines = lines_of(REPORT_BY_DAY, TODAY - 2, TODAY + 8);
	assert_int_equal(lines.count, 6); /* the 24th to the 29th */
	assert_true(lines.line[0].has_data);
	assert_true(lines.line[0].estimated);
	assert_int_equal(lines.line[0].edges.close_wh, 1800);
	assert_true(lines.line[1].known && !lines.line[1].has_data && lines.line[1].estimated);
	assert_int_equal(report_edges_use(&lines.line[1].edges), 1000);
	assert_true(lines.line[3].has_data);
	assert_false(lines.line[4].known); /* nothing came since: that is not 0 */
	assert_false(lines.line[5].known);
	assert_int_equal(lines.missing_count, 4);
	assert_int_equal(lines.missing[0], TODAY + 1);
	assert_int_equal(lines.missing[3], TODAY + 5);
	assert_int_equal(lines.use_wh, 3300);
	report_lines_free(&lines);
	lines = lines_of(REPORT_BY_HOUR, TODAY, TODAY + 1);
	assert_int_equal(lines.count, 24);
	assert_true(lines.line[0].has_data);
	assert_false(lines.line[1].has_data);
	assert_int_equal(lines.use_wh, 800);
	report_lines_free(&lines);
	lines = lines_of(REPORT_BY_MONTH, TODAY, TODAY + 1);
	assert_int_equal(lines.count, 1);
	assert_int_equal(lines.use_wh, 3300);
	assert_int_equal(lines.line[0].days_with_data, 2);
	assert_true(lines.line[0].days[23].has_data);
	assert_false(lines.line[0].days[24].has_data);
	report_lines_free(&lines);
}

static void a_curve_keeps_extremes_in_few_points(void **state)
{
	struct report_curve curve = {.property_id = 1,
	                             .meter = LAB_METER,
	                             .from_s = MIDNIGHT,
	                             .to_s = MIDNIGHT + 10 * DAY,
	                             .points = 7};
	int64_t readings = 0, most = 0, least = INT64_MAX;

	(void)state;
	for (int64_t h = 0; h < 240; h++)
		send_from(0, MIDNIGHT + h * HOUR + 60, h * 100,
		          h == 77    ? 9999
		          : h == 123 ? 3
		                     : 1000);
	fill();
	assert_int_equal(report_curve_read(lab.db, &curve), ERR_NONE);
	assert_in_range(curve.count, 6, 7);
	for (size_t i = 0; i < curve.count; i++) {
		readings += curve.point[i].span.readings;
		if (curve.point[i].span.power_max_dw > most)
			most = curve.point[i].span.power_max_dw;
		if (curve.point[i].span.power_min_dw < least)
			least = curve.point[i].span.power_min_dw;
	}
	assert_int_equal(readings, 240);
	assert_int_equal(most, 9999);
	assert_int_equal(least, 3);
	report_curve_free(&curve);
	curve.points = REPORT_POINTS_MAX;
	assert_int_equal(report_curve_read(lab.db, &curve), ERR_NONE);
	assert_int_equal(curve.count, 240);
	assert_int_equal(curve.span_s, 3600);
	report_curve_free(&curve);
}

/* ---- the arithmetic ---- */

/* In whatever pieces and order readings come, rows are the same, hours sum to days, days to registers. */
static void order_of_arrival_changes_nothing(void **state)
{
	(void)state;
	srandom(7);
	for (int round = 0; round < 5; round++) {
		int64_t at[60], wh[60];
		int64_t sum = 0, hours_sum = 0;
		struct report_edges first, last;

		assert_int_equal(db_exec(lab.db, "DELETE FROM report_day; DELETE FROM report_month;"
		                                 "DELETE FROM report_correction"),
		                 ERR_NONE);
		for (int i = 0; i < 60; i++) {
			at[i] = (i ? at[i - 1] : 0) + 60 + random() % (3 * HOUR);
			wh[i] = (i ? wh[i - 1] : 5000) + random() % 900;
		}
		for (int i = 0; i < 60; i++) {
			int k = (i * 7 + round * 13) % 60; /* each once */
			struct report_part part = {.property_id = 1, .meter = LAB_METER};
			struct reading reading = lab_reading(LAB_METER, MIDNIGHT + at[k], wh[k]);

			part.day = property_day(&property, reading.time_s);
			report_add(&part.hours[(reading.time_s -
			                        property_day_start_s(&property, part.day)) /
			                       HOUR],
			           &reading);
			assert_int_equal(report_take(&lab.tx, &property, &part, lab.now_ms),
			                 ERR_NONE);
		}
		for (int64_t day = TODAY; day <= TODAY + at[59] / DAY; day++) {
			struct report_span hours[REPORT_HOURS], before, behind;
			struct report_day_row row, near;
			struct report_edges edges;

			if (report_day_get(lab.db, 1, LAB_METER, day, &row))
				continue;
			edges = edges_of(day, NULL);
			before = behind = (struct report_span){.readings = 0};
			if (!report_day_near(lab.db, 1, LAB_METER, day, true, &near))
				before = report_span_of(&near);
			if (!report_day_near(lab.db, 1, LAB_METER, day, false, &near))
				behind = report_span_of(&near);
			assert_int_equal(report_day_unpack(row.hours, row.hours_len,
			                                   MIDNIGHT + (day - TODAY) * DAY, hours),
			                 ERR_NONE);
			hours_sum = 0;
			for (int k = 0; k < REPORT_HOURS; k++) {
				struct report_edges hour = report_hour_edges(
				        hours, &before, &behind, MIDNIGHT + (day - TODAY) * DAY, k);

				hours_sum += report_edges_use(&hour);
			}
			assert_int_equal(hours_sum, report_edges_use(&edges));
			sum += hours_sum;
		}
		first = edges_of(TODAY, NULL);
		last = edges_of(property_day(&property, MIDNIGHT + at[59]), NULL);
		assert_int_equal(sum, last.close_wh - first.open_wh);
		assert_int_equal(sum, wh[59] - wh[0]);
	}
}

static void bytes_that_are_none_are_damaged(void **state)
{
	struct report_span hours[REPORT_HOURS];
	struct report_month_day days[REPORT_MONTH_DAYS];
	uint8_t bytes[REPORT_DAY_MAX];
	size_t len;

	(void)state;
	memset(hours, 0, sizeof hours);
	len = report_day_pack(hours, 0, bytes);
	assert_int_equal(report_day_unpack(bytes, len, 0, hours), ERR_NONE);
	assert_int_equal(report_day_unpack(bytes, len - 1, 0, hours), ERR_DAMAGED);
	assert_int_equal(report_day_unpack(bytes, len + 1, 0, hours), ERR_DAMAGED);
	assert_int_equal(report_day_unpack(bytes, 0, 0, hours), ERR_DAMAGED);
	memset(bytes, 0xff, sizeof bytes);
	assert_int_equal(report_day_unpack(bytes, sizeof bytes, 0, hours), ERR_DAMAGED);
	assert_int_equal(report_month_unpack(bytes, 3, days), ERR_DAMAGED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_day_opens_at_the_devices_own_midnight),
	        T(a_run_that_is_killed_is_repeated),
	        T(a_run_that_is_killed_halfway_counts_nothing_twice),
	        T(a_gap_is_divided_by_time_and_marked),
	        T(late_data_corrects_by_rows),
	        T(a_register_that_fell_uses_nothing),
	        T(a_month_holds_its_days),
	        T(days_without_data_are_named_and_not_zero),
	        T(a_curve_keeps_extremes_in_few_points),
	        T(order_of_arrival_changes_nothing),
	        cmocka_unit_test(bytes_that_are_none_are_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
