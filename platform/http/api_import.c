/* Imports of sheets: their file in pieces, what is wrong, and the order to apply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/sheet_import.h"
#include "platform/core/sheet_worker.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/sheet_answer.h"
#include "platform/http/show_people.h"
#include "platform/sheet/column.h"

#define MIB (1024 * 1024)

/* ---- as JSON ---- */

static void show_total(struct json_out *out, const char *name, const struct sheet_total *total)
{
	out_object(out, NULL);
	out_text(out, "name", name);
	if (total->wanted)
		out_int(out, "wanted", total->want);
	else
		out_null(out, "wanted");
	out_int(out, "found", total->found);
	out_object_end(out);
}

static void show_totals(struct json_out *out, const struct sheet_job_row *row)
{
	const struct sheet_kind *kind = sheet_kind_find(row->kind);

	out_array(out, "totals");
	show_total(out, "rows", &row->total);
	for (size_t i = 0; kind && i < SHEET_SUMS; i++)
		if (kind->sum[i] >= 0)
			show_total(out, kind->columns[kind->sum[i]].key, &row->sum[i]);
	out_array_end(out);
}

static void show_mistake(struct json_out *out, const char *key, int64_t row, int64_t column,
                         const char *word, const char *detail)
{
	enum sheet_fault fault = sheet_fault_of(word);
	char letters[16] = "";

	if (column > 0)
		sheet_column_letters((int)column, letters, sizeof letters);
	out_object(out, key);
	out_int(out, "row", row);
	out_text(out, "column", letters);
	out_text(out, "fault", word);
	out_text(out, "text", sheet_fault_text(fault, SHEET_EN));
	out_text(out, "text_zh", sheet_fault_text(fault, SHEET_ZH));
	out_text(out, "detail", detail);
	out_object_end(out);
}

static void show_import(struct json_out *out, const char *key, const struct sheet_job_row *row,
                        int64_t rows_so_far)
{
	out_object(out, key);
	show_number(out, "id", row->job_id);
	out_text(out, "sheet", row->kind);
	out_text(out, "name", row->client_name);
	out_text(out, "state", sheet_state_word(row->state));
	out_int(out, "bytes", row->bytes);
	out_text(out, "by", row->by_name);
	out_text(out, "reason", row->reason);
	out_time_ms(out, "created_at", row->created_ms);
	out_time_ms(out, "changed_at", row->changed_ms);
	out_int(out, "rows", rows_so_far >= 0 ? rows_so_far : row->rows);
	out_int(out, "added", row->added);
	out_int(out, "changed", row->changed);
	out_int(out, "same", row->same);
	out_int(out, "mistakes", row->mistakes);
	out_text(out, "sha256", row->hash);
	show_totals(out, row);
	show_number(out, "approval", row->approval_id);
	out_text(out, "agreed_by", row->agreed_name);
	if (row->fault[0])
		show_mistake(out, "fault", row->fault_row, row->fault_column, row->fault,
		             row->fault_detail);
	else
		out_null(out, "fault");
	out_object_end(out);
}

static int64_t rows_so_far(const struct request *request, int64_t job_id)
{
	return sheet_worker_rows(request->http->platform->sheets, job_id);
}

static void answer_import(struct request *request, const struct sheet_job_row *row, unsigned status)
{
	show_import(&request->out, NULL, row, rows_so_far(request, row->job_id));
	answer_json(request, status);
}

/* ---- the list, and one ---- */

struct imports_page {
	struct page page;
	int64_t property_id;
};

static bool take_import(void *arg, const struct sheet_job_row *row)
{
	struct imports_page *list = arg;

	if (!page_take(&list->page, "", 0, row->job_id))
		return false;
	show_import(list->page.out, NULL, row, -1);
	return true;
}

static enum err read_imports(struct reader *reader, void *arg)
{
	struct imports_page *list = arg;

	return sheet_job_list(reader->db, list->property_id, list->page.ask.after_id, take_import,
	                      list);
}

