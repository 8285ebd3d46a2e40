#include "platform/store/store_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/files.h"
#include "platform/store/migrations.h"

#define TABLES_MAX 256
#define TABLE_NAME 64
#define SQL_SIZE   2048

struct tables {
	char name[TABLES_MAX][TABLE_NAME];
	size_t count;
	bool too_many;
	bool (*skip)(const char *table);
};

static void take(void *arg, const char *table)
{
	struct tables *tables = arg;

	if (tables->skip && tables->skip(table))
		return;
	if (tables->count == TABLES_MAX || strlen(table) >= TABLE_NAME || strpbrk(table, "\"';"))
		tables->too_many = true;
	else
		snprintf(tables->name[tables->count++], TABLE_NAME, "%s", table);
}

static void copy_value(struct stmt *row, struct stmt *insert)
{
	const void *data;
	size_t len;

	switch (col_type(row)) {
	case DB_NULL:
		(void)col_i64(row);
		bind_null(insert);
		return;
	case DB_NUMBER:
		bind_i64(insert, col_i64(row));
		return;
	case DB_TEXT:
		bind_text(insert, col_text(row));
		return;
	case DB_BLOB:
		data = col_blob(row, &len);
		bind_blob(insert, data, len);
		return;
	}
}

static struct stmt *new_insert(struct db *to, const char *table, int columns)
{
	char sql[SQL_SIZE];
	size_t n = (size_t)snprintf(sql, sizeof sql, "INSERT INTO \"%s\" VALUES(", table);

	for (int i = 0; i < columns && n < sizeof sql - 3; i++)
		n += (size_t)snprintf(sql + n, sizeof sql - n, i ? ",?" : "?");
	if (n > sizeof sql - 3)
		return NULL;
	snprintf(sql + n, sizeof sql - n, ")");
	return stmt_new(to, sql);
}

static enum err copy_rows(struct stmt *rows, struct db *to, const char *table)
{
	struct stmt *insert = NULL;
	enum err err = ERR_NONE;

	while (!err && stmt_row(rows)) {
		int columns = stmt_columns(rows);

		insert = insert ? stmt_again(insert) : new_insert(to, table, columns);
		if (!insert)
			return ERR_NOMEM;
		for (int i = 0; i < columns; i++)
			copy_value(rows, insert);
		err = stmt_run(insert);
	}
	stmt_free(insert);
	return err;
}

/* Both were made by the same migrations, so the columns have the same order. Rows that the
 * migrations put in themselves are replaced. */
static enum err copy_table(struct db *from, struct db *to, const char *table)
{
	char sql[2 * TABLE_NAME];
	struct stmt *rows;
	enum err err, end;

	snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", table);
	err = db_exec(to, sql);
	if (err)
		return err;
	snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", table);
	rows = stmt_new(from, sql);
	if (!rows)
		return ERR_NOMEM;
	err = copy_rows(rows, to, table);
	end = stmt_end(rows);
	stmt_free(rows);
	return err ? err : end;
}

enum err store_copy(struct db *from, struct db *to, bool (*skip)(const char *table))
{
	static _Thread_local struct tables tables;
	enum err err = migrate_like(to, from);

	tables = (struct tables){.skip = skip};
	if (!err)
		err = db_table_names(from, take, &tables);
	if (!err && tables.too_many)
		err = ERR_FULL;
	if (!err)
		err = db_exec(to, "BEGIN IMMEDIATE");
	for (size_t i = 0; !err && i < tables.count; i++)
		err = copy_table(from, to, tables.name[i]);
	if (!err)
		err = db_exec(to, "COMMIT");
	if (err && db_in_transaction(to))
		(void)!db_exec(to, "ROLLBACK");
	return err;
}

enum err store_copy_file(struct db *from, const char *path)
{
	struct db *to;
	enum err err;

	if (access(path, F_OK) == 0)
		return ERR_DUP;
	err = db_open(&to, path, DB_SCRATCH);
	if (err)
		return err;
	err = store_copy(from, to, NULL);
	db_close(to);
	if (!err)
		err = file_sync(path);
	if (err)
		unlink(path);
	return err;
}
