#include "platform/core/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"

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
	uint8_t digest[SHA256_SIZE];

	sha256(token, strlen(token), digest);
	hex_encode(digest, sizeof digest, hash);
}

enum err session_open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct session_request *request = arg;
	struct session_row row = {.user_id = request->user_id,
	                          .created_s = now_ms / 1000,
	                          .seen_s = now_ms / 1000,
	                          .expires_s = now_ms / 1000 + request->life_s};
	enum err err;

	(void)out;
	snprintf(row.token_hash, sizeof row.token_hash, "%s", request->token_hash);
	snprintf(row.origin, sizeof row.origin, "%s", request->actor.origin);
	snprintf(row.user_agent, sizeof row.user_agent, "%s", request->user_agent);
	err = session_delete_expired(tx->db, now_ms / 1000);
	if (!err)
		err = session_insert(tx->db, &row);
	if (err)
		return err;
	return audit_note(tx, &request->actor, 0, "session.open", request->actor.who, "", now_ms);
}

enum err session_close_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct session_request *request = arg;
	enum err err = session_delete(tx->db, request->token_hash);

	(void)out;
	if (err)
		return err;
	return audit_note(tx, &request->actor, 0, "session.close", request->actor.who, "", now_ms);
}

enum err session_refused_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct session_request *request = arg;

	(void)out;
	return audit_note(tx, &request->actor, 0, "session.refused", request->actor.who, "",
	                  now_ms);
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
	if (err == ERR_NOT_FOUND)
		return ERR_AUTH;
	session->session_id = err ? 0 : row.session_id;
	return err;
}
