#include "platform/store/sqlite_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/sqlite.h"

#define PATH_SIZE  512
#define SHM_PIECES 64

/* The write-ahead log's index of one database: memory that its connections share. */
struct shm {
	struct shm *next;
	char path[PATH_SIZE];
	unsigned users;
	void *piece[SHM_PIECES];
	int readers[SQLITE_SHM_NLOCK]; /* -1: one writer */
};

struct vfs_file {
	sqlite3_file base;
	struct vfs_file *next; /* of all that are open */
	int level;             /* its lock on the file */
	struct sim_file *file;
	struct shm *shm;
	uint16_t shared, exclusive; /* locks that this connection holds */
	char path[PATH_SIZE];
	bool remove_at_close;
};

static struct sim_files files;
static struct shm *shms;
static struct vfs_file *opened;

static struct vfs_file *of(sqlite3_file *file)
{
	return (struct vfs_file *)(void *)file;
}

static int code_of(enum err err, int io)
{
	return err == ERR_NONE ? SQLITE_OK : err == ERR_DISK_FULL ? SQLITE_FULL : io;
}

/* ---- bytes ---- */

static int on_close(sqlite3_file *file)
{
	struct vfs_file *f = of(file), **at = &opened;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	files.close(files.ctx, f->file);
	if (f->remove_at_close)
		(void)files.remove(files.ctx, f->path);
	return SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
	size_t got;
	enum err err = files.read(files.ctx, of(file)->file, at, to, (size_t)len, &got);

	if (err)
		return SQLITE_IOERR_READ;
	if (got == (size_t)len)
		return SQLITE_OK;
	memset((char *)to + got, 0, (size_t)len - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at)
{
	return code_of(files.write(files.ctx, of(file)->file, at, from, (size_t)len),
	               SQLITE_IOERR_WRITE);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return code_of(files.truncate(files.ctx, of(file)->file, size), SQLITE_IOERR_TRUNCATE);
}

static int on_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	return code_of(files.sync(files.ctx, of(file)->file), SQLITE_IOERR_FSYNC);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = files.size(files.ctx, of(file)->file);
	return SQLITE_OK;
}

/* ---- locks of a file: who closes it last empties its log ---- */

static int highest_other(const struct vfs_file *f)
{
	int highest = SQLITE_LOCK_NONE;

	for (const struct vfs_file *o = opened; o; o = o->next)
		if (o != f && strcmp(o->path, f->path) == 0 && o->level > highest)
			highest = o->level;
	return highest;
}

static int on_lock(sqlite3_file *file, int level)
{
	struct vfs_file *f = of(file);
	int other = highest_other(f);

	if (level <= f->level)
		return SQLITE_OK;
	if (level == SQLITE_LOCK_SHARED     ? other >= SQLITE_LOCK_PENDING
	    : level == SQLITE_LOCK_RESERVED ? other >= SQLITE_LOCK_RESERVED
	                                    : other >= SQLITE_LOCK_SHARED)
		return SQLITE_BUSY;
	f->level = level;
	return SQLITE_OK;
}

static int on_unlock(sqlite3_file *file, int level)
{
	if (level < of(file)->level)
		of(file)->level = level;
	return SQLITE_OK;
}

static int on_check(sqlite3_file *file, int *reserved)
{
	*reserved = highest_other(of(file)) >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *file)
{
	(void)file;
	return 512;
}

