/* Evidence, openings that wait for people, and the list of states. */
#include <stdio.h>
#include <string.h>

#include "libs/credit/rate.h"
#include "platform/store/charge.h"
#include "platform/store/info.h"
#include "platform/store/supply.h"

#define WORD_OF(list, value) ((size_t)(value) < ARRAY_SIZE(list) ? (list)[value] : "")

const char *supply_outcome_word(enum supply_outcome outcome)
{
	static const char *const words[] = {"", "given", "done", "failed", "recalled"};

	return WORD_OF(words, outcome);
}

const char *supply_path_word(enum supply_path path)
{
	static const char *const words[] = {"", "automatic", "batch", "single"};

	return WORD_OF(words, path);
}

const char *held_state_word(enum held_state state)
{
	static const char *const words[] = {"", "waiting", "released", "dropped"};

	return WORD_OF(words, state);
}

/* ---- evidence ---- */

enum err supply_reading(struct db *db, int64_t property_id, int64_t meter,
                        struct supply_reading *reading)
{
	struct rating_row row;
	enum err err = rating_get(db, property_id, meter, &row);

	*reading = (struct supply_reading){.at_s = 0};
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	reading->units = row.billed_units;
	reading->at_s = row.billed_s;
	reading->fault = row.fault;
	reading->version_id = row.version_id;
	return ERR_NONE;
}

#define ACT_COLUMNS                                                                                \
	"property_id, act_id, account_id, meter, want, reason, at_ms, state, reading_units,"       \
	" reading_s, version_id, available_fen, alarm1_fen, alarm2_fen, overdraft_fen,"            \
	" close_fen, grace_s, announced_s, command_id, outcome, outcome_ms"

enum err supply_act_insert(struct db *db, struct supply_act *row)
{
	enum err err = sequence_next(db, "supply_act", &row->act_id);
	struct stmt *st;

	if (err)
		return err;
	st = db_query(db, "INSERT INTO supply_act(" ACT_COLUMNS ")"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->act_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->want);
	bind_text(st, row->reason);
	bind_i64(st, row->at_ms);
	bind_i64(st, row->state);
	bind_i64(st, row->reading.units);
	bind_i64(st, row->reading.at_s);
	bind_i64(st, row->reading.version_id);
	bind_i64(st, row->available.fen);
	bind_i64(st, row->limits.alarm1.fen);
	bind_i64(st, row->limits.alarm2.fen);
	bind_i64(st, row->limits.overdraft.fen);
	bind_i64(st, row->limits.close.fen);
	bind_i64(st, row->limits.grace_s);
	bind_i64(st, row->announced_s);
	bind_i64(st, row->command_id);
	bind_i64(st, row->outcome);
	bind_i64(st, row->outcome_ms);
	return stmt_run(st);
}

static void act_read(struct stmt *st, struct supply_act *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->act_id = col_i64(st);
	row->account_id = col_i64(st);
	row->meter = col_i64(st);
	row->want = (enum supply_want)col_i64(st);
	col_text_to(st, row->reason, sizeof row->reason);
	row->at_ms = col_i64(st);
	row->state = (enum balance_state)((uint64_t)col_i64(st) % BALANCE_STATES);
	row->reading.units = col_i64(st);
	row->reading.at_s = col_i64(st);
	row->reading.version_id = col_i64(st);
	row->available = money_fen(col_i64(st));
	row->limits.alarm1 = money_fen(col_i64(st));
	row->limits.alarm2 = money_fen(col_i64(st));
	row->limits.overdraft = money_fen(col_i64(st));
	row->limits.close = money_fen(col_i64(st));
	row->limits.grace_s = col_i64(st);
	row->announced_s = col_i64(st);
	row->command_id = col_i64(st);
	row->outcome = (enum supply_outcome)col_i64(st);
	row->outcome_ms = col_i64(st);
}

enum err supply_act_get(struct db *db, int64_t property_id, int64_t act_id, struct supply_act *row)
{
	struct stmt *st = db_query(db, "SELECT " ACT_COLUMNS
	                               " FROM supply_act WHERE property_id=? AND act_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, act_id);
	found = stmt_row(st);
	if (found)
		act_read(st, row);
	return stmt_end_one(st, found);
}

enum err supply_act_command(struct db *db, const struct supply_act *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE supply_act SET command_id=? WHERE property_id=? AND act_id=?");

	bind_i64(st, row->command_id);
	bind_i64(st, row->property_id);
	bind_i64(st, row->act_id);
	return stmt_run(st);
}

enum err supply_act_end(struct db *db, int64_t property_id, int64_t act_id,
                        enum supply_outcome outcome, int64_t at_ms)
{
	struct stmt *st = db_query(db, "UPDATE supply_act SET outcome=?, outcome_ms=?"
	                               " WHERE property_id=? AND act_id=?");

