/* Personal data: retention, export, erasure, and what a group tells about it. */
#include <stdio.h>
#include <string.h>

#include "platform/core/calendar.h"
#include "platform/core/person.h"
#include "platform/http/act.h"

/* ---- retention ---- */

static void show_retention(struct json_out *out, const struct retention_row *row)
{
	out_object(out, NULL);
	for (unsigned i = 0; i < RETENTION_KIND_COUNT; i++) {
		enum retention_kind kind = (enum retention_kind)i;

		out_object(out, retention_word(kind));
		out_int(out, "days", retention_days(row, kind));
		out_text(out, "source",
		         source_word(row->set[i] ? SOURCE_PROPERTY : SOURCE_BUILTIN));
		out_object_end(out);
	}
	out_int(out, "version", row->version);
	out_object_end(out);
}

struct retention_look {
	struct look look;
	struct retention_row row;
};

static enum err read_retention(struct reader *reader, struct look *look)
{
	struct retention_look *found = (struct retention_look *)look;
	enum err err = retention_get(reader->db, look->request->place.property_id, &found->row);

	look->version = found->row.version;
	return err;
}

static void write_retention_look(struct json_out *out, const void *look)
{
	show_retention(out, &((const struct retention_look *)look)->row);
}

void retention_show(struct request *request)
{
	struct retention_look *found = request_alloc(request, sizeof *found);

	if (!found) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_retention;
	found->look.write = write_retention_look;
	look_run(request, &found->look);
}

struct retention_act {
	struct act act;
	struct retention_edit edit;
};

static enum err retention_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return retention_edit_step(tx, &((struct retention_act *)act)->edit, now_ms, out);
}

static void write_retention_act(struct json_out *out, const void *act)
{
	show_retention(out, &((const struct retention_act *)act)->edit.row);
}

#define TAKE(body, edit, id, member)                                                               \
	do {                                                                                       \
		(edit)->has[RETENTION_##id] = (body)->has_##member;                                \
		(edit)->set[RETENTION_##id] = (body)->has_##member && !(body)->null_##member;      \
		(edit)->days[RETENTION_##id] = (body)->member;                                     \
	} while (0)

void retention_edit(struct request *request)
{
	const struct body_retention_edit *body = retention_edit_body(request);
	struct retention_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = retention_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.version,
	                        .write = write_retention_act};
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	TAKE(body, &act->edit, IDENTITY, identity);
	TAKE(body, &act->edit, PHONE, phone);
	TAKE(body, &act->edit, CUSTOMER, customer);
	TAKE(body, &act->edit, EVENT, event);
	TAKE(body, &act->edit, REMINDER, reminder);
	TAKE(body, &act->edit, MESSAGE, message);
	actor_fill(&act->edit.actor, request, "");
	act_run(request, &act->act);
}

static bool take_run(void *arg, const struct retention_run *run)
{
	struct rows *rows = arg;
	struct json_out *out = rows->page.out;

	if (!page_take(&rows->page, "", 0, run->day))
		return false;
	out_object(out, NULL);
	out_day(out, "day", run->day);
	out_time_s(out, "at", run->at_s);
	for (unsigned i = 0; i < RETENTION_KIND_COUNT; i++)
		out_int(out, retention_word((enum retention_kind)i), run->removed[i]);
	out_object_end(out);
	return true;
}

static enum err read_runs(struct reader *reader, struct rows *rows)
{
	const struct list_ask *ask = &rows->page.ask;

	return retention_runs(reader->db, rows->request->place.property_id,
	                      ask->has_after ? ask->after_id : INT64_MAX, take_run, rows);
}

void retention_runs_list(struct request *request)
{
	rows_list(request, read_runs);
}

/* ---- export ---- */

struct export_request {
	struct person_export export;
	const struct keys *keys;
	struct request *request;
};

static enum err read_document(struct reader *reader, void *arg)
{
	struct export_request *e = arg;

	return person_document(reader, e->keys, e->export.property_id, e->export.customer_id,
	                       e->request->now_ms, &e->request->out);
}

static void document_read(struct request *request, void *arg, enum err err)
{
	const struct export_request *e = arg;
	char disposition[80];

	if (err) {
		answer_err(request, err);
		return;
	}
	snprintf(disposition, sizeof disposition, "attachment; filename=\"person-%lld.json\"",
	         (long long)e->export.customer_id);
	answer_header(request, "Content-Disposition", disposition);
	answer_header(request, "Cache-Control", "no-store");
	answer_json(request, 200);
}

/* The audit line is written before anything is read. */
static void export_noted(struct request *request, void *arg, enum err err)
{
	struct export_request *e = arg;

	if (err)
		answer_fault(request, err, &e->export.fault);
	else
		request_read(request, read_document, e, document_read);
}

static enum err export_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return person_export_step(tx, &((struct export_request *)arg)->export, now_ms, out);
}

void customer_export(struct request *request)
{
	struct export_request *e = request_alloc(request, sizeof *e);

	if (!e) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	e->request = request;
	e->keys = request->http->platform->keys;
	e->export.property_id = request->place.property_id;
	e->export.customer_id = request_number(request, "customer");
	actor_fill(&e->export.actor, request, customer_export_body(request)->reason);
	request_step(request, export_step, e, export_noted);
}

/* ---- erasure ---- */

struct erase_act {
	struct act act;
	struct person_erase erase;
};

static enum err erase_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return person_erase_step(tx, &((struct erase_act *)act)->erase, now_ms, out);
}

