/* Roles that people made, and who holds which role where. The built-in roles are no rows
 * (platform/core/role.h). */
#ifndef PLATFORM_STORE_GRANT_H
#define PLATFORM_STORE_GRANT_H

#include "platform/store/db.h"

#define ROLE_NAME_SIZE 128

struct role_row {
	int64_t role_id, group_id;
	char name[ROLE_NAME_SIZE];
	uint64_t permissions; /* bits of enum permission */
	int64_t version, created_s;
};

MUST_USE enum err role_insert(struct db *db, struct role_row *row); /* gives it role_id */
MUST_USE enum err role_get(struct db *db, int64_t role_id, struct role_row *row);
/* ERR_DUP: the group has another role of this name. */
MUST_USE enum err role_update(struct db *db, const struct role_row *row);
MUST_USE enum err role_delete(struct db *db, int64_t role_id);
MUST_USE enum err role_list(struct db *db, int64_t group_id,
                            void (*each)(void *arg, const struct role_row *), void *arg);

/* Whether people of this group must use TOTP when they hold this role. Also of built-in roles. */
MUST_USE enum err role_totp_required(struct db *db, int64_t group_id, int64_t role_id,
                                     bool *required);
MUST_USE enum err role_set_totp_required(struct db *db, int64_t group_id, int64_t role_id,
                                         bool required);

struct grant_row {
	int64_t grant_id, user_id, role_id;
	int64_t group_id, property_id, space_id; /* 0: all below */
	int64_t expires_s;                       /* 0: never */
	int64_t created_s, created_by;
};

MUST_USE enum err grant_insert(struct db *db, struct grant_row *row); /* gives it grant_id */
MUST_USE enum err grant_get(struct db *db, int64_t grant_id, struct grant_row *row);
MUST_USE enum err grant_delete(struct db *db, int64_t grant_id);
MUST_USE enum err grant_list_of_user(struct db *db, int64_t user_id,
                                     void (*each)(void *arg, const struct grant_row *), void *arg);
MUST_USE enum err grant_list_of_role(struct db *db, int64_t role_id,
                                     void (*each)(void *arg, const struct grant_row *), void *arg);

#endif
