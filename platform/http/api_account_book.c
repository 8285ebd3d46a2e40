/* What an account was charged and paid: statement, charges, bills. And the meter tree. */
#include <stdio.h>
#include <string.h>

#include "platform/http/account_show.h"
#include "platform/http/act.h"
#include "platform/store/ledger.h"
#include "platform/store/tariff.h"

/* ---- statement ---- */

#define STATEMENT_MAX 201 /* a page and the line behind it */
#define TEXT_SIZE     LEDGER_REASON_SIZE

struct statement_line {
	struct ledger_line line;
	char key[LEDGER_KEY_SIZE], kind[LEDGER_KIND_SIZE], who[LEDGER_WHO_SIZE], reason[TEXT_SIZE];
	struct money balance;
};

struct statement_rows {
	struct rows rows;
	int64_t account_id;
	struct money balance;
	bool failed;
	/* A ring: upwards the first lines behind the cursor, downwards the last before it. */
	struct statement_line line[STATEMENT_MAX];
	size_t count, next;
};

static void keep_line(struct statement_rows *list, const struct ledger_line *line)
{
	struct statement_line *kept = &list->line[list->next % STATEMENT_MAX];

	kept->line = *line;
	snprintf(kept->key, sizeof kept->key, "%s", line->key);
	snprintf(kept->kind, sizeof kept->kind, "%s", line->kind);
	snprintf(kept->who, sizeof kept->who, "%s", line->who);
	snprintf(kept->reason, sizeof kept->reason, "%s", line->reason);
	kept->balance = list->balance;
	list->next++;
	if (list->count < STATEMENT_MAX)
		list->count++;
}

static bool take_line(void *arg, const struct ledger_line *line)
{
	struct statement_rows *list = arg;
	const struct list_ask *ask = &list->rows.page.ask;

	if (ask->descending && ask->has_after && line->group_no >= ask->after_id)
		return false;
	if (!money_add(list->balance, line->amount, &list->balance)) {
		list->failed = true;
		return false;
	}
	if (ask->descending || !ask->has_after || line->group_no > ask->after_id)
		keep_line(list, line);
	return ask->descending || list->count < STATEMENT_MAX;
}

static void show_line(struct json_out *out, const struct statement_line *kept)
{
	out_object(out, NULL);
	out_id(out, "id", kept->line.group_no);
	out_time_ms(out, "at", kept->line.at_ms);
	out_day(out, "day", kept->line.day);
	out_text(out, "kind", kept->kind);
	out_text(out, "key", kept->key);
	out_id(out, "receipt", kept->line.receipt_no);
	out_id(out, "refers", kept->line.refers);
	out_text(out, "by", kept->who);
	out_text(out, "reason", kept->reason);
	out_int(out, "amount_fen", account_fen(kept->line.amount));
	out_int(out, "balance_fen", account_fen(kept->balance));
	out_object_end(out);
}

static enum err read_statement(struct reader *reader, struct rows *rows)
{
	struct statement_rows *list = (struct statement_rows *)rows;
	struct account_row row;
	enum err err = account_see(reader->db, rows->request, list->account_id, &row);

	if (!err)
		err = ledger_lines(reader->db, row.property_id, LEDGER_ACCOUNT, row.account_id, 0,
		                   take_line, list);
	if (!err && list->failed)
		err = ERR_OVERFLOW;
	for (size_t i = 0; !err && i < list->count; i++) {
		bool down = rows->page.ask.descending;
		size_t at = down ? list->next - 1 - i : list->next - list->count + i;
		const struct statement_line *kept = &list->line[at % STATEMENT_MAX];

		if (!page_take(&rows->page, "", 0, kept->line.group_no))
			break;
		show_line(rows->page.out, kept);
	}
	return err;
}

void account_statement(struct request *request)
{
	struct statement_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_statement;
	list->account_id = request_number(request, "account");
	list->balance = money_fen(0);
	rows_run(request, &list->rows);
}

/* ---- charges ---- */

#define CHARGE_DAYS  62
#define CHARGES_MAX  2000
#define VERSIONS_MAX 16

