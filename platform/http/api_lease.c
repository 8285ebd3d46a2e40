/* Leases, and the reminders of their ends. */
#include <stdio.h>
#include <string.h>

#include "platform/core/lease.h"
#include "platform/http/act.h"

/* What is shown of a lease beside its row. */
struct lease_names {
	char customer[CUSTOMER_NAME_SIZE];
	char path[LEASE_SPACES_MAX][SPACE_PATH_SIZE]; /* "": not the caller's to see */
};

static int64_t now_s(const struct request *request)
{
	return request->now_ms / 1000;
}

static enum err path_read(struct db *db, const struct request *request, int64_t space_id,
                          char path[SPACE_PATH_SIZE])
{
	struct space_row space;
	bool sees = false;
	enum err err = space_shows(db, request, PERMISSION_CUSTOMER_READ, space_id, &sees);

	path[0] = '\0';
	if (err || !sees)
		return err;
	err = space_get(db, request->place.property_id, space_id, &space);
	return err ? err : space_path(db, &space, path);
}

static enum err names_read(struct db *db, const struct request *request,
                           const struct lease_row *row, struct lease_names *names)
{
	struct customer_row customer;
	enum err err = customer_get(db, row->property_id, row->customer_id, &customer);

	memcpy(names->customer, customer.name, sizeof names->customer);
	for (size_t i = 0; !err && i < row->space_count; i++)
		err = path_read(db, request, row->space[i], names->path[i]);
	return err;
}

static void show_spaces(struct json_out *out, const struct lease_row *row,
                        const struct lease_names *names)
{
	int64_t more = 0;

	out_array(out, "spaces");
	for (size_t i = 0; i < row->space_count; i++) {
		if (!names->path[i][0]) {
			more++;
			continue;
		}
		out_object(out, NULL);
		out_id(out, "id", row->space[i]);
		out_text(out, "path", names->path[i]);
		out_object_end(out);
	}
	out_array_end(out);
	out_int(out, "more_spaces", more);
}

static void show_lease(struct json_out *out, const struct lease_row *row,
                       const struct lease_names *names, int64_t now_s, bool with_note)
{
	out_object(out, NULL);
	out_id(out, "id", row->lease_id);
	out_text(out, "code", row->code);
	out_object(out, "customer");
	out_id(out, "id", row->customer_id);
	out_text(out, "name", names->customer);
	out_object_end(out);
	show_spaces(out, row, names);
	out_text(out, "state", lease_state_word(lease_state_at(row, now_s)));
	out_day(out, "start", row->start_day);
	out_day(out, "end", row->end_day);
	out_time_s(out, "from", row->from_s);
	if (row->until_s == LEASE_OPEN_S)
		out_null(out, "until");
	else
		out_time_s(out, "until", row->until_s);
	if (row->remind_days < 0)
		out_null(out, "remind_days");
	else
		out_int(out, "remind_days", row->remind_days);
	if (with_note)
		out_text(out, "note", row->note);
	out_time_s(out, "created_at", row->created_s);
	out_int(out, "version", row->version);
	out_object_end(out);
}

/* ---- list ---- */

struct lease_rows {
	struct rows rows;
	struct lease_filter filter;
	struct lease_names names;
};

static bool take_lease(void *arg, const struct lease_row *row)
{
	struct lease_rows *list = arg;
	struct rows *rows = &list->rows;
	int64_t number = list->filter.ask.sort == LEASE_BY_END ? row->until_s : row->from_s;
	bool shows;

	rows->err = lease_shows(rows->db, &rows->request->access, PERMISSION_CUSTOMER_READ, row,
	                        list->filter.now_s, &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, row->code, number, row->lease_id))
		return false;
	rows->err = names_read(rows->db, rows->request, row, &list->names);
	if (!rows->err)
		show_lease(rows->page.out, row, &list->names, list->filter.now_s, false);
	return !rows->err;
}

static enum err read_leases(struct reader *reader, struct rows *rows)
{
	struct lease_rows *list = (struct lease_rows *)rows;
	bool sees = true;
	enum err err = ERR_NONE;

	list->filter.ask = rows->page.ask;
	/* A lease is not found by a room of it that the caller does not see. */
	if (list->filter.space_id)
		err = space_shows(reader->db, rows->request, PERMISSION_CUSTOMER_READ,
		                  list->filter.space_id, &sees);
	return err || !sees ? err
	                    : lease_list(reader->db, rows->request->place.property_id,
	                                 &list->filter, take_lease, list);
}

