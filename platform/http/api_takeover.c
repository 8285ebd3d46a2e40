/* Take-overs from old systems: their rows, what became of them, and the signed report. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/takeover.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/sheet_answer.h"
#include "platform/http/show_people.h"

static void show_counts(struct json_out *out, const int64_t counts[TAKEOVER_STATE_COUNT])
{
	for (int i = 0; i < TAKEOVER_STATE_COUNT; i++)
		out_int(out, takeover_state_word((enum takeover_state)i), counts[i]);
}

/* From the body that was signed: what is shown is what the report says. */
static enum err show_takeover(struct json_out *out, struct db *db,
                              const struct takeover_report *report)
{
	static const char *const numbers[] = {"rows", "balance_fen", "register_milli"};
	static const char *const texts[] = {"rows_sha256", "asked_by", "agreed_by", "reason"};
	json_t *body = json_loads(report->body, 0, NULL);
	int64_t counts[TAKEOVER_STATE_COUNT];
	enum err err = takeover_counts(db, report->property_id, report->job_id, counts);

	if (err || !body) {
		json_decref(body);
		return err ? err : ERR_DAMAGED;
	}
	out_object(out, NULL);
	show_number(out, "id", report->job_id);
	out_time_s(out, "taken_over_at", report->created_s);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		out_int(out, numbers[i], json_integer_value(json_object_get(body, numbers[i])));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = json_string_value(json_object_get(body, texts[i]));

		out_text(out, texts[i], text ? text : "");
	}
	show_counts(out, counts);
	out_object_end(out);
	json_decref(body);
	return ERR_NONE;
}

/* ---- the list ---- */

struct takeovers_page {
	struct page page;
	struct reader *reader;
	int64_t property_id;
	enum err err;
};

static bool take_takeover(void *arg, const struct takeover_report *report)
{
	struct takeovers_page *list = arg;

	if (!page_take(&list->page, "", 0, report->job_id))
		return false;
	list->err = show_takeover(list->page.out, list->reader->db, report);
	return !list->err;
}

static enum err read_takeovers(struct reader *reader, void *arg)
{
	struct takeovers_page *list = arg;
	enum err err;

	list->reader = reader;
	err = takeover_report_list(reader->db, list->property_id, list->page.ask.after_id,
	                           take_takeover, list);
	return err ? err : list->err;
}

static void page_end(struct request *request, struct page *page, enum err err)
{
	if (err) {
		json_out_free(&request->out);
		answer_err(request, err);
	} else {
		page_close(request, page);
	}
}

static void takeovers_read(struct request *request, void *arg, enum err err)
{
	struct takeovers_page *list = arg;

	page_end(request, &list->page, err);
}

void takeovers_list(struct request *request)
{
	struct takeovers_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->property_id = request->place.property_id;
	request_read(request, read_takeovers, list, takeovers_read);
}

/* ---- one ---- */

struct one_takeover {
	int64_t property_id, job_id;
	struct json_out *out;
	struct takeover_report report;
	char *text;
};

static struct one_takeover *one_new(struct request *request)
{
	struct one_takeover *one = request_alloc(request, sizeof *one);

	if (!one) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	one->property_id = request->place.property_id;
	one->job_id = request_number(request, "takeover");
	one->out = &request->out;
	return one;
}

static enum err read_takeover(struct reader *reader, void *arg)
{
	struct one_takeover *one = arg;
	enum err err = takeover_report_get(reader->db, one->property_id, one->job_id, &one->report);

	return err ? err : show_takeover(one->out, reader->db, &one->report);
}

static void takeover_read(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_json(request, 200);
}

void takeover_show(struct request *request)
{
	struct one_takeover *one = one_new(request);

	if (one)
		request_read(request, read_takeover, one, takeover_read);
}

static enum err read_report(struct reader *reader, void *arg)
{
	struct one_takeover *one = arg;
	enum err err = takeover_report_get(reader->db, one->property_id, one->job_id, &one->report);

	return err ? err : takeover_text(&one->report, &one->text);
}

static void report_read(struct request *request, void *arg, enum err err)
{
	struct one_takeover *one = arg;

	if (err)
		answer_err(request, err);
	else
		answer_text(request, 200, "text/plain; charset=utf-8", one->text,
		            strlen(one->text));
	free(one->text);
}

void takeover_report(struct request *request)
{
	struct one_takeover *one = one_new(request);

	if (one)
		request_read(request, read_report, one, report_read);
}

/* ---- rows ---- */

struct rows_page {
	struct page page;
	int64_t property_id, job_id;
};

