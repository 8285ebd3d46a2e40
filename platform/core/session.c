#include "platform/core/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/core/staff.h"

_Static_assert(SESSION_TOKEN_SIZE ==
                       sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "32 bytes as base64url");

void session_token_new(char token[SESSION_TOKEN_SIZE])
{
	uint8_t bytes[32];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(token, SESSION_TOKEN_SIZE, bytes, sizeof bytes,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* A token has 256 random bits, so a plain hash is enough. */
void session_token_hash(const char *token, char hash[TOKEN_HASH_SIZE])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const uint8_t *)token, strlen(token));
	hex_encode(digest, sizeof digest, hash);
}

static enum err note_of(struct tx *tx, const struct actor *actor, const struct user_row *user,
                        const char *action, const char *detail, int64_t now_ms)
{
	const struct place home = {.group_id = user->group_id};
	char object[64];

	snprintf(object, sizeof object, "user %lld", (long long)user->user_id);
	return staff_note(
	        tx, actor, &home,
	        (struct audit_entry){.action = action, .object = object, .detail = detail}, now_ms);
}

/* ---- in ---- */

static enum err note_refused(struct tx *tx, const struct actor *actor, const struct user_row *user,
                             const char *detail, int64_t now_ms)
{
	const struct place home = {.group_id = user->group_id};
	char object[64] = "";

	if (user->user_id)
		snprintf(object, sizeof object, "user %lld", (long long)user->user_id);
	return staff_note(tx, actor, &home,
	                  (struct audit_entry){.action = "session.open",
	                                       .object = object,
	                                       .detail = detail,
	                                       .result = AUDIT_REFUSED},
	                  now_ms);
}

/* A name that nobody has is not written down: it may be a password in the wrong field. */
enum err session_refused_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct login_request *request = arg;
	struct user_row user = {.user_id = 0};
	enum err err = ERR_NONE;

	(void)out;
	if (request->user_id)
		err = user_get(tx->db, request->user_id, &user);
	if (err)
		return err;
	if (!user.user_id)
		snprintf(request->actor.who, sizeof request->actor.who, "unknown");
	return note_refused(tx, &request->actor, &user,
	                    user.user_id ? "wrong password" : "no such name", now_ms);
}

/* LOGIN_OPENED: no second factor, or its code is right. */
static enum err ask_factor(struct tx *tx, const struct user_row *user, const char *code,
                           int64_t now_ms, enum login_end *end)
{
	bool good = true;
	enum err err = ERR_NONE;

	*end = LOGIN_OPENED;
	if (user->totp_since_s && !code[0])
		*end = LOGIN_CODE_NEEDED;
	else if (user->totp_since_s)
		err = factor_check(tx, user->user_id, code, now_ms, &good);
	if (!good)
		*end = LOGIN_CODE_WRONG;
	return err;
}

static enum err insert(struct tx *tx, struct login_request *request, int64_t now_ms)
{
	struct session_row row = {.user_id = request->user_id,
	                          .created_s = now_ms / 1000,
	                          .seen_s = now_ms / 1000,
	                          .expires_s = now_ms / 1000 + request->life_s};
	enum err err;

	snprintf(row.token_hash, sizeof row.token_hash, "%s", request->token_hash);
	snprintf(row.origin, sizeof row.origin, "%s", request->actor.origin);
	snprintf(row.user_agent, sizeof row.user_agent, "%s", request->user_agent);
	err = session_delete_expired(tx->db, now_ms / 1000);
	if (!err)
		err = session_insert(tx->db, &row);
	request->session_id = row.session_id;
	return err ? err : user_set_login(tx->db, request->user_id, now_ms / 1000);
}

enum err session_open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct login_request *request = arg;
	struct user_row user;
	enum err err;

	(void)out;
	err = user_get(tx->db, request->user_id, &user);
	if (err || user.disabled_s)
		return err && err != ERR_NOT_FOUND ? err : ERR_AUTH;
	request->actor.user_id = user.user_id;
	err = ask_factor(tx, &user, request->code, now_ms, &request->end);
	if (err || request->end == LOGIN_CODE_NEEDED)
		return err;
	if (request->end == LOGIN_CODE_WRONG)
		return note_refused(tx, &request->actor, &user, "wrong second factor", now_ms);
	err = insert(tx, request, now_ms);
	return err ? err : note_of(tx, &request->actor, &user, "session.open", "", now_ms);
}

/* ---- out ---- */

/* Who ends somebody else's says why. */
static enum err may_end(struct tx *tx, const struct session_end *request, int64_t now_ms,
                        struct user_row *user)
{
	const struct actor *actor = &request->actor;
	enum err err;

	if (!actor->local && request->user_id == actor->user_id)
		return user_get(tx->db, request->user_id, user);
	err = staff_managed(tx, actor, request->user_id, now_ms, user);
	return err ? err : actor->reason[0] ? ERR_NONE : ERR_BAD_INPUT;
}

static enum err end_one(struct tx *tx, struct session_end *request, int64_t now_ms,
                        struct user_row *user)
{
	struct session_row row;
	enum err err;

	if (request->actor.key_id)
		return ERR_FORBIDDEN; /* as staff_managed says, whether there is such a session or not */
	err = session_by_id(tx->db, request->session_id, &row);
	if (err)
		return err;
	request->user_id = row.user_id;
	err = may_end(tx, request, now_ms, user);
	return err ? err : session_delete(tx->db, request->session_id);
}

static enum err end_all(struct tx *tx, struct session_end *request, int64_t now_ms,
                        struct user_row *user)
{
	bool self = !request->actor.local && request->user_id == request->actor.user_id;
	enum err err = may_end(tx, request, now_ms, user);

