/* What people decide about supply: marks, the rules of a property, the incident switch, restoring, and which
 * openings that wait may be given. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/proto/command.h"
#include "libs/proto/event.h"
#include "platform/core/change.h"
#include "platform/core/event_note.h"
#include "platform/core/organisation.h"
#include "platform/core/supply_look.h"
#include "platform/store/meter.h"

static enum err require_reason(const struct actor *actor, struct fault *fault)
{
	*fault = (struct fault){0};
	return actor->reason[0] ? ERR_NONE
	                        : fault_set(fault, ERR_BAD_INPUT, "reason", "is missing");
}

static enum err require_property(struct tx *tx, const struct actor *actor, int64_t property_id,
                                 struct fault *fault, int64_t now_ms)
{
	struct property_row property;
	enum err err =
	        access_require_property(tx, actor, PERMISSION_SUPPLY_WRITE, property_id, now_ms);

	return err ? err : property_open(tx, property_id, &property, fault);
}

/* ---- marks ---- */

static enum err note_mark(struct tx *tx, const struct supply_mark_edit *r,
                          const struct supply_meter *before, int64_t now_ms)
{
	struct audit_entry entry = {
	        .property_id = r->property_id, .action = "supply.mark", .detail = ""};
	struct change change;
	char object[64];

	snprintf(object, sizeof object, "meter %lld", (long long)r->meter);
	entry.object = object;
	change_begin(&change);
	change_text(&change, "mark", supply_mark_word(before->mark), supply_mark_word(r->row.mark));
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

enum err supply_mark_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_mark_edit *r = arg;
	struct supply_meter before;
	struct meter_row meter;
	struct place place;
	enum err err = require_reason(&r->actor, &r->fault);

	if (!err)
		err = meter_get(tx->db, r->property_id, r->meter, &meter);
	if (!err)
		err = place_of_object(tx->db, r->property_id, meter.space_id, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_SUPPLY_WRITE, &place, now_ms);
	if (!err)
		err = supply_meter_get(tx->db, r->property_id, r->meter, &r->row);
	if (err)
		return err;
	if (r->row.mark_version != r->version)
		return ERR_CONFLICT;
	before = r->row;
	r->row.mark = r->mark;
	r->row.mark_version++;
	r->row.mark_s = now_ms / 1000;
	snprintf(r->row.mark_reason, sizeof r->row.mark_reason, "%s", r->actor.reason);
	snprintf(r->row.mark_by, sizeof r->row.mark_by, "%s", r->actor.who);
	err = supply_meter_put(tx->db, &r->row);
	if (!err)
		err = supply_consider_meter(tx, r->property_id, r->meter, now_ms, out);
	if (!err)
		err = supply_meter_get(tx->db, r->property_id, r->meter, &r->row);
	return err ? err : note_mark(tx, r, &before, now_ms);
}

/* ---- what a property decides by ---- */

static const struct {
	const char *word;
	int64_t min, max, builtin;
} rule_table[] = {

#define X(id, name, min, max, builtin) [SUPPLY_##id] = {#name, min, max, builtin},
        SUPPLY_RULES(X)
#undef X
};

const char *supply_rule_word(enum supply_rule rule)
{
	return rule_table[rule].word;
}

bool supply_rule_is_flag(enum supply_rule rule)
{
	return rule_table[rule].max == 1;
}

static enum err take_rules(struct supply_rules_edit *r)
{
	for (size_t i = 0; i < SUPPLY_RULE_COUNT; i++) {
		if (!r->has[i])
			continue;
		if (r->set[i] &&
		    (r->value[i] < rule_table[i].min || r->value[i] > rule_table[i].max))
			return fault_set(&r->fault, ERR_BAD_INPUT, rule_table[i].word,
			                 "must be %lld to %lld", (long long)rule_table[i].min,
			                 (long long)rule_table[i].max);
		r->rules.set[i] = r->set[i];
		r->rules.value[i] = r->set[i] ? r->value[i] : rule_table[i].builtin;
	}
	return ERR_NONE;
}

