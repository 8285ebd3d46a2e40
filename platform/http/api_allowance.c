/* Allowances: free energy and money of accounts, one by one and for many. */
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/allowance_roster.h"
#include "platform/http/account_show.h"
#include "platform/http/act.h"
#include "platform/http/roster_show.h"

static void show_kind(struct json_out *out, enum grant_kind kind, enum service service)
{
	out_text(out, "kind", allowance_kind_word(kind));
	out_text(out, "service", kind == GRANT_ENERGY ? service_word(service) : NULL);
}

static void show_allowance(struct json_out *out, const struct allowance_row *row,
                           const char *account_code)
{
	out_object(out, NULL);
	out_id(out, "id", row->allowance_id);
	out_object(out, "account");
	out_id(out, "id", row->account_id);
	out_text(out, "code", account_code);
	out_object_end(out);
	show_kind(out, row->kind, row->service);
	out_text(out, "source", row->source);
	out_text(out, "period", allowance_period_word(row->period));
	out_int(out, "amount", row->amount);
	out_int(out, "cap", row->cap);
	out_time_s(out, "from", row->from_s);
	if (row->until_s == INT64_MAX)
		out_null(out, "until");
	else
		out_time_s(out, "until", row->until_s);
	out_int(out, "given", row->given);
	out_int(out, "used", row->used);
	out_int(out, "lapsed", row->lapsed);
	out_int(out, "left", row->left);
	out_time_s(out, "ended_at", row->ended_s);
	out_text(out, "by", row->by_name);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

/* ---- lists ---- */

struct allowance_rows {
	struct rows rows;
	int64_t account_id; /* 0: of the property */
	char source[ALLOWANCE_SOURCE_SIZE];
	bool open;
	int64_t last_id; /* the account of the row before, and what was found */
	bool shows;
	struct account_row account;
};

static bool look_at_account(struct allowance_rows *list, int64_t account_id)
{
	enum err err;

	if (account_id == list->last_id)
		return list->shows;
	err = account_see(list->rows.db, list->rows.request, account_id, &list->account);
	if (err && err != ERR_HIDDEN && err != ERR_NOT_FOUND)
		list->rows.err = err;
	list->last_id = account_id;
	list->shows = !err;
	return list->shows;
}

static bool take_allowance(void *arg, const struct allowance_row *row)
{
	struct allowance_rows *list = arg;

	if (!look_at_account(list, row->account_id))
		return !list->rows.err;
	if (!page_take(&list->rows.page, "", 0, row->allowance_id))
		return false;
	show_allowance(list->rows.page.out, row, list->account.code);
	return true;
}

static enum err read_allowances(struct reader *reader, struct rows *rows)
{
	struct allowance_rows *list = (struct allowance_rows *)rows;
	struct account_row account;
	enum err err = list->account_id
	                       ? account_see(reader->db, rows->request, list->account_id, &account)
	                       : ERR_NONE;

	return err ? err
	           : allowance_page(reader->db, rows->request->place.property_id, list->account_id,
	                            list->source[0] ? list->source : NULL, list->open,
	                            rows->page.ask.after_id, take_allowance, list);
}

void account_allowances_list(struct request *request)
{
	struct allowance_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_allowances;
	list->account_id = request_number(request, "account");
	list->open = account_allowances_list_query(request)->open;
	rows_run(request, &list->rows);
}

void allowances_list(struct request *request)
{
	const struct query_allowances_list *query = allowances_list_query(request);
	struct allowance_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_allowances;
	list->open = query->open;
	utf8_copy(list->source, sizeof list->source, query->has_source ? query->source : "");
	rows_run(request, &list->rows);
}

/* ---- sums ---- */

#define TOTALS_MAX 1000

struct totals_look {
	struct look look;
	struct allowance_total total[TOTALS_MAX];
	size_t count;
};

static bool take_total(void *arg, const struct allowance_total *total)
{
	struct totals_look *look = arg;

	look->total[look->count++] = *total;
	return look->count < TOTALS_MAX;
}

static enum err read_totals(struct reader *reader, struct look *look)
{
	look->version = -1;
	return allowance_totals(reader->db, look->request->place.property_id, take_total, look);
}

static void write_totals(struct json_out *out, const void *arg)
{
	const struct totals_look *look = arg;

	out_object(out, NULL);
	out_array(out, "items");
	for (size_t i = 0; i < look->count; i++) {
		const struct allowance_total *total = &look->total[i];

		out_object(out, NULL);
		out_text(out, "source", total->source);
		show_kind(out, total->kind, total->service);
		out_int(out, "allowances", total->allowances);
		out_int(out, "open", total->open);
		out_int(out, "accounts", total->accounts);
		out_int(out, "given", total->given);
		out_int(out, "used", total->used);
		out_int(out, "lapsed", total->lapsed);
		out_int(out, "left", total->left);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
}

void allowance_totals_show(struct request *request)
{
	struct totals_look *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->look.read = read_totals;
	look->look.write = write_totals;
	look_run(request, &look->look);
}

/* ---- one ---- */

struct allowance_look {
	struct look look;
	int64_t allowance_id;
	struct allowance_row row;
	struct account_row account;
};

static enum err read_allowance(struct reader *reader, struct look *arg)
{
	struct allowance_look *look = (struct allowance_look *)arg;
	enum err err = allowance_get(reader->db, arg->request->place.property_id,
	                             look->allowance_id, &look->row);

	if (!err)
		err = account_see(reader->db, arg->request, look->row.account_id, &look->account);
	arg->version = look->row.version;
	return err;
}

static void write_allowance(struct json_out *out, const void *arg)
{
	const struct allowance_look *look = arg;

	show_allowance(out, &look->row, look->account.code);
}

void allowance_show(struct request *request)
{
	struct allowance_look *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->look.read = read_allowance;
	look->look.write = write_allowance;
	look->allowance_id = request_number(request, "allowance");
	look_run(request, &look->look);
}

/* ---- acts on one account ---- */

#define FILL_TERMS(terms, body)                                                                    \
	do {                                                                                       \
		(void)allowance_kind_parse((body)->kind, &(terms)->kind);                          \
		if ((body)->has_service)                                                           \
			(void)service_parse((body)->service, &(terms)->service);                   \
		utf8_copy((terms)->source, sizeof(terms)->source, (body)->source);                 \
		(void)allowance_period_parse((body)->period, &(terms)->period);                    \
		(terms)->amount = (body)->amount;                                                  \
		(terms)->cap = (body)->has_cap ? (body)->cap : 0;                                  \
		(terms)->from_s = (body)->from_s;                                                  \
		(terms)->until_s =                                                                 \
		        (body)->has_until && !(body)->null_until ? (body)->until_s : INT64_MAX;    \
	} while (0)

struct give_act {
	struct act act;
	struct allowance_give give;
	struct account_row account;
};

static enum err give_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct give_act *act = arg;
	enum err err = allowance_give_step(tx, &act->give, now_ms, out);

	return err ? err
	           : account_get(tx->db, act->give.property_id, act->give.account_id,
	                         &act->account);
}

static void write_given(struct json_out *out, const void *arg)
{
	const struct give_act *act = arg;

	show_allowance(out, &act->give.row, act->account.code);
}

void allowance_create(struct request *request)
{
	const struct body_new_allowance *body = allowance_create_body(request);
	struct give_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = give_step, .fault = &act->give.fault, .write = write_given, .status = 201};
	act->give.property_id = request->place.property_id;
	act->give.account_id = request_number(request, "account");
	FILL_TERMS(&act->give.terms, body);
	actor_fill(&act->give.actor, request, body->reason);
	act_run(request, &act->act);
}

