/* One table as a database file of its own, for people who take data away: rows go in once and in order,
 * and the file is then copied out as it is. Not a part of the store: nothing is synced. */
#ifndef PLATFORM_STORE_TABLE_FILE_H
#define PLATFORM_STORE_TABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define TABLE_COLUMNS_MAX 32

struct table_column {
	const char *name; /* lower-case words, without quotes */
	bool text;        /* else a whole number */
};

struct table_file;

/* Makes `path`, which must not exist, with the table and one called `about` (table_file_about). */
MUST_USE enum err table_file_new(struct table_file **file, const char *path, const char *table,
                                 const struct table_column *columns, size_t count);
/* Rows between these two are one transaction. */
MUST_USE enum err table_file_begin(struct table_file *file);
MUST_USE enum err table_file_commit(struct table_file *file);

/* Cells of the row in order; then its end. */
void table_put_number(struct table_file *file, int64_t value);
void table_put_text(struct table_file *file, const char *text);
void table_put_nothing(struct table_file *file);
/* ERR_TOO_LONG: more than 4 KB of texts. */
MUST_USE enum err table_row_end(struct table_file *file);

/* A line of `about`: what the file is. */
MUST_USE enum err table_file_about(struct table_file *file, const char *name, const char *value);
/* Closes; NULL: nothing. The file stays. */
void table_file_close(struct table_file *file);

#endif
