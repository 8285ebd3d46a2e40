#include "platform/core/access.h"

#include <string.h>

#include "platform/core/admin.h"
#include "platform/core/role.h"
#include "platform/store/api_key.h"
#include "platform/store/grant.h"
#include "platform/store/space.h"

static const char *const words[PERMISSION_COUNT] = {
#define X(id, word, zh, en) [PERMISSION_##id] = word,
        PERMISSIONS(X)
#undef X
};

_Static_assert(PERMISSION_COUNT < 63, "permissions are bits of a BIGINT");

const char *permission_word(enum permission permission)
{
	return permission < PERMISSION_COUNT ? words[permission] : "";
}

bool permission_parse(const char *word, enum permission *permission)
{
	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		if (strcmp(words[i], word) == 0) {
			*permission = (enum permission)i;
			return true;
		}
	return false;
}

/* ---- grants against places ---- */

static bool is_live(const struct access_grant *grant, int64_t now_s)
{
	return !grant->expires_s || grant->expires_s > now_s;
}

static bool has(const int64_t path[SPACE_DEPTH], int64_t space_id)
{
	for (size_t i = 0; i < SPACE_DEPTH; i++)
		if (path[i] == space_id)
			return true;
	return false;
}

/* Does the grant's scope hold the place? */
static bool covers(const struct access_grant *grant, const struct place *place)
{
	if (grant->group_id && grant->group_id != place->group_id)
		return false;
	if (grant->property_id && grant->property_id != place->property_id)
		return false;
	return !grant->space_id || has(place->space, grant->space_id);
}

/* Is the grant's scope somewhere below the place? */
static bool is_below(const struct access_grant *grant, const struct place *place)
{
	if (place->group_id && grant->group_id != place->group_id)
		return false;
	if (place->property_id && grant->property_id != place->property_id)
		return false;
	return !place->space[0] || has(grant->space, place->space[0]);
}

bool access_equal(const struct access *a, const struct access *b)
{
	if (a->user_id != b->user_id || a->key_id != b->key_id || a->group_id != b->group_id ||
	    a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct access_grant *x = &a->grant[i], *y = &b->grant[i];

		if (x->permissions != y->permissions || x->group_id != y->group_id ||
		    x->property_id != y->property_id || x->space_id != y->space_id ||
		    x->expires_s != y->expires_s || memcmp(x->space, y->space, sizeof x->space))
			return false;
	}
	return true;
}

uint64_t access_permissions(const struct access *access, const struct place *place, int64_t now_s)
{
	uint64_t permissions = 0;

	for (size_t i = 0; i < access->count; i++)
		if (is_live(&access->grant[i], now_s) && covers(&access->grant[i], place))
			permissions |= access->grant[i].permissions;
	return permissions;
}

bool access_allows(const struct access *access, enum permission permission,
                   const struct place *place, int64_t now_s)
{
	return access_permissions(access, place, now_s) & PERMISSION_BIT(permission);
}

bool access_sees(const struct access *access, const struct place *place, int64_t now_s)
{
	for (size_t i = 0; i < access->count; i++) {
		const struct access_grant *grant = &access->grant[i];

		if (grant->permissions && is_live(grant, now_s) &&
		    (covers(grant, place) || is_below(grant, place)))
			return true;
	}
	return false;
}

bool access_reaches(const struct access *access, enum permission permission,
                    const struct place *place, int64_t now_s)
{
	for (size_t i = 0; i < access->count; i++) {
		const struct access_grant *grant = &access->grant[i];

		if ((grant->permissions & PERMISSION_BIT(permission)) && is_live(grant, now_s) &&
		    (covers(grant, place) || is_below(grant, place)))
			return true;
	}
	return false;
}

bool access_anywhere(const struct access *access, enum permission permission, int64_t now_s)
{
	for (size_t i = 0; i < access->count; i++)
		if ((access->grant[i].permissions & PERMISSION_BIT(permission)) &&
		    is_live(&access->grant[i], now_s))
			return true;
	return false;
}

/* ---- from the rows ---- */

struct load {
	struct db *db;
	struct access *access;
	int64_t now_s;
	/* Rows first, then what belongs to them: a statement of the same text is not nested. */
	struct grant_row rows[ACCESS_GRANTS_MAX];
	size_t count;
};

static void take_grant(void *arg, const struct grant_row *row)
{
	struct load *load = arg;

	if (load->count < ACCESS_GRANTS_MAX && (!row->expires_s || row->expires_s > load->now_s))
		load->rows[load->count++] = *row;
}

static enum err load_grant(struct load *load, const struct grant_row *row)
{
	struct access_grant *grant = &load->access->grant[load->access->count];
	struct place place = {0};
	enum err err;

