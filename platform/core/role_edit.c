/* Own roles of a group: making, editing, deleting. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/approval.h"
#include "platform/core/json_out.h"
#include "platform/core/role.h"
#include "platform/core/staff.h"

static void write_role(struct json_out *out, const struct role_row *row, bool totp_required)
{
	out_object(out, NULL);
	out_int(out, "role", row->role_id);
	out_int(out, "group", row->group_id);
	out_int(out, "version", row->version);
	out_text(out, "name", row->name);
	out_array(out, "permissions");
	for (unsigned p = 0; p < PERMISSION_COUNT; p++)
		if (row->permissions & PERMISSION_BIT(p))
			out_text(out, NULL, permission_word((enum permission)p));
	out_array_end(out);
	out_bool(out, "totp_required", totp_required);
	out_object_end(out);
}

struct edit {
	struct role_edit *request;
	struct role_row before, after;
	bool totp_before, totp_after;
	struct place home;
	int64_t now_ms;
};

/* `role.write`, and no right in the role that he has not himself. */
static enum err edit_allowed(struct tx *tx, const struct edit *e)
{
	const struct actor *actor = &e->request->actor;
	int64_t now_s = e->now_ms / 1000;
	struct access access;
	uint64_t has;
	enum err err = actor->key_id ? ERR_FORBIDDEN : access_load(tx->db, actor, now_s, &access);

	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	has = access_permissions(&access, &e->home, now_s);
	if (!(has & PERMISSION_BIT(PERMISSION_ROLE_WRITE)))
		return access_sees(&access, &e->home, now_s) ? ERR_FORBIDDEN : ERR_HIDDEN;
	return (e->before.permissions | e->after.permissions) & ~has ? ERR_FORBIDDEN : ERR_NONE;
}

static enum err note_role(struct tx *tx, const struct edit *e, const char *action, bool before,
                          bool after)
{
	struct json_out old, new;
	const char *was, *is;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&old);
	json_out_init(&new);
	write_role(&old, &e->before, e->totp_before);
	write_role(&new, &e->after, e->totp_after);
	was = json_out_string(&old);
	is = json_out_string(&new);
	snprintf(object, sizeof object, "role %lld", (long long)e->request->row.role_id);
	if (was && is)
		err = staff_note(tx, &e->request->actor, &e->home,
		                 (struct audit_entry){.action = action,
		                                      .object = object,
		                                      .detail = e->after.name,
		                                      .before = before ? was : NULL,
		                                      .after = after ? is : NULL},
		                 e->now_ms);
	json_out_free(&old);
	json_out_free(&new);
	return err;
}

enum err role_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct role_edit *request = arg;
	struct role_row *row = &request->row;
	struct edit e = {.request = request,
	                 .after = *row,
	                 .totp_after = request->totp_required,
	                 .home = {.group_id = row->group_id},
	                 .now_ms = now_ms};
	struct group_row group;
	enum err err;

	(void)out;
	request->approval_id = 0;
	if (!row->name[0] || row->permissions & ~PERMISSION_ALL ||
	    row->permissions & PERMISSION_BIT(PERMISSION_SYSTEM))
		return ERR_BAD_INPUT;
	err = group_get(tx->db, row->group_id, &group);
	if (!err)
		err = edit_allowed(tx, &e);
	if (err)
		return err;
	row->version = 1;
	row->created_s = now_ms / 1000;
	err = role_insert(tx->db, row);
	if (!err)
		err = role_set_totp_required(tx->db, row->group_id, row->role_id,
		                             request->totp_required);
	e.after = *row;
	return err ? err : note_role(tx, &e, "role.create", false, true);
}

/* ---- editing ---- */

static void take_group_grant(void *arg, const struct grant_row *row)
{
	*(bool *)arg |= !row->property_id;
}

/* Does the change make somebody of a whole group powerful? */
static enum err needs_second(struct tx *tx, const struct edit *e, bool *needs)
{
	uint64_t new = e->after.permissions & ~e->before.permissions;
	enum err err = ERR_NONE;

	*needs = false;
	if (e->request->actor.local || !(new &PERMISSIONS_POWERFUL))
		return ERR_NONE;
	err = grant_list_of_role(tx->db, e->before.role_id, take_group_grant, needs);
	if (err || !*needs)
		return err;
	return staff_second_person(tx, &e->request->actor, &approval_kind_role, &e->home, e->now_ms,
	                           needs);
}

static enum err ask_second(struct tx *tx, struct edit *e)
{
	struct json_out body;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&body);
	write_role(&body, &e->after, e->totp_after);
	snprintf(object, sizeof object, "role %lld", (long long)e->after.role_id);
	if (!body.failed)
		err = approval_ask(tx,
		                   &(struct approval_ask){.actor = &e->request->actor,
		                                          .kind = &approval_kind_role,
		                                          .place = &e->home,
		                                          .body = body.data,
		                                          .body_len = body.len,
		                                          .count = 1,
		                                          .object = object},
		                   e->now_ms, &e->request->approval_id);
	json_out_free(&body);
	return err;
}

static enum err edit_do(struct tx *tx, struct edit *e, struct effects *out)
{
	enum err err = ERR_NONE;

	if (e->after.role_id >= ROLE_OWN_FIRST)
		err = role_update(tx->db, &e->after);
	if (!err && e->totp_after != e->totp_before)
		err = role_set_totp_required(tx->db, e->home.group_id, e->after.role_id,
		                             e->totp_after);
	e->request->row = e->after;
	e->request->totp_required = e->totp_after;
	if (!err)
		err = note_role(tx, e, "role.edit", true, true);
	return err ? err : effects_access(out, 0, 0);
}

