/* Alarm plans and message templates: what holds and who says so. */
#include <stdio.h>
#include <string.h>

#include "platform/core/message.h"
#include "platform/core/plan.h"
#include "platform/http/act.h"

/* ---- alarm plans ---- */

static void show_value(struct json_out *out, const struct plan_effective *plan,
                       enum plan_value value)
{
	out_object(out, plan_value_word(value));
	if (plan_value_is_flag(value))
		out_bool(out, "value", plan->value[value] != 0);
	else
		out_int(out, "value", plan->value[value]);
	out_text(out, "source", source_word(plan->source[value]));
	out_object_end(out);
}

static void show_plan(struct json_out *out, const struct plan_effective *plan)
{
	out_object(out, NULL);
	out_text(out, "code", plan->code);
	out_object(out, "name");
	out_text(out, "value", plan->name);
	out_text(out, "source", source_word(plan->name_source));
	out_object_end(out);
	for (unsigned i = 0; i < PLAN_VALUE_COUNT; i++)
		show_value(out, plan, (enum plan_value)i);
	out_int(out, "version", plan->version);
	out_object_end(out);
}

struct plan_rows {
	struct rows rows;
	bool default_shown;
};

static void take_code(void *arg, const char *code)
{
	struct plan_rows *list = arg;
	struct rows *rows = &list->rows;
	const struct place *place = &rows->request->place;
	struct page *page = &rows->page;
	struct plan_effective plan;

	if (rows->err || page->full ||
	    (page->ask.has_after && strcmp(code, page->ask.after_text) <= 0))
		return;
	rows->err = plan_effective(rows->db, place->property_id, place->group_id, code, &plan);
	if (!rows->err && page_take(page, code, 0, 0))
		show_plan(page->out, &plan);
}

/* `default` is always one of them, in its place by code. */
static void take_code_or_default(void *arg, const char *code)
{
	struct plan_rows *list = arg;
	int order = strcmp(code, PLAN_DEFAULT);

	if (order > 0 && !list->default_shown)
		take_code(list, PLAN_DEFAULT);
	list->default_shown |= order >= 0;
	take_code(list, code);
}

static enum err read_plans(struct reader *reader, struct rows *rows)
{
	struct plan_rows *list = (struct plan_rows *)rows;
	const struct place *place = &rows->request->place;
	enum err err = plan_codes(reader->db, place->property_id, place->group_id,
	                          take_code_or_default, list);

	if (!err && !list->default_shown)
		take_code(list, PLAN_DEFAULT);
	return err;
}

static void list_plans(struct request *request)
{
	struct plan_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_plans;
	rows_run(request, &list->rows);
}

void alarm_plans_list(struct request *request)
{
	list_plans(request);
}

void group_alarm_plans_list(struct request *request)
{
	list_plans(request);
}

struct plan_look {
	struct look look;
	char code[ROUTE_PARAM_SIZE];
	struct plan_effective plan;
};

static enum err read_plan(struct reader *reader, struct look *look)
{
	struct plan_look *plan = (struct plan_look *)look;
	const struct place *place = &look->request->place;
	enum err err = plan_effective(reader->db, place->property_id, place->group_id, plan->code,
	                              &plan->plan);

	look->version = plan->plan.version;
	return err;
}

static void write_plan_look(struct json_out *out, const void *look)
{
	show_plan(out, &((const struct plan_look *)look)->plan);
}

static void look_plan(struct request *request)
{
	struct plan_look *plan = request_alloc(request, sizeof *plan);

	if (!plan) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	plan->look.read = read_plan;
	plan->look.write = write_plan_look;
	utf8_copy(plan->code, sizeof plan->code, request_param(request, "plan"));
	look_run(request, &plan->look);
}

void alarm_plan_show(struct request *request)
{
	look_plan(request);
}

void group_alarm_plan_show(struct request *request)
{
	look_plan(request);
}

struct plan_act {
	struct act act;
	struct plan_edit edit;
};

static enum err plan_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return plan_edit_step(tx, &((struct plan_act *)act)->edit, now_ms, out);
}

static enum err plan_gone_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return plan_delete_step(tx, &((struct plan_act *)act)->edit, now_ms, out);
}

static void write_plan_act(struct json_out *out, const void *act)
{
	show_plan(out, &((const struct plan_act *)act)->edit.plan);
}

static struct plan_act *plan_act(struct request *request, step_fn step)
{
	struct plan_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = step, .fault = &act->edit.fault};
	act->edit.group_id = request->place.group_id;
	act->edit.property_id = request->place.property_id;
	act->edit.code = request_param(request, "plan");
	act->edit.version = request->version;
	actor_fill(&act->edit.actor, request, "");
	return act;
}

/* Absent: as it is; null: inherited; else set. */
#define TAKE(body, edit, id, member)                                                               \
	do {                                                                                       \
		(edit)->has[PLAN_##id] = (body)->has_##member;                                     \
		(edit)->set[PLAN_##id] = (body)->has_##member && !(body)->null_##member;           \
		(edit)->value[PLAN_##id] = (body)->member;                                         \
	} while (0)

static void edit_plan(struct request *request, const struct body_alarm_plan_edit *body)
{
	struct plan_act *act = plan_act(request, plan_step);

	if (!act)
		return;
	act->act.version = &act->edit.plan.version;
	act->act.write = write_plan_act;
	act->edit.has_name = body->has_name;
	act->edit.name = body->null_name ? NULL : body->name;
	TAKE(body, &act->edit, ALARM1, alarm1_fen);
	TAKE(body, &act->edit, ALARM2, alarm2_fen);
	TAKE(body, &act->edit, OVERDRAFT, overdraft_fen);
	TAKE(body, &act->edit, HOARDING, hoarding_fen);
	TAKE(body, &act->edit, ALLOW_CLOSE, allow_close_fen);
	TAKE(body, &act->edit, ALARM2_TRIPS, alarm2_trips);
	TAKE(body, &act->edit, FRIENDLY_HOURS, friendly_hours);
	TAKE(body, &act->edit, CUT_NOTICE, cut_notice_s);
	act_run(request, &act->act);
}

void alarm_plan_edit(struct request *request)
{
	edit_plan(request, alarm_plan_edit_body(request));
}

void group_alarm_plan_edit(struct request *request)
{
	edit_plan(request, group_alarm_plan_edit_body(request));
}

static void reset_plan(struct request *request)
{
	struct plan_act *act = plan_act(request, plan_gone_step);

	if (act)
		act_run(request, &act->act);
}

void alarm_plan_reset(struct request *request)
{
	reset_plan(request);
}

void group_alarm_plan_reset(struct request *request)
{
	reset_plan(request);
}
