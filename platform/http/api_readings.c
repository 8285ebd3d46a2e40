/* Readings of many meters for any period, as a CSV that leaves as it is made or as an SQLite file that is made
 * beside the store first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/metrics.h"
#include "platform/core/reading_export.h"
#include "platform/http/context.h"
#include "platform/http/outflow.h"
#include "platform/http/sheet_answer.h"

#define PERIOD_DEFAULT_S 86400
#define WHAT_SIZE        160

struct chosen {
	int64_t meter, gateway_id, period_s;
};

/* Made by the handler and freed with the answer. */
struct readings_answer {
	struct readings_taken taken; /* first: the step's argument */
	struct http *http;
	struct place place; /* of the property */
	struct reading_export_ask ask;
	struct chosen *meters;
	size_t count;
	bool sqlite, raw;
	enum sheet_encoding encoding;
	char what[WHAT_SIZE]; /* for the audit, and in the file */

	/* On the reader threads, one at a time: */
	struct reading_sink sink;
	struct reading_export *export;
	struct outflow_piece *piece; /* that is being made */
	const char *store_dir;
	char file[SHEET_NAME_SIZE]; /* of the SQLite file under way; "" : none */
	int fd;                     /* of a whole one; -1: not yet */
};

static void answer_free(void *arg)
{
	struct readings_answer *answer = arg;

	reading_export_free(answer->export);
	sheet_writer_drop(answer->sink.sheet);
	table_file_close(answer->sink.table);
	if (answer->file[0])
		sheet_file_remove(answer->store_dir, answer->file, SHEET_FILE_EXPORT);
	sheet_file_close(answer->fd);
	free(answer->meters);
	free(answer);
}

/* ---- on a reader thread ---- */

static enum err on_bytes(void *arg, const void *bytes, size_t len)
{
	const struct readings_answer *answer = arg;

	return outflow_put(answer->piece, bytes, len);
}

static enum err begin_csv(struct readings_answer *answer)
{
	const struct sheet_output output = {.format = SHEET_CSV,
	                                    .write = on_bytes,
	                                    .arg = answer,
	                                    .encoding = answer->encoding,
	                                    .raw = answer->raw};
	enum err err = sheet_writer_new(&answer->sink.sheet, &output);

	if (!err)
		reading_sink_header(&answer->sink);
	return err;
}

static enum err begin_sqlite(struct readings_answer *answer)
{
	struct table_column columns[READING_COLUMN_COUNT];
	size_t count = reading_table_columns(answer->sink.columns, columns);
	char path[SHEET_PATH_SIZE];
	enum err err = sheet_file_name(answer->store_dir, answer->file);

	if (err)
		return err;
	sheet_file_path(path, answer->store_dir, answer->file, SHEET_FILE_EXPORT);
	err = table_file_new(&answer->sink.table, path, "reading", columns, count);
	if (!err)
		err = table_file_about(answer->sink.table, "property", answer->taken.property.slug);
	return err ? err : table_file_about(answer->sink.table, "what", answer->what);
}

static enum err begin(struct readings_answer *answer)
{
	enum err err = reading_export_new(&answer->export, &answer->ask);

	for (size_t i = 0; !err && i < answer->count; i++)
		err = reading_export_add(answer->export, answer->meters[i].meter,
		                         answer->meters[i].gateway_id, answer->meters[i].period_s);
	if (err)
		return err;
	return answer->sqlite ? begin_sqlite(answer) : begin_csv(answer);
}

static enum err finish_sqlite(struct readings_answer *answer)
{
	char number[24];
	enum err err;

	snprintf(number, sizeof number, "%lld", (long long)reading_export_lines(answer->export));
	err = table_file_about(answer->sink.table, "lines", number);
	table_file_close(answer->sink.table);
	answer->sink.table = NULL;
	if (!err)
		err = sheet_file_open(answer->store_dir, answer->file, SHEET_FILE_EXPORT,
		                      &answer->fd);
	sheet_file_remove(answer->store_dir, answer->file, SHEET_FILE_EXPORT);
	answer->file[0] = '\0';
	return err;
}

/* All lines are put. Of a database only the open file is left. */
static enum err finish(struct readings_answer *answer)
{
	enum err err;

	metric_add(METRIC_STORE_DAMAGED, (int64_t)reading_export_damaged(answer->export));
	if (answer->sqlite)
		return finish_sqlite(answer);
	err = sheet_writer_end(answer->sink.sheet);
	answer->sink.sheet = NULL;
	answer->piece->end = true;
	return err;
}

static enum err slice(struct readings_answer *answer, struct reader *reader)
{
	enum err err = ERR_NONE;

