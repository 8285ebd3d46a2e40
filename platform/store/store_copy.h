/* Rows from one database to another of the same schema, of whatever kinds the two are: a backup of
 * a PostgreSQL store is an SQLite file, and the other way round when it is restored. */
#ifndef PLATFORM_STORE_STORE_COPY_H
#define PLATFORM_STORE_STORE_COPY_H

#include "platform/store/db.h"

/* Bring `to` to the schema of `from` (which must not be newer than this program), and replace the
 * rows of all tables but those that `skip` (NULL: none) names. `from` is in a transaction of its
 * caller's, one moment; `to` in one of this function's. */
MUST_USE enum err store_copy(struct db *from, struct db *to, bool (*skip)(const char *table));

/* The same as one new file, synced. ERR_DUP: `path` exists. */
MUST_USE enum err store_copy_file(struct db *from, const char *path);

#endif
