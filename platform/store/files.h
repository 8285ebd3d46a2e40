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

/* A new file `to`, synced. ERR_DUP: it exists. */
MUST_USE enum err file_copy(const char *from, const char *to, mode_t mode);

#define FILE_SHA256_SIZE 65 /* hex */
/* What is in it: SHA-256 as lower-case hex, and its length. */
MUST_USE enum err file_sha256(const char *path, char hex[FILE_SHA256_SIZE], int64_t *bytes);

/* The folder and those above it that are missing, mode 0700. */
MUST_USE enum err dir_make(const char *dir);
/* The folder and all in it; no error if there is none. Follows no links. */
MUST_USE enum err dir_remove(const char *dir);

/* Makes what others wrote into this file durable. */
MUST_USE enum err file_sync(const char *path);

/* Makes a rename, link or new name in this folder durable. */
MUST_USE enum err dir_sync(const char *dir);

#endif
