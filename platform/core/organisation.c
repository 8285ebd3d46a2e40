#include "platform/core/organisation.h"

#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/change.h"
#include "platform/core/plan.h"
#include "platform/store/calendar.h"
#include "platform/store/info.h"
#include "platform/store/lease.h"
#include "platform/store/meter_price.h"
#include "platform/store/supply.h"

#define OFFSET_MIN_MAX 840 /* UTC+14 */

/* ---- what both have ---- */

/* May this calendar be chosen here? The property's own or its group's. */
static enum err check_calendar(struct tx *tx, struct fault *fault, int64_t calendar_id,
                               int64_t group_id, int64_t property_id)
{
	struct calendar_row row;
	enum err err;

	if (!calendar_id)
		return ERR_NONE;
	err = calendar_get(tx->db, calendar_id, &row);
	if (err == ERR_NOT_FOUND || (!err && (row.group_id != group_id ||
	                                      (row.property_id && row.property_id != property_id))))
		return fault_set(fault, ERR_BAD_INPUT, "calendar", "no such calendar here");
	return err;
}

static enum err note(struct tx *tx, const struct actor *actor, int64_t group_id,
                     int64_t property_id, const char *action, const char *object,
                     struct change *change, int64_t now_ms)
{
	struct audit_entry entry = {.group_id = group_id,
	                            .property_id = property_id,
	                            .action = action,
	                            .object = object,
	                            .detail = ""};

	return change_note(change, tx, actor, &entry, now_ms);
}

/* ---- groups ---- */

struct count {
	int64_t group_id, open;
};

static void count_open(void *arg, const struct property_row *row)
{
	struct count *count = arg;

	count->open += row->group_id == count->group_id && !row->archived_s;
}

static enum err group_archive(struct tx *tx, struct group_edit *r, int64_t now_ms)
{
	struct count count = {.group_id = r->group_id};
	enum err err;

	if (!r->archived) {
		r->row.archived_s = 0;
		return ERR_NONE;
	}
	if (r->row.archived_s)
		return ERR_NONE;
	err = property_list(tx->db, count_open, &count);
	if (!err && count.open)
		return fault_set(&r->fault, ERR_REFUSED, "archived",
		                 "it has properties that are not archived");
	r->row.archived_s = now_ms / 1000;
	return err;
}

static enum err group_values(struct tx *tx, struct group_edit *r, int64_t now_ms)
{
	enum err err = ERR_NONE;

	if (r->name) {
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 1, LABEL_CHARS);
		if (!err)
			snprintf(r->row.name, sizeof r->row.name, "%s", r->name);
	}
	if (!err && r->has_calendar) {
		err = check_calendar(tx, &r->fault, r->calendar_id, r->group_id, 0);
		r->row.calendar_id = r->calendar_id;
	}
	return !err && r->has_archived ? group_archive(tx, r, now_ms) : err;
}

static enum err group_note(struct tx *tx, const struct group_edit *r,
                           const struct group_row *before, int64_t now_ms)
{
	bool is_new = !r->group_id;
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "name", is_new ? NULL : before->name, r->row.name);
	change_int(&change, "calendar", before->calendar_id, r->row.calendar_id);
	change_int(&change, "archived", before->archived_s != 0, r->row.archived_s != 0);
	snprintf(object, sizeof object, "group %lld", (long long)r->row.group_id);
	return note(tx, &r->actor, r->row.group_id, 0, is_new ? "group.create" : "group.edit",
	            object, &change, now_ms);
}

static enum err group_create(struct tx *tx, struct group_edit *r, int64_t now_ms)
{
	static const struct place installation;
	struct group_row none = {0};
	enum err err;

	err = access_require(tx, &r->actor, PERMISSION_SYSTEM, &installation, now_ms);
	if (err)
		return err;
	memset(&r->row, 0, sizeof r->row);
	if (!r->name)
		return fault_set(&r->fault, ERR_BAD_INPUT, "name", "is missing");
	err = group_values(tx, r, now_ms);
	if (!err)
		err = sequence_next(tx->db, "group", &r->row.group_id);
	r->row.created_s = now_ms / 1000;
	if (!err)
		err = group_insert(tx->db, &r->row);
	if (!err)
		err = group_get(tx->db, r->row.group_id, &r->row);
	return err ? err : group_note(tx, r, &none, now_ms);
}

