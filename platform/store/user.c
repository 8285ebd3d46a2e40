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

static void user_read(struct stmt *st, struct user_row *row)
{
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

static enum err user_one(struct stmt *st, struct user_row *row)
{
	bool found = stmt_row(st);

	if (found)
		user_read(st, row);
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

enum err user_set_login(struct db *db, int64_t user_id, int64_t now_s)
{
	struct stmt *st = db_query(db, "UPDATE users SET login_s=? WHERE user_id=?");

	bind_i64(st, now_s);
	bind_i64(st, user_id);
	return stmt_run(st);
}

enum err user_list(struct db *db, bool (*each)(void *arg, const struct user_row *), void *arg)
{
	struct stmt *st = db_query(db, USER_SELECT "ORDER BY user_id");
	struct user_row row;

	while (stmt_row(st)) {
		user_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}
