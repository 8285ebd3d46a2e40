/* All that is kept about a person, as one document. */
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/account.h"
#include "platform/core/person.h"
#include "platform/core/tenant.h"
#include "platform/store/account.h"
#include "platform/store/lease.h"
#include "platform/store/ledger.h"
#include "platform/store/message.h"
#include "platform/store/order.h"
#include "platform/store/photo.h"
#include "platform/store/takeover.h"

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
	/* The document holds all of his leases and meters, wherever they are. */
	if (!err)
		err = access_require_property(tx, &r->actor, PERMISSION_PERSON_EXPORT,
		                              r->property_id, now_ms);
	if (!err && !r->actor.reason[0])
		err = fault_set(&r->fault, ERR_BAD_INPUT, "reason", "is missing");
	if (err)
		return err;
	snprintf(object, sizeof object, "customer %lld", (long long)r->customer_id);
	return audit_note(tx, &r->actor, r->property_id, "person.export", object, "", now_ms);
}

struct document {
	struct db *db;
	struct day_reader *days;
	struct json_out *out;
	const struct property_row *property;
	int64_t now_s;
	enum err err;
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

/* ---- what his meters measured ---- */

#define DAYS_AT_ONCE 31
#define DAYS_LATE    62 /* how much older than its day of arrival a reading may be */

static void write_day(struct json_out *out, int64_t day, const struct history_point *last,
                      int64_t power_max_dw)
{
	out_object(out, NULL);
	out_day(out, "day", day);
	out_time_s(out, "at", last->value.time_s);
	out_int(out, "energy_wh", last->value.energy_wh);
	out_int(out, "power_max_dw", power_max_dw);
	out_object_end(out);
}

/* The last register of each civil day, and the greatest power. */
static void write_days(struct document *d, const struct history_request *history)
{
	for (size_t i = 0; i < history->point_count;) {
		const struct history_point *first = &history->point[i], *last = first;
		int64_t day = property_day(d->property, first->value.time_s);
		int64_t most_dw = first->power_max_dw;

		for (i++; i < history->point_count; i++) {
			const struct history_point *point = &history->point[i];

			if (property_day(d->property, point->value.time_s) != day)
				break;
			last = point;
			if (point->power_max_dw > most_dw)
				most_dw = point->power_max_dw;
		}
		write_day(d->out, day, last, most_dw);
	}
}

/* Nothing is older than the first day file, but what came late into it. */
static int64_t first_reading_s(struct day_reader *days)
{
	int64_t file;

	if (!day_reader_list(days, &file, 1))
		return INT64_MAX;
	return (file / DAY_PARTS - DAYS_LATE) * SECONDS_PER_DAY;
}

/* In pieces of whole civil days, the first of which ends at a midnight. */
static void write_readings(struct document *d, const struct lease_meter *row, int64_t from_s,
                           int64_t until_s)
{
	int64_t first_s = first_reading_s(d->days);
	int64_t at_s = from_s > first_s ? from_s : first_s;

	if (until_s > d->now_s + 1)
		until_s = d->now_s + 1;
	out_array(d->out, "days");
	while (!d->err && at_s < until_s) {
		int64_t day = property_day(d->property, at_s);
		bool whole = at_s == property_day_start_s(d->property, day);
		int64_t end_s = property_day_start_s(d->property, day + (whole ? DAYS_AT_ONCE : 1));
		struct history_request history = {.property_id = d->property->property_id,
		                                  .gateway_id = row->gateway_id,
		                                  .meter = row->meter,
		                                  .from_s = at_s,
		                                  .to_s = end_s < until_s ? end_s : until_s,
		                                  .now_s = d->now_s,
		                                  .period_s = SECONDS_PER_DAY,
		                                  .points = HISTORY_POINTS_MAX};

		d->err = history_read(d->days, &history);
		if (!d->err)
			write_days(d, &history);
		history_free(&history);
		at_s = end_s;
	}
	out_array_end(d->out);
}

/* His stays at a meter, whether the lease runs or not: it is his own past. */
static void write_stay(void *arg, const struct lease_meter *row)
{
	struct document *d = arg;
	int64_t from_s =
	        row->lease_from_s > row->place_from_s ? row->lease_from_s : row->place_from_s;
	int64_t until_s =
	        row->lease_until_s < row->place_until_s ? row->lease_until_s : row->place_until_s;

	if (d->err || from_s >= until_s || from_s > d->now_s)
		return;
	out_object(d->out, NULL);
	out_meter(d->out, "meter", row->meter);
	out_time_s(d->out, "from", from_s);
	if (until_s == LEASE_OPEN_S)
		out_null(d->out, "until");
	else
		out_time_s(d->out, "until", until_s);
	write_readings(d, row, from_s, until_s);
	out_object_end(d->out);
}

/* Of the old system's accounts those that were named as his. */
static void write_takeover(void *arg, const struct takeover_row *row)
{
	struct document *d = arg;

	out_object(d->out, NULL);
	out_text(d->out, "old_account", row->old_account);
	out_int(d->out, "balance_fen", row->balance_fen);
	out_int(d->out, "purchase_count", row->purchase_count);
	if (row->has_register)
		out_int(d->out, "register_milli", row->register_milli);
	else
		out_null(d->out, "register_milli");
	out_time_s(d->out, "read_at", row->read_at_s);
	out_text(d->out, "note", row->note);
	out_text(d->out, "state", takeover_state_word(row->state));
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
	return err ? err : d->err;
}

static bool write_message(void *arg, const struct message_row *row)
{
	struct document *d = arg;

	out_object(d->out, NULL);
	out_time_ms(d->out, "at", row->created_ms);
	out_time_ms(d->out, "sent_at", row->sent_ms);
	out_text(d->out, "kind", row->kind);
	out_text(d->out, "phone", row->phone);
	out_text(d->out, "text", row->text);
	out_object_end(d->out);
	return true;
}

static enum err write_messages(struct document *d, int64_t customer_id)
{
	const struct message_filter filter = {.customer_id = customer_id};
	enum err err;

