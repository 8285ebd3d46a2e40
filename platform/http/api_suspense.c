/* What finance sees to: money without an owner, daily bills and their differences, purses that differ. */
#include <string.h>

#include "platform/core/bill.h"
#include "platform/http/show_order.h"

/* ---- suspense ---- */

struct suspense_view {
	struct suspense_row row;
	struct payment_row payment;
};

static enum err suspense_view_read(struct db *db, struct suspense_view *view)
{
	return payment_get(db, view->row.property_id, view->row.payment_id, &view->payment);
}

static void show_suspense(struct json_out *out, const struct suspense_view *view, int64_t now_ms)
{
	const struct suspense_row *row = &view->row;

	out_object(out, NULL);
	out_id(out, "id", row->suspense_id);
	out_text(out, "state", suspense_state_word(row->state));
	out_text(out, "reason", suspense_reason_word(row->reason));
	out_text(out, "channel", channel_word(row->channel));
	out_int(out, "amount_fen", row->amount_fen);
	out_text(out, "currency", row->currency);
	out_text(out, "number", view->payment.number);
	out_text(out, "order_number", view->payment.order_number);
	out_text(out, "payer", view->payment.payer);
	out_time_ms(out, "paid_at", view->payment.paid_ms);
	out_time_ms(out, "since", row->since_ms);
	out_int(out, "age_s", ((row->done_ms ? row->done_ms : now_ms) - row->since_ms) / 1000);
	out_id(out, "order", row->order_id);
	out_id(out, "refund", row->refund_id);
	out_time_ms(out, "done_at", row->done_ms);
	out_text(out, "done_by", row->done_by);
	out_text(out, "done_why", row->done_why);
	out_int(out, "version", row->version);
	out_object_end(out);
}

struct suspense_rows {
	struct rows rows;
	enum suspense_state state;
	struct suspense_view view;
};

static bool take_suspense(void *arg, const struct suspense_row *row)
{
	struct suspense_rows *list = arg;
	struct rows *rows = &list->rows;

	if (!page_take(&rows->page, "", 0, row->suspense_id))
		return false;
	list->view.row = *row;
	rows->err = suspense_view_read(rows->db, &list->view);
	if (!rows->err)
		show_suspense(rows->page.out, &list->view, rows->request->now_ms);
	return !rows->err;
}

static int64_t after_of(const struct rows *rows)
{
	return rows->page.ask.has_after ? rows->page.ask.after_id : 0;
}

static enum err read_suspense(struct reader *reader, struct rows *rows)
{
	struct suspense_rows *list = (struct suspense_rows *)rows;

	return suspense_list(reader->db, rows->request->place.property_id, list->state,
	                     after_of(rows), take_suspense, list);
}

void suspense_rows_list(struct request *request)
{
	const struct query_suspense_rows_list *query = suspense_rows_list_query(request);
	struct suspense_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_suspense;
	list->state = SUSPENSE_OPEN;
	if (query->has_state)
		(void)suspense_state_parse(query->state, &list->state);
	rows_run(request, &list->rows);
}

struct suspense_look {
	struct look look;
	int64_t suspense_id;
	struct suspense_view view;
};

static enum err read_one_suspense(struct reader *reader, struct look *look)
{
	struct suspense_look *found = (struct suspense_look *)look;
	enum err err = suspense_get(reader->db, look->request->place.property_id,
	                            found->suspense_id, &found->view.row);

	look->version = found->view.row.version;
	return err ? err : suspense_view_read(reader->db, &found->view);
}

static void write_suspense_look(struct json_out *out, const void *arg)
{
	const struct suspense_look *found = arg;

	show_suspense(out, &found->view, found->look.request->now_ms);
}

void suspense_show(struct request *request)
{
	struct suspense_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_one_suspense;
	found->look.write = write_suspense_look;
	found->suspense_id = request_number(request, "suspense");
	look_run(request, &found->look);
}

struct settle_act {
	struct act act;
	struct suspense_settle settle;
	struct suspense_view view;
};

static enum err settle_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct settle_act *act = arg;
	enum err err = suspense_settle_step(tx, &act->settle, now_ms, out);

	act->view.row = act->settle.row;
	return err ? err : suspense_view_read(tx->db, &act->view);
}

static void write_settle(struct json_out *out, const void *arg)
{
	const struct settle_act *act = arg;

	show_suspense(out, &act->view, act->act.request->now_ms);
}

static struct settle_act *settle_act_new(struct request *request, const char *reason)
{
	struct settle_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = settle_step,
	                        .fault = &act->settle.fault,
	                        .version = &act->view.row.version,
	                        .write = write_settle};
	act->settle.property_id = request->place.property_id;
	act->settle.suspense_id = request_number(request, "suspense");
	act->settle.version = request->version;
	actor_fill(&act->settle.actor, request, reason);
	return act;
}

