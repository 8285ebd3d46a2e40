/* Alarms: what is or was wrong, and who has seen it. */
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/alarm.h"
#include "platform/http/act.h"
#include "platform/store/meter.h"

/* Names beside the numbers of a row. */
struct alarm_names {
	char meter[LABEL_SIZE], gateway[SLUG_SIZE];
};

static enum err names_of(struct db *db, const struct alarm_row *row, struct alarm_names *names)
{
	struct gateway_row gateway;
	struct meter_row meter;
	enum err err = ERR_NONE;

	names->meter[0] = names->gateway[0] = '\0';
	if (row->gateway_id) {
		err = gateway_get(db, row->property_id, row->gateway_id, &gateway);
		if (!err)
			memcpy(names->gateway, gateway.name, sizeof names->gateway);
	}
	if ((!err || err == ERR_NOT_FOUND) && row->meter) {
		err = meter_get(db, row->property_id, row->meter, &meter);
		if (!err)
			memcpy(names->meter, meter.name, sizeof names->meter);
	}
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void show_alarm(struct json_out *out, const struct alarm_row *row,
                       const struct alarm_names *names)
{
	const struct event_name *name = event_name(row->kind);

	out_object(out, NULL);
	out_id(out, "id", row->alarm_id);
	out_text(out, "kind", name->word);
	out_text(out, "title", name->en);
	out_text(out, "title_zh", name->zh);
	out_text(out, "level", alarm_level_word(row->level));
	if (row->meter)
		out_meter(out, "meter", row->meter);
	else
		out_null(out, "meter");
	out_text(out, "meter_name", or_null(names->meter));
	out_text(out, "gateway", or_null(names->gateway));
	out_text(out, "chip", or_null(row->chip));
	out_int(out, "detail", row->detail);
	out_int(out, "value", row->value);
	out_int(out, "count", row->count);
	out_time_s(out, "started_at", row->started_s);
	out_time_s(out, "last_at", row->last_s);
	out_time_s(out, "ended_at", row->ended_s);
	out_time_s(out, "acknowledged_at", row->seen_s);
	out_text(out, "acknowledged_by", or_null(row->seen_by));
	out_text(out, "note", row->note);
	out_object_end(out);
}

/* ---- list and one ---- */

struct alarm_rows {
	struct rows rows;
	struct alarm_filter filter;
	struct alarm_names names;
};

static bool take_alarm(void *arg, const struct alarm_row *row)
{
	struct alarm_rows *list = arg;

	if (!page_take(&list->rows.page, "", 0, row->alarm_id))
		return false;
	list->rows.err = names_of(list->rows.db, row, &list->names);
	if (!list->rows.err)
		show_alarm(list->rows.page.out, row, &list->names);
	return !list->rows.err;
}

static enum err read_alarms(struct reader *reader, struct rows *rows)
{
	struct alarm_rows *list = (struct alarm_rows *)rows;

	list->filter.below = rows->page.ask.has_after ? rows->page.ask.after_id : 0;
	return alarm_list(reader->db, rows->request->place.property_id, &list->filter, take_alarm,
	                  list);
}

static enum alarm_level level_of(const char *word)
{
	for (int level = ALARM_NOTICE; level < ALARM_URGENT; level++)
		if (strcmp(word, alarm_level_word((enum alarm_level)level)) == 0)
			return (enum alarm_level)level;
	return ALARM_URGENT;
}

void alarms_list(struct request *request)
{
	const struct query_alarms_list *query = alarms_list_query(request);
	struct alarm_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_alarms;
	list->filter.lasting = query->has_lasting && query->lasting;
	list->filter.least = query->has_level ? level_of(query->level) : 0;
	list->filter.meter = query->meter;
	rows_run(request, &list->rows);
}

struct alarm_look {
	struct look look;
	struct alarm_row row;
	struct alarm_names names;
};

static enum err read_alarm(struct reader *reader, struct look *look)
{
	struct alarm_look *found = (struct alarm_look *)look;
	enum err err = alarm_get(reader->db, look->request->place.property_id, found->row.alarm_id,
	                         &found->row);

	look->version = -1;
	return err ? err : names_of(reader->db, &found->row, &found->names);
}

static void write_alarm(struct json_out *out, const void *look)
{
	const struct alarm_look *found = look;

	show_alarm(out, &found->row, &found->names);
}

void alarm_show(struct request *request)
{
	struct alarm_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->row.alarm_id = request_number(request, "alarm");
	found->look.read = read_alarm;
	found->look.write = write_alarm;
	look_run(request, &found->look);
}

/* ---- seen ---- */

struct alarm_act {
	struct act act;
	struct alarm_edit edit;
	struct alarm_names names;
};

static enum err acknowledge_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct alarm_act *act = arg;
	enum err err = alarm_seen_step(tx, &act->edit, now_ms, out);

	return err ? err : names_of(tx->db, &act->edit.row, &act->names);
}

static void write_acknowledged(struct json_out *out, const void *arg)
{
	const struct alarm_act *act = arg;

	show_alarm(out, &act->edit.row, &act->names);
}

void alarm_acknowledge(struct request *request)
{
	const struct body_alarm_note *body = alarm_acknowledge_body(request);
	struct alarm_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = acknowledge_step, .fault = &act->edit.fault, .write = write_acknowledged};
	act->edit.property_id = request->place.property_id;
	act->edit.alarm_id = request_number(request, "alarm");
	actor_fill(&act->edit.actor, request, body->has_note ? body->note : "");
	act_run(request, &act->act);
}
