#include "gateway/core/backlog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum err backlog_put(struct backlog *b, const struct spool_entry *entry, const uint8_t *bytes,
                     bool reserved)
{
	struct backlog_item *item;

	if (b->bytes + entry->len > BACKLOG_BYTES_MAX)
		return ERR_FULL;
	item = malloc(sizeof *item + entry->len);
	if (!item)
		return ERR_NOMEM;
	item->next = NULL;
	item->entry = *entry;
	item->reserved = reserved;
	memcpy(item->bytes, bytes, entry->len);
	if (b->last)
		b->last->next = item;
	else
		b->first = item;
	b->last = item;
	b->bytes += entry->len;
	return ERR_NONE;
}

void backlog_pop(struct backlog *b)
{
	struct backlog_item *item = b->first;

	assert(item != NULL);
	b->first = item->next;
	if (!b->first)
		b->last = NULL;
	b->bytes -= item->entry.len;
	free(item);
}

void backlog_clear(struct backlog *b)
{
	while (b->first)
		backlog_pop(b);
}
