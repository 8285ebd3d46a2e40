#include "platform/store/missed.h"

enum err missed_insert(struct db *db, int64_t property_id, int64_t meter, int64_t since_s)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO reading_missed(property_id, meter, since_s) VALUES(?,?,?)");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, since_s);
	return stmt_run(st);
}

enum err missed_delete(struct db *db, int64_t property_id, int64_t meter)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM reading_missed WHERE property_id=? AND meter=?");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	return stmt_run(st);
}

enum err missed_list(struct db *db, void (*each)(void *arg, const struct missed_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT property_id, meter, since_s FROM reading_missed");
	struct missed_row row;

	while (stmt_row(st)) {
		row.property_id = col_i64(st);
		row.meter = col_i64(st);
		row.since_s = col_i64(st);
		each(arg, &row);
	}
	return stmt_end(st);
}
