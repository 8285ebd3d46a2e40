#include "platform/core/latest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/directory.h"

struct entry {
	struct reading reading; /* time_s 0: none yet */
	uint32_t group;         /* the last group that changed it */
	bool dirty;             /* not in the store yet */
};

struct undo {
	uint32_t slot;
	struct reading before;
};

struct latest {
	pthread_mutex_t lock;
	struct entry *entries;
	size_t count;
	uint32_t group;
	struct undo *undo;
	size_t undo_count, undo_room;
};

struct latest *latest_new(void)
{
	struct latest *latest = calloc(1, sizeof *latest);

	if (!latest)
		return NULL;
	pthread_mutex_init(&latest->lock, NULL);
	latest->group = 1;
	return latest;
}

void latest_free(struct latest *latest)
{
	if (!latest)
		return;
	pthread_mutex_destroy(&latest->lock);
	free(latest->entries);
	free(latest->undo);
	free(latest);
}

enum err latest_grow(struct latest *latest, size_t slots)
{
	struct entry *entries;

	if (slots <= latest->count)
		return ERR_NONE;
	latest_lock(latest);
	entries = realloc(latest->entries, slots * sizeof *entries);
	if (entries) {
		memset(entries + latest->count, 0, (slots - latest->count) * sizeof *entries);
		latest->entries = entries;
		latest->count = slots;
	}
	latest_unlock(latest);
	return entries ? ERR_NONE : ERR_NOMEM;
}

bool latest_get(struct latest *latest, uint32_t slot, struct reading *reading)
{
	bool known;

	latest_lock(latest);
	known = slot < latest->count && latest->entries[slot].reading.time_s != 0;
	if (known)
		*reading = latest->entries[slot].reading;
	latest_unlock(latest);
	return known;
}

const struct reading *latest_peek(const struct latest *latest, uint32_t slot)
{
	const struct reading *reading = &latest->entries[slot].reading;

	return reading->time_s ? reading : NULL;
}

static enum err remember(struct latest *latest, uint32_t slot)
{
	if (latest->undo_count == latest->undo_room) {
		size_t more = latest->undo_room ? latest->undo_room * 2 : 1024;
		struct undo *undo = realloc(latest->undo, more * sizeof *undo);

		if (!undo)
			return ERR_NOMEM;
		latest->undo = undo;
		latest->undo_room = more;
	}
	latest->undo[latest->undo_count++] = (struct undo){slot, latest->entries[slot].reading};
	return ERR_NONE;
}

enum err latest_set(struct latest *latest, uint32_t slot, const struct reading *reading)
{
	struct entry *entry = &latest->entries[slot];

	if (entry->group != latest->group) {
		enum err err = remember(latest, slot);

		if (err)
			return err;
		entry->group = latest->group;
	}
	entry->reading = *reading;
	entry->dirty = true;
	return ERR_NONE;
}

static void next_group(struct latest *latest)
{
	latest->undo_count = 0;
	if (++latest->group == 0)
		latest->group = 1;
}

void latest_commit(struct latest *latest)
{
	next_group(latest);
}

void latest_rollback(struct latest *latest)
{
	latest_lock(latest);
	for (size_t i = latest->undo_count; i-- > 0;)
		latest->entries[latest->undo[i].slot].reading = latest->undo[i].before;
	/* What a save of this group wrote is gone too: all of it is to be saved again. */
	for (size_t i = 0; i < latest->count; i++)
		latest->entries[i].dirty = latest->entries[i].reading.time_s != 0;
	latest_unlock(latest);
	next_group(latest);
}

void latest_lock(struct latest *latest)
{
	pthread_mutex_lock(&latest->lock);
}

void latest_unlock(struct latest *latest)
{
	pthread_mutex_unlock(&latest->lock);
}

enum err latest_save(struct latest *latest, struct db *db, const struct directory *dir)
{
	for (size_t i = 0; i < dir->meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[i];
		struct entry *entry = &latest->entries[meter->slot];
		enum err err;

		if (!entry->dirty)
			continue;
		err = latest_put(db, meter->property_id, &entry->reading);
		if (err)
			return err;
		entry->dirty = false; /* latest_rollback takes this back */
	}
	return ERR_NONE;
}

struct restore {
	struct latest *latest;
	const struct directory *dir;
};

static void restore_one(void *arg, const struct reading *reading)
{
	struct restore *restore = arg;
	const struct dir_meter *meter = directory_meter(restore->dir, reading->meter);

	if (meter)
		restore->latest->entries[meter->slot].reading = *reading;
}

enum err latest_restore(struct latest *latest, struct db *db, const struct directory *dir)
{
	struct restore restore = {latest, dir};

	return latest_list(db, restore_one, &restore);
}
