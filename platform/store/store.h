/* The platform's files: wattle.db (configuration, commands, outbox, audit, sessions) and one
 * readings-YYYYMMDD.db per day of arrival (platform/store/day.h). */
#ifndef PLATFORM_STORE_STORE_H
#define PLATFORM_STORE_STORE_H

#include "platform/store/worker.h"

#define STORE_PATH_SIZE 512

/* One `wattled` per store: ERR_BUSY while another process holds it. The lock dies with the
 * process. */
MUST_USE enum err store_lock(const char *dir, int *lock_fd);
void store_unlock(int lock_fd);

/* The main store is DIR/wattle.db, or the PostgreSQL database that `url` names (NULL or "": the
 * file); day files are in `dir` with both (docs/design/postgres.md). What db_open takes: */
void store_main(char path[STORE_PATH_SIZE], const char *dir, const char *url);

/* ERR_NOT_FOUND: there is no main store, or nothing in it. Opening it would make a new one, beside
 * which everything that was promised is forgotten. */
MUST_USE enum err store_exists(const char *dir, const char *url);
/* The main store, migrated. ERR_VERSION: written by a newer program. For wattled, and for the CLI
 * beside a running wattled. */
MUST_USE enum err store_open(struct db **db, const char *dir, const char *url);
/* Snapshot reads of the main store; it must exist. */
MUST_USE enum err store_open_read(struct db **db, const char *dir, const char *url);

/* The name under which this installation takes the lease (worker.h): its machine, and a random
 * number that is drawn once and kept in `dir`. */
MUST_USE enum err store_holder(const char *dir, char holder[WORKER_NAME_SIZE]);

void store_path(char path[STORE_PATH_SIZE], const char *dir, const char *name);

#endif
