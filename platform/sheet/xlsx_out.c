#include "platform/sheet/xlsx_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

#include "libs/base/time.h"
#include "libs/base/utf8.h"
#include "platform/sheet/guard.h"
#include "platform/sheet/number.h"

#define DAYS_1900 25569 /* serial number of 1970-01-01 */
/* Serial 60 is a 29 February 1900 that never was, so the days before it have numbers one less. */
#define SERIAL_1900_03_01 61
/* Beyond this a double, and a spreadsheet, does not hold every whole number any more. */
#define NUMBER_MAX INT64_C(999999999999999)

static enum err err_of(lxw_error code)
{
	switch ((int)code) {
	case LXW_NO_ERROR:
		return ERR_NONE;
	case LXW_ERROR_MEMORY_MALLOC_FAILED:
		return ERR_NOMEM;
	case LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED:
		return ERR_TOO_LONG;
	case LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE:
		return ERR_FULL;
	}
	return ERR_IO;
}

static void note(struct xlsx_out *xlsx, lxw_error code)
{
	if (!xlsx->err)
		xlsx->err = err_of(code);
}

static lxw_format *format(struct xlsx_out *xlsx, const char *text)
{
	lxw_format *made = workbook_add_format(xlsx->book);

	if (made)
		format_set_num_format(made, text);
	else
		xlsx->err = ERR_NOMEM;
	return made;
}

static void formats(struct xlsx_out *xlsx)
{
	char text[24] = "#,##0.";

	xlsx->date = format(xlsx, "yyyy-mm-dd");
	xlsx->time = format(xlsx, "yyyy-mm-dd hh:mm:ss");
	xlsx->number[0] = format(xlsx, "0");
	for (unsigned i = 1; i <= XLSX_DECIMALS_MAX; i++) {
		text[5 + i] = '0';
		text[6 + i] = '\0';
		xlsx->number[i] = format(xlsx, text);
	}
}

enum err xlsx_out_open(struct xlsx_out *xlsx, const struct sheet_output *to)
{
	char tmp_dir[512];
	lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = tmp_dir};

	memset(xlsx, 0, sizeof *xlsx);
	snprintf(tmp_dir, sizeof tmp_dir, "%s", to->tmp_dir);
	xlsx->book = workbook_new_opt(to->path, &options);
	if (!xlsx->book)
		return ERR_NOMEM;
	xlsx->sheet = workbook_add_worksheet(xlsx->book, to->title);
	if (!xlsx->sheet) {
		lxw_workbook_free(xlsx->book);
		return ERR_BAD_INPUT;
	}
	formats(xlsx);
	worksheet_freeze_panes(xlsx->sheet, 1, 0);
	return xlsx->err;
}

static bool is_escape(const char *text, size_t len)
{
	if (len < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
		return false;
	return strspn(text + 2, "0123456789ABCDEFabcdef") >= 4;
}

/* U+FFFE and U+FFFF, which no XML holds. */
static bool is_none(const char *text, size_t len)
{
	return len >= 3 && text[0] == '\xEF' && text[1] == '\xBF' &&
	       (text[2] == '\xBE' || text[2] == '\xBF');
}

static bool text_room(struct xlsx_out *xlsx, size_t size)
{
	char *grown;

	if (size <= xlsx->text_size)
		return true;
	grown = realloc(xlsx->text, size);
	if (!grown) {
		xlsx->err = xlsx->err ? xlsx->err : ERR_NOMEM;
		return false;
	}
	xlsx->text = grown;
	xlsx->text_size = size;
	return true;
}

/* What would be read back as something else. The library itself escapes control characters. */
static size_t escape(char *to, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_none(text + i, len - i)) {
			memcpy(to + n, text[i + 2] == '\xBE' ? "_xFFFE_" : "_xFFFF_", 7);
			n += 7;
			i += 2;
			continue;
		}
		if (is_escape(text + i, len - i)) {
			memcpy(to + n, "_x005F", 6);
			n += 6;
		}
		to[n++] = text[i];
	}
	return n;
}

void xlsx_out_text(struct xlsx_out *xlsx, const char *text, size_t len)
{
	size_t n = 0;

	if (!utf8_valid(text, len)) {
		xlsx->err = xlsx->err ? xlsx->err : ERR_BAD_INPUT;
		return;
	}
	/* "_x0000_" seven times its length is the worst. */
	if (!text_room(xlsx, 7 * len + 2))
		return;
	if (sheet_needs_apostrophe(text, len))
		xlsx->text[n++] = '\'';
	n += escape(xlsx->text + n, text, len);
	xlsx->text[n] = '\0';
	if (n)
		note(xlsx, worksheet_write_string(xlsx->sheet, xlsx->row, xlsx->column, xlsx->text,
		                                  NULL));
	xlsx->column++;
}

void xlsx_out_number(struct xlsx_out *xlsx, int64_t value, unsigned decimals)
{
	char text[SHEET_NUMBER_SIZE];
	static const double scale[XLSX_DECIMALS_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};

	if (decimals > XLSX_DECIMALS_MAX || value > NUMBER_MAX || value < -NUMBER_MAX) {
		sheet_number_format(value, decimals, text);
		note(xlsx,
		     worksheet_write_string(xlsx->sheet, xlsx->row, xlsx->column++, text, NULL));
		return;
	}
	note(xlsx, worksheet_write_number(xlsx->sheet, xlsx->row, xlsx->column++,
	                                  (double)value / scale[decimals], xlsx->number[decimals]));
}

void xlsx_out_date(struct xlsx_out *xlsx, int64_t days, int second)
{
	double serial = (double)(days + DAYS_1900);

	if (serial < SERIAL_1900_03_01)
		serial--;
	if (second >= 0)
		serial += (double)second / SECONDS_PER_DAY;
	note(xlsx, worksheet_write_number(xlsx->sheet, xlsx->row, xlsx->column++, serial,
	                                  second >= 0 ? xlsx->time : xlsx->date));
}

void xlsx_out_nothing(struct xlsx_out *xlsx)
{
	xlsx->column++;
}

void xlsx_out_row_end(struct xlsx_out *xlsx)
{
	xlsx->row++;
	xlsx->column = 0;
	if (xlsx->row > SHEET_ROWS_MAX)
		xlsx->err = xlsx->err ? xlsx->err : ERR_FULL;
}

void xlsx_out_drop(struct xlsx_out *xlsx)
{
	lxw_workbook_free(xlsx->book);
	free(xlsx->text);
}

enum err xlsx_out_close(struct xlsx_out *xlsx)
{
	lxw_error code = workbook_close(xlsx->book);

	note(xlsx, code);
	free(xlsx->text);
	return xlsx->err;
}
