#include "platform/store/sign_key.h"

enum err sign_key_insert(struct db *db, const struct sign_key_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO sign_key(sign_id, public_key, seed_wrapped,"
	                               " created_s) VALUES(?,?,?,?)");

	bind_i64(st, row->sign_id);
	bind_text(st, row->public_key);
	bind_blob(st, row->seed_wrapped, sizeof row->seed_wrapped);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

enum err sign_key_newest(struct db *db, struct sign_key_row *row)
{
	struct stmt *st = db_query(db, "SELECT sign_id, public_key, seed_wrapped, created_s FROM"
	                               " sign_key ORDER BY sign_id DESC LIMIT 1");
	bool found = stmt_row(st), whole = true;
	enum err err;

	if (found) {
		row->sign_id = col_i64(st);
		col_text_to(st, row->public_key, sizeof row->public_key);
		whole = col_blob_to(st, row->seed_wrapped, sizeof row->seed_wrapped);
		row->created_s = col_i64(st);
	}
	err = stmt_end_one(st, found);
	return err ? err : whole ? ERR_NONE : ERR_DAMAGED;
}

enum err sign_key_known(struct db *db, const char *public_key, bool *known)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM sign_key WHERE public_key=?");

	bind_text(st, public_key);
	*known = stmt_row(st) && col_i64(st) > 0;
	return stmt_end(st);
}
