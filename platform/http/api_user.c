/* Staff: who they are, what they may do, how they are invited. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/staff.h"
#include "platform/http/context.h"
#include "platform/http/login.h"
#include "platform/http/page.h"
#include "platform/http/show_people.h"

/* ---- the list ---- */

enum { BY_NAME, BY_ID };

struct user_page {
	struct page page;
	struct request *request;
	int64_t group_id, property_id; /* filters; 0: any */
	bool has_disabled, disabled;
	struct user_row *row;
	size_t count, room;
	bool failed;
};

static bool holds_text(const struct user_row *row, const char *text)
{
	return !text[0] || strcasestr(row->name, text) || strcasestr(row->full_name, text);
}

static bool take_user(void *arg, const struct user_row *row)
{
	struct user_page *list = arg;
	struct user_row *more;

	if ((list->group_id && row->group_id != list->group_id) ||
	    (list->has_disabled && list->disabled != (row->disabled_s != 0)) ||
	    !holds_text(row, list->page.ask.search))
		return true;
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		more = realloc(list->row, list->room * sizeof *more);
		list->failed = !more;
		if (!more)
			return false;
		list->row = more;
	}
	list->row[list->count++] = *row;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct user_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_id(const void *a, const void *b)
{
	const struct user_row *x = a, *y = b;

	return x->user_id < y->user_id ? -1 : x->user_id > y->user_id;
}

/* Is it behind the cursor? */
static bool is_behind(const struct list_ask *ask, const struct user_row *row)
{
	int order = ask->sort == BY_ID
	                    ? (row->user_id > ask->after_id) - (row->user_id < ask->after_id)
	                    : strcmp(row->name, ask->after_text);

	return !ask->has_after || (ask->descending ? order < 0 : order > 0);
}

struct at_property {
	int64_t property_id;
	bool found;
};

static void look_at_grant(void *arg, const struct grant_row *row)
{
	struct at_property *at = arg;

	at->found |= row->property_id == at->property_id;
}

static enum err is_shown(struct user_page *list, struct db *db, const struct user_row *row,
                         bool *shown)
{
	struct at_property at = {.property_id = list->property_id};
	enum err err =
	        staff_sees(db, &list->request->access, row, list->request->now_ms / 1000, shown);

	if (err || !*shown || !list->property_id)
		return err;
	err = grant_list_of_user(db, row->user_id, look_at_grant, &at);
	*shown = at.found;
	return err;
}

static enum err write_users(struct user_page *list, struct db *db)
{
	const struct list_ask *ask = &list->page.ask;
	int64_t now_s = list->request->now_ms / 1000;
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && !list->page.full && i < list->count; i++) {
		const struct user_row *row = &list->row[ask->descending ? list->count - 1 - i : i];
		bool shown = is_behind(ask, row);

		if (shown)
			err = is_shown(list, db, row, &shown);
		if (!err && shown && page_take(&list->page, row->name, 0, row->user_id))
			err = show_user(list->page.out, NULL, db, row, now_s);
	}
	return err;
}

static enum err read_users(struct reader *reader, void *arg)
{
	struct user_page *list = arg;
	enum err err = user_list(reader->db, take_user, list);

	if (!err && list->failed)
		err = ERR_NOMEM;
	if (!err && list->count)
		qsort(list->row, list->count, sizeof *list->row,
		      list->page.ask.sort == BY_ID ? by_id : by_name);
	if (!err)
		err = write_users(list, reader->db);
	free(list->row);
	return err;
}

