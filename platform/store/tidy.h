/* Empties the write-ahead logs beside their writers.
 *
 * To bring a log of megabytes into its database takes tens of milliseconds, in which whoever waits for
 * a commit would wait too: a thread of its own does it, on its own connection. The writer empties the
 * log itself only when the thread cannot catch up, and then finds most of it done. */
#ifndef PLATFORM_STORE_TIDY_H
#define PLATFORM_STORE_TIDY_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct db;
struct tidy;

MUST_USE enum err tidy_start(struct tidy **tidy);
/* Before the writers' connections are closed. NULL is nothing. */
void tidy_stop(struct tidy *tidy);

/* `db` is a writer that stays open; not with db_keep_log. */
void tidy_take(struct tidy *tidy, struct db *db);
#endif
