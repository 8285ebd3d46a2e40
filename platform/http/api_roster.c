/* Rosters: acts for many accounts or meters, and what became of each row. */
#include <stdio.h>
#include <string.h>

#include "platform/core/roster.h"
#include "platform/http/act.h"
#include "platform/http/roster_show.h"
#include "platform/store/account.h"

static void show_roster(struct json_out *out, const char *key, const struct roster_row *row)
{
	out_object(out, key);
	out_id(out, "id", row->roster_id);
	out_text(out, "kind", row->kind);
	out_raw(out, "act", row->body, strlen(row->body));
	out_text(out, "reason", row->reason);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "created_at", row->created_ms);
	out_id(out, "approval", row->approval_id);
	out_int(out, "count", row->item_count);
	out_int(out, "done", row->done);
	out_int(out, "refused", row->refused);
	out_text(out, "state", roster_state_word(row->state));
	out_text(out, "stopped_why", row->stopped_why);
	out_object_end(out);
}

/* ---- asking for one ---- */

static void asked_write(struct json_out *out, const void *arg)
{
	const struct roster_request *roster = arg;

	out_object(out, NULL);
	if (roster->approval_id)
		out_null(out, "roster");
	else
		show_roster(out, "roster", &roster->row);
	out_id(out, "approval", roster->approval_id);
	out_int(out, "count", roster->touched);
	out_object_end(out);
}

static void ask_failed(struct request *request, void *arg, enum err err)
{
	const struct roster_request *roster = arg;
	const char *objects = roster->kind->meters ? "meters" : "accounts";
	char field[32];

	if (err == ERR_HIDDEN && roster->object) {
		snprintf(field, sizeof field, "%s[%zu]", objects, roster->bad);
		gate_note_refused(request, err);
		answer_problem(request, PROBLEM_NOT_FOUND, field, "is none of this property");
	} else if (err == ERR_DUP) {
		answer_problem(request, PROBLEM_BAD_FIELD, objects, "one is named twice");
	} else if (err == ERR_NOT_FOUND && !roster->object) {
		answer_problem(request, PROBLEM_NOT_FOUND, objects,
		               "nothing that you may act on is selected");
	} else if (err == ERR_CONFLICT) {
		answer_problem(request, PROBLEM_EXISTS, objects,
		               "the same act waits for a second person");
	} else if (err == ERR_TOO_LONG) {
		answer_problem(request, PROBLEM_BAD_FIELD, objects, "at most 20000 of them");
	} else {
		answer_fault(request, err, &roster->fault);
	}
}

bool roster_chooses(struct request *request, const char *field, bool named, bool selects)
{
	if (named != selects)
		return true;
	answer_problem(request, PROBLEM_BAD_FIELD, field,
	               "either name them, or say `all`, a space or a use");
	return false;
}

void roster_ask(struct request *request, struct roster_request *roster, const char *reason)
{
	const struct once once = {.step = roster_create_step,
	                          .arg = roster,
	                          .write = asked_write,
	                          .failed = ask_failed,
	                          .status = 202,
	                          .property_id = request->place.property_id};

	actor_fill(&roster->actor, request, reason);
	roster->rules = request->http->platform->batch_rules;
	roster->property_id = request->place.property_id;
	request_once(request, &once);
}

/* ---- who sees it ---- */

/* Who sees all that it is about, or gave it himself. */
static bool sees(const struct request *request, const struct roster_row *row)
{
	const struct roster_kind *kind = roster_kind_find(row->kind);
	const struct access *access = &request->access;

	if (gate_shows(request,
	               kind && kind->meters ? PERMISSION_PROPERTY_READ : PERMISSION_ACCOUNT_READ,
	               &request->place))
		return true;
	return access->key_id ? row->by_key_id == access->key_id
	                      : access->user_id && row->by_user_id == access->user_id;
}

/* ---- the list ---- */

