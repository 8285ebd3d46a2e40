/* API keys (docs/design/access.md): a key has permissions, a scope and an end, and is never worth
 * more than the person who made it is worth at that moment. */
#ifndef PLATFORM_CORE_API_KEY_H
#define PLATFORM_CORE_API_KEY_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/session.h"
#include "platform/store/api_key.h"

/* "wattle_" and 43 characters of base64url, and the end. */
#define API_KEY_SIZE       51
#define API_KEY_LIFE_S_MAX (5 * 366 * INT64_C(86400))

/* A fresh key, its hash, and the start that may be shown. */
void api_key_new(char key[API_KEY_SIZE], char token_hash[TOKEN_HASH_SIZE], char start[16]);

/* The key in an Authorization header ("Bearer wattle_…"). False: another kind of header. */
bool api_key_header(const char *header, char key[API_KEY_SIZE]);

struct api_key_request {
	struct actor actor;     /* a person: keys make no keys */
	struct place place;     /* scope */
	struct api_key_row row; /* name, permissions, expires_s; the rest is filled in */
	int64_t version;        /* end: the version that was seen */
};
/* ERR_FORBIDDEN: he is a key himself, lacks `key.write` there, or one of the permissions that the
 * key should have. ERR_RANGE: it would end in the past or after API_KEY_LIFE_S_MAX. */
MUST_USE enum err api_key_create_step(struct tx *tx, void *api_key_request, int64_t now_ms,
                                      struct effects *out);
/* row.key_id is ended at once, with what it has open. ERR_CONFLICT: another version.
 * ERR_BAD_INPUT: no reason. */
MUST_USE enum err api_key_end_step(struct tx *tx, void *api_key_request, int64_t now_ms,
                                   struct effects *out);

/* On a reader: who holds this session or this key? A key is told in the form of a session whose
 * user is no person: user_id 0 and the name `key:<name>`. ERR_AUTH: nobody. */
MUST_USE enum err principal_find(struct db *db, const char *token_hash, int64_t now_s,
                                 struct session *principal);

/* row.key_id was used. */
MUST_USE enum err api_key_used_step(struct tx *tx, void *api_key_request, int64_t now_ms,
                                    struct effects *out);

/* Where the key may be seen and ended. */
MUST_USE enum err api_key_place(struct db *db, const struct api_key_row *row, struct place *place);

#endif
