#include "platform/sheet/xlsx_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/number.h"
#include "platform/sheet/xlsx_number.h"

static void fail(struct xlsx_in *xlsx, enum err err, enum sheet_fault fault)
{
	xml_in_fail(&xlsx->xml, err,
	            &(struct sheet_mistake){.fault = fault, .row = xlsx->row.row.number});
}

/* What the row builder says. */
static bool good(struct xlsx_in *xlsx, enum err err)
{
	if (err == ERR_TOO_LONG)
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_ROW_LONG);
	else if (err == ERR_NOT_FOUND) /* a shared string that is not there */
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_XML);
	else if (err)
		fail(xlsx, err, SHEET_FAULT_NONE);
	return !err;
}

/* ---- where ---- */

/* "BC12" is column 55; 0: no such place. Further than any spreadsheet goes counts as far. */
static int column_of(const char *place)
{
	int column = 0;

	for (; *place >= 'A' && *place <= 'Z'; place++)
		if (column <= SHEET_COLUMNS_MAX)
			column = column * 26 + (*place - 'A') + 1;
	return column;
}

static void row_begin(struct xlsx_in *xlsx, const char **attributes)
{
	const char *place = xml_attribute(attributes, "r", false);
	int64_t number = xlsx->row.row.number + 1;

	if (place && i64_parse(place, number, INT32_MAX, &number)) {
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_XML);
		return;
	}
	row_clear(&xlsx->row, number);
	xlsx->column = 0;
	if (number > SHEET_ROWS_MAX)
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_TOO_MANY_ROWS);
}

static enum xlsx_type type_of(const char *word)
{
	if (!word || strcmp(word, "n") == 0)
		return XLSX_IS_NUMBER;
	if (strcmp(word, "s") == 0)
		return XLSX_IS_SHARED;
	if (strcmp(word, "b") == 0)
		return XLSX_IS_BOOL;
	return strcmp(word, "e") == 0 ? XLSX_IS_ERROR : XLSX_IS_TEXT;
}

static void cell_begin(struct xlsx_in *xlsx, const char **attributes)
{
	const char *place = xml_attribute(attributes, "r", false);
	const char *style = xml_attribute(attributes, "s", false);
	int column = place ? column_of(place) : xlsx->column + 1;
	int64_t index = -1;

	if (column <= xlsx->column) {
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_XML);
		return;
	}
	if (style && i64_parse(style, 0, XLSX_STYLES_MAX, &index))
		index = -1;
	xlsx->column = column;
	xlsx->type = type_of(xml_attribute(attributes, "t", false));
	xlsx->look = xlsx_style_look(&xlsx->styles, (long)index);
	xlsx->value_len = 0;
}

/* ---- what ---- */

/* The cell holds something: make it, and the empty ones before it. */
static bool cell_make(struct xlsx_in *xlsx)
{
	if (xlsx->column > SHEET_COLUMNS_MAX) {
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_TOO_MANY_COLUMNS);
		return false;
	}
	while (xlsx->row.count < (size_t)xlsx->column)
		if (!good(xlsx, row_cell(&xlsx->row)))
			return false;
	return true;
}

static void take_text(struct xlsx_in *xlsx, const char *text, size_t len)
{
	if (xlsx->type == XLSX_IS_TEXT) {
		if (cell_make(xlsx))
			good(xlsx, row_add(&xlsx->row, text, len));
		return;
	}
	if (len >= XLSX_VALUE_SIZE - xlsx->value_len) {
		fail(xlsx, ERR_BAD_INPUT, SHEET_FAULT_XML);
		return;
	}
	memcpy(xlsx->value + xlsx->value_len, text, len);
	xlsx->value_len += len;
}

static void set_text(struct xlsx_in *xlsx, const char *text, enum sheet_fault fault)
{
	if (!cell_make(xlsx) || !good(xlsx, row_add(&xlsx->row, text, strlen(text))))
		return;
	if (fault)
		row_fault(&xlsx->row, fault);
}

static void set_number(struct xlsx_in *xlsx)
{
	char text[XLSX_NUMBER_SIZE];
	enum sheet_fault fault =
	        xlsx_number_text(xlsx->value, xlsx->look, xlsx->book.from_1904, text);

	set_text(xlsx, text, fault);
}

static void unescape(struct xlsx_in *xlsx)
{
	if (xlsx->row.count == (size_t)xlsx->column && row_cell_len(&xlsx->row))
		row_cell_shorten(&xlsx->row, xlsx_unescape(row_cell_text(&xlsx->row),
		                                           row_cell_len(&xlsx->row)));
}

