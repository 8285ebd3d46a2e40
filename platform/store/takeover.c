#include "platform/store/takeover.h"

#include <stdio.h>
#include <string.h>

const char *takeover_state_word(enum takeover_state state)
{
	static const char *const words[TAKEOVER_STATE_COUNT] = {
	        [TAKEOVER_STAGED] = "staged",
	        [TAKEOVER_POSTED] = "posted",
	        [TAKEOVER_VOID] = "void",
	};

	return state < TAKEOVER_STATE_COUNT ? words[state] : "";
}

enum err takeover_insert(struct db *db, const struct takeover_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO takeover_row(property_id, job_id, row_no, customer_id, space_id,"
	            " meter, balance_fen, purchase_count, register_milli, read_at_s, old_account,"
	            " note, state) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->job_id);
	bind_i64(st, row->row_no);
	bind_i64(st, row->customer_id);
	bind_i64(st, row->space_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->balance_fen);
	bind_i64(st, row->purchase_count);
	if (row->has_register)
		bind_i64(st, row->register_milli);
	else
		bind_null(st);
	bind_i64(st, row->read_at_s);
	bind_text(st, row->old_account);
	bind_text(st, row->note);
	bind_i64(st, row->state);
	return stmt_run(st);
}

#define ROW_SELECT                                                                                 \
	"SELECT property_id, job_id, row_no, customer_id, space_id, meter, balance_fen,"           \
	" purchase_count, register_milli, read_at_s, old_account, note, state FROM takeover_row "

static void row_read(struct stmt *st, struct takeover_row *row)
{
	row->property_id = col_i64(st);
	row->job_id = col_i64(st);
	row->row_no = col_i64(st);
	row->customer_id = col_i64(st);
	row->space_id = col_i64(st);
	row->meter = col_i64(st);
	row->balance_fen = col_i64(st);
	row->purchase_count = col_i64(st);
	row->has_register = !col_is_null(st);
	row->register_milli = col_i64(st);
	row->read_at_s = col_i64(st);
	col_text_to(st, row->old_account, sizeof row->old_account);
	col_text_to(st, row->note, sizeof row->note);
	row->state = (enum takeover_state)col_i64(st);
}

enum err takeover_find(struct db *db, const struct takeover_row *like, struct takeover_row *row)
{
	struct stmt *st =
	        db_query(db, ROW_SELECT "WHERE property_id=? AND meter=? AND customer_id=?"
	                                " AND space_id=? AND old_account=? AND state<>?"
	                                " ORDER BY job_id, row_no LIMIT 1");
	bool found;

	bind_i64(st, like->property_id);
	bind_i64(st, like->meter);
	bind_i64(st, like->customer_id);
	bind_i64(st, like->space_id);
	bind_text(st, like->old_account);
	bind_i64(st, TAKEOVER_VOID);
	found = stmt_row(st);
	if (found)
		row_read(st, row);
	return stmt_end_one(st, found);
}

enum err takeover_rows(struct db *db, int64_t property_id, int64_t job_id, int64_t after,
                       bool (*each)(void *arg, const struct takeover_row *), void *arg)
{
	struct stmt *st = db_query(db, ROW_SELECT "WHERE property_id=? AND job_id=? AND row_no>?"
	                                          " ORDER BY row_no");
	struct takeover_row row;

	bind_i64(st, property_id);
	bind_i64(st, job_id);
	bind_i64(st, after);
	while (stmt_row(st)) {
		row_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err takeover_rows_of(struct db *db, int64_t property_id, int64_t customer_id,
                          void (*each)(void *arg, const struct takeover_row *), void *arg)
{
	struct stmt *st = db_query(db, ROW_SELECT "WHERE property_id=? AND customer_id=?"
	                                          " ORDER BY job_id, row_no");
	struct takeover_row row;

	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	while (stmt_row(st)) {
		row_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

static enum err staged_rows(struct stmt *st, bool (*each)(void *arg, const struct takeover_row *),
                            void *arg)
{
	struct takeover_row row;

	while (stmt_row(st)) {
		row_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err takeover_staged(struct db *db, int64_t property_id, int64_t meter, int64_t space_id,
                         bool (*each)(void *arg, const struct takeover_row *), void *arg)
{
	/* A row that names both belongs to the meter. */
	struct stmt *st = db_query(db, ROW_SELECT "WHERE property_id=? AND state=? AND (meter=?"
	                                          " OR (meter=0 AND ?<>0 AND space_id=?))"
	                                          " ORDER BY job_id, row_no");

	bind_i64(st, property_id);
	bind_i64(st, TAKEOVER_STAGED);
	bind_i64(st, meter);
	bind_i64(st, space_id);
	bind_i64(st, space_id);
	return staged_rows(st, each, arg);
}

enum err takeover_staged_of(struct db *db, int64_t property_id, int64_t customer_id,
                            bool (*each)(void *arg, const struct takeover_row *), void *arg)
{
	struct stmt *st = db_query(db, ROW_SELECT "WHERE property_id=? AND state=?"
	                                          " AND customer_id=? ORDER BY job_id, row_no");

	bind_i64(st, property_id);
	bind_i64(st, TAKEOVER_STAGED);
	bind_i64(st, customer_id);
	return staged_rows(st, each, arg);
}

enum err takeover_posted(struct db *db, const struct takeover_row *row)
{
	struct stmt *st = db_query(db, "UPDATE takeover_row SET state=? WHERE property_id=?"
	                               " AND job_id=? AND row_no=? AND state=?");

	bind_i64(st, TAKEOVER_POSTED);
	bind_i64(st, row->property_id);
	bind_i64(st, row->job_id);
	bind_i64(st, row->row_no);
	bind_i64(st, TAKEOVER_STAGED);
	return stmt_run_one(st);
}

enum err takeover_move(struct db *db, int64_t property_id, int64_t job_id, enum takeover_state from,
                       enum takeover_state to, int64_t *count)
{
	struct stmt *st = db_query(db, "UPDATE takeover_row SET state=? WHERE property_id=? AND"
	                               " job_id=? AND state=?");
	enum err err;

	bind_i64(st, to);
	bind_i64(st, property_id);
	bind_i64(st, job_id);
	bind_i64(st, from);
	err = stmt_run(st);
	*count = err ? 0 : db_changes(db);
	return err;
}

enum err takeover_counts(struct db *db, int64_t property_id, int64_t job_id,
                         int64_t counts[TAKEOVER_STATE_COUNT])
{
	struct stmt *st =
	        db_query(db, "SELECT state, count(*) FROM takeover_row WHERE property_id=?"
	                     " AND job_id=? GROUP BY state");

	memset(counts, 0, TAKEOVER_STATE_COUNT * sizeof *counts);
	bind_i64(st, property_id);
	bind_i64(st, job_id);
	while (stmt_row(st)) {
		int64_t state = col_i64(st);

		if (state >= 0 && state < TAKEOVER_STATE_COUNT)
			counts[state] = col_i64(st);
	}
	return stmt_end(st);
}

/* ---- reports ---- */

enum err takeover_report_insert(struct db *db, const struct takeover_report *report)
{
	struct stmt *st = db_query(db, "INSERT INTO takeover_report(property_id, job_id, created_s,"
	                               " body, signature) VALUES(?,?,?,?,?)");

	bind_i64(st, report->property_id);
	bind_i64(st, report->job_id);
	bind_i64(st, report->created_s);
	bind_text(st, report->body);
	bind_text(st, report->signature);
	return stmt_run(st);
}

#define REPORT_SELECT "SELECT property_id, job_id, created_s, body, signature FROM takeover_report "

static void report_read(struct stmt *st, struct takeover_report *report)
{
	report->property_id = col_i64(st);
	report->job_id = col_i64(st);
	report->created_s = col_i64(st);
	col_text_to(st, report->body, sizeof report->body);
	col_text_to(st, report->signature, sizeof report->signature);
}

enum err takeover_report_get(struct db *db, int64_t property_id, int64_t job_id,
                             struct takeover_report *report)
{
	struct stmt *st = db_query(db, REPORT_SELECT "WHERE property_id=? AND job_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, job_id);
	found = stmt_row(st);
	if (found)
		report_read(st, report);
	return stmt_end_one(st, found);
}

enum err takeover_report_list(struct db *db, int64_t property_id, int64_t before,
                              bool (*each)(void *arg, const struct takeover_report *), void *arg)
{
	struct stmt *st = db_query(db, REPORT_SELECT "WHERE property_id=? AND job_id<?"
	                                             " ORDER BY job_id DESC");
	struct takeover_report report;

	bind_i64(st, property_id);
	bind_i64(st, before ? before : INT64_MAX);
	while (stmt_row(st)) {
		report_read(st, &report);
		if (!each(arg, &report))
			break;
	}
	return stmt_end(st);
}
