/* Customers: found, edited, and told whole for an audit line. */
#include <stdio.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/customer.h"
#include "platform/core/mask.h"
#include "platform/http/act.h"
#include "platform/http/context.h"
#include "platform/http/login.h"

static void show_phones(struct json_out *out, const struct customer_row *row, bool whole)
{
	out_array(out, "phones");
	for (size_t i = 0; i < row->phone_count; i++) {
		const struct customer_phone *phone = &row->phone[i];
		char masked[PHONE_SIZE];

		mask_phone(masked, sizeof masked, phone->phone);
		out_object(out, NULL);
		out_id(out, "id", phone->phone_id);
		out_text(out, "number", whole ? phone->phone : masked);
		out_text(out, "label", phone->label);
		out_bool(out, "main", phone->main);
		out_object_end(out);
	}
	out_array_end(out);
}

/* `with_note`: not in lists, where it would be most of the page. */
static void show_customer(struct json_out *out, const struct customer_row *row, bool with_note)
{
	out_object(out, NULL);
	out_id(out, "id", row->customer_id);
	out_text(out, "code", row->code);
	out_text(out, "kind", row->kind);
	out_text(out, "name", row->name);
	show_phones(out, row, false);
	out_text(out, "identity", row->has_identity ? row->identity_masked : NULL);
	out_text(out, "lang", row->lang);
	if (with_note)
		out_text(out, "note", row->note);
	out_bool(out, "archived", row->archived_s != 0);
	out_time_s(out, "erased_at", row->erased_s);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

/* ---- list ---- */

struct customer_rows {
	struct rows rows;
	struct customer_filter filter;
	bool reveal;
	bool whole; /* he may read all of the property: no look at each one's places */
};

static bool take_customer(void *arg, const struct customer_row *row)
{
	struct customer_rows *list = arg;
	struct rows *rows = &list->rows;
	const struct request *request = rows->request;
	const char *key = list->filter.ask.sort == CUSTOMER_BY_NAME ? row->name : row->code;
	struct customer_places places;

	if (!list->whole) {
		rows->err = customer_places(rows->db, row->property_id, row->customer_id,
		                            list->filter.now_s, &places);
		if (rows->err)
			return false;
		if (!customer_allows(&request->access, PERMISSION_CUSTOMER_READ, &places,
		                     list->filter.now_s))
			return true;
	}
	if (!page_take(&rows->page, key, 0, row->customer_id))
		return false;
	show_customer(rows->page.out, row, false);
	return true;
}

static enum err read_customers(struct reader *reader, struct rows *rows)
{
	struct customer_rows *list = (struct customer_rows *)rows;
	bool shows = true;
	enum err err = ERR_NONE;

	list->filter.ask = rows->page.ask;
	customer_search(&list->filter, list->reveal);
	/* Nobody is found by a room that the caller does not see. */
	if (list->filter.space_id)
		err = space_shows(reader->db, rows->request, PERMISSION_CUSTOMER_READ,
		                  list->filter.space_id, &shows);
	return err || !shows ? err
	                     : customer_list(reader->db, rows->request->place.property_id,
	                                     &list->filter, take_customer, list);
}

_Static_assert(CUSTOMERS_LIST_SORT_NAME == (int)CUSTOMER_BY_NAME &&
                       CUSTOMERS_LIST_SORT_CODE == (int)CUSTOMER_BY_CODE &&
                       CUSTOMERS_LIST_SORT_ID == (int)CUSTOMER_BY_NUMBER,
               "the fragment's order of sort words");

/* True: answered. A number that is asked for whole says yes or no to a guess. */
static bool guesses_too_often(struct request *request, const char *text)
{
	char who[48];

	if (!customer_search_is_number(text))
		return false;
	snprintf(who, sizeof who, "%lld/%lld", (long long)request->user.user_id,
	         (long long)request->access.key_id);
	return answer_wait(request,
	                   number_limit_ask_s(&request->http->login_limit, who, clock_mono_ms()),
	                   "too many whole numbers were asked for");
}

void customers_list(struct request *request)
{
	const struct query_customers_list *query = customers_list_query(request);
	struct customer_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_customers;
	list->whole = gate_shows(request, PERMISSION_CUSTOMER_READ, &request->place);
	list->reveal = gate_shows(request, PERMISSION_CUSTOMER_REVEAL, &request->place);
	if (!list->reveal && query->has_q && guesses_too_often(request, query->q))
		return;
	list->filter.now_s = request->now_ms / 1000;
	list->filter.space_id = query->space;
	list->filter.state = CUSTOMER_ACTIVE;
	if (query->has_archived && query->archived)
		list->filter.state = CUSTOMER_ARCHIVED;
	if (query->has_kind)
		utf8_copy(list->filter.kind, sizeof list->filter.kind, query->kind);
	rows_run(request, &list->rows);
}

/* ---- one ---- */

struct customer_look {
	struct look look;
	int64_t customer_id;
	struct customer_row row;
};

static enum err read_customer(struct reader *reader, struct look *look)
{
	struct customer_look *customer = (struct customer_look *)look;
	const struct request *request = look->request;
	int64_t property_id = request->place.property_id, now_s = request->now_ms / 1000;
	struct customer_places places;
	enum err err = customer_get(reader->db, property_id, customer->customer_id, &customer->row);

	if (!err)
		err = customer_places(reader->db, property_id, customer->customer_id, now_s,
		                      &places);
	if (err)
		return err;
	look->version = customer->row.version;
	return customer_allows(&request->access, PERMISSION_CUSTOMER_READ, &places, now_s)
	               ? ERR_NONE
	               : ERR_HIDDEN;
}

static void write_customer_look(struct json_out *out, const void *look)
{
	show_customer(out, &((const struct customer_look *)look)->row, true);
}

void customer_show(struct request *request)
{
	struct customer_look *customer = request_alloc(request, sizeof *customer);

	if (!customer) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	customer->look.read = read_customer;
	customer->look.write = write_customer_look;
	customer->customer_id = request_number(request, "customer");
	look_run(request, &customer->look);
}

/* ---- edits ---- */

struct customer_act {
	struct act act;
	struct customer_edit edit;
	struct phone_edit phone[CUSTOMER_PHONES_MAX];
};

static enum err customer_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return customer_edit_step(tx, &((struct customer_act *)act)->edit, now_ms, out);
}

