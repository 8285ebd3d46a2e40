/* Supply: states and money of meters, marks, evidence, the rules of a property, the incident switch, and
 * openings that wait for people. */
#include <stdio.h>
#include <string.h>

#include "libs/base/money.h"
#include "platform/core/calendar.h"
#include "platform/core/rating.h"
#include "platform/core/supply.h"
#include "platform/http/act.h"
#include "platform/http/show_people.h"
#include "platform/store/customer.h"
#include "platform/store/space.h"

static const char *const balance_words[BALANCE_STATES] = {"good",      "alarm-1", "alarm-2",
                                                          "overdraft", "grace",   "cut"};
static const char *const mode_words[] = {"prepaid", "keep-power", "forced-trip"};

static void show_mark(struct json_out *out, const char *key, const struct supply_meter *row)
{
	out_object(out, key);
	out_text(out, "kind", row->mark ? supply_mark_word(row->mark) : "none");
	out_text(out, "reason", row->mark_reason);
	out_text(out, "by", row->mark_by);
	out_time_s(out, "at", row->mark_s);
	out_int(out, "version", row->mark_version);
	out_object_end(out);
}

static void show_want(struct json_out *out, const char *key, enum supply_want want)
{
	out_text(out, key, want == SUPPLY_NOTHING ? NULL : supply_want_word(want));
}

/* ---- states ---- */

/* What a row shows beside what the store's list has. */
struct supply_more {
	char path[SPACE_PATH_SIZE], customer[CUSTOMER_NAME_SIZE];
	int64_t available_fen;
	int32_t days_left;
};

static enum err read_more(struct db *db, const struct supply_use *use, int64_t now_ms,
                          struct supply_more *more)
{
	int64_t property_id = use->use.property_id;
	struct customer_row customer;
	struct account_money money;
	struct account_row account;
	struct property_row property;
	struct space_row space;
	enum err err = ERR_NONE;

	more->path[0] = '\0';
	if (use->space_id)
		err = space_get(db, property_id, use->space_id, &space);
	if (!err && use->space_id)
		err = space_path(db, &space, more->path);
	if (!err)
		err = customer_get(db, property_id, use->customer_id, &customer);
	if (!err)
		err = account_get(db, property_id, use->use.account_id, &account);
	if (!err)
		err = property_get(db, property_id, &property);
	if (!err)
		err = account_money(db, property_id, use->use.account_id, now_ms, &money);
	if (!err)
		err = supply_days_left(db, &property, &account, money.available, now_ms,
		                       &more->days_left);
	if (err)
		return err;
	memcpy(more->customer, customer.name, sizeof more->customer);
	more->available_fen = money.usable.fen;
	return ERR_NONE;
}

static void show_reference(struct json_out *out, const char *key, int64_t id, const char *name,
                           const char *value)
{
	out_object(out, key);
	out_id(out, "id", id);
	out_text(out, name, value);
	out_object_end(out);
}

static void show_wants(struct json_out *out, const struct supply_meter *meter)
{
	out_bool(out, "opened", meter->opened == SUPPLY_OPENED);
	show_want(out, "want", meter->want);
	out_time_ms(out, "want_since", meter->want ? meter->want_ms : 0);
	out_text(out, "want_reason", meter->want_reason);
	show_number(out, "held", meter->held_id > 0 ? meter->held_id : 0);
	show_number(out, "command", meter->command_id);
}

static void show_supply(struct json_out *out, const struct supply_use *use,
                        const struct supply_more *more, int64_t now_s)
{
	const struct supply_meter *meter = &use->meter;

	out_object(out, NULL);
	out_meter(out, "meter", use->use.meter);
	out_text(out, "name", use->meter_name);
	out_text(out, "path", more->path);
	out_text(out, "service", service_word(use->use.service));
	show_reference(out, "account", use->use.account_id, "code", use->account_code);
	show_reference(out, "customer", use->customer_id, "name", more->customer);
	out_text(out, "state", room_state_word(room_state_of(use, now_s)));
	out_text(out, "balance_state", balance_words[use->account.memory.state]);
	out_time_s(out, "since", use->account.changed_s);
	out_int(out, "available_fen", more->available_fen);
	out_int(out, "days_left_tenths", more->days_left);
	out_time_s(out, "cut_at", use->account.memory.cut_at_s);
	out_bool(out, "waits", use->account.waits);
	out_time_s(out, "reading_at", use->reading.at_s);
	out_int(out, "reading", use->reading.units);
	out_text(out, "mode", mode_words[meter->mode]);
	out_time_s(out, "mode_until", meter->mode_until_s);
	out_text(out, "mode_by", meter->mode_by);
	show_mark(out, "mark", meter);
	show_wants(out, meter);
	out_object_end(out);
}

