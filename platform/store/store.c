#include "platform/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/store/info.h"
#include "platform/store/migrations.h"

void store_path(char path[STORE_PATH_SIZE], const char *dir, const char *name)
{
	snprintf(path, STORE_PATH_SIZE, "%s/%s", dir, name);
}

enum err store_lock(const char *dir, int *lock_fd)
{
	char path[STORE_PATH_SIZE];

	store_path(path, dir, "lock");
	*lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock_fd < 0)
		return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
	if (flock(*lock_fd, LOCK_EX | LOCK_NB) == 0)
		return ERR_NONE;
	close(*lock_fd);
	*lock_fd = -1;
	return ERR_BUSY;
}

void store_unlock(int lock_fd)
{
	if (lock_fd >= 0)
		close(lock_fd); /* the file stays: removing it would race with the next owner */
}

/* A new store draws its epoch and hash key. */
static enum err identify(struct db *db)
{
	uint8_t fresh[24];

	if (sodium_init() < 0)
		return ERR_INTERNAL;
	randombytes_buf(fresh, sizeof fresh);
	return info_create(db, fresh);
}

enum err store_exists(const char *dir)
{
	char path[STORE_PATH_SIZE];
	struct stat st;

	store_path(path, dir, "wattle.db");
	return stat(path, &st) || st.st_size == 0 ? ERR_NOT_FOUND : ERR_NONE;
}

enum err store_open(struct db **db, const char *dir)
{
	char path[STORE_PATH_SIZE];
	enum err err;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
	store_path(path, dir, "wattle.db");
	err = db_open(db, path, DB_WRITE);
	if (err)
		return err;
	err = migrate(*db, store_migrations);
	if (!err)
		err = identify(*db);
	if (err) {
		db_close(*db);
		*db = NULL;
	}
	return err;
}

enum err store_open_read(struct db **db, const char *dir)
{
	char path[STORE_PATH_SIZE];

	store_path(path, dir, "wattle.db");
	return db_open(db, path, DB_READ);
}
