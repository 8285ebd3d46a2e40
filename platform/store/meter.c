#include "platform/store/meter.h"

#include <string.h>

bool meter_use_valid(const char *use)
{
	static const char *const uses[] = {"prepaid", "postpaid", "control-only", "main", "common"};

	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (strcmp(use, uses[i]) == 0)
			return true;
	return false;
}

bool meter_model_keeps_credit(const char *model)
{
	return strcmp(model, METER_MODEL_DEFAULT) == 0;
}

bool meter_model_takes_prices(const char *model)
{
	return strcmp(model, METER_MODEL_DEFAULT) == 0;
}

bool meter_model_valid(const char *model)
{
	return meter_model_keeps_credit(model) || strcmp(model, "wattle-0") == 0;
}

#define METER_SELECT                                                                               \
	"SELECT m.property_id, m.meter, m.name, m.meter_use, m.chip, m.gateway_id, m.period_s,"    \
	" m.space_id, m.created_s, m.version, m.model, g.name, p.slug FROM meter m"                \
	" JOIN gateway g ON g.property_id=m.property_id AND g.gateway_id=m.gateway_id"             \
	" JOIN property p ON p.property_id=m.property_id "

static void meter_read(struct stmt *st, struct meter_row *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	col_text_to(st, row->meter_use, sizeof row->meter_use);
	col_text_to(st, row->chip, sizeof row->chip);
	row->gateway_id = col_i64(st);
	row->period_s = (uint32_t)col_i64(st);
	row->space_id = col_i64(st);
	row->created_s = col_i64(st);
	row->version = col_i64(st);
	col_text_to(st, row->model, sizeof row->model);
	col_text_to(st, row->gateway, sizeof row->gateway);
	col_text_to(st, row->property, sizeof row->property);
}

static enum err meter_one(struct stmt *st, struct meter_row *row)
{
	bool found = stmt_row(st);

	if (found)
		meter_read(st, row);
	return stmt_end_one(st, found);
}

enum err meter_get(struct db *db, int64_t property_id, int64_t meter, struct meter_row *row)
{
	struct stmt *st = db_query(db, METER_SELECT "WHERE m.property_id=? AND m.meter=?");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	return meter_one(st, row);
}

enum err meter_by_number(struct db *db, int64_t meter, struct meter_row *row)
{
	struct stmt *st = db_query(db, METER_SELECT "WHERE m.meter=?");

	bind_i64(st, meter);
	return meter_one(st, row);
}

/* Number and chip are unique in the installation; the keys only say so within a property. */
static enum err meter_taken(struct db *db, const struct meter_row *row)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM meter WHERE meter=? OR chip=?");
	bool taken;
	enum err err;

	bind_i64(st, row->meter);
	bind_text(st, row->chip);
	taken = stmt_row(st) && col_i64(st) > 0;
	err = stmt_end(st);
	return err ? err : taken ? ERR_DUP : ERR_NONE;
}

static enum err meter_add(struct db *db, const struct meter_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO meter(property_id, meter, name, meter_use, chip,"
	            " gateway_id, period_s, space_id, created_s) VALUES(?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_text(st, row->name);
	bind_text(st, row->meter_use);
	bind_text(st, row->chip);
	bind_i64(st, row->gateway_id);
	bind_i64(st, row->period_s);
	bind_i64(st, row->space_id);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

enum err meter_insert(struct db *db, const struct meter_row *row)
{
	struct meter_place_row place = {.property_id = row->property_id,
	                                .meter = row->meter,
	                                .from_s = row->created_s,
	                                .space_id = row->space_id,
	                                .by_name = "platform"};
	enum err err = meter_taken(db, row);

	if (!err)
		err = meter_add(db, row);
	memcpy(place.meter_use, row->meter_use, sizeof place.meter_use);
	return err ? err : meter_place_put(db, &place);
}

enum err meter_update(struct db *db, struct meter_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE meter SET name=?, meter_use=?, period_s=?, space_id=?,"
	                     " model=?, version=version+1"
	                     " WHERE property_id=? AND meter=? AND version=?");

	bind_text(st, row->name);
	bind_text(st, row->meter_use);
	bind_i64(st, row->period_s);
	bind_i64(st, row->space_id);
	bind_text(st, row->model);
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err meter_place_put(struct db *db, const struct meter_place_row *row)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO meter_place(property_id, meter, from_s, space_id,"
	                     " meter_use, by_name) VALUES(?,?,?,?,?,?)"
	                     " ON CONFLICT(property_id, meter, from_s) DO UPDATE SET"
	                     " space_id=excluded.space_id, meter_use=excluded.meter_use,"
	                     " by_name=excluded.by_name");

	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->from_s);
	bind_i64(st, row->space_id);
	bind_text(st, row->meter_use);
	bind_text(st, row->by_name);
	return stmt_run(st);
}

#define PLACE_SELECT                                                                               \
	"SELECT property_id, meter, from_s, space_id, meter_use, by_name FROM meter_place"         \
	" WHERE property_id=? AND meter=? "

static void place_read(struct stmt *st, struct meter_place_row *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->from_s = col_i64(st);
	row->space_id = col_i64(st);
	col_text_to(st, row->meter_use, sizeof row->meter_use);
	col_text_to(st, row->by_name, sizeof row->by_name);
}

enum err meter_place_last(struct db *db, int64_t property_id, int64_t meter,
                          struct meter_place_row *row)
{
	struct stmt *st = db_query(db, PLACE_SELECT "ORDER BY from_s DESC LIMIT 1");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	found = stmt_row(st);
	if (found)
		place_read(st, row);
	return stmt_end_one(st, found);
}

enum err meter_place_list(struct db *db, int64_t property_id, int64_t meter, int64_t before_s,
                          bool (*each)(void *arg, const struct meter_place_row *), void *arg)
{
	struct stmt *st = db_query(db, PLACE_SELECT "AND from_s<? ORDER BY from_s DESC");
	struct meter_place_row row;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, before_s);
	while (stmt_row(st)) {
		place_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err meter_list(struct db *db, int64_t property_id, int64_t after, int64_t limit,
                    void (*each)(void *arg, const struct meter_row *), void *arg)
{
	struct stmt *st = db_query(db, METER_SELECT "WHERE (m.property_id=? OR ?=0) AND m.meter>?"
	                                            " ORDER BY m.meter LIMIT ?");
	struct meter_row row;

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_i64(st, after);
	bind_i64(st, limit);
	while (stmt_row(st)) {
		meter_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}
