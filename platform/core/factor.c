#include "platform/core/factor.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "platform/core/keys.h"
#include "platform/core/role.h"
#include "platform/core/staff.h"
#include "platform/store/login.h"

_Static_assert(TOTP_WRAPPED_SIZE == TOTP_SECRET_SIZE + SECRET_OVERHEAD, "the column's size");

/* ---- the secret ---- */

static void secret_id(int64_t user_id, char id[24])
{
	snprintf(id, 24, "%lld", (long long)user_id);
}

static enum err secret_open(const struct tx *tx, int64_t user_id, const struct totp_row *row,
                            uint8_t secret[TOTP_SECRET_SIZE])
{
	char id[24];

	if (!tx->keys)
		return ERR_INTERNAL;
	secret_id(user_id, id);
	return secret_unwrap(tx->keys, "totp", id, row->wrapped, sizeof row->wrapped, secret);
}

/* ---- codes ---- */

/* Without hyphens and blanks, in capitals: as it was made. False: it cannot be one. */
static bool recovery_normal(const char *code, char normal[RECOVERY_CODE_SIZE])
{
	size_t len = 0;

	for (; *code; code++) {
		unsigned char c = (unsigned char)*code;

		if (c == '-' || c == ' ')
			continue;
		if (!isalnum(c) || len + 1 >= RECOVERY_CODE_SIZE)
			return false;
		normal[len++] = (char)toupper(c);
	}
	normal[len] = '\0';
	return len == 16;
}

static void recovery_hash(int64_t user_id, const char *normal, char hash[TOKEN_HASH_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	char text[64];

	snprintf(text, sizeof text, "recovery %lld %s", (long long)user_id, normal);
	sha256(text, strlen(text), digest);
	hex_encode(digest, sizeof digest, hash);
	sodium_memzero(text, sizeof text);
}

void recovery_codes_new(char codes[RECOVERY_CODES][RECOVERY_CODE_SIZE])
{
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		uint8_t bytes[10];
		char text[17];

		randombytes_buf(bytes, sizeof bytes);
		base32_encode(bytes, sizeof bytes, text);
		snprintf(codes[i], RECOVERY_CODE_SIZE, "%.4s-%.4s-%.4s-%.4s", text, text + 4,
		         text + 8, text + 12);
		sodium_memzero(bytes, sizeof bytes);
		sodium_memzero(text, sizeof text);
	}
}

static enum err check_totp(struct tx *tx, int64_t user_id, struct totp_row *row, const char *code,
                           int64_t now_ms, bool *good)
{
	uint8_t secret[TOTP_SECRET_SIZE];
	enum err err = secret_open(tx, user_id, row, secret);

	if (err)
		return err;
	*good = totp_matches(secret, code, now_ms / 1000, row->step, &row->step);
	sodium_memzero(secret, sizeof secret);
	return *good ? totp_put(tx->db, user_id, row) : ERR_NONE;
}

enum err factor_check(struct tx *tx, int64_t user_id, const char *code, int64_t now_ms, bool *good)
{
	char normal[RECOVERY_CODE_SIZE], hash[TOKEN_HASH_SIZE];
	struct totp_row row;
	enum err err;

	*good = false;
	err = totp_get(tx->db, user_id, &row);
	if (err || !row.since_s)
		return err;
	if (recovery_normal(code, normal)) {
		recovery_hash(user_id, normal, hash);
		sodium_memzero(normal, sizeof normal);
		return recovery_use(tx->db, user_id, hash, good);
	}
	return check_totp(tx, user_id, &row, code, now_ms, good);
}

/* ---- who must have one ---- */

struct roles {
	struct grant_row row[ACCESS_GRANTS_MAX];
	size_t count;
	int64_t now_s;
};

static void take_role(void *arg, const struct grant_row *row)
{
	struct roles *roles = arg;

	if (roles->count < ARRAY_SIZE(roles->row) &&
	    (!row->expires_s || row->expires_s > roles->now_s))
		roles->row[roles->count++] = *row;
}