static int character(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- the index in shared memory ---- */

static struct shm *shm_open_of(const char *path)
{
	struct shm *shm;

	for (shm = shms; shm; shm = shm->next)
		if (strcmp(shm->path, path) == 0)
			break;
	if (!shm) {
		shm = calloc(1, sizeof *shm);
		if (!shm)
			return NULL;
		snprintf(shm->path, sizeof shm->path, "%s", path);
		shm->next = shms;
		shms = shm;
	}
	shm->users++;
	return shm;
}

static int on_shm_map(sqlite3_file *file, int piece, int size, int extend, void volatile **out)
{
	struct vfs_file *f = of(file);

	*out = NULL;
	if (!f->shm)
		f->shm = shm_open_of(f->path);
	if (!f->shm)
		return SQLITE_NOMEM;
	if (piece >= SHM_PIECES)
		return SQLITE_IOERR_SHMMAP;
	if (!f->shm->piece[piece] && extend)
		f->shm->piece[piece] = calloc(1, (size_t)size);
	*out = f->shm->piece[piece];
	return SQLITE_OK;
}

static bool may_lock(const struct vfs_file *f, int i, bool exclusive)
{
	int held = f->shm->readers[i];
	int own = (f->shared >> i) & 1;

	return exclusive ? held == own : held >= 0;
}

static void shm_unlock(struct vfs_file *f, int i)
{
	uint16_t bit = (uint16_t)(1u << i);

	if (f->exclusive & bit)
		f->shm->readers[i] = 0;
	else if (f->shared & bit)
		f->shm->readers[i]--;
	f->exclusive = (uint16_t)(f->exclusive & ~bit);
	f->shared = (uint16_t)(f->shared & ~bit);
}

static void shm_take(struct vfs_file *f, int i, bool exclusive)
{
	uint16_t bit = (uint16_t)(1u << i);

	if (exclusive) {
		f->shared = (uint16_t)(f->shared & ~bit);
		f->exclusive = (uint16_t)(f->exclusive | bit);
		f->shm->readers[i] = -1;
	} else if (!((f->shared | f->exclusive) & bit)) {
		f->shared = (uint16_t)(f->shared | bit);
		f->shm->readers[i]++;
	}
}

static int on_shm_lock(sqlite3_file *file, int first, int n, int flags)
{
	struct vfs_file *f = of(file);
	bool exclusive = flags & SQLITE_SHM_EXCLUSIVE;

	for (int i = first; i < first + n; i++) {
		bool own = (f->exclusive >> i) & 1;

		if (flags & SQLITE_SHM_LOCK && !own && !may_lock(f, i, exclusive))
			return SQLITE_BUSY;
	}
	for (int i = first; i < first + n; i++) {
		if (flags & SQLITE_SHM_UNLOCK)
			shm_unlock(f, i);
		else
			shm_take(f, i, exclusive);
	}
	return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *file)
{
	(void)file;
}

static int on_shm_unmap(sqlite3_file *file, int drop)
{
	struct vfs_file *f = of(file);
	struct shm *shm = f->shm, **at = &shms;

	(void)drop;
	if (!shm)
		return SQLITE_OK;
	for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
		shm_unlock(f, i);
	f->shm = NULL;
	if (--shm->users)
		return SQLITE_OK;
	while (*at != shm)
		at = &(*at)->next;
	*at = shm->next;
	for (int i = 0; i < SHM_PIECES; i++)
		free(shm->piece[i]);
	free(shm);
	return SQLITE_OK;
}

/* ---- names ---- */

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                   int *flags_out)
{
	static const sqlite3_io_methods methods = {.iVersion = 2,
	                                           .xClose = on_close,
	                                           .xRead = on_read,
	                                           .xWrite = on_write,
	                                           .xTruncate = on_truncate,
	                                           .xSync = on_sync,
	                                           .xFileSize = on_size,
	                                           .xLock = on_lock,
	                                           .xUnlock = on_unlock,
	                                           .xCheckReservedLock = on_check,
	                                           .xFileControl = on_control,
	                                           .xSectorSize = sector_size,
	                                           .xDeviceCharacteristics = character,
	                                           .xShmMap = on_shm_map,
	                                           .xShmLock = on_shm_lock,
	                                           .xShmBarrier = on_shm_barrier,
	                                           .xShmUnmap = on_shm_unmap};
	static unsigned temporaries;
	struct vfs_file *f = of(file);
	enum err err;

	(void)vfs;
	memset(f, 0, sizeof *f);
	if (path)
		snprintf(f->path, sizeof f->path, "%s", path);
	else
		snprintf(f->path, sizeof f->path, "/temporary/%u", temporaries++);
	f->remove_at_close = !path || flags & SQLITE_OPEN_DELETEONCLOSE;
	err = files.open(files.ctx, f->path, flags & SQLITE_OPEN_CREATE || !path, &f->file);
	if (err)
		return code_of(err, SQLITE_CANTOPEN);
	f->base.pMethods = &methods;
	f->next = opened;
	opened = f;
	if (flags_out)
		*flags_out = flags;
	return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	enum err err = files.remove(files.ctx, path);

	(void)vfs;
	(void)sync;
	return err == ERR_NOT_FOUND ? SQLITE_IOERR_DELETE_NOENT : code_of(err, SQLITE_IOERR_DELETE);
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *yes)
{
	(void)vfs;
	(void)flags;
	*yes = files.exists(files.ctx, path);
	return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int size, char *full)
{
	(void)vfs;
	return snprintf(full, (size_t)size, "%s", path) >= size ? SQLITE_CANTOPEN : SQLITE_OK;
}

static int on_random(sqlite3_vfs *vfs, int len, char *bytes)
{
	(void)vfs;
	files.random(files.ctx, bytes, (size_t)len);
	return len;
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us; /* who holds the lock is on this thread: no time passes */
}

static int on_time64(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms)
{
	(void)vfs;
	*julian_ms = files.wall_ms(files.ctx) + INT64_C(210866760000000);
	return SQLITE_OK;
}

static int on_time(sqlite3_vfs *vfs, double *julian)
{
	sqlite3_int64 ms;

	(void)on_time64(vfs, &ms);
	*julian = (double)ms / 86400000.0;
	return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int size, char *text)
{
	(void)vfs;
	if (size > 0)
		text[0] = 0;
	return 0;
}

enum err sqlite_sim_use(const struct sim_files *wanted)
{
	static sqlite3_vfs vfs = {.iVersion = 2,
	                          .szOsFile = sizeof(struct vfs_file),
	                          .mxPathname = PATH_SIZE,
	                          .zName = "wattle-sim",
	                          .xOpen = on_open,
	                          .xDelete = on_delete,
	                          .xAccess = on_access,
	                          .xFullPathname = on_full_path,
	                          .xRandomness = on_random,
	                          .xSleep = on_sleep,
	                          .xCurrentTime = on_time,
	                          .xGetLastError = on_last_error,
	                          .xCurrentTimeInt64 = on_time64};

	files = *wanted;
	sqlite_setup();
	return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK ? ERR_NONE : ERR_NOMEM;
}

void sqlite_sim_seed(void)
{
	sqlite3_randomness(0, NULL);
}
