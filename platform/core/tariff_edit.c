#include "platform/core/tariff_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/change.h"
#include "platform/core/organisation.h"
#include "platform/core/plan.h"
#include "platform/store/info.h"
#include "platform/store/meter.h"
#include "platform/store/meter_price.h"

#define DELTA_MAX PLAN_PRICE_MAX

static enum err may_write(struct tx *tx, const struct actor *actor, int64_t group_id,
                          int64_t property_id, struct fault *fault, int64_t now_ms)
{
	struct place place = {.group_id = group_id, .property_id = property_id};
	enum err err = access_require(tx, actor, PERMISSION_TARIFF_WRITE, &place, now_ms);

	*fault = (struct fault){0};
	return err ? err : owner_open(tx, group_id, property_id, fault);
}

static enum err want_reason(const struct actor *actor, struct fault *fault)
{
	return actor->reason[0] ? ERR_NONE : fault_set(fault, ERR_BAD_INPUT, "reason", "say why");
}

enum err tariff_reachable(struct db *db, int64_t group_id, int64_t property_id, int64_t tariff_id,
                          struct tariff_row *row)
{
	enum err err = tariff_get(db, tariff_id, row);

	if (!err &&
	    (row->group_id != group_id || (row->property_id && row->property_id != property_id)))
		return ERR_NOT_FOUND;
	return err;
}

/* One that is edited here: a property's pages do not edit its group's. */
static enum err tariff_own(struct db *db, int64_t group_id, int64_t property_id, int64_t tariff_id,
                           struct tariff_row *row, struct fault *fault)
{
	enum err err = tariff_reachable(db, group_id, property_id, tariff_id, row);

	if (!err && row->property_id != property_id)
		return fault_set(fault, ERR_REFUSED, NULL, "it belongs to the group");
	return err;
}

/* ---- tariffs ---- */

static enum err note_tariff(struct tx *tx, const struct tariff_edit *r, const char *action,
                            const struct tariff_row *before, int64_t now_ms)
{
	const struct tariff_row *row = &r->row;
	struct audit_entry entry = {
	        .property_id = row->property_id, .group_id = row->group_id, .action = action};
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "name", before ? before->name : NULL, row->name);
	change_int(&change, "base_delta_uy", before ? before->base_delta_uy : CHANGE_NONE,
	           row->base_delta_uy);
	change_int(&change, "archived", before ? before->archived_s != 0 : CHANGE_NONE,
	           row->archived_s != 0);
	snprintf(object, sizeof object, "tariff %s", row->code);
	entry.object = object;
	entry.detail = "";
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

static enum err take_values(struct tariff_edit *r, int64_t now_ms)
{
	enum err err = ERR_NONE;

	if (r->name)
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 1, NAME_CHARS);
	if (!err && r->name)
		snprintf(r->row.name, sizeof r->row.name, "%s", r->name);
	if (!err && r->has_delta) {
		if (!r->row.base_tariff_id)
			return fault_set(&r->fault, ERR_BAD_INPUT, "base_delta_uy",
			                 "only of a tariff with a base");
		if (r->delta_uy < -DELTA_MAX || r->delta_uy > DELTA_MAX)
			return fault_set(&r->fault, ERR_BAD_INPUT, "base_delta_uy",
			                 "is outside its limits");
		r->row.base_delta_uy = r->delta_uy;
	}
	if (!err && r->has_archived)
		r->row.archived_s = r->archived ? now_ms / 1000 : 0;
	return err;
}

static enum err check_base(struct tx *tx, struct tariff_edit *r)
{
	struct tariff_row base;
	enum err err;

	if (!r->base_tariff_id)
		return ERR_NONE;
	err = tariff_reachable(tx->db, r->group_id, r->property_id, r->base_tariff_id, &base);
	if (err == ERR_NOT_FOUND)
		return fault_set(&r->fault, ERR_BAD_INPUT, "base", "there is no such tariff");
	if (!err && base.base_tariff_id)
		return fault_set(&r->fault, ERR_BAD_INPUT, "base", "has a base itself");
	if (!err && base.service != r->row.service)
		return fault_set(&r->fault, ERR_BAD_INPUT, "base", "is of another service");
	r->row.base_tariff_id = r->base_tariff_id;
	return err;
}

