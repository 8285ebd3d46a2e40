/* Meters that charge themselves: who decides about their supply and why, what they have, and both sums. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/meter_price.h"
#include "platform/http/act.h"

/* ---- showing ---- */

static void show_version(struct json_out *out, const char *key, int64_t version)
{
	char text[16];

	snprintf(text, sizeof text, "%08" PRIx32, (uint32_t)version);
	out_text(out, key, version ? text : NULL);
}

static void show_versions(struct json_out *out, const char *key, int64_t price, int64_t next,
                          int64_t limits)
{
	out_object(out, key);
	show_version(out, "price", price);
	show_version(out, "next", next);
	show_version(out, "limits", limits);
	out_object_end(out);
}

static void show_why(struct json_out *out, const char *key, int64_t why)
{
	out_text(out, key, why ? price_why_word((enum price_why)why) : NULL);
}

static void show_sums(struct json_out *out, const struct meter_price *row)
{
	int64_t bound_fen = price_bound_fen(row);

	if (!row->compared_ms) {
		out_null(out, "sums");
		return;
	}
	out_object(out, "sums");
	out_int(out, "meter_fen", row->spent_fen);
	out_int(out, "ours_fen", row->ours_fen);
	out_time_s(out, "ours_at", row->ours_s);
	out_int(out, "differs_fen", row->differs_fen);
	out_int(out, "bound_fen", bound_fen);
	out_bool(out, "beyond", price_is_beyond(row));
	out_object_end(out);
}

static void show_charging(struct json_out *out, const struct meter_price *row)
{
	bool own = row->why == PRICE_HANDED && price_confirmed(row);

	out_object(out, NULL);
	out_meter(out, "meter", row->meter);
	out_id(out, "account", row->account_id);
	out_text(out, "by", own ? "meter" : "platform");
	show_why(out, "why", row->why);
	show_why(out, "next_why", row->next_why);
	out_text(out, "refused", row->refused ? command_reason_word((unsigned)row->refused) : NULL);
	out_bool(out, "cut", row->cut);
	show_versions(out, "wanted", row->now_version, row->next_version, row->limits_version);
	out_id(out, "tariff_version", row->now_tariff);
	out_id(out, "next_tariff_version", row->next_tariff);
	out_time_s(out, "next_from", row->next_from_s);
	if (row->read_ms)
		show_versions(out, "read", row->read_price, row->read_next, row->read_limits);
	else
		out_null(out, "read");
	out_time_ms(out, "read_at", row->read_ms);
	if (row->read_counter)
		out_int(out, "balance_fen", row->read_balance_fen);
	else
		out_null(out, "balance_fen");
	show_sums(out, row);
	out_int(out, "version", row->version);
	out_object_end(out);
}

/* ---- the list ---- */

struct charging_rows {
	struct rows rows;
	bool faults;
};

static bool take_row(void *arg, const struct meter_price *row)
{
	struct charging_rows *list = arg;

	if (list->faults && !price_needs_person(row))
		return true;
	if (!page_take(&list->rows.page, "", 0, row->meter))
		return false;
	show_charging(list->rows.page.out, row);
	return true;
}

static enum err read_rows(struct reader *reader, struct rows *rows)
{
	const struct page *page = &rows->page;

	return meter_price_walk(reader->db, rows->request->place.property_id,
	                        page->ask.has_after ? page->ask.after_id : 0, take_row, rows);
}

void charging_list(struct request *request)
{
	const struct query_charging_list *query = charging_list_query(request);
	struct charging_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_rows;
	list->faults = query->has_faults && query->faults;
	rows_run(request, &list->rows);
}

/* ---- one ---- */

struct charging_look {
	struct look look;
	int64_t meter;
	struct meter_price row;
};

static enum err read_one(struct reader *reader, struct look *look)
{
	struct charging_look *charging = (struct charging_look *)look;
	enum err err = meter_price_get(reader->db, look->request->place.property_id,
	                               charging->meter, &charging->row);

	/* Its credit was never in it. */
	if (err == ERR_NOT_FOUND) {
		charging->row = (struct meter_price){.meter = charging->meter, .why = PRICE_NO_USE};
		err = ERR_NONE;
	}
	look->version = charging->row.version;
	return err;
}

static void write_one(struct json_out *out, const void *look)
{
	show_charging(out, &((const struct charging_look *)look)->row);
}

void charging_show(struct request *request)
{
	struct charging_look *charging = request_alloc(request, sizeof *charging);

	if (!charging) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	charging->look.read = read_one;
	charging->look.write = write_one;
	charging->meter = request->scope.meter->meter;
	look_run(request, &charging->look);
}

/* ---- begin anew ---- */

struct anew_act {
	struct act act;
	struct price_anew anew;
};

static enum err anew_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return price_anew_step(tx, &((struct anew_act *)act)->anew, now_ms, out);
}

static void write_anew(struct json_out *out, const void *act)
{
	show_charging(out, &((const struct anew_act *)act)->anew.row);
}

void charging_anew(struct request *request)
{
	struct anew_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = anew_step,
	                        .fault = &act->anew.fault,
	                        .version = &act->anew.row.version,
	                        .write = write_anew};
	act->anew.property_id = request->place.property_id;
	act->anew.meter = request->scope.meter->meter;
	actor_fill(&act->anew.actor, request, charging_anew_body(request)->reason);
	act_run(request, &act->act);
}
