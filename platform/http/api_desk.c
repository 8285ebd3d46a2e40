/* The vending desk's search: accounts by their code, their customer's name or phone, their room, their meter. */
#include <stdlib.h>
#include <string.h>

#include "platform/core/customer.h"
#include "platform/http/show_order.h"
#include "platform/store/lease.h"

#define FOUND_MAX  20
#define METERS_MAX 8

struct desk_look {
	struct look look;
	const char *text;
	struct db *db;
	enum err err;
	int64_t found[FOUND_MAX];
	size_t count;
	struct json_out items;
};

/* What is shown of one account. */
struct desk_account {
	struct account_names names;
	enum account_state state;
	int64_t balance_fen;
	struct account_rooms rooms;
	size_t meters;
	int64_t meter[METERS_MAX];
};

static bool add(struct desk_look *desk, int64_t account_id)
{
	for (size_t i = 0; i < desk->count; i++)
		if (desk->found[i] == account_id)
			return true;
	if (desk->count < FOUND_MAX)
		desk->found[desk->count++] = account_id;
	return desk->count < FOUND_MAX;
}

static bool take_account(void *arg, const struct account_row *row)
{
	struct desk_look *desk = arg;
	bool shows;

	if (row->state == ACCOUNT_CLOSED)
		return true;
	desk->err = books_shows(desk->db, &desk->look.request->access, PERMISSION_VEND,
	                        row->property_id, row->account_id,
	                        desk->look.request->now_ms / 1000, &shows);
	return !desk->err && (!shows || add(desk, row->account_id));
}

static enum err find_accounts(struct desk_look *desk, const struct account_filter *filter)
{
	enum err err = account_list(desk->db, desk->look.request->place.property_id, filter,
	                            take_account, desk);

	return err ? err : desk->err;
}

static enum err find_by_text(struct desk_look *desk)
{
	struct account_filter filter = {.ask = {.sort = ACCOUNT_BY_CODE}};

	utf8_copy(filter.ask.search, sizeof filter.ask.search, desk->text);
	return find_accounts(desk, &filter);
}

static enum err find_by_meter(struct desk_look *desk)
{
	struct account_filter filter = {.ask = {.sort = ACCOUNT_BY_CODE}};
	char *end;

	filter.meter = strtoll(desk->text, &end, 10);
	return strlen(desk->text) == 12 && !*end ? find_accounts(desk, &filter) : ERR_NONE;
}

static bool take_customer(void *arg, const struct customer_row *row)
{
	struct desk_look *desk = arg;
	struct account_filter filter = {.ask = {.sort = ACCOUNT_BY_CODE},
	                                .customer_id = row->customer_id};

	desk->err = find_accounts(desk, &filter);
	return !desk->err && desk->count < FOUND_MAX;
}

static enum err find_by_phone(struct desk_look *desk)
{
	struct customer_filter filter = {.ask = {.sort = CUSTOMER_BY_NUMBER},
	                                 .now_s = desk->look.request->now_ms / 1000};
	enum err err;

	utf8_copy(filter.ask.search, sizeof filter.ask.search, desk->text);
	customer_search(&filter, false);
	/* A whole number is asked for at the list of customers, where guessing is counted. */
	if (!filter.phone_end[0])
		return ERR_NONE;
	err = customer_list(desk->db, desk->look.request->place.property_id, &filter, take_customer,
	                    desk);
	return err ? err : desk->err;
}

static bool take_lease(void *arg, const struct lease_row *row)
{
	struct desk_look *desk = arg;
	struct account_filter filter = {.ask = {.sort = ACCOUNT_BY_CODE},
	                                .customer_id = row->customer_id};

	desk->err = find_accounts(desk, &filter);
	return !desk->err && desk->count < FOUND_MAX;
}

/* Who has a meter there, with a lease or without. */
static bool take_use(void *arg, const struct account_meter *use)
{
	struct desk_look *desk = arg;
	struct account_row account;

	desk->err = account_get(desk->db, use->property_id, use->account_id, &account);
	return !desk->err && take_account(desk, &account);
}

