/* There and back: whatever text people type comes back exactly from every form of sheet, and no
 * cell of the file can run as a formula. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "libs/base/rnd.h"
#include "platform/sheet/guard.h"
#include "platform/sheet/test/book.h"

#define COLUMNS 5

struct form {
	const char *name;
	enum sheet_format format;
	enum sheet_encoding encoding;
	bool raw;
};

static const struct form forms[] = {
        {"csv",         SHEET_CSV,  SHEET_UTF8,    false},
        {"csv raw",     SHEET_CSV,  SHEET_UTF8,    true },
        {"csv gb18030", SHEET_CSV,  SHEET_GB18030, false},
        {"xlsx",        SHEET_XLSX, SHEET_UTF8,    false},
};

struct file {
	char path[64];
	int fd;
};

static enum err append(void *arg, const void *bytes, size_t len)
{
	struct file *file = arg;

	return write(file->fd, bytes, len) == (ssize_t)len ? ERR_NONE : ERR_IO;
}

static struct sheet_writer *begin(struct file *file, const struct form *form)
{
	struct sheet_output output = {.format = form->format,
	                              .write = append,
	                              .arg = file,
	                              .encoding = form->encoding,
	                              .raw = form->raw,
	                              .path = file->path,
	                              .tmp_dir = "/tmp",
	                              .title = "房间",
	                              .offset_s = 28800};
	struct sheet_writer *writer;

	snprintf(file->path, sizeof file->path, "/tmp/wattle-trip-XXXXXX");
	file->fd = mkstemp(file->path);
	assert_int_equal(sheet_writer_new(&writer, &output), ERR_NONE);
	return writer;
}

static struct sheet *back(struct file *file, const struct form *form)
{
	struct sheet_input input = {.encoding = form->encoding, .tmp_dir = "/tmp"};
	struct sheet_mistake mistake;
	struct sheet *sheet;

	/* The library made a new file under the name. */
	close(file->fd);
	file->fd = open(file->path, O_RDONLY);
	input.fd = file->fd;
	if (sheet_open(&sheet, &input, &mistake))
		fail_msg("%s: %s %s", form->name, sheet_fault_word(mistake.fault), mistake.detail);
	return sheet;
}

static void finish(struct file *file, struct sheet *sheet)
{
	struct sheet_mistake mistake;

	assert_int_equal(sheet_end(sheet, &mistake), ERR_NONE);
	close(file->fd);
	unlink(file->path);
}

static void trip(const struct form *form, char *const *texts, size_t count)
{
	struct file file;
	struct sheet_writer *writer = begin(&file, form);
	const struct sheet_row *row;
	struct sheet *sheet;
	size_t rows = count / COLUMNS;

	for (size_t i = 0; i < rows * COLUMNS; i++) {
		sheet_put_text(writer, texts[i], strlen(texts[i]));
		if (i % COLUMNS == COLUMNS - 1) {
			sheet_put_text(writer, "end", 3);
			sheet_row_end(writer);
		}
	}
	assert_int_equal(sheet_writer_end(writer), ERR_NONE);
	sheet = back(&file, form);
	for (size_t i = 0; i < rows; i++) {
		assert_true(sheet_next(sheet, &row));
		assert_int_equal(row->count, COLUMNS + 1);
		for (size_t k = 0; k < COLUMNS; k++) {
			const char *wanted = texts[i * COLUMNS + k];

			if (row->cell[k].fault || strcmp(row->cell[k].text, wanted) != 0)
				fail_msg("%s: '%s' came back as '%s' (%s)", form->name, wanted,
				         row->cell[k].text, sheet_fault_word(row->cell[k].fault));
		}
	}
	assert_false(sheet_next(sheet, &row));
	finish(&file, sheet);
}

