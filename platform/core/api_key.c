#include "platform/core/api_key.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KEY_START "wattle_"
#define USED_S    60 /* the last use is noted to the minute */

void api_key_new(char key[API_KEY_SIZE], char token_hash[TOKEN_HASH_SIZE], char start[16])
{
	char token[SESSION_TOKEN_SIZE];

	session_token_new(token);
	snprintf(key, API_KEY_SIZE, KEY_START "%s", token);
	session_token_hash(key, token_hash);
	snprintf(start, 16, "%.12s…", key);
	sodium_memzero(token, sizeof token);
}

bool api_key_header(const char *header, char key[API_KEY_SIZE])
{
	static const char scheme[] = "Bearer ";

	if (!header || strncmp(header, scheme, sizeof scheme - 1) != 0)
		return false;
	header += sizeof scheme - 1;
	if (strlen(header) != API_KEY_SIZE - 1 ||
	    strncmp(header, KEY_START, sizeof KEY_START - 1) != 0)
		return false;
	memcpy(key, header, API_KEY_SIZE);
	return true;
}

enum err api_key_place(struct db *db, const struct api_key_row *row, struct place *place)
{
	enum err err = ERR_NONE;

	memset(place, 0, sizeof *place);
	if (row->property_id)
		err = place_of_space(db, row->property_id, row->space_id, place);
	place->group_id = row->group_id;
	return err;
}

static void key_object(char object[64], int64_t key_id)
{
	snprintf(object, 64, "key %lld", (long long)key_id);
}

static enum err note(struct tx *tx, const struct api_key_request *r, const char *action,
                     int64_t now_ms)
{
	char object[64];
	struct audit_entry entry = {.property_id = r->row.property_id,
	                            .group_id = r->row.property_id ? 0 : r->row.group_id,
	                            .action = action,
	                            .object = object,
	                            .detail = r->row.name};

	key_object(object, r->row.key_id);
	return audit_write(tx, &r->actor, &entry, now_ms);
}

enum err api_key_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct api_key_request *r = arg;
	int64_t now_s = now_ms / 1000;
	enum err err;

	(void)out;
	if (r->actor.key_id)
		return ERR_FORBIDDEN;
	if (!r->row.name[0] || !r->row.permissions || (r->row.permissions & ~PERMISSION_ALL))
		return ERR_BAD_INPUT;
	if (r->row.expires_s &&
	    (r->row.expires_s <= now_s || r->row.expires_s > now_s + API_KEY_LIFE_S_MAX))
		return ERR_RANGE;
	err = access_require(tx, &r->actor, PERMISSION_KEY_WRITE, &r->place, now_ms);
	for (unsigned i = 0; !err && i < PERMISSION_COUNT; i++)
		if (r->row.permissions & PERMISSION_BIT(i))
			err = access_require(tx, &r->actor, (enum permission)i, &r->place, now_ms);
	if (err)
		return err;
	r->row.group_id = r->place.group_id;
	r->row.property_id = r->place.property_id;
	r->row.space_id = r->place.space[0];
	r->row.made_by = r->actor.user_id;
	r->row.created_s = now_s;
	err = api_key_insert(tx->db, &r->row);
	return err ? err : note(tx, r, "key.create", now_ms);
}

enum err api_key_end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct api_key_request *r = arg;
	enum err err;

	err = api_key_get(tx->db, r->row.key_id, &r->row);
	if (!err)
		err = api_key_place(tx->db, &r->row, &r->place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_KEY_WRITE, &r->place, now_ms);
	if (err)
		return err;
	if (r->row.version != r->version)
		return ERR_CONFLICT;
	if (!r->actor.reason[0])
		return ERR_BAD_INPUT;
	if (r->row.ended_s)
		return ERR_NONE;
	r->row.ended_s = now_ms / 1000;
	r->row.version++;
	err = api_key_end(tx->db, r->row.key_id, r->row.ended_s);
	if (!err)
		err = note(tx, r, "key.end", now_ms);
	return err ? err : effects_access(out, 0, r->row.key_id);
}

/* ---- what it may do ---- */

/* Is the scope `in` inside the scope of `grant`? */
static bool is_within(const struct access_grant *grant, const struct place *in)
{
	bool space = !grant->space_id;

	for (size_t i = 0; i < SPACE_DEPTH; i++)
		space = space || (in->space[i] && in->space[i] == grant->space_id);
	return (!grant->group_id || grant->group_id == in->group_id) &&
	       (!grant->property_id || grant->property_id == in->property_id) && space;
}

/* Is the grant's scope inside the key's? */
static bool is_inside(const struct access_grant *grant, const struct place *key)
{
	bool space = !key->space[0];

	for (size_t i = 0; i < SPACE_DEPTH; i++)
		space = space || (grant->space[i] && grant->space[i] == key->space[0]);
	return (!key->group_id || grant->group_id == key->group_id) &&
	       (!key->property_id || grant->property_id == key->property_id) && space;
}

/* What both the maker's grant and the key allow: the narrower of two scopes, if one holds the
 * other. False: nothing. */
static bool narrow(struct access_grant *grant, const struct place *key, uint64_t permissions)
{
	grant->permissions &= permissions;
	if (!grant->permissions)
		return false;
	if (is_inside(grant, key))
		return true;
	if (!is_within(grant, key))
		return false;
	grant->group_id = key->group_id;
	grant->property_id = key->property_id;
	grant->space_id = key->space[0];
	memcpy(grant->space, key->space, sizeof grant->space);
	return true;
}

static enum err load(struct db *db, const struct api_key_row *row, int64_t now_s,
                     struct access *access)
{
	struct place place;
	size_t count = 0;
	enum err err;

	memset(access, 0, sizeof *access);
	if (row->ended_s || (row->expires_s && row->expires_s <= now_s))
		return ERR_AUTH;
	err = api_key_place(db, row, &place);
	if (!err)
		err = access_load_user(db, row->made_by, now_s, access);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_AUTH : err;
	for (size_t i = 0; i < access->count; i++)
		if (narrow(&access->grant[i], &place, row->permissions))
			access->grant[count++] = access->grant[i];
	access->count = count;
	access->user_id = 0;
	access->key_id = row->key_id;
	return ERR_NONE;
}

enum err access_load_key(struct db *db, int64_t key_id, int64_t now_s, struct access *access)
{
	struct api_key_row row;
	enum err err = api_key_get(db, key_id, &row);

	memset(access, 0, sizeof *access);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_AUTH : err;
	return load(db, &row, now_s, access);
}

static enum err key_find(struct db *db, const char *token_hash, int64_t now_s,
                         struct session *principal)
{
	struct api_key_row row;
	enum err err = api_key_by_token(db, token_hash, &row);

	memset(principal, 0, sizeof *principal);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_AUTH : err;
	snprintf(principal->user.name, sizeof principal->user.name, "key:%.48s", row.name);
	snprintf(principal->user.lang, sizeof principal->user.lang, "zh-CN");
	principal->note_use = now_s - row.used_s >= USED_S;
	return load(db, &row, now_s, &principal->access);
}

/* Both are hashes of random text of different forms, so none can be taken for the other. */
enum err principal_find(struct db *db, const char *token_hash, int64_t now_s,
                        struct session *principal)
{
	enum err err = session_find(db, token_hash, now_s, principal);

	return err == ERR_AUTH ? key_find(db, token_hash, now_s, principal) : err;
}

enum err api_key_used_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct api_key_request *r = arg;

	(void)out;
	return api_key_used(tx->db, r->row.key_id, now_ms / 1000);
}