static void show_row(struct json_out *out, const struct takeover_row *row)
{
	out_object(out, NULL);
	out_int(out, "row", row->row_no);
	if (row->meter)
		out_meter(out, "meter", row->meter);
	else
		out_null(out, "meter");
	show_number(out, "space", row->space_id);
	show_number(out, "customer", row->customer_id);
	out_text(out, "old_account", row->old_account);
	out_int(out, "balance_fen", row->balance_fen);
	out_int(out, "purchase_count", row->purchase_count);
	if (row->has_register)
		out_int(out, "register_milli", row->register_milli);
	else
		out_null(out, "register_milli");
	out_time_s(out, "read_at", row->read_at_s);
	out_text(out, "note", row->note);
	out_text(out, "state", takeover_state_word(row->state));
	out_object_end(out);
}

static bool take_row(void *arg, const struct takeover_row *row)
{
	struct rows_page *list = arg;

	if (!page_take(&list->page, "", 0, row->row_no))
		return false;
	show_row(list->page.out, row);
	return true;
}

static enum err read_rows(struct reader *reader, void *arg)
{
	struct rows_page *list = arg;
	struct takeover_report report;
	enum err err = takeover_report_get(reader->db, list->property_id, list->job_id, &report);

	return err ? err
	           : takeover_rows(reader->db, list->property_id, list->job_id,
	                           list->page.ask.after_id, take_row, list);
}

static void rows_read(struct request *request, void *arg, enum err err)
{
	struct rows_page *list = arg;

	page_end(request, &list->page, err);
}

void takeover_rows_list(struct request *request)
{
	struct rows_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->property_id = request->place.property_id;
	list->job_id = request_number(request, "takeover");
	request_read(request, read_rows, list, rows_read);
}

/* ---- rows as a sheet ---- */

#define SLICE_ROWS 500

struct rows_sheet {
	struct sheet_answer answer; /* first */
	struct takeover_sheet sheet;
	struct property_row property;
	bool begun;
};

static enum err next_rows(struct sheet_answer *answer, struct reader *reader, bool *end)
{
	struct rows_sheet *rows = (struct rows_sheet *)(void *)answer;
	enum err err;

	rows->sheet.db = reader->db;
	rows->sheet.writer = answer->writer;
	rows->sheet.property = &rows->property;
	err = takeover_put(&rows->sheet, answer->lang, !rows->begun);
	rows->begun = true;
	*end = rows->sheet.end;
	return err;
}

static bool may_have_rows(const struct sheet_answer *answer, const struct access *access,
                          int64_t now_s)
{
	return access_allows(access, PERMISSION_CUSTOMER_READ, &answer->place, now_s);
}

static enum err read_owner(struct reader *reader, void *arg)
{
	struct rows_sheet *rows = arg;
	struct takeover_report report;
	enum err err = takeover_report_get(reader->db, rows->property.property_id,
	                                   rows->sheet.job_id, &report);

	return err ? err : property_get(reader->db, rows->property.property_id, &rows->property);
}

static void owner_read(struct request *request, void *arg, enum err err)
{
	const struct query_takeover_rows_file *query = takeover_rows_file_query(request);
	struct rows_sheet *rows = arg;
	struct sheet_answer_ask ask = {.format = query->format,
	                               .lang = query->lang,
	                               .encoding = query->encoding,
	                               .raw = query->raw,
	                               .name = "takeover",
	                               .title = "takeover",
	                               .rows = next_rows,
	                               .may = may_have_rows};

	if (err) {
		free(rows);
		answer_err(request, err);
		return;
	}
	ask.offset_s = (int32_t)(rows->property.utc_offset_min * 60);
	answer_sheet(request, &rows->answer, &ask);
}

void takeover_rows_file(struct request *request)
{
	struct rows_sheet *rows = calloc(1, sizeof *rows);

	if (!rows) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	rows->property.property_id = request->place.property_id;
	rows->sheet.job_id = request_number(request, "takeover");
	rows->sheet.limit = SLICE_ROWS;
	if (!request_read(request, read_owner, rows, owner_read))
		free(rows);
}

/* ---- taking it back ---- */

static void voided_write(struct json_out *out, const void *arg)
{
	const struct takeover_void *request = arg;

	out_object(out, NULL);
	out_int(out, "count", request->count);
	out_object_end(out);
}

static void void_failed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, NULL, "nothing of it is staged");
	else
		answer_err(request, err);
}

void takeover_void(struct request *request)
{
	struct takeover_void *ask = request_alloc(request, sizeof *ask);
	struct once once = {.step = takeover_void_step,
	                    .arg = ask,
	                    .write = voided_write,
	                    .failed = void_failed,
	                    .status = 200,
	                    .property_id = request->place.property_id};

	if (!ask) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&ask->actor, request, takeover_void_body(request)->reason);
	ask->property_id = request->place.property_id;
	ask->job_id = request_number(request, "takeover");
	request_once(request, &once);
}
