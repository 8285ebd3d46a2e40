/* What people do with accounts: open, close, another customer, another room, another meter. */
#include <string.h>

#include "platform/core/account_swap.h"
#include "platform/http/account_show.h"
#include "platform/http/act.h"
#include "platform/http/show_people.h"

/* Each act begins with this, and its step's request follows it in the same allocation. */
struct on_account {
	struct act act;
	step_fn run;            /* of the core */
	void *arg;              /* its request */
	struct account_act *on; /* the beginning of it */
	struct account_view view;
};

static enum err run_on(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct on_account *act = arg;
	enum err err = act->run(tx, act->arg, now_ms, out);

	return err ? err : account_view_read(tx->db, &act->on->row, now_ms, &act->view);
}

static void on_fill(struct on_account *act, struct request *request, step_fn run, void *arg,
                    struct account_act *on, const char *reason)
{
	act->act.step = run_on;
	act->act.fault = &on->fault;
	act->act.version = &on->row.version;
	act->run = run;
	act->arg = arg;
	act->on = on;
	on->property_id = request->place.property_id;
	on->account_id = request_number(request, "account");
	on->version = request->version;
	actor_fill(&on->actor, request, reason ? reason : "");
}

/* ---- registers ---- */

static struct account_final final_of(const struct body_final_register *body)
{
	return (struct account_final){
	        .meter = body->meter,
	        .accepted = body->accepted,
	        .reg = {.typed = body->has_units, .units = body->units, .photo = body->photo}
        };
}

static struct account_final *finals_of(struct request *request,
                                       const struct body_final_register *body, size_t count)
{
	struct account_final *finals = request_alloc(request, (count + 1) * sizeof *finals);

	for (size_t i = 0; finals && i < count; i++)
		finals[i] = final_of(&body[i]);
	return finals;
}

static enum credit_place credit_of(bool has, const char *word)
{
	enum credit_place place = CREDIT_PLATFORM;

	if (has)
		(void)credit_place_parse(word, &place);
	return place;
}

static struct account_binding *bindings_of(struct request *request,
                                           const struct body_meter_binding *body, size_t count)
{
	struct account_binding *meters = request_alloc(request, (count + 1) * sizeof *meters);

	for (size_t i = 0; meters && i < count; i++) {
		meters[i] = (struct account_binding){
		        .meter = body[i].meter,
		        .credit = credit_of(body[i].has_credit, body[i].credit),
		        .reg = {.typed = body[i].has_units,
		                .units = body[i].units,
		                .photo = body[i].photo}
                };
		(void)service_parse(body[i].service, &meters[i].service);
	}
	return meters;
}

static enum pay_channel channel_of(bool has, const char *word)
{
	enum pay_channel channel = CHANNEL_TRANSFER;

	if (has)
		(void)channel_parse(word, &channel);
	return channel;
}

/* ---- opening ---- */

struct open_act {
	struct on_account on;
	struct account_open open;
};

static void write_opened(struct json_out *out, const void *arg)
{
	const struct open_act *act = arg;

	out_object(out, NULL);
	account_view_write(out, "account", &act->on.view);
	out_int(out, "taken_rows", act->open.taken_rows);
	out_int(out, "taken_fen", act->open.taken_fen);
	out_object_end(out);
}

static struct open_act *open_act(struct request *request, step_fn run, const char *reason,
                                 const struct body_meter_binding *meters, size_t count)
{
	struct open_act *act = request_alloc(request, sizeof *act);

	if (act)
		act->open.meter = bindings_of(request, meters, count);
	if (!act || !act->open.meter) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->open.count = count;
	on_fill(&act->on, request, run, &act->open, &act->open.act, reason);
	act->on.act.write = write_opened;
	return act;
}

void account_open(struct request *request)
{
	const struct body_account_open *body = account_open_body(request);
	struct open_act *act = open_act(request, account_open_step, body->reason, body->meters,
	                                body->meters_count);

	if (!act)
		return;
	act->open.has_opening = body->has_opening_fen;
	act->open.opening_fen = body->opening_fen;
	act_run(request, &act->on.act);
}

void account_add(struct request *request)
{
	const struct body_account_add *body = account_add_body(request);
	struct open_act *act =
	        open_act(request, account_add_step, body->reason, body->meters, body->meters_count);

	if (act)
		act_run(request, &act->on.act);
}

void account_takeover(struct request *request)
{
	struct open_act *act = open_act(request, account_takeover_step,
	                                account_takeover_body(request)->reason, NULL, 0);

	if (act)
		act_run(request, &act->on.act);
}

/* ---- closing ---- */

struct close_act {
	struct on_account on;
	struct account_close close;
};

static void show_closed(struct json_out *out, const char *key, const struct account_close *close,
                        const struct account_view *view)
{
	out_object(out, key);
	account_view_write(out, "account", view);
	out_text(out, "direction", account_direction_word(close->direction));
	out_int(out, "left_fen", close->balance_fen);
	out_int(out, "lapsed_fen", close->lapsed_fen);
	show_number(out, "refund", close->refund_id);
	show_number(out, "approval", close->approval_id);
	out_object_end(out);
}

static void write_closed(struct json_out *out, const void *arg)
{
	const struct close_act *act = arg;

	show_closed(out, NULL, &act->close, &act->on.view);
}

static struct close_act *close_act(struct request *request, step_fn run, const char *reason,
                                   const struct body_final_register *meters, size_t count)
{
	struct close_act *act = request_alloc(request, sizeof *act);

	if (act)
		act->close.meter = finals_of(request, meters, count);
	if (!act || !act->close.meter) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->close.count = count;
	on_fill(&act->on, request, run, &act->close, &act->close.act, reason);
	act->on.act.write = write_closed;
	return act;
}