static void write_erase(struct json_out *out, const void *arg)
{
	const struct erase_act *act = arg;

	out_object(out, NULL);
	out_id(out, "approval", act->erase.approval_id);
	out_object_end(out);
}

void customer_erase(struct request *request)
{
	struct erase_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = erase_step,
	                        .fault = &act->erase.fault,
	                        .write = write_erase,
	                        .status = 202};
	act->erase.property_id = request->place.property_id;
	act->erase.customer_id = request_number(request, "customer");
	act->erase.version = request->version;
	actor_fill(&act->erase.actor, request, customer_erase_body(request)->reason);
	act_run(request, &act->act);
}

/* ---- privacy text ---- */

static void show_privacy(struct json_out *out, const struct privacy_row row[2])
{
	out_object(out, NULL);
	out_text(out, "zh", row[0].text);
	out_text(out, "en", row[1].text);
	out_time_s(out, "updated_at", row[0].updated_s);
	out_int(out, "version", row[0].version);
	out_object_end(out);
}

static bool privacy_memory(struct request *request, struct privacy_row row[2])
{
	row[0].text = request_alloc(request, PRIVACY_TEXT_SIZE);
	row[1].text = request_alloc(request, PRIVACY_TEXT_SIZE);
	return row[0].text && row[1].text;
}

struct privacy_look {
	struct look look;
	struct privacy_row row[2];
};

static enum err read_privacy(struct reader *reader, struct look *look)
{
	struct privacy_look *found = (struct privacy_look *)look;
	enum err err = privacy_read(reader->db, look->request->place.group_id, found->row);

	look->version = found->row[0].version;
	return err;
}

static void write_privacy_look(struct json_out *out, const void *look)
{
	show_privacy(out, ((const struct privacy_look *)look)->row);
}

void privacy_show(struct request *request)
{
	struct privacy_look *found = request_alloc(request, sizeof *found);

	if (!found || !privacy_memory(request, found->row)) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	found->look.read = read_privacy;
	found->look.write = write_privacy_look;
	look_run(request, &found->look);
}

struct privacy_act {
	struct act act;
	struct privacy_edit edit;
};

static enum err privacy_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return privacy_edit_step(tx, &((struct privacy_act *)act)->edit, now_ms, out);
}

static void write_privacy_act(struct json_out *out, const void *act)
{
	show_privacy(out, ((const struct privacy_act *)act)->edit.row);
}

void privacy_edit(struct request *request)
{
	const struct body_privacy_edit *body = privacy_edit_body(request);
	struct privacy_act *act = request_alloc(request, sizeof *act);

	if (!act || !privacy_memory(request, act->edit.row)) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = privacy_step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row[0].version,
	                        .write = write_privacy_act};
	act->edit.group_id = request->place.group_id;
	act->edit.version = request->version;
	act->edit.text[0] = body->zh;
	act->edit.text[1] = body->en;
	actor_fill(&act->edit.actor, request, "");
	act_run(request, &act->act);
}