enum err tariff_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_edit *r = arg;
	enum err err = may_write(tx, &r->actor, r->group_id, r->property_id, &r->fault, now_ms);

	(void)out;
	if (err)
		return err;
	r->row = (struct tariff_row){.group_id = r->group_id,
	                             .property_id = r->property_id,
	                             .created_s = now_ms / 1000,
	                             .version = 1};
	if (!r->code || !plan_code_valid(r->code))
		return fault_set(&r->fault, ERR_BAD_INPUT, "code", "1 to 32 of a-z 0-9 -");
	if (!r->name)
		return fault_set(&r->fault, ERR_BAD_INPUT, "name", "is missing");
	if (!r->service || !service_parse(r->service, &r->row.service))
		return fault_set(&r->fault, ERR_BAD_INPUT, "service", "electricity or water");
	snprintf(r->row.code, sizeof r->row.code, "%s", r->code);
	err = check_base(tx, r);
	if (!err)
		err = take_values(r, now_ms);
	if (!err)
		err = sequence_next(tx->db, "tariff", &r->row.tariff_id);
	if (!err)
		err = tariff_insert(tx->db, &r->row);
	if (err == ERR_DUP)
		return fault_set(&r->fault, ERR_DUP, "code", "another tariff has it");
	return err ? err : note_tariff(tx, r, "tariff.create", NULL, now_ms);
}

enum err tariff_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_edit *r = arg;
	struct tariff_row before;
	enum err err = may_write(tx, &r->actor, r->group_id, r->property_id, &r->fault, now_ms);

	(void)out;
	if (!err)
		err = tariff_own(tx->db, r->group_id, r->property_id, r->tariff_id, &before,
		                 &r->fault);
	if (err)
		return err;
	if (before.version != r->version)
		return ERR_CONFLICT;
	r->row = before;
	err = take_values(r, now_ms);
	if (!err)
		err = tariff_update(tx->db, &r->row);
	return err ? err : note_tariff(tx, r, "tariff.edit", &before, now_ms);
}

/* ---- versions ---- */

/* A version with a body of its own. */
struct held {
	struct tariff_version_row row;
	char *body;
	enum err err;
};

static void hold(void *arg, const struct tariff_version_row *row)
{
	struct held *held = arg;

	held->row = *row;
	held->body = strdup(row->body);
	held->row.body = held->body;
	if (!held->body)
		held->err = ERR_NOMEM;
}

static enum err hold_version(struct tx *tx, const struct version_edit *r, struct held *held)
{
	enum err err;

	*held = (struct held){.body = NULL};
	err = tariff_version_get(tx->db, r->version_id, hold, held);
	if (!err)
		err = held->err;
	if (!err && held->row.tariff_id != r->tariff_id)
		return ERR_NOT_FOUND;
	return !err && held->row.version != r->version ? ERR_CONFLICT : err;
}

static enum err version_begin(struct tx *tx, struct version_edit *r, struct tariff_row *tariff,
                              int64_t now_ms)
{
	enum err err = may_write(tx, &r->actor, r->group_id, r->property_id, &r->fault, now_ms);

	r->derived = 0;
	r->row_id = r->version_id;
	if (!err)
		err = tariff_own(tx->db, r->group_id, r->property_id, r->tariff_id, tariff,
		                 &r->fault);
	if (!err && tariff->base_tariff_id)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "its prices come from its base: publish that one");
	return err;
}

static enum err note_version(struct tx *tx, const struct version_edit *r,
                             const struct tariff_row *tariff, const char *action,
                             const struct tariff_version_row *row, int64_t now_ms)
{
	struct audit_entry entry = {
	        .property_id = tariff->property_id, .group_id = tariff->group_id, .action = action};
	char object[96], detail[96], from[RFC3339_SIZE] = "";

	(void)!rfc3339_format(row->valid_from_s, from);
	snprintf(object, sizeof object, "tariff %s version %lld", tariff->code,
	         (long long)row->version_id);
	snprintf(detail, sizeof detail, "valid from %s, %zu derived", from, r->derived);
	entry.object = object;
	entry.detail = detail;
	entry.after = row->state == TARIFF_PUBLISHED ? row->body : NULL;
	return audit_write(tx, &r->actor, &entry, now_ms);
}

/* Reads the plan that came and writes it in its one form. */
static enum err take_plan(struct version_edit *r, struct held *held)
{
	struct tariff_body *body = malloc(sizeof *body);
	char field[TARIFF_FIELD_SIZE];
	struct json_out out;
	const char *text, *why;
	enum err err;

