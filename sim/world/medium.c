#include "sim/world/medium.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes behind the length of a layer mean nothing. Where both layers differ the sector is dirty. */
struct inode {
	uint8_t *seen, *safe;
	int64_t seen_len, safe_len;
	size_t seen_room, safe_room;
	uint8_t *dirty; /* of each sector */
	size_t dirty_room;
	int64_t first_dirty, last_dirty; /* sectors; last < first: none */
	unsigned names, opened;          /* entries in both directories and changes; open files */
};

/* ---- memory ---- */

static void *grown(void *old, size_t *room, size_t wanted, size_t item)
{
	size_t next = *room ? *room : 64;
	void *grown_to;

	if (wanted <= *room)
		return old;
	while (next < wanted)
		next *= 2;
	grown_to = realloc(old, next * item);
	assert(grown_to != NULL);
	*room = next;
	return grown_to;
}

static void dirty_grow(struct inode *i, size_t sectors)
{
	size_t old = i->dirty_room;

	i->dirty = grown(i->dirty, &i->dirty_room, sectors, 1);
	memset(i->dirty + old, 0, i->dirty_room - old);
}

static void inode_drop(struct inode *i)
{
	if (i->names || i->opened)
		return;
	free(i->seen);
	free(i->safe);
	free(i->dirty);
	free(i);
}

static void mark(struct inode *i, int64_t from, int64_t to)
{
	int64_t first = from / MEDIUM_SECTOR, last = (to - 1) / MEDIUM_SECTOR;

	if (to <= from)
		return;
	dirty_grow(i, (size_t)last + 1);
	memset(i->dirty + first, 1, (size_t)(last - first + 1));
	if (i->last_dirty < i->first_dirty) {
		i->first_dirty = first;
		i->last_dirty = last;
	}
	if (first < i->first_dirty)
		i->first_dirty = first;
	if (last > i->last_dirty)
		i->last_dirty = last;
}