struct supply_rows {
	struct rows rows;
	bool has_state, marked;
	enum room_state state;
	int64_t account_id, now_ms;
	struct supply_more more;
};

static bool is_wanted(const struct supply_rows *list, const struct supply_use *use)
{
	if (list->account_id && use->use.account_id != list->account_id)
		return false;
	if (list->marked && use->meter.mark == MARK_NONE)
		return false;
	return !list->has_state || room_state_of(use, list->now_ms / 1000) == list->state;
}

static bool take_use(void *arg, const struct supply_use *use)
{
	struct supply_rows *list = arg;
	struct rows *rows = &list->rows;
	struct place place;

	if (!is_wanted(list, use))
		return true;
	rows->err = place_of_object(rows->db, use->use.property_id, use->space_id, &place);
	if (rows->err)
		return false;
	if (!rows_show(rows, PERMISSION_ACCOUNT_READ, &place))
		return true;
	if (!page_take(&rows->page, "", 0, use->use.meter))
		return false;
	rows->err = read_more(rows->db, use, list->now_ms, &list->more);
	if (!rows->err)
		show_supply(rows->page.out, use, &list->more, list->now_ms / 1000);
	return !rows->err;
}

static enum err read_supply(struct reader *reader, struct rows *rows)
{
	const struct list_ask *ask = &rows->page.ask;

	return supply_uses(reader->db, rows->request->place.property_id, 0,
	                   ask->has_after ? ask->after_id : 0, take_use, rows);
}

void supply_list(struct request *request)
{
	const struct query_supply_list *query = supply_list_query(request);
	struct supply_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_supply;
	list->now_ms = request->now_ms;
	list->has_state = query->has_state && room_state_parse(query->state, &list->state);
	list->marked = query->has_marked && query->marked;
	list->account_id = query->account;
	rows_run(request, &list->rows);
}

struct supply_look_at {
	struct look look;
	int64_t meter, now_ms;
	bool found;
	struct supply_use use;
	struct supply_more more;
};

static bool take_one(void *arg, const struct supply_use *use)
{
	struct supply_look_at *found = arg;

	found->use = *use;
	found->found = true;
	return false;
}

static enum err read_one(struct reader *reader, struct look *look)
{
	struct supply_look_at *found = (struct supply_look_at *)look;
	enum err err = supply_uses(reader->db, look->request->place.property_id, found->meter, 0,
	                           take_one, found);

	if (!err && !found->found)
		err = ERR_NOT_FOUND;
	if (!err)
		err = read_more(reader->db, &found->use, found->now_ms, &found->more);
	look->version = found->use.meter.mark_version;
	return err;
}

static void write_one(struct json_out *out, const void *look)
{
	const struct supply_look_at *found = look;

	show_supply(out, &found->use, &found->more, found->now_ms / 1000);
}

void meter_supply_show(struct request *request)
{
	struct supply_look_at *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->meter = request->scope.meter->meter;
	found->now_ms = request->now_ms;
	found->look.read = read_one;
	found->look.write = write_one;
	look_run(request, &found->look);
}

/* ---- marks ---- */

struct mark_act {
	struct act act;
	struct supply_mark_edit edit;
};

static enum err mark_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return supply_mark_step(tx, &((struct mark_act *)act)->edit, now_ms, out);
}

static void write_mark(struct json_out *out, const void *act)
{
	show_mark(out, NULL, &((const struct mark_act *)act)->edit.row);
}

void supply_mark_put(struct request *request)
{
	const struct body_supply_mark_edit *body = supply_mark_put_body(request);
	struct mark_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = mark_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.mark_version,
	                        .write = write_mark};
	act->edit.property_id = request->place.property_id;
	act->edit.meter = request->scope.meter->meter;
	act->edit.version = request->version;
	if (strcmp(body->kind, "none") != 0)
		(void)supply_mark_parse(body->kind, &act->edit.mark);
	actor_fill(&act->edit.actor, request, body->reason);
	act_run(request, &act->act);
}

/* ---- evidence ---- */

static void show_act(struct json_out *out, const struct supply_act *row)
{
	const struct balance_limits *limits = &row->limits;

	out_object(out, NULL);
	out_id(out, "id", row->act_id);
	out_meter(out, "meter", row->meter);
	out_id(out, "account", row->account_id);
	show_want(out, "kind", row->want);
	out_text(out, "reason", row->reason);
	out_time_ms(out, "at", row->at_ms);
	out_text(out, "balance_state", balance_words[row->state]);
	out_int(out, "available_fen", row->available.fen);
	out_int(out, "reading", row->reading.units);
	out_time_s(out, "reading_at", row->reading.at_s);
	if (row->reading.at_s)
		out_int(out, "reading_age_s", row->at_ms / 1000 - row->reading.at_s);
	else
		out_null(out, "reading_age_s");
	out_id(out, "tariff_version", row->reading.version_id);
	out_int(out, "alarm1_fen", limits->alarm1.fen);
	out_int(out, "alarm2_fen", limits->alarm2.fen);
	out_int(out, "overdraft_fen", limits->overdraft.fen);
	out_int(out, "allow_close_fen", limits->close.fen);
	out_int(out, "cut_notice_s", limits->grace_s);
	out_time_s(out, "announced_at", row->announced_s);
	out_id(out, "command", row->command_id);
	out_text(out, "outcome", supply_outcome_word(row->outcome));
	out_time_ms(out, "outcome_at", row->outcome_ms);
	out_object_end(out);
}

