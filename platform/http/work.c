/* Steps and queries on behalf of requests, and the store of first answers. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/sha256.h"
#include "platform/core/clock.h"
#include "platform/http/context.h"
#include "platform/http/static.h"
#include "platform/store/answer.h"
#include "platform/store/log.h"

struct work {
	struct request *request;
	read_fn read;
	step_fn step;
	void *arg;
	request_done_fn done;
};

static enum err run_read(struct reader *reader, void *arg)
{
	struct work *work = arg;

	return work->read(reader, work->arg);
}

static void read_done(void *arg, enum err err)
{
	struct work *work = arg;

	work->done(work->request, work->arg, err);
}

static enum err run_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct work *work = arg;

	out->hurry = true; /* a person waits */
	return work->step(tx, work->arg, now_ms, out);
}

static struct work *work_new(struct request *request, void *arg, request_done_fn done)
{
	struct work *work = request_alloc(request, sizeof *work);

	if (!work)
		return NULL;
	work->request = request;
	work->arg = arg;
	work->done = done;
	return work;
}

bool request_read(struct request *request, read_fn fn, void *arg, request_done_fn done)
{
	struct work *work = work_new(request, arg, done);
	enum err err = ERR_NOMEM;

	if (work) {
		work->read = fn;
		err = reader_submit(request->http->platform->readers, run_read, work, read_done);
	}
	if (err)
		answer_err(request, err);
	return !err;
}

bool request_step(struct request *request, step_fn fn, void *arg, request_done_fn done)
{
	struct work *work = work_new(request, arg, done);
	enum err err = ERR_NOMEM;

	if (work) {
		work->step = fn;
		err = writer_submit(request->http->platform->writer, run_step, work, read_done,
		                    work);
	}
	if (err)
		answer_err(request, err);
	return !err;
}

/* What errors of steps and queries mean here. Those that are not in the table are our own fault. */
static const struct {
	enum err err;
	enum problem problem;
	const char *detail;
} answers[] = {
        {ERR_NOT_FOUND, PROBLEM_NOT_FOUND, "nothing of this name or number"      },
        {ERR_HIDDEN,    PROBLEM_NOT_FOUND, "nothing of this name or number"      },
        {ERR_FORBIDDEN, PROBLEM_FORBIDDEN, "ask somebody who manages rights here"},
        {ERR_DUP,       PROBLEM_EXISTS,    "this name or number is taken"        },
        {ERR_CONFLICT,  PROBLEM_EXISTS,    "it exists with other content"        },
        {ERR_REFUSED,   PROBLEM_CONFLICT,  "not in the present state"            },
        {ERR_EXPIRED,   PROBLEM_CONFLICT,  "its time is over"                    },
        {ERR_BAD_INPUT, PROBLEM_BAD_FIELD, "the values do not go together"       },
        {ERR_RANGE,     PROBLEM_BAD_FIELD, "a value is outside its limits"       },
        {ERR_TOO_LONG,  PROBLEM_BAD_FIELD, "more than the limit"                 },
        {ERR_DISK_FULL, PROBLEM_DISK_FULL, "try again when there is room"        },
        {ERR_FULL,      PROBLEM_BUSY,      "too much is waiting"                 },
        {ERR_BUSY,      PROBLEM_BUSY,      "somebody else holds it"              },
        {ERR_CLOSED,    PROBLEM_BUSY,      "the database does not answer"        },
        {ERR_NOMEM,     PROBLEM_BUSY,      "no memory"                           },
};

static void answer_failure(struct request *request, enum err err)
{
	log_error("http: %s %s: %s", method_text(request->method), request->path, err_text(err));
	answer_problem(request, PROBLEM_INTERNAL, NULL, err_text(err));
}

void answer_err(struct request *request, enum err err)
{
	if (err == ERR_CONFLICT && request->match.route->versioned) {
		answer_problem(request, PROBLEM_OTHER_VERSION, "If-Match",
		               "the version that you read is not the present one");
		return;
	}
	if (err == ERR_FORBIDDEN || err == ERR_HIDDEN)
		gate_note_refused(request, err);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		if (answers[i].err != err)
			continue;
		if (answers[i].problem == PROBLEM_BUSY)
			answer_header(request, "Retry-After", "1");
		answer_problem(request, answers[i].problem,
		               answers[i].problem == PROBLEM_BAD_FIELD ? "body" : NULL,
		               answers[i].detail);
		return;
	}
	answer_failure(request, err);
}

