/* Staff and their sessions. Passwords are Argon2id hashes, session tokens are kept hashed. */
#ifndef PLATFORM_STORE_USER_H
#define PLATFORM_STORE_USER_H

#include "platform/store/db.h"

#define PASSWORD_HASH_SIZE 128
#define TOKEN_HASH_SIZE    65 /* hex of SHA-256 */

struct user_row {
	int64_t user_id;
	char name[64];
	char role[32]; /* administrator */
	char lang[8];  /* zh-CN | en */
	char password_hash[PASSWORD_HASH_SIZE];
	int64_t created_s, disabled_s;
};

struct session_row {
	char token_hash[TOKEN_HASH_SIZE];
	int64_t user_id;
	int64_t created_s, seen_s, expires_s;
};

MUST_USE enum err user_insert(struct db *db, struct user_row *row); /* gives it user_id */
MUST_USE enum err user_by_name(struct db *db, const char *name, struct user_row *row);
MUST_USE enum err user_get(struct db *db, int64_t user_id, struct user_row *row);
MUST_USE enum err user_set_password(struct db *db, int64_t user_id, const char *password_hash);

MUST_USE enum err session_insert(struct db *db, const struct session_row *row);
MUST_USE enum err session_get(struct db *db, const char *token_hash, struct session_row *row);
MUST_USE enum err session_delete(struct db *db, const char *token_hash);
MUST_USE enum err session_delete_of_user(struct db *db, int64_t user_id);
MUST_USE enum err session_delete_expired(struct db *db, int64_t now_s);

#endif