struct version_name {
	int64_t version_id, valid_from_s;
	char code[PLAN_CODE_SIZE], name[TARIFF_NAME_SIZE];
};

struct charges_look {
	struct look look;
	int64_t account_id, from_day, to_day, group_no;
	struct charge_row row[CHARGES_MAX];
	size_t count, versions;
	bool more;
	struct version_name version[VERSIONS_MAX];
};

static bool take_charge(void *arg, const struct charge_row *row)
{
	struct charges_look *look = arg;

	if (look->group_no && row->group_no != look->group_no)
		return true;
	look->more = look->count == CHARGES_MAX;
	if (!look->more)
		look->row[look->count++] = *row;
	return !look->more;
}

static const struct version_name *version_of(const struct charges_look *look, int64_t version_id)
{
	for (size_t i = 0; i < look->versions; i++)
		if (look->version[i].version_id == version_id)
			return &look->version[i];
	return NULL;
}

struct version_found {
	struct version_name *name;
	int64_t tariff_id;
};

static void take_version(void *arg, const struct tariff_version_row *row)
{
	struct version_found *found = arg;

	found->name->valid_from_s = row->valid_from_s;
	found->tariff_id = row->tariff_id;
}

static enum err read_versions(struct db *db, struct charges_look *look)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < look->count && look->versions < VERSIONS_MAX; i++) {
		struct version_name *name = &look->version[look->versions];
		struct version_found found = {.name = name};
		struct tariff_row tariff;

		if (version_of(look, look->row[i].version_id))
			continue;
		err = tariff_version_get(db, look->row[i].version_id, take_version, &found);
		if (!err)
			err = tariff_get(db, found.tariff_id, &tariff);
		if (err == ERR_NOT_FOUND) {
			err = ERR_NONE;
			continue;
		}
		name->version_id = look->row[i].version_id;
		memcpy(name->code, tariff.code, sizeof name->code);
		memcpy(name->name, tariff.name, sizeof name->name);
		look->versions++;
	}
	return err;
}

static enum err read_charges(struct reader *reader, struct look *arg)
{
	struct charges_look *look = (struct charges_look *)arg;
	struct account_row row;
	enum err err = account_see(reader->db, arg->request, look->account_id, &row);

	arg->version = -1;
	if (!err)
		err = charge_of_account(reader->db, row.property_id, row.account_id, look->from_day,
		                        look->to_day + 1, take_charge, look);
	return err ? err : read_versions(reader->db, look);
}

static void show_charge(struct json_out *out, const struct charge_row *row,
                        const struct version_name *version)
{
	out_object(out, NULL);
	out_meter(out, "meter", row->meter);
	out_day(out, "day", row->day);
	out_int(out, "line", row->line);
	if (version) {
		out_object(out, "tariff");
		out_id(out, "version", version->version_id);
		out_text(out, "code", version->code);
		out_text(out, "name", version->name);
		out_time_s(out, "valid_from", version->valid_from_s);
		out_object_end(out);
	} else {
		out_null(out, "tariff");
	}
	out_int(out, "rate", row->rate);
	out_int(out, "step", row->step);
	out_bool(out, "estimated", row->estimated);
	out_bool(out, "correction", row->correction);
	out_id(out, "allowance", row->allowance_id);
	out_time_s(out, "from", row->from_s);
	out_time_s(out, "to", row->to_s);
	out_int(out, "from_units", row->from_units);
	out_int(out, "to_units", row->to_units);
	out_int(out, "units", row->units);
	out_int(out, "price_uy", row->price_uy);
	out_int(out, "exact", row->exact);
	if (row->group_no == CHARGE_OPEN)
		out_null(out, "amount_fen");
	else
		out_int(out, "amount_fen", account_fen(row->amount));
	out_id(out, "group", row->group_no > 0 ? row->group_no : 0);
	out_object_end(out);
}

