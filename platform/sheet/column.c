#include "platform/sheet/column.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libs/base/utf8.h"
#include "platform/sheet/number.h"

static const struct sheet_word bools[] = {
        {"false", "否", "no" },
        {"true",  "是", "yes"},
        {NULL,    NULL,  NULL }
};

static const char *word_text(const struct sheet_word *word, enum sheet_lang lang)
{
	switch (lang) {
	case SHEET_ZH:
		return word->zh;
	case SHEET_EN:
		return word->en;
	case SHEET_KEYS:
		break;
	}
	return word->word;
}

const char *sheet_column_title(const struct sheet_column *column, enum sheet_lang lang)
{
	return word_text(&(struct sheet_word){column->key, column->zh, column->en}, lang);
}

void sheet_column_words(const struct sheet_column *column, enum sheet_lang lang, char *text,
                        size_t size)
{
	const struct sheet_word *word = column->type == SHEET_BOOL ? bools : column->words;
	size_t used = 0;

	text[0] = '\0';
	for (bool more = false; word && word->word && used < size; word++, more = true)
		used += (size_t)snprintf(text + used, size - used, "%s%s", more ? " / " : "",
		                         word_text(word, lang));
}

/* ---- text of a cell ---- */

static bool is_blank(const char *at, size_t len, size_t *n)
{
	*n = 1;
	if (len && strchr(" \t\r\n", *at) && *at)
		return true;
	*n = 3; /* U+3000, the blank of Chinese keyboards */
	return len >= 3 && memcmp(at, "\xE3\x80\x80", 3) == 0;
}

static bool ends_blank(const char *text, size_t len, size_t *n)
{
	if (len && is_blank(text + len - 1, 1, n))
		return true;
	return len >= 3 && is_blank(text + len - 3, 3, n) && *n == 3;
}

static void trim(struct sheet_cell *cell)
{
	size_t n;

	while (is_blank(cell->text, cell->len, &n)) {
		cell->text += n;
		cell->len -= n;
	}
	while (ends_blank(cell->text, cell->len, &n))
		cell->len -= n;
	cell->text[cell->len] = '\0';
}

