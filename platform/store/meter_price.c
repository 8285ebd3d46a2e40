#include "platform/store/meter_price.h"

#include "libs/base/macros.h"

#define NAMED(name)   #name ", "
#define PLACED(name)  "?, "
#define CHANGED(name) #name "=?, "

#define COLUMNS METER_PRICE_FIELDS(NAMED) "property_id, meter, version"

static void row_read(struct stmt *st, struct meter_price *row)
{
#define X(name) row->name = col_i64(st);
	METER_PRICE_FIELDS(X)
#undef X
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->version = col_i64(st);
}

enum err meter_price_get(struct db *db, int64_t property_id, int64_t meter, struct meter_price *row)
{
	struct stmt *st =
	        db_query(db, "SELECT " COLUMNS " FROM meter_price WHERE property_id=? AND meter=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	found = stmt_row(st);
	if (found)
		row_read(st, row);
	return stmt_end_one(st, found);
}

enum err meter_price_put(struct db *db, struct meter_price *row)
{
	bool new = row->version == 0;
	struct stmt *st;

	if (new)
		st = db_query(db, "INSERT INTO meter_price(" COLUMNS
		                  ") VALUES(" METER_PRICE_FIELDS(PLACED) "?, ?, 1)");
	else
		st = db_query(
		        db,
		        "UPDATE meter_price SET " METER_PRICE_FIELDS(
		                CHANGED) "version=version+1 WHERE property_id=? AND meter=? AND version=?");
#define X(name) bind_i64(st, row->name);
	METER_PRICE_FIELDS(X)
#undef X
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	if (!new)
		bind_i64(st, row->version);
	row->version++;
	return new ? stmt_run(st) : stmt_run_one(st);
}

static enum err rows(struct stmt *st, bool (*each)(void *arg, const struct meter_price *),
                     void *arg)
{
	struct meter_price row;

	while (stmt_row(st)) {
		row_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err meter_price_due(struct db *db, int64_t now_ms, int64_t limit,
                         bool (*each)(void *arg, const struct meter_price *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " COLUMNS " FROM meter_price WHERE next_ms<=?"
	                               " ORDER BY next_ms LIMIT ?");

	bind_i64(st, now_ms);
	bind_i64(st, limit);
	return rows(st, each, arg);
}

enum err meter_price_touch(struct db *db, int64_t group_id, int64_t property_id, int64_t now_ms)
{
	struct stmt *st;

	if (property_id)
		st = db_query(db, "UPDATE meter_price SET next_ms=? WHERE next_ms>?"
		                  " AND property_id=?");
	else
		st = db_query(db, "UPDATE meter_price SET next_ms=? WHERE next_ms>?"
		                  " AND property_id IN"
		                  " (SELECT property_id FROM property WHERE group_id=?)");
	bind_i64(st, now_ms);
	bind_i64(st, now_ms);
	bind_i64(st, property_id ? property_id : group_id);
	return stmt_run(st);
}

enum err meter_price_walk(struct db *db, int64_t property_id, int64_t after,
                          bool (*each)(void *arg, const struct meter_price *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " COLUMNS " FROM meter_price WHERE property_id=?"
	                               " AND meter>? ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, after);
	return rows(st, each, arg);
}