static void clean(struct inode *i)
{
	if (i->first_dirty <= i->last_dirty)
		memset(i->dirty + i->first_dirty, 0, (size_t)(i->last_dirty - i->first_dirty + 1));
	i->first_dirty = 0;
	i->last_dirty = -1;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Sectors [from, to) of what is seen become safe. */
static void settle_sectors(struct inode *i, int64_t from, int64_t to)
{
	int64_t at = from * MEDIUM_SECTOR, n = least(to * MEDIUM_SECTOR, i->seen_len) - at;

	if (n > 0)
		memcpy(i->safe + at, i->seen + at, (size_t)n);
}

static void settle(struct inode *i)
{
	i->safe = grown(i->safe, &i->safe_room, (size_t)i->seen_len, 1);
	for (int64_t s = i->first_dirty; s <= i->last_dirty; s++) {
		int64_t from = s;

		while (s <= i->last_dirty && i->dirty[s])
			s++;
		settle_sectors(i, from, s);
	}
	i->safe_len = i->seen_len;
	clean(i);
}

/* ---- directories ---- */

static struct medium_name *find(const struct medium_dir *dir, const char *name)
{
	for (size_t i = 0; i < dir->n; i++)
		if (strcmp(dir->list[i].name, name) == 0)
			return &dir->list[i];
	return NULL;
}

static void dir_remove_name(struct medium_dir *dir, const char *name)
{
	struct medium_name *entry = find(dir, name);
	struct inode *inode;

	if (!entry)
		return;
	inode = entry->inode;
	inode->names--;
	*entry = dir->list[--dir->n];
	inode_drop(inode);
}

static void dir_put(struct medium_dir *dir, const char *name, struct inode *inode)
{
	inode->names++;
	dir_remove_name(dir, name);
	dir->list = grown(dir->list, &dir->room, dir->n + 1, sizeof *dir->list);
	snprintf(dir->list[dir->n].name, MEDIUM_NAME, "%s", name);
	dir->list[dir->n++].inode = inode;
}

static void apply(struct medium_dir *dir, const struct medium_change *c)
{
	if (c->from[0])
		dir_remove_name(dir, c->from);
	if (c->to[0])
		dir_put(dir, c->to, c->inode);
}

/* The first `n` changes of names become safe; the others too, or never were. */
static void settle_names(struct medium *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		apply(&m->safe, &m->change[i]);
	for (size_t i = 0; i < m->n_changes; i++) {
		m->change[i].inode->names--;
		inode_drop(m->change[i].inode);
	}
	m->n_changes = 0;
}

static void change(struct medium *m, const char *from, const char *to, struct inode *inode)
{
	struct medium_change c = {.inode = inode};

	snprintf(c.from, sizeof c.from, "%s", from);
	snprintf(c.to, sizeof c.to, "%s", to);
	inode->names++; /* held by the change */
	m->change = grown(m->change, &m->changes_room, m->n_changes + 1, sizeof *m->change);
	m->change[m->n_changes++] = c;
	apply(&m->seen, &c);
}

void medium_init(struct medium *m)
{
	memset(m, 0, sizeof *m);
}

static void dir_clear(struct medium_dir *dir)
{
	while (dir->n)
		dir_remove_name(dir, dir->list[0].name);
	free(dir->list);
	memset(dir, 0, sizeof *dir);
}

void medium_free(struct medium *m)
{
	settle_names(m, 0);
	dir_clear(&m->seen);
	dir_clear(&m->safe);
	free(m->change);
	memset(m, 0, sizeof *m);
}

void medium_copy(struct medium *to, const struct medium *from)
{
	for (size_t i = 0; i < from->seen.n; i++) {
		const struct inode *old = from->seen.list[i].inode;
		struct inode *file = calloc(1, sizeof *file);

		assert(file != NULL);
		file->last_dirty = -1;
		file->seen = grown(NULL, &file->seen_room, (size_t)old->seen_len, 1);
		file->seen_len = old->seen_len;
		memcpy(file->seen, old->seen, (size_t)old->seen_len);
		mark(file, 0, file->seen_len);
		settle(file);
		dir_put(&to->seen, from->seen.list[i].name, file);
		dir_put(&to->safe, from->seen.list[i].name, file);
	}
}

/* ---- operations ---- */

static enum err allowed(struct medium *m, enum medium_op op, int64_t grows)
{
	if (m->dead && op != MEDIUM_READ)
		return ERR_IO;
	return m->fault ? m->fault(m->ctx, op, grows) : ERR_NONE;
}

enum err medium_open(struct medium *m, const char *name, bool create, struct inode **file)
{
	struct medium_name *entry = find(&m->seen, name);
	struct inode *inode;
	enum err err;

	if (!entry && !create)
		return ERR_NOT_FOUND;
	if (entry) {
		inode = entry->inode;
	} else {
		err = allowed(m, MEDIUM_NAMES, 1);
		if (err)
			return err;
		inode = calloc(1, sizeof *inode);
		assert(inode != NULL);
		inode->last_dirty = -1;
		change(m, "", name, inode);
	}
	inode->opened++;
	*file = inode;
	return ERR_NONE;
}

void medium_close(struct medium *m, struct inode *file)
{
	(void)m;
	assert(file->opened > 0);
	file->opened--;
	inode_drop(file);
}

int64_t medium_size(const struct inode *file)
{
	return file->seen_len;
}

enum err medium_read(struct medium *m, struct inode *file, int64_t at, void *to, size_t len,
                     size_t *got)
{
	int64_t n = file->seen_len - at;
	enum err err = allowed(m, MEDIUM_READ, 0);

	*got = 0;
	if (err)
		return err;
	if (n <= 0)
		return ERR_NONE;
	*got = (size_t)n < len ? (size_t)n : len;
	memcpy(to, file->seen + at, *got);
	return ERR_NONE;
}

enum err medium_write(struct medium *m, struct inode *file, int64_t at, const void *from,
                      size_t len)
{
	int64_t end = at + (int64_t)len;
	enum err err = allowed(m, MEDIUM_WRITE, end > file->seen_len ? end - file->seen_len : 0);

	m->writes++;
	if (err) {
		if (m->dead || len < 2)
			return err;
		len /= 2; /* a part of it may be there */
		end = at + (int64_t)len;
	}
	file->seen = grown(file->seen, &file->seen_room, (size_t)end, 1);
	if (at > file->seen_len) {
		memset(file->seen + file->seen_len, 0, (size_t)(at - file->seen_len));
		mark(file, file->seen_len, at);
	}
	memcpy(file->seen + at, from, len);
	if (end > file->seen_len)
		file->seen_len = end;
	mark(file, at, end);
	return err;
}

enum err medium_truncate(struct medium *m, struct inode *file, int64_t size)
{
	enum err err = allowed(m, MEDIUM_WRITE, 0);

	if (err)
		return err;
	file->seen = grown(file->seen, &file->seen_room, (size_t)size, 1);
	if (size > file->seen_len)
		memset(file->seen + file->seen_len, 0, (size_t)(size - file->seen_len));
	mark(file, least(size, file->seen_len), size < file->seen_len ? file->seen_len : size);
	file->seen_len = size;
	return ERR_NONE;
}

enum err medium_sync(struct medium *m, struct inode *file)
{
	enum err err = allowed(m, MEDIUM_SYNC, 0);

	m->syncs++;
	if (err)
		return err; /* what the disk holds now is decided by the next cut or the next sync */
	settle(file);
	if (m->new_names_by_file)
		settle_names(m, m->n_changes);
	return ERR_NONE;
}

enum err medium_sync_names(struct medium *m)
{
	enum err err = allowed(m, MEDIUM_SYNC, 0);

	if (err)
		return err;
	settle_names(m, m->n_changes);
	return ERR_NONE;
}

enum err medium_rename(struct medium *m, const char *from, const char *to)
{
	struct medium_name *entry = find(&m->seen, from);
	enum err err;

	if (!entry)
		return ERR_NOT_FOUND;
	err = allowed(m, MEDIUM_NAMES, 0);
	if (err)
		return err;
	change(m, from, to, entry->inode);
	return ERR_NONE;
}

enum err medium_remove(struct medium *m, const char *name)
{
	struct medium_name *entry = find(&m->seen, name);
	enum err err;

	if (!entry)
		return ERR_NOT_FOUND;
	err = allowed(m, MEDIUM_NAMES, 0);
	if (err)
		return err;
	change(m, name, "", entry->inode);
	return ERR_NONE;
}

bool medium_exists(const struct medium *m, const char *name)
{
	return find(&m->seen, name) != NULL;
}

int64_t medium_size_of(const struct medium *m, const char *name)
{
	const struct medium_name *entry = find(&m->seen, name);

	return entry ? entry->inode->seen_len : -1;
}

void medium_list(const struct medium *m, void (*each)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < m->seen.n; i++)
		each(arg, m->seen.list[i].name);
}