static void imports_read(struct request *request, void *arg, enum err err)
{
	struct imports_page *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void imports_list(struct request *request)
{
	struct imports_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->property_id = request->place.property_id;
	request_read(request, read_imports, list, imports_read);
}

/* An import of this property that the caller may work on: the right to its kind of object too. */
struct one_import {
	const struct request *request;
	int64_t property_id, job_id;
	struct sheet_job_row row;
};

static enum err read_one(struct db *db, struct one_import *one)
{
	const struct sheet_kind *kind;
	enum err err = sheet_job_get(db, one->property_id, one->job_id, &one->row);

	if (err)
		return err;
	kind = sheet_kind_find(one->row.kind);
	return kind && gate_shows(one->request, kind->write, &one->request->place) ? ERR_NONE
	                                                                           : ERR_FORBIDDEN;
}

static enum err read_import(struct reader *reader, void *arg)
{
	return read_one(reader->db, arg);
}

static void import_read(struct request *request, void *arg, enum err err)
{
	const struct one_import *one = arg;

	if (err)
		answer_err(request, err);
	else
		answer_import(request, &one->row, 200);
}

static void one_init(struct one_import *one, const struct request *request)
{
	one->request = request;
	one->property_id = request->place.property_id;
	one->job_id = request_number(request, "import");
}

void import_show(struct request *request)
{
	struct one_import *one = request_alloc(request, sizeof *one);

	if (!one) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one_init(one, request);
	request_read(request, read_import, one, import_read);
}

/* ---- making one ---- */

static void created_write(struct json_out *out, const void *arg)
{
	const struct sheet_create *create = arg;

	show_import(out, NULL, &create->row, -1);
}

static void create_failed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err == ERR_BAD_INPUT)
		answer_problem(request, PROBLEM_BAD_FIELD, "sheet", "no such kind of sheet");
	else if (err == ERR_FULL)
		answer_problem(request, PROBLEM_CONFLICT, NULL,
		               "too many imports wait here: cancel some");
	else
		answer_err(request, err);
}

static void take_total(struct sheet_total *total, bool has, int64_t value)
{
	total->wanted = has;
	total->want = value;
}

void import_create(struct request *request)
{
	const struct body_new_import *body = import_create_body(request);
	struct sheet_create *create = request_alloc(request, sizeof *create);
	struct once once = {.step = sheet_create_step,
	                    .arg = create,
	                    .write = created_write,
	                    .failed = create_failed,
	                    .status = 201,
	                    .property_id = request->place.property_id};
	enum err err = ERR_NOMEM;

	if (create)
		err = sheet_file_name(request->http->platform->settings.store_dir,
		                      create->row.file);
	if (err) {
		answer_err(request, err);
		return;
	}
	actor_fill(&create->actor, request, "");
	create->row.property_id = request->place.property_id;
	utf8_copy(create->row.kind, sizeof create->row.kind, body->sheet);
	utf8_copy(create->row.client_name, sizeof create->row.client_name,
	          body->has_name ? body->name : "");
	create->row.encoding = sheet_encoding_of(body->has_encoding ? body->encoding : NULL);
	take_total(&create->row.total, body->has_rows, body->rows);
	take_total(&create->row.sum[0], body->has_balance_fen, body->balance_fen);
	take_total(&create->row.sum[1], body->has_register_milli, body->register_milli);
	request_once(request, &once);
}

/* ---- its file ---- */

struct piece {
	struct one_import one;
	const char *store_dir;
	int64_t at, size;
	const void *bytes;
	size_t len;
	bool end;
	struct sheet_sent sent;
};

static enum err put_piece(struct reader *reader, void *arg)
{
	struct piece *piece = arg;
	enum err err = read_one(reader->db, &piece->one);

	if (err)
		return err;
	if (piece->one.row.state != SHEET_RECEIVING)
		return ERR_REFUSED;
	return sheet_file_put(piece->store_dir, piece->one.row.file, piece->at, piece->bytes,
	                      piece->len, &piece->size);
}

static void sent(struct request *request, void *arg, enum err err)
{
	const struct sheet_sent *all = arg;

	if (err)
		answer_err(request, err);
	else
		answer_import(request, &all->row, 200);
}

static void piece_put(struct request *request, void *arg, enum err err)
{
	struct piece *piece = arg;
	char detail[64];

	if (err == ERR_SEQUENCE) {
		snprintf(detail, sizeof detail, "the next piece begins at %lld",
		         (long long)piece->size);
		answer_problem(request, PROBLEM_CONFLICT, "at", detail);
	} else if (err == ERR_REFUSED) {
		answer_problem(request, PROBLEM_CONFLICT, NULL, "the file is complete");
	} else if (err) {
		answer_err(request, err);
	} else if (piece->end) {
		actor_fill(&piece->sent.actor, request, "");
		piece->sent.property_id = piece->one.property_id;
		piece->sent.job_id = piece->one.job_id;
		piece->sent.bytes = piece->size;
		request_step(request, sheet_sent_step, &piece->sent, sent);
	} else {
		piece->one.row.bytes = piece->size;
		answer_import(request, &piece->one.row, 200);
	}
}

