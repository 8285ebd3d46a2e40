/* The built-in roles of an installation: data, not rows. They can be copied, not edited. Own roles
 * are rows of a group (platform/store/grant.h). */
#ifndef PLATFORM_CORE_ROLE_H
#define PLATFORM_CORE_ROLE_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/store/grant.h"

/* Numbers of built-in roles are below this. */
#define ROLE_OWN_FIRST 100

enum {
	ROLE_ADMINISTRATOR = 1, /* of the installation; the only one with `system.manage` */
	ROLE_GROUP_ADMIN = 2,
	ROLE_PROPERTY_MANAGER = 3,
	ROLE_CASHIER = 4,
	ROLE_ELECTRICIAN = 5,
	ROLE_FINANCE = 6,
	ROLE_AUDITOR = 7,
};

struct builtin_role {
	int64_t role_id;
	const char *word, *zh, *en;
	uint64_t permissions; /* bits of enum permission */
};

extern const struct builtin_role builtin_roles[];
extern const size_t builtin_role_count;

/* NULL: none. */
const struct builtin_role *builtin_role_find(int64_t role_id);
const struct builtin_role *builtin_role_named(const char *word);

/* Of any role; a number that is no role has none. */
MUST_USE enum err role_permissions(struct db *db, int64_t role_id, uint64_t *permissions);
/* The word of a built-in one, the name of an own one. */
MUST_USE enum err role_name(struct db *db, int64_t role_id, char name[ROLE_NAME_SIZE]);

/* ---- own roles of a group ---- */

struct role_edit {
	struct actor actor;
	int64_t version; /* of an edit; ERR_CONFLICT: it has another; 0: any */
	bool set_name, set_permissions, set_totp;
	bool totp_required;
	struct role_row row; /* group_id; role_id of an edit; what is new. Answer: the whole */
	int64_t approval_id; /* answer: it waits for a second person; 0: done */
};
/* `role.write` in the group, and every right that the role has before and after.
 * ERR_BAD_INPUT: no name. ERR_DUP: a role of the group has this name. */
MUST_USE enum err role_create_step(struct tx *tx, void *role_edit, int64_t now_ms,
                                   struct effects *out);
/* Of a built-in role only `totp_required` can be set (for this group; version does not count).
 * ERR_REFUSED: the rest. ERR_BAD_INPUT: rights are taken away, and no reason. Giving `approval.decide`, `user.write` or `role.write` to a role that
 * somebody holds over a whole group waits for a second person, if there is one. */
MUST_USE enum err role_edit_step(struct tx *tx, void *role_edit, int64_t now_ms,
                                 struct effects *out);
/* ERR_REFUSED: somebody holds it. */
MUST_USE enum err role_delete_step(struct tx *tx, void *role_edit, int64_t now_ms,
                                   struct effects *out);

struct approval_kind;
extern const struct approval_kind approval_kind_role;

/* Whoever gets one of these over a whole group can undo what the others decide. */
#define PERMISSIONS_POWERFUL                                                                       \
	(PERMISSION_BIT(PERMISSION_APPROVAL_DECIDE) | PERMISSION_BIT(PERMISSION_USER_WRITE) |      \
	 PERMISSION_BIT(PERMISSION_ROLE_WRITE))

#endif
