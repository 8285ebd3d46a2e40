#include "platform/http/show_order.h"

#include <string.h>

#include "platform/http/gate.h"
#include "platform/store/lease.h"
#include "platform/store/meter.h"

/* ---- names and rights ---- */

enum err account_names_read(struct db *db, int64_t property_id, int64_t account_id,
                            struct account_names *names)
{
	struct customer_row customer;
	struct account_row account;
	enum err err;

	*names = (struct account_names){.account_id = account_id};
	if (!account_id)
		return ERR_NONE;
	err = account_get(db, property_id, account_id, &account);
	if (!err)
		err = customer_get(db, property_id, account.customer_id, &customer);
	if (err)
		return err;
	names->customer_id = account.customer_id;
	memcpy(names->code, account.code, sizeof names->code);
	memcpy(names->customer, customer.name, sizeof names->customer);
	return ERR_NONE;
}

void show_account_name(struct json_out *out, const char *key, const struct account_names *names)
{
	if (!names->account_id) {
		out_null(out, key);
		return;
	}
	out_object(out, key);
	out_id(out, "id", names->account_id);
	out_text(out, "code", names->code);
	out_object_end(out);
}

struct rooms_look {
	struct db *db;
	struct account_rooms *rooms;
	enum err err;
};

static bool take_room(void *arg, const struct space_row *row)
{
	struct rooms_look *look = arg;
	struct account_rooms *rooms = look->rooms;
	struct space_row space;

	look->err = space_get(look->db, row->property_id, row->space_id, &space);
	if (!look->err)
		look->err = space_path(look->db, &space, rooms->path[rooms->count]);
	if (look->err)
		return false;
	for (size_t i = 0; i < rooms->count; i++)
		if (strcmp(rooms->path[i], rooms->path[rooms->count]) == 0)
			return true;
	return ++rooms->count < ROOMS_SHOWN;
}

static bool take_place(void *arg, const struct account_meter *use)
{
	struct rooms_look *look = arg;
	struct space_row space = {.property_id = use->property_id};
	struct meter_row meter;

	look->err = meter_get(look->db, use->property_id, use->meter, &meter);
	space.space_id = look->err ? 0 : meter.space_id;
	return space.space_id ? take_room(arg, &space) : !look->err;
}

enum err account_rooms_read(struct db *db, int64_t property_id, int64_t account_id,
                            int64_t customer_id, int64_t now_s, struct account_rooms *rooms)
{
	struct rooms_look look = {.db = db, .rooms = rooms};
	enum err err;

	rooms->count = 0;
	err = lease_spaces_of(db, property_id, customer_id, now_s, take_room, &look);
	if (!err && !look.err && !rooms->count)
		err = account_meters(db, property_id, account_id, true, take_place, &look);
	return err ? err : look.err;
}

void show_rooms(struct json_out *out, const struct account_rooms *rooms)
{
	out_array(out, "rooms");
	for (size_t i = 0; i < rooms->count; i++)
		out_text(out, NULL, rooms->path[i]);
	out_array_end(out);
}

void show_meter_or_null(struct json_out *out, const char *key, int64_t meter)
{
	if (meter)
		out_meter(out, key, meter);
	else
		out_null(out, key);
}

enum err look_at_account(struct reader *reader, const struct request *request,
                         enum permission permission, int64_t account_id)
{
	bool shows;
	enum err err =
	        books_shows(reader->db, &request->access, permission, request->place.property_id,
	                    account_id, request->now_ms / 1000, &shows);

	return err ? err : shows ? ERR_NONE : ERR_HIDDEN;
}

enum err rows_at_account(struct rows *rows, enum permission permission, int64_t account_id,
                         bool *shows)
{
	const struct request *request = rows->request;

	return books_shows(rows->db, &request->access, permission, request->place.property_id,
	                   account_id, request->now_ms / 1000, shows);
}

/* ---- orders ---- */

static bool take_stage(void *arg, const struct order_stage *stage)
{
	struct order_view *view = arg;

	view->stage[view->stages++] = *stage;
	return view->stages < ORDER_STAGES_SHOWN;
}

static enum err read_delivery(struct db *db, struct order_view *view)
{
	const struct order_row *row = &view->row;
	enum err err;

