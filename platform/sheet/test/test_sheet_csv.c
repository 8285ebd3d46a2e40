/* CSV in and out: quotes, line ends, encodings, limits, and which cell a mistake is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/sheet/guard.h"
#include "platform/sheet/test/book.h"

static char text[1 << 16];
static struct sheet_mistake mistake;

static enum err read_bytes(const char *csv, size_t len, enum sheet_encoding encoding)
{
	int fd = file_of(csv, len);
	enum err err = text_of(fd, encoding, text, sizeof text, &mistake);

	close(fd);
	return err;
}

static void reads(const char *csv, const char *expected)
{
	assert_int_equal(read_bytes(csv, strlen(csv), SHEET_ENCODING_AUTO), ERR_NONE);
	assert_string_equal(text, expected);
}

static void fails(const char *csv, enum sheet_fault fault, int row, int column)
{
	assert_int_equal(read_bytes(csv, strlen(csv), SHEET_ENCODING_AUTO), ERR_BAD_INPUT);
	assert_string_equal(sheet_fault_word(mistake.fault), sheet_fault_word(fault));
	assert_int_equal(mistake.row, row);
	assert_int_equal(mistake.column, column);
}

static void line_ends_of_all_systems(void **state)
{
	(void)state;
	reads("a,b\r\nc,d\r\n", "1:a|b\n2:c|d\n");
	reads("a,b\nc,d", "1:a|b\n2:c|d\n");
	reads("a,b\rc,d\r", "1:a|b\n2:c|d\n");
	reads("a\r\n\r\nb\n\n\nc\r\rd", "1:a\n3:b\n6:c\n8:d\n");
	reads("\r\n\n,,\n\"\"\nx", "5:x\n");
}

static void quotes_as_the_rfc_has_them(void **state)
{
	(void)state;
	reads("\"a,b\",\"c\"\"d\",\"\"\n", "1:a,b|c\"d\n");
	reads("\"two\r\nlines\",x\ny", "1:two\r\nlines|x\n2:y\n");
	reads("a,\"b\"", "1:a|b\n");
	reads("5\" pipe,a\"\"b\n", "1:5\" pipe|a\"\"b\n");
	reads("\"\"\"\"\n", "1:\"\n");
}

static void a_mistake_names_its_cell(void **state)
{
	(void)state;
	reads("a,\"b\"c,d\n\"x\" ,y", "1:a|!quote-tail|d\n2:!quote-tail|y\n");
	reads("a,b\x01,c\x7F\n", "1:a|!control|!control\n");
	fails("a,b\nc,\"d\ne,f\n", SHEET_FAULT_QUOTE_OPEN, 2, 2);
	fails("a\n\"", SHEET_FAULT_QUOTE_OPEN, 2, 1);
	fails("", SHEET_FAULT_EMPTY, 0, 0);
	fails("\xFF\xFE"
	      "a",
	      SHEET_FAULT_UTF16, 0, 0);
	fails("\xD0\xCF\x11\xE0", SHEET_FAULT_OLD_EXCEL, 0, 0);
	assert_int_equal(read_bytes("a\0b", 3, SHEET_UTF8), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_UNKNOWN_CONTENT);
}

static void encodings_are_found_or_chosen(void **state)
{
	/* 房号,㐂 with and without mark, and the same in GB18030 (㐂 has four bytes there) */
	static const char gb[] = "\xB7\xBF\xBA\xC5,\x81\x39\xEF\x31\n";

	(void)state;
	reads("\xEF\xBB\xBF房号,㐂\n", "1:房号|㐂\n");
	reads("房号,㐂\n", "1:房号|㐂\n");
	assert_int_equal(read_bytes(gb, sizeof gb - 1, SHEET_ENCODING_AUTO), ERR_NONE);
	assert_string_equal(text, "1:房号|㐂\n");
	/* 联通, whose GBK bytes an old editor took for UTF-8 */
	reads("\xC1\xAA\xCD\xA8\n", "1:联通\n");
	assert_int_equal(read_bytes(gb, sizeof gb - 1, SHEET_UTF8), ERR_NONE);
	assert_string_equal(text, "1:!encoding|!encoding\n");
	assert_int_equal(read_bytes("a,\x80,b,\xB7", 7, SHEET_GB18030), ERR_NONE);
	assert_string_equal(text, "1:a|!encoding|b|!encoding\n");
	/* The mark is certain. */
	assert_int_equal(read_bytes("\xEF\xBB\xBF房", 6, SHEET_GB18030), ERR_NONE);
	assert_string_equal(text, "1:房\n");
}

