/* Which tariff holds since when: of a property's services, of a meter, of the meters of a tariff. */
#include "platform/core/tariff_edit.h"
#include "platform/http/act.h"

struct use_rows {
	struct rows rows;
	int64_t meter, tariff_id; /* 0: not asked for */
};

static bool show_use(struct page *page, const struct tariff_use *use, int64_t id)
{
	if (!page_take(page, "", use->from_s, id))
		return false;
	out_object(page->out, NULL);
	out_text(page->out, "service", use->meter ? NULL : service_word(use->service));
	if (use->meter)
		out_meter(page->out, "meter", use->meter);
	else
		out_null(page->out, "meter");
	out_time_s(page->out, "from", use->from_s);
	out_id(page->out, "tariff", use->tariff_id);
	out_text(page->out, "by", use->by_name);
	out_object_end(page->out);
	return true;
}

/* By service, or of one meter; then by time. */
static bool take_use(void *arg, const struct tariff_use *use)
{
	struct page *page = &((struct rows *)arg)->page;
	/* Two services may begin in one second. */
	int64_t id = use->meter ? use->meter : (int64_t)use->service;

	if (page->ask.has_after &&
	    (id < page->ask.after_id ||
	     (id == page->ask.after_id && use->from_s <= page->ask.after_number)))
		return true;
	return show_use(page, use, id);
}

/* By time, then by meter. */
static bool take_meter(void *arg, const struct tariff_use *use)
{
	struct page *page = &((struct rows *)arg)->page;

	if (page->ask.has_after &&
	    (use->from_s < page->ask.after_number ||
	     (use->from_s == page->ask.after_number && use->meter <= page->ask.after_id)))
		return true;
	return show_use(page, use, use->meter);
}

static enum err read_uses(struct reader *reader, struct rows *rows)
{
	const struct use_rows *list = (const struct use_rows *)rows;
	int64_t property_id = rows->request->place.property_id;
	enum err err;

	if (list->tariff_id)
		return tariff_meters(reader->db, property_id, list->tariff_id,
		                     rows->request->now_ms / 1000, take_meter, rows);
	err = tariff_uses(reader->db, property_id, list->meter, SERVICE_ELECTRICITY, take_use,
	                  rows);
	if (!err && !list->meter && !rows->page.full)
		err = tariff_uses(reader->db, property_id, 0, SERVICE_WATER, take_use, rows);
	return err;
}

void tariff_uses_list(struct request *request)
{
	const struct query_tariff_uses_list *query = tariff_uses_list_query(request);
	struct use_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (query->has_meter && query->has_tariff) {
		answer_problem(request, PROBLEM_BAD_FIELD, "tariff",
		               "the values do not go together");
		return;
	}
	list->rows.read = read_uses;
	list->meter = query->has_meter ? query->meter : 0;
	list->tariff_id = query->has_tariff ? query->tariff : 0;
	rows_run(request, &list->rows);
}

struct assign_act {
	struct act act;
	struct tariff_assign assign;
};

static enum err assign_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return tariff_assign_step(tx, &((struct assign_act *)act)->assign, now_ms, out);
}

static void write_assign(struct json_out *out, const void *arg)
{
	const struct tariff_assign *assign = &((const struct assign_act *)arg)->assign;

	out_object(out, NULL);
	out_id(out, "tariff", assign->tariff_id);
	out_int(out, "meters", (int64_t)assign->meter_count);
	out_time_s(out, "from", assign->from_s);
	out_object_end(out);
}

void tariff_use_create(struct request *request)
{
	const struct body_new_tariff_use *body = tariff_use_create_body(request);
	struct assign_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = assign_step,
	                        .fault = &act->assign.fault,
	                        .write = write_assign,
	                        .status = 201};
	act->assign.group_id = request->place.group_id;
	act->assign.property_id = request->place.property_id;
	act->assign.tariff_id = body->null_tariff ? 0 : body->tariff;
	act->assign.meters = body->has_meters ? body->meters : NULL;
	act->assign.meter_count = body->has_meters ? body->meters_count : 0;
	act->assign.from_s = body->from_s;
	actor_fill(&act->assign.actor, request, body->reason);
	act_run(request, &act->act);
}
