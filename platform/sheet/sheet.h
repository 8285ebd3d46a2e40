/* Tables of text as people exchange them, CSV (RFC 4180) and XLSX (ECMA-376), read and written row
 * by row in bounded memory:
 *
 *	err = sheet_open(&sheet, &input, &mistake);
 *	while (sheet_next(sheet, &row))
 *		use(row->cell, row->count);
 *	err = sheet_end(sheet, &mistake);
 *
 * What was written comes back exactly: the guard against formulas (guard.h) is put on by the writer
 * and taken off by the reader. Cells are text here; column.h gives them types. */
#ifndef PLATFORM_SHEET_SHEET_H
#define PLATFORM_SHEET_SHEET_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/sheet/fault.h"

#define SHEET_COLUMNS_MAX 128
#define SHEET_CELL_MAX    (128 * 1024) /* bytes; Excel's 32,767 characters fit in any script */
#define SHEET_ROW_MAX     (512 * 1024) /* bytes */
#define SHEET_ROWS_MAX    1048576      /* Excel's own limit, the header included */

enum sheet_format { SHEET_CSV, SHEET_XLSX };

enum sheet_encoding {
	SHEET_ENCODING_AUTO, /* what most lines that are not ASCII are: UTF-8 or GB18030 */
	SHEET_UTF8,
	SHEET_GB18030, /* holds Unicode; GBK, which loses rare names, is never written */
};

struct sheet_cell {
	char *text; /* the reader's; ends with 0 behind `len`, and may hold one when CONTROL */
	size_t len;
	enum sheet_fault fault; /* what the reader found wrong with this cell */
};

struct sheet_row {
	int64_t number; /* from 1, the header and blank rows counted, as a spreadsheet shows it */
	size_t count;   /* up to the last cell that holds something; never 0 */
	struct sheet_cell *cell;
};

/* ---- reading ---- */

struct sheet;

struct sheet_input {
	int fd; /* a regular file; stays the caller's, its position is not used */
	enum sheet_encoding encoding;
	const char *tmp_dir; /* for the shared strings of an XLSX, in a file without a name */
};

/* What the file is, by its content. ERR_BAD_INPUT with a mistake: nothing that can be read. */
MUST_USE enum err sheet_sniff(int fd, enum sheet_format *format, struct sheet_mistake *mistake);

/* ERR_BAD_INPUT with a mistake: not a sheet that can be read at all. */
MUST_USE enum err sheet_open(struct sheet **sheet, const struct sheet_input *input,
                             struct sheet_mistake *mistake);
/* False at the end and on an error. The row lives until the next call. */
bool sheet_next(struct sheet *sheet, const struct sheet_row **row);
/* Closes. ERR_BAD_INPUT with a mistake: the rest of the file could not be read, from this row on. */
MUST_USE enum err sheet_end(struct sheet *sheet, struct sheet_mistake *mistake);

enum sheet_format sheet_format(const struct sheet *sheet);
/* The encoding in use, for a CSV. */
enum sheet_encoding sheet_encoding(const struct sheet *sheet);

/* ---- writing ---- */

struct sheet_writer;

struct sheet_output {
	enum sheet_format format;
	/* CSV: pieces in order; an error ends the writing and comes back from sheet_writer_end. */
	enum err (*write)(void *arg, const void *bytes, size_t len);
	void *arg;
	enum sheet_encoding encoding; /* AUTO is UTF-8, with a byte order mark */
	bool raw;                     /* for machines: no mark, long numbers as they are */
	/* XLSX: a finished file, because an archive has its table of contents at the end. */
	const char *path, *tmp_dir;
	const char *title; /* name of the work sheet */
	int32_t offset_s;  /* civil time of sheet_put_time, east of UTC */
};

MUST_USE enum err sheet_writer_new(struct sheet_writer **writer, const struct sheet_output *output);
/* Cells of the row in order. */
void sheet_put_text(struct sheet_writer *writer, const char *text, size_t len);
/* value / 10^decimals: a real number in XLSX, shown as #,##0.00; plain digits in CSV. */
void sheet_put_number(struct sheet_writer *writer, int64_t value, unsigned decimals);
void sheet_put_date(struct sheet_writer *writer, int64_t days); /* since 1970-01-01 */
void sheet_put_time(struct sheet_writer *writer, int64_t unix_s);
void sheet_put_nothing(struct sheet_writer *writer);
void sheet_row_end(struct sheet_writer *writer);
/* What went wrong so far. */
enum err sheet_writer_error(const struct sheet_writer *writer);
/* Closes without writing what is left: somebody went away. */
void sheet_writer_drop(struct sheet_writer *writer);
/* Writes what is left, and closes. */
MUST_USE enum err sheet_writer_end(struct sheet_writer *writer);

#endif