void suspense_credit(struct request *request)
{
	const struct body_suspense_credit *body = suspense_credit_body(request);
	struct settle_act *act = settle_act_new(request, body->reason);

	if (!act)
		return;
	act->settle.account_id = body->account;
	act_run(request, &act->act);
}

void suspense_return(struct request *request)
{
	const struct body_suspense_return *body = suspense_return_body(request);
	struct settle_act *act = settle_act_new(request, body->reason);

	if (!act)
		return;
	(void)channel_parse(body->channel, &act->settle.channel);
	act->settle.payee = body->has_payee ? body->payee : "";
	act_run(request, &act->act);
}

/* ---- bills ---- */

static void show_bill(struct json_out *out, const struct bill_row *row)
{
	out_object(out, NULL);
	out_id(out, "id", row->bill_id);
	out_text(out, "channel", channel_word(row->channel));
	out_day(out, "day", row->day);
	out_int(out, "lines", row->lines);
	out_int(out, "differences", row->differences);
	out_int(out, "open", row->open);
	out_time_ms(out, "loaded_at", row->loaded_ms);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "closed_at", row->closed_ms);
	out_text(out, "closed_by", row->closed_by);
	out_int(out, "version", row->version);
	out_object_end(out);
}

static bool take_bill(void *arg, const struct bill_row *row)
{
	struct rows *rows = arg;

	if (!page_take(&rows->page, "", 0, row->bill_id))
		return false;
	show_bill(rows->page.out, row);
	return true;
}

static enum err read_bills(struct reader *reader, struct rows *rows)
{
	return bill_list(reader->db, rows->request->place.property_id, after_of(rows), take_bill,
	                 rows);
}

void bills_list(struct request *request)
{
	rows_list(request, read_bills);
}

struct bill_look {
	struct look look;
	int64_t bill_id;
	struct bill_row row;
};

static enum err read_bill(struct reader *reader, struct look *look)
{
	struct bill_look *found = (struct bill_look *)look;
	enum err err =
	        bill_get(reader->db, look->request->place.property_id, found->bill_id, &found->row);

	look->version = found->row.version;
	return err;
}

static void write_bill_look(struct json_out *out, const void *arg)
{
	show_bill(out, &((const struct bill_look *)arg)->row);
}

void bill_show(struct request *request)
{
	struct bill_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_bill;
	found->look.write = write_bill_look;
	found->bill_id = request_number(request, "bill");
	look_run(request, &found->look);
}

struct load_act {
	struct act act;
	struct bill_load load;
};

static enum err load_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return bill_load_step(tx, &((struct load_act *)arg)->load, now_ms, out);
}

static void write_load(struct json_out *out, const void *arg)
{
	show_bill(out, &((const struct load_act *)arg)->load.row);
}

static struct bill_in *lines_of(struct request *request, const struct body_new_bill *body)
{
	struct bill_in *line = request_alloc(request, (body->lines_count + 1) * sizeof *line);

	for (size_t i = 0; line && i < body->lines_count; i++) {
		const struct body_new_bill_line *in = &body->lines[i];

		line[i] = (struct bill_in){.number = in->number,
		                           .order_number =
		                                   in->has_order_number ? in->order_number : "",
		                           .amount_fen = in->amount_fen,
		                           .paid_ms = in->paid_at_s * 1000,
		                           .payer = in->has_payer ? in->payer : "",
		                           .refunded = in->refunded};
	}
	return line;
}

void bill_load(struct request *request)
{
	const struct body_new_bill *body = bill_load_body(request);
	struct load_act *act = request_alloc(request, sizeof *act);
	struct bill_in *line = lines_of(request, body);

	if (!act || !line) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = load_step,
	                        .fault = &act->load.fault,
	                        .version = &act->load.row.version,
	                        .write = write_load,
	                        .status = 201};
	act->load.property_id = request->place.property_id;
	act->load.day = body->day_day;
	act->load.count = body->lines_count;
	act->load.line = line;
	(void)channel_parse(body->channel, &act->load.channel);
	actor_fill(&act->load.actor, request, "");
	act_run(request, &act->act);
}

struct bill_end_act {
	struct act act;
	struct bill_end end;
};

static enum err bill_close_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return bill_end_step(tx, &((struct bill_end_act *)arg)->end, now_ms, out);
}

static void write_bill_end(struct json_out *out, const void *arg)
{
	show_bill(out, &((const struct bill_end_act *)arg)->end.row);
}

