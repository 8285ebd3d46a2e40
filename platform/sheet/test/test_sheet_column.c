/* Values of cells by their columns, and which cell, row or header a mistake names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/sheet/column.h"
#include "platform/sheet/number.h"
#include "platform/sheet/test/book.h"

static const struct sheet_word uses[] = {
        {"prepaid",  "预付费", "prepaid" },
        {"postpaid", "后付费", "postpaid"},
        {NULL,       NULL,        NULL      },
};

enum { NUMBER, NAME, USE, BALANCE, SINCE, AT, ACTIVE, NOTE, SEEN, COUNT };

static const struct sheet_column columns[COUNT] = {
        [NUMBER] = {.key = "meter",
                    .zh = "表号",
                    .en = "Meter",
                    .type = SHEET_DIGITS,
                    .flags = SHEET_REQUIRED,
                    .min = 12,
                    .max = 12},
        [NAME] = {.key = "name",
                    .zh = "名称",
                    .en = "Name",
                    .type = SHEET_TEXT,
                    .flags = SHEET_REQUIRED,
                    .min = 2,
                    .max = 10,
                    .size = 32},
        [USE] = {.key = "use", .zh = "用途",                                          .en = "Use",                                                                                      .type = SHEET_WORD,                                                                                                                                                                                    .words = uses                                                                                                                                                                                                                                                                                                                                                                      },
        [BALANCE] = {.key = "balance",
                    .zh = "余额",
                    .en = "Balance",
                    .type = SHEET_NUMBER,
                    .min = -100000,
                    .max = 100000,
                    .decimals = 2},
        [SINCE] = {.key = "since",          .zh = "起始日期",                                   .en = "Since",                                                                           .type = SHEET_DATE                                                                                                                                                                               },
        [AT] = {.key = "at",                       .zh = "时间",                                  .en = "At",                                                .type = SHEET_TIME                                                                                             },
        [ACTIVE] = {.key = "active",             .zh = "启用", .en = "Active", .type = SHEET_BOOL                            },
        [NOTE] = {.key = "note",
                    .zh = "备注",
                    .en = "Note",
                    .type = SHEET_TEXT,
                    .flags = SHEET_LINES,
                    .max = 100},
        [SEEN] = {.key = "seen",
                    .zh = "最近上报",
                    .en = "Last seen",
                    .type = SHEET_TIME,
                    .flags = SHEET_READ_ONLY                                                                                                                                                                                    },
};

/* What was found: "row:column:word:detail" joined by blanks. */
static char found[2000];

static void note(void *arg, const struct sheet_mistake *mistake)
{
	size_t used = strlen(found);

	(void)arg;
	snprintf(found + used, sizeof found - used, "%s%lld:%d:%s%s%s", used ? " " : "",
	         (long long)mistake->row, mistake->column, sheet_fault_word(mistake->fault),
	         mistake->detail[0] ? ":" : "", mistake->detail);
}

/* The last row's values; false when anything was found. */
static bool parse(const char *csv, struct sheet_value *values)
{
	struct sheet_input input = {.fd = file_of(csv, strlen(csv)), .encoding = SHEET_UTF8};
	struct sheet_mistake mistake;
	struct sheet_header header = {.offset_s = 28800};
	const struct sheet_row *row;
	struct sheet *sheet;
	bool good;

	found[0] = '\0';
	assert_int_equal(sheet_open(&sheet, &input, &mistake), ERR_NONE);
	assert_true(sheet_next(sheet, &row));
	good = sheet_header_match(&header, columns, COUNT, row, note, NULL);
	while (good && sheet_next(sheet, &row))
		good = sheet_row_parse(&header, row, values, note, NULL);
	assert_int_equal(sheet_end(sheet, &mistake), ERR_NONE);
	close(input.fd);
	return good;
}

static void values_of_all_types(void **state)
{
	struct sheet_value v[COUNT];

	(void)state;
	assert_true(
	        parse("名称,METER ,用途,余额,Since,at,启用,最近上报\n"
	              " 1-101,\" 330100000001\",后付费,\"-1,000.00\",2026/11/4,2026-11-24 8:00,是,"
	              "what it may be\n",
	              v));
	assert_true(v[NAME].given && v[NAME].len == 6);
	assert_true(v[NUMBER].given && v[NUMBER].len == 12);
	assert_int_equal(v[USE].number, 1);
	assert_int_equal(v[BALANCE].number, -100000);
	assert_int_equal(v[SINCE].number, 20761);
	assert_int_equal(v[AT].number, 20781 * INT64_C(86400));
	assert_int_equal(v[ACTIVE].number, 1);
	assert_false(v[NOTE].column_there);
	assert_false(v[SEEN].given);
	assert_string_equal(v[NOTE].text, "");
	assert_true(parse("meter,name,note\n330100000001,ab,\n", v));
	assert_true(v[NOTE].column_there && !v[NOTE].given);
	assert_true(parse("meter,name,note,active,use\n330100000001,ab,\"1\r\n2\t\n3\",0,PREPAID\n",
	                  v));
	assert_int_equal(v[NOTE].len, 6);
	assert_int_equal(v[ACTIVE].number, 0);
	assert_int_equal(v[USE].number, 0);
}

