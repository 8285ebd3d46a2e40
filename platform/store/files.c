#include "platform/store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/bytes.h"

#define PATH_SIZE 1024
#define CHUNK     (256 * 1024)

enum err err_of_errno(int code)
{
	switch (code) {
	case 0:
		return ERR_NONE;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	case EEXIST:
	case ENOTEMPTY:
		return ERR_DUP;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	case ENOMEM:
		return ERR_NOMEM;
	}
	return ERR_IO;
}

enum err dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = fd < 0 || fsync(fd) ? err_of_errno(errno) : ERR_NONE;

	if (fd >= 0)
		close(fd);
	return err;
}

enum err file_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = fd < 0 || fsync(fd) ? err_of_errno(errno) : ERR_NONE;

	if (fd >= 0)
		close(fd);
	return err;
}

static enum err dir_sync_of(const char *path)
{
	char dir[PATH_SIZE];
	const char *slash = strrchr(path, '/');

	snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return dir_sync(*dir ? dir : "/");
}

static enum err write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_of_errno(errno);
		bytes += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err file_replace(const char *path, mode_t mode, const void *bytes, size_t len)
{
	char fresh[PATH_SIZE];
	struct stat old;
	bool existed = stat(path, &old) == 0;
	enum err err;
	int fd;

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return ERR_TOO_LONG;
	if (unlink(fresh) && errno != ENOENT) /* of an earlier try, with who knows what mode */
		return err_of_errno(errno);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0700);
	if (fd < 0)
		return err_of_errno(errno);
	err = fchmod(fd, mode) ? err_of_errno(errno) : ERR_NONE;
	/* root may act for the user who owns the installation; anybody else owns it already */
	if (!err && existed && geteuid() == 0 && fchown(fd, old.st_uid, old.st_gid))
		err = err_of_errno(errno);
	if (!err)
		err = write_all(fd, bytes, len);
	if (!err && fsync(fd))
		err = err_of_errno(errno);
	close(fd);
	if (!err && rename(fresh, path))
		err = err_of_errno(errno);
	if (err) {
		unlink(fresh);
		return err;
	}
	return dir_sync_of(path);
}

enum err file_read(const char *path, void *to, size_t size, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = ERR_NONE;
	size_t have = 0;

	*len = 0;
	if (fd < 0)
		return err_of_errno(errno);
	while (have < size) {
		ssize_t n = read(fd, (char *)to + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = err_of_errno(errno);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	if (!err && have == size)
		err = ERR_TOO_LONG;
	*len = have;
	return err;
}

/* One pass over a file, chunk by chunk. */
static enum err each_chunk(const char *path, enum err (*use)(void *arg, const char *, size_t),
                           void *arg)
{
	static _Thread_local char chunk[CHUNK];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = ERR_NONE;
	ssize_t n = 1;

	if (fd < 0)
		return err_of_errno(errno);
	while (!err && n > 0) {
		n = read(fd, chunk, sizeof chunk);
		if (n > 0)
			err = use(arg, chunk, (size_t)n);
		else if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			err = err_of_errno(errno);
	}
	close(fd);
	return err;
}

static enum err append(void *arg, const char *bytes, size_t len)
{
	return write_all(*(int *)arg, bytes, len);
}

enum err file_copy(const char *from, const char *to, mode_t mode)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	enum err err;

	if (fd < 0)
		return err_of_errno(errno);
	err = each_chunk(from, append, &fd);
	if (!err && fsync(fd))
		err = err_of_errno(errno);
	close(fd);
	if (err)
		unlink(to);
	return err;
}

struct digest {
	crypto_hash_sha256_state state;
	int64_t bytes;
};

static enum err digest_chunk(void *arg, const char *bytes, size_t len)
{
	struct digest *digest = arg;

	crypto_hash_sha256_update(&digest->state, (const unsigned char *)bytes, len);
	digest->bytes += (int64_t)len;
	return ERR_NONE;
}

enum err file_sha256(const char *path, char hex[FILE_SHA256_SIZE], int64_t *bytes)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	struct digest digest = {.bytes = 0};
	enum err err;

	crypto_hash_sha256_init(&digest.state);
	err = each_chunk(path, digest_chunk, &digest);
	if (err)
		return err;
	crypto_hash_sha256_final(&digest.state, sum);
	hex_encode(sum, sizeof sum, hex);
	*bytes = digest.bytes;
	return ERR_NONE;
}

enum err dir_make(const char *dir)
{
	char path[PATH_SIZE];
	size_t len = strlen(dir);

	if (len == 0 || len >= sizeof path)
		return ERR_TOO_LONG;
	for (size_t i = 1; i <= len; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		snprintf(path, sizeof path, "%.*s", (int)i, dir);
		if (mkdir(path, 0700) && errno != EEXIST)
			return err_of_errno(errno);
	}
	return ERR_NONE;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) ? errno : 0;
}

enum err dir_remove(const char *dir)
{
	int code = nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	if (code < 0)
		code = errno;
	return code == ENOENT ? ERR_NONE : err_of_errno(code);
}
