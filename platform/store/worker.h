/* The lease of the one process that decides for a store (design: docs/design/postgres.md).
 *
 * On SQLite the lock of the store's folder is the lease, and these do nothing. On PostgreSQL it is a
 * row with a number that grows with each new owner: every transaction that writes under a lease
 * locks the row and compares the number, so a process that lost it changes nothing more, whatever
 * the clocks say. Time only decides when somebody else may ask. */
#ifndef PLATFORM_STORE_WORKER_H
#define PLATFORM_STORE_WORKER_H

#include "platform/store/db.h"

#define WORKER_NAME_SIZE 128
#define WORKER_RENEW_MS  5000 /* a transaction that writes at least this often keeps it */

/* Take it for this connection, which is the only one that writes under it. `holder` names the
 * installation: the same one takes over from its killed process at once. ERR_BUSY: `other` holds
 * it, for `left_ms` more unless it is renewed. */
MUST_USE enum err worker_take(struct db *db, const char *holder, char other[WORKER_NAME_SIZE],
                              int64_t *left_ms);
/* Others need not wait until it ends. */
void worker_release(struct db *db);

#endif