	if (!body)
		return ERR_NOMEM;
	json_out_init(&out);
	err = tariff_body_parse(r->plan, r->plan_len, body, field, &why);
	if (!err && !tariff_body_settles(body)) {
		err = fault_set(&r->fault, ERR_BAD_INPUT, "plan.steps.unsettled",
		                "say whether steps without settle are free or begin anew monthly");
	} else if (err) {
		snprintf(r->field, sizeof r->field, "%s%s",
		         strcmp(field, "plan") == 0 ? "" : "plan.", field);
		err = fault_set(&r->fault, err, r->field, "%s", why);
	} else {
		tariff_body_write(&out, NULL, body);
		text = json_out_string(&out);
		free(held->body);
		held->body = text ? strdup(text) : NULL;
		held->row.body = held->body;
		err = !held->body                            ? ERR_NOMEM
		      : strlen(held->body) > TARIFF_BODY_MAX ? ERR_TOO_LONG
		                                             : ERR_NONE;
	}
	json_out_free(&out);
	free(body);
	return err;
}

static enum err take_draft(struct version_edit *r, struct held *held)
{
	enum err err = ERR_NONE;

	if (r->plan)
		err = take_plan(r, held);
	if (!err && r->has_valid_from) {
		if (r->valid_from_s <= 0 || r->valid_from_s > INT64_C(253402300799))
			return fault_set(&r->fault, ERR_BAD_INPUT, "valid_from",
			                 "is outside its limits");
		held->row.valid_from_s = r->valid_from_s;
	}
	if (!err && r->notice) {
		err = fault_text(&r->fault, "notice", r->notice, TEXT_LINES, 0, 500);
		if (!err)
			snprintf(held->row.notice, sizeof held->row.notice, "%s", r->notice);
	}
	return err;
}

static enum err new_version_id(struct tx *tx, int64_t *version_id)
{
	enum err err = sequence_next(tx->db, "tariff_version", version_id);

	return !err && *version_id > UINT32_MAX ? ERR_FULL : err;
}

static enum err put_draft(struct tx *tx, struct version_edit *r, struct held *held, int64_t now_ms)
{
	enum err err;

	snprintf(held->row.by_name, sizeof held->row.by_name, "%s", r->actor.who);
	if (r->version_id)
		return tariff_version_update(tx->db, &held->row);
	if (!held->body)
		return fault_set(&r->fault, ERR_BAD_INPUT, "plan", "is missing");
	if (!held->row.valid_from_s)
		return fault_set(&r->fault, ERR_BAD_INPUT, "valid_from", "is missing");
	err = new_version_id(tx, &held->row.version_id);
	held->row.tariff_id = r->tariff_id;
	held->row.state = TARIFF_DRAFT;
	held->row.created_s = now_ms / 1000;
	held->row.version = 1;
	if (!err)
		err = tariff_version_insert(tx->db, &held->row);
	r->row_id = held->row.version_id;
	return err;
}

enum err tariff_draft_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct version_edit *r = arg;
	struct held held = {.body = NULL};
	struct tariff_row tariff;
	bool is_new = !r->version_id;
	enum err err = version_begin(tx, r, &tariff, now_ms);

	(void)out;
	if (!err && !is_new)
		err = hold_version(tx, r, &held);
	if (!err && !is_new && held.row.state != TARIFF_DRAFT)
		err = fault_set(&r->fault, ERR_REFUSED, NULL, "it is no draft any more");
	if (!err)
		err = take_draft(r, &held);
	if (!err)
		err = put_draft(tx, r, &held, now_ms);
	r->row_version = held.row.version;
	if (!err)
		err = note_version(tx, r, &tariff, is_new ? "tariff.draft" : "tariff.draft_edit",
		                   &held.row, now_ms);
	free(held.body);
	return err;
}

/* ---- publication ---- */

/* Published versions of a tariff, against one that is to be published. */
struct others {
	int64_t valid_from_s;
	size_t count;
	bool clash;
};

static bool on_other(void *arg, const struct tariff_version_row *row)
{
	struct others *others = arg;

	others->count++;
	others->clash |= row->valid_from_s == others->valid_from_s;
	return true;
}

static enum err check_instant(struct tx *tx, struct version_edit *r, const struct held *held,
                              int64_t now_ms)
{
	struct others others = {.valid_from_s = held->row.valid_from_s};
	enum err err = tariff_versions(tx->db, r->tariff_id, TARIFF_PUBLISHED, on_other, &others);

	if (err)
		return err;
	if (others.clash)
		return fault_set(&r->fault, ERR_REFUSED, "valid_from",
		                 "a published version begins there");
	if (others.count && held->row.valid_from_s <= now_ms / 1000)
		return fault_set(&r->fault, ERR_REFUSED, "valid_from",
		                 "must be later than now: what was in force stays");
	return ERR_NONE;
}

