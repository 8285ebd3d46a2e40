/* Who holds which role where: giving and taking. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/role.h"
#include "platform/core/staff.h"

/* ---- the second person ---- */

struct people {
	int64_t *user_id;
	size_t count, room;
	int64_t not_this, made_after_s;
	bool failed;
};

static bool take_person(void *arg, const struct user_row *row)
{
	struct people *people = arg;
	int64_t *more;

	if (row->disabled_s || row->user_id == people->not_this ||
	    (people->not_this && row->created_by == people->not_this &&
	     row->created_s >= people->made_after_s))
		return true;
	if (people->count == people->room) {
		people->room = people->room ? 2 * people->room : 64;
		more = realloc(people->user_id, people->room * sizeof *more);
		people->failed = !more;
		if (!more)
			return false;
		people->user_id = more;
	}
	people->user_id[people->count++] = row->user_id;
	return true;
}

enum err staff_second_person(struct tx *tx, const struct actor *actor,
                             const struct approval_kind *kind, const struct place *place,
                             int64_t now_ms, bool *exists)
{
	const uint64_t needed =
	        PERMISSION_BIT(PERMISSION_APPROVAL_DECIDE) | PERMISSION_BIT(kind->permission);
	struct people people = {.made_after_s = now_ms / 1000 - APPROVAL_LIFE_S};
	struct access access;
	enum err err = access_person(tx->db, actor, &people.not_this);

	*exists = false;
	if (!err)
		err = user_list(tx->db, take_person, &people);
	if (!err && people.failed)
		err = ERR_NOMEM;
	for (size_t i = 0; !err && !*exists && i < people.count; i++) {
		err = access_load_user(tx->db, people.user_id[i], now_ms / 1000, &access);
		if (!err)
			*exists =
			        (needed & ~access_permissions(&access, place, now_ms / 1000)) == 0;
	}
	free(people.user_id);
	return err;
}

/* ---- one grant ---- */

static void write_number(struct json_out *out, const char *key, int64_t number)
{
	if (number)
		out_int(out, key, number);
	else
		out_null(out, key);
}

/* What is agreed to: with the rights that the role holds today. */
static void write_grant(struct json_out *out, const struct grant_row *row, const char *role,
                        uint64_t permissions)
{
	out_object(out, NULL);
	out_int(out, "user", row->user_id);
	out_int(out, "role", row->role_id);
	out_text(out, "role_name", role);
	out_array(out, "permissions");
	for (unsigned p = 0; p < PERMISSION_COUNT; p++)
		if (permissions & PERMISSION_BIT(p))
			out_text(out, NULL, permission_word((enum permission)p));
	out_array_end(out);
	write_number(out, "group", row->group_id);
	write_number(out, "property", row->property_id);
	write_number(out, "space", row->space_id);
	out_time_s(out, "expires_at", row->expires_s);
	write_number(out, "expires_s", row->expires_s);
	out_object_end(out);
}

/* Rows and rights that a change of a grant is judged by. */
struct change {
	struct grant_request *request;
	struct user_row user;
	struct access access; /* of the actor */
	struct place place;
	uint64_t permissions; /* of the role */
	char role[ROLE_NAME_SIZE];
	int64_t now_ms;
};

static enum err change_load(struct tx *tx, struct change *c)
{
	const struct actor *actor = &c->request->actor;
	const struct grant_row *row = &c->request->row;
	bool sees = false;
	enum err err;

	err = access_load(tx->db, actor, c->now_ms / 1000, &c->access);
	if (err == ERR_AUTH)
		return ERR_FORBIDDEN;
	if (!err)
		err = user_get(tx->db, row->user_id, &c->user);
	if (!err)
		err = staff_sees(tx->db, &c->access, &c->user, c->now_ms / 1000, &sees);
	if (!err && !sees)
		return ERR_HIDDEN;
	if (!err)
		err = grant_place(tx->db, row, &c->place);
	if (!err)
		err = role_permissions(tx->db, row->role_id, &c->permissions);
	if (err)
		return err;
	err = role_name(tx->db, row->role_id, c->role);
	/* That there is no such role says role_is_here, to those who may give one here. */
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* Grants of this person at this place at all, and never for himself. */
static enum err change_allowed(const struct change *c)
{
	const struct actor *actor = &c->request->actor;
	int64_t now_s = c->now_ms / 1000;