void account_remove(struct request *request)
{
	const struct body_account_remove *body = account_remove_body(request);
	struct close_act *act = close_act(request, account_close_step, body->reason, body->meters,
	                                  body->meters_count);

	if (!act)
		return;
	act->close.part = true;
	act_run(request, &act->on.act);
}

void account_close(struct request *request)
{
	const struct body_account_close *body = account_close_body(request);
	struct close_act *act = close_act(request, account_close_step, body->reason, body->meters,
	                                  body->meters_count);

	if (!act)
		return;
	act->close.channel = channel_of(body->has_channel, body->channel);
	act->close.payee = body->payee;
	act_run(request, &act->on.act);
}

static void finish_run(struct request *request, step_fn run, const struct body_account_finish *body)
{
	struct close_act *act = close_act(request, run, body->reason, NULL, 0);

	if (!act)
		return;
	act->close.channel = channel_of(body->has_channel, body->channel);
	act->close.payee = body->payee;
	act_run(request, &act->on.act);
}

void account_finish(struct request *request)
{
	finish_run(request, account_finish_step, account_finish_body(request));
}

void account_payout(struct request *request)
{
	finish_run(request, account_payout_step, account_payout_body(request));
}

struct writeoff_act {
	struct act act;
	struct account_writeoff writeoff;
};

static enum err writeoff_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct writeoff_act *act = arg;

	return account_writeoff_step(tx, &act->writeoff, now_ms, out);
}

static void write_writeoff(struct json_out *out, const void *arg)
{
	const struct writeoff_act *act = arg;

	out_object(out, NULL);
	out_id(out, "account", act->writeoff.act.account_id);
	out_id(out, "approval", act->writeoff.approval_id);
	out_object_end(out);
}

void account_writeoff(struct request *request)
{
	const struct body_account_writeoff *body = account_writeoff_body(request);
	struct writeoff_act *act = request_alloc(request, sizeof *act);
	struct account_act *on;

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	on = &act->writeoff.act;
	act->act = (struct act){
	        .step = writeoff_step, .fault = &on->fault, .write = write_writeoff, .status = 202};
	on->property_id = request->place.property_id;
	on->account_id = request_number(request, "account");
	on->version = request->version;
	actor_fill(&on->actor, request, body->reason);
	act->writeoff.owed_fen = body->owed_fen;
	act_run(request, &act->act);
}

/* ---- another customer, another room, another meter ---- */

struct change_act {
	struct on_account on;
	struct account_change change;
	struct account_view opened;
};

static enum err change_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct change_act *act = arg;
	enum err err = run_on(tx, arg, now_ms, out);

	return err ? err : account_view_read(tx->db, &act->change.opened, now_ms, &act->opened);
}

static void write_changed(struct json_out *out, const void *arg)
{
	const struct change_act *act = arg;

	out_object(out, NULL);
	show_closed(out, "closed", &act->change.closed, &act->on.view);
	account_view_write(out, "account", &act->opened);
	out_object_end(out);
}

void account_change(struct request *request)
{
	const struct body_account_change *body = account_change_body(request);
	struct change_act *act = request_alloc(request, sizeof *act);

	if (act)
		act->change.meter = finals_of(request, body->meters, body->meters_count);
	if (!act || !act->change.meter) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->change.count = body->meters_count;
	act->change.customer_id = body->customer;
	act->change.code = body->code;
	act->change.channel = channel_of(body->has_channel, body->channel);
	act->change.payee = body->payee;
	on_fill(&act->on, request, account_change_step, &act->change, &act->change.act,
	        body->reason);
	act->on.act.step = change_step;
	act->on.act.write = write_changed;
	act_run(request, &act->on.act);
}

struct move_act {
	struct on_account on;
	struct account_move move;
};

static void write_moved(struct json_out *out, const void *arg)
{
	const struct move_act *act = arg;

	account_view_write(out, NULL, &act->on.view);
}

void account_move(struct request *request)
{
	const struct body_account_move *body = account_move_body(request);
	struct move_act *act = request_alloc(request, sizeof *act);

	if (act) {
		act->move.old = finals_of(request, body->leaves, body->leaves_count);
		act->move.to = bindings_of(request, body->takes, body->takes_count);
	}
	if (!act || !act->move.old || !act->move.to) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->move.old_count = body->leaves_count;
	act->move.to_count = body->takes_count;
	on_fill(&act->on, request, account_move_step, &act->move, &act->move.act, body->reason);
	act->on.act.write = write_moved;
	act_run(request, &act->on.act);
}

struct swap_act {
	struct on_account on;
	struct account_swap swap;
};

static void write_swapped(struct json_out *out, const void *arg)
{
	const struct swap_act *act = arg;

	out_object(out, NULL);
	account_view_write(out, "account", &act->on.view);
	out_int(out, "moved_fen", act->swap.moved_fen);
	show_number(out, "command", act->swap.command_id);
	out_object_end(out);
}

void account_swap(struct request *request)
{
	const struct body_account_swap *body = account_swap_body(request);
	struct swap_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->swap.rules = request->http->platform->rules;
	act->swap.old = final_of(&body->old);
	act->swap.to = (struct account_binding){
	        .meter = body->meter,
	        .credit = credit_of(body->has_credit, body->credit),
	        .reg = {.typed = body->has_units, .units = body->units, .photo = body->photo}
        };
	on_fill(&act->on, request, account_swap_step, &act->swap, &act->swap.act, body->reason);
	act->on.act.write = write_swapped;
	act_run(request, &act->on.act);
}
