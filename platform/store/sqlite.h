/* What the sqlite*.c files share: db.h is for everybody else. */
#ifndef PLATFORM_STORE_SQLITE_H
#define PLATFORM_STORE_SQLITE_H

#include <sqlite3.h>

#include "platform/store/db_kind.h"

/* The error of an SQLite code, logged when it is one that nobody expects. */
enum err db_note(const struct db *db, int code, const char *what);

enum err sqlite_copy(struct db *db, const char *path);

#endif