	bind_i64(st, outcome);
	bind_i64(st, at_ms);
	bind_i64(st, property_id);
	bind_i64(st, act_id);
	return stmt_run(st);
}

static enum err each_act(struct stmt *st, bool (*each)(void *arg, const struct supply_act *),
                         void *arg)
{
	struct supply_act row;

	while (stmt_row(st)) {
		act_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err supply_acts(struct db *db, int64_t property_id, int64_t meter, int64_t before,
                     bool (*each)(void *arg, const struct supply_act *), void *arg)
{
	struct stmt *st;

	if (meter) {
		st = db_query(db, "SELECT " ACT_COLUMNS " FROM supply_act WHERE property_id=?"
		                  " AND meter=? AND act_id<? ORDER BY act_id DESC");
		bind_i64(st, property_id);
		bind_i64(st, meter);
	} else {
		st = db_query(db, "SELECT " ACT_COLUMNS " FROM supply_act WHERE property_id=?"
		                  " AND act_id<? ORDER BY act_id DESC");
		bind_i64(st, property_id);
	}
	bind_i64(st, before ? before : INT64_MAX);
	return each_act(st, each, arg);
}

static bool add_cost(void *arg, const struct charge_row *row)
{
	*(int64_t *)arg += row->exact;
	return true;
}

enum err supply_cost(struct db *db, int64_t property_id, int64_t account_id, int64_t from_day,
                     int64_t until_day, struct money *cost)
{
	int64_t exact = 0;
	enum err err = charge_of_account(db, property_id, account_id, from_day, until_day, add_cost,
	                                 &exact);

	*cost = money_fen(exact / RATE_REST_PER_FEN);
	return err;
}

/* ---- openings that wait for people ---- */

#define HELD_COLUMNS                                                                               \
	"property_id, held_id, meter, path, batch_id, position, user_id, key_id, by_name,"         \
	" by_origin, reason, made_ms, state, ended_ms, command_id, approval_id, ended_why,"        \
	" expires_ms, expiry_s, resend_ms, clock_wait_ms"

static void held_read(struct stmt *st, struct supply_held *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->held_id = col_i64(st);
	row->meter = col_i64(st);
	row->path = (enum supply_path)col_i64(st);
	row->batch_id = col_i64(st);
	row->position = col_i64(st);
	row->user_id = col_i64(st);
	row->key_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->by_origin, sizeof row->by_origin);
	col_text_to(st, row->reason, sizeof row->reason);
	row->made_ms = col_i64(st);
	row->state = (enum held_state)col_i64(st);
	row->ended_ms = col_i64(st);
	row->command_id = col_i64(st);
	row->approval_id = col_i64(st);
	col_text_to(st, row->ended_why, sizeof row->ended_why);
	row->expires_ms = col_i64(st);
	row->expiry_s = col_i64(st);
	row->resend_ms = col_i64(st);
	row->clock_wait_ms = col_i64(st);
}

static enum err held_one(struct stmt *st, struct supply_held *row)
{
	bool found = stmt_row(st);

	if (found)
		held_read(st, row);
	return stmt_end_one(st, found);
}

enum err supply_held_get(struct db *db, int64_t property_id, int64_t held_id,
                         struct supply_held *row)
{
	struct stmt *st = db_query(db, "SELECT " HELD_COLUMNS
	                               " FROM supply_held WHERE property_id=? AND held_id=?");

	bind_i64(st, property_id);
	bind_i64(st, held_id);
	return held_one(st, row);
}

enum err supply_held_of(struct db *db, int64_t property_id, int64_t meter, struct supply_held *row)
{
	struct stmt *st =
	        db_query(db, "SELECT " HELD_COLUMNS
	                     " FROM supply_held WHERE property_id=? AND meter=? AND state=1");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	return held_one(st, row);
}

enum err supply_held_insert(struct db *db, struct supply_held *row)
{
	struct supply_held other;
	struct stmt *st;
	enum err err = supply_held_of(db, row->property_id, row->meter, &other);

	if (!err) {
		*row = other;
		return ERR_DUP;
	}
	if (err == ERR_NOT_FOUND)
		err = sequence_next(db, "supply_held", &row->held_id);
	if (err)
		return err;
	row->state = HELD_WAITING;
	st = db_query(db, "INSERT INTO supply_held(" HELD_COLUMNS ")"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->held_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->path);
	bind_i64(st, row->batch_id);
	bind_i64(st, row->position);
	bind_i64(st, row->user_id);
	bind_i64(st, row->key_id);
	bind_text(st, row->by_name);
	bind_text(st, row->by_origin);
	bind_text(st, row->reason);
	bind_i64(st, row->made_ms);
	bind_i64(st, row->state);
	bind_i64(st, row->ended_ms);
	bind_i64(st, row->command_id);
	bind_i64(st, row->approval_id);
	bind_text(st, row->ended_why);
	bind_i64(st, row->expires_ms);
	bind_i64(st, row->expiry_s);
	bind_i64(st, row->resend_ms);
	bind_i64(st, row->clock_wait_ms);
	return stmt_run(st);
}

enum err supply_held_end(struct db *db, const struct supply_held *row)
{
	struct stmt *st = db_query(db, "UPDATE supply_held SET state=?, ended_ms=?, command_id=?,"
	                               " approval_id=?, ended_why=? WHERE property_id=?"
	                               " AND held_id=? AND state=1");

	bind_i64(st, row->state);
	bind_i64(st, row->ended_ms);
	bind_i64(st, row->command_id);
	bind_i64(st, row->approval_id);
	bind_text(st, row->ended_why);
	bind_i64(st, row->property_id);
	bind_i64(st, row->held_id);
	return stmt_run_one(st);
}

enum err supply_held_over(struct db *db, int64_t now_ms, size_t limit, struct supply_due *due,
                          size_t *count)
{
	/* as the partial index supply_held_over says it */
	struct stmt *st =
	        db_query(db, "SELECT property_id, held_id FROM supply_held WHERE state=1"
	                     " AND expires_ms>0 AND expires_ms<=? ORDER BY expires_ms LIMIT ?");

	bind_i64(st, now_ms);
	bind_i64(st, (int64_t)limit);
	for (*count = 0; *count < limit && stmt_row(st); ++*count) {
		due[*count].property_id = col_i64(st);
		due[*count].id = col_i64(st);
	}
	return stmt_end(st);
}

enum err supply_held_list(struct db *db, int64_t property_id, int state, int64_t after,
                          bool (*each)(void *arg, const struct supply_held *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " HELD_COLUMNS
	                               " FROM supply_held WHERE property_id=? AND held_id>?"
	                               " AND (?=0 OR state=?) ORDER BY held_id");
	struct supply_held row;

	bind_i64(st, property_id);
	bind_i64(st, after);
	bind_i64(st, state);
	bind_i64(st, state);
	while (stmt_row(st)) {
		held_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err supply_trips_since(struct db *db, int64_t property_id, int64_t meter, int64_t since_ms,
                            int64_t *count, bool *counted)
{
	/* kind 1 is trip: the partial index command_trip */
	struct stmt *st =
	        db_query(db, "SELECT count(DISTINCT meter), coalesce(sum(CASE WHEN meter=? THEN 1"
	                     " ELSE 0 END),0) FROM command WHERE property_id=? AND kind=1"
	                     " AND created_ms>=?");
	bool row;

	bind_i64(st, meter);
	bind_i64(st, property_id);
	bind_i64(st, since_ms);
	row = stmt_row(st);
	*count = row ? col_i64(st) : 0;
	*counted = row && col_i64(st) > 0;
	return stmt_end_one(st, row);
}

/* ---- the list ---- */

static void use_read(struct stmt *st, struct supply_use *row)
{
	memset(row, 0, sizeof *row);
	row->use.property_id = col_i64(st);
	row->use.meter = col_i64(st);
	row->use.from_s = col_i64(st);
	row->use.account_id = col_i64(st);
	if (!service_parse(col_text(st), &row->use.service))
		row->use.service = SERVICE_ELECTRICITY;
	row->use.credit = strcmp(col_text(st), credit_place_word(CREDIT_METER)) == 0
	                          ? CREDIT_METER
	                          : CREDIT_PLATFORM;
	row->use.until_s = ACCOUNT_OPEN_S;
	row->account_state = (enum account_state)col_i64(st);
	col_text_to(st, row->account_code, sizeof row->account_code);
	row->customer_id = col_i64(st);
	row->space_id = col_i64(st);
	col_text_to(st, row->meter_name, sizeof row->meter_name);
	row->lost = col_i64(st);
	row->cut = col_i64(st);
}

/* What belongs to it is read by its key: rows of their own, and most meters have none. */
static enum err use_fill(struct db *db, struct supply_use *row)
{
	int64_t property_id = row->use.property_id, meter = row->use.meter;
	enum err err = supply_account_get(db, property_id, row->use.account_id, &row->account);

	if (!err)
		err = supply_meter_get(db, property_id, meter, &row->meter);
	return err ? err : supply_reading(db, property_id, meter, &row->reading);
}

enum err supply_uses(struct db *db, int64_t property_id, int64_t meter, int64_t after,
                     bool (*each)(void *arg, const struct supply_use *), void *arg)
{
	struct stmt *st = db_query(
	        db, "SELECT u.property_id, u.meter, u.from_s, u.account_id, u.service, u.credit,"
	            " a.state, a.code, a.customer_id, m.space_id, m.name,"
	            " CASE WHEN x.meter IS NULL THEN 0 ELSE 1 END, coalesce(z.cut,0)"
	            " FROM account_meter u"
	            " JOIN account a ON a.property_id=u.property_id AND a.account_id=u.account_id"
	            " JOIN meter m ON m.property_id=u.property_id AND m.meter=u.meter"
	            " LEFT JOIN reading_missed x ON x.property_id=u.property_id AND x.meter=u.meter"
	            " LEFT JOIN meter_price z ON z.property_id=u.property_id AND z.meter=u.meter"
	            " WHERE u.property_id=? AND u.meter>? AND u.meter<=?"
	            " AND u.until_s=9223372036854775807 ORDER BY u.meter");
	struct supply_use row;
	enum err err = ERR_NONE, end;

	bind_i64(st, property_id);
	bind_i64(st, meter ? meter - 1 : after);
	bind_i64(st, meter ? meter : INT64_MAX);
	while (!err && stmt_row(st)) {
		use_read(st, &row);
		err = use_fill(db, &row);
		if (!err && !each(arg, &row))
			break;
	}
	end = stmt_end(st);
	return err ? err : end;
}

static void spot_read(struct stmt *st, int64_t property_id, struct supply_spot *row)
{
	struct supply_use *use = &row->use;

	memset(row, 0, sizeof *row);
	use->use.property_id = property_id;
	use->use.meter = col_i64(st);
	col_text_to(st, use->meter_name, sizeof use->meter_name);
	use->space_id = col_i64(st);
	use->use.account_id = col_i64(st);
	use->account_state = (enum account_state)col_i64(st);
	col_text_to(st, use->account_code, sizeof use->account_code);
	use->customer_id = col_i64(st);
	col_text_to(st, row->customer, sizeof row->customer);
	use->account.memory.state = (enum balance_state)col_i64(st);
	use->account.memory.cut_at_s = col_i64(st);
	use->account.changed_s = col_i64(st);
	use->meter.mode = (enum supply_mode)col_i64(st);
	use->meter.mode_until_s = col_i64(st);
	use->meter.mark = (enum supply_mark)col_i64(st);
	use->meter.opened = (enum supply_opened)col_i64(st);
	use->lost = col_i64(st);
	use->cut = col_i64(st);
}

enum err supply_spots(struct db *db, int64_t property_id,
                      bool (*each)(void *arg, const struct supply_spot *), void *arg)
{
	struct stmt *st = db_query(
	        db,
	        "SELECT m.meter, m.name, m.space_id, coalesce(u.account_id,0),"
	        " coalesce(a.state,0), coalesce(a.code,''), coalesce(a.customer_id,0),"
	        " coalesce(c.name,''), coalesce(y.state,0), coalesce(y.cut_at_s,0),"
	        " coalesce(y.changed_s,0), coalesce(s.mode,0), coalesce(s.mode_until_s,0),"
	        " coalesce(s.mark,0), coalesce(s.opened,0),"
	        " CASE WHEN x.meter IS NULL THEN 0 ELSE 1 END, coalesce(z.cut,0) FROM meter m"
	        " LEFT JOIN account_meter u ON u.property_id=m.property_id AND u.meter=m.meter"
	        " AND u.until_s=9223372036854775807"
	        " LEFT JOIN account a ON a.property_id=u.property_id AND a.account_id=u.account_id"
	        " LEFT JOIN customer c ON c.property_id=a.property_id"
	        " AND c.customer_id=a.customer_id"
	        " LEFT JOIN supply_account y ON y.property_id=u.property_id"
	        " AND y.account_id=u.account_id"
	        " LEFT JOIN supply_meter s ON s.property_id=m.property_id AND s.meter=m.meter"
	        " LEFT JOIN reading_missed x ON x.property_id=m.property_id AND x.meter=m.meter"
	        " LEFT JOIN meter_price z ON z.property_id=m.property_id AND z.meter=m.meter"
	        " WHERE m.property_id=? ORDER BY m.meter");
	struct supply_spot row;

	bind_i64(st, property_id);
	while (stmt_row(st)) {
		spot_read(st, property_id, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}
