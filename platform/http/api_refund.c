/* Money that goes back, debts that purchases recover, and corrections of balances. */
#include <stdio.h>
#include <string.h>

#include "platform/core/adjust.h"
#include "platform/core/refund.h"
#include "platform/core/vend.h"
#include "platform/http/show_order.h"

/* ---- refunds ---- */

struct refund_view {
	struct refund_row row;
	struct account_names names;
};

static enum err refund_view_read(struct db *db, struct refund_view *view)
{
	return account_names_read(db, view->row.property_id, view->row.account_id, &view->names);
}

static void show_refund(struct json_out *out, const char *key, const struct refund_view *view)
{
	const struct refund_row *row = &view->row;

	out_object(out, key);
	out_id(out, "id", row->refund_id);
	out_text(out, "kind", refund_kind_word(row->kind));
	out_text(out, "state", refund_state_word(row->state));
	show_account_name(out, "account", &view->names);
	out_id(out, "order", row->order_id);
	out_id(out, "suspense", row->suspense_id);
	out_id(out, "approval", row->approval_id);
	out_int(out, "amount_fen", row->amount_fen);
	out_text(out, "channel", channel_word(row->channel));
	out_text(out, "payee", row->payee);
	out_text(out, "reason", row->reason);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "decided_at", row->decided_ms);
	out_time_ms(out, "paid_at", row->paid_ms);
	out_text(out, "paid_by", row->paid_by);
	out_text(out, "voucher", row->voucher);
	out_text(out, "failure", row->failure);
	out_int(out, "version", row->version);
	out_object_end(out);
}

struct refund_rows {
	struct rows rows;
	struct refund_ask ask;
	struct refund_view view;
};

static bool take_refund(void *arg, const struct refund_row *row)
{
	struct refund_rows *list = arg;
	struct rows *rows = &list->rows;
	bool shows;

	rows->err = rows_at_account(rows, PERMISSION_ACCOUNT_READ, row->account_id, &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, "", 0, row->refund_id))
		return false;
	list->view.row = *row;
	rows->err = refund_view_read(rows->db, &list->view);
	if (!rows->err)
		show_refund(rows->page.out, NULL, &list->view);
	return !rows->err;
}

static enum err read_refunds(struct reader *reader, struct rows *rows)
{
	struct refund_rows *list = (struct refund_rows *)rows;

	list->ask.before = rows->page.ask.has_after ? rows->page.ask.after_id : 0;
	return refund_list(reader->db, rows->request->place.property_id, &list->ask, take_refund,
	                   list);
}

void refunds_list(struct request *request)
{
	const struct query_refunds_list *query = refunds_list_query(request);
	struct refund_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_refunds;
	list->ask.account_id = query->account;
	if (query->has_state)
		(void)refund_state_parse(query->state, &list->ask.state);
	if (query->has_kind)
		(void)refund_kind_parse(query->kind, &list->ask.kind);
	rows_run(request, &list->rows);
}

struct refund_look {
	struct look look;
	int64_t refund_id;
	struct refund_view view;
};

static enum err read_refund(struct reader *reader, struct look *look)
{
	struct refund_look *found = (struct refund_look *)look;
	enum err err = refund_get(reader->db, look->request->place.property_id, found->refund_id,
	                          &found->view.row);

	if (!err)
		err = look_at_account(reader, look->request, PERMISSION_ACCOUNT_READ,
		                      found->view.row.account_id);
	look->version = found->view.row.version;
	return err ? err : refund_view_read(reader->db, &found->view);
}

static void write_refund_look(struct json_out *out, const void *arg)
{
	show_refund(out, NULL, &((const struct refund_look *)arg)->view);
}

void refund_show(struct request *request)
{
	struct refund_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_refund;
	found->look.write = write_refund_look;
	found->refund_id = request_number(request, "refund");
	look_run(request, &found->look);
}

/* ---- made, or waiting for a second person ---- */

/* The three ways back are asked for and answer alike. */
struct back_act {
	struct act act;
	step_fn step;
	struct money_back back;
	struct refund_view view;
};

static enum err back_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct back_act *act = arg;
	enum err err = act->step(tx, &act->back, now_ms, out);

	if (err || !act->back.row.refund_id)
		return err;
	act->view.row = act->back.row;
	return refund_view_read(tx->db, &act->view);
}