static void write_customer_act(struct json_out *out, const void *act)
{
	show_customer(out, &((const struct customer_act *)act)->edit.row, true);
}

static struct customer_act *customer_act(struct request *request, unsigned status)
{
	struct customer_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = customer_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.version,
	                        .write = write_customer_act,
	                        .status = status};
	act->edit.property_id = request->place.property_id;
	act->edit.phone = act->phone;
	actor_fill(&act->edit.actor, request, "");
	return act;
}

/* The lists of both bodies hold the same: at most CUSTOMER_PHONES_MAX, by the fragment. */
static void take_phones(struct customer_act *act, const struct body_phone_edit *phones,
                        size_t count)
{
	act->edit.has_phones = true;
	act->edit.phone_count = count;
	for (size_t i = 0; i < count && i < CUSTOMER_PHONES_MAX; i++)
		act->phone[i] = (struct phone_edit){.phone_id = phones[i].id,
		                                    .number = phones[i].number,
		                                    .label = phones[i].label,
		                                    .main = phones[i].main};
}

void customer_create(struct request *request)
{
	const struct body_new_customer *body = customer_create_body(request);
	struct customer_act *act = customer_act(request, 201);

	if (!act)
		return;
	act->edit.code = body->code;
	act->edit.kind = body->kind;
	act->edit.name = body->name;
	act->edit.lang = body->lang;
	act->edit.note = body->note;
	act->edit.identity = body->identity;
	if (body->has_phones)
		take_phones(act, body->phones, body->phones_count);
	act_run(request, &act->act);
}

void customer_edit(struct request *request)
{
	const struct body_customer_edit *body = customer_edit_body(request);
	struct customer_act *act = customer_act(request, 200);

	if (!act)
		return;
	act->edit.customer_id = request_number(request, "customer");
	act->edit.version = request->version;
	act->edit.code = body->code;
	act->edit.kind = body->kind;
	act->edit.name = body->name;
	act->edit.lang = body->lang;
	act->edit.note = body->note;
	if (body->has_identity)
		act->edit.identity = body->null_identity ? "" : body->identity;
	if (body->has_phones)
		take_phones(act, body->phones, body->phones_count);
	act->edit.has_archived = body->has_archived;
	act->edit.archived = body->archived;
	act_run(request, &act->act);
}

/* ---- whole numbers ---- */

struct reveal_act {
	struct act act;
	struct customer_reveal reveal;
};

static enum err reveal_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return customer_reveal_step(tx, &((struct reveal_act *)act)->reveal, now_ms, out);
}

static void write_reveal(struct json_out *out, const void *arg)
{
	const struct reveal_act *act = arg;

	out_object(out, NULL);
	show_phones(out, &act->reveal.row, true);
	out_text(out, "identity", act->reveal.identity[0] ? act->reveal.identity : NULL);
	out_object_end(out);
}

void customer_reveal(struct request *request)
{
	struct reveal_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = reveal_step, .fault = &act->reveal.fault, .write = write_reveal};
	act->reveal.property_id = request->place.property_id;
	act->reveal.customer_id = request_number(request, "customer");
	actor_fill(&act->reveal.actor, request, customer_reveal_body(request)->reason);
	answer_header(request, "Cache-Control", "no-store");
	act_run(request, &act->act);
}
