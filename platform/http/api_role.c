/* Roles: the built-in ones, and those that a group makes for itself. */
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/role.h"
#include "platform/http/context.h"
#include "platform/http/show_people.h"

static const struct {
	const char *word, *zh, *en;
} words[] = {

#define X(id, word, zh, en) {word, zh, en},
        PERMISSIONS(X)
#undef X
};

void permissions_list(struct request *request)
{
	struct json_out *out = &request->out;

	out_object(out, NULL);
	out_array(out, "items");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		out_object(out, NULL);
		out_text(out, "word", words[i].word);
		out_text(out, "zh", words[i].zh);
		out_text(out, "en", words[i].en);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
	answer_json(request, 200);
}

/* ---- the list ---- */

struct roles_page {
	struct request *request;
	int64_t group_id;
	struct role_row own[128];
	size_t count;
};

static void take_role(void *arg, const struct role_row *row)
{
	struct roles_page *list = arg;

	if (list->count < ARRAY_SIZE(list->own))
		list->own[list->count++] = *row;
}

/* A built-in role, as a row. */
static void builtin_row(const struct builtin_role *builtin, struct role_row *row)
{
	*row = (struct role_row){.role_id = builtin->role_id, .permissions = builtin->permissions};
}

static enum err show_one(struct json_out *out, struct db *db, int64_t group_id,
                         const struct role_row *row)
{
	bool totp;
	enum err err = role_totp_required(db, group_id, row->role_id, &totp);

	if (!err)
		show_role(out, NULL, row, totp);
	return err;
}

static enum err read_roles(struct reader *reader, void *arg)
{
	struct roles_page *list = arg;
	struct json_out *out = &list->request->out;
	struct role_row row;
	enum err err = role_list(reader->db, list->group_id, take_role, list);

	out_object(out, NULL);
	out_array(out, "items");
	/* The administrator's role is of the installation, not of a group. */
	for (size_t i = 0; !err && i < builtin_role_count; i++) {
		if (builtin_roles[i].role_id == ROLE_ADMINISTRATOR)
			continue;
		builtin_row(&builtin_roles[i], &row);
		err = show_one(out, reader->db, list->group_id, &row);
	}
	for (size_t i = 0; !err && i < list->count; i++)
		err = show_one(out, reader->db, list->group_id, &list->own[i]);
	out_array_end(out);
	out_object_end(out);
	return err;
}

static void read_done(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_json(request, 200);
}

void roles_list(struct request *request)
{
	struct roles_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->request = request;
	list->group_id = request->place.group_id;
	request_read(request, read_roles, list, read_done);
}

/* ---- one ---- */

struct one_role {
	struct request *request;
	struct role_row row;
	int64_t group_id;
};

static enum err read_role(struct reader *reader, void *arg)
{
	struct one_role *one = arg;
	const struct builtin_role *builtin = builtin_role_find(one->row.role_id);
	enum err err = ERR_NONE;

	if (builtin)
		builtin_row(builtin, &one->row);
	else
		err = role_get(reader->db, one->row.role_id, &one->row);
	if (!err && !builtin && one->row.group_id != one->group_id)
		err = ERR_NOT_FOUND;
	return err ? err : show_one(&one->request->out, reader->db, one->group_id, &one->row);
}

static void role_read(struct request *request, void *arg, enum err err)
{
	const struct one_role *one = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	answer_version(request, one->row.version ? one->row.version : 1);
	answer_json(request, 200);
}

void role_show(struct request *request)
{
	struct one_role *one = request_alloc(request, sizeof *one);

	if (!one) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one->request = request;
	one->group_id = request->place.group_id;
	one->row.role_id = role_ref_parse(request_param(request, "role"));
	if (one->row.role_id)
		request_read(request, read_role, one, role_read);
	else
		answer_err(request, ERR_NOT_FOUND);
}

/* ---- making and editing ---- */

