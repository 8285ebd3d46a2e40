/* Acts that wait for a second person. Append and decide; rows are never deleted. */
#ifndef PLATFORM_STORE_APPROVAL_H
#define PLATFORM_STORE_APPROVAL_H

#include "platform/store/db.h"

#define APPROVAL_BODY_MAX    (8 * 1024 * 1024)
#define APPROVAL_HASH_TEXT   65 /* hex of SHA-256 */
#define APPROVAL_RESULT_SIZE 256

enum approval_state {
	APPROVAL_WAITING,
	APPROVAL_DONE, /* this and what follows is final: agreed, and the act is done */
	APPROVAL_REJECTED,
	APPROVAL_CANCELLED,
	APPROVAL_EXPIRED,
	APPROVAL_FAILED, /* agreed, but the act could not be done */
	APPROVAL_STATE_COUNT,
};

const char *approval_state_text(enum approval_state state);
/* False: no such word. */
bool approval_state_parse(const char *word, enum approval_state *state);

struct approval_row {
	int64_t property_id; /* 0: of a group or of the installation */
	int64_t approval_id;
	int64_t group_id, space_id;
	char kind[32], object[64];
	int64_t object_count;
	char hash[APPROVAL_HASH_TEXT]; /* of kind, place, reason and body */
	char reason[256];
	int64_t by_user_id, by_key_id; /* who asked (of a key also its maker); both 0: the CLI */
	char by_name[64], by_origin[64];
	int64_t created_s, expires_s;
	enum approval_state state;
	int64_t decided_s, decided_by;
	char decided_name[64], decided_reason[256];
	char result[APPROVAL_RESULT_SIZE];
	const void *body; /* not owned; only where the call says so */
	size_t body_len;
};

/* Gives it approval_id. */
MUST_USE enum err approval_insert(struct db *db, struct approval_row *row);
/* Without body. */
MUST_USE enum err approval_get(struct db *db, int64_t approval_id, struct approval_row *row);
/* With body; `each` may use the row while it runs. */
MUST_USE enum err approval_read(struct db *db, int64_t approval_id,
                                void (*each)(void *arg, const struct approval_row *), void *arg);
/* Writes state, decided_*, result. */
MUST_USE enum err approval_update(struct db *db, const struct approval_row *row);
/* One that waits with this hash; ERR_NOT_FOUND. */
MUST_USE enum err approval_waiting_hash(struct db *db, int64_t property_id, const char *hash,
                                        int64_t *approval_id);
/* Newest first, below `before` (0: from the newest), without bodies, until `each` says false. */
MUST_USE enum err approval_list(struct db *db, int64_t before,
                                bool (*each)(void *arg, const struct approval_row *), void *arg);
/* Those that wait and end before `now_s`, at most `limit`. */
MUST_USE enum err approval_list_late(struct db *db, int64_t now_s, int64_t limit,
                                     void (*each)(void *arg, const struct approval_row *),
                                     void *arg);

#endif
