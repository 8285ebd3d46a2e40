/* What the sqlite*.c files share: db.h is for everybody else. */
#ifndef PLATFORM_STORE_SQLITE_H
#define PLATFORM_STORE_SQLITE_H

#include <sqlite3.h>

#include "platform/store/db.h"

#define STATEMENTS 512 /* statement texts in the platform, with room; a power of two */

struct stmt {
	struct db *db;
	const char *sql;
	sqlite3_stmt *handle; /* NULL: could not be prepared, `err` says why */
	enum err err;
	int bound, column;
	bool in_use;
};

struct db {
	sqlite3 *handle;
	char path[512];
	struct stmt cache[STATEMENTS];
	struct tidy *tidy; /* who empties the log; NULL: SQLite itself */
	int tidy_at;       /* frames of the log with which it is asked next */
};

/* The error of an SQLite code, logged when it is one that nobody expects. */
enum err db_note(const struct db *db, int code, const char *what);

#endif
