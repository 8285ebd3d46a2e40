/* What stands behind db.h: a database of one kind. Only db.c and the files of the kinds
 * (sqlite*.c, postgres*.c) include this. */
#ifndef PLATFORM_STORE_DB_KIND_H
#define PLATFORM_STORE_DB_KIND_H

#include "platform/store/db.h"

#define STATEMENTS 1024 /* statement texts in the platform, with room; a power of two */

struct stmt {
	struct db *db;
	const char *sql;
	void *handle; /* the kind's own; NULL: could not be prepared, `err` says why */
	enum err err;
	int bound, column;
	bool in_use;
	bool owned; /* of stmt_new */
};

#define PATCHES 8 /* in the platform, with room */

/* The arguments of db_patch. */
struct patching {
	const struct db_patch *patch;
	int64_t property_id;
	const int64_t *keys;
	const struct db_value *values;
	size_t count;
	bool dense;
	size_t at; /* SQLite: the row that is changed now */
};

/* The functions are those of db.h; `prepare` fills st->handle or st->err. */
struct db_kind {
	void (*close)(struct db *db);
	enum err (*keep_log)(struct db *db);
	const char *(*error_text)(const struct db *db);
	enum err (*exec)(struct db *db, const char *sql);
	bool (*in_transaction)(const struct db *db);
	int64_t (*changes)(const struct db *db);
	enum err (*data_version)(struct db *db, int64_t *version);
	enum err (*check)(struct db *db);
	enum err (*check_table)(struct db *db, const char *table, const bool *stop);
	enum err (*copy)(struct db *db, const char *path);
	const char *tables; /* names of all tables of the store, in order */

	void (*prepare)(struct stmt *st);
	void (*finalize)(struct stmt *st);
	void (*bind_i64)(struct stmt *st, int64_t value);
	void (*bind_text)(struct stmt *st, const char *text);
	void (*bind_blob)(struct stmt *st, const void *data, size_t len);
	void (*bind_null)(struct stmt *st);
	bool (*row)(struct stmt *st);
	int (*columns)(struct stmt *st);
	enum db_type (*type)(struct stmt *st, int column);
	int64_t (*col_i64)(struct stmt *st, int column);
	const char *(*col_text)(struct stmt *st, int column); /* NULL for NULL */
	const void *(*col_blob)(struct stmt *st, int column, size_t *len);
	void (*reset)(struct stmt *st);

	/* The text of a patch, to be freed; and its run, with the statement of that text. */
	char *(*patch_text)(const struct db_patch *patch);
	enum err (*patch)(struct stmt *st, const struct patching *patching);
};

struct tidy;

struct db {
	const struct db_kind *kind;
	void *handle; /* sqlite3, or struct postgres */
	char path[512];
	struct stmt cache[STATEMENTS];

	struct {
		const struct db_patch *patch;
		char *sql;
	} patches[PATCHES];

	bool begun;                /* of SQLite: a transaction that nobody has ended yet */
	struct patching *patching; /* of SQLite: what runs now */
	struct tidy *tidy;         /* of SQLite: who empties the log; NULL: SQLite itself */
	int tidy_at;               /* frames of the log with which it is asked next */
	int64_t fail_in;           /* statements until one fails; 0: none does */
	bool failed;               /* it did */
};

extern const struct db_kind db_sqlite, db_postgres;

/* Fill db->handle; db->path names it. On an error db_close is still due. */
MUST_USE enum err sqlite_open(struct db *db, enum db_mode mode);
MUST_USE enum err postgres_open(struct db *db, enum db_mode mode);

#endif
