#include "gateway/spool/test/fake_disk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

static uint64_t draw(struct fake_disk *fake)
{
	fake->random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = fake->random;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Counts a change and says how it ends. */
static enum err change(struct fake_disk *fake)
{
	if (fake->off)
		return ERR_IO;
	fake->changes++;
	if (!fake->fail_at || fake->changes < fake->fail_at)
		return ERR_NONE;
	if (fake->changes > fake->fail_at && !fake->fail_for_ever)
		return ERR_NONE;
	if (fake->fail_with == ERR_CLOSED)
		fake->off = true;
	return fake->fail_with;
}

static void resize(struct fake_disk *fake, struct fake_file *f, size_t len)
{
	if (fake->space >= 0)
		fake->space -= (int64_t)len - (int64_t)f->len;
	f->bytes = realloc(f->bytes, len + 1);
	assert(f->bytes);
	if (len > f->len)
		memset(f->bytes + f->len, 0, len - f->len);
	f->len = len;
}

struct fake_file *fake_disk_file(struct fake_disk *fake, const char *name)
{
	for (size_t i = 0; i < FAKE_FILES; i++)
		if (fake->files[i].used && strcmp(fake->files[i].name, name) == 0)
			return &fake->files[i];
	return NULL;
}

size_t fake_disk_count(const struct fake_disk *fake)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_FILES; i++)
		n += fake->files[i].used && fake->files[i].name[0];
	return n;
}

static enum err fake_open(void *ctx, const char *name, bool create, int *file)
{
	struct fake_disk *fake = ctx;
	struct fake_file *f = fake_disk_file(fake, name);
	enum err err;

	if (fake->off)
		return ERR_IO;
	if (!f && !create)
		return ERR_NOT_FOUND;
	if (!f) {
		err = change(fake);
		if (err)
			return err == ERR_CLOSED ? ERR_IO : err;
		for (f = fake->files; f->used; f++)
			assert(f < fake->files + FAKE_FILES - 1);
		f->used = true;
		snprintf(f->name, sizeof f->name, "%s", name);
	}
	*file = (int)(f - fake->files);
	return ERR_NONE;
}

static void fake_close(void *ctx, int file)
{
	(void)ctx;
	(void)file;
}

static enum err fake_size(void *ctx, int file, int64_t *bytes)
{
	struct fake_disk *fake = ctx;

	*bytes = (int64_t)fake->files[file].len;
	return fake->off ? ERR_IO : ERR_NONE;
}

static enum err fake_read(void *ctx, int file, int64_t offset, void *bytes, size_t len, size_t *got)
{
	struct fake_disk *fake = ctx;
	const struct fake_file *f = &fake->files[file];

	if (fake->off)
		return ERR_IO;
	*got = 0;
	if ((size_t)offset >= f->len)
		return ERR_NONE;
	*got = f->len - (size_t)offset < len ? f->len - (size_t)offset : len;
	memcpy(bytes, f->bytes + offset, *got);
	return ERR_NONE;
}

static enum err fake_write(void *ctx, int file, int64_t offset, const void *bytes, size_t len)
{
	struct fake_disk *fake = ctx;
	struct fake_file *f = &fake->files[file];
	size_t end = (size_t)offset + len;
	size_t grow = end > f->len ? end - f->len : 0;
	enum err err = fake->off ? ERR_IO : change(fake);

	if (err == ERR_IO)
		return err;
	if (!err && fake->space >= 0 && (int64_t)grow > fake->space)
		err = ERR_DISK_FULL;
	/* A failing write has written any part. */
	if (err) {
		len = (size_t)(draw(fake) % (len + 1));
		if (fake->space >= 0 && (int64_t)len > fake->space)
			len = (size_t)fake->space;
		end = (size_t)offset + len;
	}
	if (end > f->len)
		resize(fake, f, end);
	if (len > 0)
		memcpy(f->bytes + offset, bytes, len);
	return err == ERR_CLOSED ? ERR_IO : err;
}

static enum err fake_truncate(void *ctx, int file, int64_t bytes)
{
	struct fake_disk *fake = ctx;
	enum err err = change(fake);

	if (err)
		return err == ERR_CLOSED ? ERR_IO : err;
	resize(fake, &fake->files[file], (size_t)bytes);
	return ERR_NONE;
}

static enum err fake_sync(void *ctx, int file)
{
	struct fake_disk *fake = ctx;
	struct fake_file *f = &fake->files[file];
	enum err err = change(fake);

	if (err || fake->sync_fails)
		return ERR_IO;
	f->synced = realloc(f->synced, f->len + 1);
	assert(f->synced);
	memcpy(f->synced, f->bytes ? f->bytes : (const uint8_t *)"", f->len);
	f->synced_len = f->len;
	return ERR_NONE;
}

