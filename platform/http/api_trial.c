/* A tariff's version tried on stored readings: lines of JSON that leave as they are made. */
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/metrics.h"
#include "platform/core/trial_run.h"
#include "platform/http/context.h"
#include "platform/http/outflow.h"

#define YEAR_S       INT64_C(31536000)
#define PERIOD_MAX_S (5 * YEAR_S)

/* Made by the handler and freed with the answer. */
struct trial_answer {
	struct tariff_trial_ask ask;
	struct place place; /* of the property */
	/* On the reader threads, one at a time: */
	struct tariff_trial *trial;
	struct outflow_piece *piece; /* that is being made */
	int64_t told;                /* of its progress */
};

static void answer_free(void *arg)
{
	struct trial_answer *answer = arg;

	tariff_trial_free(answer->trial);
	free(answer);
}

/* ---- on a reader thread ---- */

static enum err put_line(struct trial_answer *answer, struct json_out *out)
{
	enum err err = ERR_NONE;

	out_object_end(out);
	if (out->failed)
		err = ERR_NOMEM;
	if (!err)
		err = outflow_put(answer->piece, out->data, out->len);
	if (!err)
		err = outflow_put(answer->piece, "\n", 1);
	json_out_free(out);
	return err;
}

static void begin_line(struct json_out *out, const char *kind)
{
	json_out_init(out);
	out_object(out, NULL);
	out_text(out, "kind", kind);
}

static enum err put_progress(struct trial_answer *answer)
{
	struct json_out out;
	int64_t permille = tariff_trial_permille(answer->trial);

	if (permille == answer->told)
		return ERR_NONE;
	answer->told = permille;
	begin_line(&out, "progress");
	out_int(&out, "permille", permille);
	return put_line(answer, &out);
}

static void put_named(struct json_out *out, const char *key, int64_t id, const char *name,
                      const char *value)
{
	out_object(out, key);
	out_id(out, "id", id);
	out_text(out, name, value);
	out_object_end(out);
}

static enum err put_account(void *arg, const struct tariff_trial_row *row)
{
	struct json_out out;

	begin_line(&out, "account");
	put_named(&out, "account", row->account_id, "code", row->code);
	put_named(&out, "customer", row->customer_id, "name", row->customer);
	out_text(&out, "path", row->path);
	out_int(&out, "meters", (int64_t)row->meters);
	out_int(&out, "without", (int64_t)row->without);
	out_time_s(&out, "from", row->from_s);
	out_time_s(&out, "to", row->to_s);
	out_int(&out, "units", row->units);
	out_int(&out, "now_fen", row->now_fen);
	out_int(&out, "tried_fen", row->tried_fen);
	out_bool(&out, "priced", row->priced);
	out_int(&out, "faults", row->faults);
	return put_line(arg, &out);
}

static enum err put_end(struct trial_answer *answer)
{
	const struct tariff_trial_sums *sums = tariff_trial_sums(answer->trial);
	struct json_out out;

	metric_add(METRIC_STORE_DAMAGED, (int64_t)sums->damaged);
	begin_line(&out, "end");
	out_int(&out, "accounts", (int64_t)sums->accounts);
	out_int(&out, "meters", (int64_t)sums->meters);
	out_int(&out, "flat_fee", (int64_t)sums->flat_fee);
	out_int(&out, "more", (int64_t)sums->more);
	out_int(&out, "less", (int64_t)sums->less);
	out_int(&out, "same", (int64_t)sums->same);
	out_int(&out, "units", sums->units);
	out_int(&out, "now_fen", sums->now_fen);
	out_int(&out, "tried_fen", sums->tried_fen);
	out_int(&out, "damaged", (int64_t)sums->damaged);
	answer->piece->end = true;
	return put_line(answer, &out);
}

static enum err more(struct reader *reader, void *arg, struct outflow_piece *piece)
{
	struct trial_answer *answer = arg;
	enum err err = ERR_NONE;

	answer->piece = piece;
	if (!answer->trial)
		err = tariff_trial_new(&answer->trial, &answer->ask);
	if (!err)
		err = tariff_trial_slice(answer->trial, reader, put_account, answer);
	if (err)
		return err;
	return tariff_trial_over(answer->trial) ? put_end(answer) : put_progress(answer);
}

/* ---- what is asked for ---- */

static bool may(void *arg, const struct access *access)
{
	const struct trial_answer *answer = arg;

	return access_allows(access, PERMISSION_ACCOUNT_READ, &answer->place,
	                     clock_wall_ms() / 1000);
}

/* False: answered. */
static bool read_ask(struct request *request, struct trial_answer *answer)
{
	const struct query_tariff_version_try *query = tariff_version_try_query(request);
	const struct platform *platform = request->http->platform;
	struct tariff_trial_ask *ask = &answer->ask;

	*ask = (struct tariff_trial_ask){.group_id = request->place.group_id,
	                                 .property_id = request->place.property_id,
	                                 .utc_offset_s = request->scope.property->utc_offset_s,
	                                 .tariff_id = request_number(request, "tariff"),
	                                 .version_id = request_number(request, "tariff_version"),
	                                 .all = query->who && strcmp(query->who, "all") == 0,
	                                 .now_s = request->now_ms / 1000,
	                                 .period_s = platform->settings.reading_period_s};
	ask->to_s = query->has_to && query->to_s < ask->now_s ? query->to_s : ask->now_s;
	ask->from_s = query->has_from ? query->from_s : ask->to_s - YEAR_S;
	if (ask->from_s < 0 || ask->from_s >= ask->to_s) {
		answer_problem(request, PROBLEM_BAD_FIELD, "from", "must be before `to` and now");
		return false;
	}
	if (ask->to_s - ask->from_s > PERIOD_MAX_S) {
		answer_problem(request, PROBLEM_BAD_FIELD, "from",
		               "at most five years before `to`");
		return false;
	}
	ask->space_id = query->has_space ? query->space : 0;
	if (ask->space_id && !directory_space(platform->dir, ask->property_id, ask->space_id)) {
		answer_problem(request, PROBLEM_BAD_FIELD, "space", "there is no such space here");
		return false;
	}
	return true;
}

/* ---- the request ---- */

void tariff_version_try(struct request *request)
{
	struct trial_answer *answer = calloc(1, sizeof *answer);
	struct outflow_source source = {.type = "application/x-ndjson",
	                                .filename = "trial.ndjson",
	                                .more = more,
	                                .may = may,
	                                .end = answer_free,
	                                .arg = answer};

	if (!answer) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	answer->place = request->place;
	if (read_ask(request, answer))
		answer_outflow(request, &source);
	else
		answer_free(answer);
}