/* ---- the cut ---- */

/* A dirty sector that was not written in time: what was safe of it, and nothing behind that. */
static void keep_sector(struct inode *i, int64_t s)
{
	int64_t from = s * MEDIUM_SECTOR, to = from + MEDIUM_SECTOR;

	if (from < i->safe_len)
		from = least(i->safe_len, to);
	memset(i->safe + from, 0, (size_t)(to - from));
}

static void inode_cut(struct inode *i, struct rnd *rnd)
{
	int64_t len = rnd_below(rnd, 2) ? i->seen_len : i->safe_len;
	int64_t from = i->first_dirty * MEDIUM_SECTOR, to = (i->last_dirty + 1) * MEDIUM_SECTOR;

	if (to > from) {
		i->safe = grown(i->safe, &i->safe_room, (size_t)to, 1);
		i->seen = grown(i->seen, &i->seen_room, (size_t)to, 1);
		for (int64_t s = i->first_dirty; s <= i->last_dirty; s++) {
			if (!i->dirty[s])
				continue;
			if (rnd_below(rnd, 2))
				settle_sectors(i, s, s + 1);
			else
				keep_sector(i, s);
		}
		memcpy(i->seen + from, i->safe + from, (size_t)(to - from));
	}
	clean(i);
	i->safe_len = i->seen_len = len;
}

void medium_cut(struct medium *m, struct rnd *rnd)
{
	settle_names(m, m->n_changes ? rnd_below(rnd, (uint32_t)m->n_changes + 1) : 0);
	dir_clear(&m->seen);
	for (size_t i = 0; i < m->safe.n; i++)
		dir_put(&m->seen, m->safe.list[i].name, m->safe.list[i].inode);
	/* In the order of names: the order of the list depends on what was removed before. */
	for (size_t i = 0; i < m->seen.n; i++)
		inode_cut(m->seen.list[i].inode, rnd);
	m->dead = false;
}
