/* All that is kept about a person, as one document. */
#include <stdio.h>
#include <string.h>

#include "platform/core/person.h"
#include "platform/core/tenant.h"
#include "platform/store/lease.h"

enum err person_export_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct person_export *r = arg;
	struct customer_row row;
	char object[64];
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = customer_get(tx->db, r->property_id, r->customer_id, &row);
	if (!err)
		err = customer_require(tx, &r->actor, PERMISSION_PERSON_EXPORT, r->property_id,
		                       r->customer_id, now_ms);
	if (!err && !r->actor.reason[0])
		err = fault_set(&r->fault, ERR_BAD_INPUT, "reason", "is missing");
	if (err)
		return err;
	snprintf(object, sizeof object, "customer %lld", (long long)r->customer_id);
	return audit_note(tx, &r->actor, r->property_id, "person.export", object, "", now_ms);
}

struct document {
	struct db *db;
	struct json_out *out;
	const struct property_row *property;
	int64_t now_s;
	enum err err;
	/* the meter whose stays are being written */
	int64_t meter;
};

static void write_customer(struct json_out *out, const struct customer_row *row,
                           const char *identity)
{
	out_object(out, "customer");
	out_int(out, "id", row->customer_id);
	out_text(out, "code", row->code);
	out_text(out, "kind", row->kind);
	out_text(out, "name", row->name);
	out_text(out, "identity", *identity ? identity : NULL);
	out_array(out, "phones");
	for (size_t i = 0; i < row->phone_count; i++) {
		out_object(out, NULL);
		out_text(out, "number", row->phone[i].phone);
		out_text(out, "label", row->phone[i].label);
		out_bool(out, "main", row->phone[i].main);
		out_object_end(out);
	}
	out_array_end(out);
	out_text(out, "lang", row->lang);
	out_text(out, "note", row->note);
	out_time_s(out, "created_at", row->created_s);
	out_time_s(out, "archived_at", row->archived_s);
	out_time_s(out, "erased_at", row->erased_s);
	out_object_end(out);
}

static bool write_lease(void *arg, const struct lease_row *row)
{
	struct document *d = arg;
	struct json_out *out = d->out;

	out_object(out, NULL);
	out_text(out, "code", row->code);
	out_text(out, "state", lease_state_word(lease_state_at(row, d->now_s)));
	out_day(out, "start", row->start_day);
	out_day(out, "end", row->end_day);
	out_text(out, "note", row->note);
	out_array(out, "spaces");
	for (size_t i = 0; !d->err && i < row->space_count; i++) {
		struct space_row space;
		char path[SPACE_PATH_SIZE];

		d->err = space_get(d->db, row->property_id, row->space[i], &space);
		if (!d->err)
			d->err = space_path(d->db, &space, path);
		if (!d->err)
			out_text(out, NULL, path);
	}
	out_array_end(out);
	out_object_end(out);
	return !d->err;
}

/* His stays at a meter, whether the lease runs or not: it is his own past. */
static void write_stay(void *arg, const struct lease_meter *row)
{
	struct document *d = arg;
	int64_t from_s =
	        row->lease_from_s > row->place_from_s ? row->lease_from_s : row->place_from_s;
	int64_t until_s =
	        row->lease_until_s < row->place_until_s ? row->lease_until_s : row->place_until_s;

	if (from_s >= until_s || from_s > d->now_s)
		return;
	out_object(d->out, NULL);
	out_meter(d->out, "meter", row->meter);
	out_time_s(d->out, "from", from_s);
	if (until_s == LEASE_OPEN_S)
		out_null(d->out, "until");
	else
		out_time_s(d->out, "until", until_s);
	out_object_end(d->out);
}

/* What was done about him: staff's names are not his. */
static void write_act(void *arg, const struct audit_row *row)
{
	struct document *d = arg;

	out_object(d->out, NULL);
	out_time_ms(d->out, "at", row->at_ms);
	out_text(d->out, "action", row->action);
	out_text(d->out, "reason", row->reason);
	out_object_end(d->out);
}

static enum err write_leases(struct document *d, int64_t customer_id)
{
	struct lease_filter filter = {.customer_id = customer_id, .now_s = d->now_s};
	int64_t property_id = d->property->property_id;
	enum err err;

	out_array(d->out, "leases");
	err = lease_list(d->db, property_id, &filter, write_lease, d);
	out_array_end(d->out);
	if (err || d->err)
		return err ? err : d->err;
	out_array(d->out, "meters");
	err = lease_meters(d->db, property_id, customer_id, write_stay, d);
	out_array_end(d->out);
	return err;
}

enum err person_document(struct db *db, const struct keys *keys, int64_t property_id,
                         int64_t customer_id, int64_t now_ms, struct json_out *out)
{
	struct document d = {.db = db, .out = out, .now_s = now_ms / 1000};
	struct property_row property;
	struct customer_row row;
	char identity[IDENTITY_SIZE] = "", object[64];
	enum err err = property_get(db, property_id, &property);

	if (!err)
		err = customer_get(db, property_id, customer_id, &row);
	if (!err)
		err = identity_open(keys, &row, identity);
	if (err)
		return err;
	d.property = &property;
	out_object(out, NULL);
	out_time_ms(out, "made_at", now_ms);
	out_text(out, "property", property.name);
	write_customer(out, &row, identity);
	err = write_leases(&d, customer_id);
	snprintf(object, sizeof object, "customer %lld", (long long)customer_id);
	out_array(out, "acts");
	if (!err)
		err = audit_list_of_object(db, property_id, object, write_act, &d);
	out_array_end(out);
	out_object_end(out);
	return err ? err : out->failed ? ERR_NOMEM : ERR_NONE;
}
