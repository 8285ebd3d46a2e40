/* Staff, roles and approvals as JSON: docs/api/src/1x-*.json. Rows name roles and properties by
 * number, so these look up words in the store: on a reader's thread. */
#ifndef PLATFORM_HTTP_SHOW_PEOPLE_H
#define PLATFORM_HTTP_SHOW_PEOPLE_H

#include "platform/core/access.h"
#include "platform/core/json_out.h"
#include "platform/core/role.h"
#include "platform/store/approval.h"
#include "platform/store/login.h"

#define ROLE_REF_SIZE 32

/* A role in paths and bodies: the word of a built-in one, the number of an own one. 0: none. */
int64_t role_ref_parse(const char *text);
void role_ref_text(int64_t role_id, char text[ROLE_REF_SIZE]);

/* Numbers are text in JSON; 0 is null. */
void show_number(struct json_out *out, const char *key, int64_t number);

MUST_USE enum err show_grant(struct json_out *out, const char *key, struct db *db,
                             const struct grant_row *row);
/* "grants": [...] of a user, those that hold now. */
MUST_USE enum err show_grants(struct json_out *out, struct db *db, int64_t user_id, int64_t now_s);
MUST_USE enum err show_user(struct json_out *out, const char *key, struct db *db,
                            const struct user_row *row, int64_t now_s);
void show_permissions(struct json_out *out, uint64_t permissions);
void show_role(struct json_out *out, const char *key, const struct role_row *row,
               bool totp_required);
/* `current`: the session that asks. */
void show_session_item(struct json_out *out, const struct session_row *row, int64_t current);
/* `decidable`: by the caller. `customers`: he may see customers at its place. */
MUST_USE enum err show_approval(struct json_out *out, const char *key, struct db *db,
                                const struct approval_row *row, bool decidable, bool customers);

#endif
