/* Groups and properties. */
#include <stdio.h>

#include "platform/core/calendar.h"
#include "platform/core/organisation.h"
#include "platform/http/act.h"

/* ---- groups ---- */

static void show_group(struct json_out *out, const struct group_row *row)
{
	out_object(out, NULL);
	out_id(out, "id", row->group_id);
	out_text(out, "name", row->name);
	out_id(out, "calendar", row->calendar_id);
	out_bool(out, "archived", row->archived_s != 0);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

static void take_group(void *arg, const struct group_row *row)
{
	struct rows *rows = arg;
	const struct place place = {.group_id = row->group_id};

	/* Numbers go up, so a page is cut by them here: an installation has some dozens. */
	if (rows->page.ask.has_after && row->group_id <= rows->page.ask.after_id)
		return;
	if (!gate_sees(rows->request, &place) || rows->page.full)
		return;
	if (page_take(&rows->page, "", 0, row->group_id))
		show_group(rows->page.out, row);
}

static enum err read_groups(struct reader *reader, struct rows *rows)
{
	return group_list(reader->db, take_group, rows);
}

void groups_list(struct request *request)
{
	rows_list(request, read_groups);
}

struct group_look {
	struct look look;
	struct group_row row;
};

static enum err read_group(struct reader *reader, struct look *look)
{
	struct group_look *group = (struct group_look *)look;
	enum err err = group_get(reader->db, look->request->place.group_id, &group->row);

	look->version = group->row.version;
	return err;
}

static void write_group_look(struct json_out *out, const void *look)
{
	show_group(out, &((const struct group_look *)look)->row);
}

void group_show(struct request *request)
{
	struct group_look *group = request_alloc(request, sizeof *group);

	if (!group) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	group->look.read = read_group;
	group->look.write = write_group_look;
	look_run(request, &group->look);
}

struct group_act {
	struct act act;
	struct group_edit edit;
};

static enum err group_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return group_edit_step(tx, &((struct group_act *)act)->edit, now_ms, out);
}

static void write_group_act(struct json_out *out, const void *act)
{
	show_group(out, &((const struct group_act *)act)->edit.row);
}

/* NULL: answered. */
static struct group_act *group_act(struct request *request, unsigned status)
{
	struct group_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = group_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.version,
	                        .write = write_group_act,
	                        .status = status};
	actor_fill(&act->edit.actor, request, "");
	return act;
}

void group_create(struct request *request)
{
	struct group_act *act = group_act(request, 201);

	if (!act)
		return;
	act->edit.name = group_create_body(request)->name;
	act_run(request, &act->act);
}

void group_edit(struct request *request)
{
	const struct body_group_edit *body = group_edit_body(request);
	struct group_act *act = group_act(request, 200);

	if (!act)
		return;
	act->edit.group_id = request->place.group_id;
	act->edit.version = request->version;
	act->edit.name = body->name;
	act->edit.has_calendar = body->has_calendar;
	act->edit.calendar_id = body->calendar;
	act->edit.has_archived = body->has_archived;
	act->edit.archived = body->archived;
	act_run(request, &act->act);
}

/* ---- properties ---- */

static void show_property(struct json_out *out, const struct property_row *row)
{
	out_object(out, NULL);
	out_text(out, "slug", row->slug);
	out_text(out, "name", row->name);
	out_id(out, "group", row->group_id);
	out_text(out, "address", row->address);
	out_text(out, "phone", row->phone);
	out_int(out, "utc_offset_min", row->utc_offset_min);
	out_id(out, "calendar", row->calendar_id);
	out_text(out, "alarm_plan", row->plan_code[0] ? row->plan_code : NULL);
	out_int(out, "remind_days", row->remind_days);
	out_bool(out, "archived", row->archived_s != 0);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

struct property_rows {
	struct rows rows;
	struct property_filter filter;
};

static bool take_property(void *arg, const struct property_row *row)
{
	struct property_rows *list = arg;
	struct page *page = &list->rows.page;
	const char *key = page->ask.sort == PROPERTY_BY_NAME ? row->name : row->slug;
	const struct place place = {.group_id = row->group_id, .property_id = row->property_id};

	if (!gate_sees(list->rows.request, &place))
		return true;
	if (!page_take(page, key, 0, row->property_id))
		return false;
	show_property(page->out, row);
	return true;
}

static enum err read_properties(struct reader *reader, struct rows *rows)
{
	struct property_rows *list = (struct property_rows *)rows;

	list->filter.ask = rows->page.ask;
	return property_page(reader->db, &list->filter, take_property, list);
}

_Static_assert(PROPERTIES_LIST_SORT_SLUG == (int)PROPERTY_BY_SLUG &&
                       PROPERTIES_LIST_SORT_NAME == (int)PROPERTY_BY_NAME,
               "the fragment's order of sort words");

void properties_list(struct request *request)
{
	const struct query_properties_list *query = properties_list_query(request);
	struct property_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_properties;
	list->filter.group_id = query->group;
	list->filter.archived = query->archived;
	rows_run(request, &list->rows);
}

struct property_look {
	struct look look;
	struct property_row row;
};

static enum err read_property(struct reader *reader, struct look *look)
{
	struct property_look *property = (struct property_look *)look;
	enum err err = property_get(reader->db, look->request->place.property_id, &property->row);

	look->version = property->row.version;
	return err;
}

static void write_property_look(struct json_out *out, const void *look)
{
	show_property(out, &((const struct property_look *)look)->row);
}

void property_show(struct request *request)
{
	struct property_look *property = request_alloc(request, sizeof *property);

	if (!property) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	property->look.read = read_property;
	property->look.write = write_property_look;
	look_run(request, &property->look);
}

struct property_act {
	struct act act;
	struct property_edit edit;
};

static enum err property_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return property_edit_step(tx, &((struct property_act *)act)->edit, now_ms, out);
}

static void write_property_act(struct json_out *out, const void *act)
{
	show_property(out, &((const struct property_act *)act)->edit.row);
}

static struct property_act *property_act(struct request *request, unsigned status)
{
	struct property_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = property_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.version,
	                        .write = write_property_act,
	                        .status = status};
	actor_fill(&act->edit.actor, request, "");
	return act;
}

void property_create(struct request *request)
{
	const struct body_new_property *body = property_create_body(request);
	struct property_act *act = property_act(request, 201);

	if (!act)
		return;
	act->edit.group_id = request->place.group_id;
	act->edit.slug = body->slug;
	act->edit.name = body->name;
	act->edit.address = body->address;
	act->edit.phone = body->phone;
	act->edit.has_offset = body->has_utc_offset_min;
	act->edit.utc_offset_min = body->utc_offset_min;
	act_run(request, &act->act);
}

void property_edit(struct request *request)
{
	const struct body_property_edit *body = property_edit_body(request);
	struct property_act *act = property_act(request, 200);

	if (!act)
		return;
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	act->edit.name = body->name;
	act->edit.address = body->address;
	act->edit.phone = body->phone;
	if (body->has_alarm_plan)
		act->edit.plan_code = body->null_alarm_plan ? "" : body->alarm_plan;
	act->edit.has_calendar = body->has_calendar;
	act->edit.calendar_id = body->calendar;
	act->edit.has_remind = body->has_remind_days;
	act->edit.remind_days = body->remind_days;
	act->edit.has_archived = body->has_archived;
	act->edit.archived = body->archived;
	act_run(request, &act->act);
}