static enum err fake_sync_names(void *ctx)
{
	struct fake_disk *fake = ctx;
	enum err err = change(fake);

	if (err || fake->sync_fails)
		return ERR_IO;
	for (size_t i = 0; i < FAKE_FILES; i++) {
		struct fake_file *f = &fake->files[i];

		memcpy(f->synced_name, f->name, sizeof f->name);
		if (f->used && !f->name[0]) {
			free(f->bytes);
			free(f->synced);
			memset(f, 0, sizeof *f);
		}
	}
	return ERR_NONE;
}

/* The name goes; the bytes stay until the names are synced, for a power cut may bring it back. */
static void name_drop(struct fake_disk *fake, struct fake_file *f)
{
	if (fake->space >= 0)
		fake->space += (int64_t)f->len;
	f->name[0] = 0;
}

static enum err fake_rename(void *ctx, const char *from, const char *to)
{
	struct fake_disk *fake = ctx;
	struct fake_file *f = fake_disk_file(fake, from);
	struct fake_file *old = fake_disk_file(fake, to);
	enum err err = change(fake);

	if (err)
		return err == ERR_CLOSED ? ERR_IO : err;
	if (!f)
		return ERR_NOT_FOUND;
	if (old)
		name_drop(fake, old);
	snprintf(f->name, sizeof f->name, "%s", to);
	return ERR_NONE;
}

static enum err fake_remove(void *ctx, const char *name)
{
	struct fake_disk *fake = ctx;
	struct fake_file *f = fake_disk_file(fake, name);
	enum err err = change(fake);

	if (err)
		return err == ERR_CLOSED ? ERR_IO : err;
	if (!f)
		return ERR_NOT_FOUND;
	name_drop(fake, f);
	return ERR_NONE;
}

static enum err fake_list(void *ctx, void (*name_fn)(void *arg, const char *name), void *arg)
{
	struct fake_disk *fake = ctx;

	if (fake->off)
		return ERR_IO;
	/* Backwards: nobody may rely on an order. */
	for (size_t i = FAKE_FILES; i-- > 0;)
		if (fake->files[i].used && fake->files[i].name[0])
			name_fn(arg, fake->files[i].name);
	return ERR_NONE;
}

void fake_disk_init(struct fake_disk *fake)
{
	*fake = (struct fake_disk){.space = -1, .fail_with = ERR_DISK_FULL};
	fake->disk = (struct disk){
	        fake,          fake_open, fake_close,      fake_size,   fake_read,   fake_write,
	        fake_truncate, fake_sync, fake_sync_names, fake_rename, fake_remove, fake_list};
}

void fake_disk_free(struct fake_disk *fake)
{
	for (size_t i = 0; i < FAKE_FILES; i++) {
		free(fake->files[i].bytes);
		free(fake->files[i].synced);
	}
}

static void file_power_up(struct fake_disk *fake, struct fake_file *f)
{
	size_t len = f->synced_len;

	if (f->len > len)
		len += (size_t)(draw(fake) % (f->len - len + 1));
	else if (draw(fake) % 2)
		len = f->len;
	f->bytes = realloc(f->bytes, (len > f->len ? len : f->len) + 1);
	assert(f->bytes);
	for (size_t at = 0; at < len; at += SECTOR) {
		size_t n = len - at < SECTOR ? len - at : SECTOR;

		if (draw(fake) % 2 && at + n <= f->len)
			continue; /* the new content made it */
		for (size_t i = at; i < at + n; i++)
			f->bytes[i] = i < f->synced_len ? f->synced[i] : 0;
	}
	f->len = len;
}

void fake_disk_power_up(struct fake_disk *fake, uint64_t seed)
{
	bool old_names;

	fake->random = seed;
	fake->off = false;
	fake->fail_at = 0;
	fake->space = -1;
	old_names = draw(fake) % 2;
	for (size_t i = 0; i < FAKE_FILES; i++) {
		struct fake_file *f = &fake->files[i];

		if (!f->used)
			continue;
		if (old_names)
			memcpy(f->name, f->synced_name, sizeof f->name);
		if (f->name[0])
			file_power_up(fake, f);
		else
			f->used = false;
	}
	fake->space = -1;
	for (size_t i = 0; i < FAKE_FILES; i++) {
		struct fake_file *f = &fake->files[i];

		if (!f->used) {
			free(f->bytes);
			free(f->synced);
			memset(f, 0, sizeof *f);
			continue;
		}
		(void)fake_sync(fake, (int)i);
		memcpy(f->synced_name, f->name, sizeof f->name);
	}
}
