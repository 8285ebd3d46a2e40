/* The platform's files: wattle.db (configuration, commands, outbox, audit, sessions) and one
 * readings-YYYYMMDD.db per day of arrival (platform/store/day.h). */
#ifndef PLATFORM_STORE_STORE_H
#define PLATFORM_STORE_STORE_H

#include "platform/store/db.h"

#define STORE_PATH_SIZE 512

/* One `wattled` per store: ERR_BUSY while another process holds it. The lock dies with the
 * process. */
MUST_USE enum err store_lock(const char *dir, int *lock_fd);
void store_unlock(int lock_fd);

/* ERR_NOT_FOUND: there is no main file, or nothing in it. Opening it would make a new store, beside
 * which everything that was promised is forgotten. */
MUST_USE enum err store_exists(const char *dir);
/* The main file, migrated. ERR_VERSION: written by a newer program. For wattled, and for the CLI
 * beside a running wattled. */
MUST_USE enum err store_open(struct db **db, const char *dir);
/* Snapshot reads of the main file; it must exist. */
MUST_USE enum err store_open_read(struct db **db, const char *dir);

void store_path(char path[STORE_PATH_SIZE], const char *dir, const char *name);

#endif
