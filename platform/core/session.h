/* Login sessions: a random token in the cookie, its hash in the store. */
#ifndef PLATFORM_CORE_SESSION_H
#define PLATFORM_CORE_SESSION_H

#include "platform/core/access.h"
#include "platform/core/admin.h"

#define SESSION_TOKEN_SIZE 44 /* base64url of 32 random bytes, and its end */

void session_token_new(char token[SESSION_TOKEN_SIZE]);
void session_token_hash(const char *token, char hash[TOKEN_HASH_SIZE]);

struct session_request {
	struct actor actor;
	char token_hash[TOKEN_HASH_SIZE];
	char user_agent[USER_TEXT_SIZE];
	int64_t user_id;
	int64_t life_s;
};
/* The password was checked before (password_verify on a reader thread). */
MUST_USE enum err session_open_step(struct tx *tx, void *session_request, int64_t now_ms,
                                    struct effects *out);
MUST_USE enum err session_close_step(struct tx *tx, void *session_request, int64_t now_ms,
                                     struct effects *out);
/* A login that failed leaves an audit line too. */
MUST_USE enum err session_refused_step(struct tx *tx, void *session_request, int64_t now_ms,
                                       struct effects *out);

/* Who holds a session, and what he may do, as of the moment it was looked up. */
struct session {
	int64_t session_id;
	struct user_row user;
	struct access access;
};

/* On a reader: who holds this token? ERR_AUTH: nobody, expired or disabled. */
MUST_USE enum err session_find(struct db *db, const char *token_hash, int64_t now_s,
                               struct session *session);

#endif
