#include "platform/core/lease.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"
#include "platform/store/info.h"

/* ---- spaces ---- */

static bool has_space(const struct lease_row *row, int64_t space_id)
{
	for (size_t i = 0; i < row->space_count; i++)
		if (row->space[i] == space_id)
			return true;
	return false;
}

static enum err require_space(struct tx *tx, struct lease_edit *r, int64_t space_id, int64_t now_ms)
{
	struct space_row space;

	return space_named(tx, &r->actor, PERMISSION_CUSTOMER_WRITE, r->property_id, space_id,
	                   "spaces", &r->fault, &space, now_ms);
}

static enum err take_spaces(struct tx *tx, struct lease_edit *r, int64_t now_ms)
{
	struct lease_row *row = &r->row;
	enum err err = ERR_NONE;

	if (!r->space_count || r->space_count > LEASE_SPACES_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "spaces", "1 to %d of them",
		                 LEASE_SPACES_MAX);
	row->space_count = 0;
	for (size_t i = 0; !err && i < r->space_count; i++) {
		if (has_space(row, r->space[i]))
			return fault_set(&r->fault, ERR_BAD_INPUT, "spaces", "one stands twice");
		err = require_space(tx, r, r->space[i], now_ms);
		row->space[row->space_count++] = r->space[i];
	}
	return err;
}

/* For a lease as it is: the right at each of its spaces; it is there for who may read at one. */
static enum err require_all(struct tx *tx, const struct actor *actor, const struct lease_row *row,
                            int64_t now_ms)
{
	struct access access;
	bool readable = false, all = true;
	enum err err = ERR_NONE;

	if (actor->local)
		return ERR_NONE;
	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	for (size_t i = 0; i < row->space_count; i++) {
		struct place place;

		err = place_of_space(tx->db, row->property_id, row->space[i], &place);
		if (err)
			return err;
		readable |= access_allows(&access, PERMISSION_CUSTOMER_READ, &place, now_ms / 1000);
		all &= access_allows(&access, PERMISSION_CUSTOMER_WRITE, &place, now_ms / 1000);
	}
	return all ? ERR_NONE : readable ? ERR_FORBIDDEN : ERR_HIDDEN;
}

enum err lease_shows(struct db *db, const struct access *access, enum permission permission,
                     const struct lease_row *row, int64_t now_s, bool *shows)
{
	*shows = false;
	for (size_t i = 0; !*shows && i < row->space_count; i++) {
		struct place place;
		enum err err = place_of_space(db, row->property_id, row->space[i], &place);

		if (err && err != ERR_NOT_FOUND)
			return err;
		*shows = !err && access_allows(access, permission, &place, now_s);
	}
	return ERR_NONE;
}

/* Another lease that holds one of these spaces in this time; also the row's own spaces among
 * themselves: a floor and a room on it would count its meters twice. */
static enum err check_overlap(struct tx *tx, struct lease_edit *r)
{
	const struct lease_row *row = &r->row;

	for (size_t i = 0; i < row->space_count; i++) {
		struct space_row space;
		int64_t other;
		enum err err = space_get(tx->db, r->property_id, row->space[i], &space);

		if (err)
			return err;
		if ((space.floor_id != space.space_id && has_space(row, space.floor_id)) ||
		    (space.building_id != space.space_id && has_space(row, space.building_id)))
			return fault_set(&r->fault, ERR_BAD_INPUT, "spaces",
			                 "one of them is inside another");
		err = lease_overlap(tx->db, &space, row->from_s, row->until_s, row->lease_id,
		                    &other);
		if (!err)
			return fault_set(&r->fault, ERR_REFUSED, "spaces",
			                 "another lease holds one of them in this time");
		if (err != ERR_NOT_FOUND)
			return err;
	}
	return ERR_NONE;
}

/* ---- days ---- */

static enum err take_days(struct lease_edit *r, const struct property_row *property, int64_t now_s)
{
	struct lease_row *row = &r->row;
	bool running = r->lease_id && row->from_s <= now_s;

	if (r->has_start && r->start_day != row->start_day && running)
		return fault_set(&r->fault, ERR_REFUSED, "start", "the lease has begun");
	if (r->has_start)
		row->start_day = r->start_day;
	if (r->has_end)
		row->end_day = r->end_day;
	if (row->start_day < LEASE_DAY_MIN || row->start_day > LEASE_DAY_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "start", "from 1970 to 2269");
	if (row->end_day && (row->end_day < row->start_day || row->end_day > LEASE_DAY_MAX))
		return fault_set(&r->fault, ERR_BAD_INPUT, "end",
		                 "must not be before the start or after 2269");
	row->from_s = property_day_start_s(property, row->start_day);
	row->until_s =
	        row->end_day ? property_day_start_s(property, row->end_day + 1) : LEASE_OPEN_S;
	/* The past is not rewritten: a running lease ends now at the earliest, by its own act. */
	if (running && row->until_s <= now_s)
		return fault_set(&r->fault, ERR_REFUSED, "end", "is past; end the lease instead");
	return ERR_NONE;
}

