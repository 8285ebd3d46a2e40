/* Readings taken away: each once and in order whatever the batches look like, gaps where nothing is,
 * and texts that a spreadsheet or a database must not change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libs/proto/meter.h"
#include "platform/core/reading_export.h"
#include "platform/store/info.h"
#include "platform/test/lab.h"

#define NOW_S  (LAB_NOW_MS / 1000)
#define BOOT   UINT64_C(77)
#define SLICES 100000

static struct lab lab;
static char out[1 << 20];
static size_t out_len;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static void send_rows(int gateway, uint64_t seq, const struct reading *rows, size_t count)
{
	const struct lab_batch batch = {.boot = BOOT, .seq = seq, .rows = rows, .row_count = count};

	assert_int_equal(lab_send(&lab, gateway, &batch), ERR_NONE);
}

static enum err on_bytes(void *arg, const void *bytes, size_t len)
{
	(void)arg;
	assert_true(out_len + len < sizeof out);
	memcpy(out + out_len, bytes, len);
	out_len += len;
	out[out_len] = '\0';
	return ERR_NONE;
}

static struct day_reader *open_days(void)
{
	struct day_reader *days;
	uint8_t key[16];

	assert_int_equal(info_hash_key(lab.db, key), ERR_NONE);
	assert_int_equal(day_reader_open(&days, lab.dir, key), ERR_NONE);
	return days;
}

/* To the end; the number of slices. */
static unsigned run(struct reading_export *export, const struct reading_sink *sink)
{
	struct day_reader *days = open_days();
	unsigned slices = 0;

	while (!reading_export_over(export)) {
		assert_int_equal(reading_export_slice(export, lab.db, days, sink), ERR_NONE);
		assert_true(++slices < SLICES);
	}
	day_reader_close(days);
	return slices;
}

static struct reading_export *ask_for(int64_t from_s, int64_t to_s, size_t meters, bool foreign)
{
	const struct reading_export_ask ask = {
	        .property_id = 1, .from_s = from_s, .to_s = to_s, .now_s = NOW_S, .gaps = true};
	struct reading_export *export;

	assert_int_equal(reading_export_new(&export, &ask), ERR_NONE);
	if (foreign)
		assert_int_equal(
		        reading_export_add(export, LAB_FOREIGN, lab.gateway[1].gateway_id, 60),
		        ERR_NONE);
	for (size_t k = meters; k-- > 0;)
		assert_int_equal(reading_export_add(export, LAB_METER + (int64_t)k,
		                                    lab.gateway[0].gateway_id, 60),
		                 ERR_NONE);
	return export;
}

#define SOME                                                                                       \
	(READING_COLUMN_BIT(READING_TIME_S) | READING_COLUMN_BIT(READING_METER) |                  \
	 READING_COLUMN_BIT(READING_GAP_FROM_S) | READING_COLUMN_BIT(READING_ENERGY_WH))

static int64_t csv(struct reading_export *export, unsigned columns)
{
	const struct sheet_output output = {.format = SHEET_CSV, .write = on_bytes, .raw = true};
	struct reading_sink sink = {.columns = columns, .offset_s = 28800, .lang = SHEET_KEYS};
	int64_t lines;

	out_len = 0;
	assert_int_equal(sheet_writer_new(&sink.sheet, &output), ERR_NONE);
	run(export, &sink);
	assert_int_equal(sheet_writer_end(sink.sheet), ERR_NONE);
	lines = reading_export_lines(export);
	reading_export_free(export);
	return lines;
}

static void expect_lines(const char *text)
{
	out[out_len] = '\0';
	assert_string_equal(out, text);
}

static void both_gateways_in_one_order(void **state)
{
	const struct reading first[] = {lab_reading(LAB_METER, NOW_S - 120, 10),
	                                lab_reading(LAB_METER, NOW_S - 60, 11),
	                                lab_reading(LAB_METER + 1, NOW_S - 60, 21)};
	const struct reading second[] = {lab_reading(LAB_FOREIGN, NOW_S - 90, 31)};
	char wanted[512];

	(void)state;
	send_rows(0, 1, first, 3);
	send_rows(1, 1, second, 1);
	assert_int_equal(csv(ask_for(NOW_S - 130, NOW_S, 2, true), SOME), 4);
	snprintf(wanted, sizeof wanted,
	         "%lld,330100000001,,10\r\n%lld,330200000001,,31\r\n%lld,330100000001,,11\r\n"
	         "%lld,330100000002,,21\r\n",
	         (long long)NOW_S - 120, (long long)NOW_S - 90, (long long)NOW_S - 60,
	         (long long)NOW_S - 60);
	expect_lines(wanted);
	/* One of them only; [from, to). */
	assert_int_equal(csv(ask_for(NOW_S - 120, NOW_S - 60, 1, false), SOME), 1);
	assert_int_equal(csv(ask_for(NOW_S - 119, NOW_S - 59, 1, false), SOME), 1);
}