struct deriving {
	struct tx *tx;
	struct version_edit *edit;
	const struct held *base;
	int64_t now_ms;
	enum err err;
};

static enum err derive_body(struct deriving *d, const struct tariff_row *tariff,
                            struct tariff_body *body, struct json_out *out)
{
	char field[TARIFF_FIELD_SIZE];
	const char *why;
	unsigned rate;
	enum err err = tariff_body_parse(d->base->body, strlen(d->base->body), body, field, &why);

	if (!err && tariff_body_add(body, tariff->base_delta_uy, &rate))
		return fault_set(&d->edit->fault, ERR_REFUSED, "plan",
		                 "rate %u of the derived tariff %s would leave its limits", rate,
		                 tariff->code);
	if (!err)
		tariff_body_write(out, NULL, body);
	return err;
}

static bool derive_one(void *arg, const struct tariff_row *tariff)
{
	struct deriving *d = arg;
	struct tariff_version_row row = d->base->row;
	struct tariff_body *body = malloc(sizeof *body);
	struct json_out out;

	json_out_init(&out);
	d->err = body ? derive_body(d, tariff, body, &out) : ERR_NOMEM;
	row.body = json_out_string(&out);
	if (!d->err && !row.body)
		d->err = ERR_NOMEM;
	row.base_version_id = d->base->row.version_id;
	row.tariff_id = tariff->tariff_id;
	row.version = 1;
	if (!d->err)
		d->err = new_version_id(d->tx, &row.version_id);
	if (!d->err)
		d->err = tariff_version_insert(d->tx->db, &row);
	d->edit->derived++;
	json_out_free(&out);
	free(body);
	return !d->err;
}

enum err tariff_publish_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct version_edit *r = arg;
	struct held held = {.body = NULL};
	struct deriving deriving = {.tx = tx, .edit = r, .base = &held, .now_ms = now_ms};
	struct tariff_row tariff;
	enum err err = version_begin(tx, r, &tariff, now_ms);

	(void)out;
	if (!err)
		err = want_reason(&r->actor, &r->fault);
	if (!err)
		err = hold_version(tx, r, &held);
	if (!err && held.row.state != TARIFF_DRAFT)
		err = fault_set(&r->fault, ERR_REFUSED, NULL, "it is no draft any more");
	if (!err)
		err = check_instant(tx, r, &held, now_ms);
	if (!err) {
		held.row.state = TARIFF_PUBLISHED;
		held.row.published_s = now_ms / 1000;
		snprintf(held.row.by_name, sizeof held.row.by_name, "%s", r->actor.who);
		err = tariff_version_update(tx->db, &held.row);
	}
	if (!err)
		err = tariff_derived(tx->db, r->tariff_id, derive_one, &deriving);
	if (!err)
		err = deriving.err;
	r->row_version = held.row.version;
	if (!err)
		err = meter_price_touch(tx->db, tariff.group_id, tariff.property_id, now_ms);
	if (!err)
		err = note_version(tx, r, &tariff, "tariff.publish", &held.row, now_ms);
	free(held.body);
	return err;
}

/* ---- withdrawal ---- */

struct withdrawing {
	struct tx *tx;
	struct version_edit *edit;
	int64_t base_version_id;
	enum err err;
};

struct found_version {
	int64_t base_version_id;
	struct tariff_version_row row;
	bool found;
};

static bool find_derived(void *arg, const struct tariff_version_row *row)
{
	struct found_version *found = arg;

	if (row->base_version_id != found->base_version_id)
		return true;
	found->row = *row;
	found->found = true;
	return false;
}

static bool withdraw_derived(void *arg, const struct tariff_row *tariff)
{
	struct withdrawing *w = arg;
	struct found_version found = {.base_version_id = w->base_version_id};

	w->err = tariff_versions(w->tx->db, tariff->tariff_id, TARIFF_PUBLISHED, find_derived,
	                         &found);
	if (w->err || !found.found)
		return !w->err;
	found.row.state = TARIFF_WITHDRAWN;
	snprintf(found.row.by_name, sizeof found.row.by_name, "%s", w->edit->actor.who);
	w->err = tariff_version_update(w->tx->db, &found.row);
	w->edit->derived++;
	return !w->err;
}

