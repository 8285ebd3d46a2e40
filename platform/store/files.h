/* Plain files beside the databases: written whole or not at all. */
#ifndef PLATFORM_STORE_FILES_H
#define PLATFORM_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

/* What errno says, as one of ours. */
enum err err_of_errno(int code);

/* Replaces `path` in one move, synced, folder included: after a power cut the old or the new file
 * is there, whole. A file that existed keeps its owner. */
MUST_USE enum err file_replace(const char *path, mode_t mode, const void *bytes, size_t len);

/* The whole file into `to`. ERR_NOT_FOUND; ERR_TOO_LONG: it does not fit. */
MUST_USE enum err file_read(const char *path, void *to, size_t size, size_t *len);

/* Makes a rename, link or new name in this folder durable. */
MUST_USE enum err dir_sync(const char *dir);

#endif