static void set_shared(struct xlsx_in *xlsx)
{
	uint64_t index;

	if (u64_parse(xlsx->value, 0, UINT64_MAX, &index))
		good(xlsx, ERR_NOT_FOUND);
	else if (cell_make(xlsx) && good(xlsx, xlsx_string_add(&xlsx->strings, index, &xlsx->row)))
		unescape(xlsx);
}

static void cell_end(struct xlsx_in *xlsx)
{
	xlsx->value[xlsx->value_len] = '\0';
	if (xlsx->type == XLSX_IS_TEXT)
		unescape(xlsx);
	if (!xlsx->value_len)
		return;
	switch (xlsx->type) {
	case XLSX_IS_NUMBER:
		set_number(xlsx);
		return;
	case XLSX_IS_SHARED:
		set_shared(xlsx);
		return;
	case XLSX_IS_BOOL:
		set_text(xlsx, strcmp(xlsx->value, "1") == 0 ? "TRUE" : "FALSE", SHEET_FAULT_NONE);
		return;
	case XLSX_IS_ERROR:
		set_text(xlsx, xlsx->value, SHEET_FAULT_FORMULA);
		return;
	case XLSX_IS_TEXT:
		return;
	}
}

/* ---- the XML ---- */

static void sheet_start(void *arg, const char *name, const char **attributes)
{
	struct xlsx_in *xlsx = arg;

	if (strcmp(name, "row") == 0)
		row_begin(xlsx, attributes);
	else if (strcmp(name, "c") == 0)
		cell_begin(xlsx, attributes);
	else if (strcmp(name, "v") == 0)
		xlsx->in_value = true;
	else if (strcmp(name, "t") == 0)
		xlsx->in_text = !xlsx->in_aid;
	else if (strcmp(name, "rPh") == 0)
		xlsx->in_aid++;
}

static void sheet_end_element(void *arg, const char *name)
{
	struct xlsx_in *xlsx = arg;

	if (strcmp(name, "v") == 0)
		xlsx->in_value = false;
	else if (strcmp(name, "t") == 0)
		xlsx->in_text = false;
	else if (strcmp(name, "rPh") == 0 && xlsx->in_aid)
		xlsx->in_aid--;
	else if (strcmp(name, "c") == 0)
		cell_end(xlsx);
	else if (strcmp(name, "row") == 0 && xlsx->row.count) {
		xlsx->ready = true;
		xml_in_pause(&xlsx->xml);
	}
}

static void sheet_text(void *arg, const char *text, size_t len)
{
	struct xlsx_in *xlsx = arg;

	if (xlsx->column && (xlsx->in_value || xlsx->in_text))
		take_text(xlsx, text, len);
}

static enum err open_sheet(struct xlsx_in *xlsx, struct sheet_mistake *mistake)
{
	enum err err;

	xlsx->xml = (struct xml_in){
	        .start = sheet_start, .end = sheet_end_element, .text = sheet_text, .arg = xlsx};
	err = xml_in_open(&xlsx->xml, &xlsx->zip, xlsx->book.sheet);
	if (err != ERR_NOT_FOUND)
		return err;
	*mistake = (struct sheet_mistake){.fault = SHEET_FAULT_PART_MISSING};
	snprintf(mistake->detail, sizeof mistake->detail, "%.90s", xlsx->book.sheet);
	return ERR_BAD_INPUT;
}

enum err xlsx_open(struct xlsx_in *xlsx, int fd, const char *tmp_dir, struct sheet_mistake *mistake)
{
	enum err err;

	memset(xlsx, 0, sizeof *xlsx);
	err = zip_in_open(&xlsx->zip, fd, mistake);
	if (!err)
		err = xlsx_book_read(&xlsx->book, &xlsx->zip, mistake);
	if (!err)
		err = xlsx_styles_read(&xlsx->styles, &xlsx->zip, xlsx->book.styles, mistake);
	if (!err)
		err = xlsx_strings_read(&xlsx->strings, &xlsx->zip, xlsx->book.strings, tmp_dir,
		                        mistake);
	return err ? err : open_sheet(xlsx, mistake);
}

enum err xlsx_next(struct xlsx_in *xlsx, const struct sheet_row **row,
                   struct sheet_mistake *mistake)
{
	enum err err;

	*row = NULL;
	do {
		xlsx->ready = false;
		err = xml_in_run(&xlsx->xml, mistake);
		if (err && !mistake->row)
			mistake->row = xlsx->row.row.number;
		if (err || !xlsx->ready)
			return err;
		*row = row_done(&xlsx->row);
	} while (!*row);
	return ERR_NONE;
}

void xlsx_close(struct xlsx_in *xlsx)
{
	xml_in_close(&xlsx->xml);
	zip_in_close(&xlsx->zip);
	xlsx_styles_free(&xlsx->styles);
	xlsx_strings_free(&xlsx->strings);
	row_free(&xlsx->row);
}