/* False: answered. */
static bool read_words(struct request *request, const char *const *word, size_t count,
                       uint64_t *permissions)
{
	enum permission permission;

	*permissions = 0;
	for (size_t i = 0; i < count; i++) {
		if (!permission_parse(word[i], &permission)) {
			refuse(&request->refusal, PROBLEM_BAD_FIELD, "permissions",
			       "item %zu is none of GET /api/v1/permissions", i + 1);
			answer_refusal(request);
			return false;
		}
		*permissions |= PERMISSION_BIT(permission);
	}
	return true;
}

static void created_write(struct json_out *out, const void *arg)
{
	const struct role_edit *edit = arg;

	show_role(out, NULL, &edit->row, edit->totp_required);
}

static void role_failed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err == ERR_BAD_INPUT)
		answer_problem(request, PROBLEM_BAD_FIELD, "permissions",
		               "`system.manage` is of the administrator only");
	else if (err == ERR_DUP)
		answer_problem(request, PROBLEM_EXISTS, "name",
		               "the group has a role of this name");
	else if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "role", "built in, or somebody holds it");
	else
		answer_err(request, err);
}

void role_create(struct request *request)
{
	const struct body_new_role *body = role_create_body(request);
	struct role_edit *edit = request_alloc(request, sizeof *edit);
	struct once once = {.step = role_create_step,
	                    .arg = edit,
	                    .write = created_write,
	                    .failed = role_failed,
	                    .status = 201};

	if (!edit) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&edit->actor, request, "");
	edit->row.group_id = request->place.group_id;
	edit->totp_required = body->has_totp_required && body->totp_required;
	utf8_copy(edit->row.name, sizeof edit->row.name, body->name);
	if (read_words(request, body->permissions, body->permissions_count, &edit->row.permissions))
		request_once(request, &once);
}

/* What it is now, or will be when the second person agrees. */
static void role_edited(struct request *request, void *arg, enum err err)
{
	const struct role_edit *edit = arg;
	struct json_out *out = &request->out;

	if (err == ERR_BAD_INPUT && !edit->actor.reason[0] &&
	    !(edit->row.permissions & PERMISSION_BIT(PERMISSION_SYSTEM))) {
		answer_problem(request, PROBLEM_BAD_FIELD, "reason", WHY_NO_REASON);
		return;
	}
	if (err) {
		role_failed(request, NULL, err);
		return;
	}
	out_object(out, NULL);
	show_role(out, "role", &edit->row, edit->totp_required);
	show_number(out, "approval", edit->approval_id);
	out_object_end(out);
	answer_version(request, edit->row.version ? edit->row.version : 1);
	answer_json(request, 200);
}

void role_edit(struct request *request)
{
	const struct body_role_edit *body = role_edit_body(request);
	struct role_edit *edit = request_alloc(request, sizeof *edit);

	if (!edit) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&edit->actor, request, body->has_reason ? body->reason : "");
	edit->version = request->version;
	edit->row.group_id = request->place.group_id;
	edit->row.role_id = role_ref_parse(request_param(request, "role"));
	edit->set_name = body->has_name;
	edit->set_permissions = body->has_permissions;
	edit->set_totp = body->has_totp_required;
	edit->totp_required = body->totp_required;
	if (body->has_name)
		utf8_copy(edit->row.name, sizeof edit->row.name, body->name);
	if (!edit->row.role_id)
		answer_err(request, ERR_NOT_FOUND);
	else if (!body->has_permissions ||
	         read_words(request, body->permissions, body->permissions_count,
	                    &edit->row.permissions))
		request_step(request, role_edit_step, edit, role_edited);
}

static void role_gone(struct request *request, void *arg, enum err err)
{
	if (err)
		role_failed(request, arg, err);
	else
		answer_empty(request, 204);
}

void role_remove(struct request *request)
{
	struct role_edit *edit = request_alloc(request, sizeof *edit);

	if (!edit) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&edit->actor, request, "");
	edit->version = request->version;
	edit->row.group_id = request->place.group_id;
	edit->row.role_id = role_ref_parse(request_param(request, "role"));
	if (edit->row.role_id)
		request_step(request, role_delete_step, edit, role_gone);
	else
		answer_err(request, ERR_NOT_FOUND);
}
