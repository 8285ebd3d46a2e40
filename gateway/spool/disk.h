/* The seam between what the gateway keeps and the disk that keeps it: one flat folder of files. The
 * daemon brings files (disk_posix.c), the tests bring memory that fails, tears and forgets.
 *
 * Answers: ERR_DISK_FULL no space, ERR_NOT_FOUND no such file, ERR_IO anything else. */
#ifndef GATEWAY_SPOOL_DISK_H
#define GATEWAY_SPOOL_DISK_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_NAME_SIZE 64

struct disk {
	void *ctx;
	enum err (*open)(void *ctx, const char *name, bool create, int *file);
	void (*close)(void *ctx, int file);
	enum err (*size)(void *ctx, int file, int64_t *bytes);
	/* Fewer bytes than asked only at the end of the file. */
	enum err (*read)(void *ctx, int file, int64_t offset, void *bytes, size_t len, size_t *got);
	/* All of it, or an error and any part of it. */
	enum err (*write)(void *ctx, int file, int64_t offset, const void *bytes, size_t len);
	enum err (*truncate)(void *ctx, int file, int64_t bytes);
	/* What was written counts from here on; after an error nobody knows what the disk holds. */
	enum err (*sync)(void *ctx, int file);
	/* The same for names: files made, renamed, removed. */
	enum err (*sync_names)(void *ctx);
	enum err (*rename)(void *ctx, const char *from, const char *to);
	enum err (*remove)(void *ctx, const char *name);
	/* Each name once, in any order. */
	enum err (*list)(void *ctx, void (*name_fn)(void *arg, const char *name), void *arg);
};

/* A folder of the file system; made when it is missing. `disk` is valid until disk_posix_close. */
MUST_USE enum err disk_posix_open(struct disk *disk, const char *folder);
void disk_posix_close(struct disk *disk);
#endif