enum err group_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct group_edit *r = arg;
	struct place place = {.group_id = r->group_id};
	struct group_row before;
	enum err err;

	r->fault = (struct fault){0};
	if (!r->group_id) {
		err = group_create(tx, r, now_ms);
		return err ? err : effects_directory(out);
	}
	err = access_require(tx, &r->actor, PERMISSION_PROPERTY_WRITE, &place, now_ms);
	if (!err)
		err = group_get(tx->db, r->group_id, &before);
	if (err)
		return err;
	if (before.version != r->version)
		return ERR_CONFLICT;
	r->row = before;
	err = group_values(tx, r, now_ms);
	if (!err)
		err = group_update(tx->db, &r->row);
	if (!err && r->row.calendar_id != before.calendar_id)
		err = supply_accounts_touch(tx->db, r->group_id, 0, now_ms / 1000);
	if (!err)
		err = meter_price_touch(tx->db, r->group_id, 0, now_ms);
	if (!err)
		err = group_note(tx, r, &before, now_ms);
	return err ? err : effects_directory(out);
}

/* ---- properties ---- */

enum err phone_normal(const char *text, char phone[PHONE_SIZE])
{
	size_t len = 0, digits = 0;

	for (const char *p = text; *p; p++) {
		bool digit = *p >= '0' && *p <= '9';

		if ((*p == ' ' || *p == '-') && digits)
			continue;
		if ((!digit && (*p != '+' || len)) || len + 1 == PHONE_SIZE)
			return ERR_BAD_INPUT;
		phone[len++] = *p;
		digits += digit;
	}
	phone[len] = '\0';
	return digits >= 3 && digits <= 20 ? ERR_NONE : ERR_BAD_INPUT;
}

static enum err property_archive(struct tx *tx, struct property_edit *r, int64_t now_ms)
{
	int64_t running;
	enum err err;

	if (!r->archived) {
		r->row.archived_s = 0;
		return ERR_NONE;
	}
	if (r->row.archived_s)
		return ERR_NONE;
	err = lease_count_running(tx->db, r->property_id, now_ms / 1000, &running);
	if (!err && running)
		return fault_set(&r->fault, ERR_REFUSED, "archived", "it has leases that run");
	r->row.archived_s = now_ms / 1000;
	return err;
}

static enum err property_texts(struct tx *tx, struct property_edit *r)
{
	struct property_row *row = &r->row;
	enum err err = ERR_NONE;

	if (r->name) {
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 1, LABEL_CHARS);
		if (!err)
			snprintf(row->name, sizeof row->name, "%s", r->name);
	}
	if (!err && r->address) {
		err = fault_text(&r->fault, "address", r->address, TEXT_LINE, 0, ADDRESS_CHARS);
		if (!err)
			snprintf(row->address, sizeof row->address, "%s", r->address);
	}
	if (!err && r->phone && !*r->phone)
		row->phone[0] = '\0';
	else if (!err && r->phone && phone_normal(r->phone, row->phone))
		return fault_set(&r->fault, ERR_BAD_INPUT, "phone", "must be 3 to 20 digits");
	if (!err && r->plan_code) {
		bool known = true;

		if (*r->plan_code)
			err = plan_known(tx->db, r->property_id, row->group_id, r->plan_code,
			                 &known);
		if (!err && !known)
			return fault_set(&r->fault, ERR_BAD_INPUT, "alarm_plan",
			                 "no such alarm plan here");
		snprintf(row->plan_code, sizeof row->plan_code, "%s", r->plan_code);
	}
	return err;
}

static enum err property_values(struct tx *tx, struct property_edit *r, int64_t now_ms)
{
	enum err err = property_texts(tx, r);

	if (!err && r->has_calendar) {
		err = check_calendar(tx, &r->fault, r->calendar_id, r->row.group_id,
		                     r->property_id);
		r->row.calendar_id = r->calendar_id;
	}
	if (!err && r->has_remind) {
		if (r->remind_days < 0 || r->remind_days > REMIND_DAYS_MAX)
			return fault_set(&r->fault, ERR_BAD_INPUT, "remind_days", "must be 0 to %d",
			                 REMIND_DAYS_MAX);
		r->row.remind_days = r->remind_days;
	}
	return !err && r->has_archived ? property_archive(tx, r, now_ms) : err;
}

static enum err property_note(struct tx *tx, const struct property_edit *r,
                              const struct property_row *before, int64_t now_ms)
{
	const struct property_row *row = &r->row;
	bool is_new = !r->property_id;
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "name", is_new ? NULL : before->name, row->name);
	change_text(&change, "address", before->address, row->address);
	change_text(&change, "phone", before->phone, row->phone);
	change_text(&change, "alarm_plan", before->plan_code, row->plan_code);
	change_int(&change, "calendar", before->calendar_id, row->calendar_id);
	change_int(&change, "remind_days", is_new ? CHANGE_NONE : before->remind_days,
	           row->remind_days);
	change_int(&change, "archived", before->archived_s != 0, row->archived_s != 0);
	snprintf(object, sizeof object, "property %s", row->slug);
	return note(tx, &r->actor, row->group_id, row->property_id,
	            is_new ? "property.create" : "property.edit", object, &change, now_ms);
}