enum err tariff_withdraw_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct version_edit *r = arg;
	struct withdrawing w = {.tx = tx, .edit = r, .base_version_id = r->version_id};
	struct held held = {.body = NULL};
	struct tariff_row tariff;
	enum err err = version_begin(tx, r, &tariff, now_ms);

	(void)out;
	if (!err)
		err = want_reason(&r->actor, &r->fault);
	if (!err)
		err = hold_version(tx, r, &held);
	if (!err && held.row.state == TARIFF_WITHDRAWN)
		err = fault_set(&r->fault, ERR_REFUSED, NULL, "it is withdrawn already");
	if (!err && held.row.state == TARIFF_PUBLISHED && held.row.valid_from_s <= now_ms / 1000)
		err = fault_set(&r->fault, ERR_REFUSED, NULL, "it holds already: publish another");
	if (!err) {
		held.row.state = TARIFF_WITHDRAWN;
		snprintf(held.row.by_name, sizeof held.row.by_name, "%s", r->actor.who);
		err = tariff_version_update(tx->db, &held.row);
	}
	if (!err)
		err = tariff_derived(tx->db, r->tariff_id, withdraw_derived, &w);
	if (!err)
		err = w.err;
	r->row_version = held.row.version;
	if (!err)
		err = meter_price_touch(tx->db, tariff.group_id, tariff.property_id, now_ms);
	if (!err)
		err = note_version(tx, r, &tariff, "tariff.withdraw", &held.row, now_ms);
	free(held.body);
	return err;
}

/* ---- assignment ---- */

static bool any_use(void *arg, const struct tariff_use *use)
{
	(void)use;
	*(bool *)arg = true;
	return false;
}

static enum err assign_one(struct tx *tx, struct tariff_assign *r, int64_t meter,
                           enum service service, int64_t now_ms)
{
	struct tariff_use use = {.property_id = r->property_id,
	                         .meter = meter,
	                         .service = service,
	                         .from_s = r->from_s,
	                         .tariff_id = r->tariff_id};
	bool any = false;
	enum err err = tariff_uses(tx->db, r->property_id, meter, service, any_use, &any);

	if (!err && any && r->from_s < now_ms / 1000)
		return fault_set(&r->fault, ERR_REFUSED, "from",
		                 "must not be before now: what was in force stays");
	snprintf(use.by_name, sizeof use.by_name, "%s", r->actor.who);
	return err ? err : tariff_use_put(tx->db, &use);
}

static enum err check_tariff(struct tx *tx, struct tariff_assign *r, struct tariff_row *row)
{
	enum err err;

	if (!r->tariff_id)
		return r->meters ? ERR_NONE
		                 : fault_set(&r->fault, ERR_BAD_INPUT, "tariff", "is missing");
	err = tariff_reachable(tx->db, r->group_id, r->property_id, r->tariff_id, row);
	if (err == ERR_NOT_FOUND)
		return fault_set(&r->fault, ERR_BAD_INPUT, "tariff", "there is no such tariff");
	if (!err && row->archived_s)
		return fault_set(&r->fault, ERR_REFUSED, "tariff", "it is archived");
	return err;
}

enum err tariff_assign_check(struct tx *tx, struct tariff_assign *assign)
{
	struct tariff_row row;

	return assign->tariff_id ? check_tariff(tx, assign, &row) : ERR_NONE;
}

enum err tariff_assign_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_assign *r = arg;
	struct tariff_row row = {.code = "of the property", .service = SERVICE_ELECTRICITY};
	char object[96], detail[64], from[RFC3339_SIZE] = "";
	enum err err = may_write(tx, &r->actor, r->group_id, r->property_id, &r->fault, now_ms);

	(void)out;
	if (!err)
		err = want_reason(&r->actor, &r->fault);
	if (!err && (r->from_s <= 0 || rfc3339_format(r->from_s, from)))
		err = fault_set(&r->fault, ERR_BAD_INPUT, "from", "is outside its limits");
	if (!err)
		err = check_tariff(tx, r, &row);
	if (!err && !r->meters)
		err = assign_one(tx, r, 0, row.service, now_ms);
	for (size_t i = 0; !err && i < r->meter_count; i++) {
		struct meter_row meter;

		err = meter_get(tx->db, r->property_id, r->meters[i], &meter);
		if (err == ERR_NOT_FOUND)
			return fault_set(&r->fault, ERR_BAD_INPUT, "meters",
			                 "%lld is no meter of this property",
			                 (long long)r->meters[i]);
		if (!err)
			err = assign_one(tx, r, r->meters[i], row.service, now_ms);
	}
	if (!err)
		err = meter_price_touch(tx->db, 0, r->property_id, now_ms);
	if (err)
		return err;
	snprintf(object, sizeof object, "tariff %s", row.code);
	snprintf(detail, sizeof detail, "from %s, %zu meters", from, r->meter_count);
	return audit_note(tx, &r->actor, r->property_id, "tariff.assign", object, detail, now_ms);
}
