/* CSV for Excel in Chinese offices: UTF-8 with a byte order mark or GB18030, CRLF, quotes where they
 * are needed. */
#ifndef PLATFORM_SHEET_CSV_OUT_H
#define PLATFORM_SHEET_CSV_OUT_H

#include "platform/sheet/text.h"

#define CSV_OUT_CHUNK 32768

struct csv_out {
	struct sheet_output to;
	struct text_out text;
	enum err err;
	bool in_row; /* a cell stands before the next one */
	bool blank;  /* the row has one cell so far, and that one is empty */
	size_t len;
	char buffer[CSV_OUT_CHUNK];
	char converted[2 * CSV_OUT_CHUNK];
};

MUST_USE enum err csv_out_open(struct csv_out *csv, const struct sheet_output *to);
/* `guarded`: a text of people, not a number or date of ours. */
void csv_out_cell(struct csv_out *csv, const char *text, size_t len, bool guarded);
void csv_out_row_end(struct csv_out *csv);
MUST_USE enum err csv_out_close(struct csv_out *csv);

#endif