static bool take_space(void *arg, const struct space_row *row)
{
	struct desk_look *desk = arg;
	struct lease_filter filter = {.ask = {.sort = LEASE_BY_NUMBER},
	                              .space_id = row->space_id,
	                              .state = LEASE_RUNNING,
	                              .now_s = desk->look.request->now_ms / 1000};
	enum err err = lease_list(desk->db, row->property_id, &filter, take_lease, desk);

	if (!err && !desk->err && desk->count < FOUND_MAX)
		err = account_meter_in(desk->db, row->property_id, row->space_id, take_use, desk);
	if (!desk->err)
		desk->err = err;
	return !desk->err && desk->count < FOUND_MAX;
}

static enum err find_by_room(struct desk_look *desk)
{
	struct space_filter filter = {.parent_id = -1, .kind = SPACE_ROOM};
	enum err err;

	utf8_copy(filter.ask.search, sizeof filter.ask.search, desk->text);
	err = space_list(desk->db, desk->look.request->place.property_id, &filter, take_space,
	                 desk);
	return err ? err : desk->err;
}

/* ---- what is shown ---- */

static bool take_meter(void *arg, const struct account_meter *use)
{
	struct desk_account *it = arg;

	it->meter[it->meters++] = use->meter;
	return it->meters < METERS_MAX;
}

static enum err read_account(struct desk_look *desk, int64_t account_id, struct desk_account *it)
{
	const struct request *request = desk->look.request;
	int64_t property_id = request->place.property_id;
	struct account_row account;
	struct books_money money;
	enum err err = account_get(desk->db, property_id, account_id, &account);

	*it = (struct desk_account){.state = account.state};
	if (!err)
		err = account_names_read(desk->db, property_id, account_id, &it->names);
	if (!err)
		err = books_money(desk->db, property_id, account_id, false, request->now_ms,
		                  &money);
	if (err)
		return err;
	it->balance_fen = books_fen(money.balance);
	err = account_rooms_read(desk->db, property_id, account_id, account.customer_id,
	                         request->now_ms / 1000, &it->rooms);
	return err ? err : account_meters(desk->db, property_id, account_id, true, take_meter, it);
}

static void show_account(struct json_out *out, const struct desk_account *it)
{
	out_object(out, NULL);
	out_id(out, "id", it->names.account_id);
	out_text(out, "code", it->names.code);
	out_text(out, "state", account_state_word(it->state));
	out_object(out, "customer");
	out_id(out, "id", it->names.customer_id);
	out_text(out, "name", it->names.customer);
	out_object_end(out);
	show_rooms(out, &it->rooms);
	out_array(out, "meters");
	for (size_t i = 0; i < it->meters; i++)
		out_meter(out, NULL, it->meter[i]);
	out_array_end(out);
	out_int(out, "balance_fen", it->balance_fen);
	out_object_end(out);
}

static enum err show_found(struct desk_look *desk)
{
	static const size_t size = sizeof(struct desk_account);
	struct desk_account *it = malloc(size);
	enum err err = it ? ERR_NONE : ERR_NOMEM;

	out_object(&desk->items, NULL);
	out_array(&desk->items, "items");
	for (size_t i = 0; i < desk->count && !err; i++) {
		err = read_account(desk, desk->found[i], it);
		if (!err)
			show_account(&desk->items, it);
	}
	out_array_end(&desk->items);
	out_object_end(&desk->items);
	free(it);
	return err;
}

static enum err read_desk(struct reader *reader, struct look *look)
{
	struct desk_look *desk = (struct desk_look *)look;
	enum err err;

	desk->db = reader->db;
	look->version = -1;
	err = find_by_meter(desk);
	if (!err && desk->count < FOUND_MAX)
		err = find_by_text(desk);
	if (!err && desk->count < FOUND_MAX)
		err = find_by_room(desk);
	if (!err && desk->count < FOUND_MAX)
		err = find_by_phone(desk);
	json_out_init(&desk->items);
	if (!err)
		err = show_found(desk);
	if (err)
		json_out_free(&desk->items);
	return err;
}

static void write_desk(struct json_out *out, const void *arg)
{
	const struct desk_look *desk = arg;
	struct json_out items = desk->items;

	if (items.failed)
		out->failed = true;
	else
		out_raw(out, NULL, items.data, items.len);
	json_out_free(&items);
}

void desk_show(struct request *request)
{
	struct desk_look *desk = request_alloc(request, sizeof *desk);

	if (!desk) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	desk->look.read = read_desk;
	desk->look.write = write_desk;
	desk->text = desk_show_query(request)->q;
	look_run(request, &desk->look);
}
