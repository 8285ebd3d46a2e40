/* Steps of the installation itself: init, staff, gateways. Used by `wattle` and the API. */
#ifndef PLATFORM_CORE_ADMIN_H
#define PLATFORM_CORE_ADMIN_H

#include "platform/core/step.h"
#include "platform/store/audit.h"
#include "platform/store/user.h"

/* Who acts, whence and why: every changing step carries one. Rights are asked of user_id or key_id;
 * `local` is the CLI or the platform itself, which may do everything (docs/design/access.md). */
struct actor {
	char who[64], origin[64], reason[256];
	int64_t user_id, key_id;
	int64_t session_id; /* of a person's login, when it was one */
	bool local;
};

/* Who asked for what is done later, as a row remembers him; nobody's id: the machine itself. */
void actor_again(struct actor *actor, const char *who, const char *origin, const char *reason,
                 int64_t user_id, int64_t key_id);

/* Append the audit line of a change; property_id 0: the installation. */
MUST_USE enum err audit_note(struct tx *tx, const struct actor *actor, int64_t property_id,
                             const char *action, const char *object, const char *detail,
                             int64_t now_ms);

/* The same with all that a line can hold. What is NULL or 0 stays empty. */
struct audit_entry {
	int64_t property_id,
	        group_id; /* which chain: a property's, a group's, or the installation's */
	const char *action, *object, *detail;
	const char *before, *after; /* JSON of what the act changed (platform/core/json_out.h) */
	const char *result;         /* NULL: done */
};
MUST_USE enum err audit_write(struct tx *tx, const struct actor *actor,
                              const struct audit_entry *entry, int64_t now_ms);

/* One group with one property. ERR_DUP: the store has a property already. */
struct init_request {
	struct actor actor;
	char group_name[LABEL_SIZE], property_name[LABEL_SIZE], property_slug[SLUG_SIZE];
};
MUST_USE enum err init_step(struct tx *tx, void *init_request, int64_t now_ms, struct effects *out);

struct user_request {
	struct actor actor;
	char name[USER_NAME_SIZE], lang[8];
	char password_hash[PASSWORD_HASH_SIZE];
	int64_t user_id; /* answer */
};
/* The first person of an installation: its administrator. ERR_DUP: the name exists. */
MUST_USE enum err user_first_step(struct tx *tx, void *user_request, int64_t now_ms,
                                  struct effects *out);
/* The property of this name, or the only one when `slug` is empty (ERR_BAD_INPUT: there are
 * several). */
MUST_USE enum err property_named_or_only(struct tx *tx, const char *slug, struct property_row *row);

struct gateway_request {
	struct actor actor;
	char property[SLUG_SIZE]; /* "" : the only one */
	char name[SLUG_SIZE], label[LABEL_SIZE];
	struct gateway_row row; /* answer */
};
/* ERR_DUP: the name exists. ERR_BAD_INPUT: not [a-z0-9-]{1,32}. ERR_REFUSED: an archived property. */
MUST_USE enum err gateway_add_step(struct tx *tx, void *gateway_request, int64_t now_ms,
                                   struct effects *out);
MUST_USE enum err gateway_revoke_step(struct tx *tx, void *gateway_request, int64_t now_ms,
                                      struct effects *out);
/* After a renewed certificate: back in service, audit line. */
MUST_USE enum err gateway_renew_step(struct tx *tx, void *gateway_request, int64_t now_ms,
                                     struct effects *out);

/* A backup ended well: for `wattle doctor` and the audit. */
struct backup_note {
	struct actor actor;
	char folder[512];
	size_t files;
	int64_t bytes, at_ms;
};
MUST_USE enum err backup_note_step(struct tx *tx, void *backup_note, int64_t now_ms,
                                   struct effects *out);

#endif