_Static_assert(LEASES_LIST_SORT_ID == (int)LEASE_BY_NUMBER &&
                       LEASES_LIST_SORT_CODE == (int)LEASE_BY_CODE &&
                       LEASES_LIST_SORT_START == (int)LEASE_BY_START &&
                       LEASES_LIST_SORT_END == (int)LEASE_BY_END,
               "the fragment's order of sort words");

void leases_list(struct request *request)
{
	const struct query_leases_list *query = leases_list_query(request);
	struct lease_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_leases;
	list->filter.now_s = now_s(request);
	list->filter.customer_id = query->customer;
	list->filter.space_id = query->space;
	if (query->has_state)
		(void)lease_state_parse(query->state, &list->filter.state);
	rows_run(request, &list->rows);
}

/* ---- one ---- */

struct lease_look {
	struct look look;
	int64_t lease_id;
	struct lease_row row;
	struct lease_names names;
};

static enum err read_lease(struct reader *reader, struct look *look)
{
	struct lease_look *lease = (struct lease_look *)look;
	const struct request *request = look->request;
	bool shows = false;
	enum err err =
	        lease_get(reader->db, request->place.property_id, lease->lease_id, &lease->row);

	if (!err)
		err = lease_shows(reader->db, &request->access, PERMISSION_CUSTOMER_READ,
		                  &lease->row, now_s(request), &shows);
	if (err)
		return err;
	look->version = lease->row.version;
	return shows ? names_read(reader->db, request, &lease->row, &lease->names) : ERR_HIDDEN;
}

static void write_lease_look(struct json_out *out, const void *arg)
{
	const struct lease_look *lease = arg;

	show_lease(out, &lease->row, &lease->names, now_s(lease->look.request), true);
}

void lease_show(struct request *request)
{
	struct lease_look *lease = request_alloc(request, sizeof *lease);

	if (!lease) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	lease->look.read = read_lease;
	lease->look.write = write_lease_look;
	lease->lease_id = request_number(request, "lease");
	look_run(request, &lease->look);
}

/* ---- edits ---- */

struct lease_act {
	struct act act;
	struct lease_edit edit;
	struct lease_names names;
};

static enum err lease_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct lease_act *act = arg;
	enum err err = lease_edit_step(tx, &act->edit, now_ms, out);

	return err ? err : names_read(tx->db, act->act.request, &act->edit.row, &act->names);
}

static enum err lease_over_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct lease_act *act = arg;
	enum err err = lease_end_step(tx, &act->edit, now_ms, out);

	return err ? err : names_read(tx->db, act->act.request, &act->edit.row, &act->names);
}

static void write_lease_act(struct json_out *out, const void *arg)
{
	const struct lease_act *act = arg;

	show_lease(out, &act->edit.row, &act->names, now_s(act->act.request), true);
}

static struct lease_act *lease_act(struct request *request, step_fn step, const char *reason)
{
	struct lease_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	act->act = (struct act){.step = step,
	                        .fault = &act->edit.fault,
	                        .version = &act->edit.row.version,
	                        .write = write_lease_act};
	act->edit.property_id = request->place.property_id;
	act->edit.version = request->version;
	actor_fill(&act->edit.actor, request, reason);
	return act;
}

/* 1970-01-01 is day 0, which stands for no end; nobody means it. */
static int64_t last_day(bool given, int64_t day)
{
	return given && !day ? -1 : day;
}

void lease_create(struct request *request)
{
	const struct body_new_lease *body = lease_create_body(request);
	struct lease_act *act = lease_act(request, lease_step, "");

	if (!act)
		return;
	act->act.status = 201;
	act->edit.customer_id = body->customer;
	act->edit.code = body->code;
	act->edit.note = body->note;
	act->edit.has_start = true;
	act->edit.start_day = body->start_day;
	act->edit.has_end = true;
	act->edit.end_day = last_day(body->has_end, body->end_day);
	act->edit.has_remind = body->has_remind_days && !body->null_remind_days;
	act->edit.remind_days = body->remind_days;
	act->edit.has_spaces = true;
	act->edit.space = body->spaces;
	act->edit.space_count = body->spaces_count;
	act_run(request, &act->act);
}

