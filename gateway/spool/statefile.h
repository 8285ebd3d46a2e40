/* Small state that is replaced as a whole (address table, meter list, commands seen): after a cut
 * at any moment the file is the old one or the new one. Format: docs/protocol/spool.md §4. */
#ifndef GATEWAY_SPOOL_STATEFILE_H
#define GATEWAY_SPOOL_STATEFILE_H

#include "gateway/spool/disk.h"

#define STATEFILE_BODY_MAX (256 * 1024)

/* Durable when it answers ERR_NONE. On an error the old content stays. */
MUST_USE enum err statefile_save(const struct disk *disk, const char *name, const uint8_t *body,
                                 size_t len);

/* Fills `body`. ERR_NOT_FOUND: never written; ERR_DAMAGED: fails its check; ERR_TOO_LONG:
 * more than `size`; ERR_VERSION: made by a newer program. */
MUST_USE enum err statefile_load(const struct disk *disk, const char *name, uint8_t *body,
                                 size_t size, size_t *len);
#endif
