/* What logins leave and need: sessions (tokens hashed), one-use invitations (hashed too), the second
 * factor (wrapped by the key outside the store) and its recovery codes (hashed). */
#ifndef PLATFORM_STORE_LOGIN_H
#define PLATFORM_STORE_LOGIN_H

#include "platform/store/user.h"

#define TOKEN_HASH_SIZE   65 /* hex of SHA-256 */
#define TOTP_WRAPPED_SIZE 60 /* the secret's 20 bytes, wrapped */

struct session_row {
	char token_hash[TOKEN_HASH_SIZE];
	int64_t session_id, user_id;
	int64_t created_s, seen_s, expires_s;
	char origin[64], user_agent[USER_TEXT_SIZE];
};

MUST_USE enum err session_insert(struct db *db, struct session_row *row); /* gives session_id */
MUST_USE enum err session_get(struct db *db, const char *token_hash, struct session_row *row);
MUST_USE enum err session_by_id(struct db *db, int64_t session_id, struct session_row *row);
MUST_USE enum err session_set_seen(struct db *db, int64_t session_id, int64_t now_s);
MUST_USE enum err session_list(struct db *db, int64_t user_id,
                               void (*each)(void *arg, const struct session_row *), void *arg);
MUST_USE enum err session_delete(struct db *db, int64_t session_id);
/* All of a user but this one (0: all). */
MUST_USE enum err session_delete_others(struct db *db, int64_t user_id, int64_t session_id);
MUST_USE enum err session_delete_all(struct db *db, int64_t *count);
MUST_USE enum err session_delete_expired(struct db *db, int64_t now_s);

struct invitation_row {
	char token_hash[TOKEN_HASH_SIZE];
	int64_t user_id, created_s, expires_s, created_by;
};

MUST_USE enum err invitation_insert(struct db *db, const struct invitation_row *row);
MUST_USE enum err invitation_get(struct db *db, const char *token_hash, struct invitation_row *row);
/* All of a user: one is used, or a new one is made. */
MUST_USE enum err invitation_delete_of_user(struct db *db, int64_t user_id);
MUST_USE enum err invitation_delete_expired(struct db *db, int64_t now_s);

struct totp_row {
	uint8_t wrapped[TOTP_WRAPPED_SIZE];
	bool has;        /* a secret is there */
	int64_t since_s; /* confirmed; 0: waits for its first code */
	int64_t step;    /* the newest that was used: no code counts twice */
};

MUST_USE enum err totp_get(struct db *db, int64_t user_id, struct totp_row *row);
MUST_USE enum err totp_put(struct db *db, int64_t user_id, const struct totp_row *row);

MUST_USE enum err recovery_insert(struct db *db, int64_t user_id, const char *code_hash);
/* *found: there was such a code; it is gone now. */
MUST_USE enum err recovery_use(struct db *db, int64_t user_id, const char *code_hash, bool *found);
MUST_USE enum err recovery_count(struct db *db, int64_t user_id, int64_t *count);
MUST_USE enum err recovery_delete_all(struct db *db, int64_t user_id);

#endif
