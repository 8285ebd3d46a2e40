/* A copy of the main file's objects for rehearsals: the same tables and the same SQL, in a file that
 * is thrown away. History (audit, commands, events, values) stays out: it is large, and no rule about
 * objects reads it. */
#ifndef PLATFORM_STORE_SCRATCH_H
#define PLATFORM_STORE_SCRATCH_H

#include "platform/store/db.h"

/* `path` must not exist; `main_path` is the main store (store_main), which is read in one
 * snapshot. */
MUST_USE enum err scratch_make(struct db **db, const char *path, const char *main_path);

/* Notes that a row of the sheet is about the object `key`. ERR_DUP: row *first was already. */
MUST_USE enum err scratch_touch(struct db *db, const char *key, int64_t row, int64_t *first);

#endif
