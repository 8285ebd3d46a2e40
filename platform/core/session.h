/* Logins: who has proved to be whom. A random token in the cookie, its hash in the store. */
#ifndef PLATFORM_CORE_SESSION_H
#define PLATFORM_CORE_SESSION_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/factor.h"
#include "platform/store/login.h"

#define SESSION_TOKEN_SIZE 44  /* base64url of 32 random bytes, and its end */
#define SESSION_SEEN_S     300 /* "last seen" is this exact */

void session_token_new(char token[SESSION_TOKEN_SIZE]);
void session_token_hash(const char *token, char hash[TOKEN_HASH_SIZE]);

enum login_end { LOGIN_OPENED, LOGIN_CODE_NEEDED, LOGIN_CODE_WRONG };

struct login_request {
	struct actor actor;
	char token_hash[TOKEN_HASH_SIZE];
	char user_agent[USER_TEXT_SIZE];
	int64_t user_id;
	int64_t life_s;
	char code[FACTOR_CODE_SIZE]; /* of the second factor; "" : none given */
	enum login_end end;          /* answer */
	int64_t session_id;          /* answer, when opened */
};
/* The password was checked before (password_verify on a reader thread). ERR_AUTH: disabled since.
 * A wrong code leaves an audit line, a missing one does not. */
MUST_USE enum err session_open_step(struct tx *tx, void *login_request, int64_t now_ms,
                                    struct effects *out);
/* A login with a wrong name (user_id 0) or password leaves an audit line too. */
MUST_USE enum err session_refused_step(struct tx *tx, void *login_request, int64_t now_ms,
                                       struct effects *out);

struct session_end {
	struct actor actor;
	int64_t session_id; /* 0: all of the user, but the actor's own */
	int64_t user_id;    /* answer when session_id says which */
	int64_t ended;      /* answer */
};
/* Log out, here or elsewhere. Others' sessions: who may manage them (staff.h).
 * ERR_BAD_INPUT: another's, and no reason. */
MUST_USE enum err session_end_step(struct tx *tx, void *session_end, int64_t now_ms,
                                   struct effects *out);
/* `arg` is an int64_t session_id: it was used just now. */
MUST_USE enum err session_seen_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out);

/* Who holds a session, and what he may do, as of the moment it was looked up. */
struct session {
	int64_t session_id, seen_s;
	struct user_row user;
	struct access access;
	bool totp_missing; /* a role of his wants a second factor, and there is none */
	bool note_use;     /* an API key whose last use should be noted */
};

/* On a reader: who holds this token? ERR_AUTH: nobody, expired or disabled. */
MUST_USE enum err session_find(struct db *db, const char *token_hash, int64_t now_s,
                               struct session *session);

/* ---- passwords ---- */

struct password_request {
	struct actor actor;
	int64_t user_id; /* 0: by name */
	char name[USER_NAME_SIZE];
	char old_hash[PASSWORD_HASH_SIZE]; /* one's own: the one that was verified */
	char password_hash[PASSWORD_HASH_SIZE];
	struct user_row user; /* answer */
};
/* One's own, with the old one verified before; his other sessions end. ERR_CONFLICT: it was
 * changed meanwhile. */
MUST_USE enum err password_change_step(struct tx *tx, void *password_request, int64_t now_ms,
                                       struct effects *out);
/* Somebody else's, to be changed at his next login; all his sessions end. */
MUST_USE enum err password_give_step(struct tx *tx, void *password_request, int64_t now_ms,
                                     struct effects *out);

/* ---- invitations: a link that lets a person set his password, once ---- */

#define INVITATION_LIFE_S     INT64_C(259200)
#define INVITATION_LIFE_MAX_S INT64_C(1209600)

struct invitation_request {
	struct actor actor;
	int64_t user_id;
	int64_t life_s; /* 0: INVITATION_LIFE_S */
	char token_hash[TOKEN_HASH_SIZE];
	int64_t expires_s; /* answer */
	struct user_row user;
};
/* The one before it ends. ERR_RANGE: life. */
MUST_USE enum err invitation_create_step(struct tx *tx, void *invitation_request, int64_t now_ms,
                                         struct effects *out);

/* On a reader: whom is it for? ERR_AUTH: unknown, used, expired or disabled. */
MUST_USE enum err invitation_find(struct db *db, const char *token_hash, int64_t now_s,
                                  struct user_row *user);

struct invitation_use {
	struct actor actor; /* origin; `who` is filled */
	char token_hash[TOKEN_HASH_SIZE];
	char password_hash[PASSWORD_HASH_SIZE];
	char code[FACTOR_CODE_SIZE]; /* when he has a second factor already */
	enum login_end end;          /* answer: LOGIN_OPENED is success */
	struct user_row user;        /* answer */
};
/* ERR_AUTH as above. */
MUST_USE enum err invitation_use_step(struct tx *tx, void *invitation_use, int64_t now_ms,
                                      struct effects *out);

#endif