enum err supply_rules_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_rules_edit *r = arg;
	struct audit_entry entry = {.property_id = r->property_id,
	                            .action = "supply.rules",
	                            .object = "supply rules",
	                            .detail = ""};
	struct supply_rules before;
	struct change change;
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = require_property(tx, &r->actor, r->property_id, &r->fault, now_ms);
	if (!err)
		err = supply_rules_get(tx->db, r->property_id, &before);
	if (!err && before.version != r->version)
		err = ERR_CONFLICT;
	r->rules = before;
	if (!err)
		err = take_rules(r);
	if (!err)
		err = supply_rules_put(tx->db, &r->rules);
	if (!err)
		err = supply_accounts_touch(tx->db, 0, r->property_id, now_ms / 1000);
	if (err)
		return err;
	change_begin(&change);
	for (size_t i = 0; i < SUPPLY_RULE_COUNT; i++)
		change_int(&change, rule_table[i].word, before.value[i], r->rules.value[i]);
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

/* ---- lists of meters ---- */

struct meters {
	struct supply_meter *row;
	size_t count, room;
	bool failed;
};

static bool take_meter(void *arg, const struct supply_meter *row)
{
	struct meters *list = arg;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct supply_meter *more = realloc(list->row, room * sizeof *more);

		list->failed = !more;
		if (!more)
			return false;
		list->row = more;
		list->room = room;
	}
	list->row[list->count++] = *row;
	return true;
}

/* ---- the incident switch ---- */

/* What was given and has not arrived is taken back; a close follows, and the opening stays wanted until
 * it may be given again. */
static enum err recall_all(struct tx *tx, struct supply_incident *r, int64_t now_ms,
                           struct effects *out)
{
	struct meters list = {.row = NULL};
	enum err err = supply_openings_given(tx->db, r->property_id, take_meter, &list);

	if (!err && list.failed)
		err = ERR_NOMEM;
	for (size_t i = 0; !err && i < list.count; i++) {
		struct supply_meter *row = &list.row[i];
		struct command_row command;

		err = command_get(tx->db, row->command_id, &command);
		if (err || command.stage >= STAGE_RECEIVED)
			continue;
		r->recalled++;
		err = supply_want_set(tx, row, SUPPLY_CLOSE, SUPPLY_BECAUSE_RECALL, row->account_id,
		                      now_ms, out);
	}
	free(list.row);
	return err;
}

static enum err note_incident(struct tx *tx, const struct supply_incident *r, int64_t now_ms,
                              struct effects *out)
{
	struct event_row event = {.property_id = r->property_id,
	                          .kind = r->on ? EVENT_OPENINGS_STOPPED : EVENT_OPENINGS_AGAIN,
	                          .value = r->recalled,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};
	char detail[64];
	enum err err;

	snprintf(event.source, sizeof event.source, "incident:%lld", (long long)r->rules.version);
	snprintf(detail, sizeof detail, "%lld openings taken back", (long long)r->recalled);
	err = event_note(tx, &event, out);
	return err ? err
	           : audit_note(tx, &r->actor, r->property_id,
	                        r->on ? "supply.stop" : "supply.go-on", "automatic openings",
	                        r->on ? detail : "", now_ms);
}

enum err supply_incident_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_incident *r = arg;
	enum err err = require_reason(&r->actor, &r->fault);

	r->recalled = 0;
	if (!err)
		err = require_property(tx, &r->actor, r->property_id, &r->fault, now_ms);
	if (!err)
		err = supply_rules_get(tx->db, r->property_id, &r->rules);
	if (err)
		return err;
	if ((r->rules.incident_ms != 0) == r->on)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 r->on ? "they are stopped already" : "they are not stopped");
	r->rules.incident_ms = r->on ? now_ms : 0;
	snprintf(r->rules.incident_by, sizeof r->rules.incident_by, "%s", r->actor.who);
	snprintf(r->rules.incident_reason, sizeof r->rules.incident_reason, "%s", r->actor.reason);
	err = supply_rules_put(tx->db, &r->rules);
	if (!err && r->on)
		err = recall_all(tx, r, now_ms, out);
	return err ? err : note_incident(tx, r, now_ms, out);
}

