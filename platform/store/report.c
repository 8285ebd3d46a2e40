#include "platform/store/report.h"

#include <string.h>

static void read_edges(struct stmt *st, struct report_edges *edges)
{
	edges->open_wh = col_i64(st);
	edges->open_source = col_i64(st);
	edges->close_wh = col_i64(st);
	edges->close_source = col_i64(st);
}

static void bind_edges(struct stmt *st, const struct report_edges *edges)
{
	bind_i64(st, edges->open_wh);
	bind_i64(st, edges->open_source);
	bind_i64(st, edges->close_wh);
	bind_i64(st, edges->close_source);
}

static size_t read_blob(struct stmt *st, uint8_t to[REPORT_BLOB_MAX])
{
	size_t len;
	const void *data = col_blob(st, &len);

	if (len > REPORT_BLOB_MAX)
		len = 0; /* then it does not unpack */
	if (len)
		memcpy(to, data, len);
	return len;
}

/* ---- days ---- */

#define DAY_COLUMNS                                                                                \
	"property_id, meter, day, first_s, first_wh, last_s, last_wh, readings, power_max_dw,"     \
	" voltage_min_dv, voltage_max_dv, freeze_s, frozen_s, open_wh, open_source, close_wh,"     \
	" close_source, taken_file, taken_row, hours"

static void day_read(struct stmt *st, struct report_day_row *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->day = col_i64(st);
	row->first_s = col_i64(st);
	row->first_wh = col_i64(st);
	row->last_s = col_i64(st);
	row->last_wh = col_i64(st);
	row->readings = col_i64(st);
	row->power_max_dw = col_i64(st);
	row->voltage_min_dv = col_i64(st);
	row->voltage_max_dv = col_i64(st);
	row->freeze_s = col_i64(st);
	row->frozen_s = col_i64(st);
	read_edges(st, &row->edges);
	row->taken_file = col_i64(st);
	row->taken_row = col_i64(st);
	row->hours_len = read_blob(st, row->hours);
}

static enum err day_one(struct stmt *st, struct report_day_row *row)
{
	bool found = stmt_row(st);

	if (found)
		day_read(st, row);
	return stmt_end_one(st, found);
}

enum err report_day_get(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                        struct report_day_row *row)
{
	struct stmt *st = db_query(db, "SELECT " DAY_COLUMNS " FROM report_day"
	                               " WHERE property_id=? AND meter=? AND day=?");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, day);
	return day_one(st, row);
}

enum err report_day_near(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                         bool before, struct report_day_row *row)
{
	struct stmt *st =
	        db_query(db, before ? "SELECT " DAY_COLUMNS " FROM report_day WHERE property_id=?"
	                              " AND meter=? AND day<? ORDER BY day DESC LIMIT 1"
	                            : "SELECT " DAY_COLUMNS " FROM report_day WHERE property_id=?"
	                              " AND meter=? AND day>? ORDER BY day LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, day);
	return day_one(st, row);
}

enum err report_day_put(struct db *db, const struct report_day_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO report_day(" DAY_COLUMNS ")"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	            " ON CONFLICT(property_id, meter, day) DO UPDATE SET first_s=excluded.first_s,"
	            " first_wh=excluded.first_wh, last_s=excluded.last_s,"
	            " last_wh=excluded.last_wh, readings=excluded.readings,"
	            " power_max_dw=excluded.power_max_dw,"
	            " voltage_min_dv=excluded.voltage_min_dv,"
	            " voltage_max_dv=excluded.voltage_max_dv, frozen_s=excluded.frozen_s,"
	            " open_wh=excluded.open_wh, open_source=excluded.open_source,"
	            " close_wh=excluded.close_wh, close_source=excluded.close_source,"
	            " taken_file=excluded.taken_file, taken_row=excluded.taken_row,"
	            " hours=excluded.hours");

	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->day);
	bind_i64(st, row->first_s);
	bind_i64(st, row->first_wh);
	bind_i64(st, row->last_s);
	bind_i64(st, row->last_wh);
	bind_i64(st, row->readings);
	bind_i64(st, row->power_max_dw);
	bind_i64(st, row->voltage_min_dv);
	bind_i64(st, row->voltage_max_dv);
	bind_i64(st, row->freeze_s);
	bind_i64(st, row->frozen_s);
	bind_edges(st, &row->edges);
	bind_i64(st, row->taken_file);
	bind_i64(st, row->taken_row);
	bind_blob(st, row->hours, row->hours_len);
	return stmt_run(st);
}

enum err report_day_taken(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                          int64_t *file, int64_t *row)
{
	struct stmt *st = db_query(db, "SELECT taken_file, taken_row FROM report_day"
	                               " WHERE property_id=? AND meter=? AND day=?");

	*file = *row = 0;
	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, day);
	if (stmt_row(st)) {
		*file = col_i64(st);
		*row = col_i64(st);
	}
	return stmt_end(st);
}

