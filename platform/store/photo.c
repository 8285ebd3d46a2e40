#include "platform/store/photo.h"

#include <stdlib.h>
#include <string.h>

enum err photo_insert(struct db *db, const struct photo_row *row, const void *bytes)
{
	struct stmt *st = db_query(db, "INSERT INTO account_photo(property_id, account_id, name,"
	                               " type, created_s, size, content) VALUES(?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	bind_text(st, row->name);
	bind_text(st, row->type);
	bind_i64(st, row->created_s);
	bind_i64(st, row->bytes);
	bind_blob(st, bytes, (size_t)row->bytes);
	return stmt_run(st);
}

static void row_read(struct stmt *st, struct photo_row *row)
{
	row->property_id = col_i64(st);
	row->account_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	col_text_to(st, row->type, sizeof row->type);
	row->created_s = col_i64(st);
	row->bytes = col_i64(st);
}

static struct stmt *bind_key(struct stmt *st, int64_t property_id, int64_t account_id,
                             const char *name)
{
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_text(st, name);
	return st;
}

enum err photo_get(struct db *db, int64_t property_id, int64_t account_id, const char *name,
                   struct photo_row *row)
{
	struct stmt *st = bind_key(
	        db_query(db, "SELECT property_id, account_id, name, type, created_s, size"
	                     " FROM account_photo WHERE property_id=? AND account_id=? AND name=?"),
	        property_id, account_id, name);
	bool found = stmt_row(st);

	if (found)
		row_read(st, row);
	return stmt_end_one(st, found);
}

enum err photo_read(struct db *db, int64_t property_id, int64_t account_id, const char *name,
                    struct photo_row *row, void **bytes)
{
	struct stmt *st = bind_key(
	        db_query(db, "SELECT property_id, account_id, name, type, created_s, size, content"
	                     " FROM account_photo WHERE property_id=? AND account_id=? AND name=?"),
	        property_id, account_id, name);
	bool found = stmt_row(st);
	const void *content = NULL;
	size_t len = 0;
	enum err end;

	*bytes = NULL;
	if (found) {
		row_read(st, row);
		content = col_blob(st, &len);
		*bytes = malloc(len ? len : 1);
	}
	if (*bytes && len)
		memcpy(*bytes, content, len);
	end = stmt_end_one(st, found);
	if (!end && !*bytes)
		end = ERR_NOMEM;
	if (!end && (int64_t)len != row->bytes)
		end = ERR_DAMAGED;
	if (end) {
		free(*bytes);
		*bytes = NULL;
	}
	return end;
}

enum err photo_list(struct db *db, int64_t property_id, int64_t account_id,
                    void (*each)(void *arg, const struct photo_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT property_id, account_id, name, type, created_s, size"
	                               " FROM account_photo WHERE property_id=? AND account_id=?"
	                               " ORDER BY created_s, name");
	struct photo_row row;

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	while (stmt_row(st)) {
		row_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err photo_count(struct db *db, int64_t property_id, int64_t account_id, int64_t *count)
{
	struct stmt *st = db_query(
	        db, "SELECT count(*) FROM account_photo WHERE property_id=? AND account_id=?");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	*count = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err photo_share(struct db *db, int64_t property_id, int64_t account_id, const char *name,
                     int64_t with_id)
{
	struct stmt *st = db_query(
	        db,
	        "INSERT INTO account_photo(property_id, account_id, name, type, created_s, size,"
	        " content) SELECT p.property_id, ?, p.name, p.type, p.created_s, p.size,"
	        " p.content FROM account_photo p WHERE p.property_id=? AND p.account_id=?"
	        " AND p.name=? AND NOT EXISTS(SELECT 1 FROM account_photo o"
	        " WHERE o.property_id=p.property_id AND o.account_id=? AND o.name=p.name)");

	bind_i64(st, with_id);
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_text(st, name);
	bind_i64(st, with_id);
	return stmt_run(st);
}

enum err photo_forget(struct db *db, int64_t property_id, int64_t customer_id)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM account_photo WHERE property_id=? AND account_id IN"
	                     " (SELECT account_id FROM account WHERE property_id=?"
	                     " AND customer_id=?)");

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	return stmt_run(st);
}

enum err photo_drop_unused(struct db *db, int64_t property_id, int64_t before_s)
{
	struct stmt *st = db_query(
	        db, "DELETE FROM account_photo WHERE property_id=? AND created_s<? AND NOT EXISTS"
	            "(SELECT 1 FROM account_meter u WHERE u.property_id=account_photo.property_id"
	            " AND u.account_id=account_photo.account_id"
	            " AND (u.photo=account_photo.name OR u.close_photo=account_photo.name))");

	bind_i64(st, property_id);
	bind_i64(st, before_s);
	return stmt_run(st);
}