	if (actor->key_id)
		return ERR_FORBIDDEN; /* people are managed by people */
	if (!access_allows(&c->access, PERMISSION_USER_WRITE, &c->place, now_s))
		return access_sees(&c->access, &c->place, now_s) ? ERR_FORBIDDEN : ERR_HIDDEN;
	if (!actor->local && actor->user_id == c->user.user_id)
		return ERR_FORBIDDEN;
	return ERR_NONE;
}

/* No more than he holds himself, for as long as the grant is to last. */
static enum err role_allowed(const struct change *c, int64_t until_s)
{
	uint64_t has = access_permissions(&c->access, &c->place, c->now_ms / 1000),
	         then = access_permissions(&c->access, &c->place, until_s);

	return c->permissions & ~(has & then) ? ERR_FORBIDDEN : ERR_NONE;
}

static enum err note_grant(struct tx *tx, const struct change *c, const char *action)
{
	bool added = strcmp(action, "grant.add") == 0;
	char object[64], detail[256];
	struct json_out json;
	const char *text;
	enum err err = ERR_NOMEM;

	json_out_init(&json);
	write_grant(&json, &c->request->row, c->role, c->permissions);
	text = json_out_string(&json);
	snprintf(object, sizeof object, "user %lld", (long long)c->user.user_id);
	snprintf(detail, sizeof detail, "%s: %s", c->user.name, c->role);
	if (text)
		err = staff_note(tx, &c->request->actor, &c->place,
		                 (struct audit_entry){.action = action,
		                                      .object = object,
		                                      .detail = detail,
		                                      .before = added ? NULL : text,
		                                      .after = added ? text : NULL},
		                 c->now_ms);
	json_out_free(&json);
	return err;
}

/* Of the same group as the scope; people of the installation may be anywhere. */
static bool belongs(const struct change *c)
{
	int64_t home = c->user.group_id;

	return !home || home == c->place.group_id;
}

/* A built-in one, or one of the scope's group. */
static enum err role_is_here(struct db *db, const struct change *c)
{
	struct role_row own;
	enum err err;

	if (builtin_role_find(c->request->row.role_id))
		return ERR_NONE;
	err = role_get(db, c->request->row.role_id, &own);
	return err ? err : own.group_id == c->place.group_id ? ERR_NONE : ERR_NOT_FOUND;
}

struct held {
	const struct grant_row *wanted;
	size_t count;
	bool same;
	int64_t now_s;
};

static void take_held(void *arg, const struct grant_row *row)
{
	struct held *held = arg;
	const struct grant_row *w = held->wanted;

	held->count++;
	held->same |= row->role_id == w->role_id && row->group_id == w->group_id &&
	              row->property_id == w->property_id && row->space_id == w->space_id &&
	              row->expires_s == w->expires_s;
}

static enum err ask_second(struct tx *tx, struct change *c)
{
	struct json_out body;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&body);
	write_grant(&body, &c->request->row, c->role, c->permissions);
	snprintf(object, sizeof object, "user %lld", (long long)c->user.user_id);
	if (!body.failed)
		err = approval_ask(tx,
		                   &(struct approval_ask){.actor = &c->request->actor,
		                                          .kind = &approval_kind_grant,
		                                          .place = &c->place,
		                                          .body = body.data,
		                                          .body_len = body.len,
		                                          .count = 1,
		                                          .object = object},
		                   c->now_ms, &c->request->approval_id);
	json_out_free(&body);
	return err;
}

static enum err grant_check(struct tx *tx, struct change *c)
{
	const struct grant_row *row = &c->request->row;
	struct held held = {.wanted = row};
	enum err err;

	if (row->expires_s && row->expires_s <= c->now_ms / 1000)
		return ERR_BAD_INPUT;
	err = change_load(tx, c);
	if (!err)
		err = change_allowed(c);
	if (!err && !belongs(c))
		err = ERR_NOT_FOUND;
	if (!err)
		err = role_is_here(tx->db, c); /* or the comparison of rights would tell of it */
	if (!err)
		err = role_allowed(c, row->expires_s ? row->expires_s - 1 : INT64_MAX);
	if (!err && row->role_id == ROLE_ADMINISTRATOR && c->place.group_id)
		err = ERR_BAD_INPUT;
	if (!err)
		err = grant_list_of_user(tx->db, row->user_id, take_held, &held);
	if (err)
		return err;
	return held.same ? ERR_DUP : held.count >= ACCESS_GRANTS_MAX ? ERR_FULL : ERR_NONE;
}