	memset(grant, 0, sizeof *grant);
	err = role_permissions(load->db, row->role_id, &grant->permissions);
	if (!err && row->space_id)
		err = place_of_space(load->db, row->property_id, row->space_id, &place);
	if (err == ERR_NOT_FOUND)
		return ERR_NONE; /* the space is gone, and the grant with it */
	if (err)
		return err;
	grant->group_id = row->group_id;
	grant->property_id = row->property_id;
	grant->space_id = row->space_id;
	memcpy(grant->space, place.space, sizeof grant->space);
	grant->expires_s = row->expires_s;
	load->access->count++;
	return ERR_NONE;
}

enum err access_load_user(struct db *db, int64_t user_id, int64_t now_s, struct access *access)
{
	struct load load = {.db = db, .access = access, .now_s = now_s};
	struct user_row user;
	enum err err;

	memset(access, 0, sizeof *access);
	err = user_get(db, user_id, &user);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_AUTH : err;
	if (user.disabled_s)
		return ERR_AUTH;
	access->user_id = user_id;
	access->group_id = user.group_id;
	err = grant_list_of_user(db, user_id, take_grant, &load);
	for (size_t i = 0; !err && i < load.count; i++)
		err = load_grant(&load, &load.rows[i]);
	return err;
}

enum err access_load(struct db *db, const struct actor *actor, int64_t now_s, struct access *access)
{
	if (actor->local) {
		*access = (struct access){.count = 1, .grant = {{.permissions = PERMISSION_ALL}}};
		return ERR_NONE;
	}
	return actor->key_id ? access_load_key(db, actor->key_id, now_s, access)
	                     : access_load_user(db, actor->user_id, now_s, access);
}

static enum err judge(const struct access *access, enum permission permission,
                      const struct place *place, int64_t now_s)
{
	if (access_allows(access, permission, place, now_s))
		return ERR_NONE;
	return access_sees(access, place, now_s) ? ERR_FORBIDDEN : ERR_NOT_FOUND;
}

enum err access_require(struct tx *tx, const struct actor *actor, enum permission permission,
                        const struct place *place, int64_t now_ms)
{
	struct access access;
	enum err err = access_load(tx->db, actor, now_ms / 1000, &access);

	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	return judge(&access, permission, place, now_ms / 1000);
}

enum err access_require_property(struct tx *tx, const struct actor *actor,
                                 enum permission permission, int64_t property_id, int64_t now_ms)
{
	struct place place;
	enum err err = place_of_space(tx->db, property_id, 0, &place);

	return err ? err : access_require(tx, actor, permission, &place, now_ms);
}

enum err access_require_seen(struct tx *tx, const struct actor *actor, enum permission permission,
                             enum permission seen, int64_t property_id, int64_t now_ms)
{
	enum err err = access_require_property(tx, actor, permission, property_id, now_ms);

	if (err != ERR_FORBIDDEN)
		return err;
	err = access_require_property(tx, actor, seen, property_id, now_ms);
	if (err == ERR_FORBIDDEN)
		return ERR_HIDDEN;
	return err ? err : ERR_FORBIDDEN;
}

enum err access_person(struct db *db, const struct actor *actor, int64_t *user_id)
{
	struct api_key_row key;
	enum err err;

	*user_id = actor->user_id;
	if (!actor->key_id)
		return ERR_NONE;
	err = api_key_get(db, actor->key_id, &key);
	*user_id = err ? 0 : key.made_by;
	return err;
}

enum err place_of_space(struct db *db, int64_t property_id, int64_t space_id, struct place *place)
{
	struct property_row property;
	struct space_row space;
	enum err err;

	memset(place, 0, sizeof *place);
	err = property_get(db, property_id, &property);
	if (err)
		return err;
	place->group_id = property.group_id;
	place->property_id = property_id;
	for (size_t i = 0; i < SPACE_DEPTH && space_id; i++) {
		err = space_get(db, property_id, space_id, &space);
		if (err)
			return err;
		place->space[i] = space_id;
		space_id = space.parent_id;
	}
	return ERR_NONE;
}

enum err place_of_object(struct db *db, int64_t property_id, int64_t space_id, struct place *place)
{
	enum err err = place_of_space(db, property_id, space_id, place);

	if (!err && !space_id)
		place->space[0] = SPACE_NOWHERE;
	return err;
}

void place_widen(struct place *common, const struct place *place)
{
	for (size_t i = 0; i < SPACE_DEPTH && common->space[0]; i++) {
		for (size_t k = 0; k < SPACE_DEPTH; k++)
			if (place->space[k] == common->space[0])
				return;
		memmove(common->space, common->space + 1,
		        (SPACE_DEPTH - 1) * sizeof *common->space);
		common->space[SPACE_DEPTH - 1] = 0;
	}
}
