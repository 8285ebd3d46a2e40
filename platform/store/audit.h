/* Who did what, when, whence, why: append-only, each line hashed with the one before it. One chain
 * per property, one per group {0, group}, and one of the installation {0, 0}. */
#ifndef PLATFORM_STORE_AUDIT_H
#define PLATFORM_STORE_AUDIT_H

#include "platform/store/db.h"

#define AUDIT_HASH_SIZE 32
#define AUDIT_DONE      "done"
#define AUDIT_REFUSED   "refused"

struct audit_row {
	int64_t property_id, group_id, audit_id;
	int64_t at_ms;
	int64_t user_id, key_id; /* 0: not a person, not an API key */
	char who[64];            /* user name, `cli:<unix user>`, `gateway:<id>` or `platform` */
	char origin[64];         /* address or program it came from */
	char action[48];         /* `command.trip`, `device.adopt`, ... */
	char object[64];         /* `meter 330100000001` */
	char reason[256];        /* as given by the person */
	char detail[512];
	char result[16];            /* done | refused */
	const char *before, *after; /* JSON of what the act changed, or NULL; not owned */
	uint8_t hash[AUDIT_HASH_SIZE];
};

/* Appends; gives it audit_id and hash. */
MUST_USE enum err audit_append(struct db *db, struct audit_row *row);
/* Newest first, below `before` (0: from the newest). `each` may use the row while it runs. */
MUST_USE enum err audit_list(struct db *db, int64_t property_id, int64_t before, int64_t limit,
                             void (*each)(void *arg, const struct audit_row *), void *arg);
/* Of all chains, those after `after_ms`, oldest first. */
MUST_USE enum err audit_since(struct db *db, int64_t after_ms,
                              void (*each)(void *arg, const struct audit_row *), void *arg);
/* Of one object, oldest first. */
MUST_USE enum err audit_list_of_object(struct db *db, int64_t property_id, const char *object,
                                       void (*each)(void *arg, const struct audit_row *),
                                       void *arg);
/* Walks a chain. ERR_DAMAGED and *bad_id: the first line that does not follow from those
 * before. */
MUST_USE enum err audit_verify(struct db *db, int64_t property_id, int64_t group_id,
                               int64_t *bad_id);

#endif
