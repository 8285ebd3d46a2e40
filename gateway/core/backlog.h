/* Batches that found no space on the disk, in memory and in order, until there is space again.
 * Bounded: what does not fit is counted by the caller, never lost in silence. */
#ifndef GATEWAY_CORE_BACKLOG_H
#define GATEWAY_CORE_BACKLOG_H

#include "gateway/spool/spool.h"

#define BACKLOG_BYTES_MAX (1024 * 1024)

struct backlog_item {
	struct backlog_item *next;
	struct spool_entry entry;
	bool reserved; /* holds events or results */
	uint8_t bytes[];
};

struct backlog {
	struct backlog_item *first, *last;
	size_t bytes;
};

/* ERR_FULL, ERR_NOMEM: not kept. */
MUST_USE enum err backlog_put(struct backlog *b, const struct spool_entry *entry,
                              const uint8_t *bytes, bool reserved);
void backlog_pop(struct backlog *b);
void backlog_clear(struct backlog *b);
#endif