static bool same(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* ---- the header ---- */

static void report_at(sheet_report_fn report, void *arg, enum sheet_fault fault, int64_t row,
                      int column, const char *detail)
{
	struct sheet_mistake mistake = {.fault = fault, .row = row, .column = column};

	utf8_copy(mistake.detail, sizeof mistake.detail, detail);
	report(arg, &mistake);
}

static int find_column(const struct sheet_header *header, const char *text, size_t len)
{
	for (size_t i = 0; i < header->count; i++) {
		const struct sheet_column *column = &header->columns[i];

		if (same(text, len, column->key) || same(text, len, column->zh) ||
		    same(text, len, column->en))
			return (int)i;
	}
	return -1;
}

static bool match_cell(struct sheet_header *header, const struct sheet_row *row, size_t at,
                       sheet_report_fn report, void *arg)
{
	struct sheet_cell *cell = &row->cell[at];
	int place = (int)at + 1, found;

	trim(cell);
	if (!cell->len && !cell->fault)
		return true;
	found = cell->fault ? -1 : find_column(header, cell->text, cell->len);
	if (cell->fault)
		report_at(report, arg, cell->fault, row->number, place, "");
	else if (found < 0)
		report_at(report, arg, SHEET_FAULT_HEADER_UNKNOWN, row->number, place, cell->text);
	else if (header->place[found])
		report_at(report, arg, SHEET_FAULT_HEADER_TWICE, row->number, place, cell->text);
	if (found < 0 || header->place[found])
		return false;
	header->place[found] = place;
	header->our[place] = found;
	return true;
}

bool sheet_header_match(struct sheet_header *header, const struct sheet_column *columns,
                        size_t count, const struct sheet_row *row, sheet_report_fn report,
                        void *arg)
{
	bool good = true;

	assert(count <= SHEET_COLUMNS_MAX);
	header->columns = columns;
	header->count = count;
	header->width = row->count;
	memset(header->place, 0, sizeof header->place);
	for (size_t i = 0; i <= SHEET_COLUMNS_MAX; i++)
		header->our[i] = -1;
	for (size_t i = 0; i < row->count; i++)
		good = match_cell(header, row, i, report, arg) && good;
	for (size_t i = 0; i < count; i++) {
		if (header->place[i] || !(columns[i].flags & SHEET_REQUIRED))
			continue;
		report_at(report, arg, SHEET_FAULT_HEADER_MISSING, row->number, 0, columns[i].key);
		good = false;
	}
	return good;
}

/* ---- values ---- */

static enum sheet_fault fault_detail(enum sheet_fault fault, char detail[96],
                                     const struct sheet_column *column)
{
	char min[SHEET_NUMBER_SIZE], max[SHEET_NUMBER_SIZE];
	unsigned decimals = column->type == SHEET_NUMBER ? column->decimals : 0;

	sheet_number_format(column->min, decimals, min);
	sheet_number_format(column->max, decimals, max);
	snprintf(detail, 96, strcmp(min, max) == 0 ? "%s" : "%s … %s", min, max);
	return fault;
}

/* Some programs end the lines of a cell with CRLF; a text of ours has line feeds. */
static void drop_returns(struct sheet_cell *cell)
{
	size_t to = 0;

	for (size_t i = 0; i < cell->len; i++)
		if (cell->text[i] != '\r' || i + 1 == cell->len || cell->text[i + 1] != '\n')
			cell->text[to++] = cell->text[i];
	cell->len = to;
	cell->text[to] = '\0';
}

static enum sheet_fault parse_text(const struct sheet_column *column, const char *text, size_t len,
                                   char detail[96])
{
	enum text_kind kind = column->flags & SHEET_LINES ? TEXT_LINES : TEXT_LINE;

	if (column->type == SHEET_DIGITS && memchr(text, 'E', len))
		return SHEET_FAULT_NUMBER_CUT;
	if (column->type == SHEET_DIGITS && strspn(text, "0123456789") < len)
		return SHEET_FAULT_NOT_DIGITS;
	if (column->size && len >= column->size)
		return fault_detail(SHEET_FAULT_TOO_LONG, detail, column);
	switch (text_check(text, len, kind, (size_t)column->min, (size_t)column->max)) {
	case TEXT_GOOD:
		return SHEET_FAULT_NONE;
	case TEXT_NOT_UTF8:
		return SHEET_FAULT_ENCODING;
	case TEXT_CONTROL:
		return SHEET_FAULT_CONTROL;
	case TEXT_SHORT:
		return fault_detail(SHEET_FAULT_TOO_SHORT, detail, column);
	case TEXT_LONG:
		break;
	}
	return fault_detail(SHEET_FAULT_TOO_LONG, detail, column);
}

static enum sheet_fault parse_word(const struct sheet_column *column, const char *text, size_t len,
                                   int64_t *index, char detail[96])
{
	const struct sheet_word *words = column->type == SHEET_BOOL ? bools : column->words;

	for (int i = 0; words[i].word; i++) {
		*index = i;
		if (same(text, len, words[i].word) || same(text, len, words[i].zh) ||
		    same(text, len, words[i].en))
			return SHEET_FAULT_NONE;
	}
	if (column->type == SHEET_BOOL && len == 1 && (text[0] == '0' || text[0] == '1')) {
		*index = text[0] - '0';
		return SHEET_FAULT_NONE;
	}
	sheet_column_words(column, SHEET_KEYS, detail, 96);
	return SHEET_FAULT_NOT_WORD;
}

static enum sheet_fault in_range(const struct sheet_column *column, enum sheet_fault fault,
                                 int64_t number, char detail[96])
{
	bool inside = number >= column->min && number <= column->max;

	if (fault == SHEET_FAULT_RANGE || (!fault && !inside))
		return fault_detail(SHEET_FAULT_RANGE, detail, column);
	return fault;
}

static enum sheet_fault parse_value(const struct sheet_header *header,
                                    const struct sheet_column *column,
                                    const struct sheet_cell *cell, struct sheet_value *value,
                                    char detail[96])
{
	const char *text = cell->text;
	size_t len = cell->len;
	enum sheet_fault fault;

	value->given = len > 0;
	if (!len)
		return column->flags & SHEET_REQUIRED ? SHEET_FAULT_REQUIRED : SHEET_FAULT_NONE;
	switch (column->type) {
	case SHEET_TEXT:
	case SHEET_DIGITS:
		value->text = text;
		value->len = len;
		return parse_text(column, text, len, detail);
	case SHEET_NUMBER:
		fault = sheet_number_parse(text, len, column->decimals, &value->number);
		return in_range(column, fault, value->number, detail);
	case SHEET_DATE:
		fault = sheet_date_parse(text, len, &value->number);
		return column->max ? in_range(column, fault, value->number, detail) : fault;
	case SHEET_TIME:
		return sheet_time_parse(text, len, header->offset_s, &value->number);
	case SHEET_WORD:
	case SHEET_BOOL:
		return parse_word(column, text, len, &value->number, detail);
	}
	return SHEET_FAULT_NONE;
}

/* True when the value is good, or nobody asks for it. */
static bool take_cell(const struct sheet_header *header, const struct sheet_row *row, size_t our,
                      struct sheet_value *value, sheet_report_fn report, void *arg)
{
	const struct sheet_column *column = &header->columns[our];
	int place = header->place[our];
	char nothing[1] = "", detail[96] = "";
	struct sheet_cell cell = {.text = nothing};
	enum sheet_fault fault;

	*value = (struct sheet_value){.column_there = place > 0, .text = ""};
	if (!place || column->flags & SHEET_READ_ONLY)
		return true;
	if ((size_t)place <= row->count)
		cell = row->cell[place - 1];
	/* Blanks around a free text are its own. */
	if (column->type != SHEET_TEXT)
		trim(&cell);
	else if (column->flags & SHEET_LINES)
		drop_returns(&cell);
	fault = cell.fault;
	if (!fault)
		fault = parse_value(header, column, &cell, value, detail);
	if (!fault)
		return true;
	report_at(report, arg, fault, row->number, place, detail);
	return false;
}

bool sheet_row_parse(const struct sheet_header *header, const struct sheet_row *row,
                     struct sheet_value *values, sheet_report_fn report, void *arg)
{
	bool good = true;

	for (size_t i = 0; i < header->count; i++)
		good = take_cell(header, row, i, &values[i], report, arg) && good;
	for (size_t i = 0; i < row->count; i++) {
		const struct sheet_cell *cell = &row->cell[i];

		if (header->our[i + 1] >= 0 || (!cell->len && !cell->fault))
			continue;
		report_at(report, arg, SHEET_FAULT_NO_HEADER_CELL, row->number, (int)i + 1, "");
		good = false;
	}
	return good;
}

/* ---- writing ---- */

void sheet_put_header(struct sheet_writer *writer, const struct sheet_column *columns, size_t count,
                      enum sheet_lang lang)
{
	for (size_t i = 0; i < count; i++) {
		const char *title = sheet_column_title(&columns[i], lang);

		sheet_put_text(writer, title, strlen(title));
	}
	sheet_row_end(writer);
}

void sheet_put_value(struct sheet_writer *writer, const struct sheet_column *column,
                     const struct sheet_value *value, enum sheet_lang lang)
{
	const char *text;

	if (!value->given) {
		sheet_put_nothing(writer);
		return;
	}
	switch (column->type) {
	case SHEET_TEXT:
	case SHEET_DIGITS:
		sheet_put_text(writer, value->text, value->len);
		return;
	case SHEET_NUMBER:
		sheet_put_number(writer, value->number, column->decimals);
		return;
	case SHEET_DATE:
		sheet_put_date(writer, value->number);
		return;
	case SHEET_TIME:
		sheet_put_time(writer, value->number);
		return;
	case SHEET_WORD:
		text = word_text(&column->words[value->number], lang);
		sheet_put_text(writer, text, strlen(text));
		return;
	case SHEET_BOOL:
		text = word_text(&bools[value->number], lang);
		sheet_put_text(writer, text, strlen(text));
		return;
	}
}