	out_array(d->out, "messages");
	err = message_list(d->db, d->property->property_id, &filter, write_message, d);
	out_array_end(d->out);
	return err;
}

/* ---- his money ---- */

static bool write_order(void *arg, const struct order_row *row)
{
	struct json_out *out = ((struct document *)arg)->out;
	char number[ORDER_NUMBER_SIZE];

	order_number(row->order_id, number);
	out_object(out, NULL);
	out_text(out, "number", number);
	out_text(out, "channel", channel_word(row->channel));
	out_text(out, "state", order_state_word(row->state));
	out_int(out, "amount_fen", row->amount_fen);
	out_text(out, "voucher", row->voucher);
	out_time_ms(out, "created_at", row->created_ms);
	out_time_ms(out, "paid_at", row->paid_ms);
	out_object_end(out);
	return true;
}

/* The picture itself is shown at the account. */
static void write_photo(void *arg, const struct photo_row *row)
{
	struct json_out *out = ((struct document *)arg)->out;

	out_object(out, NULL);
	out_text(out, "name", row->name);
	out_text(out, "type", row->type);
	out_int(out, "bytes", row->bytes);
	out_time_s(out, "created_at", row->created_s);
	out_object_end(out);
}

/* An account is one person's for good: who comes after him gets another. */
static bool write_account(void *arg, const struct account_row *row)
{
	struct document *d = arg;
	const struct order_filter orders = {.account_id = row->account_id};
	struct ledger_balance now;

	d->err = ledger_balance(d->db, row->property_id, LEDGER_ACCOUNT, row->account_id, &now);
	if (d->err)
		return false;
	out_object(d->out, NULL);
	out_text(d->out, "code", row->code);
	out_text(d->out, "state", account_state_word(row->state));
	out_time_s(d->out, "opened_at", row->opened_s);
	out_time_s(d->out, "closed_at", row->closed_s);
	out_text(d->out, "note", row->note);
	out_int(d->out, "balance_fen", account_fen(now.balance));
	out_array(d->out, "orders");
	d->err = order_list(d->db, row->property_id, &orders, write_order, d);
	out_array_end(d->out);
	out_array(d->out, "photos");
	if (!d->err)
		d->err = photo_list(d->db, row->property_id, row->account_id, write_photo, d);
	out_array_end(d->out);
	out_object_end(d->out);
	return !d->err;
}

static enum err write_accounts(struct document *d, int64_t customer_id)
{
	const struct account_filter filter = {.customer_id = customer_id};
	enum err err;

	out_array(d->out, "accounts");
	err = account_list(d->db, d->property->property_id, &filter, write_account, d);
	out_array_end(d->out);
	return err ? err : d->err;
}

enum err person_document(struct reader *reader, const struct keys *keys, int64_t property_id,
                         int64_t customer_id, int64_t now_ms, struct json_out *out)
{
	struct db *db = reader->db;
	struct document d = {.db = db, .days = reader->days, .out = out, .now_s = now_ms / 1000};
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
	if (!err)
		err = write_accounts(&d, customer_id);
	if (!err)
		err = write_messages(&d, customer_id);
	out_array(out, "takeovers");
	if (!err)
		err = takeover_rows_of(db, property_id, customer_id, write_takeover, &d);
	out_array_end(out);
	snprintf(object, sizeof object, "customer %lld", (long long)customer_id);
	out_array(out, "acts");
	if (!err)
		err = audit_list_of_object(db, property_id, object, write_act, &d);
	out_array_end(out);
	out_object_end(out);
	return err ? err : out->failed ? ERR_NOMEM : ERR_NONE;
}
