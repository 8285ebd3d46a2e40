#include "platform/store/sheet_file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/store/files.h"

#define NAME_LEN    (SHEET_NAME_SIZE - 1)
#define RECORD_SIZE (16 + SHEET_DETAIL_SIZE)
#define FOLDER      "sheets"
#define FOLDER_MODE 0700
#define FILE_MODE   0600
#define ROOM_LEAST  (256u << 20) /* bytes that readings and acts may still need */

static const char *const suffixes[] = {
        [SHEET_FILE_UPLOAD] = "upload",  [SHEET_FILE_ROWS] = "rows",
        [SHEET_FILE_MISTAKES] = "wrong", [SHEET_FILE_SCRATCH] = "scratch",
        [SHEET_FILE_EXPORT] = "out",
};

static bool name_valid(const char *name)
{
	return strlen(name) == NAME_LEN && strspn(name, "0123456789abcdef") == NAME_LEN;
}

void sheet_file_folder(char path[SHEET_PATH_SIZE], const char *store_dir)
{
	snprintf(path, SHEET_PATH_SIZE, "%s/" FOLDER, store_dir);
}

void sheet_file_path(char path[SHEET_PATH_SIZE], const char *store_dir, const char *name,
                     enum sheet_file file)
{
	/* Names come from our own rows; one that is none of ours means that these are damaged. */
	assert(name_valid(name));
	snprintf(path, SHEET_PATH_SIZE, "%s/" FOLDER "/%s.%s", store_dir, name, suffixes[file]);
}

enum err sheet_file_name(const char *store_dir, char name[SHEET_NAME_SIZE])
{
	uint8_t random[NAME_LEN / 2];
	char folder[SHEET_PATH_SIZE];

	if (sodium_init() < 0)
		return ERR_INTERNAL;
	sheet_file_folder(folder, store_dir);
	if (mkdir(folder, FOLDER_MODE) && errno != EEXIST)
		return err_of_errno(errno);
	randombytes_buf(random, sizeof random);
	hex_encode(random, sizeof random, name);
	return ERR_NONE;
}

static enum err open_file(const char *store_dir, const char *name, enum sheet_file file, int flags,
                          int *fd)
{
	char path[SHEET_PATH_SIZE];

	*fd = -1;
	if (!name_valid(name))
		return ERR_BAD_INPUT;
	sheet_file_path(path, store_dir, name, file);
	*fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	return *fd < 0 ? err_of_errno(errno) : ERR_NONE;
}

enum err sheet_file_create(const char *store_dir, const char *name, enum sheet_file file, int *fd)
{
	return open_file(store_dir, name, file, O_RDWR | O_CREAT | O_TRUNC, fd);
}

enum err sheet_file_open(const char *store_dir, const char *name, enum sheet_file file, int *fd)
{
	return open_file(store_dir, name, file, O_RDONLY, fd);
}

static enum err put_at(int fd, int64_t at, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_of_errno(n ? errno : EIO);
		at += n;
		bytes += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err sheet_file_put(const char *store_dir, const char *name, int64_t at, const void *bytes,
                        size_t len, int64_t *size)
{
	struct stat st;
	enum err err;
	int fd;

	err = open_file(store_dir, name, SHEET_FILE_UPLOAD, O_RDWR | O_CREAT, &fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		err = ERR_IO;
	else if (at > st.st_size)
		err = ERR_SEQUENCE;
	*size = err ? 0 : st.st_size;
	if (err == ERR_SEQUENCE)
		*size = st.st_size;
	if (!err)
		err = put_at(fd, at, bytes, len);
	if (!err && at + (int64_t)len > *size)
		*size = at + (int64_t)len;
	close(fd);
	return err;
}

enum err sheet_file_append(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_of_errno(n ? errno : EIO);
		at += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err sheet_file_read(int fd, void *to, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, (char *)to + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return ERR_NONE;
}

enum err sheet_file_hash(int fd, char hash[65])
{
	uint8_t digest[crypto_hash_sha256_BYTES], piece[32768];
	crypto_hash_sha256_state state;
	off_t at = 0;
	ssize_t n;

	crypto_hash_sha256_init(&state);
	while ((n = pread(fd, piece, sizeof piece, at)) > 0) {
		crypto_hash_sha256_update(&state, piece, (size_t)n);
		at += n;
	}
	if (n < 0)
		return ERR_IO;
	crypto_hash_sha256_final(&state, digest);
	hex_encode(digest, sizeof digest, hash);
	return ERR_NONE;
}

enum err sheet_file_room(const char *store_dir)
{
	struct statvfs fs;

	if (statvfs(store_dir, &fs))
		return err_of_errno(errno);
	return (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_LEAST ? ERR_DISK_FULL : ERR_NONE;
}

void sheet_file_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void sheet_file_remove(const char *store_dir, const char *name, enum sheet_file file)
{
	char path[SHEET_PATH_SIZE];

	if (!name_valid(name))
		return;
	sheet_file_path(path, store_dir, name, file);
	unlink(path);
}

void sheet_files_remove(const char *store_dir, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		sheet_file_remove(store_dir, name, (enum sheet_file)i);
}

void sheet_files_sweep(const char *store_dir, bool (*known)(void *arg, const char *name), void *arg)
{
	char folder[SHEET_PATH_SIZE], name[SHEET_NAME_SIZE];
	struct dirent *entry;
	DIR *dir;

	sheet_file_folder(folder, store_dir);
	dir = opendir(folder);
	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL) {
		snprintf(name, sizeof name, "%.*s", (int)NAME_LEN, entry->d_name);
		if (name_valid(name) && entry->d_name[NAME_LEN] == '.' && !known(arg, name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

enum err sheet_mistake_append(int fd, const struct sheet_mistake_row *row)
{
	uint8_t bytes[RECORD_SIZE] = {0};

	put_le64(bytes, (uint64_t)row->row);
	put_le32(bytes + 8, (uint32_t)row->column);
	put_le32(bytes + 12, row->fault);
	memcpy(bytes + 16, row->detail, strnlen(row->detail, SHEET_DETAIL_SIZE - 1));
	return sheet_file_append(fd, bytes, sizeof bytes);
}

enum err sheet_mistake_read(int fd, int64_t index, struct sheet_mistake_row *row)
{
	uint8_t bytes[RECORD_SIZE];
	ssize_t n = pread(fd, bytes, sizeof bytes, (off_t)(index * RECORD_SIZE));

	if (n < 0)
		return ERR_IO;
	if (n != (ssize_t)sizeof bytes)
		return ERR_NOT_FOUND;
	row->row = (int64_t)get_le64(bytes);
	row->column = (int32_t)get_le32(bytes + 8);
	row->fault = get_le32(bytes + 12);
	memcpy(row->detail, bytes + 16, SHEET_DETAIL_SIZE);
	row->detail[SHEET_DETAIL_SIZE - 1] = '\0';
	return ERR_NONE;
}
