#include "platform/store/command_batch.h"

#include <string.h>

#include "platform/store/info.h"

const char *command_batch_state_text(enum command_batch_state state)
{
	switch (state) {
	case COMMAND_BATCH_GIVING:
		return "giving";
	case COMMAND_BATCH_DONE:
		return "done";
	case COMMAND_BATCH_STOPPED:
		break;
	}
	return "stopped";
}

enum err command_batch_insert(struct db *db, struct command_batch_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "command_batch", &row->batch_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO command_batch(property_id, batch_id, kind, until_s, reason,"
	                  " by_user_id, by_key_id, by_name, by_origin, approval_id, created_ms,"
	                  " item_count, given, state, stopped_why)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->batch_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->until_s);
	bind_text(st, row->reason);
	bind_i64(st, row->by_user_id);
	bind_i64(st, row->by_key_id);
	bind_text(st, row->by_name);
	bind_text(st, row->by_origin);
	bind_i64(st, row->approval_id);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->item_count);
	bind_i64(st, row->given);
	bind_i64(st, row->state);
	bind_text(st, row->stopped_why);
	return stmt_run(st);
}

enum err command_batch_add(struct db *db, const struct command_batch_row *row, int64_t position,
                           int64_t meter)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO command_batch_item(property_id, batch_id, position,"
	                     " meter, command_id, error) VALUES(?,?,?,?,0,'')");

	bind_i64(st, row->property_id);
	bind_i64(st, row->batch_id);
	bind_i64(st, position);
	bind_i64(st, meter);
	return stmt_run(st);
}

#define BATCH_SELECT                                                                               \
	"SELECT property_id, batch_id, kind, until_s, reason, by_user_id, by_key_id, by_name,"     \
	" by_origin, approval_id, created_ms, item_count, given, state, stopped_why"               \
	" FROM command_batch "

static void batch_read(struct stmt *st, struct command_batch_row *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->batch_id = col_i64(st);
	row->kind = (uint8_t)col_i64(st);
	row->until_s = col_i64(st);
	col_text_to(st, row->reason, sizeof row->reason);
	row->by_user_id = col_i64(st);
	row->by_key_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->by_origin, sizeof row->by_origin);
	row->approval_id = col_i64(st);
	row->created_ms = col_i64(st);
	row->item_count = col_i64(st);
	row->given = col_i64(st);
	row->state = (enum command_batch_state)col_i64(st);
	col_text_to(st, row->stopped_why, sizeof row->stopped_why);
}

enum err command_batch_get(struct db *db, int64_t property_id, int64_t batch_id,
                           struct command_batch_row *row)
{
	struct stmt *st = db_query(db, BATCH_SELECT "WHERE property_id=? AND batch_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, batch_id);
	found = stmt_row(st);
	if (found)
		batch_read(st, row);
	return stmt_end_one(st, found);
}

enum err command_batch_update(struct db *db, const struct command_batch_row *row)
{
	struct stmt *st = db_query(db, "UPDATE command_batch SET given=?, state=?, stopped_why=?"
	                               " WHERE property_id=? AND batch_id=?");

	bind_i64(st, row->given);
	bind_i64(st, row->state);
	bind_text(st, row->stopped_why);
	bind_i64(st, row->property_id);
	bind_i64(st, row->batch_id);
	return stmt_run(st);
}

enum err command_batch_set_item(struct db *db, const struct command_batch_item *item)
{
	struct stmt *st = db_query(db, "UPDATE command_batch_item SET command_id=?, error=?"
	                               " WHERE property_id=? AND batch_id=? AND position=?");

