#include "platform/store/command.h"

#include <assert.h>
#include <string.h>

const char *stage_text(enum stage stage)
{
	static const char *const text[STAGE_COUNT] = {"queued",   "sent",    "received", "executed",
	                                              "verified", "refused", "failed",   "expired"};

	assert(stage < STAGE_COUNT);
	return text[stage];
}

/* A row without its stages was at this one before. */
static enum err stage_put(struct db *db, const struct command_row *row)
{
	struct stmt *st;

	if (row->stages[row->stage].at_ms == 0)
		return ERR_NONE;
	st = db_query(db, "INSERT INTO command_stage(property_id, command_id, stage, at_ms,"
	                  " reason_code) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING");
	bind_i64(st, row->property_id);
	bind_i64(st, row->command_id);
	bind_i64(st, row->stage);
	bind_i64(st, row->stages[row->stage].at_ms);
	bind_i64(st, row->stages[row->stage].reason_code);
	return stmt_run(st);
}

enum err command_insert(struct db *db, const struct command_row *row)
{
	struct stmt *st = db_query(
	        db,
	        "INSERT INTO command(property_id, command_id, meter, chip, gateway_id, kind,"
	        " counter, body, by_name, reason, idempotency_key, request_hash, until_s,"
	        " created_ms, expires_s, stage, reason_code, relay, next_send_ms, sends, act_id)"
	        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	enum err err;

	bind_i64(st, row->property_id);
	bind_i64(st, row->command_id);
	bind_i64(st, row->meter);
	bind_text(st, row->chip);
	bind_i64(st, row->gateway_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->counter);
	bind_blob(st, row->body, row->body_len);
	bind_text(st, row->by_name);
	bind_text(st, row->reason);
	bind_text(st, row->idempotency_key[0] ? row->idempotency_key : NULL);
	bind_i64(st, row->request_hash);
	bind_i64(st, row->until_s);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->expires_s);
	bind_i64(st, row->stage);
	bind_i64(st, row->reason_code);
	bind_i64(st, row->relay);
	bind_i64(st, row->next_send_ms);
	bind_i64(st, row->sends);
	bind_i64(st, row->act_id);
	err = stmt_run(st);
	return err ? err : stage_put(db, row);
}

enum err command_update(struct db *db, const struct command_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE command SET stage=?, reason_code=?, relay=?, next_send_ms=?,"
	                     " sends=? WHERE property_id=? AND command_id=?");
	enum err err;

	bind_i64(st, row->stage);
	bind_i64(st, row->reason_code);
	bind_i64(st, row->relay);
	bind_i64(st, row->next_send_ms);
	bind_i64(st, row->sends);
	bind_i64(st, row->property_id);
	bind_i64(st, row->command_id);
	err = stmt_run(st);
	return err ? err : stage_put(db, row);
}

enum err command_set_body(struct db *db, const struct command_row *row)
{
	struct stmt *st = db_query(db, "UPDATE command SET counter=?, body=?"
	                               " WHERE property_id=? AND command_id=?");

	bind_i64(st, row->counter);
	bind_blob(st, row->body, row->body_len);
	bind_i64(st, row->property_id);
	bind_i64(st, row->command_id);
	return stmt_run_one(st);
}

#define COMMAND_SELECT                                                                             \
	"SELECT property_id, command_id, meter, chip, gateway_id, kind, counter, body, by_name,"   \
	" reason, idempotency_key, request_hash, until_s, created_ms, expires_s, stage,"           \
	" reason_code, relay, next_send_ms, sends, act_id FROM command "

