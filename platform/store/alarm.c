#include "platform/store/alarm.h"

#include "platform/store/info.h"

static const char *const level_words[] = {
        [ALARM_NOTICE] = "notice", [ALARM_IMPORTANT] = "important", [ALARM_URGENT] = "urgent"};

const char *alarm_level_word(enum alarm_level level)
{
	return level_words[level];
}

static void bind_place(struct stmt *st, const struct alarm_row *row)
{
	bind_i64(st, row->property_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->gateway_id);
	bind_i64(st, row->meter);
	bind_text(st, row->chip);
}

#define AT_PLACE                                                                                   \
	" WHERE property_id=? AND kind=? AND gateway_id=? AND meter=? AND chip=? AND ended_s=0"

enum err alarm_again(struct db *db, const struct alarm_row *row)
{
	struct stmt *st = db_query(db, "UPDATE alarm SET count=count+1, detail=?, value=?,"
	                               " last_s=?" AT_PLACE);
	enum err err;

	bind_i64(st, row->detail);
	bind_i64(st, row->value);
	bind_i64(st, row->last_s);
	bind_place(st, row);
	err = stmt_run(st);
	if (err)
		return err;
	return db_changes(db) ? ERR_NONE : ERR_NOT_FOUND;
}

enum err alarm_insert(struct db *db, struct alarm_row *row)
{
	struct stmt *st;
	enum err err = sequence_next(db, "alarm", &row->alarm_id);

	if (err)
		return err;
	st = db_query(db,
	              "INSERT INTO alarm(property_id, kind, gateway_id, meter, chip, alarm_id,"
	              " level, detail, value, count, started_s, last_s, ended_s, seen_s, seen_by,"
	              " note) VALUES(?,?,?,?,?,?,?,?,?,1,?,?,0,0,'','')");
	bind_place(st, row);
	bind_i64(st, row->alarm_id);
	bind_i64(st, row->level);
	bind_i64(st, row->detail);
	bind_i64(st, row->value);
	bind_i64(st, row->started_s);
	bind_i64(st, row->last_s);
	return stmt_run(st);
}

enum err alarm_end(struct db *db, const struct alarm_row *row)
{
	struct stmt *st = db_query(db, "UPDATE alarm SET ended_s=?" AT_PLACE);

	bind_i64(st, row->ended_s);
	bind_place(st, row);
	return stmt_run(st);
}

#define ALARM_SELECT                                                                               \
	"SELECT property_id, alarm_id, kind, level, gateway_id, meter, chip, detail, value,"       \
	" count, started_s, last_s, ended_s, seen_s, seen_by, note FROM alarm "

static void alarm_read(struct stmt *st, struct alarm_row *row)
{
	row->property_id = col_i64(st);
	row->alarm_id = col_i64(st);
	row->kind = (uint32_t)col_i64(st);
	row->level = (enum alarm_level)col_i64(st);
	row->gateway_id = col_i64(st);
	row->meter = col_i64(st);
	col_text_to(st, row->chip, sizeof row->chip);
	row->detail = (uint32_t)col_i64(st);
	row->value = col_i64(st);
	row->count = col_i64(st);
	row->started_s = col_i64(st);
	row->last_s = col_i64(st);
	row->ended_s = col_i64(st);
	row->seen_s = col_i64(st);
	col_text_to(st, row->seen_by, sizeof row->seen_by);
	col_text_to(st, row->note, sizeof row->note);
}

enum err alarm_get(struct db *db, int64_t property_id, int64_t alarm_id, struct alarm_row *row)
{
	struct stmt *st = db_query(db, ALARM_SELECT "WHERE property_id=? AND alarm_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, alarm_id);
	found = stmt_row(st);
	if (found)
		alarm_read(st, row);
	return stmt_end_one(st, found);
}

enum err alarm_seen(struct db *db, const struct alarm_row *row)
{
	struct stmt *st = db_query(db, "UPDATE alarm SET seen_s=?, seen_by=?, note=?, ended_s=?"
	                               " WHERE property_id=? AND alarm_id=? AND seen_s=0");

	bind_i64(st, row->seen_s);
	bind_text(st, row->seen_by);
	bind_text(st, row->note);
	bind_i64(st, row->ended_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->alarm_id);
	return stmt_run_one(st);
}

/* Two texts, so that those that last are found by their index. */
#define LISTED(which)                                                                              \
	ALARM_SELECT "WHERE property_id=? AND alarm_id<? AND level>=? AND (?=0 OR meter=?)" which  \
	             " ORDER BY alarm_id DESC"

enum err alarm_list(struct db *db, int64_t property_id, const struct alarm_filter *filter,
                    bool (*each)(void *arg, const struct alarm_row *), void *arg)
{
	struct stmt *st = db_query(db, filter->lasting ? LISTED(" AND ended_s=0") : LISTED(""));
	struct alarm_row row;

	bind_i64(st, property_id);
	bind_i64(st, filter->below ? filter->below : INT64_MAX);
	bind_i64(st, filter->least);
	bind_i64(st, filter->meter);
	bind_i64(st, filter->meter);
	while (stmt_row(st)) {
		alarm_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err alarm_counts(struct db *db, int64_t property_id, int64_t count[ALARM_LEVELS],
                      int64_t *unseen)
{
	struct stmt *st = db_query(db, "SELECT level, COUNT(*), SUM(CASE WHEN seen_s=0 THEN 1"
	                               " ELSE 0 END) FROM alarm WHERE property_id=? AND ended_s=0"
	                               " GROUP BY level");

	for (size_t i = 0; i < ALARM_LEVELS; i++)
		count[i] = 0;
	*unseen = 0;
	bind_i64(st, property_id);
	while (stmt_row(st)) {
		int64_t level = col_i64(st), alarms = col_i64(st);

		*unseen += col_i64(st);
		if (level >= 1 && level <= ALARM_LEVELS)
			count[level - 1] = alarms;
	}
	return stmt_end(st);
}

enum err alarm_remove(struct db *db, int64_t property_id, int64_t before_s, int64_t limit,
                      int64_t *removed)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM alarm WHERE property_id=? AND alarm_id IN"
	                     " (SELECT alarm_id FROM alarm WHERE property_id=? AND ended_s<>0"
	                     " AND last_s<? ORDER BY alarm_id LIMIT ?)");
	enum err err;

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_i64(st, before_s);
	bind_i64(st, limit);
	err = stmt_run(st);
	*removed = db_changes(db);
	return err;
}
