#include "platform/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/store/files.h"
#include "platform/store/folder.h"
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

void store_main(char path[STORE_PATH_SIZE], const char *dir, const char *url)
{
	if (url && *url)
		snprintf(path, STORE_PATH_SIZE, "%s", url);
	else
		store_path(path, dir, "wattle.db");
}

static enum err database_exists(const char *url)
{
	struct db *db;
	int id = 0;
	enum err err = db_open(&db, url, DB_READ);

	if (err)
		return err;
	err = migration_found(db, &id);
	db_close(db);
	return err ? err : id ? ERR_NONE : ERR_NOT_FOUND;
}

enum err store_exists(const char *dir, const char *url)
{
	char path[STORE_PATH_SIZE];

	if (url && *url)
		return database_exists(url);
	store_main(path, dir, url);
	return folder_file_size(path) > 0 ? ERR_NONE : ERR_NOT_FOUND;
}

enum err store_open(struct db **db, const char *dir, const char *url)
{
	char path[STORE_PATH_SIZE];
	enum err err;

	*db = NULL;
	err = folder_make(dir);
	if (err)
		return err;
	store_main(path, dir, url);
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

enum err store_open_read(struct db **db, const char *dir, const char *url)
{
	char path[STORE_PATH_SIZE];

	store_main(path, dir, url);
	return db_open(db, path, DB_READ);
}

enum err store_holder(const char *dir, char holder[WORKER_NAME_SIZE])
{
	char host[65] = "", random[17], path[STORE_PATH_SIZE];
	uint8_t fresh[8];
	size_t len;
	enum err err;

	store_path(path, dir, "holder");
	err = file_read(path, holder, WORKER_NAME_SIZE, &len);
	if (!err && len > 0) {
		holder[len] = '\0';
		return ERR_NONE;
	}
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	randombytes_buf(fresh, sizeof fresh);
	hex_encode(fresh, sizeof fresh, random);
	if (gethostname(host, sizeof host - 1))
		snprintf(host, sizeof host, "?");
	len = (size_t)snprintf(holder, WORKER_NAME_SIZE, "%s %s", host, random);
	return file_replace(path, 0600, holder, len);
}
