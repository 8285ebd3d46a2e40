#include "platform/store/reminder.h"

enum err reminder_due(struct db *db, int64_t property_id, int64_t lease_id, int64_t today,
                      int64_t default_days, int64_t now_s, size_t limit, struct reminder_row *rows,
                      size_t *count)
{
	struct stmt *st = db_query(
	        db, "SELECT lease_id, end_day FROM lease l WHERE property_id=? AND lease_id>=?"
	            " AND lease_id<=? AND end_day>0"
	            " AND cancelled_s=0 AND until_s>? AND end_day"
	            " - CASE WHEN remind_days<0 THEN ? ELSE remind_days END <= ?"
	            " AND NOT EXISTS(SELECT 1 FROM lease_reminder r"
	            " WHERE r.property_id=l.property_id AND r.lease_id=l.lease_id"
	            " AND r.end_day=l.end_day) ORDER BY lease_id");

	*count = 0;
	bind_i64(st, property_id);
	bind_i64(st, lease_id);
	bind_i64(st, lease_id ? lease_id : INT64_MAX);
	bind_i64(st, now_s);
	bind_i64(st, default_days);
	bind_i64(st, today);
	while (*count < limit && stmt_row(st)) {
		rows[*count] = (struct reminder_row){.property_id = property_id};
		rows[*count].lease_id = col_i64(st);
		rows[*count].end_day = col_i64(st);
		++*count;
	}
	return stmt_end(st);
}

enum err reminder_insert(struct db *db, const struct reminder_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO lease_reminder(property_id, reminder_id,"
	                               " lease_id, end_day, written_s, done_s, done_by)"
	                               " VALUES(?,?,?,?,?,0,'')");

	bind_i64(st, row->property_id);
	bind_i64(st, row->reminder_id);
	bind_i64(st, row->lease_id);
	bind_i64(st, row->end_day);
	bind_i64(st, row->written_s);
	return stmt_run(st);
}

#define REMINDER_SELECT                                                                            \
	"SELECT property_id, reminder_id, lease_id, end_day, written_s, done_s, done_by"           \
	" FROM lease_reminder "

static void reminder_read(struct stmt *st, struct reminder_row *row)
{
	row->property_id = col_i64(st);
	row->reminder_id = col_i64(st);
	row->lease_id = col_i64(st);
	row->end_day = col_i64(st);
	row->written_s = col_i64(st);
	row->done_s = col_i64(st);
	col_text_to(st, row->done_by, sizeof row->done_by);
}

enum err reminder_get(struct db *db, int64_t property_id, int64_t reminder_id,
                      struct reminder_row *row)
{
	struct stmt *st = db_query(db, REMINDER_SELECT "WHERE property_id=? AND reminder_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, reminder_id);
	found = stmt_row(st);
	if (found)
		reminder_read(st, row);
	return stmt_end_one(st, found);
}

enum err reminder_set_done(struct db *db, const struct reminder_row *row)
{
	struct stmt *st = db_query(db, "UPDATE lease_reminder SET done_s=?, done_by=?"
	                               " WHERE property_id=? AND reminder_id=? AND done_s=0");

	bind_i64(st, row->done_s);
	bind_text(st, row->done_by);
	bind_i64(st, row->property_id);
	bind_i64(st, row->reminder_id);
	return stmt_run_one(st);
}

#define REMINDER_UP(key)                                                                           \
	REMINDER_SELECT "WHERE property_id=? AND (? OR done_s=0) AND end_day BETWEEN ? AND ?"      \
	                " AND (" key ", reminder_id)>(?,?) ORDER BY " key ", reminder_id"
#define REMINDER_DOWN(key)                                                                         \
	REMINDER_SELECT "WHERE property_id=? AND (? OR done_s=0) AND end_day BETWEEN ? AND ?"      \
	                " AND (" key ", reminder_id)<(?,?) ORDER BY " key                          \
	                " DESC, reminder_id DESC"

static const char *const orders[][2] = {
        [REMINDER_BY_END] = {REMINDER_UP("end_day"),     REMINDER_DOWN("end_day")    },
        [REMINDER_BY_NUMBER] = {REMINDER_UP("reminder_id"), REMINDER_DOWN("reminder_id")},
};

enum err reminder_list(struct db *db, int64_t property_id, const struct reminder_filter *filter,
                       bool (*each)(void *arg, const struct reminder_row *), void *arg)
{
	const struct list_ask *ask = &filter->ask;
	struct stmt *st = db_query(db, orders[ask->sort][ask->descending]);
	struct reminder_row row;

	bind_i64(st, property_id);
	bind_i64(st, filter->all);
	bind_i64(st, filter->from_day);
	bind_i64(st, filter->to_day);
	bind_i64(st, ask->sort == REMINDER_BY_END ? list_after_number(ask) : list_after_id(ask));
	bind_i64(st, list_after_id(ask));
	while (stmt_row(st)) {
		reminder_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err daily_work_get(struct db *db, int64_t property_id, const char *work, int64_t *day)
{
	struct stmt *st = db_query(db, "SELECT day FROM daily_work WHERE property_id=? AND work=?");

	bind_i64(st, property_id);
	bind_text(st, work);
	*day = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err daily_work_put(struct db *db, int64_t property_id, const char *work, int64_t day)
{
	struct stmt *st = db_query(db, "INSERT INTO daily_work(property_id, work, day)"
	                               " VALUES(?,?,?) ON CONFLICT(property_id, work) DO UPDATE"
	                               " SET day=excluded.day");

	bind_i64(st, property_id);
	bind_text(st, work);
	bind_i64(st, day);
	return stmt_run(st);
}
