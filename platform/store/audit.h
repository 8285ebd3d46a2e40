/* Who did what, when, whence, why: append-only, each line hashed with the one before it, one chain
 * per property (property 0: the installation). */
#ifndef PLATFORM_STORE_AUDIT_H
#define PLATFORM_STORE_AUDIT_H

#include "platform/store/db.h"

#define AUDIT_HASH_SIZE 32

struct audit_row {
	int64_t property_id, audit_id;
	int64_t at_ms;
	char who[64];     /* user name, `cli:<unix user>`, `gateway:<id>` or `platform` */
	char origin[64];  /* address or program it came from */
	char action[48];  /* `command.trip`, `device.adopt`, ... */
	char object[64];  /* `meter 330100000001` */
	char reason[256]; /* as given by the person */
	char detail[512];
	uint8_t hash[AUDIT_HASH_SIZE];
};

/* Appends; gives it audit_id and hash. */
MUST_USE enum err audit_append(struct db *db, struct audit_row *row);
/* Newest first, below `before` (0: from the newest). property_id 0: the installation's own. */
MUST_USE enum err audit_list(struct db *db, int64_t property_id, int64_t before, int64_t limit,
                             void (*each)(void *arg, const struct audit_row *), void *arg);
/* Walks the chain. ERR_DAMAGED and *bad_id: the first line that does not follow from those
 * before. */
MUST_USE enum err audit_verify(struct db *db, int64_t property_id, int64_t *bad_id);

#endif
