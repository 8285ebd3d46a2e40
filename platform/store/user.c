#include "platform/store/user.h"

#include "platform/store/info.h"

enum err user_insert(struct db *db, struct user_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "user", &row->user_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO users(user_id, name, role, lang, password_hash, created_s,"
	                  " disabled_s) VALUES(?,?,?,?,?,?,?)");
	bind_i64(st, row->user_id);
	bind_text(st, row->name);
	bind_text(st, row->role);
	bind_text(st, row->lang);
	bind_text(st, row->password_hash);
	bind_i64(st, row->created_s);
	bind_i64(st, row->disabled_s);
	return stmt_run(st);
}

#define USER_SELECT                                                                                \
	"SELECT user_id, name, role, lang, password_hash, created_s, disabled_s FROM users "

static enum err user_one(struct stmt *st, struct user_row *row)
{
	bool found = stmt_row(st);

	if (found) {
		row->user_id = col_i64(st);
		col_text_to(st, row->name, sizeof row->name);
		col_text_to(st, row->role, sizeof row->role);
		col_text_to(st, row->lang, sizeof row->lang);
		col_text_to(st, row->password_hash, sizeof row->password_hash);
		row->created_s = col_i64(st);
		row->disabled_s = col_i64(st);
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

enum err user_set_password(struct db *db, int64_t user_id, const char *password_hash)
{
	struct stmt *st = db_query(db, "UPDATE users SET password_hash=? WHERE user_id=?");

	bind_text(st, password_hash);
	bind_i64(st, user_id);
	return stmt_run(st);
}

enum err session_insert(struct db *db, const struct session_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO session(token_hash, user_id, created_s, seen_s,"
	                               " expires_s) VALUES(?,?,?,?,?)");

	bind_text(st, row->token_hash);
	bind_i64(st, row->user_id);
	bind_i64(st, row->created_s);
	bind_i64(st, row->seen_s);
	bind_i64(st, row->expires_s);
	return stmt_run(st);
}

enum err session_get(struct db *db, const char *token_hash, struct session_row *row)
{
	struct stmt *st = db_query(db, "SELECT token_hash, user_id, created_s, seen_s, expires_s"
	                               " FROM session WHERE token_hash=?");
	bool found;

	bind_text(st, token_hash);
	found = stmt_row(st);
	if (found) {
		col_text_to(st, row->token_hash, sizeof row->token_hash);
		row->user_id = col_i64(st);
		row->created_s = col_i64(st);
		row->seen_s = col_i64(st);
		row->expires_s = col_i64(st);
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