static void finds(const char *csv, const char *expected)
{
	struct sheet_value values[COUNT];

	assert_false(parse(csv, values));
	assert_string_equal(found, expected);
}

static void headers_are_named_when_wrong(void **state)
{
	(void)state;
	finds("name,meter,colour\n", "1:3:header-unknown:colour");
	finds("name,名称,meter\n", "1:2:header-twice:名称");
	finds("name\n", "1:0:header-missing:meter");
	finds("meter,,use\n", "1:0:header-missing:name");
	finds("na\x01me,meter\n", "1:1:control 1:0:header-missing:name");
	finds("房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房,meter,name\n",
	      "1:1:header-unknown:房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房房");
}

static void cells_are_named_when_wrong(void **state)
{
	(void)state;
	finds("meter,name,use\n,,x\n", "2:1:required 2:2:required 2:3:not-word:prepaid / postpaid");
	finds("meter,name\n3.301E+11,a\n", "2:1:number-cut 2:2:too-short:2 … 10");
	finds("meter,name\n33010000000x,12345678901\n", "2:1:not-digits 2:2:too-long:2 … 10");
	finds("meter,name\n33010000000,\xF0\x9F\x8F\xA0\xF0\x9F\x8F\xA0\xF0\x9F\x8F\xA0\xF0\x9F\x8F\xA0"
	      "\xF0\x9F\x8F\xA0\xF0\x9F\x8F\xA0\xF0\x9F\x8F\xA0\xF0\x9F\x8F\xA0\n",
	      "2:1:too-short:12 2:2:too-long:2 … 10");
	finds("meter,name,balance\n330100000001,ab,1000.001\n", "2:3:not-whole");
	finds("meter,name,balance\n330100000001,ab,1000.01\n", "2:3:range:-1000.00 … 1000.00");
	finds("meter,name,balance\n330100000001,ab,99999999999999999999\n",
	      "2:3:range:-1000.00 … 1000.00");
	finds("meter,name,since,at,active\n330100000001,ab,2026-02-30,24:00,maybe\n",
	      "2:3:not-date 2:4:not-time 2:5:not-word:false / true");
	finds("meter,name\n330100000001,\"a\nb\"\n", "2:2:control");
	finds("meter,name,note\n330100000001,ab,\"a\rb\"\n", "2:3:control");
	finds("meter,name,note\n330100000001,ab,a\xC2\x85"
	      "b\n",
	      "2:3:control");
	finds("meter,name\n330100000001,ab,extra\n", "2:3:no-header-cell");
	finds("meter,,name\n330100000001,x,ab\n", "2:2:no-header-cell");
	finds("meter,name\n330100000001,\"ab\"c\n", "2:2:quote-tail");
}

static void number_is(const char *text, unsigned decimals, enum sheet_fault fault, int64_t value)
{
	int64_t number = 0;

	if (sheet_number_parse(text, strlen(text), decimals, &number) != fault)
		fail_msg("%s", text);
	assert_int_equal(number, fault ? 0 : value);
}

static void numbers_as_people_write_them(void **state)
{
	char text[SHEET_NUMBER_SIZE];

	(void)state;
	number_is("0", 0, 0, 0);
	number_is("-0", 2, 0, 0);
	number_is("12", 2, 0, 1200);
	number_is("12.3", 2, 0, 1230);
	number_is("12.30000", 2, 0, 1230);
	number_is("1,234,567.89", 2, 0, 123456789);
	number_is("1234567.89", 2, 0, 123456789);
	number_is("9223372036854775807", 0, 0, INT64_MAX);
	number_is("-9223372036854775807", 0, 0, -INT64_MAX);
	number_is("9223372036854775808", 0, SHEET_FAULT_RANGE, 0);
	number_is("12.345", 2, SHEET_FAULT_NOT_WHOLE, 0);
	number_is("3.301E+11", 0, SHEET_FAULT_NUMBER_CUT, 0);
	for (size_t i = 0; i < 14; i++) {
		static const char *const none[] = {
		        "",   "-",     "1,23", "1,2345", "12,34,567", ",123",     "1.",
		        ".5", "1.2.3", "1 2",  "1,234,", "+1",        "1234,567", "0x10"};

		number_is(none[i], 2, SHEET_FAULT_NOT_NUMBER, 0);
	}
	sheet_number_format(INT64_MIN, 6, text);
	assert_string_equal(text, "-9223372036854.775808");
	sheet_number_format(-5, 2, text);
	assert_string_equal(text, "-0.05");
	sheet_number_format(0, 0, text);
	assert_string_equal(text, "0");
}

