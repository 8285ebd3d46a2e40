/* Staff and their sessions. Passwords are Argon2id hashes, session tokens are kept hashed. */
#ifndef PLATFORM_STORE_USER_H
#define PLATFORM_STORE_USER_H

#include "platform/store/db.h"

#define PASSWORD_HASH_SIZE 128
#define TOKEN_HASH_SIZE    65 /* hex of SHA-256 */
#define USER_NAME_SIZE     64
#define USER_TEXT_SIZE     128

struct user_row {
	int64_t user_id;
	int64_t group_id; /* whose staff; 0: of the installation */
	int64_t version;
	char name[USER_NAME_SIZE];
	char full_name[USER_TEXT_SIZE], phone[32];
	char lang[8]; /* zh-CN | en */
	char password_hash[PASSWORD_HASH_SIZE];
	bool must_change;     /* the password was given by somebody else */
	int64_t password_s;   /* set at */
	int64_t totp_since_s; /* 0: no TOTP, or not confirmed yet */
	int64_t created_s, created_by, disabled_s, login_s;
};

struct session_row {
	char token_hash[TOKEN_HASH_SIZE];
	int64_t session_id, user_id;
	int64_t created_s, seen_s, expires_s;
	char origin[64], user_agent[USER_TEXT_SIZE];
};

MUST_USE enum err user_insert(struct db *db, struct user_row *row); /* gives it user_id */
MUST_USE enum err user_by_name(struct db *db, const char *name, struct user_row *row);
MUST_USE enum err user_get(struct db *db, int64_t user_id, struct user_row *row);
/* Version, names, phone, language, group, disabled. */
MUST_USE enum err user_update(struct db *db, const struct user_row *row);
MUST_USE enum err user_set_password(struct db *db, int64_t user_id, const char *password_hash,
                                    bool must_change, int64_t now_s);

MUST_USE enum err session_insert(struct db *db, struct session_row *row); /* gives session_id */
MUST_USE enum err session_get(struct db *db, const char *token_hash, struct session_row *row);
MUST_USE enum err session_delete(struct db *db, const char *token_hash);
MUST_USE enum err session_delete_of_user(struct db *db, int64_t user_id);
MUST_USE enum err session_delete_expired(struct db *db, int64_t now_s);

#endif
