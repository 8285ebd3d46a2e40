#include "platform/http/act.h"

#include <stdio.h>

/* ---- edits ---- */

void answer_fault(struct request *request, enum err err, const struct fault *fault)
{
	enum problem problem = PROBLEM_NONE;

	if (err == ERR_BAD_INPUT)
		problem = PROBLEM_BAD_FIELD;
	else if (err == ERR_DUP)
		problem = PROBLEM_EXISTS;
	else if (err == ERR_REFUSED)
		problem = PROBLEM_CONFLICT;
	else if (err == ERR_FORBIDDEN && fault->field)
		problem = PROBLEM_FORBIDDEN;
	if (problem && fault->why[0])
		answer_problem(request, problem, fault->field, fault->why);
	else
		answer_err(request, err);
}

static enum err run_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct act *act = arg;

	return act->step(tx, act, now_ms, out);
}

static void act_failed(struct request *request, void *arg, enum err err)
{
	const struct act *act = arg;

	answer_fault(request, err, act->fault);
}

static void act_write(struct json_out *out, const void *arg)
{
	const struct act *act = arg;

	act->write(out, act);
}

static void act_done(struct request *request, void *arg, enum err err)
{
	const struct act *act = arg;

	if (err) {
		act_failed(request, arg, err);
		return;
	}
	if (act->version)
		answer_version(request, *act->version);
	if (!act->write) {
		answer_empty(request, 204);
		return;
	}
	act->write(&request->out, act);
	answer_json(request, act->status);
}

void act_run(struct request *request, struct act *act)
{
	const struct once once = {.step = run_step,
	                          .arg = act,
	                          .write = act_write,
	                          .failed = act_failed,
	                          .status = act->status ? act->status : 200,
	                          .property_id = request->place.property_id};

	act->request = request;
	if (!act->status)
		act->status = 200;
	if (request->match.route->idempotent)
		request_once(request, &once);
	else
		request_step(request, run_step, act, act_done);
}

/* ---- one object ---- */

static enum err run_look(struct reader *reader, void *arg)
{
	struct look *look = arg;

	return look->read(reader, look);
}

static void looked(struct request *request, void *arg, enum err err)
{
	struct look *look = arg;

	if (err) {
		answer_err(request, err);
	} else {
		if (look->version >= 0)
			answer_version(request, look->version);
		look->write(&request->out, look);
		answer_json(request, 200);
	}
}

void look_run(struct request *request, struct look *look)
{
	look->request = request;
	request_read(request, run_look, look, looked);
}

/* ---- lists ---- */

static enum err run_rows(struct reader *reader, void *arg)
{
	struct rows *rows = arg;
	enum err err;

	rows->db = reader->db;
	err = rows->read(reader, rows);
	return err ? err : rows->err;
}

static void rows_done(struct request *request, void *arg, enum err err)
{
	struct rows *rows = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &rows->page);
}

void rows_run(struct request *request, struct rows *rows)
{
	rows->request = request;
	if (page_open(request, &rows->page))
		request_read(request, run_rows, rows, rows_done);
}

void rows_list(struct request *request, enum err (*read)(struct reader *reader, struct rows *rows))
{
	struct rows *rows = request_alloc(request, sizeof *rows);

	if (!rows) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	rows->read = read;
	rows_run(request, rows);
}

bool rows_show(const struct rows *rows, enum permission permission, const struct place *place)
{
	return gate_shows(rows->request, permission, place);
}

enum err space_shows(struct db *db, const struct request *request, enum permission permission,
                     int64_t space_id, bool *shows)
{
	struct place place;
	enum err err = place_of_space(db, request->place.property_id, space_id, &place);

	*shows = !err && gate_shows(request, permission, &place);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}
