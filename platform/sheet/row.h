/* The row under construction: cells in one buffer that grows up to the limits and is used again for
 * each row. */
#ifndef PLATFORM_SHEET_ROW_H
#define PLATFORM_SHEET_ROW_H

#include "platform/sheet/sheet.h"

struct row_build {
	char *text;
	size_t len, size;
	struct sheet_cell cell[SHEET_COLUMNS_MAX];
	size_t start[SHEET_COLUMNS_MAX]; /* of each cell in `text` */
	size_t count;
	struct sheet_row row;
};

void row_free(struct row_build *row);
void row_clear(struct row_build *row, int64_t number);

/* A new empty cell at the end. ERR_TOO_LONG: SHEET_COLUMNS_MAX. */
MUST_USE enum err row_cell(struct row_build *row);
/* Adds to the last cell. Beyond SHEET_CELL_MAX the cell is marked CELL_LONG and the rest dropped.
 * ERR_TOO_LONG: SHEET_ROW_MAX. */
MUST_USE enum err row_add(struct row_build *row, const char *text, size_t len);
/* The first fault of a cell stays. */
void row_fault(struct row_build *row, enum sheet_fault fault);
size_t row_cell_len(const struct row_build *row);
/* The text of the last cell, to be changed in place and then shortened to `len`. */
char *row_cell_text(struct row_build *row);
void row_cell_shorten(struct row_build *row, size_t len);

/* Text checked, guards taken off, empty cells at the end dropped. NULL: nothing in this row. */
const struct sheet_row *row_done(struct row_build *row);

#endif