/* ---- restoring ---- */

/* Each account once: it is told anew, and all that money had opened of it is wanted closed. Its turn comes
 * at a moment that its number draws from the spread. */
static enum err restore_one(struct tx *tx, const struct supply_restore *r, int64_t meter,
                            int64_t spread_s, int64_t now_ms, struct effects *out)
{
	struct supply_meter row;
	enum err err = supply_meter_get(tx->db, r->property_id, meter, &row);

	if (!err && row.want != SUPPLY_CLOSE)
		err = supply_notice_anew(tx, r->property_id, row.account_id, now_ms);
	if (err == ERR_NOT_FOUND)
		err = ERR_NONE; /* its account has gone; supply comes back all the same */
	if (!err && row.want != SUPPLY_CLOSE)
		err = supply_want_set(tx, &row, SUPPLY_CLOSE, SUPPLY_BECAUSE_PERSON, row.account_id,
		                      now_ms, out);
	/* neighbours come 8 s apart, and after the end of the spread between those before */
	row.due_ms = now_ms + (spread_s ? meter % 1000003 * 7919 % (spread_s * 1000) : 0);
	return err ? err : supply_meter_put(tx->db, &row);
}

enum err supply_restore_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_restore *r = arg;
	struct meters list = {.row = NULL};
	struct supply_rules rules;
	char detail[64];
	enum err err = require_reason(&r->actor, &r->fault);

	r->meters = 0;
	if (!err)
		err = require_property(tx, &r->actor, r->property_id, &r->fault, now_ms);
	if (!err && r->since_ms > now_ms)
		return fault_set(&r->fault, ERR_BAD_INPUT, "since", "is in the future");
	if (!err)
		err = supply_rules_get(tx->db, r->property_id, &rules);
	if (!err)
		err = supply_opened_since(tx->db, r->property_id, r->since_ms, 0, take_meter,
		                          &list);
	if (!err && list.failed)
		err = ERR_NOMEM;
	for (size_t i = 0; !err && i < list.count; i++)
		if (list.row[i].mode != SUPPLY_FORCED_TRIP) {
			err = restore_one(tx, r, list.row[i].meter, rules.value[SUPPLY_SPREAD],
			                  now_ms, out);
			r->meters++;
		}
	free(list.row);
	snprintf(detail, sizeof detail, "%lld meters", (long long)r->meters);
	return err ? err
	           : audit_note(tx, &r->actor, r->property_id, "supply.restore",
	                        "meters that were cut", detail, now_ms);
}

/* ---- openings that wait ---- */

struct held_list {
	int64_t id[SUPPLY_RELEASE_MAX];
	size_t count;
};

static bool take_held(void *arg, const struct supply_held *row)
{
	struct held_list *list = arg;

	list->id[list->count++] = row->held_id;
	return list->count < SUPPLY_RELEASE_MAX;
}

/* Those that are named must wait, each once. */
static enum err take_named(struct tx *tx, struct supply_release *r, struct held_list *list)
{
	struct supply_held held;
	enum err err = ERR_NONE;

	if (!r->count || r->count > SUPPLY_RELEASE_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "held", "1 to %d of them",
		                 SUPPLY_RELEASE_MAX);
	for (size_t i = 0; !err && i < r->count; i++) {
		if (i && r->held[i] <= r->held[i - 1])
			return fault_set(&r->fault, ERR_BAD_INPUT, "held",
			                 "must ascend, each number once");
		err = supply_held_get(tx->db, r->property_id, r->held[i], &held);
		if (err == ERR_NOT_FOUND || (!err && held.state != HELD_WAITING))
			return fault_set(&r->fault, ERR_REFUSED, "held",
			                 "one of them does not wait here");
		list->id[list->count++] = r->held[i];
	}
	return err;
}

