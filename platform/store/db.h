/* A connection to one database, and the few words in which all SQL of the platform is run:
 *
 *	struct stmt *st = db_query(db, "SELECT name FROM meter WHERE property_id=? AND meter=?");
 *
 *	bind_i64(st, property_id);
 *	bind_i64(st, meter);
 *	while (stmt_row(st))
 *		use(col_text(st));
 *	return stmt_end(st);
 *
 * Values are bound and columns are read in order. An error anywhere (bad SQL, full disk) makes
 * stmt_row say false and stmt_end return it, so call sites have one place to look. SQL keeps to the
 * common subset of SQLite and PostgreSQL (docs/design/store.md); what each kind makes of it stands
 * in docs/design/postgres.md. A connection belongs to one thread at a time. */
#ifndef PLATFORM_STORE_DB_H
#define PLATFORM_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct db;
struct stmt;

enum db_mode {
	DB_READ,  /* snapshots for lists and reports; never waits for the writer */
	DB_WRITE, /* creates the file when it is missing; WAL, every commit synced */
	/* Creates; nothing is synced and the journal is in memory: for files that are thrown away. */
	DB_SCRATCH,
};

/* `path`: of a file (SQLite), or the URL of a PostgreSQL database (db_is_url), which must exist. */
MUST_USE enum err db_open(struct db **db, const char *path, enum db_mode mode);
void db_close(struct db *db);
bool db_is_url(const char *path);
/* ERR_BAD_INPUT, with the reason in English and Chinese: not a URL of PostgreSQL, or one with a
 * password, which would go where the settings go. */
MUST_USE enum err db_url_check(const char *url, char *why, size_t why_size);
/* SQLite: a file that can be copied, followed and looked through. */
bool db_is_file(const struct db *db);

/* Never empty the write-ahead log from this connection: the continuous copy reads it, and is the
 * one that empties it (platform/store/changes.h). */
MUST_USE enum err db_keep_log(struct db *db);

/* Text of the last failure on this connection, for the log. */
const char *db_error_text(const struct db *db);

/* Statements without parameters; a text that begins or ends a transaction or savepoint lives as long
 * as the connection. Transactions begin by one of two words, alone in their text:
 * "BEGIN IMMEDIATE" writes, and nobody else writes beside it; "BEGIN" reads, and all its queries
 * see one state. They end by "COMMIT" or "ROLLBACK", also one that the database has undone by itself on failing
 * ground: until then db_in_transaction says true and everything but ROLLBACK fails.
 * PostgreSQL: ERR_CLOSED, the connection is lost and the transaction undone; a later BEGIN connects
 * again. ERR_BUSY: the transaction has to be run again from its start. ERR_REFUSED at the
 * beginning of one that writes: another process took the store over (platform/store/worker.h). */
MUST_USE enum err db_exec(struct db *db, const char *sql);
bool db_in_transaction(const struct db *db);

/* Changes with each commit of any other connection: how a cache notices the CLI. */
MUST_USE enum err db_data_version(struct db *db, int64_t *version);

/* Whole-file check: pages, indexes, checks. Slow on large files. `ERR_DAMAGED` names it in log. */
MUST_USE enum err db_check(struct db *db);

/* The same table by table, for a check beside other work; `stop` (atomic) ends it early with
 * ERR_NONE. */
MUST_USE enum err db_table_names(struct db *db, void (*each)(void *arg, const char *table),
                                 void *arg);
MUST_USE enum err db_check_table(struct db *db, const char *table, const bool *stop);

/* The state of this moment as one new file without a log beside it, synced. Writers go on
 * meanwhile. ERR_DUP: `path` exists. */
MUST_USE enum err db_copy(struct db *db, const char *path);

MUST_USE enum err db_has_table(struct db *db, const char *table, bool *has);

/* Every table and its number of rows, by name. */
MUST_USE enum err db_tables(struct db *db, void (*each)(void *arg, const char *table, int64_t rows),
                            void *arg);

