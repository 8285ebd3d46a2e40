/* Buildings, floors and rooms; and where meters hang. */
#include <stdio.h>
#include <string.h>

#include "platform/core/meter_edit.h"
#include "platform/core/space.h"
#include "platform/http/act.h"

static void show_space(struct json_out *out, const struct space_row *row, const char *path)
{
	out_object(out, NULL);
	out_id(out, "id", row->space_id);
	out_text(out, "kind", space_kind_word(row->kind));
	out_id(out, "parent", row->parent_id);
	out_text(out, "code", row->code);
	out_text(out, "name", row->name);
	out_text(out, "path", path);
	out_int(out, "area_dm2", row->area_dm2);
	out_int(out, "sort", row->sort);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

static struct place place_of_row(const struct request *request, const struct space_row *row)
{
	struct place place = {.group_id = request->place.group_id,
	                      .property_id = row->property_id,
	                      .space = {row->space_id}};
	size_t depth = 1;

	if (row->floor_id && row->floor_id != row->space_id)
		place.space[depth++] = row->floor_id;
	if (row->building_id != row->space_id)
		place.space[depth] = row->building_id;
	return place;
}

/* ---- list ---- */

struct space_rows {
	struct rows rows;
	struct space_filter filter;
};

static bool take_space(void *arg, const struct space_row *row)
{
	struct space_rows *list = arg;
	struct rows *rows = &list->rows;
	const struct place place = place_of_row(rows->request, row);
	const char *key = list->filter.ask.sort == SPACE_BY_NAME ? row->name : row->code;
	char path[SPACE_PATH_SIZE];

	if (!rows_show(rows, PERMISSION_PROPERTY_READ, &place))
		return true;
	if (!page_take(&rows->page, key, row->sort, row->space_id))
		return false;
	rows->err = space_path(rows->db, row, path);
	if (!rows->err)
		show_space(rows->page.out, row, path);
	return !rows->err;
}

static enum err read_spaces(struct reader *reader, struct rows *rows)
{
	struct space_rows *list = (struct space_rows *)rows;

	list->filter.ask = rows->page.ask;
	return space_list(reader->db, rows->request->place.property_id, &list->filter, take_space,
	                  list);
}

_Static_assert(SPACES_LIST_SORT_SORT == (int)SPACE_BY_SORT &&
                       SPACES_LIST_SORT_CODE == (int)SPACE_BY_CODE &&
                       SPACES_LIST_SORT_NAME == (int)SPACE_BY_NAME,
               "the fragment's order of sort words");

void spaces_list(struct request *request)
{
	const struct query_spaces_list *query = spaces_list_query(request);
	struct space_rows *list = request_alloc(request, sizeof *list);
	enum space_kind kind;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_spaces;
	list->filter.parent_id = query->has_parent ? query->parent : -1;
	list->filter.below_id = query->below;
	if (query->has_kind && space_kind_parse(query->kind, &kind))
		list->filter.kind = (int)kind;
	rows_run(request, &list->rows);
}

/* ---- one ---- */

struct space_look {
	struct look look;
	int64_t space_id;
	struct space_row row;
	char path[SPACE_PATH_SIZE];
};

static enum err read_space(struct reader *reader, struct look *look)
{
	struct space_look *space = (struct space_look *)look;
	enum err err = space_get(reader->db, look->request->place.property_id, space->space_id,
	                         &space->row);

	look->version = space->row.version;
	return err ? err : space_path(reader->db, &space->row, space->path);
}

static void write_space_look(struct json_out *out, const void *look)
{
	const struct space_look *space = look;

	show_space(out, &space->row, space->path);
}

void space_show(struct request *request)
{
	struct space_look *space = request_alloc(request, sizeof *space);

	if (!space) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	space->look.read = read_space;
	space->look.write = write_space_look;
	space->space_id = request->scope.space->space_id;
	look_run(request, &space->look);
}

/* ---- edits ---- */

struct space_act {
	struct act act;
	struct space_edit edit;
	char path[SPACE_PATH_SIZE];
};

static enum err space_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct space_act *act = arg;
	enum err err = space_edit_step(tx, &act->edit, now_ms, out);

	return err ? err : space_path(tx->db, &act->edit.row, act->path);
}

static enum err space_gone_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return space_delete_step(tx, &((struct space_act *)act)->edit, now_ms, out);
}

static void write_space_act(struct json_out *out, const void *arg)
{
	const struct space_act *act = arg;

	show_space(out, &act->edit.row, act->path);
}

static struct space_act *space_act(struct request *request, step_fn step, unsigned status)
{
	struct space_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = step, .fault = &act->edit.fault, .status = status};
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	if (request->scope.space)
		act->edit.space_id = request->scope.space->space_id;
	if (status != 204) {
		act->act.version = &act->edit.row.version;
		act->act.write = write_space_act;
	}
	actor_fill(&act->edit.actor, request, "");
	return act;
}

void space_create(struct request *request)
{
	const struct body_new_space *body = space_create_body(request);
	struct space_act *act = space_act(request, space_step, 201);

	if (!act)
		return;
	(void)space_kind_parse(body->kind, &act->edit.kind);
	act->edit.has_parent = true;
	act->edit.parent_id = body->parent;
	act->edit.code = body->code;
	act->edit.name = body->name;
	act->edit.has_area = body->has_area_dm2;
	act->edit.area_dm2 = body->area_dm2;
	act->edit.has_sort = body->has_sort;
	act->edit.sort = body->sort;
	act_run(request, &act->act);
}