static enum err take_values(struct tx *tx, struct lease_edit *r,
                            const struct property_row *property, int64_t now_ms)
{
	struct lease_row *row = &r->row;
	enum err err = ERR_NONE;

	if (r->code) {
		err = fault_text(&r->fault, "code", r->code, TEXT_LINE, 1, CODE_CHARS);
		if (!err)
			snprintf(row->code, sizeof row->code, "%s", r->code);
	}
	if (!err && r->note) {
		err = fault_text(&r->fault, "note", r->note, TEXT_LINES, 0, NOTE_CHARS);
		if (!err)
			snprintf(row->note, sizeof row->note, "%s", r->note);
	}
	if (!err && r->has_remind) {
		if (r->remind_days < -1 || r->remind_days > REMIND_DAYS_MAX)
			return fault_set(&r->fault, ERR_BAD_INPUT, "remind_days", "must be 0 to %d",
			                 REMIND_DAYS_MAX);
		row->remind_days = r->remind_days;
	}
	if (!err && (r->has_start || r->has_end || !r->lease_id))
		err = take_days(r, property, now_ms / 1000);
	if (!err && r->has_spaces)
		err = take_spaces(tx, r, now_ms);
	return err ? err : check_overlap(tx, r);
}

/* ---- the audit ---- */

static void spaces_text(const struct lease_row *row, char *to, size_t size)
{
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < row->space_count && len < size; i++)
		len += (size_t)snprintf(to + len, size - len, "%s%lld", i ? " " : "",
		                        (long long)row->space[i]);
}

static enum err note(struct tx *tx, const struct actor *actor, const char *action,
                     const struct lease_row *before, const struct lease_row *after, int64_t now_ms)
{
	struct audit_entry entry = {
	        .property_id = after->property_id, .action = action, .detail = ""};
	char spaces[2][LEASE_SPACES_MAX * 21], object[64];
	struct change change;

	spaces_text(after, spaces[1], sizeof spaces[1]);
	if (before)
		spaces_text(before, spaces[0], sizeof spaces[0]);
	change_begin(&change);
	change_text(&change, "code", before ? before->code : NULL, after->code);
	change_int(&change, "customer", before ? before->customer_id : CHANGE_NONE,
	           after->customer_id);
	change_int(&change, "start_day", before ? before->start_day : CHANGE_NONE,
	           after->start_day);
	change_int(&change, "end_day", before ? before->end_day : CHANGE_NONE, after->end_day);
	change_int(&change, "until_s", before ? before->until_s : CHANGE_NONE, after->until_s);
	change_int(&change, "remind_days", before ? before->remind_days : CHANGE_NONE,
	           after->remind_days);
	change_text(&change, "spaces", before ? spaces[0] : NULL, spaces[1]);
	change_length(&change, "note_characters", before ? before->note : NULL, after->note);
	snprintf(object, sizeof object, "lease %lld", (long long)after->lease_id);
	entry.object = object;
	return change_note(&change, tx, actor, &entry, now_ms);
}

/* ---- reminders ---- */

enum err lease_remind(struct tx *tx, const struct property_row *property, int64_t lease_id,
                      int64_t now_s, size_t *written)
{
	struct reminder_row rows[REMINDERS_MAX];
	size_t count;
	enum err err =
	        reminder_due(tx->db, property->property_id, lease_id, property_day(property, now_s),
	                     property->remind_days, now_s, REMINDERS_MAX, rows, &count);

	for (size_t i = 0; !err && i < count; i++) {
		rows[i].written_s = now_s;
		err = sequence_next(tx->db, "reminder", &rows[i].reminder_id);
		if (!err)
			err = reminder_insert(tx->db, &rows[i]);
	}
	*written = count;
	return err;
}

/* A lease that is written when its end is near already need not wait for midnight. */
static enum err remind_now(struct tx *tx, const struct property_row *property,
                           const struct lease_row *row, int64_t now_ms)
{
	size_t written;

	return lease_remind(tx, property, row->lease_id, now_ms / 1000, &written);
}

/* ---- steps ---- */

static enum err code_taken(struct lease_edit *r, enum err err)
{
	if (err != ERR_DUP)
		return err;
	return fault_set(&r->fault, ERR_DUP, "code", "is taken in this property");
}

/* A customer whom he may see; anybody else is as one that does not exist. */
static enum err take_customer(struct tx *tx, struct lease_edit *r, int64_t now_ms)
{
	struct customer_row customer;
	enum err err = customer_get(tx->db, r->property_id, r->customer_id, &customer);

	if (!err)
		err = customer_require(tx, &r->actor, PERMISSION_CUSTOMER_READ, r->property_id,
		                       r->customer_id, now_ms);
	if (err == ERR_NOT_FOUND || err == ERR_HIDDEN || err == ERR_FORBIDDEN)
		return fault_set(&r->fault, ERR_BAD_INPUT, "customer", "no such customer here");
	if (!err && (customer.archived_s || customer.erased_s))
		return fault_set(&r->fault, ERR_REFUSED, "customer", "is archived");
	r->row.customer_id = r->customer_id;
	return err;
}

