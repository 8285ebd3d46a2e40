#include "gateway/spool/disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	int fd;
};

static enum err errno_err(void)
{
	if (errno == ENOSPC || errno == EDQUOT)
		return ERR_DISK_FULL;
	if (errno == ENOENT)
		return ERR_NOT_FOUND;
	return ERR_IO;
}

static int folder_fd(void *ctx)
{
	return ((struct folder *)ctx)->fd;
}

static enum err posix_open(void *ctx, const char *name, bool create, int *file)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);

	*file = openat(folder_fd(ctx), name, flags, 0640);
	return *file < 0 ? errno_err() : ERR_NONE;
}

static void posix_close(void *ctx, int file)
{
	(void)ctx;
	close(file);
}

static enum err posix_size(void *ctx, int file, int64_t *bytes)
{
	struct stat st;

	(void)ctx;
	if (fstat(file, &st))
		return errno_err();
	*bytes = st.st_size;
	return ERR_NONE;
}

static enum err posix_read(void *ctx, int file, int64_t offset, void *bytes, size_t len,
                           size_t *got)
{
	uint8_t *to = bytes;

	(void)ctx;
	*got = 0;
	while (*got < len) {
		ssize_t n = pread(file, to + *got, len - *got, offset + (int64_t)*got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno_err();
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return ERR_NONE;
}

static enum err posix_write(void *ctx, int file, int64_t offset, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	(void)ctx;
	while (len > 0) {
		ssize_t n = pwrite(file, from, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno_err();
		if (n == 0)
			return ERR_IO;
		from += n;
		offset += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

static enum err posix_truncate(void *ctx, int file, int64_t bytes)
{
	(void)ctx;
	return ftruncate(file, bytes) ? errno_err() : ERR_NONE;
}

static enum err posix_sync(void *ctx, int file)
{
	(void)ctx;
	return fdatasync(file) ? errno_err() : ERR_NONE;
}

static enum err posix_sync_names(void *ctx)
{
	return fsync(folder_fd(ctx)) ? errno_err() : ERR_NONE;
}

static enum err posix_rename(void *ctx, const char *from, const char *to)
{
	return renameat(folder_fd(ctx), from, folder_fd(ctx), to) ? errno_err() : ERR_NONE;
}

static enum err posix_remove(void *ctx, const char *name)
{
	return unlinkat(folder_fd(ctx), name, 0) ? errno_err() : ERR_NONE;
}

static enum err posix_list(void *ctx, void (*name_fn)(void *arg, const char *name), void *arg)
{
	int fd = openat(folder_fd(ctx), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return errno_err();
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return ERR_NOMEM;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < DISK_NAME_SIZE)
			name_fn(arg, entry->d_name);
	closedir(dir);
	return ERR_NONE;
}

enum err disk_posix_open(struct disk *disk, const char *folder)
{
	struct folder *f;

	if (mkdir(folder, 0750) && errno != EEXIST)
		return errno_err();
	f = malloc(sizeof *f);
	if (!f)
		return ERR_NOMEM;
	f->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0) {
		enum err err = errno_err();

		free(f);
		return err;
	}
	*disk = (struct disk){f,
	                      posix_open,
	                      posix_close,
	                      posix_size,
	                      posix_read,
	                      posix_write,
	                      posix_truncate,
	                      posix_sync,
	                      posix_sync_names,
	                      posix_rename,
	                      posix_remove,
	                      posix_list};
	return ERR_NONE;
}

void disk_posix_close(struct disk *disk)
{
	struct folder *f = disk->ctx;

	assert(f != NULL);
	close(f->fd);
	free(f);
	disk->ctx = NULL;
}
