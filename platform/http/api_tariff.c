/* Tariffs of a property and its group: versions, publication, assignment. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/tariff_edit.h"
#include "platform/http/act.h"

/* ---- shown ---- */

static void show_tariff(struct json_out *out, const struct tariff_row *row)
{
	out_object(out, NULL);
	out_id(out, "id", row->tariff_id);
	out_text(out, "code", row->code);
	out_text(out, "name", row->name);
	out_text(out, "owner", row->property_id ? "property" : "group");
	out_text(out, "service", service_word(row->service));
	out_id(out, "base", row->base_tariff_id);
	out_int(out, "base_delta_uy", row->base_delta_uy);
	out_bool(out, "archived", row->archived_s != 0);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

static void show_version(struct json_out *out, const struct tariff_version_row *row)
{
	out_object(out, NULL);
	out_id(out, "id", row->version_id);
	out_id(out, "tariff", row->tariff_id);
	out_text(out, "state", tariff_state_word(row->state));
	out_time_s(out, "valid_from", row->valid_from_s);
	out_raw(out, "plan", row->body, strlen(row->body));
	out_text(out, "notice", row->notice);
	out_id(out, "base_version", row->base_version_id);
	out_time_s(out, "published_at", row->published_s);
	out_text(out, "by", row->by_name);
	out_int(out, "version", row->version);
	out_object_end(out);
}

/* ---- tariffs ---- */

static bool take_tariff(void *arg, const struct tariff_row *row)
{
	struct rows *rows = arg;
	struct page *page = &rows->page;

	if (page->ask.has_after && (strcmp(row->code, page->ask.after_text) < 0 ||
	                            (strcmp(row->code, page->ask.after_text) == 0 &&
	                             row->tariff_id <= page->ask.after_id)))
		return true;
	if (!page_take(page, row->code, 0, row->tariff_id))
		return false;
	show_tariff(page->out, row);
	return true;
}

static enum err read_tariffs(struct reader *reader, struct rows *rows)
{
	const struct place *place = &rows->request->place;

	return tariff_list(reader->db, place->group_id, place->property_id, take_tariff, rows);
}

void tariffs_list(struct request *request)
{
	rows_list(request, read_tariffs);
}

struct tariff_look {
	struct look look;
	int64_t tariff_id;
	struct tariff_row row;
};

static enum err read_tariff(struct reader *reader, struct look *look)
{
	struct tariff_look *tariff = (struct tariff_look *)look;
	const struct place *place = &look->request->place;
	enum err err = tariff_reachable(reader->db, place->group_id, place->property_id,
	                                tariff->tariff_id, &tariff->row);

	look->version = tariff->row.version;
	return err;
}

static void write_tariff_look(struct json_out *out, const void *look)
{
	show_tariff(out, &((const struct tariff_look *)look)->row);
}

void tariff_show(struct request *request)
{
	struct tariff_look *tariff = request_alloc(request, sizeof *tariff);

	if (!tariff) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	tariff->look.read = read_tariff;
	tariff->look.write = write_tariff_look;
	tariff->tariff_id = request_number(request, "tariff");
	look_run(request, &tariff->look);
}

struct tariff_act {
	struct act act;
	struct tariff_edit edit;
};

static enum err new_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return tariff_create_step(tx, &((struct tariff_act *)act)->edit, now_ms, out);
}

static enum err edit_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return tariff_edit_step(tx, &((struct tariff_act *)act)->edit, now_ms, out);
}

static void write_tariff_act(struct json_out *out, const void *act)
{
	show_tariff(out, &((const struct tariff_act *)act)->edit.row);
}

static struct tariff_act *tariff_act(struct request *request, step_fn step)
{
	struct tariff_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = step, .fault = &act->edit.fault, .write = write_tariff_act};
	act->edit.group_id = request->place.group_id;
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	actor_fill(&act->edit.actor, request, "");
	return act;
}

void tariff_create(struct request *request)
{
	const struct body_new_tariff *body = tariff_create_body(request);
	struct tariff_act *act = tariff_act(request, new_step);

	if (!act)
		return;
	act->act.status = 201;
	act->edit.code = body->code;
	act->edit.name = body->name;
	act->edit.service = body->service;
	if (body->has_base && !body->null_base)
		act->edit.base_tariff_id = body->base;
	act->edit.has_delta = body->has_base_delta_uy;
	act->edit.delta_uy = body->base_delta_uy;
	act_run(request, &act->act);
}

void tariff_edit(struct request *request)
{
	const struct body_tariff_edit *body = tariff_edit_body(request);
	struct tariff_act *act = tariff_act(request, edit_step);

	if (!act)
		return;
	act->act.version = &act->edit.row.version;
	act->edit.tariff_id = request_number(request, "tariff");
	act->edit.name = body->has_name ? body->name : NULL;
	act->edit.has_delta = body->has_base_delta_uy;
	act->edit.delta_uy = body->base_delta_uy;
	act->edit.has_archived = body->has_archived;
	act->edit.archived = body->archived;
	act_run(request, &act->act);
}

/* ---- versions ---- */

struct version_rows {
	struct rows rows;
	int64_t tariff_id;
};

static bool take_version(void *arg, const struct tariff_version_row *row)
{
	struct rows *rows = arg;
	struct page *page = &rows->page;

	if (page->ask.has_after && (row->valid_from_s < page->ask.after_number ||
	                            (row->valid_from_s == page->ask.after_number &&
	                             row->version_id <= page->ask.after_id)))
		return true;
	if (!page_take(page, "", row->valid_from_s, row->version_id))
		return false;
	show_version(page->out, row);
	return true;
}