static bool take_roster(void *arg, const struct roster_row *row)
{
	struct rows *rows = arg;

	if (!sees(rows->request, row))
		return true;
	if (!page_take(&rows->page, "", 0, row->roster_id))
		return false;
	show_roster(rows->page.out, NULL, row);
	return true;
}

static enum err read_rosters(struct reader *reader, struct rows *rows)
{
	return roster_list(reader->db, rows->request->place.property_id, rows->page.ask.after_id,
	                   take_roster, rows);
}

void rosters_list(struct request *request)
{
	rows_list(request, read_rosters);
}

/* ---- one ---- */

struct roster_look {
	struct look look;
	int64_t roster_id;
	struct roster_row row;
};

static enum err read_roster(struct reader *reader, struct look *arg)
{
	struct roster_look *look = (struct roster_look *)arg;
	enum err err = roster_get(reader->db, arg->request->place.property_id, look->roster_id,
	                          &look->row);

	arg->version = -1;
	return !err && !sees(arg->request, &look->row) ? ERR_HIDDEN : err;
}

static void write_roster(struct json_out *out, const void *look)
{
	show_roster(out, NULL, &((const struct roster_look *)look)->row);
}

void roster_show(struct request *request)
{
	struct roster_look *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->look.read = read_roster;
	look->look.write = write_roster;
	look->roster_id = request_number(request, "roster");
	look_run(request, &look->look);
}

/* ---- its rows ---- */

struct item_rows {
	struct rows rows;
	int64_t roster_id;
	bool refused, meters;
};

static enum err show_account(struct rows *rows, const struct roster_item *item)
{
	struct json_out *out = rows->page.out;
	struct account_row account;
	enum err err = account_get(rows->db, item->property_id, item->object_id, &account);

	if (err)
		return err;
	out_object(out, "account");
	out_id(out, "id", item->object_id);
	out_text(out, "code", account.code);
	out_object_end(out);
	out_null(out, "meter");
	return ERR_NONE;
}

static bool take_item(void *arg, const struct roster_item *item)
{
	struct item_rows *list = arg;
	struct rows *rows = &list->rows;
	struct json_out *out = rows->page.out;

	if (!page_take(&rows->page, "", 0, item->position))
		return false;
	out_object(out, NULL);
	out_int(out, "position", item->position);
	if (list->meters) {
		out_null(out, "account");
		out_meter(out, "meter", item->object_id);
	} else {
		rows->err = show_account(rows, item);
	}
	out_bool(out, "done", item->done);
	out_int(out, "result", item->result);
	out_text(out, "error", item->error);
	out_text(out, "detail", item->detail);
	out_object_end(out);
	return !rows->err;
}

static enum err read_items(struct reader *reader, struct rows *rows)
{
	struct item_rows *list = (struct item_rows *)rows;
	int64_t property_id = rows->request->place.property_id;
	const struct roster_kind *kind;
	struct roster_row row;
	enum err err = roster_get(reader->db, property_id, list->roster_id, &row);

	if (!err && !sees(rows->request, &row))
		err = ERR_HIDDEN;
	if (err)
		return err;
	kind = roster_kind_find(row.kind);
	list->meters = kind && kind->meters;
	return roster_items(reader->db, property_id, list->roster_id, list->refused,
	                    rows->page.ask.after_id, take_item, list);
}

void roster_items_list(struct request *request)
{
	struct item_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_items;
	list->roster_id = request_number(request, "roster");
	list->refused = roster_items_list_query(request)->refused;
	rows_run(request, &list->rows);
}

/* ---- stopping ---- */

struct stop_act {
	struct act act;
	struct roster_stop stop;
};

static enum err stop_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return roster_stop_step(tx, &((struct stop_act *)act)->stop, now_ms, out);
}

void roster_stop(struct request *request)
{
	struct stop_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = stop_step, .fault = &act->stop.fault};
	act->stop.property_id = request->place.property_id;
	act->stop.roster_id = request_number(request, "roster");
	actor_fill(&act->stop.actor, request, "");
	act_run(request, &act->act);
}