void import_file(struct request *request)
{
	const struct query_import_file *query = import_file_query(request);
	const struct settings *settings = &request->http->platform->settings;
	struct piece *piece = request_alloc(request, sizeof *piece);

	if (!piece) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one_init(&piece->one, request);
	piece->store_dir = settings->store_dir;
	piece->at = query->has_at ? query->at : 0;
	piece->end = query->has_end && query->end;
	piece->bytes = request->body ? request->body : "";
	piece->len = request->body_len;
	if (piece->at + (int64_t)piece->len > settings->sheet_upload_mb * MIB) {
		answer_problem(request, PROBLEM_TOO_LARGE, "at",
		               "the file is larger than a sheet may be");
		return;
	}
	request_read(request, put_piece, piece, piece_put);
}

/* ---- acts ---- */

static void applied_write(struct json_out *out, const void *arg)
{
	const struct sheet_act *act = arg;

	show_import(out, NULL, &act->row, -1);
}

static void apply_failed(struct request *request, void *arg, enum err err)
{
	const struct sheet_act *act = arg;

	if (err == ERR_BAD_INPUT)
		answer_problem(request, PROBLEM_BAD_FIELD, "reason",
		               "a second person will be asked: say why");
	else if (err == ERR_CONFLICT)
		answer_problem(request, PROBLEM_CONFLICT, "sha256", "it holds other rows");
	else if (err == ERR_REFUSED && act->row.mistakes)
		answer_problem(request, PROBLEM_CONFLICT, NULL, "it has mistakes");
	else if (err == ERR_REFUSED || err == ERR_DUP)
		answer_problem(request, PROBLEM_CONFLICT, NULL,
		               act->row.approval_id ? "it waits for a second person"
		                                    : "it is not checked, or over");
	else
		answer_err(request, err);
}

static bool act_init(struct request *request, struct sheet_act *act, const char *reason)
{
	if (!act) {
		answer_err(request, ERR_NOMEM);
		return false;
	}
	actor_fill(&act->actor, request, reason);
	act->property_id = request->place.property_id;
	act->job_id = request_number(request, "import");
	return true;
}

void import_apply(struct request *request)
{
	const struct body_apply_import *body = import_apply_body(request);
	struct sheet_act *act = request_alloc(request, sizeof *act);
	struct once once = {.step = sheet_apply_ask_step,
	                    .arg = act,
	                    .write = applied_write,
	                    .failed = apply_failed,
	                    .status = 202,
	                    .property_id = request->place.property_id};

	if (!act_init(request, act, body->has_reason ? body->reason : ""))
		return;
	utf8_copy(act->hash, sizeof act->hash, body->sha256);
	act->alone_max = request->http->platform->settings.sheet_alone_rows;
	request_once(request, &once);
}

static void cancelled(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, NULL, "too late");
	else if (err)
		answer_err(request, err);
	else
		answer_empty(request, 204);
}

void import_cancel(struct request *request)
{
	struct sheet_act *act = request_alloc(request, sizeof *act);

	if (act_init(request, act, ""))
		request_step(request, sheet_cancel_step, act, cancelled);
}

/* ---- mistakes ---- */

struct mistakes_page {
	struct page page;
	struct one_import one;
	const char *store_dir;
};

