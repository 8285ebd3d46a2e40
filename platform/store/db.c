/* What is the same for both kinds of database: the cache of statements, the order of columns, and
 * the ends of a statement. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/db_kind.h"

bool db_is_url(const char *path)
{
	return strncmp(path, "postgresql://", 13) == 0 || strncmp(path, "postgres://", 11) == 0;
}

enum err db_open(struct db **out, const char *path, enum db_mode mode)
{
	struct db *db = calloc(1, sizeof *db);
	enum err err = ERR_TOO_LONG;

	*out = NULL;
	if (!db)
		return ERR_NOMEM;
	db->kind = db_is_url(path) ? &db_postgres : &db_sqlite;
	if (snprintf(db->path, sizeof db->path, "%s", path) < (int)sizeof db->path)
		err = db->kind == &db_postgres ? postgres_open(db, mode) : sqlite_open(db, mode);
	if (err)
		db_close(db);
	else
		*out = db;
	return err;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		if (db->cache[i].handle)
			db->kind->finalize(&db->cache[i]);
	db->kind->close(db);
	for (int i = 0; i < PATCHES; i++)
		free(db->patches[i].sql);
	free(db);
}

bool db_is_file(const struct db *db)
{
	return db->kind == &db_sqlite;
}

enum err db_keep_log(struct db *db)
{
	return db->kind->keep_log(db);
}

const char *db_error_text(const struct db *db)
{
	return db->kind->error_text(db);
}

/* Is this the one that was to fail? */
static bool fails(struct db *db)
{
	if (!db->fail_in || --db->fail_in)
		return false;
	db->failed = true;
	return true;
}

enum err db_exec(struct db *db, const char *sql)
{
	return fails(db) ? ERR_IO : db->kind->exec(db, sql);
}

bool db_in_transaction(const struct db *db)
{
	return db->kind->in_transaction(db);
}

int64_t db_changes(const struct db *db)
{
	return db->kind->changes(db);
}

enum err db_data_version(struct db *db, int64_t *version)
{
	return db->kind->data_version(db, version);
}

enum err db_check(struct db *db)
{
	return db->kind->check(db);
}

enum err db_check_table(struct db *db, const char *table, const bool *stop)
{
	return db->kind->check_table(db, table, stop);
}

enum err db_copy(struct db *db, const char *path)
{
	return db->kind->copy(db, path);
}

/* ---- tables ---- */

enum err db_table_names(struct db *db, void (*each)(void *arg, const char *table), void *arg)
{
	struct stmt *st = db_query(db, db->kind->tables);

	while (stmt_row(st))
		each(arg, col_text(st));
	return stmt_end(st);
}

struct search {
	const char *table;
	bool found;
};

static void compare(void *arg, const char *table)
{
	struct search *search = arg;

	search->found |= strcmp(table, search->table) == 0;
}

enum err db_has_table(struct db *db, const char *table, bool *has)
{
	struct search search = {.table = table};
	enum err err = db_table_names(db, compare, &search);

	*has = search.found;
	return err;
}

static enum err count_rows(struct db *db, const char *table, int64_t *rows)
{
	char sql[160];
	struct stmt *st;
	bool row;
	enum err err;

	*rows = 0;
	snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", table);
	st = stmt_new(db, sql);
	if (!st)
		return ERR_NOMEM;
	row = stmt_row(st);
	if (row)
		*rows = col_i64(st);
	err = stmt_end_one(st, row);
	stmt_free(st);
	return err;
}

enum err db_tables(struct db *db, void (*each)(void *arg, const char *table, int64_t rows),
                   void *arg)
{
	struct stmt *st = db_query(db, db->kind->tables);
	enum err err = ERR_NONE, end;

	while (!err && stmt_row(st)) {
		const char *table = col_text(st);
		int64_t rows;

		err = count_rows(db, table, &rows);
		if (!err)
			each(arg, table, rows);
	}
	end = stmt_end(st);
	return err ? err : end;
}

/* ---- statements ---- */

