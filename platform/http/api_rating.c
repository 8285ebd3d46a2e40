/* How far meters are billed, what their use cost, and decisions about readings. */
#include <string.h>

#include "platform/core/rating.h"
#include "platform/http/act.h"

#define CHARGE_DAYS 31

/* ---- ratings ---- */

static void show_rating(struct json_out *out, const struct rating_row *row)
{
	out_object(out, NULL);
	out_meter(out, "meter", row->meter);
	out_id(out, "account", row->account_id);
	out_time_s(out, "billed_at", row->billed_s);
	out_int(out, "billed_units", row->billed_units);
	out_int(out, "step_used", row->step_used);
	out_int(out, "accrued_fen",
	        row->accrued / RATE_REST_PER_FEN + (row->accrued % RATE_REST_PER_FEN != 0));
	out_text(out, "fault", row->fault ? rating_fault_word(row->fault) : NULL);
	out_time_s(out, "fault_at", row->fault_s);
	out_int(out, "fault_units", row->fault_units);
	out_int(out, "version", row->version);
	out_object_end(out);
}

static bool take_rating(void *arg, const struct rating_row *row)
{
	struct rows *rows = arg;

	if (!page_take(&rows->page, "", 0, row->meter))
		return false;
	show_rating(rows->page.out, row);
	return true;
}

struct rating_rows {
	struct rows rows;
	bool faults;
};

static enum err read_ratings(struct reader *reader, struct rows *rows)
{
	const struct page *page = &rows->page;

	return rating_walk(reader->db, rows->request->place.property_id,
	                   page->ask.has_after ? page->ask.after_id : 0,
	                   ((struct rating_rows *)rows)->faults, take_rating, rows);
}

void ratings_list(struct request *request)
{
	const struct query_ratings_list *query = ratings_list_query(request);
	struct rating_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_ratings;
	list->faults = query->has_faults && query->faults;
	rows_run(request, &list->rows);
}

struct rating_look {
	struct look look;
	int64_t meter;
	struct rating_row row;
};

static enum err read_rating(struct reader *reader, struct look *look)
{
	struct rating_look *rating = (struct rating_look *)look;
	enum err err = rating_get(reader->db, look->request->place.property_id, rating->meter,
	                          &rating->row);

	/* A meter that was never billed: version 0. */
	if (err == ERR_NOT_FOUND) {
		rating->row = (struct rating_row){.meter = rating->meter};
		err = ERR_NONE;
	}
	look->version = rating->row.version;
	return err;
}

static void write_rating_look(struct json_out *out, const void *look)
{
	show_rating(out, &((const struct rating_look *)look)->row);
}

void rating_show(struct request *request)
{
	struct rating_look *rating = request_alloc(request, sizeof *rating);

	if (!rating) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	rating->look.read = read_rating;
	rating->look.write = write_rating_look;
	rating->meter = request->scope.meter->meter;
	look_run(request, &rating->look);
}

/* ---- decisions ---- */

struct resolve_act {
	struct act act;
	struct rating_resolve resolve;
};

static enum err resolve_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return rating_resolve_step(tx, &((struct resolve_act *)act)->resolve, now_ms, out);
}

static void write_resolve(struct json_out *out, const void *act)
{
	show_rating(out, &((const struct resolve_act *)act)->resolve.row);
}

void rating_resolve(struct request *request)
{
	const struct body_rating_resolution *body = rating_resolve_body(request);
	struct resolve_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!rating_how_parse(body->how, &act->resolve.how) ||
	    (act->resolve.how == RATING_QUANTITY) != body->has_units) {
		answer_problem(request, PROBLEM_BAD_FIELD, "units",
		               "with `quantity`, and only there");
		return;
	}
	act->act = (struct act){.step = resolve_step,
	                        .fault = &act->resolve.fault,
	                        .version = &act->resolve.row.version,
	                        .write = write_resolve};
	act->resolve.place = request->place;
	act->resolve.meter = request->scope.meter->meter;
	act->resolve.version = request->version;
	act->resolve.units = body->units;
	actor_fill(&act->resolve.actor, request, body->reason);
	act_run(request, &act->act);
}

/* ---- charges ---- */

struct charge_rows {
	struct rows rows;
	int64_t meter, from_day, to_day;
};

static bool take_charge(void *arg, const struct charge_row *row)
{
	struct rows *rows = arg;
	struct page *page = &rows->page;
	struct json_out *out = page->out;

	if (page->ask.has_after &&
	    (row->day < page->ask.after_number ||
	     (row->day == page->ask.after_number && row->charge_no <= page->ask.after_id)))
		return true;
	if (!page_take(page, "", row->day, row->charge_no))
		return false;
	out_object(out, NULL);
	out_day(out, "day", row->day);
	out_id(out, "account", row->account_id);
	out_int(out, "line", row->line);
	out_id(out, "tariff_version", row->version_id);
	out_int(out, "rate", row->rate);
	out_int(out, "step", row->step + 1);
	out_bool(out, "estimated", row->estimated);
	out_bool(out, "correction", row->correction);
	out_id(out, "allowance", row->allowance_id);
	out_time_s(out, "from", row->from_s);
	out_time_s(out, "to", row->to_s);
	out_int(out, "from_units", row->from_units);
	out_int(out, "to_units", row->to_units);
	out_int(out, "units", row->units);
	out_int(out, "price_uy", row->price_uy);
	if (row->group_no == CHARGE_OPEN)
		out_null(out, "amount_fen");
	else
		out_int(out, "amount_fen", row->amount.fen);
	out_id(out, "posting", row->group_no > 0 ? row->group_no : 0);
	out_object_end(out);
	return true;
}

static enum err read_charges(struct reader *reader, struct rows *rows)
{
	const struct charge_rows *list = (const struct charge_rows *)rows;
	int64_t from_day = list->from_day;

	if (rows->page.ask.has_after && rows->page.ask.after_number > from_day)
		from_day = rows->page.ask.after_number;
	return charge_list(reader->db, rows->request->place.property_id, list->meter, from_day,
	                   list->to_day, take_charge, rows);
}

void charges_list(struct request *request)
{
	const struct query_charges_list *query = charges_list_query(request);
	struct charge_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_charges;
	list->meter = request->scope.meter->meter;
	list->from_day =
	        query->has_from ? query->from_day : request->now_ms / 86400000 - CHARGE_DAYS;
	list->to_day = query->has_to ? query->to_day : INT64_MAX;
	rows_run(request, &list->rows);
}