static void write_charges(struct json_out *out, const void *arg)
{
	const struct charges_look *look = arg;

	out_object(out, NULL);
	out_array(out, "items");
	for (size_t i = 0; i < look->count; i++)
		show_charge(out, &look->row[i], version_of(look, look->row[i].version_id));
	out_array_end(out);
	out_bool(out, "more", look->more);
	out_object_end(out);
}

void account_charges(struct request *request)
{
	const struct query_account_charges *query = account_charges_query(request);
	struct charges_look *look;

	if (query->to_day < query->from_day || query->to_day - query->from_day >= CHARGE_DAYS) {
		answer_problem(request, PROBLEM_BAD_FIELD, "to", "at most 62 days from `from` on");
		return;
	}
	look = request_alloc(request, sizeof *look);
	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->look.read = read_charges;
	look->look.write = write_charges;
	look->account_id = request_number(request, "account");
	look->from_day = query->from_day;
	look->to_day = query->to_day;
	look->group_no = query->posting;
	look_run(request, &look->look);
}

/* ---- bills ---- */

struct bills_look {
	struct look look;
	int64_t account_id;
	struct account_bill_part part[BILL_OPEN_MAX];
	size_t count;
	struct account_standing standing;
};

static enum err read_bills(struct reader *reader, struct look *arg)
{
	struct bills_look *look = (struct bills_look *)arg;
	struct property_row property;
	struct account_row row;
	enum err err = account_see(reader->db, arg->request, look->account_id, &row);

	arg->version = -1;
	if (!err)
		err = property_get(reader->db, row.property_id, &property);
	return err ? err
	           : account_bill_parts(reader->db, &property, row.account_id,
	                                arg->request->now_ms / 1000, look->part, &look->count,
	                                &look->standing);
}

static void write_bills(struct json_out *out, const void *arg)
{
	const struct bills_look *look = arg;

	out_object(out, NULL);
	out_array(out, "items");
	for (size_t i = 0; i < look->count; i++)
		show_bill(out, NULL, &look->part[i]);
	out_array_end(out);
	show_standing(out, "standing", &look->standing);
	out_object_end(out);
}

void account_bills(struct request *request)
{
	struct bills_look *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->look.read = read_bills;
	look->look.write = write_bills;
	look->account_id = request_number(request, "account");
	look_run(request, &look->look);
}

struct bill_rows {
	struct rows rows;
	bool overdue;
	struct property_row property;
	/* Of the account whose bills come now. */
	struct account_row account;
	struct account_bill_part part[BILL_OPEN_MAX];
	size_t count;
	bool shows;
	char customer[CUSTOMER_NAME_SIZE];
};

static enum err next_account(struct bill_rows *list, int64_t account_id)
{
	struct rows *rows = &list->rows;
	struct account_standing standing;
	struct account_line line;
	enum err err = account_see(rows->db, rows->request, account_id, &list->account);

	list->shows = !err;
	list->count = 0;
	list->account.account_id = account_id;
	if (err)
		return err == ERR_HIDDEN || err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = account_bill_parts(rows->db, &list->property, account_id,
	                         rows->request->now_ms / 1000, list->part, &list->count, &standing);
	if (!err)
		err = account_line_read(rows->db, &list->account, rows->request->now_ms, &line);
	if (!err)
		memcpy(list->customer, line.customer, sizeof list->customer);
	return err;
}

static bool take_bill(void *arg, const struct account_bill *bill)
{
	struct bill_rows *list = arg;
	struct rows *rows = &list->rows;
	struct json_out *out = rows->page.out;

	if (list->account.account_id != bill->account_id)
		rows->err = next_account(list, bill->account_id);
	if (rows->err)
		return false;
	for (size_t i = 0; list->shows && i < list->count; i++) {
		const struct account_bill_part *part = &list->part[i];

		if (part->row.bill_no != bill->bill_no || !part->open_fen ||
		    (list->overdue && !part->overdue))
			continue;
		if (!page_take(&rows->page, "", bill->bill_no, bill->account_id))
			return false;
		out_object(out, NULL);
		out_object(out, "account");
		out_id(out, "id", bill->account_id);
		out_text(out, "code", list->account.code);
		out_object_end(out);
		show_customer_name(out, list->account.customer_id, list->customer);
		show_bill(out, "bill", part);
		out_object_end(out);
	}
	return true;
}

