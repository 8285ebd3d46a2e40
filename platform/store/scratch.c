#include "platform/store/scratch.h"

#include <stdio.h>
#include <string.h>

#include "platform/store/migrations.h"
#include "platform/store/store_copy.h"

#define TABLES_MAX 128
#define TABLE_NAME 64

/* History, values, and what is only for the running process. A table that is not named here is
 * copied: a new one costs time until it is looked at, never a wrong answer. */
static const char *const left_out[] = {
        "schema_migration",   "audit",          "command",  "command_stage", "command_batch",
        "command_batch_item", "event",          "conflict", "answer",        "session",
        "day_file",           "day_file_range", "approval", "sheet_job",     "takeover_report",
        "ledger_group",       "ledger_entry",
};

static bool is_left_out(const char *table)
{
	for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
		if (strcmp(left_out[i], table) == 0)
			return true;
	return strncmp(table, "sqlite_", 7) == 0;
}

struct tables {
	char name[TABLES_MAX][TABLE_NAME];
	size_t count;
};

static enum err list_tables(struct db *db, struct tables *tables)
{
	struct stmt *st = db_query(db, "SELECT name FROM source.sqlite_master WHERE type='table'");

	tables->count = 0;
	while (stmt_row(st)) {
		const char *name = col_text(st);

		if (is_left_out(name) || strlen(name) >= TABLE_NAME || strpbrk(name, "\"';"))
			continue;
		if (tables->count == TABLES_MAX) {
			(void)!stmt_end(st);
			return ERR_FULL;
		}
		snprintf(tables->name[tables->count++], TABLE_NAME, "%s", name);
	}
	return stmt_end(st);
}

/* Both files were made by the same migrations, so the columns have the same order. Rows that the
 * migrations put in themselves are replaced. */
static enum err copy_tables(struct db *db, const struct tables *tables)
{
	char sql[256];
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < tables->count; i++) {
		snprintf(
		        sql, sizeof sql,
		        "DELETE FROM main.\"%s\"; INSERT INTO main.\"%s\" SELECT * FROM source.\"%s\"",
		        tables->name[i], tables->name[i], tables->name[i]);
		err = db_exec(db, sql);
	}
	return err;
}

static enum err copy_attached(struct db *db, const char *main_path)
{
	struct stmt *st = db_query(db, "ATTACH ? AS source");
	struct tables tables;
	enum err err;

	bind_text(st, main_path);
	err = stmt_run(st);
	if (err)
		return err;
	err = db_exec(db, "BEGIN");
	if (!err)
		err = list_tables(db, &tables);
	if (!err)
		err = copy_tables(db, &tables);
	if (!err)
		err = db_exec(db, "COMMIT");
	if (err && db_in_transaction(db))
		(void)!db_exec(db, "ROLLBACK");
	return err ? err : db_exec(db, "DETACH source");
}

static enum err copy_of_url(struct db *db, const char *url)
{
	struct db *from;
	enum err err = db_open(&from, url, DB_READ);

	if (!err)
		err = db_exec(from, "BEGIN");
	if (!err)
		err = store_copy(from, db, is_left_out);
	db_close(from);
	return err;
}

/* SQLite takes the rows of another file without anybody between the two. */
static enum err copy(struct db *db, const char *main_path)
{
	enum err err;

	if (db_is_url(main_path))
		return copy_of_url(db, main_path);
	err = migrate(db, store_migrations);
	return err ? err : copy_attached(db, main_path);
}

enum err scratch_make(struct db **db, const char *path, const char *main_path)
{
	enum err err = db_open(db, path, DB_SCRATCH);

	if (err)
		return err;
	err = copy(*db, main_path);
	if (!err)
		err = db_exec(*db, "CREATE TABLE sheet_key(key TEXT PRIMARY KEY,"
		                   " row_no BIGINT NOT NULL)");
	if (err) {
		db_close(*db);
		*db = NULL;
	}
	return err;
}

enum err scratch_touch(struct db *db, const char *key, int64_t row, int64_t *first)
{
	struct stmt *st = db_query(db, "INSERT INTO sheet_key(key, row_no) VALUES(?,?)"
	                               " ON CONFLICT(key) DO NOTHING");
	enum err err;

	bind_text(st, key);
	bind_i64(st, row);
	err = stmt_run(st);
	if (err || db_changes(db))
		return err;
	st = db_query(db, "SELECT row_no FROM sheet_key WHERE key=?");
	bind_text(st, key);
	*first = stmt_row(st) ? col_i64(st) : 0;
	err = stmt_end(st);
	return err ? err : ERR_DUP;
}