static void write_back(struct json_out *out, const void *arg)
{
	const struct back_act *act = arg;

	out_object(out, NULL);
	if (act->back.row.refund_id)
		show_refund(out, "item", &act->view);
	else
		out_null(out, "item");
	out_id(out, "approval", act->back.approval_id);
	out_object_end(out);
}

static void back_run(struct request *request, step_fn step, const struct money_back *back,
                     const char *reason)
{
	struct back_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = back_step, .fault = &act->back.fault, .write = write_back, .status = 201};
	act->step = step;
	act->back = *back;
	act->back.property_id = request->place.property_id;
	actor_fill(&act->back.actor, request, reason);
	act_run(request, &act->act);
}

void order_reverse(struct request *request)
{
	back_run(request, order_reverse_step,
	         &(struct money_back){.order_id = request_number(request, "order")},
	         order_reverse_body(request)->reason);
}

void payment_refund(struct request *request)
{
	back_run(request, payment_refund_step,
	         &(struct money_back){.order_id = request_number(request, "order")},
	         payment_refund_body(request)->reason);
}

void refund_create(struct request *request)
{
	const struct body_new_refund *body = refund_create_body(request);
	struct money_back back = {.account_id = body->account,
	                          .amount_fen = body->amount_fen,
	                          .payee = body->has_payee ? body->payee : ""};

	(void)channel_parse(body->channel, &back.channel);
	back_run(request, credit_refund_step, &back, body->reason);
}

/* ---- paid out ---- */

struct paid_act {
	struct act act;
	struct refund_paid paid;
	struct refund_view view;
};

static enum err paid_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct paid_act *act = arg;
	enum err err = refund_paid_step(tx, &act->paid, now_ms, out);

	act->view.row = act->paid.row;
	return err ? err : refund_view_read(tx->db, &act->view);
}

static void write_paid(struct json_out *out, const void *arg)
{
	show_refund(out, NULL, &((const struct paid_act *)arg)->view);
}

void refund_pay(struct request *request)
{
	const struct body_refund_paid *body = refund_pay_body(request);
	struct paid_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = paid_step,
	                        .fault = &act->paid.fault,
	                        .version = &act->view.row.version,
	                        .write = write_paid};
	act->paid = (struct refund_paid){.property_id = request->place.property_id,
	                                 .refund_id = request_number(request, "refund"),
	                                 .version = request->version,
	                                 .voucher = body->has_voucher ? body->voucher : ""};
	(void)channel_parse(body->channel, &act->paid.channel);
	actor_fill(&act->paid.actor, request, "");
	act_run(request, &act->act);
}

/* ---- adjustments ---- */

struct adjust_act {
	struct act act;
	struct adjustment adjustment;
};

static enum err adjustment_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return adjust_step(tx, &((struct adjust_act *)arg)->adjustment, now_ms, out);
}

static void write_adjustment(struct json_out *out, const void *arg)
{
	const struct adjustment *adjustment = &((const struct adjust_act *)arg)->adjustment;

	out_object(out, NULL);
	if (adjustment->group_no) {
		out_int(out, "posting", adjustment->group_no);
		out_int(out, "balance_fen", adjustment->balance_fen);
	} else {
		out_null(out, "posting");
		out_null(out, "balance_fen");
	}
	out_id(out, "approval", adjustment->approval_id);
	out_object_end(out);
}

void adjustment_create(struct request *request)
{
	const struct body_new_adjustment *body = adjustment_create_body(request);
	struct adjust_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = adjustment_step,
	                        .fault = &act->adjustment.fault,
	                        .write = write_adjustment,
	                        .status = 201};
	act->adjustment = (struct adjustment){.property_id = request->place.property_id,
	                                      .account_id = body->account,
	                                      .amount_fen = body->amount_fen,
	                                      .refers = body->refers};
	actor_fill(&act->adjustment.actor, request, body->reason);
	act_run(request, &act->act);
}

/* ---- debts ---- */

struct debt_view {
	struct debt_row row;
	struct account_names names;
};

static enum err debt_view_read(struct db *db, struct debt_view *view)
{
	return account_names_read(db, view->row.property_id, view->row.account_id, &view->names);
}

