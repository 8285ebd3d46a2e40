/* API keys. The answer that makes a key is the only place where it can be read, so it is not kept
 * for repeats. */
#include <sodium.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/api_key.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

struct key_view {
	struct api_key_row row;
	struct place place;
	char made_by[USER_NAME_SIZE];
};

/* ---- as JSON ---- */

static void out_number(struct json_out *out, const char *key, int64_t number)
{
	if (number)
		show_id(out, key, number);
	else
		out_null(out, key);
}

static const char *key_state(const struct api_key_row *row, int64_t now_s)
{
	if (row->ended_s)
		return "ended";
	return row->expires_s && row->expires_s <= now_s ? "expired" : "live";
}

static void show_key(struct json_out *out, const char *key, const struct key_view *view,
                     const struct directory *dir, int64_t now_s)
{
	const struct api_key_row *row = &view->row;
	const struct dir_property *property = directory_property(dir, row->property_id);

	out_object(out, key);
	show_id(out, "id", row->key_id);
	out_text(out, "name", row->name);
	out_text(out, "start", row->start);
	out_number(out, "group", row->group_id);
	out_text(out, "property", property ? property->slug : NULL);
	out_number(out, "space", row->space_id);
	out_array(out, "permissions");
	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		if (row->permissions & PERMISSION_BIT(i))
			out_text(out, NULL, permission_word((enum permission)i));
	out_array_end(out);
	out_text(out, "made_by", view->made_by);
	out_time_s(out, "created_at", row->created_s);
	out_time_s(out, "expires_at", row->expires_s);
	out_time_s(out, "ended_at", row->ended_s);
	out_time_s(out, "used_at", row->used_s);
	out_text(out, "state", key_state(row, now_s));
	out_object_end(out);
}

static enum err complete(struct db *db, struct key_view *view)
{
	struct user_row user;
	enum err err = user_get(db, view->row.made_by, &user);

	if (!err)
		utf8_copy(view->made_by, sizeof view->made_by, user.name);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* ---- list ---- */

#define KEYS_MAX_PAGE 201

struct keys_list {
	struct page page;
	struct request *request;
	struct directory *dir;
	struct key_view *views; /* names are read when the list is: statements are not nested */
	size_t count;
	struct db *db;
	enum err err;
};

static bool take_key(void *arg, const struct api_key_row *row)
{
	struct keys_list *list = arg;
	struct key_view *view = &list->views[list->count];

	memset(view, 0, sizeof *view);
	view->row = *row;
	list->err = api_key_place(list->db, row, &view->place);
	if (list->err == ERR_NOT_FOUND)
		list->err = ERR_NONE; /* its space is gone; its group still says whose it is */
	if (list->err)
		return false;
	if (!gate_shows(list->request, PERMISSION_KEY_WRITE, &view->place))
		return true;
	if (!page_take(&list->page, "", row->key_id, row->key_id))
		return false;
	list->count++;
	return true;
}

static enum err read_keys(struct reader *reader, void *arg)
{
	struct keys_list *list = arg;
	enum err err;

	list->db = reader->db;
	err = api_key_list(reader->db, list->page.ask.has_after ? list->page.ask.after_id : 0,
	                   take_key, list);
	err = err ? err : list->err;
	for (size_t i = 0; !err && i < list->count; i++) {
		err = complete(reader->db, &list->views[i]);
		if (!err)
			show_key(list->page.out, NULL, &list->views[i], list->dir,
			         list->request->now_ms / 1000);
	}
	return err;
}

static void keys_found(struct request *request, void *arg, enum err err)
{
	struct keys_list *list = arg;

	directory_unref(list->dir);
	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void keys_list(struct request *request)
{
	struct keys_list *list = request_alloc(request, sizeof *list);

	if (list)
		list->views = request_alloc(request, KEYS_MAX_PAGE * sizeof *list->views);
	if (!list || !list->views) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->request = request;
	list->dir = directory_ref(request->http->platform->dir);
	if (!request_read(request, read_keys, list, keys_found))
		directory_unref(list->dir);
}

/* ---- one ---- */

struct key_find {
	struct key_view view;
	struct api_key_request step;
	int64_t key_id;
};

static enum err read_key(struct reader *reader, void *arg)
{
	struct key_find *find = arg;
	enum err err = api_key_get(reader->db, find->key_id, &find->view.row);

	if (!err)
		err = api_key_place(reader->db, &find->view.row, &find->view.place);
	return err ? err : complete(reader->db, &find->view);
}

static void answer_key(struct request *request, const struct key_view *view)
{
	show_key(&request->out, NULL, view, request->http->platform->dir, request->now_ms / 1000);
	answer_version(request, view->row.version);
	answer_json(request, 200);
}

/* As in the list: who may not manage it does not see it, whatever else he sees of its scope. */
static bool may_see(struct request *request, const struct key_find *find)
{
	char object[64];

	if (gate_shows(request, PERMISSION_KEY_WRITE, &find->view.place))
		return true;
	snprintf(object, sizeof object, "key %lld", (long long)find->key_id);
	gate_note(request, &find->view.place, object);
	answer_err(request, ERR_HIDDEN);
	return false;
}

static void key_found(struct request *request, void *arg, enum err err)
{
	const struct key_find *find = arg;

	if (err)
		answer_err(request, err);
	else if (may_see(request, find))
		answer_key(request, &find->view);
}

static struct key_find *find_begin(struct request *request)
{
	struct key_find *find = request_alloc(request, sizeof *find);

	if (find)
		find->key_id = request_number(request, "key");
	else
		answer_err(request, ERR_NOMEM);
	return find;
}

void key_show(struct request *request)
{
	struct key_find *find = find_begin(request);

	if (find)
		request_read(request, read_key, find, key_found);
}

static enum err end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct key_find *find = arg;

	return api_key_end_step(tx, &find->step, now_ms, out);
}

static void key_ended(struct request *request, void *arg, enum err err)
{
	struct key_find *find = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	find->view.row = find->step.row;
	answer_key(request, &find->view);
}

static void key_found_to_end(struct request *request, void *arg, enum err err)
{
	struct key_find *find = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	if (!may_see(request, find))
		return;
	actor_fill(&find->step.actor, request, key_end_query(request)->reason);
	find->step.row.key_id = find->key_id;
	find->step.version = request->version;
	request_step(request, end_step, find, key_ended);
}

void key_end(struct request *request)
{
	struct key_find *find = find_begin(request);

	if (find)
		request_read(request, read_key, find, key_found_to_end);
}

/* ---- a new one ---- */

struct key_new {
	struct api_key_request step;
	char key[API_KEY_SIZE];
};

static enum err create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct key_new *new = arg;

