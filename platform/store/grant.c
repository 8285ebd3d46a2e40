#include "platform/store/grant.h"

#include "platform/store/info.h"

/* ---- roles ---- */

enum err role_insert(struct db *db, struct role_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "role", &row->role_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO role(role_id, group_id, name, permissions, version,"
	                  " created_s) VALUES(?,?,?,?,?,?)");
	bind_i64(st, row->role_id);
	bind_i64(st, row->group_id);
	bind_text(st, row->name);
	bind_i64(st, (int64_t)row->permissions);
	bind_i64(st, row->version);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

#define ROLE_SELECT "SELECT role_id, group_id, name, permissions, version, created_s FROM role "

static void role_read(struct stmt *st, struct role_row *row)
{
	row->role_id = col_i64(st);
	row->group_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	row->permissions = (uint64_t)col_i64(st);
	row->version = col_i64(st);
	row->created_s = col_i64(st);
}

enum err role_get(struct db *db, int64_t role_id, struct role_row *row)
{
	struct stmt *st = db_query(db, ROLE_SELECT "WHERE role_id=?");
	bool found;

	bind_i64(st, role_id);
	found = stmt_row(st);
	if (found)
		role_read(st, row);
	return stmt_end_one(st, found);
}

enum err role_update(struct db *db, const struct role_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE role SET name=?, permissions=?, version=? WHERE role_id=?");

	bind_text(st, row->name);
	bind_i64(st, (int64_t)row->permissions);
	bind_i64(st, row->version);
	bind_i64(st, row->role_id);
	return stmt_run(st);
}

enum err role_delete(struct db *db, int64_t role_id)
{
	struct stmt *st = db_query(db, "DELETE FROM role_option WHERE role_id=?");
	enum err err;

	bind_i64(st, role_id);
	err = stmt_run(st);
	if (err)
		return err;
	st = db_query(db, "DELETE FROM role WHERE role_id=?");
	bind_i64(st, role_id);
	return stmt_run(st);
}

enum err role_list(struct db *db, int64_t group_id,
                   void (*each)(void *arg, const struct role_row *), void *arg)
{
	struct stmt *st = db_query(db, ROLE_SELECT "WHERE group_id=? ORDER BY name");
	struct role_row row;

	bind_i64(st, group_id);
	while (stmt_row(st)) {
		role_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err role_totp_required(struct db *db, int64_t group_id, int64_t role_id, bool *required)
{
	struct stmt *st = db_query(
	        db, "SELECT totp_required FROM role_option WHERE group_id=? AND role_id=?");

	*required = false;
	bind_i64(st, group_id);
	bind_i64(st, role_id);
	if (stmt_row(st))
		*required = col_i64(st) != 0;
	return stmt_end(st);
}

enum err role_set_totp_required(struct db *db, int64_t group_id, int64_t role_id, bool required)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO role_option(group_id, role_id, totp_required) VALUES(?,?,?)"
	            " ON CONFLICT(group_id, role_id) DO UPDATE SET"
	            " totp_required=excluded.totp_required");

	bind_i64(st, group_id);
	bind_i64(st, role_id);
	bind_i64(st, required);
	return stmt_run(st);
}

/* ---- grants ---- */

enum err grant_insert(struct db *db, struct grant_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "grant", &row->grant_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO user_grant(grant_id, user_id, role_id, group_id,"
	                  " property_id, space_id, expires_s, created_s, created_by)"
	                  " VALUES(?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->grant_id);
	bind_i64(st, row->user_id);
	bind_i64(st, row->role_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->property_id);
	bind_i64(st, row->space_id);
	bind_i64(st, row->expires_s);
	bind_i64(st, row->created_s);
	bind_i64(st, row->created_by);
	return stmt_run(st);
}

#define GRANT_SELECT                                                                               \
	"SELECT grant_id, user_id, role_id, group_id, property_id, space_id, expires_s,"           \
	" created_s, created_by FROM user_grant "

static void grant_read(struct stmt *st, struct grant_row *row)
{
	row->grant_id = col_i64(st);
	row->user_id = col_i64(st);
	row->role_id = col_i64(st);
	row->group_id = col_i64(st);
	row->property_id = col_i64(st);
	row->space_id = col_i64(st);
	row->expires_s = col_i64(st);
	row->created_s = col_i64(st);
	row->created_by = col_i64(st);
}

enum err grant_get(struct db *db, int64_t grant_id, struct grant_row *row)
{
	struct stmt *st = db_query(db, GRANT_SELECT "WHERE grant_id=?");
	bool found;

	bind_i64(st, grant_id);
	found = stmt_row(st);
	if (found)
		grant_read(st, row);
	return stmt_end_one(st, found);
}

enum err grant_delete(struct db *db, int64_t grant_id)
{
	struct stmt *st = db_query(db, "DELETE FROM user_grant WHERE grant_id=?");

	bind_i64(st, grant_id);
	return stmt_run(st);
}

static enum err grant_all(struct stmt *st, int64_t number,
                          void (*each)(void *arg, const struct grant_row *), void *arg)
{
	struct grant_row row;

	bind_i64(st, number);
	while (stmt_row(st)) {
		grant_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err grant_list_of_user(struct db *db, int64_t user_id,
                            void (*each)(void *arg, const struct grant_row *), void *arg)
{
	return grant_all(db_query(db, GRANT_SELECT "WHERE user_id=? ORDER BY grant_id"), user_id,
	                 each, arg);
}

enum err grant_list_of_role(struct db *db, int64_t role_id,
                            void (*each)(void *arg, const struct grant_row *), void *arg)
{
	return grant_all(db_query(db, GRANT_SELECT "WHERE role_id=? ORDER BY grant_id"), role_id,
	                 each, arg);
}