static void show_debt(struct json_out *out, const struct debt_view *view)
{
	const struct debt_row *row = &view->row;

	out_object(out, NULL);
	out_id(out, "id", row->debt_id);
	show_account_name(out, "account", &view->names);
	out_text(out, "kind", debt_kind_word(row->kind));
	out_text(out, "state", debt_state_word(row->state));
	out_int(out, "amount_fen", row->amount_fen);
	out_int(out, "recovered_fen", row->recovered_fen);
	out_text(out, "reason", row->reason);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "created_at", row->created_ms);
	out_time_ms(out, "done_at", row->done_ms);
	out_int(out, "version", row->version);
	out_object_end(out);
}

struct debt_rows {
	struct rows rows;
	int64_t account_id;
	bool open_only;
	struct debt_view view;
};

static bool take_debt(void *arg, const struct debt_row *row)
{
	struct debt_rows *list = arg;
	struct rows *rows = &list->rows;
	bool shows;

	rows->err = rows_at_account(rows, PERMISSION_ACCOUNT_READ, row->account_id, &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, "", 0, row->debt_id))
		return false;
	list->view.row = *row;
	rows->err = debt_view_read(rows->db, &list->view);
	if (!rows->err)
		show_debt(rows->page.out, &list->view);
	return !rows->err;
}

static enum err read_debts(struct reader *reader, struct rows *rows)
{
	struct debt_rows *list = (struct debt_rows *)rows;

	return debt_list(reader->db, rows->request->place.property_id, list->account_id,
	                 list->open_only, rows->page.ask.has_after ? rows->page.ask.after_id : 0,
	                 take_debt, list);
}

void debts_list(struct request *request)
{
	const struct query_debts_list *query = debts_list_query(request);
	struct debt_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_debts;
	list->account_id = query->account;
	list->open_only = query->open;
	rows_run(request, &list->rows);
}

struct debt_look {
	struct look look;
	int64_t debt_id;
	struct debt_view view;
};

static enum err read_debt(struct reader *reader, struct look *look)
{
	struct debt_look *found = (struct debt_look *)look;
	enum err err = debt_get(reader->db, look->request->place.property_id, found->debt_id,
	                        &found->view.row);

	if (!err)
		err = look_at_account(reader, look->request, PERMISSION_ACCOUNT_READ,
		                      found->view.row.account_id);
	look->version = found->view.row.version;
	return err ? err : debt_view_read(reader->db, &found->view);
}

static void write_debt_look(struct json_out *out, const void *arg)
{
	show_debt(out, &((const struct debt_look *)arg)->view);
}

void debt_show(struct request *request)
{
	struct debt_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_debt;
	found->look.write = write_debt_look;
	found->debt_id = request_number(request, "debt");
	look_run(request, &found->look);
}

struct debt_act {
	struct act act;
	struct debt_edit edit;
	struct debt_view view;
};

static enum err debt_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct debt_act *act = arg;
	enum err err = debt_edit_step(tx, &act->edit, now_ms, out);

	act->view.row = act->edit.row;
	return err ? err : debt_view_read(tx->db, &act->view);
}

static void write_debt_act(struct json_out *out, const void *arg)
{
	show_debt(out, &((const struct debt_act *)arg)->view);
}

static struct debt_act *debt_act_new(struct request *request, const char *reason)
{
	struct debt_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = debt_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->view.row.version,
	                        .write = write_debt_act};
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	actor_fill(&act->edit.actor, request, reason);
	return act;
}

void debt_create(struct request *request)
{
	const struct body_new_debt *body = debt_create_body(request);
	struct debt_act *act = debt_act_new(request, body->reason);

	if (!act)
		return;
	act->act.status = 201;
	act->edit.account_id = body->account;
	act->edit.amount_fen = body->amount_fen;
	(void)debt_kind_parse(body->kind, &act->edit.kind);
	act_run(request, &act->act);
}

void debt_waive(struct request *request)
{
	struct debt_act *act = debt_act_new(request, debt_waive_body(request)->reason);

	if (!act)
		return;
	act->edit.debt_id = request_number(request, "debt");
	act_run(request, &act->act);
}
