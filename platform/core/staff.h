/* Staff: people, what they may do, and who may change that. The rules in short
 * (docs/design/access.md): nobody gives or takes a right that he does not hold himself at that place
 * and for that long, nobody changes his own rights, API keys change nobody's, and one administrator
 * of the installation always remains. */
#ifndef PLATFORM_CORE_STAFF_H
#define PLATFORM_CORE_STAFF_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/approval.h"
#include "platform/store/grant.h"

/* Where a grant holds. ERR_NOT_FOUND: its property or space is gone. */
MUST_USE enum err grant_place(struct db *db, const struct grant_row *row, struct place *place);

/* Does he see this person: himself, `user.read` where the person belongs or holds a grant. */
MUST_USE enum err staff_sees(struct db *db, const struct access *access,
                             const struct user_row *user, int64_t now_s, bool *sees);
/* May he disable him, end his sessions, give him a new password: `user.write` and every right that
 * the person holds, wherever he holds it. */
MUST_USE enum err staff_manages(struct db *db, const struct access *access,
                                const struct user_row *user, int64_t now_s, bool *manages);

/* In a step: the person, if the actor may manage him; ERR_NOT_FOUND, ERR_HIDDEN,
 * ERR_FORBIDDEN else. */
MUST_USE enum err staff_managed(struct tx *tx, const struct actor *actor, int64_t user_id,
                                int64_t now_ms, struct user_row *user);

struct user_create {
	struct actor actor;
	struct user_row row; /* name, full_name, phone, lang, group_id, password_hash ("": none yet,
	                        he is invited), must_change; answer: the whole */
};
/* ERR_DUP: the name exists. ERR_BAD_INPUT: no name, a name with blanks around it, no such language.
 * ERR_NOT_FOUND: no such group. */
MUST_USE enum err user_create_step(struct tx *tx, void *user_create, int64_t now_ms,
                                   struct effects *out);

enum user_member {
	USER_NAME = 1,
	USER_FULL_NAME = 2,
	USER_PHONE = 4,
	USER_LANG = 8,
	USER_DISABLED = 16
};

struct user_edit {
	struct actor actor;
	int64_t user_id, version; /* ERR_CONFLICT: it has another version; 0: any */
	unsigned members;         /* enum user_member: what is new in `row` */
	struct user_row row;      /* answer: the whole */
};
/* His own full name, phone and language a person may edit himself. Disabling ends his sessions;
 * ERR_BAD_INPUT: without a reason. ERR_REFUSED: the last administrator, or oneself. */
MUST_USE enum err user_edit_step(struct tx *tx, void *user_edit, int64_t now_ms,
                                 struct effects *out);

struct grant_request {
	struct actor actor;
	struct grant_row
	        row;         /* user_id, role_id, scope, expires_s; for removal user_id, grant_id */
	int64_t approval_id; /* answer: it waits for a second person; 0: done */
};
/* ERR_BAD_INPUT: role and scope do not fit, or the end is past. ERR_FORBIDDEN: one's own rights, or
 * more than one has. ERR_DUP: he has it. ERR_FULL: he has ACCESS_GRANTS_MAX. A grant of
 * `approval.decide` or `user.write` over a whole group or more waits for a second person, if there
 * is one who could decide. */
MUST_USE enum err grant_add_step(struct tx *tx, void *grant_request, int64_t now_ms,
                                 struct effects *out);
/* ERR_BAD_INPUT: no reason. ERR_REFUSED: the last administrator. */
MUST_USE enum err grant_remove_step(struct tx *tx, void *grant_request, int64_t now_ms,
                                    struct effects *out);

extern const struct approval_kind approval_kind_grant;

/* Is there somebody else who could decide an act of this kind here? */
MUST_USE enum err staff_second_person(struct tx *tx, const struct actor *actor,
                                      const struct approval_kind *kind, const struct place *place,
                                      int64_t now_ms, bool *exists);
/* After somebody was disabled (0: after a grant went). ERR_REFUSED: he was an administrator, and no
 * enabled person is left with that role for good. */
MUST_USE enum err staff_check_administrators(struct tx *tx, int64_t user_id);

/* Append to the chain of this place. */
MUST_USE enum err staff_note(struct tx *tx, const struct actor *actor, const struct place *place,
                             struct audit_entry entry, int64_t now_ms);

#endif
