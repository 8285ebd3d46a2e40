#include "platform/core/meter_edit.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"

static enum err take_values(struct meter_edit *r)
{
	enum err err = ERR_NONE;

	if (r->name) {
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 0, LABEL_CHARS);
		if (!err)
			snprintf(r->row.name, sizeof r->row.name, "%s", r->name);
	}
	if (!err && r->meter_use) {
		if (!meter_use_valid(r->meter_use))
			return fault_set(&r->fault, ERR_BAD_INPUT, "use",
			                 "prepaid, postpaid, control-only, main or common");
		snprintf(r->row.meter_use, sizeof r->row.meter_use, "%s", r->meter_use);
	}
	if (!err && r->model) {
		if (!meter_model_valid(r->model))
			return fault_set(&r->fault, ERR_BAD_INPUT, "model", "wattle-1 or wattle-0");
		snprintf(r->row.model, sizeof r->row.model, "%s", r->model);
	}
	if (!err && r->has_period) {
		/* A batch holds whole periods of a day. */
		if (r->period_s < 0 || r->period_s > PERIOD_MAX_S ||
		    (r->period_s && PERIOD_MAX_S % r->period_s))
			return fault_set(&r->fault, ERR_BAD_INPUT, "period_s",
			                 "must be 0 or a divisor of %d", PERIOD_MAX_S);
		r->row.period_s = (uint32_t)r->period_s;
	}
	return err;
}

static enum err take_space(struct tx *tx, struct meter_edit *r, int64_t now_ms)
{
	struct space_row space;
	struct place place;
	enum err err;

	r->row.space_id = r->space_id;
	if (r->space_id)
		return space_named(tx, &r->actor, PERMISSION_METER_WRITE, r->row.property_id,
		                   r->space_id, "space", &r->fault, &space, now_ms);
	err = place_of_object(tx->db, r->row.property_id, 0, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_METER_WRITE, &place, now_ms);
	if (err == ERR_FORBIDDEN || err == ERR_NOT_FOUND)
		return fault_set(&r->fault, ERR_FORBIDDEN, "space", "no right outside of spaces");
	return err;
}

/* A new line of the meter's history, never before or in the middle of what is written. */
static enum err write_place(struct tx *tx, struct meter_edit *r, int64_t now_ms)
{
	struct meter_place_row place = {.property_id = r->row.property_id,
	                                .meter = r->row.meter,
	                                .from_s = r->since_s ? r->since_s : now_ms / 1000,
	                                .space_id = r->row.space_id};
	struct meter_place_row last = {.from_s = 0};
	enum err err;

	err = meter_place_last(tx->db, place.property_id, place.meter, &last);
	if (err && err != ERR_NOT_FOUND)
		return err;
	/* The clock may stand before the last change when it was set back; then it is the same. */
	if (!r->since_s && place.from_s < last.from_s)
		place.from_s = last.from_s;
	if (place.from_s < last.from_s || place.from_s > now_ms / 1000 + 1)
		return fault_set(&r->fault, ERR_BAD_INPUT, "since",
		                 "must not be in the future or before the last change");
	snprintf(place.meter_use, sizeof place.meter_use, "%s", r->row.meter_use);
	snprintf(place.by_name, sizeof place.by_name, "%s", r->actor.who);
	return meter_place_put(tx->db, &place);
}

static enum err note(struct tx *tx, const struct meter_edit *r, const struct meter_row *before,
                     int64_t now_ms)
{
	struct audit_entry entry = {
	        .property_id = before->property_id, .action = "meter.edit", .detail = ""};
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "name", before->name, r->row.name);
	change_text(&change, "use", before->meter_use, r->row.meter_use);
	change_text(&change, "model", before->model, r->row.model);
	change_int(&change, "period_s", before->period_s, r->row.period_s);
	change_int(&change, "space", before->space_id, r->row.space_id);
	if (r->since_s)
		change_int(&change, "since_s", CHANGE_NONE, r->since_s);
	snprintf(object, sizeof object, "meter %lld", (long long)before->meter);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

static enum err meter_begin(struct tx *tx, struct meter_edit *r, int64_t now_ms)
{
	struct property_row property;
	struct place place;
	enum err err = meter_by_number(tx->db, r->meter, &r->row);

	if (!err)
		err = place_of_object(tx->db, r->row.property_id, r->row.space_id, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_METER_WRITE, &place, now_ms);
	if (!err)
		err = property_open(tx, r->row.property_id, &property, &r->fault);
	if (!err && r->row.version != r->version)
		err = ERR_CONFLICT;
	return err;
}

enum err meter_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct meter_edit *r = arg;
	struct meter_row before;
	enum err err;

	r->fault = (struct fault){0};
	err = meter_begin(tx, r, now_ms);
	if (err)
		return err;
	before = r->row;
	err = take_values(r);
	if (!err && r->has_space && r->space_id != before.space_id)
		err = take_space(tx, r, now_ms);
	if (!err &&
	    (r->row.space_id != before.space_id || strcmp(r->row.meter_use, before.meter_use) != 0))
		err = write_place(tx, r, now_ms);
	if (!err)
		err = meter_update(tx->db, &r->row);
	/* The gateway keeps the reading plan. */
	if (!err && r->row.period_s != before.period_s)
		err = gateway_config_bump(tx->db, before.property_id, before.gateway_id);
	if (!err)
		err = note(tx, r, &before, now_ms);
	return err ? err : effects_directory(out);
}
