#include "platform/store/sheet_job.h"

#include <stdio.h>
#include <string.h>

#include "platform/store/info.h"

static const char *const words[SHEET_STATE_COUNT] = {
        [SHEET_RECEIVING] = "receiving", [SHEET_UPLOADED] = "uploaded",
        [SHEET_CHECKING] = "checking",   [SHEET_CHECKED] = "checked",
        [SHEET_APPLYING] = "applying",   [SHEET_APPLIED] = "applied",
        [SHEET_FAILED] = "failed",       [SHEET_CANCELLED] = "cancelled",
};

const char *sheet_state_word(enum sheet_state state)
{
	return state < SHEET_STATE_COUNT ? words[state] : "";
}

bool sheet_state_parse(const char *word, enum sheet_state *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word) == 0) {
			*state = (enum sheet_state)i;
			return true;
		}
	}
	return false;
}

#define COLUMNS_SELECT                                                                             \
	"SELECT property_id, job_id, kind, state, file, client_name, bytes, encoding, user_id,"    \
	" key_id, by_name, by_origin, reason, created_ms, changed_ms, version, row_count, added,"  \
	" changed, same, mistakes, hash, want_rows, want_sum1, found_sum1, want_sum2, found_sum2," \
	" approval_id, agreed_name, fault, fault_row, fault_column, fault_detail FROM sheet_job "

static void read_total(struct stmt *st, struct sheet_total *total)
{
	total->wanted = !col_is_null(st);
	total->want = col_i64(st);
}

static void job_read(struct stmt *st, struct sheet_job_row *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->job_id = col_i64(st);
	col_text_to(st, row->kind, sizeof row->kind);
	row->state = (enum sheet_state)col_i64(st);
	col_text_to(st, row->file, sizeof row->file);
	col_text_to(st, row->client_name, sizeof row->client_name);
	row->bytes = col_i64(st);
	row->encoding = col_i64(st);
	row->user_id = col_i64(st);
	row->key_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->by_origin, sizeof row->by_origin);
	col_text_to(st, row->reason, sizeof row->reason);
	row->created_ms = col_i64(st);
	row->changed_ms = col_i64(st);
	row->version = col_i64(st);
	row->rows = col_i64(st);
	row->added = col_i64(st);
	row->changed = col_i64(st);
	row->same = col_i64(st);
	row->mistakes = col_i64(st);
	col_text_to(st, row->hash, sizeof row->hash);
	read_total(st, &row->total);
	row->total.found = row->rows;
	for (size_t i = 0; i < SHEET_SUMS; i++) {
		read_total(st, &row->sum[i]);
		row->sum[i].found = col_i64(st);
	}
	row->approval_id = col_i64(st);
	col_text_to(st, row->agreed_name, sizeof row->agreed_name);
	col_text_to(st, row->fault, sizeof row->fault);
	row->fault_row = col_i64(st);
	row->fault_column = col_i64(st);
	col_text_to(st, row->fault_detail, sizeof row->fault_detail);
}

static void bind_total(struct stmt *st, const struct sheet_total *total)
{
	if (total->wanted)
		bind_i64(st, total->want);
	else
		bind_null(st);
}

/* What may change, in the order of both statements. */
static void bind_changing(struct stmt *st, const struct sheet_job_row *row)
{
	bind_i64(st, row->state);
	bind_i64(st, row->bytes);
	bind_i64(st, row->changed_ms);
	bind_i64(st, row->rows);
	bind_i64(st, row->added);
	bind_i64(st, row->changed);
	bind_i64(st, row->same);
	bind_i64(st, row->mistakes);
	bind_text(st, row->hash);
	bind_total(st, &row->total);
	for (size_t i = 0; i < SHEET_SUMS; i++) {
		bind_total(st, &row->sum[i]);
		bind_i64(st, row->sum[i].found);
	}
	bind_i64(st, row->approval_id);
	bind_text(st, row->agreed_name);
	bind_text(st, row->fault);
	bind_i64(st, row->fault_row);
	bind_i64(st, row->fault_column);
	bind_text(st, row->fault_detail);
	bind_i64(st, row->user_id);
	bind_i64(st, row->key_id);
	bind_text(st, row->by_name);
	bind_text(st, row->by_origin);
	bind_text(st, row->reason);
}