	bind_i64(st, item->command_id);
	bind_text(st, item->error);
	bind_i64(st, item->property_id);
	bind_i64(st, item->batch_id);
	bind_i64(st, item->position);
	return stmt_run(st);
}

enum err command_batch_list_open(struct db *db, int64_t limit,
                                 void (*each)(void *arg, const struct command_batch_row *),
                                 void *arg)
{
	/* 0 is giving. */
	struct stmt *st = db_query(db, BATCH_SELECT "WHERE state=0 ORDER BY batch_id LIMIT ?");
	struct command_batch_row row;

	bind_i64(st, limit);
	while (stmt_row(st)) {
		batch_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err command_batch_list(struct db *db, int64_t property_id, int64_t before,
                            bool (*each)(void *arg, const struct command_batch_row *), void *arg)
{
	struct stmt *st = db_query(db, BATCH_SELECT "WHERE property_id=? AND batch_id<?"
	                                            " ORDER BY batch_id DESC");
	struct command_batch_row row;

	bind_i64(st, property_id);
	bind_i64(st, before ? before : INT64_MAX);
	while (stmt_row(st)) {
		batch_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

#define ITEM_SELECT                                                                                \
	"SELECT i.property_id, i.batch_id, i.position, i.meter, coalesce(m.gateway_id,0),"         \
	" i.command_id, i.error, coalesce(c.stage,0), coalesce(c.reason_code,0)"                   \
	" FROM command_batch_item i"                                                               \
	" LEFT JOIN meter m ON m.property_id=i.property_id AND m.meter=i.meter"                    \
	" LEFT JOIN command c ON c.property_id=i.property_id AND c.command_id=i.command_id "

static enum err items_read(struct stmt *st,
                           bool (*each)(void *arg, const struct command_batch_item *), void *arg)
{
	struct command_batch_item item;

	while (stmt_row(st)) {
		item.property_id = col_i64(st);
		item.batch_id = col_i64(st);
		item.position = col_i64(st);
		item.meter = col_i64(st);
		item.gateway_id = col_i64(st);
		item.command_id = col_i64(st);
		col_text_to(st, item.error, sizeof item.error);
		item.stage = (enum stage)col_i64(st);
		item.reason_code = (uint32_t)col_i64(st);
		if (!each(arg, &item))
			break;
	}
	return stmt_end(st);
}

enum err command_batch_rest(struct db *db, const struct command_batch_row *row,
                            bool (*each)(void *arg, const struct command_batch_item *), void *arg)
{
	struct stmt *st = db_query(db, ITEM_SELECT "WHERE i.property_id=? AND i.batch_id=?"
	                                           " AND i.command_id=0 AND i.error=''"
	                                           " ORDER BY i.position");

	bind_i64(st, row->property_id);
	bind_i64(st, row->batch_id);
	return items_read(st, each, arg);
}

enum err command_batch_items(struct db *db, int64_t property_id, int64_t batch_id, int64_t after,
                             bool (*each)(void *arg, const struct command_batch_item *), void *arg)
{
	struct stmt *st = db_query(db, ITEM_SELECT "WHERE i.property_id=? AND i.batch_id=?"
	                                           " AND i.position>? ORDER BY i.position");

	bind_i64(st, property_id);
	bind_i64(st, batch_id);
	bind_i64(st, after);
	return items_read(st, each, arg);
}

enum err command_batch_stages(struct db *db, int64_t property_id, int64_t batch_id,
                              int64_t count[STAGE_COUNT])
{
	struct stmt *st = db_query(
	        db, "SELECT c.stage, count(*) FROM command_batch_item i"
	            " JOIN command c ON c.property_id=i.property_id AND c.command_id=i.command_id"
	            " WHERE i.property_id=? AND i.batch_id=? GROUP BY c.stage");

	memset(count, 0, STAGE_COUNT * sizeof *count);
	bind_i64(st, property_id);
	bind_i64(st, batch_id);
	while (stmt_row(st)) {
		int64_t stage = col_i64(st);

		if (stage >= 0 && stage < STAGE_COUNT)
			count[stage] = col_i64(st);
	}
	return stmt_end(st);
}

static enum err one_number(struct stmt *st, int64_t *number)
{
	bool found = stmt_row(st);

	*number = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err command_count_since(struct db *db, int64_t property_id, int64_t gateway_id, uint8_t kind,
                             int64_t since_ms, int64_t *count)
{
	struct stmt *st =
	        db_query(db, "SELECT count(*) FROM command WHERE property_id=? AND gateway_id=?"
	                     " AND created_ms>=? AND kind=?");

	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	bind_i64(st, since_ms);
	bind_i64(st, kind);
	return one_number(st, count);
}

enum err meter_count(struct db *db, int64_t property_id, int64_t *count)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM meter WHERE property_id=?");

	bind_i64(st, property_id);
	return one_number(st, count);
}

enum err meter_select(struct db *db, const struct meter_select *select,
                      bool (*each)(void *arg, int64_t meter, int64_t space_id), void *arg)
{
	struct stmt *st = db_query(
	        db, "SELECT m.meter, m.space_id FROM meter m LEFT JOIN space s"
	            " ON s.property_id=m.property_id AND s.space_id=m.space_id"
	            " WHERE m.property_id=? AND (?=0 OR s.space_id=? OR s.floor_id=?"
	            " OR s.building_id=?) AND (?=0 OR m.gateway_id=?) AND (?='' OR m.meter_use=?)"
	            " ORDER BY m.meter");

	bind_i64(st, select->property_id);
	for (int i = 0; i < 4; i++)
		bind_i64(st, select->space_id);
	bind_i64(st, select->gateway_id);
	bind_i64(st, select->gateway_id);
	bind_text(st, select->meter_use);
	bind_text(st, select->meter_use);
	while (stmt_row(st)) {
		int64_t meter = col_i64(st), space_id = col_i64(st);

		if (!each(arg, meter, space_id))
			break;
	}
	return stmt_end(st);
}
