/* The columns of a kind of sheet, described once: import, export, template and documentation all
 * use the same table. */
#ifndef PLATFORM_SHEET_COLUMN_H
#define PLATFORM_SHEET_COLUMN_H

#include "platform/sheet/sheet.h"

enum sheet_type {
	SHEET_TEXT,   /* printable, `min` to `max` characters, less than `size` bytes */
	SHEET_DIGITS, /* the same of 0 to 9: numbers that are names (meter, phone) */
	SHEET_NUMBER, /* `min` to `max` in units of the last of `decimals` */
	SHEET_DATE,   /* days since 1970-01-01 */
	SHEET_TIME,   /* Unix seconds */
	SHEET_WORD,   /* index in `words` */
	SHEET_BOOL,
};

enum sheet_flag {
	SHEET_REQUIRED = 1,  /* column and each cell */
	SHEET_READ_ONLY = 2, /* in exports; an import takes no notice of it */
	SHEET_LINES = 4,     /* a text of several lines */
	SHEET_SECRET = 8,    /* never shown again, also not in an error list */
};

struct sheet_word {
	const char *word, *zh, *en;
};

struct sheet_column {
	const char *key, *zh, *en;
	enum sheet_type type;
	unsigned flags; /* of enum sheet_flag */
	int64_t min, max;
	size_t size;                    /* TEXT, DIGITS: where it is kept; 0: only `max` counts */
	unsigned decimals;              /* NUMBER */
	const struct sheet_word *words; /* WORD: up to one without `word` */
	const char *help_zh, *help_en;  /* NULL: the header says it all */
};

struct sheet_value {
	bool column_there; /* the sheet has the column: an empty cell means empty, not "as before" */
	bool given;        /* the cell holds something */
	int64_t number;    /* NUMBER, DATE, TIME, WORD, BOOL */
	const char *text; /* TEXT, DIGITS: ends with 0; lives as long as the row; "" if not given */
	size_t len;
};

typedef void (*sheet_report_fn)(void *arg, const struct sheet_mistake *mistake);

struct sheet_header {
	const struct sheet_column *columns;
	size_t count;
	int32_t offset_s; /* civil time of TIME cells, east of UTC */
	size_t width;     /* of the header row */
	int place
	        [SHEET_COLUMNS_MAX]; /* of each of our columns in the sheet, from 1; 0: not there */
	int our[SHEET_COLUMNS_MAX + 1]; /* our column at each place, or -1 */
};

/* Finds the columns by key, Chinese or English header, in any order. False when something was
 * reported. */
bool sheet_header_match(struct sheet_header *header, const struct sheet_column *columns,
                        size_t count, const struct sheet_row *row, sheet_report_fn report,
                        void *arg);
/* One value per column. False when something was reported. */
bool sheet_row_parse(const struct sheet_header *header, const struct sheet_row *row,
                     struct sheet_value *values, sheet_report_fn report, void *arg);

const char *sheet_column_title(const struct sheet_column *column, enum sheet_lang lang);
/* The words of a WORD column in one line: "预付费 / 后付费". */
void sheet_column_words(const struct sheet_column *column, enum sheet_lang lang, char *text,
                        size_t size);

void sheet_put_header(struct sheet_writer *writer, const struct sheet_column *columns, size_t count,
                      enum sheet_lang lang);
void sheet_put_value(struct sheet_writer *writer, const struct sheet_column *column,
                     const struct sheet_value *value, enum sheet_lang lang);

#endif
