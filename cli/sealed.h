/* Secrets that leave the installation, under a passphrase (docs/protocol/backup.md §3). */
#ifndef CLI_SEALED_H
#define CLI_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define SEALED_HEADER    64
#define SEALED_PLAIN_MAX (16 * 1024 * 1024)
#define SEALED_FILES_MAX 4096
#define SEALED_NAME_SIZE 96
#define PASSPHRASE_SIZE  256
#define PASSPHRASE_LEAST 12 /* characters */

/* A relative name without anything that could leave a folder: docs/protocol/backup.md §2. */
bool safe_name(const char *name);

struct sealed_cost {
	uint32_t passes, memory_kib;
};
extern const struct sealed_cost sealed_cost; /* about a second and 256 MiB */

/* Records of files, in the clear. */
struct bundle {
	uint8_t *bytes;
	size_t len, room;
	size_t count;
};

MUST_USE enum err bundle_add(struct bundle *bundle, const char *name, const void *content,
                             size_t len);
/* Each record in order. ERR_BAD_INPUT: not a bundle; then `each` may have been called for what came
 * before. What `each` returns ends the walk when it is an error. */
MUST_USE enum err bundle_each(const uint8_t *bytes, size_t len,
                              enum err (*each)(void *arg, const char *name, const uint8_t *content,
                                               size_t len),
                              void *arg);
void bundle_free(struct bundle *bundle); /* wipes */

/* `out` takes SEALED_HEADER + 16 + bundle->len bytes. */
MUST_USE enum err sealed_close(const struct bundle *bundle, const char *passphrase,
                               struct sealed_cost cost, uint8_t *out);
/* ERR_AUTH: another passphrase, or changed. ERR_BAD_INPUT: not a sealed file. */
MUST_USE enum err sealed_open(const uint8_t *bytes, size_t len, const char *passphrase,
                              struct bundle *bundle);

#endif