static void users_read(struct request *request, void *arg, enum err err)
{
	struct user_page *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void users_list(struct request *request)
{
	const struct query_users_list *query = users_list_query(request);
	struct user_page *list = request_alloc(request, sizeof *list);
	const struct dir_property *property;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->request = request;
	list->group_id = query->has_group ? query->group : 0;
	list->has_disabled = query->has_disabled;
	list->disabled = query->disabled;
	if (query->has_property) {
		property = directory_slug(request->http->platform->dir, query->property);
		list->property_id = property ? property->property_id : -1; /* nobody's */
	}
	if (page_open(request, &list->page))
		request_read(request, read_users, list, users_read);
}

/* ---- one ---- */

struct one_user {
	struct request *request;
	int64_t user_id;
	struct user_row row;
};

static enum err read_user(struct reader *reader, void *arg)
{
	struct one_user *one = arg;
	int64_t now_s = one->request->now_ms / 1000;
	bool sees = false;
	enum err err = user_get(reader->db, one->user_id, &one->row);

	if (!err)
		err = staff_sees(reader->db, &one->request->access, &one->row, now_s, &sees);
	if (err || !sees)
		return err ? err : ERR_HIDDEN;
	return show_user(&one->request->out, NULL, reader->db, &one->row, now_s);
}

static void user_read_done(struct request *request, void *arg, enum err err)
{
	const struct one_user *one = arg;

	if (err) {
		json_out_free(&request->out);
		answer_err(request, err);
		return;
	}
	answer_version(request, one->row.version);
	answer_json(request, 200);
}

static void answer_user(struct request *request, int64_t user_id)
{
	struct one_user *one = request_alloc(request, sizeof *one);

	if (!one) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one->request = request;
	one->user_id = user_id;
	request_read(request, read_user, one, user_read_done);
}

void user_show(struct request *request)
{
	answer_user(request, request_number(request, "user"));
}

/* ---- making and editing ---- */

/* The name is a key and kept in 63 bytes: 30 characters of three bytes do not fit. */
static bool name_fits(struct request *request, const char *name)
{
	if (strlen(name) < USER_NAME_SIZE)
		return true;
	answer_problem(request, PROBLEM_BAD_FIELD, "name", "at most 63 bytes of UTF-8");
	return false;
}

static enum err show_made(struct json_out *out, struct db *db, const void *arg)
{
	const struct user_create *create = arg;

	return show_user(out, NULL, db, &create->row, create->row.created_s);
}

void user_create(struct request *request)
{
	const struct body_new_user *body = user_create_body(request);
	struct user_create *create = request_alloc(request, sizeof *create);
	struct once once = {
	        .step = user_create_step, .arg = create, .show = show_made, .status = 201};

	if (!create) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!name_fits(request, body->name))
		return;
	actor_fill(&create->actor, request, "");
	utf8_copy(create->row.name, sizeof create->row.name, body->name);
	utf8_copy(create->row.full_name, sizeof create->row.full_name,
	          body->has_full_name ? body->full_name : "");
	utf8_copy(create->row.phone, sizeof create->row.phone, body->has_phone ? body->phone : "");
	utf8_copy(create->row.lang, sizeof create->row.lang,
	          body->has_lang ? body->lang : request->user.lang);
	create->row.group_id = !body->has_group   ? request->access.group_id
	                       : body->null_group ? 0
	                                          : body->group;
	request_once(request, &once);
}

static void edited(struct request *request, void *arg, enum err err)
{
	const struct user_edit *edit = arg;

	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "disabled",
		               "oneself, or the last administrator");
	else if (err)
		answer_err(request, err);
	else
		answer_user(request, edit->user_id);
}

static unsigned members(const struct body_user_edit *body)
{
	return (body->has_name ? USER_NAME : 0u) | (body->has_full_name ? USER_FULL_NAME : 0u) |
	       (body->has_phone ? USER_PHONE : 0u) | (body->has_lang ? USER_LANG : 0u) |
	       (body->has_disabled ? USER_DISABLED : 0u);
}

static void take_text(char *to, size_t size, bool has, const char *text)
{
	if (has)
		utf8_copy(to, size, text);
}

void user_edit(struct request *request)
{
	const struct body_user_edit *body = user_edit_body(request);
	struct user_edit *edit = request_alloc(request, sizeof *edit);

	if (!edit) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (body->has_name && !name_fits(request, body->name))
		return;
	if (body->disabled && !body->has_reason) {
		answer_problem(request, PROBLEM_BAD_FIELD, "reason", WHY_NO_REASON);
		return;
	}
	actor_fill(&edit->actor, request, body->has_reason ? body->reason : "");
	edit->user_id = request_number(request, "user");
	edit->version = request->version;
	edit->members = members(body);
	take_text(edit->row.name, sizeof edit->row.name, body->has_name, body->name);
	take_text(edit->row.full_name, sizeof edit->row.full_name, body->has_full_name,
	          body->full_name);
	take_text(edit->row.phone, sizeof edit->row.phone, body->has_phone, body->phone);
	take_text(edit->row.lang, sizeof edit->row.lang, body->has_lang, body->lang);
	edit->row.disabled_s = body->disabled;
	request_step(request, user_edit_step, edit, edited);
}

/* ---- invitation, lost second factor ---- */

struct inviting {
	char token[SESSION_TOKEN_SIZE];
	struct invitation_request step;
};

static enum err invite_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct inviting *inviting = arg;

	return invitation_create_step(tx, &inviting->step, now_ms, out);
}

static void invited(struct request *request, void *arg, enum err err)
{
	struct inviting *inviting = arg;

	if (err) {
		answer_err(request, err);
	} else {
		out_object(&request->out, NULL);
		out_text(&request->out, "token", inviting->token);
		out_time_s(&request->out, "expires_at", inviting->step.expires_s);
		out_object_end(&request->out);
		answer_json(request, 201);
	}
	explicit_bzero(inviting->token, sizeof inviting->token);
}

