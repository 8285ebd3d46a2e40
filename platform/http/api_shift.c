/* Shifts of cashiers, and the property's rules of selling. */
#include <string.h>

#include "platform/core/vend.h"
#include "platform/http/act.h"
#include "platform/http/gate.h"

/* ---- shifts ---- */

struct shift_view {
	struct shift_row row;
	int64_t expected_fen;
	bool own;
};

static bool is_own(const struct request *request, const struct shift_row *row)
{
	struct actor actor;

	actor_fill(&actor, request, "");
	return row->user_id == actor.user_id && strcmp(row->by_name, actor.who) == 0;
}

static enum err shift_view_read(struct db *db, const struct request *request,
                                struct shift_view *view)
{
	view->own = is_own(request, &view->row);
	view->expected_fen = view->row.expected_fen;
	return view->row.closed_ms ? ERR_NONE
	                           : shift_expected_fen(db, &view->row, &view->expected_fen);
}

static void show_shift(struct json_out *out, const struct shift_view *view)
{
	const struct shift_row *row = &view->row;

	out_object(out, NULL);
	out_id(out, "id", row->shift_id);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "opened_at", row->opened_ms);
	out_time_ms(out, "closed_at", row->closed_ms);
	out_int(out, "opening_fen", row->opening_fen);
	out_int(out, "expected_fen", view->expected_fen);
	if (row->closed_ms) {
		out_int(out, "counted_fen", row->counted_fen);
		out_int(out, "difference_fen", row->difference_fen);
	} else {
		out_null(out, "counted_fen");
		out_null(out, "difference_fen");
	}
	out_text(out, "handed_to", row->handed_to);
	out_text(out, "note", row->note);
	out_bool(out, "own", view->own);
	out_int(out, "version", row->version);
	out_object_end(out);
}

/* One's own, and all of them for who reads the ledger of the property. */
static enum err shift_shows(struct db *db, const struct request *request,
                            const struct shift_row *row, bool *shows)
{
	struct place place;
	enum err err = place_of_space(db, row->property_id, 0, &place);

	*shows = !err &&
	         (is_own(request, row) || access_allows(&request->access, PERMISSION_LEDGER_READ,
	                                                &place, request->now_ms / 1000));
	return err;
}

struct shift_rows {
	struct rows rows;
	bool open_only;
	struct shift_view view;
};

static bool take_shift(void *arg, const struct shift_row *row)
{
	struct shift_rows *list = arg;
	struct rows *rows = &list->rows;
	bool shows;

	rows->err = shift_shows(rows->db, rows->request, row, &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, "", 0, row->shift_id))
		return false;
	list->view.row = *row;
	rows->err = shift_view_read(rows->db, rows->request, &list->view);
	if (!rows->err)
		show_shift(rows->page.out, &list->view);
	return !rows->err;
}

static enum err read_shifts(struct reader *reader, struct rows *rows)
{
	struct shift_rows *list = (struct shift_rows *)rows;

	return shift_list(reader->db, rows->request->place.property_id, list->open_only,
	                  rows->page.ask.has_after ? rows->page.ask.after_id : 0, take_shift, list);
}

void shifts_list(struct request *request)
{
	struct shift_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_shifts;
	list->open_only = shifts_list_query(request)->open;
	rows_run(request, &list->rows);
}

struct shift_look {
	struct look look;
	int64_t shift_id;
	struct shift_view view;
};

static enum err read_shift(struct reader *reader, struct look *look)
{
	struct shift_look *found = (struct shift_look *)look;
	bool shows = false;
	enum err err = shift_get(reader->db, look->request->place.property_id, found->shift_id,
	                         &found->view.row);

	if (!err)
		err = shift_shows(reader->db, look->request, &found->view.row, &shows);
	if (!err && !shows)
		err = ERR_HIDDEN;
	look->version = found->view.row.version;
	return err ? err : shift_view_read(reader->db, look->request, &found->view);
}

static void write_shift_look(struct json_out *out, const void *arg)
{
	show_shift(out, &((const struct shift_look *)arg)->view);
}

void shift_show(struct request *request)
{
	struct shift_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_shift;
	found->look.write = write_shift_look;
	found->shift_id = request_number(request, "shift");
	look_run(request, &found->look);
}

struct shift_act {
	struct act act;