/* A built-in role as this group sees it. */
static bool load_builtin(struct edit *e)
{
	const struct builtin_role *builtin = builtin_role_find(e->request->row.role_id);

	if (!builtin)
		return false;
	e->before = (struct role_row){.role_id = builtin->role_id,
	                              .group_id = e->home.group_id,
	                              .permissions = builtin->permissions};
	snprintf(e->before.name, sizeof e->before.name, "%s", builtin->word);
	return true;
}

static enum err edit_load(struct tx *tx, struct edit *e)
{
	const struct role_edit *request = e->request;
	bool builtin = load_builtin(e);
	enum err err = ERR_NONE;

	if (!builtin)
		err = role_get(tx->db, request->row.role_id, &e->before);
	if (!err && e->before.group_id != e->home.group_id)
		err = ERR_NOT_FOUND;
	if (!err)
		err = role_totp_required(tx->db, e->home.group_id, e->before.role_id,
		                         &e->totp_before);
	if (err)
		return err;
	e->after = e->before;
	e->totp_after = request->set_totp ? request->totp_required : e->totp_before;
	if (request->set_name)
		memcpy(e->after.name, request->row.name, sizeof e->after.name);
	if (request->set_permissions)
		e->after.permissions = request->row.permissions;
	if (!builtin)
		e->after.version++;
	return ERR_NONE;
}

static enum err edit_valid(const struct edit *e)
{
	const struct role_edit *request = e->request;
	bool builtin = e->before.role_id < ROLE_OWN_FIRST;

	if (builtin && (request->set_name || request->set_permissions))
		return ERR_REFUSED;
	if (!builtin && request->version && request->version != e->before.version)
		return ERR_CONFLICT;
	if (!builtin && (!e->after.name[0] || e->after.permissions & ~PERMISSION_ALL ||
	                 e->after.permissions & PERMISSION_BIT(PERMISSION_SYSTEM)))
		return ERR_BAD_INPUT;
	if (e->before.permissions & ~e->after.permissions && !request->actor.reason[0])
		return ERR_BAD_INPUT;
	return ERR_NONE;
}

static enum err edit_check(struct tx *tx, struct edit *e)
{
	enum err err = edit_load(tx, e);

	if (!err)
		err = edit_allowed(tx, e);
	return err ? err : edit_valid(e);
}

enum err role_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct role_edit *request = arg;
	struct edit e = {
	        .request = request, .home = {.group_id = request->row.group_id}, .now_ms = now_ms};
	bool second;
	enum err err;

	request->approval_id = 0;
	err = edit_check(tx, &e);
	if (!err)
		err = needs_second(tx, &e, &second);
	if (err)
		return err;
	return second ? ask_second(tx, &e) : edit_do(tx, &e, out);
}

static void take_any_grant(void *arg, const struct grant_row *row)
{
	(void)row;
	*(bool *)arg = true;
}

enum err role_delete_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct role_edit *request = arg;
	struct edit e = {
	        .request = request, .home = {.group_id = request->row.group_id}, .now_ms = now_ms};
	bool held = false;
	enum err err;

	(void)out;
	request->set_name = request->set_permissions = request->set_totp = false;
	err = edit_check(tx, &e);
	if (!err && e.before.role_id < ROLE_OWN_FIRST)
		err = ERR_REFUSED;
	if (!err)
		err = grant_list_of_role(tx->db, e.before.role_id, take_any_grant, &held);
	if (!err && held)
		err = ERR_REFUSED;
	if (!err)
		err = role_delete(tx->db, e.before.role_id);
	return err ? err : note_role(tx, &e, "role.delete", true, false);
}

/* ---- after the second person agreed ---- */

static bool body_parse(const struct approval_row *row, struct role_edit *edit)
{
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL), *words, *word;
	const char *name = json_string_value(json_object_get(json, "name"));
	enum permission permission;
	bool good = name != NULL;
	size_t i;

	edit->row.role_id = json_integer_value(json_object_get(json, "role"));
	edit->row.group_id = json_integer_value(json_object_get(json, "group"));
	edit->version = json_integer_value(json_object_get(json, "version")) - 1;
	edit->totp_required = json_is_true(json_object_get(json, "totp_required"));
	words = json_object_get(json, "permissions");
	json_array_foreach(words, i, word)
	{
		good = good && json_is_string(word) &&
		       permission_parse(json_string_value(word), &permission);
		if (good)
			edit->row.permissions |= PERMISSION_BIT(permission);
	}
	if (good)
		snprintf(edit->row.name, sizeof edit->row.name, "%s", name);
	json_decref(json);
	return good;
}

static enum err role_run(struct tx *tx, const struct actor *requester,
                         const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                         int64_t now_ms, struct effects *out)
{
	struct role_edit request = {
	        .actor = *requester, .set_name = true, .set_permissions = true, .set_totp = true};
	struct edit e = {.request = &request, .now_ms = now_ms};
	enum err err;

	if (!body_parse(row, &request))
		return ERR_BAD_INPUT;
	e.home.group_id = request.row.group_id;
	err = edit_check(tx, &e);
	snprintf(result, APPROVAL_RESULT_SIZE, "role %lld", (long long)request.row.role_id);
	return err ? err : edit_do(tx, &e, out);
}

const struct approval_kind approval_kind_role = {
        .word = "role",
        .zh = "扩大角色的管理权限",
        .en = "give a role rights over people or approvals",
        .permission = PERMISSION_ROLE_WRITE,
        .run = role_run,
};
