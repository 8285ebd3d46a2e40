#include "platform/http/account_show.h"

#include <string.h>

#include "platform/store/ledger.h"

/* ---- reading ---- */

static enum err read_customer(struct db *db, const struct account_row *row,
                              char name[CUSTOMER_NAME_SIZE])
{
	struct customer_row customer;
	enum err err = customer_get(db, row->property_id, row->customer_id, &customer);

	name[0] = '\0';
	if (!err)
		memcpy(name, customer.name, CUSTOMER_NAME_SIZE);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err read_meter(struct db *db, struct account_view_meter *meter)
{
	struct meter_row row;
	struct space_row space;
	enum err err = meter_get(db, meter->use.property_id, meter->use.meter, &row);

	meter->name[0] = meter->path[0] = '\0';
	meter->purse.shown = false;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = purse_look(db, &meter->use, &meter->purse);
	if (err)
		return err;
	memcpy(meter->name, row.name, sizeof meter->name);
	if (!row.space_id)
		return ERR_NONE;
	err = space_get(db, row.property_id, row.space_id, &space);
	return err ? err : space_path(db, &space, meter->path);
}

struct collect {
	struct db *db;
	struct account_view *view;
	bool open;
	enum err err;
};

static bool take_use(void *arg, const struct account_meter *use)
{
	struct collect *collect = arg;
	struct account_view *view = collect->view;
	struct account_view_meter *meter = &view->meter[view->meter_count];

	if ((use->until_s == ACCOUNT_OPEN_S) != collect->open)
		return true;
	meter->use = *use;
	collect->err = read_meter(collect->db, meter);
	view->meter_count++;
	return !collect->err && view->meter_count < ACCOUNT_VIEW_METERS;
}

static enum err read_meters(struct db *db, const struct account_row *row, struct account_view *view)
{
	struct collect collect = {.db = db, .view = view, .open = true};
	enum err err =
	        account_meters(db, row->property_id, row->account_id, true, take_use, &collect);

	collect.open = false;
	if (!err && !collect.err && view->meter_count < ACCOUNT_VIEW_METERS)
		err = account_meters(db, row->property_id, row->account_id, false, take_use,
		                     &collect);
	return err ? err : collect.err;
}

static bool take_terms(void *arg, const struct account_terms *terms)
{
	struct account_view *view = arg;

	if (view->terms_count == ACCOUNT_VIEW_TERMS) {
		memmove(view->terms, view->terms + 1,
		        (ACCOUNT_VIEW_TERMS - 1) * sizeof *view->terms);
		view->terms_count--;
	}
	view->terms[view->terms_count++] = *terms;
	return true;
}

static enum err read_now(struct db *db, const struct account_row *row, int64_t now_s,
                         struct account_terms *now, bool *has)
{
	enum err err = account_terms_at(db, row->property_id, row->account_id, now_s, now);

	*has = !err;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err account_view_read(struct db *db, const struct account_row *row, int64_t now_ms,
                           struct account_view *view)
{
	struct property_row property;
	struct ledger_balance payable;
	enum err err = property_get(db, row->property_id, &property);

	view->row = *row;
	view->meter_count = view->terms_count = 0;
	if (!err)
		err = read_customer(db, row, view->customer);
	if (!err)
		err = account_limits(db, &property, row, &view->limits);
	if (!err)
		err = read_now(db, row, now_ms / 1000, &view->now, &view->has_terms);
	if (!err)
		err = account_money(db, row->property_id, row->account_id, now_ms, &view->money);
	if (!err)
		err = account_standing(db, &property, row->account_id, now_ms / 1000,
		                       &view->standing);
	if (!err)
		err = ledger_balance(db, row->property_id, LEDGER_PAYABLE, row->account_id,
		                     &payable);
	if (!err)
		view->payable_fen = account_fen(payable.balance);
	if (!err)
		err = read_meters(db, row, view);
	return err ? err
	           : account_terms_list(db, row->property_id, row->account_id, take_terms, view);
}

static bool take_first(void *arg, const struct account_meter *use)
{
	struct account_line *line = arg;

	if (!line->meters++)
		line->first.use = *use;
	return true;
}

enum err account_line_read(struct db *db, const struct account_row *row, int64_t now_ms,
                           struct account_line *line)
{
	enum err err = read_customer(db, row, line->customer);

	line->row = *row;
	line->meters = 0;
	if (!err)
		err = read_now(db, row, now_ms / 1000, &line->now, &line->has_terms);
	if (!err)
		err = account_money(db, row->property_id, row->account_id, now_ms, &line->money);
	if (!err)
		err = account_meters(db, row->property_id, row->account_id, true, take_first, line);
	return err || !line->meters ? err : read_meter(db, &line->first);
}

/* ---- writing ---- */

void show_customer_name(struct json_out *out, int64_t customer_id, const char *name)
{
	out_object(out, "customer");
	out_id(out, "id", customer_id);
	out_text(out, "name", name);
	out_object_end(out);
}

static void show_kind(struct json_out *out, bool has, const struct account_terms *terms)
{
	out_text(out, "kind", has ? account_kind_word(terms->kind) : NULL);
}

static void show_money(struct json_out *out, const struct account_money *money)
{
	int64_t balance = account_fen(money->ledger), available = account_fen(money->available),
	        allowance = account_fen(money->allowance);

	out_object(out, "money");
	out_int(out, "balance_fen", balance);
	out_int(out, "allowance_fen", allowance);
	out_int(out, "accrued_fen", balance + allowance - available);
	out_int(out, "available_fen", available);
	out_int(out, "in_meters_fen", account_fen(money->in_meters));
	out_time_s(out, "as_of", money->as_of_s == INT64_MAX ? 0 : money->as_of_s);
	out_bool(out, "fresh", money->fresh);
	out_int(out, "faults", money->faults);
	out_object_end(out);
}

void show_standing(struct json_out *out, const char *key, const struct account_standing *standing)
{
	out_object(out, key);
	out_int(out, "owed_fen", standing->owed_fen);
	out_int(out, "unbilled_fen", standing->unbilled_fen);
	out_int(out, "billed_fen", standing->billed_fen);
	out_int(out, "overdue_fen", standing->overdue_fen);
	out_day(out, "due", standing->due_day);
	out_object_end(out);
}

void show_bill(struct json_out *out, const char *key, const struct account_bill_part *part)
{
	const struct account_bill *bill = &part->row;

	out_object(out, key);
	out_int(out, "number", bill->bill_no);
	out_day(out, "from", bill->from_day);
	out_day(out, "to", bill->to_day - 1);
	out_day(out, "due", bill->due_day);
	out_int(out, "amount_fen", bill->amount_fen);
	out_int(out, "open_fen", part->open_fen);
	out_text(out, "state", part->overdue ? "overdue" : part->open_fen ? "open" : "paid");
	out_time_s(out, "made_at", bill->made_s);
	out_time_s(out, "reminded_at", bill->reminded_s);
	out_time_s(out, "paid_at", bill->paid_s);
	out_object_end(out);
}

static void show_limits(struct json_out *out, const struct account_view *view)
{
	const struct plan_effective *plan = &view->limits.plan;

	out_object(out, "plan");
	out_text(out, "code", plan->code);
	out_text(out, "name", plan->name);
	out_bool(out, "own", view->row.plan_code[0] != '\0');
	out_object_end(out);
	out_object(out, "limits");
	for (int i = 0; i < ACCOUNT_LIMITS; i++) {
		enum plan_value value = account_limit_value((enum account_limit)i);

		out_object(out, plan_value_word(value));
		out_int(out, "value", plan->value[value]);
		out_bool(out, "own", view->limits.own[i]);
		out_object_end(out);
	}
	out_object_end(out);
}

static void show_register(struct json_out *out, const char *key, int64_t units,
                          enum register_source source, const char *photo)
{
	out_object(out, key);
	out_int(out, "units", units);
	out_text(out, "source", register_source_word(source));
	out_text(out, "photo", photo[0] ? photo : NULL);
	out_object_end(out);
}

static void show_pending(struct json_out *out, const struct purse_look *look)
{
	const struct topup_row *now = &look->now;

	out_int(out, "pending_fen", look->pending_fen);
	if (!look->under_way) {
		out_null(out, "pending");
		return;
	}
	out_object(out, "pending");
	out_text(out, "kind", topup_kind_word(now->kind));
	out_text(out, "state", topup_state_word(now->state));
	out_int(out, "amount_fen", now->amount_fen);
	out_id(out, "order", now->order_id);
	out_id(out, "command", now->command_id);
	out_int(out, "tries", now->tries);
	out_text(out, "reason", now->reason);
	out_time_ms(out, "since", now->created_ms);
	out_object_end(out);
}

static void show_purse(struct json_out *out, const struct purse_look *look)
{
	const struct meter_purse *purse = &look->purse;

	if (!look->shown) {
		out_null(out, "purse");
		return;
	}
	out_object(out, "purse");
	out_int(out, "count", purse->count);
	out_int(out, "total_fen", purse->total_fen);
	out_int(out, "balance_fen", look->balance_fen);
	if (purse->read_ms) {
		out_int(out, "meter_count", purse->meter_count);
		out_int(out, "meter_total_fen", purse->meter_total_fen);
		out_int(out, "meter_balance_fen", purse->meter_balance_fen);
	} else {
		out_null(out, "meter_count");
		out_null(out, "meter_total_fen");
		out_null(out, "meter_balance_fen");
	}
	out_time_ms(out, "read_at", purse->read_ms);
	out_bool(out, "differs", look->differs);
	show_pending(out, look);
	out_object_end(out);
}

static void show_meter(struct json_out *out, const struct account_view_meter *meter)
{
	const struct account_meter *use = &meter->use;

	out_object(out, NULL);
	out_meter(out, "meter", use->meter);
	out_text(out, "name", meter->name);
	out_text(out, "path", meter->path[0] ? meter->path : NULL);
	out_text(out, "service", service_word(use->service));
	out_text(out, "credit", credit_place_word(use->credit));
	out_time_s(out, "from", use->from_s);
	if (use->until_s == ACCOUNT_OPEN_S)
		out_null(out, "until");
	else
		out_time_s(out, "until", use->until_s);
	show_register(out, "opened", use->open_units, use->open_source, use->open_photo);
	if (use->until_s == ACCOUNT_OPEN_S)
		out_null(out, "closed");
	else
		show_register(out, "closed", use->close_units, use->close_source, use->close_photo);
	show_purse(out, &meter->purse);
	out_object_end(out);
}

static void show_some(struct json_out *out, const char *key, int32_t number)
{
	if (number)
		out_int(out, key, number);
	else
		out_null(out, key);
}

static void show_terms(struct json_out *out, const struct account_terms *terms)
{
	out_object(out, NULL);
	out_time_s(out, "from", terms->from_s);
	out_text(out, "kind", account_kind_word(terms->kind));
	out_int(out, "fee_fen", terms->fee_fen);
	show_some(out, "bill_day", terms->bill_day);
	show_some(out, "due_days", terms->due_days);
	out_bool(out, "overdue_trips", terms->overdue_trips);
	out_text(out, "by", terms->by_name);
	out_object_end(out);
}

void account_view_write(struct json_out *out, const char *key, const struct account_view *view)
{
	const struct account_row *row = &view->row;

	out_object(out, key);
	out_id(out, "id", row->account_id);
	out_text(out, "code", row->code);
	show_customer_name(out, row->customer_id, view->customer);
	out_text(out, "state", account_state_word(row->state));
	show_limits(out, view);
	show_kind(out, view->has_terms, &view->now);
	show_money(out, &view->money);
	show_standing(out, "standing", &view->standing);
	out_int(out, "payable_fen", view->payable_fen);
	out_array(out, "meters");
	for (size_t i = 0; i < view->meter_count; i++)
		show_meter(out, &view->meter[i]);
	out_array_end(out);
	out_array(out, "terms");
	for (size_t i = 0; i < view->terms_count; i++)
		show_terms(out, &view->terms[i]);
	out_array_end(out);
	out_text(out, "note", row->note);
	out_time_s(out, "created_at", row->created_s);
	out_time_s(out, "opened_at", row->opened_s);
	out_time_s(out, "closed_at", row->closed_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

void account_line_write(struct json_out *out, const struct account_line *line)
{
	const struct account_row *row = &line->row;

	out_object(out, NULL);
	out_id(out, "id", row->account_id);
	out_text(out, "code", row->code);
	show_customer_name(out, row->customer_id, line->customer);
	out_text(out, "state", account_state_word(row->state));
	show_kind(out, line->has_terms, &line->now);
	out_int(out, "available_fen", account_fen(line->money.usable));
	out_bool(out, "fresh", line->money.fresh);
	out_int(out, "meters", line->meters);
	if (line->meters)
		out_meter(out, "meter", line->first.use.meter);
	else
		out_null(out, "meter");
	out_text(out, "path", line->meters && line->first.path[0] ? line->first.path : NULL);
	out_time_s(out, "opened_at", row->opened_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

enum err account_see(struct db *db, const struct request *request, int64_t account_id,
                     struct account_row *row)
{
	bool shows = false;
	enum err err = account_get(db, request->place.property_id, account_id, row);

	if (!err)
		err = account_shows(db, &request->access, PERMISSION_ACCOUNT_READ, row,
		                    request->now_ms / 1000, &shows);
	return err || shows ? err : ERR_HIDDEN;
}
