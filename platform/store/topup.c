#include "platform/store/topup.h"

#include "platform/store/info.h"

/* ---- purses ---- */

#define PURSE_COLUMNS                                                                              \
	"SELECT property_id, meter, account_id, count, total_fen, meter_count, meter_total_fen,"   \
	" meter_balance_fen, read_ms, read_counter, version FROM meter_purse "

static void purse_read(struct stmt *st, struct meter_purse *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->account_id = col_i64(st);
	row->count = col_i64(st);
	row->total_fen = col_i64(st);
	row->meter_count = col_i64(st);
	row->meter_total_fen = col_i64(st);
	row->meter_balance_fen = col_i64(st);
	row->read_ms = col_i64(st);
	row->read_counter = col_i64(st);
	row->version = col_i64(st);
}

enum err meter_purse_get(struct db *db, int64_t property_id, int64_t meter, struct meter_purse *row)
{
	struct stmt *st = db_query(db, PURSE_COLUMNS "WHERE property_id=? AND meter=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	found = stmt_row(st);
	if (found)
		purse_read(st, row);
	return stmt_end_one(st, found);
}

enum err meter_purse_put(struct db *db, struct meter_purse *row)
{
	bool new = row->version == 0;
	struct stmt *st;

	if (new)
		st = db_query(db,
		              "INSERT INTO meter_purse(account_id, count, total_fen, meter_count,"
		              " meter_total_fen, meter_balance_fen, read_ms, read_counter,"
		              " property_id, meter, version) VALUES(?,?,?,?,?,?,?,?,?,?,1)");
	else
		st = db_query(db, "UPDATE meter_purse SET account_id=?, count=?, total_fen=?,"
		                  " meter_count=?, meter_total_fen=?, meter_balance_fen=?,"
		                  " read_ms=?, read_counter=?, version=version+1"
		                  " WHERE property_id=? AND meter=? AND version=?");
	bind_i64(st, row->account_id);
	bind_i64(st, row->count);
	bind_i64(st, row->total_fen);
	bind_i64(st, row->meter_count);
	bind_i64(st, row->meter_total_fen);
	bind_i64(st, row->meter_balance_fen);
	bind_i64(st, row->read_ms);
	bind_i64(st, row->read_counter);
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	if (!new)
		bind_i64(st, row->version);
	row->version++;
	return new ? stmt_run(st) : stmt_run_one(st);
}

enum err meter_purse_walk(struct db *db, int64_t property_id, int64_t after,
                          bool (*each)(void *arg, const struct meter_purse *), void *arg)
{
	struct stmt *st =
	        db_query(db, PURSE_COLUMNS "WHERE property_id=? AND meter>? AND read_ms>0"
	                                   " AND (count<>meter_count OR total_fen<>meter_total_fen)"
	                                   " ORDER BY meter");
	struct meter_purse row;

	bind_i64(st, property_id);
	bind_i64(st, after);
	while (stmt_row(st)) {
		purse_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

/* ---- deliveries ---- */

static const char *const states[] = {
        [TOPUP_WAITING] = "waiting", [TOPUP_QUEUED] = "queued",   [TOPUP_ASKING] = "asking",
        [TOPUP_DONE] = "done",       [TOPUP_REFUSED] = "refused", [TOPUP_HELD] = "held",
        [TOPUP_DROPPED] = "dropped",
};

const char *topup_state_word(enum topup_state state)
{
	return states[state];
}

static const char *const kinds[] = {
        [TOPUP_ORDER] = "order", [TOPUP_CARRY] = "carry", [TOPUP_VOID] = "void"};

const char *topup_kind_word(enum topup_kind kind)
{
	return kinds[kind];
}

enum err topup_insert(struct db *db, struct topup_row *row)
{
	enum err err = sequence_next(db, "topup", &row->topup_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO topup(property_id, topup_id, order_id,"
	                  " account_id, meter, state, amount_fen, count, total_fen, created_ms,"
	                  " next_ms, done_ms, tries, reason, kind, command_id, version)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->topup_id);
	bind_i64(st, row->order_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->state);
	bind_i64(st, row->amount_fen);
	bind_i64(st, row->count);
	bind_i64(st, row->total_fen);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->next_ms);
	bind_i64(st, row->done_ms);
	bind_i64(st, row->tries);
	bind_text(st, row->reason);
	bind_i64(st, row->kind);
	bind_i64(st, row->command_id);
	return stmt_run(st);
}

#define TOPUP_COLUMNS                                                                              \
	"SELECT property_id, topup_id, order_id, account_id, meter, state, amount_fen, count,"     \
	" total_fen, created_ms, next_ms, done_ms, tries, reason, kind, command_id, version"       \
	" FROM topup "

static void topup_read(struct stmt *st, struct topup_row *row)
{
	row->property_id = col_i64(st);
	row->topup_id = col_i64(st);
	row->order_id = col_i64(st);
	row->account_id = col_i64(st);
	row->meter = col_i64(st);
	row->state = (enum topup_state)col_i64(st);
	row->amount_fen = col_i64(st);
	row->count = col_i64(st);
	row->total_fen = col_i64(st);
	row->created_ms = col_i64(st);
	row->next_ms = col_i64(st);
	row->done_ms = col_i64(st);
	row->tries = col_i64(st);
	col_text_to(st, row->reason, sizeof row->reason);
	row->kind = (enum topup_kind)col_i64(st);
	row->command_id = col_i64(st);
	row->version = col_i64(st);
}

static enum err topup_one(struct stmt *st, int64_t property_id, int64_t id, struct topup_row *row)
{
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, id);
	found = stmt_row(st);
	if (found)
		topup_read(st, row);
	return stmt_end_one(st, found);
}

enum err topup_get(struct db *db, int64_t property_id, int64_t topup_id, struct topup_row *row)
{
	return topup_one(db_query(db, TOPUP_COLUMNS "WHERE property_id=? AND topup_id=?"),
	                 property_id, topup_id, row);
}

enum err topup_of_order(struct db *db, int64_t property_id, int64_t order_id, struct topup_row *row)
{
	return topup_one(db_query(db, TOPUP_COLUMNS "WHERE property_id=? AND order_id=?"
	                                            " ORDER BY topup_id DESC LIMIT 1"),
	                 property_id, order_id, row);
}

enum err topup_update(struct db *db, struct topup_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE topup SET state=?, count=?, total_fen=?, next_ms=?,"
	                     " done_ms=?, tries=?, reason=?, command_id=?, version=version+1"
	                     " WHERE property_id=? AND topup_id=? AND version=?");

	bind_i64(st, row->state);
	bind_i64(st, row->count);
	bind_i64(st, row->total_fen);
	bind_i64(st, row->next_ms);
	bind_i64(st, row->done_ms);
	bind_i64(st, row->tries);
	bind_text(st, row->reason);
	bind_i64(st, row->command_id);
	bind_i64(st, row->property_id);
	bind_i64(st, row->topup_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err topup_under_way(struct db *db, int64_t property_id, int64_t meter, struct topup_row *row)
{
	_Static_assert(TOPUP_QUEUED == 2 && TOPUP_ASKING == 3 && TOPUP_REFUSED == 5 &&
	                       TOPUP_HELD == 6,
	               "as in the statement");
	return topup_one(db_query(db, TOPUP_COLUMNS "WHERE property_id=? AND meter=?"
	                                            " AND state IN (2,3,5,6) LIMIT 1"),
	                 property_id, meter, row);
}

enum err topup_waiting(struct db *db, int64_t property_id, int64_t meter, struct topup_row *row)
{
	_Static_assert(TOPUP_WAITING == 1, "as in the statement");
	return topup_one(db_query(db, TOPUP_COLUMNS "WHERE property_id=? AND meter=?"
	                                            " AND state=1"
	                                            " ORDER BY topup_id LIMIT 1"),
	                 property_id, meter, row);
}

enum err topup_of_count(struct db *db, int64_t property_id, int64_t meter, int64_t count,
                        struct topup_row *row)
{
	struct stmt *st = db_query(db, TOPUP_COLUMNS "WHERE property_id=? AND meter=?"
	                                             " AND count=? AND state=4"
	                                             " ORDER BY topup_id DESC LIMIT 1");
	bool found;

	_Static_assert(TOPUP_DONE == 4, "as in the statement");
	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, count);
	found = stmt_row(st);
	if (found)
		topup_read(st, row);
	return stmt_end_one(st, found);
}

enum err topup_pending(struct db *db, int64_t property_id, int64_t account_id, int64_t *amount_fen)
{
	struct stmt *st = db_query(db, "SELECT coalesce(sum(amount_fen),0) FROM topup"
	                               " WHERE property_id=? AND account_id=?"
	                               " AND state IN (1,2,3,5,6)");
	bool found;

	_Static_assert(TOPUP_WAITING == 1 && TOPUP_HELD == 6, "as in the statement");
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	found = stmt_row(st);
	*amount_fen = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err topup_reopen(struct db *db, int64_t property_id, int64_t meter, int64_t count)
{
	struct stmt *st = db_query(db, "UPDATE topup SET state=1, version=version+1"
	                               " WHERE property_id=? AND meter=? AND count>?"
	                               " AND state IN (2,3,4)");

	_Static_assert(TOPUP_WAITING == 1 && TOPUP_QUEUED == 2 && TOPUP_ASKING == 3 &&
	                       TOPUP_DONE == 4,
	               "as in the statement");
	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, count);
	return stmt_run(st);
}

static enum err each_topup(struct stmt *st, bool (*each)(void *arg, const struct topup_row *),
                           void *arg)
{
	struct topup_row row;

	while (stmt_row(st)) {
		topup_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err topup_open(struct db *db, int64_t property_id, int64_t meter,
                    bool (*each)(void *arg, const struct topup_row *), void *arg)
{
	struct stmt *st = db_query(db, TOPUP_COLUMNS "WHERE property_id=? AND meter=?"
	                                             " AND state IN (1,2,3,5,6) ORDER BY topup_id");

	_Static_assert(TOPUP_WAITING == 1 && TOPUP_HELD == 6, "as in the statement");
	bind_i64(st, property_id);
	bind_i64(st, meter);
	return each_topup(st, each, arg);
}

enum err topup_due(struct db *db, int64_t now_ms, int64_t limit,
                   bool (*each)(void *arg, const struct topup_row *), void *arg)
{
	struct stmt *st = db_query(db, TOPUP_COLUMNS "WHERE state IN (2,3) AND next_ms<=?"
	                                             " ORDER BY next_ms LIMIT ?");

	_Static_assert(TOPUP_QUEUED == 2 && TOPUP_ASKING == 3, "as in the statement");
	bind_i64(st, now_ms);
	bind_i64(st, limit);
	return each_topup(st, each, arg);
}
