/* Which meter stands below which, by dates. */
#include <stdio.h>
#include <string.h>

#include "platform/core/account.h"
#include "platform/core/change.h"
#include "platform/store/meter.h"

#define TREE_DEPTH 16

static enum err named(struct tx *tx, struct meter_parent_act *r, int64_t number, const char *field,
                      int64_t now_ms)
{
	struct meter_row meter;
	struct place place;
	enum err err = meter_get(tx->db, r->property_id, number, &meter);

	if (!err)
		err = place_of_object(tx->db, r->property_id, meter.space_id, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_METER_WRITE, &place, now_ms);
	if (field && (err == ERR_NOT_FOUND || err == ERR_HIDDEN || err == ERR_FORBIDDEN))
		return fault_set(&r->fault, ERR_BAD_INPUT, field, "no such meter here");
	return err;
}

/* The newest line of a meter: what holds, or will hold. */
struct newest {
	struct meter_parent row;
};

static bool take_newest(void *arg, const struct meter_parent *row)
{
	((struct newest *)arg)->row = *row;
	return true;
}

/* Upwards from the new parent, by the newest lines: a change is never dated before one that exists,
 * so what holds from it on are the newest lines alone. */
static enum err check_circle(struct tx *tx, struct meter_parent_act *r)
{
	int64_t at = r->parent;

	for (int depth = 0; at; depth++) {
		struct newest newest = {0};
		enum err err;

		if (at == r->meter || depth == TREE_DEPTH)
			return fault_set(&r->fault, ERR_REFUSED, "above",
			                 at == r->meter ? "would stand below itself"
			                                : "more than %d levels",
			                 TREE_DEPTH);
		err = meter_parent_list(tx->db, r->property_id, at, take_newest, &newest);
		if (err)
			return err;
		at = newest.row.parent;
	}
	return ERR_NONE;
}

static enum err note(struct tx *tx, const struct meter_parent_act *r, int64_t now_ms)
{
	struct audit_entry entry = {
	        .property_id = r->property_id, .action = "meter.parent", .detail = ""};
	struct change change;
	char object[64];

	change_begin(&change);
	change_int(&change, "parent", r->before.parent, r->row.parent);
	change_int(&change, "from_s", r->before.from_s, r->row.from_s);
	snprintf(object, sizeof object, "meter %lld", (long long)r->meter);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

enum err meter_parent_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct meter_parent_act *r = arg;
	struct property_row property;
	struct newest newest = {0};
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = named(tx, r, r->meter, NULL, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, &property, &r->fault);
	if (!err && r->parent)
		err = named(tx, r, r->parent, "above", now_ms);
	if (!err)
		err = check_circle(tx, r);
	if (!err)
		err = meter_parent_list(tx->db, r->property_id, r->meter, take_newest, &newest);
	if (err)
		return err;
	r->before = newest.row;
	r->row = (struct meter_parent){.property_id = r->property_id,
	                               .meter = r->meter,
	                               .parent = r->parent,
	                               .from_s = r->from_s ? r->from_s : now_ms / 1000};
	snprintf(r->row.by_name, sizeof r->row.by_name, "%s", r->actor.who);
	if (r->row.from_s < newest.row.from_s || r->row.from_s > now_ms / 1000)
		return fault_set(&r->fault, ERR_BAD_INPUT, "from",
		                 "must not be in the future or before the last change");
	err = meter_parent_put(tx->db, &r->row);
	return err ? err : note(tx, r, now_ms);
}