/* Rights are asked at each space; here only whether the property is there for him at all. */
static enum err see_property(struct tx *tx, struct lease_edit *r, struct property_row *property,
                             int64_t now_ms)
{
	struct place place;
	enum err err = place_of_space(tx->db, r->property_id, 0, &place);

	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_CUSTOMER_WRITE, &place, now_ms);
	if (err && err != ERR_FORBIDDEN)
		return err;
	return property_open(tx, r->property_id, property, &r->fault);
}

static enum err lease_create(struct tx *tx, struct lease_edit *r, int64_t now_ms)
{
	struct lease_row *row = &r->row;
	struct property_row property;
	enum err err = see_property(tx, r, &property, now_ms);

	if (err)
		return err;
	if (!r->has_start)
		return fault_set(&r->fault, ERR_BAD_INPUT, "start", "is missing");
	if (!r->has_spaces)
		return fault_set(&r->fault, ERR_BAD_INPUT, "spaces", "is missing");
	err = sequence_next(tx->db, "lease", &row->lease_id);
	if (err)
		return err;
	row->property_id = r->property_id;
	row->created_s = now_ms / 1000;
	row->remind_days = -1;
	snprintf(row->code, sizeof row->code, "L%06lld", (long long)row->lease_id);
	err = take_customer(tx, r, now_ms);
	if (!err)
		err = take_values(tx, r, &property, now_ms);
	if (!err)
		err = code_taken(r, lease_insert(tx->db, row));
	if (!err)
		err = lease_get(tx->db, r->property_id, row->lease_id, row);
	if (!err)
		err = remind_now(tx, &property, row, now_ms);
	return err ? err : note(tx, &r->actor, "lease.create", NULL, row, now_ms);
}

/* The lease as it is: seen, allowed, of this version, and not over. */
static enum err lease_begin(struct tx *tx, struct lease_edit *r, struct property_row *property,
                            int64_t now_ms)
{
	enum lease_state state;
	enum err err = lease_get(tx->db, r->property_id, r->lease_id, &r->row);

	if (!err)
		err = require_all(tx, &r->actor, &r->row, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, property, &r->fault);
	if (err)
		return err;
	if (r->row.version != r->version)
		return ERR_CONFLICT;
	state = lease_state_at(&r->row, now_ms / 1000);
	if (state == LEASE_ENDED || state == LEASE_CANCELLED)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the lease is over");
	return ERR_NONE;
}

static bool same_spaces(const struct lease_edit *r, const struct lease_row *before)
{
	if (r->space_count != before->space_count)
		return false;
	for (size_t i = 0; i < r->space_count; i++)
		if (!has_space(before, r->space[i]))
			return false;
	return true;
}

enum err lease_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct lease_edit *r = arg;
	struct property_row property;
	struct lease_row before;
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	memset(&r->row, 0, sizeof r->row);
	if (!r->lease_id)
		return lease_create(tx, r, now_ms);
	err = lease_begin(tx, r, &property, now_ms);
	if (err)
		return err;
	before = r->row;
	if (r->has_spaces && !same_spaces(r, &before) && before.from_s <= now_ms / 1000)
		return fault_set(&r->fault, ERR_REFUSED, "spaces",
		                 "the lease has begun: end it and make another");
	err = take_values(tx, r, &property, now_ms);
	if (!err)
		err = code_taken(r, lease_update(tx->db, &r->row));
	if (!err)
		err = remind_now(tx, &property, &r->row, now_ms);
	return err ? err : note(tx, &r->actor, "lease.edit", &before, &r->row, now_ms);
}

enum err lease_end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct lease_edit *r = arg;
	struct property_row property;
	struct lease_row before;
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = lease_begin(tx, r, &property, now_ms);
	if (err)
		return err;
	before = r->row;
	if (lease_state_at(&before, now_ms / 1000) == LEASE_PLANNED) {
		r->row.cancelled_s = now_ms / 1000;
		r->row.until_s = r->row.from_s; /* it holds nothing */
	} else {
		r->row.until_s = now_ms / 1000;
		r->row.end_day = property_day(&property, now_ms / 1000);
	}
	err = lease_update(tx->db, &r->row);
	if (err)
		return err;
	return note(tx, &r->actor, before.from_s > now_ms / 1000 ? "lease.cancel" : "lease.end",
	            &before, &r->row, now_ms);
}

enum err reminder_done_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct reminder_edit *r = arg;
	struct lease_row lease;
	char object[64];
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = reminder_get(tx->db, r->property_id, r->reminder_id, &r->row);
	if (!err)
		err = lease_get(tx->db, r->property_id, r->row.lease_id, &lease);
	if (!err)
		err = require_all(tx, &r->actor, &lease, now_ms);
	if (err)
		return err;
	if (r->row.done_s)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it is done already");
	r->row.done_s = now_ms / 1000;
	snprintf(r->row.done_by, sizeof r->row.done_by, "%s", r->actor.who);
	err = reminder_set_done(tx->db, &r->row);
	if (err)
		return err;
	snprintf(object, sizeof object, "lease %lld", (long long)lease.lease_id);
	return audit_note(tx, &r->actor, r->property_id, "lease.reminder", object, "done", now_ms);
}