static void of_two_values_the_first_that_came(void **state)
{
	const struct reading first = lab_reading(LAB_METER, NOW_S - 60, 10);
	const struct reading later = lab_reading(LAB_METER, NOW_S - 60, 99);
	const struct reading twice[] = {lab_reading(LAB_METER, NOW_S - 60, 98),
	                                lab_reading(LAB_METER, NOW_S - 60, 97)};

	(void)state;
	send_rows(0, 1, &first, 1);
	send_rows(0, 2, &later, 1);
	send_rows(0, 3, twice, 2);
	assert_int_equal(csv(ask_for(NOW_S - 100, NOW_S, 1, false), SOME), 1);
	assert_non_null(strstr(out, ",,10\r\n"));
}

static void gaps_before_between_and_at_the_end(void **state)
{
	const struct reading rows[] = {lab_reading(LAB_METER, NOW_S - 2000, 1),
	                               lab_reading(LAB_METER, NOW_S - 1850, 2),  /* 2.5 periods */
	                               lab_reading(LAB_METER, NOW_S - 1699, 3)}; /* and one more */
	char wanted[512];

	(void)state;
	lab.now_ms = (NOW_S - 86400) * 1000;
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET created_s=created_s-2500"), ERR_NONE);
	lab.now_ms = LAB_NOW_MS;
	send_rows(0, 1, rows, 3);
	assert_int_equal(csv(ask_for(NOW_S - 3000, NOW_S + 500, 1, false), SOME), 6);
	snprintf(wanted, sizeof wanted,
	         "%lld,330100000001,%lld,\r\n%lld,330100000001,,1\r\n%lld,330100000001,,2\r\n"
	         "%lld,330100000001,%lld,\r\n%lld,330100000001,,3\r\n%lld,330100000001,%lld,\r\n",
	         (long long)NOW_S - 2000, (long long)NOW_S - 2500, (long long)NOW_S - 2000,
	         (long long)NOW_S - 1850, (long long)NOW_S - 1699, (long long)NOW_S - 1850,
	         (long long)NOW_S - 1699, (long long)NOW_S, (long long)NOW_S - 1699);
	expect_lines(wanted);
}

/* A batch that spans a day is met by every window it reaches into, and by each reading once. */
static void long_batches_and_years_between(void **state)
{
	struct reading rows[1000];
	int64_t lines = 0, last_s = 0, found = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		rows[i] = lab_reading(LAB_METER, NOW_S - 90000 + i * 86, 1000 + i);
	send_rows(0, 1, rows, 1000);
	for (int i = 0; i < 100; i++) {
		const struct reading one = lab_reading(LAB_METER, NOW_S - 80000 + i * 61, i);

		send_rows(0, (uint64_t)i + 2, &one, 1);
	}
	rows[0] = lab_reading(LAB_METER, NOW_S - 500 * INT64_C(86400), 5);
	send_rows(0, 1000, rows, 1);
	lines = csv(ask_for(NOW_S - 600 * INT64_C(86400), NOW_S, 1, false), SOME);
	assert_true(lines >= 1000);
	for (const char *at = out; *at; at = strchr(at, '\n') + 1) {
		int64_t at_s = strtoll(at, NULL, 10);

		assert_true(at_s >= last_s);
		found += at_s > last_s;
		last_s = at_s;
	}
	/* 1000 + 100 + 1 readings, of which some share a second. */
	assert_true(found >= 1090 && found <= 1102);
}

static void marks_names_and_civil_time(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S - 60, 10);

	(void)state;
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET name='=1+1'"), ERR_NONE);
	row.quality = METER_SEGMENT | METER_CLOCK_UNSURE;
	row.state = METER_CONTACT_CLOSED | METER_EVENT_PENDING;
	send_rows(0, 1, &row, 1);
	csv(ask_for(NOW_S - 60, NOW_S - 59, 1, false),
	    READING_COLUMN_BIT(READING_TIME_LOCAL) | READING_COLUMN_BIT(READING_NAME) |
	            READING_COLUMN_BIT(READING_STATE) | READING_COLUMN_BIT(READING_QUALITY));
	expect_lines("2026-11-24T11:12:20+08:00,'=1+1,contact_closed,segment clock_unsure\r\n");
}

