/* Accounts: lists, one of them, drafts and edits. Their acts: api_account_act.c. */
#include <string.h>

#include "platform/http/account_show.h"
#include "platform/http/act.h"

/* ---- list ---- */

struct account_rows {
	struct rows rows;
	struct account_filter filter;
	struct account_line line;
};

static bool take_account(void *arg, const struct account_row *row)
{
	struct account_rows *list = arg;
	struct rows *rows = &list->rows;
	int64_t now_ms = rows->request->now_ms;
	bool shows;

	rows->err = account_shows(rows->db, &rows->request->access, PERMISSION_ACCOUNT_READ, row,
	                          now_ms / 1000, &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, row->code, row->opened_s, row->account_id))
		return false;
	rows->err = account_line_read(rows->db, row, now_ms, &list->line);
	if (!rows->err)
		account_line_write(rows->page.out, &list->line);
	return !rows->err;
}

static enum err read_accounts(struct reader *reader, struct rows *rows)
{
	struct account_rows *list = (struct account_rows *)rows;

	list->filter.ask = rows->page.ask;
	return account_list(reader->db, rows->request->place.property_id, &list->filter,
	                    take_account, list);
}

_Static_assert(ACCOUNTS_LIST_SORT_ID == (int)ACCOUNT_BY_NUMBER &&
                       ACCOUNTS_LIST_SORT_CODE == (int)ACCOUNT_BY_CODE &&
                       ACCOUNTS_LIST_SORT_OPENED == (int)ACCOUNT_BY_OPENED,
               "the fragment's order of sort words");

void accounts_list(struct request *request)
{
	const struct query_accounts_list *query = accounts_list_query(request);
	struct account_rows *list = request_alloc(request, sizeof *list);
	enum account_state state;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_accounts;
	list->filter.customer_id = query->customer;
	list->filter.meter = query->meter;
	if (query->has_state && account_state_parse(query->state, &state))
		list->filter.state = (int)state;
	rows_run(request, &list->rows);
}

/* ---- one ---- */

struct account_look {
	struct look look;
	int64_t account_id;
	struct account_view view;
};

static enum err read_account(struct reader *reader, struct look *look)
{
	struct account_look *account = (struct account_look *)look;
	const struct request *request = look->request;
	struct account_row row;
	bool shows = false;
	enum err err =
	        account_get(reader->db, request->place.property_id, account->account_id, &row);

	if (!err)
		err = account_shows(reader->db, &request->access, PERMISSION_ACCOUNT_READ, &row,
		                    request->now_ms / 1000, &shows);
	if (err)
		return err;
	look->version = row.version;
	return shows ? account_view_read(reader->db, &row, request->now_ms, &account->view)
	             : ERR_HIDDEN;
}

static void write_account(struct json_out *out, const void *arg)
{
	const struct account_look *account = arg;

	account_view_write(out, NULL, &account->view);
}

void account_show(struct request *request)
{
	struct account_look *account = request_alloc(request, sizeof *account);

	if (!account) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	account->look.read = read_account;
	account->look.write = write_account;
	account->account_id = request_number(request, "account");
	look_run(request, &account->look);
}

/* ---- drafts and edits ---- */

struct edit_act {
	struct act act;
	struct account_edit edit;
	struct account_view view;
};

static enum err edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct edit_act *act = arg;
	enum err err = account_edit_step(tx, &act->edit, now_ms, out);

	return err ? err : account_view_read(tx->db, &act->edit.act.row, now_ms, &act->view);
}

static void write_edit(struct json_out *out, const void *arg)
{
	const struct edit_act *act = arg;

	account_view_write(out, NULL, &act->view);
}

static struct edit_act *edit_act(struct request *request, const char *reason)
{
	struct edit_act *act = request_alloc(request, sizeof *act);
	struct account_act *on;

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	on = &act->edit.act;
	act->act = (struct act){.step = edit_step,
	                        .fault = &on->fault,
	                        .version = &on->row.version,
	                        .write = write_edit};
	on->property_id = request->place.property_id;
	on->version = request->version;
	actor_fill(&on->actor, request, reason);
	return act;
}

static void limit_take(struct account_edit *edit, enum account_limit limit, bool has, bool null,
                       int64_t fen)
{
	edit->has[limit] = has;
	edit->set[limit] = has && !null;
	edit->limit_fen[limit] = fen;
}