/* NONE also when there is no list: its import is not checked yet, or over. */
static enum err
each_mistake(const char *store_dir, const struct sheet_job_row *job, int64_t from,
             bool (*each)(void *arg, int64_t index, const struct sheet_mistake_row *row), void *arg)
{
	struct sheet_mistake_row row;
	enum err err;
	int fd;

	err = sheet_file_open(store_dir, job->file, SHEET_FILE_MISTAKES, &fd);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	for (int64_t i = from; !err; i++) {
		err = sheet_mistake_read(fd, i, &row);
		if (!err && (row.fault >= SHEET_FAULT_COUNT || !each(arg, i, &row)))
			break;
	}
	sheet_file_close(fd);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static bool take_mistake(void *arg, int64_t index, const struct sheet_mistake_row *row)
{
	struct mistakes_page *list = arg;

	if (!page_take(&list->page, "", 0, index + 1))
		return false;
	show_mistake(list->page.out, NULL, row->row, row->column,
	             sheet_fault_word((enum sheet_fault)row->fault), row->detail);
	return true;
}

static enum err read_mistakes(struct reader *reader, void *arg)
{
	struct mistakes_page *list = arg;
	const struct list_ask *ask = &list->page.ask;
	enum err err = read_one(reader->db, &list->one);

	return err ? err
	           : each_mistake(list->store_dir, &list->one.row,
	                          ask->has_after ? ask->after_id : 0, take_mistake, list);
}

static void mistakes_read(struct request *request, void *arg, enum err err)
{
	struct mistakes_page *list = arg;

	if (err) {
		json_out_free(&request->out);
		answer_err(request, err);
	} else {
		page_close(request, &list->page);
	}
}

void import_mistakes(struct request *request)
{
	struct mistakes_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	one_init(&list->one, request);
	list->store_dir = request->http->platform->settings.store_dir;
	request_read(request, read_mistakes, list, mistakes_read);
}

/* ---- mistakes as a sheet ---- */

enum { ROW, COLUMN, PROBLEM_TEXT, DETAIL, MISTAKE_COLUMNS };

static const struct sheet_column mistake_columns[MISTAKE_COLUMNS] = {
        [ROW] = {.key = "row",     .zh = "行",    .en = "Row",     .type = SHEET_NUMBER},
        [COLUMN] = {.key = "column",  .zh = "列",    .en = "Column",  .type = SHEET_TEXT  },
        [PROBLEM_TEXT] = {.key = "problem", .zh = "问题", .en = "Problem", .type = SHEET_TEXT  },
        [DETAIL] = {.key = "detail",  .zh = "说明", .en = "Detail",  .type = SHEET_TEXT  },
};

struct mistakes_sheet {
	struct sheet_answer answer; /* first */
	struct one_import one;      /* its request is alive while the first piece is made */
};

static bool put_mistake(void *arg, int64_t index, const struct sheet_mistake_row *row)
{
	struct sheet_answer *answer = arg;
	enum sheet_fault fault = (enum sheet_fault)row->fault;
	const char *text = answer->lang == SHEET_KEYS ? sheet_fault_word(fault)
	                                              : sheet_fault_text(fault, answer->lang);
	struct sheet_value values[MISTAKE_COLUMNS];
	char letters[16] = "";

	(void)index;
	if (row->column > 0)
		sheet_column_letters(row->column, letters, sizeof letters);
	values[ROW] = sheet_value_number(row->row);
	values[COLUMN] = sheet_value_text(letters);
	values[PROBLEM_TEXT] = sheet_value_text(text);
	values[DETAIL] = sheet_value_text(row->detail);
	for (size_t i = 0; i < MISTAKE_COLUMNS; i++)
		sheet_put_value(answer->writer, &mistake_columns[i], &values[i], answer->lang);
	sheet_row_end(answer->writer);
	return sheet_writer_error(answer->writer) == ERR_NONE;
}

/* The whole list at once: it is bounded. */
static enum err make_mistakes(struct sheet_answer *answer, struct reader *reader, bool *end)
{
	struct mistakes_sheet *sheet = (struct mistakes_sheet *)(void *)answer;
	enum err err = read_one(reader->db, &sheet->one);

	*end = true;
	if (err)
		return err;
	sheet_put_header(answer->writer, mistake_columns, MISTAKE_COLUMNS, answer->lang);
	err = each_mistake(answer->store_dir, &sheet->one.row, 0, put_mistake, answer);
	return err ? err : sheet_writer_error(answer->writer);
}

static bool may_have_mistakes(const struct sheet_answer *answer, const struct access *access,
                              int64_t now_s)
{
	return access_allows(access, PERMISSION_SHEET_IMPORT, &answer->place, now_s);
}

void import_mistakes_file(struct request *request)
{
	const struct query_import_mistakes_file *query = import_mistakes_file_query(request);
	struct mistakes_sheet *sheet = calloc(1, sizeof *sheet);
	struct sheet_answer_ask ask = {.format = query->format,
	                               .lang = query->lang,
	                               .encoding = query->encoding,
	                               .name = "mistakes",
	                               .title = "mistakes",
	                               .rows = make_mistakes,
	                               .may = may_have_mistakes};

	if (!sheet) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one_init(&sheet->one, request);
	answer_sheet(request, &sheet->answer, &ask);
}