static enum err read_unpaid(struct reader *reader, struct rows *rows)
{
	struct bill_rows *list = (struct bill_rows *)rows;
	const struct list_ask *ask = &rows->page.ask;
	struct account_bill_cursor after = {0};
	int64_t property_id = rows->request->place.property_id;
	enum err err = property_get(reader->db, property_id, &list->property);

	if (ask->has_after)
		after = (struct account_bill_cursor){ask->after_id, ask->after_number};
	return err ? err
	           : account_bill_unpaid(reader->db, property_id, &after, INT64_MAX, take_bill,
	                                 list);
}

void account_bills_list(struct request *request)
{
	struct bill_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_unpaid;
	list->overdue = account_bills_list_query(request)->overdue;
	rows_run(request, &list->rows);
}

/* ---- the meter tree ---- */

#define PARENTS_MAX 200

struct parents {
	struct meter_parent row[PARENTS_MAX]; /* the newest */
	size_t count;
};

static bool take_parent(void *arg, const struct meter_parent *row)
{
	struct parents *parents = arg;

	if (parents->count == PARENTS_MAX) {
		memmove(parents->row, parents->row + 1, (PARENTS_MAX - 1) * sizeof *parents->row);
		parents->count--;
	}
	parents->row[parents->count++] = *row;
	return true;
}

static void out_parent(struct json_out *out, int64_t parent)
{
	if (parent)
		out_meter(out, "parent", parent);
	else
		out_null(out, "parent");
}

static void show_parents(struct json_out *out, int64_t meter, const struct parents *parents)
{
	const struct meter_parent none = {0};
	const struct meter_parent *now = parents->count ? &parents->row[parents->count - 1] : &none;

	out_object(out, NULL);
	out_meter(out, "meter", meter);
	out_parent(out, now->parent);
	out_time_s(out, "since", now->from_s);
	out_array(out, "history");
	for (size_t i = parents->count; i-- > 0;) {
		out_object(out, NULL);
		out_time_s(out, "from", parents->row[i].from_s);
		out_parent(out, parents->row[i].parent);
		out_text(out, "by", parents->row[i].by_name);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
}

struct parents_look {
	struct look look;
	int64_t meter;
	struct parents parents;
};

static enum err read_parents(struct reader *reader, struct look *arg)
{
	struct parents_look *look = (struct parents_look *)arg;

	arg->version = -1;
	return meter_parent_list(reader->db, arg->request->place.property_id, look->meter,
	                         take_parent, &look->parents);
}

static void write_parents_look(struct json_out *out, const void *arg)
{
	const struct parents_look *look = arg;

	show_parents(out, look->meter, &look->parents);
}

void meter_parent_show(struct request *request)
{
	struct parents_look *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->look.read = read_parents;
	look->look.write = write_parents_look;
	look->meter = request->scope.meter->meter;
	look_run(request, &look->look);
}

struct parent_act {
	struct act act;
	struct meter_parent_act parent;
	struct parents parents;
};

static enum err parent_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct parent_act *act = arg;
	enum err err = meter_parent_step(tx, &act->parent, now_ms, out);

	return err ? err
	           : meter_parent_list(tx->db, act->parent.property_id, act->parent.meter,
	                               take_parent, &act->parents);
}

static void write_parent_act(struct json_out *out, const void *arg)
{
	const struct parent_act *act = arg;

	show_parents(out, act->parent.meter, &act->parents);
}

void meter_parent_set(struct request *request)
{
	const struct body_meter_parent_edit *body = meter_parent_set_body(request);
	struct parent_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = parent_step, .fault = &act->parent.fault, .write = write_parent_act};
	act->parent.property_id = request->place.property_id;
	act->parent.meter = request->scope.meter->meter;
	act->parent.parent = body->null_above ? 0 : body->above;
	act->parent.from_s = body->from_s;
	actor_fill(&act->parent.actor, request, "");
	act_run(request, &act->act);
}
