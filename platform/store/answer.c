#include "platform/store/answer.h"

#include <string.h>

enum err answer_get(struct db *db, int64_t property_id, int64_t user_id, const char *key,
                    void (*each)(void *arg, const struct answer_row *), void *arg)
{
	struct answer_row row = {.property_id = property_id, .user_id = user_id};
	struct stmt *st;
	bool found;

	st = db_query(db, "SELECT request_hash, status, created_ms, body FROM answer"
	                  " WHERE property_id=? AND user_id=? AND idempotency_key=?");
	bind_i64(st, property_id);
	bind_i64(st, user_id);
	bind_text(st, key);
	found = stmt_row(st);
	if (found) {
		(void)col_blob_to(st, row.request_hash, sizeof row.request_hash);
		row.status = (uint32_t)col_i64(st);
		row.created_ms = col_i64(st);
		row.body = col_blob(st, &row.body_len);
		each(arg, &row);
	}
	return stmt_end_one(st, found);
}

enum err answer_put(struct db *db, const struct answer_row *row)
{
	struct stmt *st;
	enum err err;

	st = db_query(db, "DELETE FROM answer WHERE property_id=? AND created_ms<?");
	bind_i64(st, row->property_id);
	bind_i64(st, row->created_ms - ANSWER_KEPT_MS);
	err = stmt_run(st);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO answer(property_id, user_id, idempotency_key, request_hash,"
	                  " status, created_ms, body) VALUES(?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->user_id);
	bind_text(st, row->key);
	bind_blob(st, row->request_hash, sizeof row->request_hash);
	bind_i64(st, row->status);
	bind_i64(st, row->created_ms);
	bind_blob(st, row->body, row->body_len);
	return stmt_run(st);
}