static void limits_take(struct account_edit *edit, const struct body_account_limits *body)
{
	limit_take(edit, ACCOUNT_ALARM1, body->has_alarm1_fen, body->null_alarm1_fen,
	           body->alarm1_fen);
	limit_take(edit, ACCOUNT_ALARM2, body->has_alarm2_fen, body->null_alarm2_fen,
	           body->alarm2_fen);
	limit_take(edit, ACCOUNT_OVERDRAFT, body->has_overdraft_fen, body->null_overdraft_fen,
	           body->overdraft_fen);
	limit_take(edit, ACCOUNT_HOARDING, body->has_hoarding_fen, body->null_hoarding_fen,
	           body->hoarding_fen);
	limit_take(edit, ACCOUNT_ALLOW_CLOSE, body->has_allow_close_fen, body->null_allow_close_fen,
	           body->allow_close_fen);
}

void account_create(struct request *request)
{
	const struct body_new_account *body = account_create_body(request);
	struct edit_act *act = edit_act(request, "");

	if (!act)
		return;
	act->act.status = 201;
	act->edit.customer_id = body->customer;
	act->edit.code = body->code;
	act->edit.plan_code = body->plan;
	act->edit.note = body->note;
	if (body->has_limits)
		limits_take(&act->edit, &body->limits);
	act->edit.has_terms = body->has_terms;
	if (body->has_terms) {
		struct account_terms *terms = &act->edit.terms;

		(void)account_kind_parse(body->terms.kind, &terms->kind);
		terms->fee_fen = body->terms.fee_fen;
		terms->bill_day = (int32_t)body->terms.bill_day;
		terms->due_days = (int32_t)body->terms.due_days;
		terms->overdue_trips = body->terms.overdue_trips;
	}
	act_run(request, &act->act);
}

void account_edit(struct request *request)
{
	const struct body_account_edit *body = account_edit_body(request);
	struct edit_act *act = edit_act(request, body->has_reason ? body->reason : "");

	if (!act)
		return;
	act->edit.act.account_id = request_number(request, "account");
	act->edit.customer_id = body->customer;
	act->edit.code = body->code;
	act->edit.plan_code = body->has_plan && body->null_plan ? "" : body->plan;
	act->edit.note = body->note;
	if (body->has_limits)
		limits_take(&act->edit, &body->limits);
	act_run(request, &act->act);
}

/* ---- terms and states ---- */

struct terms_act {
	struct act act;
	struct account_terms_act terms;
	struct account_view view;
};

static enum err terms_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct terms_act *act = arg;
	enum err err = account_terms_step(tx, &act->terms, now_ms, out);

	return err ? err : account_view_read(tx->db, &act->terms.act.row, now_ms, &act->view);
}

static void write_terms(struct json_out *out, const void *arg)
{
	const struct terms_act *act = arg;

	account_view_write(out, NULL, &act->view);
}

void account_terms_set(struct request *request)
{
	const struct body_terms_edit *body = account_terms_set_body(request);
	struct terms_act *act = request_alloc(request, sizeof *act);
	struct account_act *on;
	struct account_terms *terms;

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	on = &act->terms.act;
	terms = &act->terms.terms;
	act->act = (struct act){.step = terms_step,
	                        .fault = &on->fault,
	                        .version = &on->row.version,
	                        .write = write_terms};
	on->property_id = request->place.property_id;
	on->account_id = request_number(request, "account");
	on->version = request->version;
	actor_fill(&on->actor, request, body->has_reason ? body->reason : "");
	act->terms.take_back = body->withdraw;
	terms->from_s = body->from_s;
	(void)account_kind_parse(body->kind, &terms->kind);
	terms->fee_fen = body->fee_fen;
	terms->bill_day = (int32_t)body->bill_day;
	terms->due_days = (int32_t)body->due_days;
	terms->overdue_trips = body->overdue_trips;
	act_run(request, &act->act);
}

struct state_act {
	struct act act;
	step_fn move;
	struct account_act on;
	struct account_view view;
};

static enum err state_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct state_act *act = arg;
	enum err err = act->move(tx, &act->on, now_ms, out);

	return err ? err : account_view_read(tx->db, &act->on.row, now_ms, &act->view);
}

static void write_state(struct json_out *out, const void *arg)
{
	const struct state_act *act = arg;

	account_view_write(out, NULL, &act->view);
}

static void state_run(struct request *request, step_fn move, const char *reason)
{
	struct state_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = state_step,
	                        .fault = &act->on.fault,
	                        .version = &act->on.row.version,
	                        .write = write_state};
	act->move = move;
	act->on.property_id = request->place.property_id;
	act->on.account_id = request_number(request, "account");
	act->on.version = request->version;
	actor_fill(&act->on.actor, request, reason);
	act_run(request, &act->act);
}

void account_suspend(struct request *request)
{
	state_run(request, account_suspend_step, account_suspend_body(request)->reason);
}

void account_resume(struct request *request)
{
	state_run(request, account_resume_step, account_resume_body(request)->reason);
}

void account_drop(struct request *request)
{
	state_run(request, account_drop_step, account_drop_body(request)->reason);
}