static void a_line_that_was_pasted_in_garbles_no_other(void **state)
{
	(void)state;
	/* 房号 in GBK below a line of UTF-8 and above; a name of one GBK character at the very end */
	reads("房号,a\n\xB7\xBF\xBA\xC5,b\n", "1:房号|a\n2:!encoding|b\n");
	reads("\xB7\xBF\xBA\xC5,b\n房号,a", "1:!encoding|b\n2:房号|a\n");
	reads("房,a\nb,\xB7", "1:房|a\n2:b|!encoding\n");
	/* and among many of GBK, a line that is UTF-8 by itself is garbled: it is the one that is wrong */
	reads("\xB7\xBF,a\n\xBA\xC5,b\n房房,c\n", "1:房|a\n2:号|b\n3:鎴挎埧|c\n");
	/* Only names of two bytes a character (é), then GBK. */
	reads("\xC3\xA9\n\xB7\xBF\n", "1:茅\n2:房\n");
}

/* A piece of a file ends in the middle of everything. */
static void pieces_join_anywhere(void **state)
{
	static const char tail[] = ",\"房\r\n\"\"间\"\r\nx,y\r\n";
	char *csv = malloc(70000 + sizeof tail);

	(void)state;
	for (size_t pad = 65536 - sizeof tail; pad <= 65537; pad++) {
		const struct sheet_input input = {0};
		struct sheet_input in = input;
		const struct sheet_row *row;
		struct sheet *sheet;

		memset(csv, 'a', pad);
		memcpy(csv + pad, tail, sizeof tail);
		in.fd = file_of(csv, pad + sizeof tail - 1);
		assert_int_equal(sheet_open(&sheet, &in, &mistake), ERR_NONE);
		assert_true(sheet_next(sheet, &row));
		assert_int_equal(row->count, 2);
		assert_int_equal(row->cell[0].len, pad);
		assert_string_equal(row->cell[1].text, "房\r\n\"间");
		assert_true(sheet_next(sheet, &row));
		assert_int_equal(row->number, 2);
		assert_string_equal(row->cell[1].text, "y");
		assert_false(sheet_next(sheet, &row));
		assert_int_equal(sheet_end(sheet, &mistake), ERR_NONE);
		close(in.fd);
	}
	free(csv);
}

static void limits_hold(void **state)
{
	size_t len = SHEET_CELL_MAX + 3;
	char *csv = malloc(10 * len);

	(void)state;
	memset(csv, 'x', 10 * len);
	csv[len - 2] = ',';
	csv[len] = '\0';
	assert_int_equal(read_bytes(csv, len, SHEET_UTF8), ERR_NONE);
	assert_string_equal(text, "1:!cell-long|x\n");
	for (size_t i = 1; i < 10; i++)
		csv[i * (len - 4)] = ',';
	assert_int_equal(read_bytes(csv, 10 * (len - 4), SHEET_UTF8), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_ROW_LONG);
	memset(csv, ',', SHEET_COLUMNS_MAX + 2);
	memcpy(csv, "a\n", 2);
	assert_int_equal(read_bytes(csv, SHEET_COLUMNS_MAX + 1, SHEET_UTF8), ERR_NONE);
	assert_int_equal(read_bytes(csv, SHEET_COLUMNS_MAX + 2, SHEET_UTF8), ERR_BAD_INPUT);
	assert_int_equal(mistake.fault, SHEET_FAULT_TOO_MANY_COLUMNS);
	assert_int_equal(mistake.row, 2);
	free(csv);
}