static enum err ask_release(struct tx *tx, struct supply_release *r, const struct held_list *list,
                            int64_t now_ms)
{
	struct approval_ask ask = {.actor = &r->actor,
	                           .kind = &approval_kind_supply_release,
	                           .count = (int64_t)list->count};
	struct place place;
	struct json_out body;
	char object[64];
	enum err err = place_of_space(tx->db, r->property_id, 0, &place);

	json_out_init(&body);
	out_object(&body, NULL);
	out_array(&body, "held");
	for (size_t i = 0; i < list->count; i++)
		out_int(&body, NULL, list->id[i]);
	out_array_end(&body);
	out_object_end(&body);
	snprintf(object, sizeof object, "%zu openings", list->count);
	ask.place = &place;
	ask.object = object;
	ask.body = body.data;
	ask.body_len = body.len;
	if (!err)
		err = body.failed ? ERR_NOMEM : approval_ask(tx, &ask, now_ms, &r->approval_id);
	json_out_free(&body);
	if (err == ERR_DUP)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it waits for approval already");
	return err;
}

enum err supply_release_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_release *r = arg;
	struct held_list *list = calloc(1, sizeof *list);
	enum err err = list ? require_reason(&r->actor, &r->fault) : ERR_NOMEM;

	(void)out;
	r->approval_id = r->touched = 0;
	if (!err)
		err = require_property(tx, &r->actor, r->property_id, &r->fault, now_ms);
	if (!err && r->held)
		err = take_named(tx, r, list);
	else if (!err)
		err = supply_held_list(tx->db, r->property_id, HELD_WAITING, 0, take_held, list);
	if (!err && !list->count)
		err = fault_set(&r->fault, ERR_REFUSED, NULL, "nothing waits");
	if (!err)
		r->touched = (int64_t)list->count;
	if (!err)
		err = ask_release(tx, r, list, now_ms);
	free(list);
	return err;
}

static enum err release_run(struct tx *tx, const struct actor *requester,
                            const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                            int64_t now_ms, struct effects *out)
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL), *item;
	int64_t given = 0;
	enum err err = ERR_NONE;
	size_t i;

	(void)requester;
	json_array_foreach(json_object_get(body, "held"), i, item)
	{
		struct supply_held held;

		if (!err)
			err = supply_held_get(tx->db, row->property_id, json_integer_value(item),
			                      &held);
		if (err || held.state != HELD_WAITING)
			continue; /* its reason has gone meanwhile */
		held.approval_id = row->approval_id;
		err = supply_give_released(tx, &held, now_ms, out);
		given += !err && held.state == HELD_RELEASED;
	}
	json_decref(body);
	snprintf(result, APPROVAL_RESULT_SIZE, "%lld openings are given", (long long)given);
	return err;
}

const struct approval_kind approval_kind_supply_release = {
        .word = "supply-release",
        .zh = "放行等待的拉闸",
        .en = "give openings that wait",
        .permission = PERMISSION_SUPPLY_WRITE,
        .run = release_run,
};

enum err supply_drop_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_drop *r = arg;
	struct supply_meter meter;
	char object[64];
	enum err err = require_reason(&r->actor, &r->fault);

	(void)out;
	if (!err)
		err = require_property(tx, &r->actor, r->property_id, &r->fault, now_ms);
	if (!err)
		err = supply_held_get(tx->db, r->property_id, r->held_id, &r->row);
	if (err)
		return err;
	r->row.state = HELD_DROPPED;
	r->row.ended_ms = now_ms;
	snprintf(r->row.ended_why, sizeof r->row.ended_why, "by %.60s", r->actor.who);
	err = supply_held_end(tx->db, &r->row);
	if (err == ERR_CONFLICT)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it does not wait any more");
	if (!err)
		err = supply_meter_get(tx->db, r->property_id, r->row.meter, &meter);
	/* What the platform wants is asked again in an hour, not at once. */
	if (!err && meter.held_id == r->held_id) {
		meter.held_id = 0;
		meter.due_ms = now_ms + 3600000;
		err = supply_meter_put(tx->db, &meter);
	}
	snprintf(object, sizeof object, "opening %lld", (long long)r->held_id);
	return err ? err
	           : audit_note(tx, &r->actor, r->property_id, "supply.drop", object, "", now_ms);
}
