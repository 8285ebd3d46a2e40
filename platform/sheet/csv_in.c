#include "platform/sheet/csv_in.h"

#include <string.h>

enum err csv_open(struct csv_in *csv, int fd, enum sheet_encoding *encoding)
{
	memset(csv, 0, sizeof *csv);
	csv->number = 1;
	return text_in_open(&csv->text, fd, encoding);
}

void csv_close(struct csv_in *csv)
{
	text_in_close(&csv->text);
	row_free(&csv->row);
}

static bool ends_cell(char c)
{
	return c == ',' || c == '\r' || c == '\n';
}

static void skip(struct csv_in *csv, size_t n)
{
	csv->at += n;
	csv->left -= n;
}

/* Adds what stands before the next character that means something in this state. */
static enum err take_run(struct csv_in *csv)
{
	const char *start = csv->at, *quote;
	size_t n = 0;

	if (csv->state == CSV_QUOTED) {
		quote = memchr(start, '"', csv->left);
		n = quote ? (size_t)(quote - start) : csv->left;
	} else {
		while (n < csv->left && !ends_cell(start[n]))
			n++;
	}
	skip(csv, n);
	return row_add(&csv->row, start, n);
}

static enum err row_start(struct csv_in *csv)
{
	bool rest_of_crlf = csv->after_cr && *csv->at == '\n';
	enum err err;

	csv->after_cr = false;
	if (rest_of_crlf) {
		skip(csv, 1);
		return ERR_NONE;
	}
	row_clear(&csv->row, csv->number);
	err = row_cell(&csv->row);
	csv->state = CSV_CELL_START;
	return err;
}

static void cell_start(struct csv_in *csv)
{
	if (*csv->at != '"') {
		csv->state = CSV_PLAIN;
		return;
	}
	csv->state = CSV_QUOTED;
	csv->quote_row = csv->number;
	csv->quote_column = (int)csv->row.count;
	skip(csv, 1);
}

/* At a character that ends the cell. */
static enum err cell_end(struct csv_in *csv, bool *done)
{
	char c = *csv->at;

	skip(csv, 1);
	if (c == ',') {
		csv->state = CSV_CELL_START;
		return row_cell(&csv->row);
	}
	csv->state = CSV_ROW_START;
	csv->after_cr = c == '\r';
	*done = true;
	return ERR_NONE;
}

static enum err quote(struct csv_in *csv, bool *done)
{
	if (*csv->at == '"') {
		csv->state = CSV_QUOTED;
		skip(csv, 1);
		return row_add(&csv->row, "\"", 1);
	}
	if (ends_cell(*csv->at))
		return cell_end(csv, done);
	row_fault(&csv->row, SHEET_FAULT_QUOTE_TAIL);
	csv->state = CSV_TAIL;
	return ERR_NONE;
}

/* One step with at least one character left; *done behind the end of a row. */
static enum err step(struct csv_in *csv, bool *done)
{
	enum err err;

	switch (csv->state) {
	case CSV_ROW_START:
		return row_start(csv);
	case CSV_CELL_START:
		cell_start(csv);
		return ERR_NONE;
	case CSV_PLAIN:
	case CSV_TAIL:
		err = take_run(csv);
		return err || !csv->left ? err : cell_end(csv, done);
	case CSV_QUOTED:
		err = take_run(csv);
		if (!err && csv->left) {
			csv->state = CSV_QUOTE;
			skip(csv, 1);
		}
		return err;
	case CSV_QUOTE:
		return quote(csv, done);
	}
	return ERR_INTERNAL;
}

static enum err mistaken(struct sheet_mistake *mistake, enum sheet_fault fault, int64_t row,
                         int column)
{
	*mistake = (struct sheet_mistake){.fault = fault, .row = row, .column = column};
	return ERR_BAD_INPUT;
}

static enum err too_long(const struct csv_in *csv, struct sheet_mistake *mistake)
{
	bool columns = csv->row.count == SHEET_COLUMNS_MAX && csv->row.len < SHEET_ROW_MAX / 2;

	return mistaken(mistake, columns ? SHEET_FAULT_TOO_MANY_COLUMNS : SHEET_FAULT_ROW_LONG,
	                csv->number, 0);
}

/* Reads one row, blank or not; *some false at the end of the file. */
static enum err read_row(struct csv_in *csv, bool *some, struct sheet_mistake *mistake)
{
	bool done = false;
	enum err err;

	*some = true;
	while (!done) {
		if (!csv->left) {
			err = text_in_next(&csv->text, &csv->at, &csv->left);
			if (err)
				return err;
		}
		if (!csv->left && csv->state == CSV_QUOTED)
			return mistaken(mistake, SHEET_FAULT_QUOTE_OPEN, csv->quote_row,
			                csv->quote_column);
		if (!csv->left) {
			*some = csv->state != CSV_ROW_START;
			csv->state = CSV_ROW_START;
			return ERR_NONE;
		}
		err = step(csv, &done);
		if (err)
			return err == ERR_TOO_LONG ? too_long(csv, mistake) : err;
	}
	return ERR_NONE;
}

enum err csv_next(struct csv_in *csv, const struct sheet_row **row, struct sheet_mistake *mistake)
{
	bool some;
	enum err err;

	*row = NULL;
	do {
		err = read_row(csv, &some, mistake);
		if (err || !some)
			return err;
		if (csv->number == SHEET_ROWS_MAX + 1)
			return mistaken(mistake, SHEET_FAULT_TOO_MANY_ROWS, csv->number, 0);
		*row = row_done(&csv->row);
		csv->number++;
	} while (!*row);
	return ERR_NONE;
}