static enum err read_versions(struct reader *reader, struct rows *rows)
{
	const struct place *place = &rows->request->place;
	int64_t tariff_id = ((struct version_rows *)rows)->tariff_id;
	struct tariff_row row;
	enum err err =
	        tariff_reachable(reader->db, place->group_id, place->property_id, tariff_id, &row);

	return err ? err : tariff_versions(reader->db, tariff_id, 0, take_version, rows);
}

void tariff_versions_list(struct request *request)
{
	struct version_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_versions;
	list->tariff_id = request_number(request, "tariff");
	rows_run(request, &list->rows);
}

/* A version that outlives the query: the body is our own. */
struct shown_version {
	struct tariff_version_row row;
	char body[TARIFF_BODY_MAX + 1];
};

static void keep_version(void *arg, const struct tariff_version_row *row)
{
	struct shown_version *shown = arg;

	shown->row = *row;
	utf8_copy(shown->body, sizeof shown->body, row->body);
	shown->row.body = shown->body;
}

struct version_look {
	struct look look;
	int64_t tariff_id, version_id;
	struct shown_version shown;
};

static enum err read_version(struct reader *reader, struct look *look)
{
	struct version_look *version = (struct version_look *)look;
	const struct place *place = &look->request->place;
	struct tariff_row row;
	enum err err = tariff_reachable(reader->db, place->group_id, place->property_id,
	                                version->tariff_id, &row);

	if (!err)
		err = tariff_version_get(reader->db, version->version_id, keep_version,
		                         &version->shown);
	if (!err && version->shown.row.tariff_id != version->tariff_id)
		return ERR_NOT_FOUND;
	look->version = version->shown.row.version;
	return err;
}

static void write_version_look(struct json_out *out, const void *look)
{
	show_version(out, &((const struct version_look *)look)->shown.row);
}

void tariff_version_show(struct request *request)
{
	struct version_look *version = request_alloc(request, sizeof *version);

	if (!version) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	version->look.read = read_version;
	version->look.write = write_version_look;
	version->tariff_id = request_number(request, "tariff");
	version->version_id = request_number(request, "tariff_version");
	look_run(request, &version->look);
}

struct version_act {
	struct act act;
	step_fn edit_step;
	struct version_edit edit;
	struct shown_version shown;
	const char *body; /* of the request */
	size_t body_len;
};

/* The plan as it came, out of the body: what is in it is looked at by its own reader. */
static char *plan_of(const char *body, size_t len)
{
	json_t *root = json_loadb(body, len, 0, NULL);
	json_t *plan = json_object_get(root, "plan");
	char *text = plan ? json_dumps(plan, JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}

static enum err version_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct version_act *act = arg;
	char *plan = act->body ? plan_of(act->body, act->body_len) : NULL;
	enum err err;

	act->edit.plan = plan;
	act->edit.plan_len = plan ? strlen(plan) : 0;
	err = act->edit_step(tx, &act->edit, now_ms, out);
	if (!err)
		err = tariff_version_get(tx->db, act->edit.row_id, keep_version, &act->shown);
	act->edit.plan = NULL;
	free(plan);
	return err;
}

static void write_version_act(struct json_out *out, const void *act)
{
	show_version(out, &((const struct version_act *)act)->shown.row);
}

static struct version_act *version_act(struct request *request, step_fn step, const char *reason)
{
	struct version_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = version_step,
	                        .fault = &act->edit.fault,
	                        .write = write_version_act,
	                        .version = &act->shown.row.version};
	act->edit_step = step;
	act->edit.group_id = request->place.group_id;
	act->edit.property_id = request->place.property_id;
	act->edit.tariff_id = request_number(request, "tariff");
	act->edit.version = request->version;
	actor_fill(&act->edit.actor, request, reason);
	return act;
}

void tariff_version_create(struct request *request)
{
	const struct body_new_tariff_version *body = tariff_version_create_body(request);
	struct version_act *act = version_act(request, tariff_draft_step, "");

	if (!act)
		return;
	act->act.status = 201;
	act->act.version = NULL;
	act->body = request->body;
	act->body_len = request->body_len;
	act->edit.has_valid_from = true;
	act->edit.valid_from_s = body->valid_from_s;
	act->edit.notice = body->has_notice ? body->notice : NULL;
	act_run(request, &act->act);
}

void tariff_version_edit(struct request *request)
{
	const struct body_tariff_version_edit *body = tariff_version_edit_body(request);
	struct version_act *act = version_act(request, tariff_draft_step, "");

	if (!act)
		return;
	act->edit.version_id = request_number(request, "tariff_version");
	act->body = request->body;
	act->body_len = request->body_len;
	act->edit.has_valid_from = body->has_valid_from;
	act->edit.valid_from_s = body->valid_from_s;
	act->edit.notice = body->has_notice ? body->notice : NULL;
	act_run(request, &act->act);
}

static void move_version(struct request *request, step_fn step, const char *reason)
{
	struct version_act *act = version_act(request, step, reason);

	if (!act)
		return;
	act->edit.version_id = request_number(request, "tariff_version");
	act_run(request, &act->act);
}

void tariff_version_publish(struct request *request)
{
	move_version(request, tariff_publish_step, tariff_version_publish_body(request)->reason);
}

void tariff_version_withdraw(struct request *request)
{
	move_version(request, tariff_withdraw_step, tariff_version_withdraw_body(request)->reason);
}