	return err ? err
	           : session_delete_others(tx->db, request->user_id,
	                                   self ? request->actor.session_id : 0);
}

enum err session_end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct session_end *request = arg;
	struct user_row user;
	char detail[64];
	enum err err;

	err = request->session_id ? end_one(tx, request, now_ms, &user)
	                          : end_all(tx, request, now_ms, &user);
	if (err)
		return err;
	request->ended = db_changes(tx->db);
	snprintf(detail, sizeof detail, "%lld sessions", (long long)request->ended);
	err = note_of(tx, &request->actor, &user, "session.end", detail, now_ms);
	return err ? err : effects_access(out, request->user_id, 0);
}

enum err session_seen_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const int64_t *session_id = arg;
	enum err err = tx_open(tx);

	(void)out;
	return err ? err : session_set_seen(tx->db, *session_id, now_ms / 1000);
}

enum err session_find(struct db *db, const char *token_hash, int64_t now_s, struct session *session)
{
	struct session_row row;
	enum err err;

	err = session_get(db, token_hash, &row);
	if (!err && row.expires_s <= now_s)
		return ERR_AUTH;
	if (!err)
		err = user_get(db, row.user_id, &session->user);
	if (!err)
		err = access_load_user(db, row.user_id, now_s, &session->access);
	session->totp_missing = false;
	if (!err && !session->user.totp_since_s)
		err = factor_required(db, row.user_id, now_s, &session->totp_missing);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_AUTH : err;
	session->session_id = row.session_id;
	session->seen_s = row.seen_s;
	return ERR_NONE;
}

/* ---- passwords ---- */

static enum err set_password(struct tx *tx, const struct password_request *request,
                             const struct user_row *user, bool must_change, int64_t now_ms,
                             struct effects *out)
{
	int64_t keep = must_change ? 0 : request->actor.session_id;
	enum err err;

	err = user_set_password(tx->db, user->user_id, request->password_hash, must_change,
	                        now_ms / 1000);
	if (!err)
		err = session_delete_others(tx->db, user->user_id, keep);
	if (!err)
		err = invitation_delete_of_user(tx->db, user->user_id);
	if (!err)
		err = note_of(tx, &request->actor, user,
		              must_change ? "password.give" : "password.change", "", now_ms);
	return err ? err : effects_access(out, user->user_id, 0);
}

enum err password_change_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct password_request *request = arg;
	enum err err = user_get(tx->db, request->actor.user_id, &request->user);

	if (err)
		return err;
	if (request->user.disabled_s)
		return ERR_AUTH;
	if (strcmp(request->user.password_hash, request->old_hash) != 0)
		return ERR_CONFLICT;
	return set_password(tx, request, &request->user, false, now_ms, out);
}

enum err password_give_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct password_request *request = arg;
	struct user_row *user = &request->user;
	int64_t user_id = request->user_id;
	enum err err = ERR_NONE;

	if (!user_id) {
		err = user_by_name(tx->db, request->name, user);
		user_id = err ? 0 : user->user_id;
	}
	if (!err)
		err = staff_managed(tx, &request->actor, user_id, now_ms, user);
	return err ? err : set_password(tx, request, user, true, now_ms, out);
}

/* ---- invitations ---- */

enum err invitation_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct invitation_request *request = arg;
	int64_t life_s = request->life_s ? request->life_s : INVITATION_LIFE_S;
	struct invitation_row row = {.user_id = request->user_id,
	                             .created_s = now_ms / 1000,
	                             .expires_s = now_ms / 1000 + life_s,
	                             .created_by = request->actor.user_id};
	enum err err;

	(void)out;
	if (life_s <= 0 || life_s > INVITATION_LIFE_MAX_S)
		return ERR_RANGE;
	err = staff_managed(tx, &request->actor, request->user_id, now_ms, &request->user);
	if (err)
		return err;
	if (request->user.disabled_s)
		return ERR_REFUSED;
	memcpy(row.token_hash, request->token_hash, sizeof row.token_hash);
	err = invitation_delete_of_user(tx->db, request->user_id);
	if (!err)
		err = invitation_delete_expired(tx->db, now_ms / 1000);
	if (!err)
		err = invitation_insert(tx->db, &row);
	request->expires_s = row.expires_s;
	return err ? err : note_of(tx, &request->actor, &request->user, "user.invite", "", now_ms);
}

enum err invitation_find(struct db *db, const char *token_hash, int64_t now_s,
                         struct user_row *user)
{
	struct invitation_row row;
	enum err err = invitation_get(db, token_hash, &row);

	if (!err && row.expires_s <= now_s)
		return ERR_AUTH;
	if (!err)
		err = user_get(db, row.user_id, user);
	if (err == ERR_NOT_FOUND || (!err && user->disabled_s))
		return ERR_AUTH;
	return err;
}

enum err invitation_use_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct invitation_use *use = arg;
	struct user_row *user = &use->user;
	enum err err;

	err = invitation_find(tx->db, use->token_hash, now_ms / 1000, user);
	if (err)
		return err;
	use->actor.user_id = user->user_id;
	snprintf(use->actor.who, sizeof use->actor.who, "%s", user->name);
	err = ask_factor(tx, user, use->code, now_ms, &use->end);
	if (err || use->end != LOGIN_OPENED)
		return err;
	err = user_set_password(tx->db, user->user_id, use->password_hash, false, now_ms / 1000);
	if (!err)
		err = invitation_delete_of_user(tx->db, user->user_id);
	if (!err)
		err = session_delete_others(tx->db, user->user_id, 0);
	if (!err)
		err = note_of(tx, &use->actor, user, "invitation.use", "", now_ms);
	return err ? err : effects_access(out, user->user_id, 0);
}
