/* What the sqlite*.c files share: db.h is for everybody else. */
#ifndef PLATFORM_STORE_SQLITE_H
#define PLATFORM_STORE_SQLITE_H

#include <sqlite3.h>

#include "platform/store/db_kind.h"

/* The error of an SQLite code, logged when it is one that nobody expects. */
enum err db_note(const struct db *db, int code, const char *what);

/* Before the first connection of the process, from any thread; again: nothing. */
void sqlite_setup(void);

/* sqlite_patch.c */
MUST_USE enum err sqlite_patch_begin(struct db *db); /* once per connection */
char *sqlite_patch_text(const struct db_patch *patch);
enum err sqlite_patch(struct stmt *st, const struct patching *patching);

enum err sqlite_copy(struct db *db, const char *path);

#endif
