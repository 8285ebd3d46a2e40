/* A write-ahead log of SQLite's form, written beside a database that nobody has open: commits that
 * SQLite will find when it opens the database (https://www.sqlite.org/walformat.html). */
#ifndef PLATFORM_REPLICA_LOG_OUT_H
#define PLATFORM_REPLICA_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define LOG_OUT_PAGE_MAX 65536

struct log_out {
	int fd; /* -1: not begun */
	uint32_t page_size;
	uint8_t salt[8];
	uint32_t sum[2], sum_committed[2];
	int64_t end, end_committed; /* bytes */
	/* The newest page is held back: the last of a commit is marked in its frame. */
	bool pending;
	uint32_t pending_page;
	uint8_t page[LOG_OUT_PAGE_MAX];
};

void log_out_init(struct log_out *log, uint32_t page_size);
/* The file is begun anew with the first page. */
MUST_USE enum err log_out_page(struct log_out *log, const char *path, uint32_t page,
                               const uint8_t *bytes);
/* The pages since the last commit become one, of a database with `pages` pages; synced. */
MUST_USE enum err log_out_commit(struct log_out *log, uint32_t pages);
/* Pages since the last commit never were. */
void log_out_undo(struct log_out *log);
void log_out_close(struct log_out *log);

#endif
