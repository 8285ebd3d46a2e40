#include "platform/store/approval.h"

#include <string.h>

#include "libs/base/macros.h"
#include "platform/store/info.h"

static const char *const states[APPROVAL_STATE_COUNT] = {
        [APPROVAL_WAITING] = "waiting",   [APPROVAL_DONE] = "done",
        [APPROVAL_REJECTED] = "rejected", [APPROVAL_CANCELLED] = "cancelled",
        [APPROVAL_EXPIRED] = "expired",   [APPROVAL_FAILED] = "failed",
};

const char *approval_state_text(enum approval_state state)
{
	return state < APPROVAL_STATE_COUNT ? states[state] : "";
}

bool approval_state_parse(const char *word, enum approval_state *state)
{
	for (unsigned i = 0; i < APPROVAL_STATE_COUNT; i++)
		if (strcmp(states[i], word) == 0) {
			*state = (enum approval_state)i;
			return true;
		}
	return false;
}

enum err approval_insert(struct db *db, struct approval_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "approval", &row->approval_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO approval(property_id, approval_id, group_id, space_id, kind,"
	                  " object, object_count, hash, reason, by_user_id, by_key_id, by_name,"
	                  " by_origin, created_s, expires_s, state, decided_s, decided_by,"
	                  " decided_name, decided_reason, result, body)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->approval_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->space_id);
	bind_text(st, row->kind);
	bind_text(st, row->object);
	bind_i64(st, row->object_count);
	bind_text(st, row->hash);
	bind_text(st, row->reason);
	bind_i64(st, row->by_user_id);
	bind_i64(st, row->by_key_id);
	bind_text(st, row->by_name);
	bind_text(st, row->by_origin);
	bind_i64(st, row->created_s);
	bind_i64(st, row->expires_s);
	bind_i64(st, row->state);
	bind_i64(st, row->decided_s);
	bind_i64(st, row->decided_by);
	bind_text(st, row->decided_name);
	bind_text(st, row->decided_reason);
	bind_text(st, row->result);
	bind_blob(st, row->body, row->body_len);
	return stmt_run(st);
}

#define APPROVAL_COLUMNS                                                                           \
	"SELECT property_id, approval_id, group_id, space_id, kind, object, object_count, hash,"   \
	" reason, by_user_id, by_key_id, by_name, by_origin, created_s, expires_s, state,"         \
	" decided_s, decided_by, decided_name, decided_reason, result"

static void approval_take(struct stmt *st, struct approval_row *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->approval_id = col_i64(st);
	row->group_id = col_i64(st);
	row->space_id = col_i64(st);
	col_text_to(st, row->kind, sizeof row->kind);
	col_text_to(st, row->object, sizeof row->object);
	row->object_count = col_i64(st);
	col_text_to(st, row->hash, sizeof row->hash);
	col_text_to(st, row->reason, sizeof row->reason);
	row->by_user_id = col_i64(st);
	row->by_key_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->by_origin, sizeof row->by_origin);
	row->created_s = col_i64(st);
	row->expires_s = col_i64(st);
	row->state = (enum approval_state)col_i64(st);
	row->decided_s = col_i64(st);
	row->decided_by = col_i64(st);
	col_text_to(st, row->decided_name, sizeof row->decided_name);
	col_text_to(st, row->decided_reason, sizeof row->decided_reason);
	col_text_to(st, row->result, sizeof row->result);
}

enum err approval_get(struct db *db, int64_t approval_id, struct approval_row *row)
{
	struct stmt *st = db_query(db, APPROVAL_COLUMNS " FROM approval WHERE approval_id=?");
	bool found;

	bind_i64(st, approval_id);
	found = stmt_row(st);
	if (found)
		approval_take(st, row);
	return stmt_end_one(st, found);
}

enum err approval_read(struct db *db, int64_t approval_id,
                       void (*each)(void *arg, const struct approval_row *), void *arg)
{
	struct stmt *st = db_query(db, APPROVAL_COLUMNS ", body FROM approval WHERE approval_id=?");
	struct approval_row row;
	bool found;

	bind_i64(st, approval_id);
	found = stmt_row(st);
	if (found) {
		approval_take(st, &row);
		row.body = col_blob(st, &row.body_len);
		each(arg, &row);
	}
	return stmt_end_one(st, found);
}

enum err approval_update(struct db *db, const struct approval_row *row)
{
	struct stmt *st = db_query(db, "UPDATE approval SET state=?, decided_s=?, decided_by=?,"
	                               " decided_name=?, decided_reason=?, result=?"
	                               " WHERE property_id=? AND approval_id=?");

	bind_i64(st, row->state);
	bind_i64(st, row->decided_s);
	bind_i64(st, row->decided_by);
	bind_text(st, row->decided_name);
	bind_text(st, row->decided_reason);
	bind_text(st, row->result);
	bind_i64(st, row->property_id);
	bind_i64(st, row->approval_id);
	return stmt_run(st);
}

enum err approval_waiting_hash(struct db *db, int64_t property_id, const char *hash,
                               int64_t *approval_id)
{
	/* 0 is waiting, and few ever are. */
	struct stmt *st = db_query(db, "SELECT approval_id FROM approval WHERE property_id=?"
	                               " AND state=0 AND hash=?");
	bool found;

	bind_i64(st, property_id);
	bind_text(st, hash);
	found = stmt_row(st);
	if (found)
		*approval_id = col_i64(st);
	return stmt_end_one(st, found);
}

enum err approval_list(struct db *db, int64_t before,
                       bool (*each)(void *arg, const struct approval_row *), void *arg)
{
	struct stmt *st = db_query(db, APPROVAL_COLUMNS " FROM approval WHERE approval_id<?"
	                                                " ORDER BY approval_id DESC");
	struct approval_row row;

	bind_i64(st, before ? before : INT64_MAX);
	while (stmt_row(st)) {
		approval_take(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err approval_list_late(struct db *db, int64_t now_s, int64_t limit,
                            void (*each)(void *arg, const struct approval_row *), void *arg)
{
	struct stmt *st = db_query(db, APPROVAL_COLUMNS " FROM approval WHERE state=0"
	                                                " AND expires_s<=? ORDER BY approval_id"
	                                                " LIMIT ?");
	struct approval_row row;

	bind_i64(st, now_s);
	bind_i64(st, limit);
	while (stmt_row(st)) {
		approval_take(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}
