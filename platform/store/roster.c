#include "platform/store/roster.h"

#include <string.h>

#include "libs/base/macros.h"
#include "platform/store/info.h"

static const char *const state_words[] = {"going", "done", "stopped"};

const char *roster_state_word(enum roster_state state)
{
	return state < ARRAY_SIZE(state_words) ? state_words[state] : "";
}

bool roster_state_parse(const char *word, enum roster_state *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_words); i++)
		if (strcmp(state_words[i], word) == 0) {
			*state = (enum roster_state)i;
			return true;
		}
	return false;
}

#define ROSTER_COLUMNS                                                                             \
	"property_id, roster_id, kind, body, reason, by_name, by_origin, by_user_id, by_key_id,"   \
	" approval_id, created_ms, item_count, done, refused, state, stopped_why"

enum err roster_insert(struct db *db, struct roster_row *row)
{
	enum err err = sequence_next(db, "roster", &row->roster_id);
	struct stmt *st;

	if (err)
		return err;
	st = db_query(db, "INSERT INTO roster(" ROSTER_COLUMNS ")"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->roster_id);
	bind_text(st, row->kind);
	bind_text(st, row->body);
	bind_text(st, row->reason);
	bind_text(st, row->by_name);
	bind_text(st, row->by_origin);
	bind_i64(st, row->by_user_id);
	bind_i64(st, row->by_key_id);
	bind_i64(st, row->approval_id);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->item_count);
	bind_i64(st, row->done);
	bind_i64(st, row->refused);
	bind_i64(st, row->state);
	bind_text(st, row->stopped_why);
	return stmt_run(st);
}

enum err roster_add(struct db *db, const struct roster_row *row, int64_t position,
                    int64_t object_id)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO roster_item(property_id, roster_id, position, object_id, done,"
	            " result, error, detail) VALUES(?,?,?,?,0,0,'','')");

	bind_i64(st, row->property_id);
	bind_i64(st, row->roster_id);
	bind_i64(st, position);
	bind_i64(st, object_id);
	return stmt_run(st);
}

static void roster_read(struct stmt *st, struct roster_row *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->roster_id = col_i64(st);
	col_text_to(st, row->kind, sizeof row->kind);
	col_text_to(st, row->body, sizeof row->body);
	col_text_to(st, row->reason, sizeof row->reason);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->by_origin, sizeof row->by_origin);
	row->by_user_id = col_i64(st);
	row->by_key_id = col_i64(st);
	row->approval_id = col_i64(st);
	row->created_ms = col_i64(st);
	row->item_count = col_i64(st);
	row->done = col_i64(st);
	row->refused = col_i64(st);
	row->state = (enum roster_state)col_i64(st);
	col_text_to(st, row->stopped_why, sizeof row->stopped_why);
}

static enum err roster_one(struct stmt *st, struct roster_row *row)
{
	bool found = stmt_row(st);

	if (found)
		roster_read(st, row);
	return stmt_end_one(st, found);
}

enum err roster_get(struct db *db, int64_t property_id, int64_t roster_id, struct roster_row *row)
{
	struct stmt *st = db_query(db, "SELECT " ROSTER_COLUMNS
	                               " FROM roster WHERE property_id=? AND roster_id=?");

	bind_i64(st, property_id);
	bind_i64(st, roster_id);
	return roster_one(st, row);
}

enum err roster_next(struct db *db, struct roster_row *row)
{
	/* 0 is going: the partial index roster_going */
	return roster_one(db_query(db, "SELECT " ROSTER_COLUMNS " FROM roster WHERE state=0"
	                               " ORDER BY roster_id LIMIT 1"),
	                  row);
}

enum err roster_update(struct db *db, const struct roster_row *row)
{
	struct stmt *st = db_query(db, "UPDATE roster SET done=?, refused=?, state=?,"
	                               " stopped_why=? WHERE property_id=? AND roster_id=?");

	bind_i64(st, row->done);
	bind_i64(st, row->refused);
	bind_i64(st, row->state);
	bind_text(st, row->stopped_why);
	bind_i64(st, row->property_id);
	bind_i64(st, row->roster_id);
	return stmt_run(st);
}

enum err roster_set_item(struct db *db, const struct roster_item *item)
{
	struct stmt *st = db_query(db, "UPDATE roster_item SET done=?, result=?, error=?, detail=?"
	                               " WHERE property_id=? AND roster_id=? AND position=?");

	bind_i64(st, item->done);
	bind_i64(st, item->result);
	bind_text(st, item->error);
	bind_text(st, item->detail);
	bind_i64(st, item->property_id);
	bind_i64(st, item->roster_id);
	bind_i64(st, item->position);
	return stmt_run(st);
}

enum err roster_list(struct db *db, int64_t property_id, int64_t before,
                     bool (*each)(void *arg, const struct roster_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " ROSTER_COLUMNS " FROM roster WHERE property_id=?"
	                               " AND roster_id<? ORDER BY roster_id DESC");
	struct roster_row row;

	bind_i64(st, property_id);
	bind_i64(st, before ? before : INT64_MAX);
	while (stmt_row(st)) {
		roster_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

#define ITEM_SELECT                                                                                \
	"SELECT property_id, roster_id, position, object_id, done, result, error, detail"          \
	" FROM roster_item WHERE property_id=? AND roster_id=? "

static void item_read(struct stmt *st, struct roster_item *item)
{
	item->property_id = col_i64(st);
	item->roster_id = col_i64(st);
	item->position = col_i64(st);
	item->object_id = col_i64(st);
	item->done = col_i64(st);
	item->result = col_i64(st);
	col_text_to(st, item->error, sizeof item->error);
	col_text_to(st, item->detail, sizeof item->detail);
}

enum err roster_rest(struct db *db, const struct roster_row *row, size_t limit,
                     struct roster_item *items, size_t *count)
{
	/* rows are tried in order: the first `done` of them are through */
	struct stmt *st = db_query(db, ITEM_SELECT "AND position>? ORDER BY position LIMIT ?");

	bind_i64(st, row->property_id);
	bind_i64(st, row->roster_id);
	bind_i64(st, row->done);
	bind_i64(st, (int64_t)limit);
	for (*count = 0; *count < limit && stmt_row(st); ++*count)
		item_read(st, &items[*count]);
	return stmt_end(st);
}

enum err roster_items(struct db *db, int64_t property_id, int64_t roster_id, bool refused,
                      int64_t after, bool (*each)(void *arg, const struct roster_item *), void *arg)
{
	struct stmt *st = db_query(db, refused ? ITEM_SELECT "AND position>? AND error<>''"
	                                                     " ORDER BY position"
	                                       : ITEM_SELECT "AND position>? ORDER BY position");
	struct roster_item item;

	bind_i64(st, property_id);
	bind_i64(st, roster_id);
	bind_i64(st, after);
	while (stmt_row(st)) {
		item_read(st, &item);
		if (!each(arg, &item))
			break;
	}
	return stmt_end(st);
}
