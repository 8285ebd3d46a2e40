#include "platform/store/test/fault_vfs.h"

#include <stdlib.h>
#include <string.h>

#include "platform/store/sqlite.h"

static struct {
	int64_t calls, at, failures, undo_bytes;
	enum fault_kind kind;
	bool for_ever;
} fault;

static sqlite3_vfs *real;

struct fault_file {
	sqlite3_file base;
	int64_t is_undo; /* of a savepoint or statement; as wide as what follows wants it */
	                 /* The real file follows in the same allocation (szOsFile). */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)(void *)((struct fault_file *)(void *)file + 1);
}

static bool fails(void)
{
	fault.calls++;
	if (fault.at == 0 || fault.calls < fault.at || (fault.calls > fault.at && !fault.for_ever))
		return false;
	fault.failures++;
	return true;
}

static int on_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 offset)
{
	if (fails()) {
		/* Half of it may have reached the disk. */
		if (amount > 1)
			(void)real_of(file)->pMethods->xWrite(real_of(file), data, amount / 2,
			                                      offset);
		return fault.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	}
	if (((struct fault_file *)(void *)file)->is_undo)
		fault.undo_bytes += amount;
	return real_of(file)->pMethods->xWrite(real_of(file), data, amount, offset);
}

static int on_sync(sqlite3_file *file, int flags)
{
	if (fails())
		return fault.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (fails())
		return SQLITE_IOERR_TRUNCATE;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *data, int amount, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, amount, offset);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int on_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_reserved(sqlite3_file *file, int *held)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int on_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, to);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int remove_it)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove_it);
}

static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = on_close,
        .xRead = on_read,
        .xWrite = on_write,
        .xTruncate = on_truncate,
        .xSync = on_sync,
        .xFileSize = on_size,
        .xLock = on_lock,
        .xUnlock = on_unlock,
        .xCheckReservedLock = on_reserved,
        .xFileControl = on_control,
        .xSectorSize = on_sector,
        .xDeviceCharacteristics = on_device,
        .xShmMap = on_shm_map,
        .xShmLock = on_shm_lock,
        .xShmBarrier = on_shm_barrier,
        .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int code;

	(void)vfs;
	file->pMethods = NULL;
	((struct fault_file *)(void *)file)->is_undo = flags & SQLITE_OPEN_SUBJOURNAL;
	if ((flags & SQLITE_OPEN_CREATE) && fails())
		return fault.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR;
	code = real->xOpen(real, name, real_of(file), flags, out);
	if (code == SQLITE_OK)
		file->pMethods = &methods;
	return code;
}

void fault_vfs_install(void)
{
	static sqlite3_vfs vfs;

	sqlite_setup(); /* before anything begins the library, or it would have no effect */
	real = sqlite3_vfs_find(NULL);
	vfs = *real;
	vfs.zName = "fault";
	vfs.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
	vfs.xOpen = on_open;
	sqlite3_vfs_register(&vfs, 1);
}

void fault_vfs_set(int64_t n, enum fault_kind kind, bool for_ever)
{
	fault.calls = fault.failures = fault.undo_bytes = 0;
	fault.at = n;
	fault.kind = kind;
	fault.for_ever = for_ever;
}

int64_t fault_vfs_calls(void)
{
	return fault.calls;
}

int64_t fault_vfs_undo_bytes(void)
{
	return fault.undo_bytes;
}

int64_t fault_vfs_failures(void)
{
	return fault.failures;
}