static enum err new_property_fields(struct tx *tx, struct property_edit *r, int64_t now_ms)
{
	struct group_row group;
	struct property_row other;
	enum err err;

	r->row = (struct property_row){.group_id = r->group_id,
	                               .utc_offset_min = CHINA_OFFSET_MIN,
	                               .remind_days = REMIND_DAYS,
	                               .created_s = now_ms / 1000};
	if (!r->name)
		return fault_set(&r->fault, ERR_BAD_INPUT, "name", "is missing");
	if (!r->slug || !slug_valid(r->slug))
		return fault_set(&r->fault, ERR_BAD_INPUT, "slug",
		                 "must be 1 to 32 of a-z, 0-9 and -, and not `live`");
	if (r->has_offset &&
	    (r->utc_offset_min < -OFFSET_MIN_MAX || r->utc_offset_min > OFFSET_MIN_MAX))
		return fault_set(&r->fault, ERR_BAD_INPUT, "utc_offset_min", "must be -%d to %d",
		                 OFFSET_MIN_MAX, OFFSET_MIN_MAX);
	if (r->has_offset)
		r->row.utc_offset_min = r->utc_offset_min;
	snprintf(r->row.slug, sizeof r->row.slug, "%s", r->slug);
	err = group_get(tx->db, r->group_id, &group);
	if (!err && group.archived_s)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the group is archived");
	if (err)
		return err;
	/* A slug is part of topics and must be nobody's; that it is somebody's is all that is said. */
	err = property_by_slug(tx->db, r->slug, &other);
	if (!err)
		return fault_set(&r->fault, ERR_DUP, "slug", "is taken");
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err property_create(struct tx *tx, struct property_edit *r, int64_t now_ms)
{
	struct place place = {.group_id = r->group_id};
	struct property_row none = {0};
	enum err err;

	err = access_require(tx, &r->actor, PERMISSION_PROPERTY_WRITE, &place, now_ms);
	if (!err)
		err = new_property_fields(tx, r, now_ms);
	if (!err)
		err = property_values(tx, r, now_ms);
	if (!err)
		err = sequence_next(tx->db, "property", &r->row.property_id);
	if (!err)
		err = property_insert(tx->db, &r->row);
	if (!err)
		err = property_get(tx->db, r->row.property_id, &r->row);
	return err ? err : property_note(tx, r, &none, now_ms);
}

enum err property_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct property_edit *r = arg;
	struct property_row before;
	struct place place;
	enum err err;

	r->fault = (struct fault){0};
	if (!r->property_id) {
		err = property_create(tx, r, now_ms);
		return err ? err : effects_directory(out);
	}
	err = place_of_space(tx->db, r->property_id, 0, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_PROPERTY_WRITE, &place, now_ms);
	if (!err)
		err = property_get(tx->db, r->property_id, &before);
	if (err)
		return err;
	if (before.version != r->version)
		return ERR_CONFLICT;
	if (before.archived_s && !(r->has_archived && !r->archived))
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the property is archived");
	r->row = before;
	err = property_values(tx, r, now_ms);
	if (!err)
		err = property_update(tx->db, &r->row);
	if (!err && (r->row.calendar_id != before.calendar_id ||
	             strcmp(r->row.plan_code, before.plan_code) != 0))
		err = supply_accounts_touch(tx->db, 0, r->property_id, now_ms / 1000);
	if (!err)
		err = meter_price_touch(tx->db, 0, r->property_id, now_ms);
	if (!err)
		err = property_note(tx, r, &before, now_ms);
	return err ? err : effects_directory(out);
}

enum err property_open(struct tx *tx, int64_t property_id, struct property_row *row,
                       struct fault *fault)
{
	enum err err = property_get(tx->db, property_id, row);

	if (!err && row->archived_s)
		return fault_set(fault, ERR_REFUSED, NULL, "the property is archived");
	return err;
}

enum err owner_open(struct tx *tx, int64_t group_id, int64_t property_id, struct fault *fault)
{
	struct property_row property;
	struct group_row group;
	enum err err = group_get(tx->db, group_id, &group);

	if (!err && group.archived_s)
		return fault_set(fault, ERR_REFUSED, NULL, "the group is archived");
	if (err || !property_id)
		return err;
	err = property_open(tx, property_id, &property, fault);
	return !err && property.group_id != group_id ? ERR_NOT_FOUND : err;
}

/* ---- civil days ---- */

int64_t property_day(const struct property_row *row, int64_t unix_s)
{
	return days_from_unix(unix_s + row->utc_offset_min * 60);
}

int64_t property_day_start_s(const struct property_row *row, int64_t day)
{
	return day * SECONDS_PER_DAY - row->utc_offset_min * 60;
}
