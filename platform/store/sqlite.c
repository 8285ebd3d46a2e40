/* SQLite behind db.h. Only the sqlite*.c files of this folder know <sqlite3.h>. */
#include "platform/store/sqlite.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "platform/store/log.h"

#define CHECK_OPS        10000 /* of SQLite's machine, some milliseconds */
#define BUSY_WAIT_MS     5000
#define CHECKPOINT_PAGES 4000 /* 16 MB of write-ahead log */

static enum err err_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_NONE;
	case SQLITE_FULL:
		return ERR_DISK_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CONSTRAINT:
		return ERR_DUP;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGED;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return ERR_FORBIDDEN;
	}
	return ERR_IO;
}

enum err db_note(const struct db *db, int code, const char *what)
{
	enum err err = err_of(code);

	/* A key that exists is an answer, not a failure; a full disk is logged by who handles it,
	 * once, instead of for each statement. */
	if (err && err != ERR_DUP && err != ERR_DISK_FULL && err != ERR_BUSY)
		log_warn("store %s: %s (%s)", db->path, sqlite3_errmsg(db->handle), what);
	return err;
}

/* Edges of transactions: asked for with each step, so they are kept prepared like any query. */
static bool is_edge(const char *sql)
{
	static const char *const words[] = {"BEGIN", "COMMIT", "SAVEPOINT ", "RELEASE "};

	if (strchr(sql, ';'))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(sql, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* A full disk, an I/O error or want of memory in a statement may make SQLite undo the whole transaction by
 * itself. It would then commit each further statement on its own, and what stands in a savepoint with its
 * RELEASE; so all is refused until who began the transaction ends it, as PostgreSQL does it. */
static bool has_vanished(const struct db *db)
{
	return db->begun && sqlite3_get_autocommit(db->handle);
}

static enum err exec(struct db *db, const char *sql)
{
	bool undoes = strcmp(sql, "ROLLBACK") == 0, ends = undoes || strcmp(sql, "COMMIT") == 0;
	enum err err;

	if (has_vanished(db)) {
		db->begun = !ends;
		return undoes ? ERR_NONE : ERR_IO;
	}
	if (is_edge(sql))
		err = stmt_run(db_query(db, sql));
	else
		err = db_note(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL), sql);
	if (ends || !err) /* what went well has not lost it, but may have begun or ended it */
		db->begun = !sqlite3_get_autocommit(db->handle);
	return err;
}

static enum err configure(struct db *db, enum db_mode mode)
{
	char sql[160];
	enum err err;

	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_WAIT_MS);
	if (mode == DB_READ)
		return exec(db, "PRAGMA query_only=1; PRAGMA cache_size=-4096");
	if (mode == DB_SCRATCH)
		return exec(db, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
		                " PRAGMA cache_size=-16384");
	snprintf(sql, sizeof sql, "PRAGMA wal_autocheckpoint=%d; PRAGMA cache_size=-16384",
	         CHECKPOINT_PAGES);
	err = exec(db, "PRAGMA journal_mode=WAL");
	if (!err)
		err = exec(db, "PRAGMA synchronous=FULL");
	if (!err) /* what is erased is overwritten, however the library was built */
		err = exec(db, "PRAGMA secure_delete=ON");
	return err ? err : exec(db, sql);
}

/* SQLite's own count of its memory takes a lock of the whole process at each malloc and free; nobody asks
 * for it. */
static void setup(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void sqlite_setup(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, setup);
}

enum err sqlite_open(struct db *db, enum db_mode mode)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *handle = NULL;
	enum err err;
	int code;

	/* A reader opens read-write too: only so can it read behind a killed writer's log. Its
	 * connection refuses writes by query_only. */
	if (mode != DB_READ)
		flags |= SQLITE_OPEN_CREATE;
	sqlite_setup();
	code = sqlite3_open_v2(db->path, &handle, flags, NULL);
	if (!handle)
		return ERR_NOMEM;
	db->handle = handle;
	err = code == SQLITE_CANTOPEN ? ERR_NOT_FOUND : db_note(db, code, "open");
	if (!err)
		err = sqlite_patch_begin(db);
	return err ? err : configure(db, mode);
}

static enum err keep_log(struct db *db)
{
	return exec(db, "PRAGMA wal_autocheckpoint=0");
}

static void close_handle(struct db *db)
{
	sqlite3_close(db->handle);
}

static const char *error_text(const struct db *db)
{
	return sqlite3_errmsg(db->handle);
}

static bool in_transaction(const struct db *db)
{
	return db->begun || !sqlite3_get_autocommit(db->handle);
}

static enum err data_version(struct db *db, int64_t *version)
{
	struct stmt *st = db_query(db, "PRAGMA data_version");
	bool row = stmt_row(st);

	*version = row ? col_i64(st) : 0;
	return stmt_end_one(st, row);
}