static void date_is(const char *text, int64_t expected)
{
	int64_t days = -1;
	enum sheet_fault fault = sheet_date_parse(text, strlen(text), &days);

	if (fault != (expected < 0 ? SHEET_FAULT_NOT_DATE : SHEET_FAULT_NONE) || days != expected)
		fail_msg("%s", text);
}

static void dates_as_people_write_them(void **state)
{
	static const char *const good[] = {"2026-11-24",          "2026/11/24",
	                                   "2026.11.24",          "2026年11月24日",
	                                   "2026-11-24 00:00:00", "2026/11/24 0:00"};
	static const char *const bad[] = {"",           "2026",        "2026-11",
	                                  "2026-13-01", "2026-02-29",  "2026/11-24",
	                                  "26-11-24",   "2026-11-240", "1899-12-31",
	                                  "24/11/2026", "2026-11-24x", "2026-11-24 1:00",
	                                  "2026-00-10", "2026-01-00"};
	char text[SHEET_TIME_SIZE];
	int64_t at_s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		date_is(good[i], 20781);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		date_is(bad[i], -1);
	date_is("2024-2-29", 19782);
	assert_int_equal(sheet_time_parse("2026-11-24T08:00:01", 19, 28800, &at_s), 0);
	assert_int_equal(at_s, 20781 * INT64_C(86400) + 1);
	sheet_time_format(at_s, 28800, text);
	assert_string_equal(text, "2026-11-24 08:00:01");
	sheet_time_format(-1, 0, text);
	assert_string_equal(text, "1969-12-31 23:59:59");
	assert_int_equal(sheet_time_parse("2026-11-24 08:60", 16, 0, &at_s), SHEET_FAULT_NOT_TIME);
	assert_int_equal(sheet_time_parse("2026-11-24 8", 12, 0, &at_s), SHEET_FAULT_NOT_TIME);
	assert_int_equal(sheet_time_parse("x", 1, 0, &at_s), SHEET_FAULT_NOT_TIME);
}

static enum err keep(void *arg, const void *bytes, size_t len)
{
	size_t used = strlen(arg);

	memcpy((char *)arg + used, bytes, len);
	((char *)arg)[used + len] = '\0';
	return ERR_NONE;
}

/* An export has the columns in which an import reads it. */
static void what_is_written_is_read(void **state)
{
	static const enum sheet_lang langs[] = {SHEET_ZH, SHEET_EN, SHEET_KEYS};
	struct sheet_value out[COUNT] = {
	        [NUMBER] = {.given = true,         .text = "330100000001", .len = 12},
	        [NAME] = {.given = true,                     .text = "=1-1",                               .len = 4},
	        [USE] = {.given = true,             .number = 1    },
	        [BALANCE] = {.given = true,.number = -5               },
	        [SINCE] = {.given = true,            .number = 20781                  },
	        [AT] = {.given = true,.number = 1795490000},
	        [ACTIVE] = {.given = true,       .number = 0                              },
	        [SEEN] = {.given = true,    .number = 1795490000}
        };
	struct sheet_value in[COUNT];
	char words[64];

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(langs); k++) {
		char csv[2000] = "";
		struct sheet_output output = {
		        .format = SHEET_CSV, .write = keep, .arg = csv, .offset_s = 28800};
		struct sheet_writer *writer;

		assert_int_equal(sheet_writer_new(&writer, &output), ERR_NONE);
		sheet_put_header(writer, columns, COUNT, langs[k]);
		for (size_t i = 0; i < COUNT; i++)
			sheet_put_value(writer, &columns[i], &out[i], langs[k]);
		sheet_row_end(writer);
		assert_int_equal(sheet_writer_end(writer), ERR_NONE);
		assert_true(parse(csv, in));
		for (size_t i = 0; i < SEEN; i++) {
			assert_int_equal(in[i].given, out[i].given);
			assert_int_equal(in[i].number, out[i].number);
			assert_int_equal(in[i].len, out[i].len);
		}
	}
	sheet_column_words(&columns[USE], SHEET_ZH, words, sizeof words);
	assert_string_equal(words, "预付费 / 后付费");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(values_of_all_types),
	        cmocka_unit_test(headers_are_named_when_wrong),
	        cmocka_unit_test(cells_are_named_when_wrong),
	        cmocka_unit_test(numbers_as_people_write_them),
	        cmocka_unit_test(dates_as_people_write_them),
	        cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