enum err factor_required(struct db *db, int64_t user_id, int64_t now_s, bool *required)
{
	struct roles roles = {.now_s = now_s};
	enum err err = grant_list_of_user(db, user_id, take_role, &roles);

	*required = false;
	for (size_t i = 0; !err && !*required && i < roles.count; i++)
		err = role_totp_required(db, roles.row[i].group_id, roles.row[i].role_id, required);
	return err;
}

/* ---- enrolment ---- */

static enum err note_factor(struct tx *tx, const struct actor *actor, int64_t user_id,
                            const char *action, int64_t now_ms)
{
	struct user_row user;
	struct place home;
	char object[64];
	enum err err = user_get(tx->db, user_id, &user);

	if (err)
		return err;
	home = (struct place){.group_id = user.group_id};
	snprintf(object, sizeof object, "user %lld", (long long)user_id);
	return staff_note(
	        tx, actor, &home,
	        (struct audit_entry){.action = action, .object = object, .detail = user.name},
	        now_ms);
}

enum err totp_start_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct totp_start *start = arg;
	int64_t user_id = start->actor.user_id;
	struct totp_row row;
	char id[24];
	enum err err;

	(void)now_ms;
	(void)out;
	if (!tx->keys)
		return ERR_INTERNAL;
	err = totp_get(tx->db, user_id, &row);
	if (err)
		return err;
	if (row.since_s)
		return ERR_CONFLICT;
	secret_id(user_id, id);
	row = (struct totp_row){.has = true};
	err = secret_wrap(tx->keys, "totp", id, start->secret, sizeof start->secret, row.wrapped);
	return err ? err : totp_put(tx->db, user_id, &row);
}

enum err totp_confirm_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct totp_confirm *confirm = arg;
	int64_t user_id = confirm->actor.user_id;
	char normal[RECOVERY_CODE_SIZE], hash[TOKEN_HASH_SIZE];
	struct totp_row row;
	enum err err;

	confirm->good = false;
	err = totp_get(tx->db, user_id, &row);
	if (err)
		return err;
	if (!row.has || row.since_s)
		return ERR_NOT_FOUND;
	row.since_s = now_ms / 1000;
	err = check_totp(tx, user_id, &row, confirm->code, now_ms, &confirm->good);
	if (err || !confirm->good)
		return err;
	err = recovery_delete_all(tx->db, user_id);
	for (size_t i = 0; !err && i < RECOVERY_CODES; i++) {
		recovery_normal(confirm->recovery[i], normal);
		recovery_hash(user_id, normal, hash);
		err = recovery_insert(tx->db, user_id, hash);
	}
	sodium_memzero(normal, sizeof normal);
	if (!err)
		err = note_factor(tx, &confirm->actor, user_id, "totp.enrol", now_ms);
	return err ? err : effects_access(out, user_id, 0);
}

enum err totp_remove_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	static const struct totp_row none;
	struct totp_remove *remove = arg;
	bool self = !remove->actor.local && remove->actor.user_id == remove->user_id;
	struct user_row user;
	struct totp_row row;
	enum err err = ERR_NONE;

	remove->good = !self;
	if (!self)
		err = staff_managed(tx, &remove->actor, remove->user_id, now_ms, &user);
	if (!err)
		err = totp_get(tx->db, remove->user_id, &row);
	if (!err && !row.has)
		err = ERR_NOT_FOUND;
	if (!err && !self && !remove->actor.reason[0])
		err = ERR_BAD_INPUT;
	if (!err && self)
		err = factor_check(tx, remove->user_id, remove->code, now_ms, &remove->good);
	if (err || !remove->good)
		return err;
	err = totp_put(tx->db, remove->user_id, &none);
	if (!err)
		err = recovery_delete_all(tx->db, remove->user_id);
	if (!err)
		err = note_factor(tx, &remove->actor, remove->user_id, "totp.remove", now_ms);
	return err ? err : effects_access(out, remove->user_id, 0);
}