static void a_damaged_batch_is_counted_and_a_gap(void **state)
{
	const struct reading one = lab_reading(LAB_METER, NOW_S - 600, 10);
	const struct reading two = lab_reading(LAB_METER, NOW_S - 60, 11);
	struct reading_export *export;
	struct reading_sink sink = {.columns = SOME, .lang = SHEET_KEYS};
	const struct sheet_output output = {.format = SHEET_CSV, .write = on_bytes, .raw = true};
	char path[128];
	struct db *db;

	(void)state;
	send_rows(0, 1, &one, 1);
	send_rows(0, 2, &two, 1);
	snprintf(path, sizeof path, "%s/readings-20261124.db", lab.dir);
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_equal(db_exec(db, "UPDATE batch SET body=zeroblob(20) WHERE seq=1"), ERR_NONE);
	db_close(db);
	export = ask_for(NOW_S - 700, NOW_S, 1, false);
	assert_int_equal(sheet_writer_new(&sink.sheet, &output), ERR_NONE);
	run(export, &sink);
	assert_int_equal(sheet_writer_end(sink.sheet), ERR_NONE);
	assert_int_equal(reading_export_damaged(export), 1);
	assert_int_equal(reading_export_lines(export),
	                 1); /* made today: nothing was expected before */
	reading_export_free(export);
}

static void a_table_has_what_the_sheet_has(void **state)
{
	const struct reading row = lab_reading(LAB_METER, NOW_S - 60, 10);
	struct reading_export *export = ask_for(NOW_S - 60, NOW_S - 59, 1, false);
	struct reading_sink sink = {.columns = READING_COLUMNS_ALL, .offset_s = 28800};
	struct table_column columns[READING_COLUMN_COUNT];
	size_t count = reading_table_columns(sink.columns, columns);
	char path[128], name[160];
	struct stmt *st;
	struct db *db;

	(void)state;
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET name='=1+1'"), ERR_NONE);
	send_rows(0, 1, &row, 1);
	snprintf(path, sizeof path, "%s/taken.sqlite", lab.dir);
	assert_int_equal(table_file_new(&sink.table, path, "reading", columns, count), ERR_NONE);
	assert_int_equal(table_file_begin(sink.table), ERR_NONE);
	run(export, &sink);
	assert_int_equal(table_file_commit(sink.table), ERR_NONE);
	assert_int_equal(table_file_about(sink.table, "property", "p1"), ERR_NONE);
	table_file_close(sink.table);
	reading_export_free(export);
	assert_int_equal(db_open(&db, path, DB_READ), ERR_NONE);
	st = db_query(db, "SELECT time_s, energy_wh, gap_from_s, name FROM reading");
	assert_true(stmt_row(st));
	assert_int_equal(col_i64(st), NOW_S - 60);
	assert_int_equal(col_i64(st), 10);
	assert_true(col_is_null(st));
	col_i64(st);
	col_text_to(st, name, sizeof name);
	assert_string_equal(name, "=1+1"); /* no spreadsheet opens it */
	assert_false(stmt_row(st));
	assert_int_equal(stmt_end(st), ERR_NONE);
	db_close(db);
}

static void nothing_and_nonsense(void **state)
{
	const struct reading_export_ask ask = {.property_id = 1, .from_s = 10, .to_s = 10};
	struct reading_export *export;

	(void)state;
	assert_int_equal(reading_export_new(&export, &ask), ERR_BAD_INPUT);
	reading_export_free(export);
	assert_int_equal(csv(ask_for(0, INT64_MAX / 2, 0, false), SOME), 0);
	assert_int_equal(csv(ask_for(0, INT64_MAX / 2, 2, true), SOME), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(both_gateways_in_one_order, setup, teardown),
	        cmocka_unit_test_setup_teardown(of_two_values_the_first_that_came, setup, teardown),
	        cmocka_unit_test_setup_teardown(gaps_before_between_and_at_the_end, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(long_batches_and_years_between, setup, teardown),
	        cmocka_unit_test_setup_teardown(marks_names_and_civil_time, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_damaged_batch_is_counted_and_a_gap, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_table_has_what_the_sheet_has, setup, teardown),
	        cmocka_unit_test_setup_teardown(nothing_and_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
