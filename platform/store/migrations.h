/* The schema as an append-only list: what is once released is never edited, only followed. */
#ifndef PLATFORM_STORE_MIGRATIONS_H
#define PLATFORM_STORE_MIGRATIONS_H

#include "platform/store/db.h"

struct migration {
	int id; /* ascending; a file gets those that it has not */
	const char *sql;
	/* What cannot be said in SQL, behind it, in the same transaction; NULL: nothing. */
	enum err (*move)(struct db *db);
};

extern const struct migration store_migrations[]; /* main store; ends with id 0 */
extern const struct migration day_migrations[];   /* readings-YYYYMMDD.db */

/* Bring the file to the newest schema, each migration in its own transaction. ERR_VERSION: the
 * file is newer than this program; nothing was touched. */
MUST_USE enum err migrate(struct db *db, const struct migration *list);

/* Bring `db` to the schema of `other`, a main store: it gets the migrations that are there.
 * ERR_NOT_FOUND: `other` is none. ERR_VERSION: it is newer than this program. */
MUST_USE enum err migrate_like(struct db *db, struct db *other);

/* What the file has, 0 for a new one; and what this program knows. */
MUST_USE enum err migration_found(struct db *db, int *id);
int migration_newest(const struct migration *list);

#endif
