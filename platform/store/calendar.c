#include "platform/store/calendar.h"

enum err calendar_insert(struct db *db, const struct calendar_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO calendar(calendar_id, group_id, property_id,"
	                               " name, created_s, version) VALUES(?,?,?,?,?,1)");

	bind_i64(st, row->calendar_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->property_id);
	bind_text(st, row->name);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

#define CALENDAR_SELECT                                                                            \
	"SELECT calendar_id, group_id, property_id, name, created_s, version FROM calendar "

static void row_read(struct stmt *st, struct calendar_row *row)
{
	row->calendar_id = col_i64(st);
	row->group_id = col_i64(st);
	row->property_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	row->created_s = col_i64(st);
	row->version = col_i64(st);
}

enum err calendar_get(struct db *db, int64_t calendar_id, struct calendar_row *row)
{
	struct stmt *st = db_query(db, CALENDAR_SELECT "WHERE calendar_id=?");
	bool found;

	bind_i64(st, calendar_id);
	found = stmt_row(st);
	if (found)
		row_read(st, row);
	return stmt_end_one(st, found);
}

enum err calendar_update(struct db *db, struct calendar_row *row)
{
	struct stmt *st = db_query(db, "UPDATE calendar SET name=?, version=version+1"
	                               " WHERE calendar_id=? AND version=?");

	bind_text(st, row->name);
	bind_i64(st, row->calendar_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

static enum err content_delete(struct db *db, int64_t calendar_id)
{
	struct stmt *st = db_query(db, "DELETE FROM calendar_window WHERE calendar_id=?");
	enum err err;

	bind_i64(st, calendar_id);
	err = stmt_run(st);
	if (err)
		return err;
	st = db_query(db, "DELETE FROM calendar_day WHERE calendar_id=?");
	bind_i64(st, calendar_id);
	return stmt_run(st);
}

enum err calendar_delete(struct db *db, int64_t calendar_id)
{
	struct stmt *st;
	enum err err = content_delete(db, calendar_id);

	if (err)
		return err;
	st = db_query(db, "DELETE FROM calendar WHERE calendar_id=?");
	bind_i64(st, calendar_id);
	return stmt_run_one(st);
}

enum err calendar_uses(struct db *db, int64_t calendar_id, int64_t *uses)
{
	struct stmt *st =
	        db_query(db, "SELECT (SELECT count(*) FROM property WHERE calendar_id=?)"
	                     " + (SELECT count(*) FROM property_group WHERE calendar_id=?)");
	bool found;

	bind_i64(st, calendar_id);
	bind_i64(st, calendar_id);
	found = stmt_row(st);
	*uses = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err calendar_list(struct db *db, int64_t group_id, int64_t property_id,
                       void (*each)(void *arg, const struct calendar_row *), void *arg)
{
	struct stmt *st = db_query(db, CALENDAR_SELECT "WHERE group_id=? AND property_id IN (0,?)"
	                                               " ORDER BY calendar_id");
	struct calendar_row row;

	bind_i64(st, group_id);
	bind_i64(st, property_id);
	while (stmt_row(st)) {
		row_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

/* ---- content ---- */

static enum err windows_read(struct db *db, int64_t calendar_id, struct calendar *calendar)
{
	struct stmt *st = db_query(db, "SELECT days, from_min, to_min FROM calendar_window"
	                               " WHERE calendar_id=? ORDER BY window_no");

	calendar->window_count = 0;
	bind_i64(st, calendar_id);
	while (calendar->window_count < CALENDAR_WINDOWS_MAX && stmt_row(st)) {
		struct calendar_window *w = &calendar->window[calendar->window_count++];

		w->days = (uint8_t)col_i64(st);
		w->from_min = (int16_t)col_i64(st);
		w->to_min = (int16_t)col_i64(st);
	}
	return stmt_end(st);
}

enum err calendar_read(struct db *db, int64_t calendar_id, struct calendar_content *content)
{
	struct calendar *calendar = &content->calendar;
	struct stmt *st;
	enum err err = windows_read(db, calendar_id, calendar);

	if (err)
		return err;
	st = db_query(db, "SELECT day, kind, cut_free, name FROM calendar_day WHERE calendar_id=?"
	                  " ORDER BY day");
	calendar->day_count = 0;
	bind_i64(st, calendar_id);
	while (calendar->day_count < CALENDAR_DAYS_MAX && stmt_row(st)) {
		struct calendar_day *day = &calendar->day[calendar->day_count];

		day->day = (int32_t)col_i64(st);
		day->kind = (uint8_t)col_i64(st);
		day->cut_free = col_i64(st) != 0;
		col_text_to(st, content->day_name[calendar->day_count++], CALENDAR_DAY_NAME);
	}
	return stmt_end(st);
}

static enum err window_add(struct db *db, int64_t calendar_id, int64_t no,
                           const struct calendar_window *window)
{
	struct stmt *st = db_query(db, "INSERT INTO calendar_window(calendar_id, window_no, days,"
	                               " from_min, to_min) VALUES(?,?,?,?,?)");

	bind_i64(st, calendar_id);
	bind_i64(st, no);
	bind_i64(st, window->days);
	bind_i64(st, window->from_min);
	bind_i64(st, window->to_min);
	return stmt_run(st);
}

static enum err day_add(struct db *db, int64_t calendar_id, const struct calendar_day *day,
                        const char *name)
{
	struct stmt *st = db_query(db, "INSERT INTO calendar_day(calendar_id, day, kind, cut_free,"
	                               " name) VALUES(?,?,?,?,?)");

	bind_i64(st, calendar_id);
	bind_i64(st, day->day);
	bind_i64(st, day->kind);
	bind_i64(st, day->cut_free);
	bind_text(st, name);
	return stmt_run(st);
}

enum err calendar_write(struct db *db, int64_t calendar_id, const struct calendar_content *content)
{
	const struct calendar *calendar = &content->calendar;
	enum err err = content_delete(db, calendar_id);

	for (size_t i = 0; !err && i < calendar->window_count; i++)
		err = window_add(db, calendar_id, (int64_t)i, &calendar->window[i]);
	for (size_t i = 0; !err && i < calendar->day_count; i++)
		err = day_add(db, calendar_id, &calendar->day[i], content->day_name[i]);
	return err;
}

/* ---- what days were ---- */

enum err calendar_keep(struct db *db, int64_t calendar_id, int64_t day, enum calendar_day_kind kind)
{
	struct stmt *st = db_query(db, "INSERT INTO calendar_kept(calendar_id, day, kind)"
	                               " VALUES(?,?,?) ON CONFLICT(calendar_id, day) DO NOTHING");

	bind_i64(st, calendar_id);
	bind_i64(st, day);
	bind_i64(st, kind);
	return stmt_run(st);
}

enum err calendar_holidays(struct db *db, int64_t calendar_id, int64_t from_day, int64_t to_day,
                           bool (*each)(void *arg, int64_t day), void *arg)
{
	struct stmt *st = db_query(
	        db,
	        "SELECT d.day FROM calendar_day d WHERE d.calendar_id=? AND d.day>=? AND d.day<?"
	        " AND d.kind=? AND NOT EXISTS(SELECT 1 FROM calendar_kept k"
	        " WHERE k.calendar_id=d.calendar_id AND k.day=d.day)"
	        " UNION SELECT k.day FROM calendar_kept k WHERE k.calendar_id=? AND k.day>=?"
	        " AND k.day<? AND k.kind=? ORDER BY 1");

	for (int i = 0; i < 2; i++) {
		bind_i64(st, calendar_id);
		bind_i64(st, from_day);
		bind_i64(st, to_day);
		bind_i64(st, CALENDAR_HOLIDAY);
	}
	while (stmt_row(st))
		if (!each(arg, col_i64(st)))
			break;
	return stmt_end(st);
}