struct act_rows {
	struct rows rows;
	int64_t meter; /* 0: of the property */
};

static bool take_act(void *arg, const struct supply_act *row)
{
	struct act_rows *list = arg;

	if (!page_take(&list->rows.page, "", 0, row->act_id))
		return false;
	show_act(list->rows.page.out, row);
	return true;
}

static enum err read_acts(struct reader *reader, struct rows *rows)
{
	const struct list_ask *ask = &rows->page.ask;

	return supply_acts(reader->db, rows->request->place.property_id,
	                   ((struct act_rows *)rows)->meter, ask->has_after ? ask->after_id : 0,
	                   take_act, rows);
}

static void list_acts(struct request *request, int64_t meter)
{
	struct act_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_acts;
	list->meter = meter;
	rows_run(request, &list->rows);
}

void supply_acts_list(struct request *request)
{
	list_acts(request, request->scope.meter->meter);
}

void property_supply_acts_list(struct request *request)
{
	list_acts(request, 0);
}

/* ---- what a property decides by ---- */

static void show_rules(struct json_out *out, const char *key, const struct supply_rules *rules)
{
	bool stopped = rules->incident_ms != 0;

	out_object(out, key);
	for (unsigned i = 0; i < SUPPLY_RULE_COUNT; i++) {
		out_object(out, supply_rule_word((enum supply_rule)i));
		out_int(out, "value", rules->value[i]);
		out_text(out, "source",
		         source_word(rules->set[i] ? SOURCE_PROPERTY : SOURCE_BUILTIN));
		out_object_end(out);
	}
	out_time_ms(out, "stopped_since", rules->incident_ms);
	out_text(out, "stopped_by", stopped ? rules->incident_by : "");
	out_text(out, "stopped_reason", stopped ? rules->incident_reason : "");
	out_int(out, "version", rules->version);
	out_object_end(out);
}

struct rules_look {
	struct look look;
	struct supply_rules rules;
};

static enum err read_rules(struct reader *reader, struct look *look)
{
	struct rules_look *found = (struct rules_look *)look;
	enum err err =
	        supply_rules_get(reader->db, look->request->place.property_id, &found->rules);

	look->version = found->rules.version;
	return err;
}

static void write_rules_look(struct json_out *out, const void *look)
{
	show_rules(out, NULL, &((const struct rules_look *)look)->rules);
}

void supply_rules_show(struct request *request)
{
	struct rules_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_rules;
	found->look.write = write_rules_look;
	look_run(request, &found->look);
}

struct rules_act {
	struct act act;
	struct supply_rules_edit edit;
};

static enum err rules_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return supply_rules_step(tx, &((struct rules_act *)act)->edit, now_ms, out);
}

static void write_rules_act(struct json_out *out, const void *act)
{
	show_rules(out, NULL, &((const struct rules_act *)act)->edit.rules);
}

#define TAKE_RULE(id, name, min, max, builtin)                                                     \
	edit->has[SUPPLY_##id] = body->has_##name;                                                 \
	edit->set[SUPPLY_##id] = body->has_##name && !body->null_##name;                           \
	edit->value[SUPPLY_##id] = body->name;

void supply_rules_edit(struct request *request)
{
	const struct body_supply_rules_edit *body = supply_rules_edit_body(request);
	struct rules_act *act = request_alloc(request, sizeof *act);
	struct supply_rules_edit *edit;

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	edit = &act->edit;
	act->act = (struct act){.step = rules_step,
	                        .fault = &edit->fault,
	                        .version = &edit->rules.version,
	                        .write = write_rules_act};
	edit->property_id = request->place.property_id;
	edit->version = request->version;
	SUPPLY_RULES(TAKE_RULE)
	actor_fill(&edit->actor, request, "");
	act_run(request, &act->act);
}

/* ---- the incident switch ---- */

struct incident_act {
	struct act act;
	struct supply_incident incident;
};

static enum err incident_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return supply_incident_step(tx, &((struct incident_act *)act)->incident, now_ms, out);
}

static void write_incident(struct json_out *out, const void *act)
{
	const struct supply_incident *incident = &((const struct incident_act *)act)->incident;

	out_object(out, NULL);
	show_rules(out, "rules", &incident->rules);
	out_int(out, "recalled", incident->recalled);
	out_object_end(out);
}

void supply_incident_set(struct request *request)
{
	const struct body_supply_incident *body = supply_incident_set_body(request);
	struct incident_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = incident_step, .fault = &act->incident.fault, .write = write_incident};
	act->incident.property_id = request->place.property_id;
	act->incident.on = body->stop;
	actor_fill(&act->incident.actor, request, body->reason);
	act_run(request, &act->act);
}

struct restore_act {
	struct act act;
	struct supply_restore restore;
};

static enum err restore_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return supply_restore_step(tx, &((struct restore_act *)act)->restore, now_ms, out);
}

