#include "platform/store/login.h"

#include <string.h>

#include "platform/store/info.h"

static enum err run_for_user(struct stmt *st, int64_t user_id)
{
	bind_i64(st, user_id);
	return stmt_run(st);
}

/* ---- sessions ---- */

enum err session_insert(struct db *db, struct session_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "session", &row->session_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO session(token_hash, session_id, user_id, created_s, seen_s,"
	                  " expires_s, origin, user_agent) VALUES(?,?,?,?,?,?,?,?)");
	bind_text(st, row->token_hash);
	bind_i64(st, row->session_id);
	bind_i64(st, row->user_id);
	bind_i64(st, row->created_s);
	bind_i64(st, row->seen_s);
	bind_i64(st, row->expires_s);
	bind_text(st, row->origin);
	bind_text(st, row->user_agent);
	return stmt_run(st);
}

#define SESSION_SELECT                                                                             \
	"SELECT token_hash, session_id, user_id, created_s, seen_s, expires_s, origin,"            \
	" user_agent FROM session "

static void session_read(struct stmt *st, struct session_row *row)
{
	col_text_to(st, row->token_hash, sizeof row->token_hash);
	row->session_id = col_i64(st);
	row->user_id = col_i64(st);
	row->created_s = col_i64(st);
	row->seen_s = col_i64(st);
	row->expires_s = col_i64(st);
	col_text_to(st, row->origin, sizeof row->origin);
	col_text_to(st, row->user_agent, sizeof row->user_agent);
}

static enum err session_one(struct stmt *st, struct session_row *row)
{
	bool found = stmt_row(st);

	if (found)
		session_read(st, row);
	return stmt_end_one(st, found);
}

enum err session_get(struct db *db, const char *token_hash, struct session_row *row)
{
	struct stmt *st = db_query(db, SESSION_SELECT "WHERE token_hash=?");

	bind_text(st, token_hash);
	return session_one(st, row);
}

enum err session_by_id(struct db *db, int64_t session_id, struct session_row *row)
{
	struct stmt *st = db_query(db, SESSION_SELECT "WHERE session_id=?");

	bind_i64(st, session_id);
	return session_one(st, row);
}

enum err session_set_seen(struct db *db, int64_t session_id, int64_t now_s)
{
	struct stmt *st = db_query(db, "UPDATE session SET seen_s=? WHERE session_id=?");

	bind_i64(st, now_s);
	bind_i64(st, session_id);
	return stmt_run(st);
}

enum err session_list(struct db *db, int64_t user_id,
                      void (*each)(void *arg, const struct session_row *), void *arg)
{
	struct stmt *st = db_query(db, SESSION_SELECT "WHERE user_id=? ORDER BY session_id");
	struct session_row row;

	bind_i64(st, user_id);
	while (stmt_row(st)) {
		session_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err session_delete(struct db *db, int64_t session_id)
{
	struct stmt *st = db_query(db, "DELETE FROM session WHERE session_id=?");

	bind_i64(st, session_id);
	return stmt_run(st);
}

enum err session_delete_others(struct db *db, int64_t user_id, int64_t session_id)
{
	struct stmt *st = db_query(db, "DELETE FROM session WHERE user_id=? AND session_id<>?");

	bind_i64(st, user_id);
	bind_i64(st, session_id);
	return stmt_run(st);
}

enum err session_delete_all(struct db *db, int64_t *count)
{
	enum err err = stmt_run(db_query(db, "DELETE FROM session"));

	*count = err ? 0 : db_changes(db);
	return err;
}

enum err session_delete_expired(struct db *db, int64_t now_s)
{
	struct stmt *st = db_query(db, "DELETE FROM session WHERE expires_s<?");

	bind_i64(st, now_s);
	return stmt_run(st);
}

/* ---- invitations ---- */

enum err invitation_insert(struct db *db, const struct invitation_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO invitation(token_hash, user_id, created_s,"
	                               " expires_s, created_by) VALUES(?,?,?,?,?)");

	bind_text(st, row->token_hash);
	bind_i64(st, row->user_id);
	bind_i64(st, row->created_s);
	bind_i64(st, row->expires_s);
	bind_i64(st, row->created_by);
	return stmt_run(st);
}

enum err invitation_get(struct db *db, const char *token_hash, struct invitation_row *row)
{
	struct stmt *st = db_query(db, "SELECT token_hash, user_id, created_s, expires_s,"
	                               " created_by FROM invitation WHERE token_hash=?");
	bool found;

	bind_text(st, token_hash);
	found = stmt_row(st);
	if (found) {
		col_text_to(st, row->token_hash, sizeof row->token_hash);
		row->user_id = col_i64(st);
		row->created_s = col_i64(st);
		row->expires_s = col_i64(st);
		row->created_by = col_i64(st);
	}
	return stmt_end_one(st, found);
}

enum err invitation_delete_of_user(struct db *db, int64_t user_id)
{
	return run_for_user(db_query(db, "DELETE FROM invitation WHERE user_id=?"), user_id);
}

enum err invitation_delete_expired(struct db *db, int64_t now_s)
{
	struct stmt *st = db_query(db, "DELETE FROM invitation WHERE expires_s<?");

	bind_i64(st, now_s);
	return stmt_run(st);
}

/* ---- the second factor ---- */

enum err totp_get(struct db *db, int64_t user_id, struct totp_row *row)
{
	struct stmt *st = db_query(
	        db, "SELECT totp_since_s, totp_step, totp_wrapped FROM users WHERE user_id=?");
	bool found, whole = true;
	enum err err;

	memset(row, 0, sizeof *row);
	bind_i64(st, user_id);
	found = stmt_row(st);
	if (found) {
		row->since_s = col_i64(st);
		row->step = col_i64(st);
		row->has = !col_is_null(st);
		whole = !row->has || col_blob_to(st, row->wrapped, sizeof row->wrapped);
	}
	err = stmt_end_one(st, found);
	return err ? err : whole ? ERR_NONE : ERR_DAMAGED;
}

enum err totp_put(struct db *db, int64_t user_id, const struct totp_row *row)
{
	struct stmt *st = db_query(db, "UPDATE users SET totp_wrapped=?, totp_since_s=?,"
	                               " totp_step=? WHERE user_id=?");

	if (row->has)
		bind_blob(st, row->wrapped, sizeof row->wrapped);
	else
		bind_null(st);
	bind_i64(st, row->since_s);
	bind_i64(st, row->step);
	bind_i64(st, user_id);
	return stmt_run(st);
}

enum err recovery_insert(struct db *db, int64_t user_id, const char *code_hash)
{
	struct stmt *st = db_query(db, "INSERT INTO user_recovery(user_id, code_hash) VALUES(?,?)");

	bind_i64(st, user_id);
	bind_text(st, code_hash);
	return stmt_run(st);
}

enum err recovery_use(struct db *db, int64_t user_id, const char *code_hash, bool *found)
{
	struct stmt *st = db_query(db, "DELETE FROM user_recovery WHERE user_id=? AND code_hash=?");
	enum err err;

	bind_i64(st, user_id);
	bind_text(st, code_hash);
	err = stmt_run(st);
	*found = !err && db_changes(db) > 0;
	return err;
}

enum err recovery_count(struct db *db, int64_t user_id, int64_t *count)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM user_recovery WHERE user_id=?");
	bool found;

	bind_i64(st, user_id);
	found = stmt_row(st);
	*count = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err recovery_delete_all(struct db *db, int64_t user_id)
{
	return run_for_user(db_query(db, "DELETE FROM user_recovery WHERE user_id=?"), user_id);
}
