/* Staff. Passwords are Argon2id hashes; what else a login needs is platform/store/login.h. */
#ifndef PLATFORM_STORE_USER_H
#define PLATFORM_STORE_USER_H

#include "platform/store/db.h"

#define PASSWORD_HASH_SIZE 128
#define USER_NAME_SIZE     64
#define USER_TEXT_SIZE     168

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

MUST_USE enum err user_insert(struct db *db, struct user_row *row); /* gives it user_id */
MUST_USE enum err user_by_name(struct db *db, const char *name, struct user_row *row);
MUST_USE enum err user_get(struct db *db, int64_t user_id, struct user_row *row);
/* Version, names, phone, language, group, disabled. */
MUST_USE enum err user_update(struct db *db, const struct user_row *row);
MUST_USE enum err user_set_password(struct db *db, int64_t user_id, const char *password_hash,
                                    bool must_change, int64_t now_s);
/* A login that worked. */
MUST_USE enum err user_set_login(struct db *db, int64_t user_id, int64_t now_s);
/* In the order of their numbers, until `each` says false. */
MUST_USE enum err user_list(struct db *db, bool (*each)(void *arg, const struct user_row *),
                            void *arg);

#endif
