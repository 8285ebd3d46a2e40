/* SQLite behind db.h. Only the sqlite*.c files of this folder know <sqlite3.h>. */
#include "platform/store/sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
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

enum err db_exec(struct db *db, const char *sql)
{
	return db_note(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL), sql);
}

static enum err configure(struct db *db, enum db_mode mode)
{
	char sql[160];
	enum err err;

	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_WAIT_MS);
	if (mode == DB_READ)
		return db_exec(db, "PRAGMA query_only=1; PRAGMA cache_size=-4096");
	if (mode == DB_SCRATCH)
		return db_exec(db, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
		                   " PRAGMA cache_size=-16384");
	snprintf(sql, sizeof sql, "PRAGMA wal_autocheckpoint=%d; PRAGMA cache_size=-16384",
	         CHECKPOINT_PAGES);
	err = db_exec(db, "PRAGMA journal_mode=WAL");
	if (!err)
		err = db_exec(db, "PRAGMA synchronous=FULL");
	if (!err) /* what is erased is overwritten, however the library was built */
		err = db_exec(db, "PRAGMA secure_delete=ON");
	return err ? err : db_exec(db, sql);
}

enum err db_open(struct db **out, const char *path, enum db_mode mode)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	struct db *db;
	enum err err;
	int code;

	*out = NULL;
	db = calloc(1, sizeof *db);
	if (!db)
		return ERR_NOMEM;
	snprintf(db->path, sizeof db->path, "%s", path);
	/* A reader opens read-write too: only so can it read behind a killed writer's log. Its
	 * connection refuses writes by query_only. */
	if (mode != DB_READ)
		flags |= SQLITE_OPEN_CREATE;
	code = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (!db->handle) {
		free(db);
		return ERR_NOMEM;
	}
	err = code == SQLITE_CANTOPEN ? ERR_NOT_FOUND : db_note(db, code, "open");
	if (!err)
		err = configure(db, mode);
	if (err) {
		db_close(db);
		return err;
	}
	*out = db;
	return ERR_NONE;
}

enum err db_keep_log(struct db *db)
{
	return db_exec(db, "PRAGMA wal_autocheckpoint=0");
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->cache[i].handle);
	sqlite3_close(db->handle);
	free(db);
}

const char *db_error_text(const struct db *db)
{
	return sqlite3_errmsg(db->handle);
}

bool db_in_transaction(const struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

enum err db_data_version(struct db *db, int64_t *version)
{
	struct stmt *st = db_query(db, "PRAGMA data_version");
	bool row = stmt_row(st);

	*version = row ? col_i64(st) : 0;
	return stmt_end_one(st, row);
}

enum err db_check(struct db *db)
{
	struct stmt *st = db_query(db, "PRAGMA quick_check(1)");
	bool good = stmt_row(st) && strcmp(col_text(st), "ok") == 0;
	enum err err = stmt_end(st);

	return err ? err : good ? ERR_NONE : ERR_DAMAGED;
}

enum err db_table_names(struct db *db, void (*each)(void *arg, const char *table), void *arg)
{
	struct stmt *st = db_query(db, "SELECT name FROM sqlite_master WHERE type='table'"
	                               " AND name NOT LIKE 'sqlite_%' ORDER BY name");

	while (stmt_row(st))
		each(arg, col_text(st));
	return stmt_end(st);
}

static int is_to_stop(void *arg)
{
	return __atomic_load_n((const bool *)arg, __ATOMIC_RELAXED);
}

enum err db_check_table(struct db *db, const char *table, const bool *stop)
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

int64_t db_changes(const struct db *db)
{
	return sqlite3_changes(db->handle);
}

/* The text's address is the key: texts are string literals, so the look-up is one comparison. */
static struct stmt *slot_of(struct db *db, const char *sql)
{
	size_t i = ((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 55;

	for (size_t n = 0; n < STATEMENTS; n++, i = (i + 1) % STATEMENTS)
		if (!db->cache[i].sql || db->cache[i].sql == sql)
			return &db->cache[i];
	abort(); /* more statement texts than STATEMENTS: raise it */
}

struct stmt *db_query(struct db *db, const char *sql)
{
	struct stmt *st = slot_of(db, sql);

	assert(!st->in_use);
	st->in_use = true;
	st->bound = 0;
	st->err = ERR_NONE;
	if (!st->handle) {
		int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
		                              &st->handle, NULL);

		st->db = db;
		st->sql = sql;
		st->err = db_note(db, code, sql);
	}
	return st;
}

static void bound(struct stmt *st, int code)
{
	if (!st->err)
		st->err = db_note(st->db, code, st->sql);
}

void bind_i64(struct stmt *st, int64_t value)
{
	bound(st, sqlite3_bind_int64(st->handle, ++st->bound, value));
}

void bind_text(struct stmt *st, const char *text)
{
	bound(st, sqlite3_bind_text(st->handle, ++st->bound, text, -1, SQLITE_STATIC));
}

void bind_blob(struct stmt *st, const void *data, size_t len)
{
	assert(len <= INT32_MAX);
	/* An empty blob needs an address, or it would become NULL. */
	bound(st,
	      sqlite3_bind_blob(st->handle, ++st->bound, len ? data : "", (int)len, SQLITE_STATIC));
}

void bind_null(struct stmt *st)
{
	bound(st, sqlite3_bind_null(st->handle, ++st->bound));
}

bool stmt_row(struct stmt *st)
{
	int code;

	if (st->err)
		return false;
	assert(st->bound == sqlite3_bind_parameter_count(st->handle));
	st->column = 0;
	code = sqlite3_step(st->handle);
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		st->err = db_note(st->db, code, st->sql);
	return false;
}

int64_t col_i64(struct stmt *st)
{
	return sqlite3_column_int64(st->handle, st->column++);
}

const char *col_text(struct stmt *st)
{
	const char *text = (const char *)sqlite3_column_text(st->handle, st->column++);

	return text ? text : "";
}

void col_text_to(struct stmt *st, char *to, size_t size)
{
	snprintf(to, size, "%s", col_text(st));
}

const void *col_blob(struct stmt *st, size_t *len)
{
	const void *data = sqlite3_column_blob(st->handle, st->column);

	*len = (size_t)sqlite3_column_bytes(st->handle, st->column++);
	return data;
}

bool col_blob_to(struct stmt *st, void *to, size_t len)
{
	size_t found;
	const void *data = col_blob(st, &found);

	if (!data || found != len)
		return false;
	memcpy(to, data, len);
	return true;
}

bool col_is_null(struct stmt *st)
{
	return sqlite3_column_type(st->handle, st->column) == SQLITE_NULL;
}

enum err stmt_end(struct stmt *st)
{
	assert(st->in_use);
	st->in_use = false;
	if (st->handle) {
		sqlite3_reset(st->handle);
		sqlite3_clear_bindings(st->handle);
	}
	return st->err;
}

enum err stmt_run(struct stmt *st)
{
	while (stmt_row(st))
		;
	return stmt_end(st);
}

enum err stmt_end_one(struct stmt *st, bool had_row)
{
	enum err err = stmt_end(st);

	return err ? err : had_row ? ERR_NONE : ERR_NOT_FOUND;
}

enum err stmt_run_one(struct stmt *st)
{
	struct db *db = st->db;
	enum err err = stmt_run(st);

	return err ? err : db_changes(db) == 1 ? ERR_NONE : ERR_CONFLICT;
}