void bill_close(struct request *request)
{
	struct bill_end_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = bill_close_step,
	                        .fault = &act->end.fault,
	                        .version = &act->end.row.version,
	                        .write = write_bill_end};
	act->end.property_id = request->place.property_id;
	act->end.bill_id = request_number(request, "bill");
	act->end.version = request->version;
	actor_fill(&act->end.actor, request, "");
	act_run(request, &act->act);
}

/* ---- differences ---- */

static void show_difference(struct json_out *out, const struct bill_line *line)
{
	out_object(out, NULL);
	out_id(out, "id", line->line_id);
	out_id(out, "bill", line->bill_id);
	out_text(out, "match", bill_match_word(line->match));
	out_text(out, "number", line->number);
	out_text(out, "order_number", line->order_number);
	out_int(out, "theirs_fen", line->amount_fen);
	out_int(out, "ours_fen", line->ours_fen);
	out_bool(out, "refunded", line->refunded);
	out_time_ms(out, "paid_at", line->paid_ms);
	out_bool(out, "open", line->open);
	out_text(out, "owner", line->owner);
	out_time_ms(out, "done_at", line->done_ms);
	out_text(out, "done_by", line->done_by);
	out_text(out, "done_why", line->done_why);
	out_int(out, "version", line->version);
	out_object_end(out);
}

struct difference_rows {
	struct rows rows;
	struct bill_lines_ask ask;
};

static bool take_difference(void *arg, const struct bill_line *line)
{
	struct difference_rows *list = arg;

	if (!page_take(&list->rows.page, "", 0, line->line_id))
		return false;
	show_difference(list->rows.page.out, line);
	return true;
}

static enum err read_differences(struct reader *reader, struct rows *rows)
{
	struct difference_rows *list = (struct difference_rows *)rows;

	list->ask.after = after_of(rows);
	return bill_lines(reader->db, rows->request->place.property_id, &list->ask, take_difference,
	                  list);
}

void differences_list(struct request *request)
{
	const struct query_differences_list *query = differences_list_query(request);
	struct difference_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_differences;
	list->ask = (struct bill_lines_ask){
	        .bill_id = query->bill, .differences = true, .open = !query->all};
	rows_run(request, &list->rows);
}

struct difference_look {
	struct look look;
	int64_t line_id;
	struct bill_line line;
};

static enum err read_difference(struct reader *reader, struct look *look)
{
	struct difference_look *found = (struct difference_look *)look;
	enum err err = bill_line_get(reader->db, look->request->place.property_id, found->line_id,
	                             &found->line);

	look->version = found->line.version;
	return err;
}

static void write_difference_look(struct json_out *out, const void *arg)
{
	show_difference(out, &((const struct difference_look *)arg)->line);
}

void difference_show(struct request *request)
{
	struct difference_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_difference;
	found->look.write = write_difference_look;
	found->line_id = request_number(request, "difference");
	look_run(request, &found->look);
}

struct difference_act {
	struct act act;
	struct bill_settle settle;
};

static enum err difference_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return bill_settle_step(tx, &((struct difference_act *)arg)->settle, now_ms, out);
}

static void write_difference_act(struct json_out *out, const void *arg)
{
	show_difference(out, &((const struct difference_act *)arg)->settle.line);
}

static void difference_run(struct request *request, const char *owner, const char *reason)
{
	struct difference_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = difference_step,
	                        .fault = &act->settle.fault,
	                        .version = &act->settle.line.version,
	                        .write = write_difference_act};
	act->settle.property_id = request->place.property_id;
	act->settle.line_id = request_number(request, "difference");
	act->settle.version = request->version;
	act->settle.owner = owner;
	actor_fill(&act->settle.actor, request, reason);
	act_run(request, &act->act);
}

void difference_own(struct request *request)
{
	difference_run(request, difference_own_body(request)->owner, "");
}

void difference_settle(struct request *request)
{
	difference_run(request, NULL, difference_settle_body(request)->reason);
}

/* ---- purses ---- */

static bool take_purse(void *arg, const struct meter_purse *row)
{
	struct rows *rows = arg;
	struct json_out *out = rows->page.out;

	if (!page_take(&rows->page, "", 0, row->meter))
		return false;
	out_object(out, NULL);
	out_meter(out, "meter", row->meter);
	out_int(out, "count", row->count);
	out_int(out, "total_fen", row->total_fen);
	out_int(out, "meter_count", row->meter_count);
	out_int(out, "meter_total_fen", row->meter_total_fen);
	out_int(out, "meter_balance_fen", row->meter_balance_fen);
	out_time_ms(out, "read_at", row->read_ms);
	out_object_end(out);
	return true;
}

static enum err read_purses(struct reader *reader, struct rows *rows)
{
	return meter_purse_walk(reader->db, rows->request->place.property_id, after_of(rows),
	                        take_purse, rows);
}

void purse_differences_list(struct request *request)
{
	rows_list(request, read_purses);
}