static size_t param_index(const struct request *request, const char *name)
{
	const struct route *route = request->match.route;
	size_t i = 0;

	while (i < route->param_count && strcmp(route->param[i].name, name) != 0)
		i++;
	assert(i < route->param_count);
	return i;
}

const char *request_param(const struct request *request, const char *name)
{
	return request->match.param[param_index(request, name)].text;
}

int64_t request_number(const struct request *request, const char *name)
{
	return request->match.param[param_index(request, name)].number;
}

/* ---- Idempotency-Key ---- */

struct once_work {
	struct once once;
	struct request *request;
	struct answer_row row; /* its body is kept in request->out */
	bool key_reused;
};

/* Everything that makes two requests the same: method, path and body. */
static void hash_request(const struct request *request, uint8_t hash[SHA256_SIZE])
{
	struct sha256 sha;

	sha256_init(&sha);
	sha256_update(&sha, method_text(request->method), strlen(method_text(request->method)));
	sha256_update(&sha, request->path, strlen(request->path) + 1);
	sha256_update(&sha, request->body, request->body_len);
	sha256_final(&sha, hash);
}

static void take_stored(void *arg, const struct answer_row *row)
{
	struct once_work *work = arg;

	work->key_reused =
	        memcmp(row->request_hash, work->row.request_hash, sizeof row->request_hash) != 0;
	work->row.status = row->status;
	out_raw(&work->request->out, NULL, row->body, row->body_len);
}

/* On the writer's thread; the request waits and nobody else touches it. */
static enum err once_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct once_work *work = arg;
	struct json_out *json = &work->request->out;
	enum err err;

	json_out_free(json); /* a step may be run again from its start */
	err = answer_get(tx->db, work->row.property_id, work->row.user_id, work->row.key,
	                 take_stored, work);
	if (err != ERR_NOT_FOUND)
		return err;
	err = work->once.step(tx, work->once.arg, now_ms, out);
	if (err)
		return err;
	if (work->once.show)
		err = work->once.show(json, tx->db, work->once.arg);
	else
		work->once.write(json, work->once.arg);
	if (err || json->failed)
		return err ? err : ERR_NOMEM;
	work->row.status = work->once.status;
	work->row.body = json->data;
	work->row.body_len = json->len;
	work->row.created_ms = now_ms;
	return answer_put(tx->db, &work->row);
}

static void once_done(struct request *request, void *arg, enum err err)
{
	struct once_work *work = arg;

	if (err) {
		json_out_free(&request->out);
		if (work->once.failed)
			work->once.failed(request, work->once.arg, err);
		else
			answer_err(request, err);
	} else if (work->key_reused) {
		answer_problem(request, PROBLEM_KEY_REUSED, "Idempotency-Key",
		               "take a new key for a new operation");
	} else {
		answer_json(request, work->row.status);
	}
}

/* Whose keys of idempotency these are: a user's number, or an API key's turned round. */
static int64_t principal_number(const struct request *request)
{
	return request->access.key_id ? -request->access.key_id : request->user.user_id;
}

static bool is_in_flight(const struct request *request)
{
	for (struct request *r = request->http->once; r; r = r->next_once)
		if (principal_number(r) == principal_number(request) &&
		    strcmp(r->idempotency_key, request->idempotency_key) == 0)
			return true;
	return false;
}

void request_once(struct request *request, const struct once *once)
{
	struct once_work *work;

	assert(request->match.route->idempotent);
	if (is_in_flight(request)) {
		answer_problem(request, PROBLEM_IN_FLIGHT, "Idempotency-Key",
		               "wait for the answer of the first one");
		return;
	}
	work = request_alloc(request, sizeof *work);
	if (!work) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	work->once = *once;
	work->request = request;
	work->row.property_id = once->property_id;
	work->row.user_id = principal_number(request);
	memcpy(work->row.key, request->idempotency_key, sizeof work->row.key);
	hash_request(request, work->row.request_hash);
	request->next_once = request->http->once;
	request->http->once = request;
	request_step(request, once_step, work, once_done);
}
