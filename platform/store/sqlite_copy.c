/* Whole copies of a file while it is used. */
#include <unistd.h>

#include "platform/store/files.h"
#include "platform/store/sqlite.h"

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

enum err sqlite_copy(struct db *db, const char *path)
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
		err = file_sync(path);
	if (err)
		unlink(path);
	return err;
}