	return api_key_create_step(tx, &new->step, now_ms, out);
}

static void key_created(struct request *request, void *arg, enum err err)
{
	struct key_new *new = arg;
	struct key_view view = {.row = new->step.row};
	struct json_out *out = &request->out;

	if (err == ERR_RANGE) {
		answer_problem(request, PROBLEM_BAD_FIELD, "expires_at",
		               "in the future, within five years");
	} else if (err == ERR_FORBIDDEN) {
		answer_problem(request, PROBLEM_FORBIDDEN, "permissions",
		               "a key has no right that its maker has not there");
	} else if (err) {
		answer_err(request, err);
	} else {
		utf8_copy(view.made_by, sizeof view.made_by, request->user.name);
		out_object(out, NULL);
		out_text(out, "key", new->key);
		show_key(out, "item", &view, request->http->platform->dir, request->now_ms / 1000);
		out_object_end(out);
		answer_json(request, 201);
	}
	sodium_memzero(new->key, sizeof new->key);
}

static bool read_permissions(struct request *request, const struct body_new_api_key *body,
                             uint64_t *permissions)
{
	for (size_t i = 0; i < body->permissions_count; i++) {
		enum permission permission;

		if (!permission_parse(body->permissions[i], &permission))
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "permissions",
			              "no such permission: %s", body->permissions[i]);
		*permissions |= PERMISSION_BIT(permission);
	}
	return true;
}

/* What is not there and what he does not see: the same answer. */
static bool read_scope(struct request *request, const struct body_new_api_key *body,
                       struct place *place)
{
	const struct directory *dir = request->http->platform->dir;
	const struct dir_property *property;
	const struct dir_space *space;

	memset(place, 0, sizeof *place);
	place->group_id = request->access.group_id;
	if (!body->has_property)
		return !body->has_space || refuse(&request->refusal, PROBLEM_BAD_FIELD, "property",
		                                  "which property is this space of?");
	property = directory_slug(dir, body->property);
	if (property)
		*place = directory_place_of_property(property);
	if (!property || !access_sees(&request->access, place, request->now_ms / 1000))
		return refuse(&request->refusal, PROBLEM_BAD_FIELD, "property", "no such property");
	if (!body->has_space)
		return true;
	space = directory_space(dir, place->property_id, body->space);
	if (space)
		*place = directory_place_of_space(dir, space);
	return (space && access_sees(&request->access, place, request->now_ms / 1000)) ||
	       refuse(&request->refusal, PROBLEM_BAD_FIELD, "space", "no such space");
}

void key_create(struct request *request)
{
	const struct body_new_api_key *body = key_create_body(request);
	struct key_new *new = request_alloc(request, sizeof *new);
	struct api_key_row *row;

	if (!new) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	row = &new->step.row;
	if (!read_permissions(request, body, &row->permissions) ||
	    !read_scope(request, body, &new->step.place)) {
		answer_refusal(request);
		return;
	}
	utf8_copy(row->name, sizeof row->name, body->name);
	row->expires_s = body->has_expires_at ? body->expires_at_s : 0;
	api_key_new(new->key, row->token_hash, row->start);
	actor_fill(&new->step.actor, request, body->reason);
	request_step(request, create_step, new, key_created);
}