static void write_restore(struct json_out *out, const void *act)
{
	out_object(out, NULL);
	out_int(out, "meters", ((const struct restore_act *)act)->restore.meters);
	out_object_end(out);
}

void supply_restore_all(struct request *request)
{
	const struct body_supply_restore *body = supply_restore_all_body(request);
	struct restore_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = restore_step, .fault = &act->restore.fault, .write = write_restore};
	act->restore.property_id = request->place.property_id;
	act->restore.since_ms = body->since_s < INT64_MAX / 1000 ? body->since_s * 1000 : INT64_MAX;
	actor_fill(&act->restore.actor, request, body->reason);
	act_run(request, &act->act);
}

/* ---- openings that wait ---- */

static void show_held(struct json_out *out, const struct supply_held *row)
{
	out_object(out, NULL);
	out_id(out, "id", row->held_id);
	out_meter(out, "meter", row->meter);
	out_text(out, "path", supply_path_word(row->path));
	out_id(out, "batch", row->batch_id);
	out_text(out, "by", row->by_name);
	out_text(out, "reason", row->reason);
	out_time_ms(out, "at", row->made_ms);
	out_time_ms(out, "expires_at", row->expires_ms);
	out_text(out, "state", held_state_word(row->state));
	out_time_ms(out, "ended_at", row->ended_ms);
	out_text(out, "ended_why", row->ended_why);
	out_id(out, "command", row->command_id);
	out_id(out, "approval", row->approval_id);
	out_object_end(out);
}

struct held_rows {
	struct rows rows;
	int state;
};

static bool take_held(void *arg, const struct supply_held *row)
{
	struct held_rows *list = arg;

	if (!page_take(&list->rows.page, "", 0, row->held_id))
		return false;
	show_held(list->rows.page.out, row);
	return true;
}

static enum err read_held(struct reader *reader, struct rows *rows)
{
	const struct list_ask *ask = &rows->page.ask;

	return supply_held_list(reader->db, rows->request->place.property_id,
	                        ((struct held_rows *)rows)->state,
	                        ask->has_after ? ask->after_id : 0, take_held, rows);
}

void held_openings_list(struct request *request)
{
	const struct query_held_openings_list *query = held_openings_list_query(request);
	struct held_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_held;
	for (int state = HELD_WAITING; query->has_state && state <= HELD_DROPPED; state++)
		if (strcmp(query->state, held_state_word((enum held_state)state)) == 0)
			list->state = state;
	rows_run(request, &list->rows);
}

struct release_act {
	struct act act;
	struct supply_release release;
};

static enum err release_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return supply_release_step(tx, &((struct release_act *)act)->release, now_ms, out);
}

static void write_release(struct json_out *out, const void *act)
{
	const struct supply_release *release = &((const struct release_act *)act)->release;

	out_object(out, NULL);
	out_id(out, "approval", release->approval_id);
	out_int(out, "count", release->touched);
	out_object_end(out);
}

void held_openings_release(struct request *request)
{
	const struct body_held_release *body = held_openings_release_body(request);
	struct release_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = release_step,
	                        .fault = &act->release.fault,
	                        .write = write_release,
	                        .status = 202};
	act->release.property_id = request->place.property_id;
	if (body->has_held) {
		act->release.held = body->held;
		act->release.count = body->held_count;
	}
	actor_fill(&act->release.actor, request, body->reason);
	act_run(request, &act->act);
}

struct drop_act {
	struct act act;
	struct supply_drop drop;
};

static enum err drop_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return supply_drop_step(tx, &((struct drop_act *)act)->drop, now_ms, out);
}

static void write_drop(struct json_out *out, const void *act)
{
	show_held(out, &((const struct drop_act *)act)->drop.row);
}

void held_opening_drop(struct request *request)
{
	const struct body_held_drop *body = held_opening_drop_body(request);
	struct drop_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = drop_step, .fault = &act->drop.fault, .write = write_drop};
	act->drop.property_id = request->place.property_id;
	act->drop.held_id = request_number(request, "held");
	actor_fill(&act->drop.actor, request, body->reason);
	act_run(request, &act->act);
}
