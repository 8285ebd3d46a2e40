#include "platform/sheet/row.h"

#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/sheet/guard.h"

void row_free(struct row_build *row)
{
	free(row->text);
	row->text = NULL;
	row->size = 0;
}

void row_clear(struct row_build *row, int64_t number)
{
	row->len = row->count = 0;
	row->row.number = number;
}

static enum err room_for(struct row_build *row, size_t len)
{
	size_t size = row->size ? row->size : 4096;
	char *grown;

	if (row->len + len > SHEET_ROW_MAX)
		return ERR_TOO_LONG;
	while (size < row->len + len)
		size *= 2;
	if (size == row->size)
		return ERR_NONE;
	grown = realloc(row->text, size);
	if (!grown)
		return ERR_NOMEM;
	row->text = grown;
	row->size = size;
	return ERR_NONE;
}

static enum err append(struct row_build *row, const char *text, size_t len)
{
	enum err err = room_for(row, len);

	if (err)
		return err;
	memcpy(row->text + row->len, text, len);
	row->len += len;
	return ERR_NONE;
}

enum err row_cell(struct row_build *row)
{
	enum err err;

	if (row->count == SHEET_COLUMNS_MAX)
		return ERR_TOO_LONG;
	/* The 0 behind the cell before it. */
	err = row->count ? append(row, "", 1) : ERR_NONE;
	if (err)
		return err;
	row->start[row->count] = row->len;
	row->cell[row->count++] = (struct sheet_cell){0};
	return ERR_NONE;
}

size_t row_cell_len(const struct row_build *row)
{
	return row->len - row->start[row->count - 1];
}

char *row_cell_text(struct row_build *row)
{
	return row->text + row->start[row->count - 1];
}

void row_cell_shorten(struct row_build *row, size_t len)
{
	row->len = row->start[row->count - 1] + len;
}

enum err row_add(struct row_build *row, const char *text, size_t len)
{
	size_t room = SHEET_CELL_MAX - row_cell_len(row);

	if (len > room) {
		row_fault(row, SHEET_FAULT_CELL_LONG);
		len = room;
	}
	return append(row, text, len);
}

void row_fault(struct row_build *row, enum sheet_fault fault)
{
	struct sheet_cell *cell = &row->cell[row->count - 1];

	if (!cell->fault)
		cell->fault = fault;
}

/* Tabs and line ends are text in a cell; what may hold them is said by its column. */
static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
			return true;
	}
	return false;
}

static void cell_done(struct sheet_cell *cell)
{
	size_t guard;

	if (cell->fault)
		return;
	if (!utf8_valid(cell->text, cell->len))
		cell->fault = SHEET_FAULT_ENCODING;
	else if (has_control(cell->text, cell->len))
		cell->fault = SHEET_FAULT_CONTROL;
	guard = sheet_guard_len(cell->text, cell->len);
	cell->text += guard;
	cell->len -= guard;
}

const struct sheet_row *row_done(struct row_build *row)
{
	if (!row->count || append(row, "", 1))
		return NULL;
	for (size_t i = 0; i < row->count; i++) {
		size_t end = i + 1 < row->count ? row->start[i + 1] : row->len;

		row->cell[i].text = row->text + row->start[i];
		row->cell[i].len = end - row->start[i] - 1;
		cell_done(&row->cell[i]);
	}
	while (row->count && !row->cell[row->count - 1].len && !row->cell[row->count - 1].fault)
		row->count--;
	row->row.count = row->count;
	row->row.cell = row->cell;
	return row->count ? &row->row : NULL;
}
