#include "platform/ingest/keys.h"

#include <stdlib.h>
#include <string.h>

#define GATEWAYS_MAX (1 << 20)

struct range {
	uint64_t boot, first, last;
	int64_t file;
};

/* Sorted by (boot, first); ranges do not overlap. */
struct list {
	struct range *ranges;
	size_t count, room;
};

struct batch_keys {
	struct list *lists; /* index: gateway_id, small numbers of a sequence */
	size_t count;
};

struct batch_keys *batch_keys_new(void)
{
	return calloc(1, sizeof(struct batch_keys));
}

void batch_keys_clear(struct batch_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free(keys->lists[i].ranges);
	free(keys->lists);
	keys->lists = NULL;
	keys->count = 0;
}

void batch_keys_free(struct batch_keys *keys)
{
	if (!keys)
		return;
	batch_keys_clear(keys);
	free(keys);
}

static const struct list *list_of(const struct batch_keys *keys, int64_t gateway_id)
{
	return gateway_id >= 0 && (size_t)gateway_id < keys->count ? &keys->lists[gateway_id]
	                                                           : NULL;
}

/* How many ranges begin at or before (boot, seq). */
static size_t before_or_at(const struct list *list, uint64_t boot, uint64_t seq)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct range *r = &list->ranges[mid];

		if (r->boot < boot || (r->boot == boot && r->first <= seq))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct range *range_with(const struct list *list, uint64_t boot, uint64_t seq)
{
	size_t n = list ? before_or_at(list, boot, seq) : 0;
	struct range *r = n ? &list->ranges[n - 1] : NULL;

	return r && r->boot == boot && seq <= r->last ? r : NULL;
}

bool batch_keys_find(const struct batch_keys *keys, int64_t gateway_id, uint64_t boot, uint64_t seq,
                     int64_t *file)
{
	const struct range *r = range_with(list_of(keys, gateway_id), boot, seq);

	if (r)
		*file = r->file;
	return r != NULL;
}

uint64_t batch_keys_newest(const struct batch_keys *keys, int64_t gateway_id, uint64_t boot)
{
	const struct list *list = list_of(keys, gateway_id);
	size_t n = list ? before_or_at(list, boot, UINT64_MAX) : 0;

	return n && list->ranges[n - 1].boot == boot ? list->ranges[n - 1].last : 0;
}

static enum err insert_at(struct list *list, size_t at, struct range range)
{
	if (list->count == list->room) {
		size_t more = list->room ? list->room * 2 : 8;
		struct range *ranges = realloc(list->ranges, more * sizeof *ranges);

		if (!ranges)
			return ERR_NOMEM;
		list->ranges = ranges;
		list->room = more;
	}
	memmove(&list->ranges[at + 1], &list->ranges[at],
	        (list->count - at) * sizeof *list->ranges);
	list->ranges[at] = range;
	list->count++;
	return ERR_NONE;
}

static enum err grow(struct batch_keys *keys, int64_t gateway_id)
{
	size_t more = (size_t)gateway_id + 16;
	struct list *lists;

	if (gateway_id < 0 || gateway_id >= GATEWAYS_MAX)
		return ERR_RANGE;
	if ((size_t)gateway_id < keys->count)
		return ERR_NONE;
	lists = realloc(keys->lists, more * sizeof *lists);
	if (!lists)
		return ERR_NOMEM;
	memset(lists + keys->count, 0, (more - keys->count) * sizeof *lists);
	keys->lists = lists;
	keys->count = more;
	return ERR_NONE;
}

enum err batch_keys_add(struct batch_keys *keys, int64_t gateway_id, uint64_t boot, uint64_t seq,
                        int64_t file)
{
	struct list *list;
	struct range *r;
	size_t n;
	enum err err;

	err = grow(keys, gateway_id);
	if (err)
		return err;
	list = &keys->lists[gateway_id];
	n = before_or_at(list, boot, seq);
	r = n ? &list->ranges[n - 1] : NULL;
	if (r && r->boot == boot && seq <= r->last)
		return ERR_NONE;
	if (r && r->boot == boot && r->file == file && r->last + 1 == seq) {
		r->last = seq;
		return ERR_NONE;
	}
	return insert_at(list, n, (struct range){boot, seq, seq, file});
}

/* Does nothing of this boot lie in [first, last]? */
static bool is_free(const struct list *list, uint64_t boot, uint64_t first, uint64_t last)
{
	size_t n = before_or_at(list, boot, last);

	return !n || list->ranges[n - 1].boot != boot || list->ranges[n - 1].last < first;
}

enum err batch_keys_add_run(struct batch_keys *keys, int64_t gateway_id, uint64_t boot,
                            uint64_t first, uint64_t last, int64_t file)
{
	enum err err = first <= last ? grow(keys, gateway_id) : ERR_RANGE;
	struct list *list;

	if (err)
		return err;
	list = &keys->lists[gateway_id];
	if (is_free(list, boot, first, last))
		return insert_at(list, before_or_at(list, boot, first),
		                 (struct range){boot, first, last, file});
	/* A batch that is in two files: rare, and then one by one. */
	for (uint64_t seq = first; !err; seq++) {
		err = batch_keys_add(keys, gateway_id, boot, seq, file);
		if (seq == last)
			break;
	}
	return err;
}

void batch_keys_runs(const struct batch_keys *keys, int64_t file,
                     bool (*each)(void *arg, int64_t gateway_id, uint64_t boot, uint64_t first,
                                  uint64_t last),
                     void *arg)
{
	for (size_t g = 0; g < keys->count; g++)
		for (size_t i = 0; i < keys->lists[g].count; i++) {
			const struct range *r = &keys->lists[g].ranges[i];

			if (r->file == file && !each(arg, (int64_t)g, r->boot, r->first, r->last))
				return;
		}
}

void batch_keys_forget_file(struct batch_keys *keys, int64_t file)
{
	for (size_t g = 0; g < keys->count; g++) {
		struct list *list = &keys->lists[g];
		size_t n = 0;

		for (size_t i = 0; i < list->count; i++)
			if (list->ranges[i].file != file)
				list->ranges[n++] = list->ranges[i];
		list->count = n;
	}
}

enum err batch_keys_remove(struct batch_keys *keys, int64_t gateway_id, uint64_t boot, uint64_t seq)
{
	struct range *r = range_with(list_of(keys, gateway_id), boot, seq);
	struct list *list;
	struct range rest;
	size_t at;

	if (!r)
		return ERR_NONE;
	list = &keys->lists[gateway_id];
	at = (size_t)(r - list->ranges);
	rest = (struct range){boot, seq + 1, r->last, r->file};
	if (r->first == r->last) {
		memmove(r, r + 1, (list->count - at - 1) * sizeof *r);
		list->count--;
		return ERR_NONE;
	}
	if (seq == r->first) {
		r->first++;
		return ERR_NONE;
	}
	r->last = seq - 1;
	return rest.first <= rest.last ? insert_at(list, at + 1, rest) : ERR_NONE;
}