static char *repeated(const char *text, size_t n)
{
	size_t len = strlen(text);
	char *to = malloc(n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(to + i * len, text, len);
	to[n * len] = '\0';
	return to;
}

static void hostile_texts_come_back(void **state)
{
	static const char *const texts[] = {"=cmd|' /C calc'!A0",
	                                    "+1+1",
	                                    "-1+1",
	                                    "@SUM(A1)",
	                                    "\t=1",
	                                    "\r=1",
	                                    "\n=1",
	                                    "'=1",
	                                    "''''=1",
	                                    "'",
	                                    "''",
	                                    "'x",
	                                    "-5",
	                                    "'-5",
	                                    "''-5",
	                                    "-5.50",
	                                    "--5",
	                                    "-",
	                                    "=",
	                                    "+",
	                                    "@",
	                                    "330100000001",
	                                    "0101",
	                                    "0",
	                                    "00",
	                                    "12345678901234567890",
	                                    "\t330100000001",
	                                    "'330100000001",
	                                    "-330100000001",
	                                    "<script>alert(1)</script>",
	                                    "<b>&amp;</b>",
	                                    "]]>",
	                                    "a\"b",
	                                    "\"",
	                                    "\"\"",
	                                    "a,b",
	                                    ",",
	                                    ";",
	                                    "a\r\nb",
	                                    "a\rb",
	                                    "a\nb",
	                                    "\r",
	                                    "\n",
	                                    " lead",
	                                    "trail ",
	                                    " ",
	                                    "  ",
	                                    "\u3000",
	                                    "\u202Ertl\u202C",
	                                    "\u200Fx",
	                                    "مرحبا",
	                                    "_x000D_",
	                                    "_x005F_",
	                                    "_x005F_x000D_",
	                                    "_x",
	                                    "_xZZZZ_",
	                                    "__x0041_",
	                                    "_x0041__x0042_",
	                                    "\uFFFE",
	                                    "\uFFFF",
	                                    "a\uFFFFb",
	                                    "\uFEFF",
	                                    "\uFF1D1",
	                                    "㐂𠮷",
	                                    "\U0010FFFF",
	                                    "é",
	                                    "TRUE",
	                                    "#N/A",
	                                    "2026-11-24",
	                                    "1e5",
	                                    "NULL",
	                                    "房间 1-101",
	                                    "5\" pipe",
	                                    "\t",
	                                    "\t\t",
	                                    "a\tb"};
	char *list[128];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		list[n++] = repeated(texts[i], 1);
	list[n++] = repeated("😀", 8000);
	list[n++] = repeated("=😀", 3000);
	while (n % COLUMNS)
		list[n++] = repeated("pad", 1);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		trip(&forms[i], list, n);
	while (n)
		free(list[--n]);
}

/* 10,000 emoji are within Excel's limit of a cell, which counts them as one or two. */
static void ten_thousand_emoji_come_back(void **state)
{
	char *emoji = repeated("🏠", 10000), *list[COLUMNS];

	(void)state;
	for (size_t i = 0; i < COLUMNS; i++)
		list[i] = i == 2 ? emoji : (char *)(uintptr_t) "x";
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		trip(&forms[i], list, COLUMNS);
	free(emoji);
}

static size_t any_character(struct rnd *rnd, char *to)
{
	static const char *const pieces[] = {
	        "'",      "=", "+", "-", "@",      "\t",      "\r",     "\n",    "\"",
	        ",",      "0", "1", ".", "_x",     "_x0041_", " ",      "é",     "房",
	        "\u202E", "😀", "&", "<", "\uFF0B", "E",       "\u3000", "\uE5E5"};
	const char *piece = pieces[rnd_below(rnd, ARRAY_SIZE(pieces))];

	memcpy(to, piece, strlen(piece));
	return strlen(piece);
}

static void random_texts_come_back(void **state)
{
	enum { COUNT = 5000 * COLUMNS };

	char **list = malloc(COUNT * sizeof *list);
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd, 20261124);
	for (size_t i = 0; i < COUNT; i++) {
		char text[128];
		size_t len = 0;

		for (uint32_t n = rnd_below(&rnd, 12); n; n--)
			len += any_character(&rnd, text + len);
		text[len] = '\0';
		list[i] = repeated(text, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		trip(&forms[i], list, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		free(list[i]);
	free(list);
}

static size_t utf8_of(uint32_t code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xC0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xE0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3F));
		to[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	to[0] = (char)(0xF0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3F));
	to[2] = (char)(0x80 | (code >> 6 & 0x3F));
	to[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

/* Old stand-ins for Chinese characters that GB18030 has no code for any more. */
static bool has_no_code(uint32_t code)
{
	return code == 0xE816 || code == 0xE817 || code == 0xE818 || code == 0xE831 ||
	       code == 0xE83B || code == 0xE855;
}

/* Every character of Unicode, 64 to a cell, in the forms that have to translate them. */
static void all_of_unicode_comes_back(void **state)
{
	size_t count = 0x110000 / 64;
	char **list = calloc(count + COLUMNS, sizeof *list);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		size_t len = 1;

		list[i] = malloc(64 * 4 + 2);
		list[i][0] = 'x';
		for (uint32_t code = (uint32_t)i * 64; code < (i + 1) * 64; code++)
			if (code >= 0x20 && code != 0x7F && (code < 0xD800 || code > 0xDFFF) &&
			    !has_no_code(code))
				len += utf8_of(code, list[i] + len);
		list[i][len] = '\0';
	}
	trip(&forms[2], list, count);
	trip(&forms[3], list, count);
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void old_stand_ins_become_what_they_stood_for(void **state)
{
	struct file file;
	struct sheet_writer *writer = begin(&file, &forms[2]);
	const struct sheet_row *row;
	struct sheet *sheet;

	(void)state;
	sheet_put_text(writer, "a\uE816b", 5);
	sheet_row_end(writer);
	assert_int_equal(sheet_writer_end(writer), ERR_NONE);
	sheet = back(&file, &forms[2]);
	assert_true(sheet_next(sheet, &row));
	assert_string_equal(row->cell[0].text, "a\U00020087b");
	assert_false(sheet_next(sheet, &row));
	finish(&file, sheet);
}

/* What a spreadsheet sees in the bytes of a CSV: no cell that could be a formula. */
static void no_cell_of_a_csv_is_a_formula(void **state)
{
	static const char *const texts[] = {"=1", "+a", "-a", "@a", "\t=", "\r=", "'=", "\uFF1D1"};
	struct file file;
	struct sheet_writer *writer = begin(&file, &forms[0]);
	char bytes[256] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		sheet_put_text(writer, texts[i], strlen(texts[i]));
	sheet_put_number(writer, -5, 0);
	assert_int_equal(sheet_writer_end(writer), ERR_NONE);
	assert_true(pread(file.fd, bytes, sizeof bytes - 1, 0) > 0);
	assert_string_equal(bytes, "\xEF\xBB\xBF'=1,'+a,'-a,'@a,\"'\t=\",\"'\r=\",''=,'\uFF1D1,-5");
	close(file.fd);
	unlink(file.path);
}

static void numbers_and_dates_keep_their_value(void **state)
{
	static const char *const wanted[] = {"-12.05",
	                                     "0.00",
	                                     "1",
	                                     "1234567.891",
	                                     "999999999999999",
	                                     "9223372036854775807",
	                                     "-0.01",
	                                     "2026-11-24",
	                                     "2026-11-24 08:00:09",
	                                     "1900-01-01",
	                                     "0.000001"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct file file;
		struct sheet_writer *writer = begin(&file, &forms[i]);
		const struct sheet_row *row;
		struct sheet *sheet;

		sheet_put_number(writer, -1205, 2);
		sheet_put_number(writer, 0, 2);
		sheet_put_number(writer, 1, 0);
		sheet_put_number(writer, 1234567891, 3);
		sheet_put_number(writer, 999999999999999, 0);
		sheet_put_number(writer, INT64_MAX, 0);
		sheet_put_number(writer, -1, 2);
		sheet_put_date(writer, 20781);
		sheet_put_time(writer, 20781 * INT64_C(86400) + 9);
		sheet_put_date(writer, -25567);
		sheet_put_number(writer, 1, 6);
		sheet_row_end(writer);
		assert_int_equal(sheet_writer_end(writer), ERR_NONE);
		sheet = back(&file, &forms[i]);
		assert_true(sheet_next(sheet, &row));
		assert_int_equal(row->count, ARRAY_SIZE(wanted));
		for (size_t k = 0; k < ARRAY_SIZE(wanted); k++) {
			/* A spreadsheet shows its numbers without the zeros. */
			if (k == 1 && forms[i].format == SHEET_XLSX)
				assert_string_equal(row->cell[k].text, "0");
			else
				assert_string_equal(row->cell[k].text, wanted[k]);
			assert_int_equal(row->cell[k].fault, 0);
		}
		finish(&file, sheet);
	}
}

static enum err full(void *arg, const void *bytes, size_t len)
{
	(void)arg;
	(void)bytes;
	(void)len;
	return ERR_DISK_FULL;
}

static void a_writer_says_what_went_wrong(void **state)
{
	struct sheet_output output = {.format = SHEET_CSV, .write = full};
	struct sheet_writer *writer;

	(void)state;
	assert_int_equal(sheet_writer_new(&writer, &output), ERR_NONE);
	for (int i = 0; i < 100000; i++)
		sheet_put_text(writer, "x", 1);
	assert_int_equal(sheet_writer_error(writer), ERR_DISK_FULL);
	assert_int_equal(sheet_writer_end(writer), ERR_DISK_FULL);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct file file;

		writer = begin(&file, &forms[i]);
		sheet_put_text(writer, "x", 1);
		sheet_writer_drop(writer);
		close(file.fd);
		unlink(file.path);
	}
	assert_int_equal(sheet_writer_new(&writer, &output), ERR_NONE);
	sheet_put_text(writer, "\xC1", 1);
	assert_int_equal(sheet_writer_end(writer), ERR_BAD_INPUT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hostile_texts_come_back),
	        cmocka_unit_test(ten_thousand_emoji_come_back),
	        cmocka_unit_test(random_texts_come_back),
	        cmocka_unit_test(all_of_unicode_comes_back),
	        cmocka_unit_test(old_stand_ins_become_what_they_stood_for),
	        cmocka_unit_test(no_cell_of_a_csv_is_a_formula),
	        cmocka_unit_test(numbers_and_dates_keep_their_value),
	        cmocka_unit_test(a_writer_says_what_went_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
