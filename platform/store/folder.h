/* The names in the store's folder: what SQL cannot ask. The simulator links its own (sim/world). */
#ifndef PLATFORM_STORE_FOLDER_H
#define PLATFORM_STORE_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

/* Bytes of the file; -1: there is none. */
int64_t folder_file_size(const char *path);

/* Mode 0700; no error if it is there. */
MUST_USE enum err folder_make(const char *dir);

/* Each name once, in any order. ERR_NOT_FOUND: no such folder. */
MUST_USE enum err folder_list(const char *dir, void (*each)(void *arg, const char *name),
                              void *arg);

#endif
