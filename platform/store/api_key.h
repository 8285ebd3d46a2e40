/* API keys: principals of programs. The key itself is shown once; the store keeps its SHA-256. */
#ifndef PLATFORM_STORE_API_KEY_H
#define PLATFORM_STORE_API_KEY_H

#include "platform/store/db.h"
#include "platform/store/login.h"
#include "platform/store/place.h"

struct api_key_row {
	int64_t key_id;
	int64_t group_id, property_id, space_id; /* scope; 0: all below */
	char name[LABEL_SIZE];
	char start[16];                   /* first characters, to tell keys apart */
	char token_hash[TOKEN_HASH_SIZE]; /* of the whole key */
	uint64_t permissions;             /* bits of enum permission */
	int64_t made_by;                  /* user: the key is never worth more than he is */
	int64_t created_s, expires_s;     /* 0: never */
	int64_t ended_s;                  /* 0: not */
	int64_t used_s;                   /* some minute of its last use; 0: never used */
	int64_t version;
};

MUST_USE enum err api_key_insert(struct db *db, struct api_key_row *row); /* gives it key_id */
MUST_USE enum err api_key_get(struct db *db, int64_t key_id, struct api_key_row *row);
MUST_USE enum err api_key_by_token(struct db *db, const char *token_hash, struct api_key_row *row);
/* Ends it for good; its version grows. */
MUST_USE enum err api_key_end(struct db *db, int64_t key_id, int64_t now_s);
MUST_USE enum err api_key_used(struct db *db, int64_t key_id, int64_t now_s);
/* Newest first, below `before` (0: from the newest). `each` says whether it wants more. */
MUST_USE enum err api_key_list(struct db *db, int64_t before,
                               bool (*each)(void *arg, const struct api_key_row *), void *arg);

#endif