void space_edit(struct request *request)
{
	const struct body_space_edit *body = space_edit_body(request);
	struct space_act *act = space_act(request, space_step, 200);

	if (!act)
		return;
	act->edit.has_parent = body->has_parent;
	act->edit.parent_id = body->parent;
	act->edit.code = body->code;
	act->edit.name = body->name;
	act->edit.has_area = body->has_area_dm2;
	act->edit.area_dm2 = body->area_dm2;
	act->edit.has_sort = body->has_sort;
	act->edit.sort = body->sort;
	act_run(request, &act->act);
}

void space_remove(struct request *request)
{
	struct space_act *act = space_act(request, space_gone_step, 204);

	if (act)
		act_run(request, &act->act);
}

/* ---- meters ---- */

struct meter_settings {
	struct meter_row row;
	char path[SPACE_PATH_SIZE]; /* "" : in no space */
};

static enum err settings_path(struct db *db, struct meter_settings *settings)
{
	const struct meter_row *row = &settings->row;
	struct space_row space;
	enum err err;

	settings->path[0] = '\0';
	if (!row->space_id)
		return ERR_NONE;
	err = space_get(db, row->property_id, row->space_id, &space);
	return err ? err : space_path(db, &space, settings->path);
}

static void show_settings(struct json_out *out, const struct meter_settings *settings)
{
	const struct meter_row *row = &settings->row;

	out_object(out, NULL);
	out_meter(out, "meter", row->meter);
	out_text(out, "name", row->name);
	out_text(out, "use", row->meter_use);
	out_text(out, "model", row->model);
	out_bool(out, "keeps_credit", meter_model_keeps_credit(row->model));
	out_int(out, "period_s", row->period_s);
	out_id(out, "space", row->space_id);
	out_text(out, "path", row->space_id ? settings->path : NULL);
	out_text(out, "property", row->property);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

struct settings_look {
	struct look look;
	int64_t meter;
	struct meter_settings settings;
};

static enum err read_settings(struct reader *reader, struct look *look)
{
	struct settings_look *meter = (struct settings_look *)look;
	enum err err = meter_by_number(reader->db, meter->meter, &meter->settings.row);

	look->version = meter->settings.row.version;
	return err ? err : settings_path(reader->db, &meter->settings);
}

static void write_settings_look(struct json_out *out, const void *look)
{
	show_settings(out, &((const struct settings_look *)look)->settings);
}

void meter_settings_show(struct request *request)
{
	struct settings_look *meter = request_alloc(request, sizeof *meter);

	if (!meter) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	meter->look.read = read_settings;
	meter->look.write = write_settings_look;
	meter->meter = request->scope.meter->meter;
	look_run(request, &meter->look);
}

struct settings_act {
	struct act act;
	struct meter_edit edit;
	struct meter_settings settings;
};

static enum err settings_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct settings_act *act = arg;
	enum err err = meter_edit_step(tx, &act->edit, now_ms, out);

	act->settings.row = act->edit.row;
	return err ? err : settings_path(tx->db, &act->settings);
}

static void write_settings_act(struct json_out *out, const void *act)
{
	show_settings(out, &((const struct settings_act *)act)->settings);
}

void meter_settings_edit(struct request *request)
{
	const struct body_meter_settings_edit *body = meter_settings_edit_body(request);
	struct settings_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = settings_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.version,
	                        .write = write_settings_act};
	act->edit.meter = request->scope.meter->meter;
	act->edit.version = request->version;
	act->edit.name = body->name;
	act->edit.meter_use = body->use;
	act->edit.model = body->model;
	act->edit.has_period = body->has_period_s;
	act->edit.period_s = body->period_s;
	act->edit.has_space = body->has_space;
	act->edit.space_id = body->space;
	act->edit.since_s = body->since_s;
	actor_fill(&act->edit.actor, request, "");
	act_run(request, &act->act);
}

/* ---- where a meter hung ---- */

struct place_rows {
	struct rows rows;
	int64_t meter, property_id;
};

/* A place that the caller does not see is told by no number: null, as if it hung nowhere. */
static enum err show_place(struct place_rows *list, const struct meter_place_row *row)
{
	struct json_out *out = list->rows.page.out;
	struct meter_settings settings = {.row = {.property_id = row->property_id}};
	struct place place;
	enum err err = ERR_NONE;

	if (row->space_id) {
		err = place_of_space(list->rows.db, row->property_id, row->space_id, &place);
		if (!err && rows_show(&list->rows, PERMISSION_PROPERTY_READ, &place))
			settings.row.space_id = row->space_id;
		if (!err)
			err = settings_path(list->rows.db, &settings);
	}
	if (err)
		return err;
	out_object(out, NULL);
	out_time_s(out, "from", row->from_s);
	out_id(out, "space", settings.row.space_id);
	out_text(out, "path", settings.row.space_id ? settings.path : NULL);
	out_text(out, "use", row->meter_use);
	out_text(out, "by", row->by_name);
	out_object_end(out);
	return ERR_NONE;
}

/* A change in a second replaces the one before, so the second is a key. */
static bool take_place(void *arg, const struct meter_place_row *row)
{
	struct place_rows *list = arg;

	if (!page_take(&list->rows.page, "", 0, row->from_s))
		return false;
	list->rows.err = show_place(list, row);
	return !list->rows.err;
}

static enum err read_places(struct reader *reader, struct rows *rows)
{
	struct place_rows *list = (struct place_rows *)rows;
	const struct list_ask *ask = &rows->page.ask;

	return meter_place_list(reader->db, list->property_id, list->meter,
	                        ask->has_after ? ask->after_id : INT64_MAX, take_place, list);
}

void meter_places_list(struct request *request)
{
	struct place_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_places;
	list->meter = request->scope.meter->meter;
	list->property_id = request->place.property_id;
	rows_run(request, &list->rows);
}