static enum err grant_do(struct tx *tx, struct change *c, struct effects *out)
{
	struct grant_row *row = &c->request->row;
	enum err err;

	row->created_s = c->now_ms / 1000;
	row->created_by = c->request->actor.user_id;
	err = grant_insert(tx->db, row);
	if (!err)
		err = note_grant(tx, c, "grant.add");
	return err ? err : effects_access(out, row->user_id, 0);
}

enum err grant_add_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct grant_request *request = arg;
	struct change c = {.request = request, .now_ms = now_ms};
	bool second = false;
	enum err err;

	request->approval_id = 0;
	if (request->row.property_id && !request->row.group_id) {
		struct property_row property;

		err = property_get(tx->db, request->row.property_id, &property);
		if (err)
			return err;
		request->row.group_id = property.group_id;
	}
	err = grant_check(tx, &c);
	if (!err && !request->actor.local && !c.place.property_id &&
	    c.permissions & PERMISSIONS_POWERFUL)
		err = staff_second_person(tx, &request->actor, &approval_kind_grant, &c.place,
		                          now_ms, &second);
	if (err)
		return err;
	return second ? ask_second(tx, &c) : grant_do(tx, &c, out);
}

enum err grant_remove_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct grant_request *request = arg;
	struct change c = {.request = request, .now_ms = now_ms};
	int64_t user_id = request->row.user_id;
	enum err err;

	request->approval_id = 0;
	err = grant_get(tx->db, request->row.grant_id, &request->row);
	if (!err && request->row.user_id != user_id)
		err = ERR_NOT_FOUND;
	if (!err)
		err = change_load(tx, &c);
	if (!err)
		err = change_allowed(&c);
	if (!err)
		err = role_allowed(&c, now_ms / 1000);
	if (!err && !request->actor.reason[0])
		err = ERR_BAD_INPUT;
	if (!err)
		err = grant_delete(tx->db, request->row.grant_id);
	if (!err && request->row.role_id == ROLE_ADMINISTRATOR)
		err = staff_check_administrators(tx, 0);
	if (!err)
		err = note_grant(tx, &c, "grant.remove");
	return err ? err : effects_access(out, user_id, 0);
}

/* ---- after the second person agreed ---- */

static bool body_parse(const struct approval_row *row, struct grant_row *grant)
{
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL);
	json_int_t user = 0, role = 0, expires_s = 0;

	/* null stays 0 */
	if (json) {
		user = json_integer_value(json_object_get(json, "user"));
		role = json_integer_value(json_object_get(json, "role"));
		expires_s = json_integer_value(json_object_get(json, "expires_s"));
		grant->group_id = json_integer_value(json_object_get(json, "group"));
		grant->property_id = json_integer_value(json_object_get(json, "property"));
		grant->space_id = json_integer_value(json_object_get(json, "space"));
	}
	json_decref(json);
	grant->user_id = user;
	grant->role_id = role;
	grant->expires_s = expires_s;
	return user && role;
}

/* The role must mean today what it meant when it was asked for. */
static enum err same_body(const struct change *c, const struct approval_row *row)
{
	struct json_out body;
	enum err err = ERR_CONFLICT;

	json_out_init(&body);
	write_grant(&body, &c->request->row, c->role, c->permissions);
	if (body.failed)
		err = ERR_NOMEM;
	else if (body.len == row->body_len && memcmp(body.data, row->body, body.len) == 0)
		err = ERR_NONE;
	json_out_free(&body);
	return err;
}

static enum err grant_run(struct tx *tx, const struct actor *requester,
                          const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                          int64_t now_ms, struct effects *out)
{
	struct grant_request request = {.actor = *requester};
	struct change c = {.request = &request, .now_ms = now_ms};
	enum err err;

	if (!body_parse(row, &request.row))
		return ERR_BAD_INPUT;
	err = grant_check(tx, &c);
	if (!err)
		err = same_body(&c, row);
	if (!err)
		err = grant_do(tx, &c, out);
	snprintf(result, APPROVAL_RESULT_SIZE, "grant %lld", (long long)request.row.grant_id);
	return err;
}

const struct approval_kind approval_kind_grant = {
        .word = "grant",
        .zh = "授予管理权限",
        .en = "give rights over people or approvals",
        .permission = PERMISSION_USER_WRITE,
        .run = grant_run,
};