	if (answer->sqlite)
		err = sheet_file_room(answer->store_dir);
	if (!err && answer->sqlite)
		err = table_file_begin(answer->sink.table);
	if (!err)
		err = reading_export_slice(answer->export, reader->db, reader->days, &answer->sink);
	if (!err && answer->sqlite)
		err = table_file_commit(answer->sink.table);
	return err;
}

static enum err more(struct reader *reader, void *arg, struct outflow_piece *piece)
{
	struct readings_answer *answer = arg;
	enum err err = ERR_NONE;

	answer->piece = piece;
	if (answer->fd >= 0)
		return outflow_put_file(piece, answer->fd);
	if (!answer->export)
		err = begin(answer);
	if (!err)
		err = slice(answer, reader);
	return !err && reading_export_over(answer->export) ? finish(answer) : err;
}

/* ---- who may ---- */

static bool may_take(const struct access *access, const struct place *place, int64_t now_s)
{
	return access_allows(access, PERMISSION_SHEET_EXPORT, place, now_s) &&
	       access_allows(access, PERMISSION_PROPERTY_READ, place, now_s);
}

/* All of its meters still? */
static bool may(void *arg, const struct access *access)
{
	const struct readings_answer *answer = arg;
	const struct directory *dir = answer->http->platform->dir;
	int64_t now_s = clock_wall_ms() / 1000;
	struct place whole = answer->place;

	whole.space[0] = SPACE_NOWHERE;
	if (may_take(access, &whole, now_s))
		return true;
	for (size_t i = 0; i < answer->count; i++) {
		const struct dir_meter *meter = directory_meter(dir, answer->meters[i].meter);
		struct place place;

		if (!meter)
			return false;
		place = directory_place_of_meter(dir, meter);
		if (!may_take(access, &place, now_s))
			return false;
	}
	return answer->count > 0 ||
	       access_reaches(access, PERMISSION_SHEET_EXPORT, &answer->place, now_s);
}

/* ---- what is asked for ---- */

static void choose(struct request *request, struct readings_answer *answer,
                   const struct dir_meter *meter)
{
	const struct platform *platform = request->http->platform;

	answer->meters[answer->count++] =
	        (struct chosen){.meter = meter->meter,
	                        .gateway_id = meter->gateway_id,
	                        .period_s = meter->period_s ? meter->period_s
	                                                    : platform->settings.reading_period_s};
}

static bool is_chosen(const struct readings_answer *answer, int64_t meter)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->meters[i].meter == meter)
			return true;
	return false;
}

static bool is_in_space(const struct place *place, int64_t space_id)
{
	for (size_t i = 0; i < SPACE_DEPTH; i++)
		if (place->space[i] == space_id)
			return true;
	return false;
}

/* False: answered. A meter that is not here, not his or not in the space is answered alike. */
static bool choose_named(struct request *request, struct readings_answer *answer)
{
	const struct query_readings_export *query = readings_export_query(request);
	const struct directory *dir = request->http->platform->dir;

	for (size_t i = 0; i < query->meters_count; i++) {
		const struct dir_meter *meter = directory_meter(dir, query->meters[i]);
		struct place place = {0};

		if (meter)
			place = directory_place_of_meter(dir, meter);
		if (!meter || meter->property_id != answer->ask.property_id ||
		    (query->has_space && !is_in_space(&place, query->space)) ||
		    !may_take(&request->access, &place, answer->ask.now_s)) {
			refuse(&request->refusal, PROBLEM_BAD_FIELD, "meters",
			       "there is no meter %012lld here", (long long)query->meters[i]);
			answer_refusal(request);
			return false;
		}
		if (!is_chosen(answer, meter->meter))
			choose(request, answer, meter);
	}
	return true;
}

static void choose_all(struct request *request, struct readings_answer *answer)
{
	const struct query_readings_export *query = readings_export_query(request);
	const struct directory *dir = request->http->platform->dir;

	for (size_t i = 0; i < dir->meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[i];
		struct place place;

		if (meter->property_id != answer->ask.property_id)
			continue;
		place = directory_place_of_meter(dir, meter);
		if ((!query->has_space || is_in_space(&place, query->space)) &&
		    may_take(&request->access, &place, answer->ask.now_s))
			choose(request, answer, meter);
	}
}