static enum err check(struct db *db)
{
	struct stmt *st = db_query(db, "PRAGMA quick_check(1)");
	bool good = stmt_row(st) && strcmp(col_text(st), "ok") == 0;
	enum err err = stmt_end(st);

	return err ? err : good ? ERR_NONE : ERR_DAMAGED;
}

static int is_to_stop(void *arg)
{
	return __atomic_load_n((const bool *)arg, __ATOMIC_RELAXED);
}

static enum err check_table(struct db *db, const char *table, const bool *stop)
{
	sqlite3_stmt *st = NULL;
	char sql[160];
	bool good;
	int code;

	snprintf(sql, sizeof sql, "PRAGMA quick_check('%s')", table);
	code = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL);
	sqlite3_progress_handler(db->handle, CHECK_OPS, is_to_stop, (void *)(uintptr_t)stop);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	good = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	sqlite3_progress_handler(db->handle, 0, NULL, NULL);
	sqlite3_finalize(st);
	if (code == SQLITE_INTERRUPT || is_to_stop((void *)(uintptr_t)stop))
		return ERR_NONE;
	if (code != SQLITE_ROW)
		return db_note(db, code, sql);
	return good ? ERR_NONE : ERR_DAMAGED;
}

static int64_t changes(const struct db *db)
{
	return sqlite3_changes(db->handle);
}

static void prepare(struct stmt *st)
{
	sqlite3_stmt *handle = NULL;
	int code = sqlite3_prepare_v3(st->db->handle, st->sql, -1, SQLITE_PREPARE_PERSISTENT,
	                              &handle, NULL);

	st->handle = handle;
	st->err = db_note(st->db, code, st->sql);
}

static void finalize(struct stmt *st)
{
	sqlite3_finalize(st->handle);
}

static void bound(struct stmt *st, int code)
{
	if (code != SQLITE_OK && !st->err)
		st->err = db_note(st->db, code, st->sql);
}

static void put_i64(struct stmt *st, int64_t value)
{
	bound(st, sqlite3_bind_int64(st->handle, ++st->bound, value));
}

static void put_text(struct stmt *st, const char *text)
{
	bound(st, sqlite3_bind_text(st->handle, ++st->bound, text, -1, SQLITE_STATIC));
}

static void put_blob(struct stmt *st, const void *data, size_t len)
{
	/* An empty blob needs an address, or it would become NULL. */
	bound(st,
	      sqlite3_bind_blob(st->handle, ++st->bound, len ? data : "", (int)len, SQLITE_STATIC));
}

static void put_null(struct stmt *st)
{
	bound(st, sqlite3_bind_null(st->handle, ++st->bound));
}

static bool row(struct stmt *st)
{
	int code;

	assert(st->bound == sqlite3_bind_parameter_count(st->handle));
	if (has_vanished(st->db)) {
		st->err = ERR_IO;
		return false;
	}
	code = sqlite3_step(st->handle);
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		st->err = db_note(st->db, code, st->sql);
	return false;
}

static int columns(struct stmt *st)
{
	return sqlite3_column_count(st->handle);
}

static enum db_type type(struct stmt *st, int column)
{
	switch (sqlite3_column_type(st->handle, column)) {
	case SQLITE_NULL:
		return DB_NULL;
	case SQLITE_TEXT:
		return DB_TEXT;
	case SQLITE_BLOB:
		return DB_BLOB;
	}
	return DB_NUMBER;
}

static int64_t get_i64(struct stmt *st, int column)
{
	return sqlite3_column_int64(st->handle, column);
}

static const char *get_text(struct stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st->handle, column);
}

static const void *get_blob(struct stmt *st, int column, size_t *len)
{
	const void *data = sqlite3_column_blob(st->handle, column);

	*len = (size_t)sqlite3_column_bytes(st->handle, column);
	return data;
}

/* What was bound stays until the next use binds all of it again; nothing reads it meanwhile. */
static void reset(struct stmt *st)
{
	sqlite3_reset(st->handle);
}

const struct db_kind db_sqlite = {
        .close = close_handle,
        .keep_log = keep_log,
        .error_text = error_text,
        .exec = exec,
        .in_transaction = in_transaction,
        .changes = changes,
        .data_version = data_version,
        .check = check,
        .check_table = check_table,
        .copy = sqlite_copy,
        .tables = "SELECT name FROM sqlite_master WHERE type='table'"
                  " AND name NOT LIKE 'sqlite_%' ORDER BY name",
        .prepare = prepare,
        .finalize = finalize,
        .bind_i64 = put_i64,
        .bind_text = put_text,
        .bind_blob = put_blob,
        .bind_null = put_null,
        .row = row,
        .columns = columns,
        .type = type,
        .col_i64 = get_i64,
        .col_text = get_text,
        .col_blob = get_blob,
        .reset = reset,
        .patch_text = sqlite_patch_text,
        .patch = sqlite_patch,
};