enum err sheet_job_insert(struct db *db, struct sheet_job_row *row)
{
	struct stmt *st;
	enum err err = sequence_next(db, "sheet_job", &row->job_id);

	if (err)
		return err;
	row->version = 1;
	st = db_query(db,
	              "INSERT INTO sheet_job(state, bytes, changed_ms, row_count, added, changed,"
	              " same, mistakes, hash, want_rows, want_sum1, found_sum1, want_sum2,"
	              " found_sum2, approval_id, agreed_name, fault, fault_row, fault_column,"
	              " fault_detail, user_id, key_id, by_name, by_origin, reason, version,"
	              " property_id, job_id, kind, file, client_name, encoding, created_ms)"
	              " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_changing(st, row);
	bind_i64(st, row->version);
	bind_i64(st, row->property_id);
	bind_i64(st, row->job_id);
	bind_text(st, row->kind);
	bind_text(st, row->file);
	bind_text(st, row->client_name);
	bind_i64(st, row->encoding);
	bind_i64(st, row->created_ms);
	return stmt_run(st);
}

static enum err job_one(struct stmt *st, struct sheet_job_row *row)
{
	bool found = stmt_row(st);

	if (found)
		job_read(st, row);
	return stmt_end_one(st, found);
}

enum err sheet_job_get(struct db *db, int64_t property_id, int64_t job_id,
                       struct sheet_job_row *row)
{
	struct stmt *st = db_query(db, COLUMNS_SELECT "WHERE property_id=? AND job_id=?");

	bind_i64(st, property_id);
	bind_i64(st, job_id);
	return job_one(st, row);
}

enum err sheet_job_update(struct db *db, struct sheet_job_row *row)
{
	struct stmt *st = db_query(
	        db,
	        "UPDATE sheet_job SET state=?, bytes=?, changed_ms=?, row_count=?, added=?,"
	        " changed=?, same=?, mistakes=?, hash=?, want_rows=?, want_sum1=?, found_sum1=?,"
	        " want_sum2=?, found_sum2=?, approval_id=?, agreed_name=?, fault=?, fault_row=?,"
	        " fault_column=?, fault_detail=?, user_id=?, key_id=?, by_name=?, by_origin=?,"
	        " reason=?, version=version+1"
	        " WHERE property_id=? AND job_id=? AND version=?");
	enum err err;

	bind_changing(st, row);
	bind_i64(st, row->property_id);
	bind_i64(st, row->job_id);
	bind_i64(st, row->version);
	err = stmt_run(st);
	if (!err && !db_changes(db))
		return ERR_CONFLICT;
	row->version++;
	return err;
}

enum err sheet_job_list(struct db *db, int64_t property_id, int64_t before,
                        bool (*each)(void *arg, const struct sheet_job_row *), void *arg)
{
	struct stmt *st = db_query(db, COLUMNS_SELECT "WHERE property_id=? AND job_id<?"
	                                              " ORDER BY job_id DESC");
	struct sheet_job_row row;

	bind_i64(st, property_id);
	bind_i64(st, before ? before : INT64_MAX);
	while (stmt_row(st)) {
		job_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err sheet_job_next(struct db *db, enum sheet_state state, int64_t after,
                        struct sheet_job_row *row)
{
	struct stmt *st = db_query(db, COLUMNS_SELECT "WHERE state=? AND state<5 AND job_id>?"
	                                              " ORDER BY job_id LIMIT 1");

	bind_i64(st, state);
	bind_i64(st, after);
	return job_one(st, row);
}

enum err sheet_job_count_open(struct db *db, int64_t property_id, int64_t *count)
{
	struct stmt *st =
	        db_query(db, "SELECT count(*) FROM sheet_job WHERE property_id=? AND state<5");

	bind_i64(st, property_id);
	*count = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err sheet_job_of_file(struct db *db, const char *file, bool *open)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM sheet_job WHERE file=? AND state<5");

	bind_text(st, file);
	*open = stmt_row(st) && col_i64(st) > 0;
	return stmt_end(st);
}

enum err sheet_job_stale(struct db *db, enum sheet_state state, int64_t before_ms,
                         struct sheet_job_row *row)
{
	struct stmt *st = db_query(db, COLUMNS_SELECT "WHERE state=? AND state<5 AND changed_ms<?"
	                                              " ORDER BY job_id LIMIT 1");

	bind_i64(st, state);
	bind_i64(st, before_ms);
	return job_one(st, row);
}