struct end_act {
	struct act act;
	struct allowance_end end;
	struct account_row account;
};

static enum err end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct end_act *act = arg;
	enum err err = allowance_end_step(tx, &act->end, now_ms, out);

	return err ? err
	           : account_get(tx->db, act->end.property_id, act->end.row.account_id,
	                         &act->account);
}

static void write_ended(struct json_out *out, const void *arg)
{
	const struct end_act *act = arg;

	show_allowance(out, &act->end.row, act->account.code);
}

void allowance_end(struct request *request)
{
	struct end_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = end_step,
	                        .fault = &act->end.fault,
	                        .version = &act->end.row.version,
	                        .write = write_ended};
	act->end.property_id = request->place.property_id;
	act->end.allowance_id = request_number(request, "allowance");
	act->end.version = request->version;
	actor_fill(&act->end.actor, request, allowance_end_body(request)->reason);
	act_run(request, &act->act);
}

/* ---- acts on many ---- */

#define CHOOSE(roster, body)                                                                       \
	do {                                                                                       \
		(roster)->object = (body)->has_accounts ? (body)->accounts : NULL;                 \
		(roster)->count = (body)->has_accounts ? (body)->accounts_count : 0;               \
		(roster)->select.space_id = (body)->has_space ? (body)->space : 0;                 \
		utf8_copy((roster)->select.meter_use, sizeof(roster)->select.meter_use,            \
		          (body)->has_use ? (body)->use : "");                                     \
	} while (0)

#define SELECTS(body) ((body)->has_space || (body)->has_use || ((body)->has_all && (body)->all))

void allowances_give(struct request *request)
{
	const struct body_allowances_give *body = allowances_give_body(request);
	struct roster_request *roster = request_alloc(request, sizeof *roster);
	struct allowance_terms terms = {.service = SERVICE_ELECTRICITY};

	if (!roster) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!roster_chooses(request, "accounts", body->has_accounts, SELECTS(body)))
		return;
	FILL_TERMS(&terms, body);
	roster->kind = &roster_allowance_give;
	allowance_act_write(&terms, roster->body);
	CHOOSE(roster, body);
	roster_ask(request, roster, body->reason);
}

void allowances_clear(struct request *request)
{
	const struct body_allowances_clear *body = allowances_clear_body(request);
	struct roster_request *roster = request_alloc(request, sizeof *roster);

	if (!roster) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!roster_chooses(request, "accounts", body->has_accounts, SELECTS(body)))
		return;
	roster->kind = &roster_allowance_clear;
	allowance_clear_write(body->has_source ? body->source : NULL, roster->body);
	CHOOSE(roster, body);
	roster_ask(request, roster, body->reason);
}