	if (!row->meter)
		return ERR_NONE;
	err = topup_of_order(db, row->property_id, row->order_id, &view->topup);
	view->has_topup = !err;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = meter_purse_get(db, row->property_id, row->meter, &view->purse);
	view->has_purse = !err && view->purse.read_ms;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err order_view_read(struct db *db, struct order_view *view, bool whole)
{
	const struct order_row *row = &view->row;
	enum err err = account_names_read(db, row->property_id, row->account_id, &view->names);

	view->whole = whole;
	view->stages = 0;
	view->has_topup = view->has_purse = false;
	if (!err && whole)
		err = order_stages(db, row->property_id, row->order_id, take_stage, view);
	return err || !whole ? err : read_delivery(db, view);
}

static void show_stages(struct json_out *out, const struct order_view *view)
{
	out_array(out, "stages");
	for (size_t i = 0; i < view->stages; i++) {
		out_object(out, NULL);
		out_text(out, "state", order_state_word(view->stage[i].state));
		out_time_ms(out, "at", view->stage[i].at_ms);
		out_text(out, "by", view->stage[i].who);
		out_text(out, "reason", view->stage[i].reason);
		out_object_end(out);
	}
	out_array_end(out);
}

static void show_purse(struct json_out *out, const struct meter_purse *purse)
{
	if (!purse) {
		out_null(out, "meter_count");
		out_null(out, "meter_total_fen");
		out_null(out, "meter_balance_fen");
		out_null(out, "meter_read_at");
		return;
	}
	out_int(out, "meter_count", purse->meter_count);
	out_int(out, "meter_total_fen", purse->meter_total_fen);
	out_int(out, "meter_balance_fen", purse->meter_balance_fen);
	out_time_ms(out, "meter_read_at", purse->read_ms);
}

static void show_delivery(struct json_out *out, const struct order_view *view)
{
	if (!view->has_topup) {
		out_null(out, "delivery");
		return;
	}
	out_object(out, "delivery");
	out_text(out, "state", topup_state_word(view->topup.state));
	out_int(out, "count", view->topup.count);
	out_int(out, "total_fen", view->topup.total_fen);
	out_int(out, "tries", view->topup.tries);
	out_text(out, "reason", view->topup.reason);
	show_purse(out, view->has_purse ? &view->purse : NULL);
	out_object_end(out);
}

static void show_amounts(struct json_out *out, const struct order_row *row)
{
	out_int(out, "amount_fen", row->amount_fen);
	out_int(out, "arrears_fen", row->arrears_fen);
	out_int(out, "debt_fen", row->debt_fen);
	out_int(out, "fee_fen", row->fee_fen);
	out_int(out, "credit_fen", row->credit_fen);
}

void show_order(struct json_out *out, const struct order_view *view)
{
	const struct order_row *row = &view->row;
	char number[ORDER_NUMBER_SIZE];

	order_number(row->order_id, number);
	out_object(out, NULL);
	out_id(out, "id", row->order_id);
	out_text(out, "number", number);
	show_account_name(out, "account", &view->names);
	out_object(out, "customer");
	out_id(out, "id", view->names.customer_id);
	out_text(out, "name", view->names.customer);
	out_object_end(out);
	out_text(out, "channel", channel_word(row->channel));
	out_text(out, "state", order_state_word(row->state));
	show_amounts(out, row);
	show_meter_or_null(out, "meter", row->meter);
	out_bool(out, "restores", row->restores);
	out_id(out, "shift", row->shift_id);
	out_text(out, "voucher", row->voucher);
	if (row->receipt_no)
		out_int(out, "receipt_no", row->receipt_no);
	else
		out_null(out, "receipt_no");
	out_id(out, "reversal", row->reversal_id);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "created_at", row->created_ms);
	out_time_ms(out, "expires_at", row->expires_ms);
	out_time_ms(out, "paid_at", row->paid_ms);
	out_time_ms(out, "delivered_at", row->delivered_ms);
	out_int(out, "version", row->version);
	if (view->whole) {
		show_stages(out, view);
		show_delivery(out, view);
	}
	out_object_end(out);
}
