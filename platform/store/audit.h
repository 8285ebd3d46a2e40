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

/* Which lines of a chain; what is "" or 0 asks for nothing. */
struct audit_filter {
	int64_t property_id, group_id; /* both 0: the installation's own */
	int64_t before;                /* only lines below this number */
	char who[64], object[64];      /* exactly */
	char action[48];               /* begins with: `command.` */
	char result[16];
	char text[256];         /* anywhere in reason, detail, object, before or after; A-Z = a-z */
	int64_t from_ms, to_ms; /* to_ms is not in it */
};

#define AUDIT_SCAN_MAX 100000 /* lines looked at by one audit_search */

/* Newest first, until `each` says false. `each` may use the row while it runs. *stopped_at: the line
 * at which it gave up after AUDIT_SCAN_MAX lines, to go on below it; 0: it came to the end. */
MUST_USE enum err audit_search(struct db *db, const struct audit_filter *filter,
                               bool (*each)(void *arg, const struct audit_row *), void *arg,
                               int64_t *stopped_at);
/* Every chain that has a line. */
MUST_USE enum err audit_chains(struct db *db,
                               void (*each)(void *arg, int64_t property_id, int64_t group_id),
                               void *arg);

/* Of all chains, those after `after_ms`, oldest first. */
MUST_USE enum err audit_since(struct db *db, int64_t after_ms,
                              void (*each)(void *arg, const struct audit_row *), void *arg);
/* Of one object, oldest first. */
MUST_USE enum err audit_list_of_object(struct db *db, int64_t property_id, const char *object,
                                       void (*each)(void *arg, const struct audit_row *),
                                       void *arg);

/* A chain as it was found: how many lines, and the hash of the last one. Written down elsewhere, it
 * proves later that none was cut off the end. */
struct audit_proof {
	int64_t lines;
	int64_t bad_id; /* the first line that does not follow from those before; 0: none */
	uint8_t hash[AUDIT_HASH_SIZE];
};
/* Walks a chain. ERR_DAMAGED: proof->bad_id. */
MUST_USE enum err audit_verify(struct db *db, int64_t property_id, int64_t group_id,
                               struct audit_proof *proof);

#endif