/* The text's address is the key: texts are string literals, so the look-up is one comparison. */
static struct stmt *slot_of(struct db *db, const char *sql)
{
	size_t i = ((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 54;

	for (size_t n = 0; n < STATEMENTS; n++, i = (i + 1) % STATEMENTS)
		if (!db->cache[i].sql || db->cache[i].sql == sql)
			return &db->cache[i];
	abort(); /* more statement texts than STATEMENTS: raise it */
}

static void begin(struct stmt *st)
{
	assert(!st->in_use);
	st->in_use = true;
	st->bound = st->column = 0;
	st->err = ERR_NONE;
	if (!st->handle)
		st->db->kind->prepare(st);
	if (fails(st->db))
		st->err = ERR_IO;
}

void db_fail_nth(struct db *db, int64_t nth)
{
	db->fail_in = nth;
	db->failed = false;
}

bool db_has_failed(const struct db *db)
{
	return db->failed;
}

struct stmt *db_query(struct db *db, const char *sql)
{
	struct stmt *st = slot_of(db, sql);

	st->db = db;
	st->sql = sql;
	begin(st);
	return st;
}

struct stmt *stmt_new(struct db *db, const char *sql)
{
	size_t size = strlen(sql) + 1;
	struct stmt *st = calloc(1, sizeof *st + size);

	if (!st)
		return NULL;
	st->sql = memcpy(st + 1, sql, size);
	st->db = db;
	st->owned = true;
	begin(st);
	return st;
}

struct stmt *stmt_again(struct stmt *st)
{
	begin(st);
	return st;
}

void stmt_free(struct stmt *st)
{
	if (!st)
		return;
	assert(st->owned && !st->in_use);
	if (st->handle)
		st->db->kind->finalize(st);
	free(st);
}

void bind_i64(struct stmt *st, int64_t value)
{
	st->db->kind->bind_i64(st, value);
}

void bind_text(struct stmt *st, const char *text)
{
	st->db->kind->bind_text(st, text);
}

void bind_blob(struct stmt *st, const void *data, size_t len)
{
	assert(len <= INT32_MAX);
	st->db->kind->bind_blob(st, data, len);
}

void bind_null(struct stmt *st)
{
	st->db->kind->bind_null(st);
}

bool stmt_row(struct stmt *st)
{
	if (st->err)
		return false;
	st->column = 0;
	return st->db->kind->row(st);
}

int stmt_columns(struct stmt *st)
{
	return st->db->kind->columns(st);
}

int64_t col_i64(struct stmt *st)
{
	return st->db->kind->col_i64(st, st->column++);
}

const char *col_text(struct stmt *st)
{
	const char *text = st->db->kind->col_text(st, st->column++);

	return text ? text : "";
}

void col_text_to(struct stmt *st, char *to, size_t size)
{
	const char *text = col_text(st);
	size_t len = strnlen(text, size - 1);

	memcpy(to, text, len);
	to[len] = 0;
}

const void *col_blob(struct stmt *st, size_t *len)
{
	return st->db->kind->col_blob(st, st->column++, len);
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

enum db_type col_type(struct stmt *st)
{
	return st->db->kind->type(st, st->column);
}

bool col_is_null(struct stmt *st)
{
	return col_type(st) == DB_NULL;
}

enum err stmt_end(struct stmt *st)
{
	assert(st->in_use);
	st->in_use = false;
	if (st->handle)
		st->db->kind->reset(st);
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

/* ---- many rows at once ---- */

static const char *patch_text(struct db *db, const struct db_patch *patch)
{
	int i = 0;

	while (i < PATCHES && db->patches[i].patch && db->patches[i].patch != patch)
		i++;
	assert(i < PATCHES);
	if (!db->patches[i].sql) {
		db->patches[i].patch = patch;
		db->patches[i].sql = db->kind->patch_text(patch);
	}
	return db->patches[i].sql;
}

enum err db_patch(struct db *db, const struct db_patch *patch, int64_t property_id,
                  const int64_t *keys, const struct db_value *values, size_t count, bool dense)
{
	struct patching patching = {patch, property_id, keys, values, count, dense, 0};
	const char *sql = patch_text(db, patch);

	if (!sql)
		return ERR_NOMEM;
	return count ? db->kind->patch(db_query(db, sql), &patching) : ERR_NONE;
}
