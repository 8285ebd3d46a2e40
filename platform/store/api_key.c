#include "platform/store/api_key.h"

#include "platform/store/info.h"

enum err api_key_insert(struct db *db, struct api_key_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "api_key", &row->key_id);
	if (err)
		return err;
	st = db_query(db,
	              "INSERT INTO api_key(key_id, group_id, property_id, space_id, name, start,"
	              " token_hash, permissions, made_by, created_s, expires_s, ended_s, used_s,"
	              " version) VALUES(?,?,?,?,?,?,?,?,?,?,?,0,0,1)");
	bind_i64(st, row->key_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->property_id);
	bind_i64(st, row->space_id);
	bind_text(st, row->name);
	bind_text(st, row->start);
	bind_text(st, row->token_hash);
	bind_i64(st, (int64_t)row->permissions);
	bind_i64(st, row->made_by);
	bind_i64(st, row->created_s);
	bind_i64(st, row->expires_s);
	row->version = 1;
	return stmt_run(st);
}

#define API_KEY_SELECT                                                                             \
	"SELECT key_id, group_id, property_id, space_id, name, start, token_hash, permissions,"    \
	" made_by, created_s, expires_s, ended_s, used_s, version FROM api_key "

static void read_row(struct stmt *st, struct api_key_row *row)
{
	row->key_id = col_i64(st);
	row->group_id = col_i64(st);
	row->property_id = col_i64(st);
	row->space_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	col_text_to(st, row->start, sizeof row->start);
	col_text_to(st, row->token_hash, sizeof row->token_hash);
	row->permissions = (uint64_t)col_i64(st);
	row->made_by = col_i64(st);
	row->created_s = col_i64(st);
	row->expires_s = col_i64(st);
	row->ended_s = col_i64(st);
	row->used_s = col_i64(st);
	row->version = col_i64(st);
}

static enum err read_one(struct stmt *st, struct api_key_row *row)
{
	bool found = stmt_row(st);

	if (found)
		read_row(st, row);
	return stmt_end_one(st, found);
}

enum err api_key_get(struct db *db, int64_t key_id, struct api_key_row *row)
{
	struct stmt *st = db_query(db, API_KEY_SELECT "WHERE key_id=?");

	bind_i64(st, key_id);
	return read_one(st, row);
}

enum err api_key_by_token(struct db *db, const char *token_hash, struct api_key_row *row)
{
	struct stmt *st = db_query(db, API_KEY_SELECT "WHERE token_hash=?");

	bind_text(st, token_hash);
	return read_one(st, row);
}

enum err api_key_end(struct db *db, int64_t key_id, int64_t now_s)
{
	struct stmt *st = db_query(db, "UPDATE api_key SET ended_s=?, version=version+1"
	                               " WHERE key_id=? AND ended_s=0");

	bind_i64(st, now_s);
	bind_i64(st, key_id);
	return stmt_run(st);
}

enum err api_key_used(struct db *db, int64_t key_id, int64_t now_s)
{
	struct stmt *st = db_query(db, "UPDATE api_key SET used_s=? WHERE key_id=?");

	bind_i64(st, now_s);
	bind_i64(st, key_id);
	return stmt_run(st);
}

enum err api_key_list(struct db *db, int64_t before,
                      bool (*each)(void *arg, const struct api_key_row *), void *arg)
{
	struct stmt *st = db_query(db, API_KEY_SELECT "WHERE key_id<? ORDER BY key_id DESC");
	struct api_key_row row;
	bool more = true;

	bind_i64(st, before ? before : INT64_MAX);
	while (more && stmt_row(st)) {
		read_row(st, &row);
		more = each(arg, &row);
	}
	return stmt_end(st);
}
