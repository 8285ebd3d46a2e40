#include "platform/store/task.h"

enum err task_owner_put(struct db *db, const struct task_owner *row)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO task_owner(property_id, kind, object, user_id, since_s)"
	                     " VALUES(?,?,?,?,?) ON CONFLICT(property_id, kind, object) DO UPDATE"
	                     " SET user_id=excluded.user_id, since_s=excluded.since_s");

	bind_i64(st, row->property_id);
	bind_text(st, row->kind);
	bind_text(st, row->object);
	bind_i64(st, row->user_id);
	bind_i64(st, row->since_s);
	return stmt_run(st);
}

static void row_read(struct stmt *st, struct task_owner *row)
{
	row->property_id = col_i64(st);
	col_text_to(st, row->kind, sizeof row->kind);
	col_text_to(st, row->object, sizeof row->object);
	row->user_id = col_i64(st);
	row->since_s = col_i64(st);
}

enum err task_owner_get(struct db *db, int64_t property_id, const char *kind, const char *object,
                        struct task_owner *row)
{
	struct stmt *st = db_query(db, "SELECT property_id, kind, object, user_id, since_s FROM"
	                               " task_owner WHERE property_id=? AND kind=? AND object=?");
	bool found;

	bind_i64(st, property_id);
	bind_text(st, kind);
	bind_text(st, object);
	found = stmt_row(st);
	if (found)
		row_read(st, row);
	return stmt_end_one(st, found);
}

enum err task_owner_delete(struct db *db, int64_t property_id, const char *kind, const char *object)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM task_owner WHERE property_id=? AND kind=? AND object=?");

	bind_i64(st, property_id);
	bind_text(st, kind);
	bind_text(st, object);
	return stmt_run(st);
}

enum err task_owner_list(struct db *db, int64_t property_id, int64_t limit,
                         bool (*each)(void *arg, const struct task_owner *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT property_id, kind, object, user_id, since_s FROM"
	                               " task_owner WHERE property_id=?"
	                               " ORDER BY since_s DESC, kind, object LIMIT ?");
	struct task_owner row;

	bind_i64(st, property_id);
	bind_i64(st, limit);
	while (stmt_row(st)) {
		row_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err task_owner_drop(struct db *db, int64_t property_id, int64_t before_s)
{
	struct stmt *st = db_query(db, "DELETE FROM task_owner WHERE property_id=? AND since_s<?");

	bind_i64(st, property_id);
	bind_i64(st, before_s);
	return stmt_run(st);
}