void lease_edit(struct request *request)
{
	const struct body_lease_edit *body = lease_edit_body(request);
	struct lease_act *act = lease_act(request, lease_step, "");

	if (!act)
		return;
	act->edit.lease_id = request_number(request, "lease");
	act->edit.code = body->code;
	act->edit.note = body->note;
	act->edit.has_start = body->has_start;
	act->edit.start_day = body->start_day;
	act->edit.has_end = body->has_end;
	act->edit.end_day = last_day(body->has_end && !body->null_end, body->end_day);
	act->edit.has_remind = body->has_remind_days;
	act->edit.remind_days = body->null_remind_days ? -1 : body->remind_days;
	act->edit.has_spaces = body->has_spaces;
	act->edit.space = body->spaces;
	act->edit.space_count = body->spaces_count;
	act_run(request, &act->act);
}

void lease_end(struct request *request)
{
	struct lease_act *act =
	        lease_act(request, lease_over_step, lease_end_body(request)->reason);

	if (!act)
		return;
	act->edit.lease_id = request_number(request, "lease");
	act_run(request, &act->act);
}

/* ---- reminders ---- */

struct reminder_names {
	struct lease_row lease;
	struct lease_names names;
};

static enum err reminder_names(struct db *db, const struct request *request,
                               const struct reminder_row *row, struct reminder_names *found)
{
	enum err err = lease_get(db, row->property_id, row->lease_id, &found->lease);

	return err ? err : names_read(db, request, &found->lease, &found->names);
}

static void show_reminder(struct json_out *out, const struct reminder_row *row,
                          const struct reminder_names *of)
{
	out_object(out, NULL);
	out_id(out, "id", row->reminder_id);
	out_object(out, "lease");
	out_id(out, "id", row->lease_id);
	out_text(out, "code", of->lease.code);
	out_object_end(out);
	out_object(out, "customer");
	out_id(out, "id", of->lease.customer_id);
	out_text(out, "name", of->names.customer);
	out_object_end(out);
	show_spaces(out, &of->lease, &of->names);
	out_day(out, "end", row->end_day);
	out_time_s(out, "written_at", row->written_s);
	out_time_s(out, "done_at", row->done_s);
	out_text(out, "done_by", row->done_s ? row->done_by : NULL);
	out_object_end(out);
}

struct reminder_rows {
	struct rows rows;
	struct reminder_filter filter;
	struct reminder_names of;
};

static bool take_reminder(void *arg, const struct reminder_row *row)
{
	struct reminder_rows *list = arg;
	struct rows *rows = &list->rows;
	bool shows = false;

	rows->err = reminder_names(rows->db, rows->request, row, &list->of);
	if (!rows->err)
		rows->err = lease_shows(rows->db, &rows->request->access, PERMISSION_CUSTOMER_READ,
		                        &list->of.lease, now_s(rows->request), &shows);
	if (rows->err)
		return false;
	if (!shows)
		return true;
	if (!page_take(&rows->page, "", row->end_day, row->reminder_id))
		return false;
	show_reminder(rows->page.out, row, &list->of);
	return true;
}

static enum err read_reminders(struct reader *reader, struct rows *rows)
{
	struct reminder_rows *list = (struct reminder_rows *)rows;

	list->filter.ask = rows->page.ask;
	return reminder_list(reader->db, rows->request->place.property_id, &list->filter,
	                     take_reminder, list);
}

_Static_assert(REMINDERS_LIST_SORT_END == (int)REMINDER_BY_END &&
                       REMINDERS_LIST_SORT_ID == (int)REMINDER_BY_NUMBER,
               "the fragment's order of sort words");

void reminders_list(struct request *request)
{
	const struct query_reminders_list *query = reminders_list_query(request);
	struct reminder_rows *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->rows.read = read_reminders;
	list->filter.all = query->all;
	list->filter.from_day = query->has_ends_from ? query->ends_from_day : INT64_MIN;
	list->filter.to_day = query->has_ends_to ? query->ends_to_day : INT64_MAX;
	rows_run(request, &list->rows);
}

struct reminder_act {
	struct act act;
	struct reminder_edit edit;
	struct reminder_names of;
};

static enum err reminder_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct reminder_act *act = arg;
	enum err err = reminder_done_step(tx, &act->edit, now_ms, out);

	return err ? err : reminder_names(tx->db, act->act.request, &act->edit.row, &act->of);
}

static void write_reminder_act(struct json_out *out, const void *arg)
{
	const struct reminder_act *act = arg;

	show_reminder(out, &act->edit.row, &act->of);
}

void reminder_close(struct request *request)
{
	struct reminder_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){
	        .step = reminder_step, .fault = &act->edit.fault, .write = write_reminder_act};
	act->edit.property_id = request->place.property_id;
	act->edit.reminder_id = request_number(request, "reminder");
	actor_fill(&act->edit.actor, request, "");
	act_run(request, &act->act);
}
