/* Bytes that do not belong in memory: appended to a file without a name, then read at any place
 * through a window. */
#ifndef PLATFORM_SHEET_SPILL_H
#define PLATFORM_SHEET_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct spill;

MUST_USE enum err spill_new(struct spill **spill, const char *dir);
void spill_free(struct spill *spill);

MUST_USE enum err spill_add(struct spill *spill, const void *bytes, size_t len);
uint64_t spill_len(const struct spill *spill);

/* `len` <= SPILL_READ_MAX bytes from `at`, all inside; valid until the next call. After the first
 * read nothing is added any more. */
#define SPILL_READ_MAX 65536
MUST_USE enum err spill_read(struct spill *spill, uint64_t at, size_t len, const void **bytes);

#endif