/* False: answered. */
static bool choose_meters(struct request *request, struct readings_answer *answer)
{
	const struct query_readings_export *query = readings_export_query(request);
	const struct directory *dir = request->http->platform->dir;
	const struct dir_space *space = NULL;
	struct place place = {0};

	if (query->has_space)
		space = directory_space(dir, answer->ask.property_id, query->space);
	if (space)
		place = directory_place_of_space(dir, space);
	if (query->has_space && (!space || !gate_sees(request, &place))) {
		answer_problem(request, PROBLEM_BAD_FIELD, "space", "there is no such space here");
		return false;
	}
	answer->meters = calloc(query->has_meters ? query->meters_count : dir->meter_count + 1,
	                        sizeof *answer->meters);
	if (!answer->meters) {
		answer_err(request, ERR_NOMEM);
		return false;
	}
	if (query->has_meters)
		return choose_named(request, answer);
	choose_all(request, answer);
	return true;
}

static bool period_ask(struct request *request, struct reading_export_ask *ask)
{
	const struct query_readings_export *query = readings_export_query(request);

	ask->now_s = request->now_ms / 1000;
	ask->to_s = query->has_to ? query->to_s : ask->now_s + 1;
	ask->from_s = query->has_from ? query->from_s : ask->to_s - PERIOD_DEFAULT_S;
	if (ask->from_s >= 0 && ask->from_s < ask->to_s)
		return true;
	answer_problem(request, PROBLEM_BAD_FIELD, "from", "must be before `to`");
	return false;
}

static unsigned columns_ask(const struct query_readings_export *query)
{
	unsigned columns = 0;
	enum reading_column column;

	for (size_t i = 0; i < query->columns_count; i++)
		if (reading_column_find(query->columns[i], &column))
			columns |= READING_COLUMN_BIT(column);
	return columns ? columns : READING_COLUMNS_ALL;
}

static void describe(struct readings_answer *answer, const struct query_readings_export *query)
{
	char from[RFC3339_SIZE] = "", to[RFC3339_SIZE] = "", where[40] = "";

	(void)!rfc3339_format(answer->ask.from_s, from);
	(void)!rfc3339_format(answer->ask.to_s, to);
	if (query->has_space)
		snprintf(where, sizeof where, ", space %lld", (long long)query->space);
	snprintf(answer->what, sizeof answer->what, "%s, %s to %s, %zu meters%s",
	         answer->sqlite ? "sqlite" : "csv", from, to, answer->count, where);
}

/* False: answered. */
static bool read_ask(struct request *request, struct readings_answer *answer)
{
	const struct query_readings_export *query = readings_export_query(request);

	answer->ask.property_id = request->place.property_id;
	if (!period_ask(request, &answer->ask) || !choose_meters(request, answer))
		return false;
	answer->sqlite = query->format && strcmp(query->format, "sqlite") == 0;
	answer->raw = query->raw;
	answer->encoding = sheet_encoding_of(query->encoding);
	answer->sink.columns = columns_ask(query);
	answer->sink.lang = sheet_lang_of(query->lang);
	answer->sink.offset_s = request->scope.property->utc_offset_s;
	answer->ask.gaps = answer->sink.columns & READING_COLUMN_BIT(READING_GAP_FROM_S);
	describe(answer, query);
	return true;
}

/* ---- the request ---- */

static void send(struct request *request, struct readings_answer *answer)
{
	char filename[SLUG_SIZE + 24];
	struct outflow_source source = {.type = "text/csv; charset=utf-8",
	                                .filename = filename,
	                                .more = more,
	                                .may = may,
	                                .end = answer_free,
	                                .arg = answer};

	if (answer->sqlite)
		source.type = "application/vnd.sqlite3";
	else if (answer->encoding == SHEET_GB18030)
		source.type = "text/csv; charset=gb18030";
	snprintf(filename, sizeof filename, "%s-readings.%s", answer->taken.property.slug,
	         answer->sqlite ? "sqlite" : "csv");
	answer_outflow(request, &source);
}

static void taken(struct request *request, void *arg, enum err err)
{
	struct readings_answer *answer = arg;

	if (!err && !may(answer, &answer->taken.access))
		err = ERR_FORBIDDEN; /* taken away since the request came */
	if (err) {
		answer_free(answer);
		answer_err(request, err);
		return;
	}
	send(request, answer);
}

void readings_export(struct request *request)
{
	struct readings_answer *answer = calloc(1, sizeof *answer);

	if (!answer) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	answer->http = request->http;
	answer->place = request->place;
	answer->store_dir = request->http->platform->settings.store_dir;
	answer->fd = -1;
	actor_fill(&answer->taken.actor, request, "");
	answer->taken.property_id = request->place.property_id;
	answer->taken.what = answer->what;
	if (!read_ask(request, answer) ||
	    !request_step(request, readings_taken_step, answer, taken))
		answer_free(answer);
}