static void a_million_rows_and_not_one_more(void **state)
{
	size_t rows = SHEET_ROWS_MAX;
	char *csv = malloc(2 * rows + 2);
	struct sheet_input in = {0};
	const struct sheet_row *row;
	struct sheet *sheet;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i <= rows; i++)
		memcpy(csv + 2 * i, "a\n", 2);
	for (size_t more = 0; more < 2; more++) {
		in.fd = file_of(csv, 2 * (rows + more));
		assert_int_equal(sheet_open(&sheet, &in, &mistake), ERR_NONE);
		for (n = 0; sheet_next(sheet, &row); n++)
			;
		assert_int_equal(n, rows);
		assert_int_equal(sheet_end(sheet, &mistake), more ? ERR_BAD_INPUT : ERR_NONE);
		close(in.fd);
	}
	assert_int_equal(mistake.fault, SHEET_FAULT_TOO_MANY_ROWS);
	assert_int_equal(mistake.row, rows + 1);
	free(csv);
}

static void guards_go_where_they_must(void **state)
{
	static const char *const guarded[] = {"=1+1", "+86 10", "-x",  "@a",  "\tx",
	                                      "\rx",  "\nx",    "'=x", "''@", "-",
	                                      "--1",  "-1.",    "1-",  "+1",  "\uFF1D1"};
	static const char *const free_texts[] = {"-1", "-12.50", "a=b", "'", "'a",
	                                         "''", " =1",    "",    "0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		assert_int_equal(sheet_needs_apostrophe(guarded[i], strlen(guarded[i])), i != 12);
	for (size_t i = 0; i < ARRAY_SIZE(free_texts); i++)
		assert_false(sheet_needs_apostrophe(free_texts[i], strlen(free_texts[i])));
	assert_true(sheet_needs_tab("330100000001", 12));
	assert_true(sheet_needs_tab("007", 3));
	assert_false(sheet_needs_tab("0", 1));
	assert_false(sheet_needs_tab("13812345678", 11));
	assert_false(sheet_needs_tab("33010000000X", 12));
}

static void fault_words_are_one_to_one(void **state)
{
	enum sheet_fault found;
	char letters[8];

	(void)state;
	for (int i = 0; i < SHEET_FAULT_COUNT; i++) {
		assert_true(sheet_fault_parse(sheet_fault_word((enum sheet_fault)i), &found));
		assert_int_equal(found, i);
		assert_true(i == 0 || sheet_fault_text(found, SHEET_ZH)[0]);
		assert_true(i == 0 || sheet_fault_text(found, SHEET_EN)[0]);
	}
	assert_false(sheet_fault_parse("no such", &found));
	assert_int_equal(sheet_fault_of("file-lost"), SHEET_FAULT_FILE_LOST);
	assert_int_equal(sheet_fault_of(err_word(ERR_DISK_FULL)), SHEET_FAULT_DISK_FULL);
	assert_int_equal(sheet_fault_of(err_word(ERR_IO)), SHEET_FAULT_PLATFORM);
	sheet_column_letters(1, letters, sizeof letters);
	assert_string_equal(letters, "A");
	sheet_column_letters(26, letters, sizeof letters);
	assert_string_equal(letters, "Z");
	sheet_column_letters(27, letters, sizeof letters);
	assert_string_equal(letters, "AA");
	sheet_column_letters(703, letters, sizeof letters);
	assert_string_equal(letters, "AAA");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(line_ends_of_all_systems),
	        cmocka_unit_test(quotes_as_the_rfc_has_them),
	        cmocka_unit_test(a_mistake_names_its_cell),
	        cmocka_unit_test(encodings_are_found_or_chosen),
	        cmocka_unit_test(a_line_that_was_pasted_in_garbles_no_other),
	        cmocka_unit_test(pieces_join_anywhere),
	        cmocka_unit_test(limits_hold),
	        cmocka_unit_test(a_million_rows_and_not_one_more),
	        cmocka_unit_test(guards_go_where_they_must),
	        cmocka_unit_test(fault_words_are_one_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