	union {
		struct shift_begin begin;
		struct shift_end end;
	} u;
	struct shift_view view;
};

static enum err open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct shift_act *act = arg;
	enum err err = shift_begin_step(tx, &act->u.begin, now_ms, out);

	act->view.row = act->u.begin.row;
	return err ? err : shift_view_read(tx->db, act->act.request, &act->view);
}

static enum err close_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct shift_act *act = arg;
	enum err err = shift_end_step(tx, &act->u.end, now_ms, out);

	act->view.row = act->u.end.row;
	return err ? err : shift_view_read(tx->db, act->act.request, &act->view);
}

static void write_shift_act(struct json_out *out, const void *arg)
{
	show_shift(out, &((const struct shift_act *)arg)->view);
}

static struct shift_act *shift_act_new(struct request *request, step_fn step)
{
	struct shift_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){
	        .step = step, .version = &act->view.row.version, .write = write_shift_act};
	return act;
}

void shift_open(struct request *request)
{
	struct shift_act *act = shift_act_new(request, open_step);

	if (!act)
		return;
	act->act.status = 201;
	act->act.fault = &act->u.begin.fault;
	act->u.begin.property_id = request->place.property_id;
	act->u.begin.opening_fen = shift_open_body(request)->opening_fen;
	actor_fill(&act->u.begin.actor, request, "");
	act_run(request, &act->act);
}

void shift_close(struct request *request)
{
	const struct body_shift_end *body = shift_close_body(request);
	struct shift_act *act = shift_act_new(request, close_step);

	if (!act)
		return;
	act->act.fault = &act->u.end.fault;
	act->u.end.property_id = request->place.property_id;
	act->u.end.shift_id = request_number(request, "shift");
	act->u.end.version = request->version;
	act->u.end.counted_fen = body->counted_fen;
	act->u.end.handed_to = body->has_handed_to ? body->handed_to : "";
	act->u.end.note = body->has_note ? body->note : "";
	actor_fill(&act->u.end.actor, request, "");
	act_run(request, &act->act);
}

/* ---- rules ---- */

static void show_rules(struct json_out *out, const struct vend_rules *rules)
{
	out_object(out, NULL);
	for (unsigned i = 0; i < VEND_RULE_COUNT; i++)
		out_int(out, vend_rule_word(i), rules->value[i]);
	out_object(out, "fee_warning");
	out_text(out, "zh", FEE_WARNING_ZH);
	out_text(out, "en", FEE_WARNING_EN);
	out_object_end(out);
	out_int(out, "version", rules->version);
	out_object_end(out);
}

struct vending_look {
	struct look look;
	struct vend_rules rules;
};

static enum err read_vending(struct reader *reader, struct look *look)
{
	struct vending_look *found = (struct vending_look *)look;
	enum err err = vend_rules_get(reader->db, look->request->place.property_id, &found->rules);

	look->version = found->rules.version;
	return err;
}

static void write_vending_look(struct json_out *out, const void *arg)
{
	show_rules(out, &((const struct vending_look *)arg)->rules);
}

void vending_show(struct request *request)
{
	struct vending_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_vending;
	found->look.write = write_vending_look;
	look_run(request, &found->look);
}

struct vending_act {
	struct act act;
	struct vend_edit edit;
};

static enum err vending_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return vend_edit_step(tx, &((struct vending_act *)arg)->edit, now_ms, out);
}

static void write_vending_act(struct json_out *out, const void *arg)
{
	show_rules(out, &((const struct vending_act *)arg)->edit.rules);
}

void vending_edit(struct request *request)
{
	const struct body_vending_edit *body = vending_edit_body(request);
	struct vending_act *act = request_alloc(request, sizeof *act);
	struct vend_edit *edit;

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	edit = &act->edit;
	act->act = (struct act){.step = vending_step,
	                        .fault = &edit->fault,
	                        .version = &edit->rules.version,
	                        .write = write_vending_act};
	edit->property_id = request->place.property_id;
	edit->version = request->version;
	edit->fee_confirmed = body->fee_confirmed;
#define X(id, name, min, max, builtin)                                                             \
	edit->has[VEND_##id] = body->has_##name;                                                   \
	edit->value[VEND_##id] = body->name;
	VEND_RULES(X)
#undef X
	actor_fill(&edit->actor, request, "");
	act_run(request, &act->act);
}
