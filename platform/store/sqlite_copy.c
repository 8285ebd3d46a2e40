/* Whole copies of a database while it is used, and what is counted to compare them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/files.h"
#include "platform/store/sqlite.h"

static enum err sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = fd < 0 || fsync(fd) ? err_of_errno(errno) : ERR_NONE;

	if (fd >= 0)
		close(fd);
	return err;
}

/* In one step: it holds one snapshot, where pieces would begin anew after each commit of others. */
static enum err copy_pages(struct db *db, sqlite3 *to)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", db->handle, "main");
	int code;

	if (!backup)
		return ERR_NOMEM;
	do {
		code = sqlite3_backup_step(backup, -1);
	} while (code == SQLITE_OK);
	code = sqlite3_backup_finish(backup);
	return db_note(db, code, "copy");
}

enum err db_copy(struct db *db, const char *path)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *to = NULL;
	enum err err;
	int code;

	if (access(path, F_OK) == 0)
		return ERR_DUP;
	code = sqlite3_open_v2(path, &to, flags, NULL);
	err = db_note(db, code, "copy: open");
	/* Nobody else has the new file; it is synced as a whole below. */
	if (!err)
		err = db_note(db, sqlite3_exec(to, "PRAGMA synchronous=OFF", NULL, NULL, NULL),
		              "copy");
	if (!err)
		err = copy_pages(db, to);
	/* A copy that says "write-ahead log" in its head would get one from whoever looks at it. */
	if (!err)
		err = db_note(db, sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL),
		              "copy");
	sqlite3_close(to);
	if (!err)
		err = sync_file(path);
	if (err)
		unlink(path);
	return err;
}

static enum err count_rows(struct db *db, const char *table, int64_t *rows)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", table);
	sqlite3_stmt *st = NULL;
	int code;

	*rows = 0;
	if (!sql)
		return ERR_NOMEM;
	code = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*rows = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_free(sql);
	return db_note(db, code, table);
}

enum err db_tables(struct db *db, void (*each)(void *arg, const char *table, int64_t rows),
                   void *arg)
{
	struct stmt *st = db_query(db, "SELECT name FROM sqlite_master WHERE type='table'"
	                               " AND name NOT LIKE 'sqlite_%' ORDER BY name");
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