void invitation_create(struct request *request)
{
	const struct body_new_invitation *body = invitation_create_body(request);
	struct inviting *inviting = request_alloc(request, sizeof *inviting);

	if (!inviting) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&inviting->step.actor, request, "");
	inviting->step.user_id = request_number(request, "user");
	inviting->step.life_s = body->has_hours ? body->hours * 3600 : 0;
	session_token_new(inviting->token);
	session_token_hash(inviting->token, inviting->step.token_hash);
	request_step(request, invite_step, inviting, invited);
}

static void done_empty(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_empty(request, 204);
}

void user_totp_remove(struct request *request)
{
	struct totp_remove *remove = request_alloc(request, sizeof *remove);

	if (!remove) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&remove->actor, request, user_totp_remove_query(request)->reason);
	remove->user_id = request_number(request, "user");
	if (remove->user_id == request->user.user_id)
		answer_problem(request, PROBLEM_CONFLICT, "user",
		               "one's own goes with a code: POST /api/v1/session/totp/remove");
	else
		request_step(request, totp_remove_step, remove, done_empty);
}

/* ---- grants ---- */

static enum err show_granted(struct json_out *out, struct db *db, const void *arg)
{
	const struct grant_request *grant = arg;
	enum err err = ERR_NONE;

	out_object(out, NULL);
	if (grant->approval_id)
		out_null(out, "grant");
	else
		err = show_grant(out, "grant", db, &grant->row);
	show_number(out, "approval", grant->approval_id);
	out_object_end(out);
	return err;
}

static void grant_failed(struct request *request, void *arg, enum err err)
{
	const struct grant_request *grant = arg;
	int64_t end_s = grant->row.expires_s;

	if (err == ERR_BAD_INPUT && end_s && end_s <= request->now_ms / 1000)
		answer_problem(request, PROBLEM_BAD_FIELD, "expires_at", "must be in the future");
	else if (err == ERR_BAD_INPUT)
		answer_problem(request, PROBLEM_BAD_FIELD, "role", "not at this scope");
	else if (err == ERR_DUP)
		answer_problem(request, PROBLEM_EXISTS, "role",
		               "he has it, or it waits for a second person");
	else if (err == ERR_FULL)
		answer_problem(request, PROBLEM_CONFLICT, "role", "he has too many grants");
	else
		answer_err(request, err);
}

/* The scope of a body; false: answered. */
static bool read_scope(struct request *request, const struct body_new_grant *body,
                       struct grant_row *row)
{
	const struct dir_property *property;

	if ((body->has_space && !body->has_property) || (body->has_group && body->has_property)) {
		answer_problem(request, PROBLEM_BAD_FIELD, body->has_space ? "space" : "group",
		               "a group, a property, a property and a space, or none");
		return false;
	}
	if (body->has_property) {
		property = directory_slug(request->http->platform->dir, body->property);
		if (!property) {
			answer_err(request, ERR_NOT_FOUND);
			return false;
		}
		row->property_id = property->property_id;
		row->group_id = property->group_id;
	} else if (body->has_group) {
		row->group_id = body->group;
	}
	row->space_id = body->has_space ? body->space : 0;
	return true;
}

void grant_create(struct request *request)
{
	const struct body_new_grant *body = grant_create_body(request);
	struct grant_request *grant = request_alloc(request, sizeof *grant);
	struct once once = {.step = grant_add_step,
	                    .arg = grant,
	                    .show = show_granted,
	                    .failed = grant_failed,
	                    .status = 201};

	if (!grant) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&grant->actor, request, body->reason);
	grant->row.user_id = request_number(request, "user");
	grant->row.role_id = role_ref_parse(body->role);
	grant->row.expires_s = body->has_expires_at ? body->expires_at_s : 0;
	if (!grant->row.role_id)
		answer_problem(request, PROBLEM_BAD_FIELD, "role", "there is no such role");
	else if (read_scope(request, body, &grant->row))
		request_once(request, &once);
}

static void grant_removed(struct request *request, void *arg, enum err err)
{
	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "grant", "the last administrator");
	else
		done_empty(request, arg, err);
}

void grant_remove(struct request *request)
{
	struct grant_request *grant = request_alloc(request, sizeof *grant);

	if (!grant) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&grant->actor, request, grant_remove_query(request)->reason);
	grant->row.user_id = request_number(request, "user");
	grant->row.grant_id = request_number(request, "grant");
	request_step(request, grant_remove_step, grant, grant_removed);
}
