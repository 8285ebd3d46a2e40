/* CSV as RFC 4180 has it, read in pieces. CR, LF and CRLF end a row. A quote inside an unquoted
 * cell is text, as spreadsheets take it; text behind a closing quote is a fault of that cell. */
#ifndef PLATFORM_SHEET_CSV_IN_H
#define PLATFORM_SHEET_CSV_IN_H

#include "platform/sheet/row.h"
#include "platform/sheet/text.h"

struct csv_in {
	struct text_in text;
	const char *at;
	size_t left;
	struct row_build row;
	int64_t number; /* of the row under construction */

	enum csv_state {
		CSV_ROW_START,
		CSV_CELL_START,
		CSV_PLAIN,
		CSV_QUOTED,
		CSV_QUOTE, /* a quote inside quotes: the end, or the first of two */
		CSV_TAIL,  /* behind the closing quote */
	} state;

	bool after_cr;     /* the LF of a CRLF belongs to the row before */
	int64_t quote_row; /* where the open quote stands */
	int quote_column;
};

MUST_USE enum err csv_open(struct csv_in *csv, int fd, enum sheet_encoding *encoding);
/* *row NULL at the end. ERR_BAD_INPUT with a mistake. */
MUST_USE enum err csv_next(struct csv_in *csv, const struct sheet_row **row,
                           struct sheet_mistake *mistake);
void csv_close(struct csv_in *csv);

#endif