enum err report_days(struct db *db, int64_t property_id, int64_t meter, int64_t from, int64_t to,
                     bool (*each)(void *arg, const struct report_day_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " DAY_COLUMNS " FROM report_day WHERE property_id=?"
	                               " AND meter=? AND day>=? AND day<? ORDER BY day");
	struct report_day_row row;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, from);
	bind_i64(st, to);
	while (stmt_row(st)) {
		day_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

static enum err take_due(struct stmt *st, int64_t now_s, size_t limit, struct report_due *due,
                         size_t *count)
{
	bind_i64(st, now_s);
	bind_i64(st, (int64_t)limit);
	for (*count = 0; *count < limit && stmt_row(st); ++*count) {
		due[*count].property_id = col_i64(st);
		due[*count].meter = col_i64(st);
		due[*count].number = col_i64(st);
	}
	return stmt_end(st);
}

enum err report_days_due(struct db *db, int64_t now_s, size_t limit, struct report_due *due,
                         size_t *count)
{
	return take_due(db_query(db, "SELECT property_id, meter, day FROM report_day"
	                             " WHERE frozen_s=0 AND freeze_s<=? ORDER BY freeze_s LIMIT ?"),
	                now_s, limit, due, count);
}

/* ---- months ---- */

#define MONTH_COLUMNS                                                                              \
	"property_id, meter, month, freeze_s, frozen_s, open_wh, open_source, close_wh,"           \
	" close_source, days_with_data, power_max_dw, voltage_min_dv, voltage_max_dv, days"

static void month_read(struct stmt *st, struct report_month_row *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->month = col_i64(st);
	row->freeze_s = col_i64(st);
	row->frozen_s = col_i64(st);
	read_edges(st, &row->edges);
	row->days_with_data = col_i64(st);
	row->power_max_dw = col_i64(st);
	row->voltage_min_dv = col_i64(st);
	row->voltage_max_dv = col_i64(st);
	row->days_len = read_blob(st, row->days);
}

static void month_bind(struct stmt *st, const struct report_month_row *row)
{
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->month);
	bind_i64(st, row->freeze_s);
	bind_i64(st, row->frozen_s);
	bind_edges(st, &row->edges);
	bind_i64(st, row->days_with_data);
	bind_i64(st, row->power_max_dw);
	bind_i64(st, row->voltage_min_dv);
	bind_i64(st, row->voltage_max_dv);
	bind_blob(st, row->days, row->days_len);
}

enum err report_month_open(struct db *db, const struct report_month_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO report_month(" MONTH_COLUMNS ")"
	                               " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	                               " ON CONFLICT(property_id, meter, month) DO NOTHING");

	month_bind(st, row);
	return stmt_run(st);
}

enum err report_month_put(struct db *db, const struct report_month_row *row)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO report_month(" MONTH_COLUMNS ")"
	                     " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	                     " ON CONFLICT(property_id, meter, month) DO UPDATE SET"
	                     " frozen_s=excluded.frozen_s, open_wh=excluded.open_wh,"
	                     " open_source=excluded.open_source, close_wh=excluded.close_wh,"
	                     " close_source=excluded.close_source,"
	                     " days_with_data=excluded.days_with_data,"
	                     " power_max_dw=excluded.power_max_dw,"
	                     " voltage_min_dv=excluded.voltage_min_dv,"
	                     " voltage_max_dv=excluded.voltage_max_dv, days=excluded.days");

	month_bind(st, row);
	return stmt_run(st);
}

enum err report_month_get(struct db *db, int64_t property_id, int64_t meter, int64_t month,
                          struct report_month_row *row)
{
	struct stmt *st = db_query(db, "SELECT " MONTH_COLUMNS " FROM report_month"
	                               " WHERE property_id=? AND meter=? AND month=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, month);
	found = stmt_row(st);
	if (found)
		month_read(st, row);
	return stmt_end_one(st, found);
}

enum err report_months(struct db *db, int64_t property_id, int64_t meter, int64_t from, int64_t to,
                       bool (*each)(void *arg, const struct report_month_row *), void *arg)
{
	struct stmt *st =
	        db_query(db, "SELECT " MONTH_COLUMNS " FROM report_month WHERE property_id=?"
	                     " AND meter=? AND month>=? AND month<? ORDER BY month");
	struct report_month_row row;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, from);
	bind_i64(st, to);
	while (stmt_row(st)) {
		month_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err report_months_due(struct db *db, int64_t now_s, size_t limit, struct report_due *due,
                           size_t *count)
{
	return take_due(db_query(db, "SELECT property_id, meter, month FROM report_month"
	                             " WHERE frozen_s=0 AND freeze_s<=? ORDER BY freeze_s LIMIT ?"),
	                now_s, limit, due, count);
}

/* ---- corrections ---- */

enum err report_correction_last(struct db *db, int64_t property_id, int64_t meter, int64_t months,
                                int64_t number, struct report_correction *row)
{
	struct stmt *st = db_query(
	        db, "SELECT correction_no, at_s, open_wh, open_source, close_wh, close_source"
	            " FROM report_correction WHERE property_id=? AND meter=? AND months=?"
	            " AND number=? ORDER BY correction_no DESC LIMIT 1");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, months);
	bind_i64(st, number);
	found = stmt_row(st);
	*row = (struct report_correction){
	        .property_id = property_id, .meter = meter, .months = months, .number = number};
	if (found) {
		row->correction_no = col_i64(st);
		row->at_s = col_i64(st);
		read_edges(st, &row->edges);
	}
	return stmt_end_one(st, found);
}

enum err report_correction_add(struct db *db, struct report_correction *row)
{
	struct report_correction last;
	struct stmt *st;
	enum err err = report_correction_last(db, row->property_id, row->meter, row->months,
	                                      row->number, &last);

	if (err && err != ERR_NOT_FOUND)
		return err;
	row->correction_no = last.correction_no + 1;
	st = db_query(db, "INSERT INTO report_correction(property_id, meter, months, number,"
	                  " correction_no, at_s, open_wh, open_source, close_wh, close_source)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->months);
	bind_i64(st, row->number);
	bind_i64(st, row->correction_no);
	bind_i64(st, row->at_s);
	bind_edges(st, &row->edges);
	return stmt_run(st);
}
