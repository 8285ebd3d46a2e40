#include "platform/store/user.h"

#include "platform/store/info.h"

enum err user_insert(struct db *db, struct user_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "user", &row->user_id);
	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO users(user_id, group_id, version, name, full_name, phone,"
	                  " lang, password_hash, must_change, password_s, created_s, created_by,"
	                  " disabled_s) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->user_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->version);
	bind_text(st, row->name);
	bind_text(st, row->full_name);
	bind_text(st, row->phone);
	bind_text(st, row->lang);
	bind_text(st, row->password_hash);
	bind_i64(st, row->must_change);
	bind_i64(st, row->password_s);
	bind_i64(st, row->created_s);
	bind_i64(st, row->created_by);
	bind_i64(st, row->disabled_s);
	return stmt_run(st);
}

#define USER_SELECT                                                                                \
	"SELECT user_id, group_id, version, name, full_name, phone, lang, password_hash,"          \
	" must_change, password_s, totp_since_s, created_s, created_by, disabled_s, login_s"       \
	" FROM users "

static enum err user_one(struct stmt *st, struct user_row *row)
{
	bool found = stmt_row(st);

	if (found) {
		row->user_id = col_i64(st);
		row->group_id = col_i64(st);
		row->version = col_i64(st);
		col_text_to(st, row->name, sizeof row->name);
		col_text_to(st, row->full_name, sizeof row->full_name);
		col_text_to(st, row->phone, sizeof row->phone);
		col_text_to(st, row->lang, sizeof row->lang);
		col_text_to(st, row->password_hash, sizeof row->password_hash);
		row->must_change = col_i64(st) != 0;
		row->password_s = col_i64(st);
		row->totp_since_s = col_i64(st);
		row->created_s = col_i64(st);
		row->created_by = col_i64(st);
		row->disabled_s = col_i64(st);
		row->login_s = col_i64(st);
	}
	return stmt_end_one(st, found);
}

enum err user_by_name(struct db *db, const char *name, struct user_row *row)
{
	struct stmt *st = db_query(db, USER_SELECT "WHERE name=?");

	bind_text(st, name);
	return user_one(st, row);
}

enum err user_get(struct db *db, int64_t user_id, struct user_row *row)
{
	struct stmt *st = db_query(db, USER_SELECT "WHERE user_id=?");

	bind_i64(st, user_id);
	return user_one(st, row);
}

enum err user_update(struct db *db, const struct user_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE users SET group_id=?, version=?, name=?, full_name=?, phone=?,"
	                     " lang=?, disabled_s=? WHERE user_id=?");

	bind_i64(st, row->group_id);
	bind_i64(st, row->version);
	bind_text(st, row->name);
	bind_text(st, row->full_name);
	bind_text(st, row->phone);
	bind_text(st, row->lang);
	bind_i64(st, row->disabled_s);
	bind_i64(st, row->user_id);
	return stmt_run(st);
}

enum err user_set_password(struct db *db, int64_t user_id, const char *password_hash,
                           bool must_change, int64_t now_s)
{
	struct stmt *st = db_query(db, "UPDATE users SET password_hash=?, must_change=?,"
	                               " password_s=? WHERE user_id=?");

	bind_text(st, password_hash);
	bind_i64(st, must_change);
	bind_i64(st, now_s);
	bind_i64(st, user_id);
	return stmt_run(st);
}

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

enum err session_get(struct db *db, const char *token_hash, struct session_row *row)
{
	struct stmt *st = db_query(db, "SELECT token_hash, session_id, user_id, created_s, seen_s,"
	                               " expires_s, origin, user_agent FROM session"
	                               " WHERE token_hash=?");
	bool found;

	bind_text(st, token_hash);
	found = stmt_row(st);
	if (found) {
		col_text_to(st, row->token_hash, sizeof row->token_hash);
		row->session_id = col_i64(st);
		row->user_id = col_i64(st);
		row->created_s = col_i64(st);
		row->seen_s = col_i64(st);
		row->expires_s = col_i64(st);
		col_text_to(st, row->origin, sizeof row->origin);
		col_text_to(st, row->user_agent, sizeof row->user_agent);
	}
	return stmt_end_one(st, found);
}

enum err session_delete(struct db *db, const char *token_hash)
{
	struct stmt *st = db_query(db, "DELETE FROM session WHERE token_hash=?");

	bind_text(st, token_hash);
	return stmt_run(st);
}

enum err session_delete_of_user(struct db *db, int64_t user_id)
{
	struct stmt *st = db_query(db, "DELETE FROM session WHERE user_id=?");

	bind_i64(st, user_id);
	return stmt_run(st);
}

enum err session_delete_expired(struct db *db, int64_t now_s)
{
	struct stmt *st = db_query(db, "DELETE FROM session WHERE expires_s<?");

	bind_i64(st, now_s);
	return stmt_run(st);
}
