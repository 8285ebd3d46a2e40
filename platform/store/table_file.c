#include "platform/store/table_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/db.h"

#define SQL_SIZE  2048
#define TEXT_SIZE 4096 /* of all texts of a row */

struct table_file {
	struct db *db;
	struct stmt *row;     /* of the row that is being put; NULL: none is begun */
	char text[TEXT_SIZE]; /* its texts: what is bound is read when the row ends */
	size_t used;
	bool too_long;
	char insert[SQL_SIZE];
};

static enum err make_tables(struct table_file *file, const char *table,
                            const struct table_column *columns, size_t count)
{
	char create[SQL_SIZE];
	size_t n = (size_t)snprintf(create, sizeof create, "CREATE TABLE %s(", table);
	size_t m = (size_t)snprintf(file->insert, sizeof file->insert, "INSERT INTO %s VALUES(",
	                            table);
	enum err err;

	for (size_t i = 0; i < count && n < sizeof create && m < sizeof file->insert; i++) {
		n += (size_t)snprintf(create + n, sizeof create - n, "%s%s %s", i ? ", " : "",
		                      columns[i].name, columns[i].text ? "TEXT" : "INTEGER");
		m += (size_t)snprintf(file->insert + m, sizeof file->insert - m, i ? ",?" : "?");
	}
	if (n + 2 > sizeof create || m + 2 > sizeof file->insert)
		return ERR_TOO_LONG;
	snprintf(create + n, sizeof create - n, ")");
	snprintf(file->insert + m, sizeof file->insert - m, ")");
	err = db_exec(file->db, "PRAGMA cache_size=-2048"); /* it is written from end to end */
	if (!err)
		err = db_exec(file->db, create);
	if (!err)
		err = db_exec(file->db,
		              "CREATE TABLE about(name TEXT PRIMARY KEY, value TEXT NOT NULL)");
	return err;
}

enum err table_file_new(struct table_file **out, const char *path, const char *table,
                        const struct table_column *columns, size_t count)
{
	struct table_file *file = calloc(1, sizeof *file);
	enum err err;

	assert(count > 0 && count <= TABLE_COLUMNS_MAX);
	*out = NULL;
	if (!file)
		return ERR_NOMEM;
	err = db_open(&file->db, path, DB_SCRATCH);
	if (!err)
		err = make_tables(file, table, columns, count);
	if (err)
		table_file_close(file);
	else
		*out = file;
	return err;
}

enum err table_file_begin(struct table_file *file)
{
	return db_exec(file->db, "BEGIN");
}

enum err table_file_commit(struct table_file *file)
{
	return db_exec(file->db, "COMMIT");
}

static struct stmt *row_of(struct table_file *file)
{
	if (!file->row)
		file->row = db_query(file->db, file->insert);
	return file->row;
}

void table_put_number(struct table_file *file, int64_t value)
{
	bind_i64(row_of(file), value);
}

void table_put_text(struct table_file *file, const char *text)
{
	size_t size = strlen(text) + 1;
	char *kept = file->text + file->used;

	if (size > sizeof file->text - file->used) {
		file->too_long = true;
		bind_null(row_of(file));
		return;
	}
	file->used += size;
	bind_text(row_of(file), memcpy(kept, text, size));
}

void table_put_nothing(struct table_file *file)
{
	bind_null(row_of(file));
}

enum err table_row_end(struct table_file *file)
{
	struct stmt *row = row_of(file);
	enum err err;

	file->row = NULL;
	file->used = 0;
	err = stmt_run(row);
	return !err && file->too_long ? ERR_TOO_LONG : err;
}

enum err table_file_about(struct table_file *file, const char *name, const char *value)
{
	struct stmt *st = db_query(file->db, "INSERT INTO about(name, value) VALUES(?,?)");

	bind_text(st, name);
	bind_text(st, value);
	return stmt_run(st);
}

void table_file_close(struct table_file *file)
{
	if (!file)
		return;
	db_close(file->db);
	free(file);
}