static void command_read(struct stmt *st, struct command_row *row)
{
	const void *body;

	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->command_id = col_i64(st);
	row->meter = col_i64(st);
	col_text_to(st, row->chip, sizeof row->chip);
	row->gateway_id = col_i64(st);
	row->kind = (uint8_t)col_i64(st);
	row->counter = (uint32_t)col_i64(st);
	body = col_blob(st, &row->body_len);
	if (!body || row->body_len > sizeof row->body)
		row->body_len = 0;
	else
		memcpy(row->body, body, row->body_len);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->reason, sizeof row->reason);
	col_text_to(st, row->idempotency_key, sizeof row->idempotency_key);
	row->request_hash = col_i64(st);
	row->until_s = col_i64(st);
	row->created_ms = col_i64(st);
	row->expires_s = col_i64(st);
	row->stage = (enum stage)col_i64(st) % STAGE_COUNT;
	row->reason_code = (uint32_t)col_i64(st);
	row->relay = (uint32_t)col_i64(st);
	row->next_send_ms = col_i64(st);
	row->sends = (uint32_t)col_i64(st);
	row->act_id = col_i64(st);
}

enum err command_stages(struct db *db, struct command_row *row)
{
	struct stmt *st = db_query(db, "SELECT stage, at_ms, reason_code FROM command_stage"
	                               " WHERE property_id=? AND command_id=?");

	bind_i64(st, row->property_id);
	bind_i64(st, row->command_id);
	while (stmt_row(st)) {
		uint64_t stage = (uint64_t)col_i64(st);

		if (stage >= STAGE_COUNT)
			continue;
		row->stages[stage].at_ms = col_i64(st);
		row->stages[stage].reason_code = (uint32_t)col_i64(st);
	}
	return stmt_end(st);
}

static enum err command_one(struct db *db, struct stmt *st, struct command_row *row)
{
	bool found = stmt_row(st);
	enum err err;

	if (found)
		command_read(st, row);
	err = stmt_end_one(st, found);
	return err ? err : command_stages(db, row);
}

enum err command_get(struct db *db, int64_t command_id, struct command_row *row)
{
	struct stmt *st = db_query(db, COMMAND_SELECT "WHERE command_id=?");

	bind_i64(st, command_id);
	return command_one(db, st, row);
}

enum err command_by_idempotency(struct db *db, int64_t property_id, const char *key,
                                struct command_row *row)
{
	struct stmt *st = db_query(db, COMMAND_SELECT "WHERE property_id=? AND idempotency_key=?");

	bind_i64(st, property_id);
	bind_text(st, key);
	return command_one(db, st, row);
}

static enum err command_each(struct db *db, struct stmt *st,
                             void (*each)(void *arg, const struct command_row *), void *arg)
{
	struct command_row row;
	enum err err = ERR_NONE, end;

	while (!err && stmt_row(st)) {
		command_read(st, &row);
		err = command_stages(db, &row);
		if (!err)
			each(arg, &row);
	}
	end = stmt_end(st);
	return err ? err : end;
}

enum err command_list(struct db *db, int64_t property_id, int64_t meter, int64_t before,
                      int64_t limit, void (*each)(void *arg, const struct command_row *), void *arg)
{
	struct stmt *st =
	        db_query(db, COMMAND_SELECT "WHERE property_id=? AND meter=? AND command_id<?"
	                                    " ORDER BY command_id DESC LIMIT ?");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, before ? before : INT64_MAX);
	bind_i64(st, limit);
	return command_each(db, st, each, arg);
}

enum err command_list_open(struct db *db, int64_t limit,
                           void (*each)(void *arg, const struct command_row *), void *arg)
{
	struct stmt *st = db_query(db, COMMAND_SELECT "WHERE stage<=3 ORDER BY command_id LIMIT ?");
	struct command_row row;

	bind_i64(st, limit);
	while (stmt_row(st)) {
		command_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err command_list_open_of(struct db *db, int64_t property_id, int64_t meter,
                              void (*each)(void *arg, const struct command_row *), void *arg)
{
	struct stmt *st = db_query(db, COMMAND_SELECT "WHERE property_id=? AND meter=? AND stage<=3"
	                                              " ORDER BY command_id");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	return command_each(db, st, each, arg);
}

enum err command_count_open(struct db *db, int64_t property_id, int64_t meter, int64_t *count)
{
	struct stmt *st = db_query(
	        db, "SELECT count(*) FROM command WHERE property_id=? AND meter=? AND stage<=3");
	bool row;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	row = stmt_row(st);
	*count = row ? col_i64(st) : 0;
	return stmt_end_one(st, row);
}
