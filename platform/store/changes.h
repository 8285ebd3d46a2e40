/* Which pages of a database changed since the last look, and what is in them: for copying a
 * database continuously while others write it (docs/design/replica.md).
 *
 *	changes_begin(c, &lost)      one moment is held; pages written since are in the set
 *	changes_next / changes_read  the set, and pages as of that moment
 *	changes_forget(c)            what was read is safe elsewhere
 *	changes_end(c, true)         the moment is let go; the log is emptied when it has grown
 *
 * It reads the write-ahead log through SQLite's own handles (opening the file a second time would
 * drop this process's locks) and is the only one that empties it: every other connection that
 * writes must have been told so by db_keep_log. If somebody else did all the same, `lost` says so
 * and the caller compares everything. */
#ifndef PLATFORM_STORE_CHANGES_H
#define PLATFORM_STORE_CHANGES_H

#include "platform/store/db.h"

struct changes;

MUST_USE enum err changes_open(struct changes **changes, const char *path);
void changes_close(struct changes *changes);

/* *lost: the set may lack pages (always so the first time). After an error nothing is held. */
MUST_USE enum err changes_begin(struct changes *changes, bool *lost);
/* `tidy`: empty the log into the file if it is long, as far as it was looked at. */
void changes_end(struct changes *changes, bool tidy);

/* Of the moment that is held. Pages are numbered from 1. */
uint32_t changes_page_size(const struct changes *changes);
uint32_t changes_pages(const struct changes *changes);
/* The page in which SQLite keeps its locks: it has no content. 0: none in this file. */
bool changes_is_lock_page(const struct changes *changes, uint32_t page);
MUST_USE enum err changes_read(struct changes *changes, uint32_t page, uint8_t *to);

/* The set: the first page at or after `page`, 0 when there is none. */
uint32_t changes_next(const struct changes *changes, uint32_t page);
size_t changes_count(const struct changes *changes);
MUST_USE enum err changes_add(struct changes *changes, uint32_t page);
void changes_forget(struct changes *changes);

#endif