/* A statement, prepared once per connection and text: `sql` must be a string that lives as long as
 * the connection. One use at a time: end it before the same text is queried again. Each "?" is bound in order;
 * "?1" in it is the first one again. */
struct stmt *db_query(struct db *db, const char *sql);

/* For a text made at run time: a statement of the caller's own, not kept. NULL: no memory.
 * stmt_again begins its next use after stmt_end. While the rows of a SELECT of this sort are read,
 * nothing else may be asked of the connection: PostgreSQL sends them one by one. */
struct stmt *stmt_new(struct db *db, const char *sql);
struct stmt *stmt_again(struct stmt *st);
void stmt_free(struct stmt *st);

void bind_i64(struct stmt *st, int64_t value);
void bind_text(struct stmt *st, const char *text); /* NULL binds NULL */
void bind_blob(struct stmt *st, const void *data, size_t len);
void bind_null(struct stmt *st);

/* True while there is a row; its columns are then read in order. */
bool stmt_row(struct stmt *st);
int64_t col_i64(struct stmt *st);
/* Valid until the next stmt_row or stmt_end; "" for NULL. */
const char *col_text(struct stmt *st);
void col_text_to(struct stmt *st, char *to, size_t size);
const void *col_blob(struct stmt *st, size_t *len);
/* True and filled when the column is a blob of exactly `len` bytes. */
bool col_blob_to(struct stmt *st, void *to, size_t len);
bool col_is_null(struct stmt *st); /* looks at the next column without taking it */

enum db_type { DB_NULL, DB_NUMBER, DB_TEXT, DB_BLOB };
enum db_type col_type(struct stmt *st); /* the same */
int stmt_columns(struct stmt *st);      /* of a row that was read */

/* End of the statement and its error: ERR_NONE, ERR_DUP for a key that exists, ERR_DISK_FULL, ... */
MUST_USE enum err stmt_end(struct stmt *st);
/* Run to the end where no rows are wanted. */
MUST_USE enum err stmt_run(struct stmt *st);
/* The same for one wanted row that is all read: ERR_NOT_FOUND when there was none. */
MUST_USE enum err stmt_end_one(struct stmt *st, bool had_row);

/* The same for a change of one row that must be there: ERR_CONFLICT when it was not (an UPDATE that
 * names the version it was read with, and somebody else was faster). */
MUST_USE enum err stmt_run_one(struct stmt *st);

/* For tests: the nth statement from now on (1: the next) fails with ERR_IO before it does anything, as on a
 * broken disk; 0: none. */
void db_fail_nth(struct db *db, int64_t nth);
bool db_has_failed(const struct db *db); /* it was reached */

/* ---- many rows at once ---- */

#define PATCH_COLUMNS_MAX 16

/* Columns of rows of one property that are found by a number. The texts live as long as the connection. */
struct db_patch {
	const char *table, *key;
	const char *where; /* more that holds for all of them, " AND account=1"; NULL: nothing */
	const char *const *columns;
	size_t width;   /* <= PATCH_COLUMNS_MAX */
	uint32_t blobs; /* bit i: the i-th column is one of blobs */
};

struct db_value {
	const uint8_t *blob; /* of a column of blobs */
	int64_t number;      /* or the blob's length */
};

/* Sets the columns of `count` rows with these keys, ascending, each once; the values row by row. A row that
 * is not there: ERR_CONFLICT, and the transaction must be undone. `dense`: few other rows of the table lie
 * between them, so that SQLite may walk over all (docs/design/postgres.md has the other way). */
MUST_USE enum err db_patch(struct db *db, const struct db_patch *patch, int64_t property_id,
                           const int64_t *keys, const struct db_value *values, size_t count,
                           bool dense);

/* Rows changed by the last statement of this connection. */
int64_t db_changes(const struct db *db);

#endif
