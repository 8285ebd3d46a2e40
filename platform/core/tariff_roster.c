/* A tariff for many meters from an instant on: a kind of roster. And one of the group for its properties. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/organisation.h"
#include "platform/core/tariff_roster.h"

void tariff_act_write(int64_t tariff_id, int64_t from_s, char body[ROSTER_BODY_SIZE])
{
	struct json_out out;

	json_out_init(&out);
	out_object(&out, NULL);
	if (tariff_id)
		out_int(&out, "tariff", tariff_id);
	else
		out_null(&out, "tariff");
	out_int(&out, "from_s", from_s);
	out_object_end(&out);
	snprintf(body, ROSTER_BODY_SIZE, "%s", json_out_string(&out));
	json_out_free(&out);
}

static bool act_read(const struct roster_row *row, struct tariff_assign *assign)
{
	json_t *json = json_loads(row->body, 0, NULL);
	bool read = json_is_object(json);

	assign->tariff_id = json_integer_value(json_object_get(json, "tariff"));
	assign->from_s = json_integer_value(json_object_get(json, "from_s"));
	json_decref(json);
	return read;
}

static enum err check_assign(struct tx *tx, const struct roster_row *row, struct fault *fault,
                             int64_t now_ms)
{
	struct tariff_assign assign = {.property_id = row->property_id};
	struct property_row property;
	enum err err = property_get(tx->db, row->property_id, &property);

	if (err)
		return err;
	if (!act_read(row, &assign))
		return ERR_BAD_INPUT;
	assign.group_id = property.group_id;
	if (assign.from_s < now_ms / 1000)
		return fault_set(fault, ERR_BAD_INPUT, "from",
		                 "must not be before now: what was in force stays");
	err = tariff_assign_check(tx, &assign);
	*fault = assign.fault;
	return err;
}

static enum err run_assign(struct tx *tx, const struct roster_row *row, const struct actor *actor,
                           struct roster_item *item, struct fault *fault, int64_t now_ms,
                           struct effects *out)
{
	struct tariff_assign assign = {.actor = *actor,
	                               .property_id = row->property_id,
	                               .meters = &item->object_id,
	                               .meter_count = 1};
	struct property_row property;
	enum err err = property_get(tx->db, row->property_id, &property);

	if (!err && !act_read(row, &assign))
		err = ERR_BAD_INPUT;
	assign.group_id = property.group_id;
	if (!err)
		err = tariff_assign_step(tx, &assign, now_ms, out);
	*fault = assign.fault;
	return err;
}

const struct approval_kind approval_kind_tariffs = {
        .word = "tariff-assign",
        .zh = "批量指定价格方案",
        .en = "assign a tariff to many meters",
        .permission = PERMISSION_TARIFF_WRITE,
        .run = roster_agreed,
};

const struct roster_kind roster_tariff_assign = {
        .word = "tariff-assign",
        .meters = true,
        .permission = PERMISSION_TARIFF_WRITE,
        .approval = &approval_kind_tariffs,
        .check = check_assign,
        .run = run_assign,
};

/* ---- properties of a group ---- */

/* In a part of its own: what one property refuses stops no other. */
static enum err assign_property(struct tx *tx, struct tariff_group_assign *r,
                                struct tariff_group_item *item, int64_t now_ms, struct effects *out)
{
	struct tariff_assign assign = {.actor = r->actor,
	                               .group_id = r->group_id,
	                               .property_id = item->property_id,
	                               .tariff_id = r->tariff_id,
	                               .from_s = r->from_s};
	size_t part;
	enum err err, end = tx_part_begin(tx, out, &part);

	if (end)
		return end;
	err = tariff_assign_step(tx, &assign, now_ms, out);
	end = tx_part_end(tx, part, err, out);
	item->err = err;
	item->fault = assign.fault;
	r->refused += err != ERR_NONE;
	return end;
}

static void take_property(void *arg, const struct property_row *row)
{
	struct tariff_group_assign *r = arg;

	if (row->group_id != r->group_id || row->archived_s)
		return;
	if (r->count == TARIFF_GROUP_MAX) {
		r->full = true;
		return;
	}
	r->item[r->count].property_id = row->property_id;
	snprintf(r->item[r->count].slug, sizeof r->item[r->count].slug, "%s", row->slug);
	r->count++;
}

/* Those that are named, each once; he must have named ones of this group. */
static enum err keep_named(struct tariff_group_assign *r)
{
	size_t kept = 0;

	for (size_t n = 0; n < r->named_count; n++) {
		size_t i = kept;

		while (i < r->count && strcmp(r->item[i].slug, r->named[n]) != 0)
			i++;
		if (i == r->count)
			return fault_set(&r->fault, ERR_BAD_INPUT, "only",
			                 "%.32s is no property of this group", r->named[n]);
		if (i != kept) {
			struct tariff_group_item other = r->item[kept];

			r->item[kept] = r->item[i];
			r->item[i] = other;
		}
		kept++;
	}
	r->count = kept;
	return ERR_NONE;
}

enum err tariff_group_assign_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_group_assign *r = arg;
	const struct place place = {.group_id = r->group_id};
	enum err err = access_require(tx, &r->actor, PERMISSION_TARIFF_WRITE, &place, now_ms);

	r->count = r->refused = 0;
	r->full = false;
	r->fault = (struct fault){0};
	if (!err && !r->actor.reason[0])
		err = fault_set(&r->fault, ERR_BAD_INPUT, "reason", "say why");
	if (!err)
		err = property_list(tx->db, take_property, r);
	if (!err && r->full)
		err = ERR_TOO_LONG;
	if (!err && r->named_count)
		err = keep_named(r);
	for (size_t i = 0; !err && i < r->count; i++)
		err = assign_property(tx, r, &r->item[i], now_ms, out);
	return err;
}
