#include "platform/store/charge.h"

const char *rating_fault_word(enum rating_fault fault)
{
	static const char *const words[] = {[RATING_SOUND] = "",
	                                    [RATING_BACK] = "register-back",
	                                    [RATING_JUMP] = "register-jump",
	                                    [RATING_NEGATIVE] = "register-bad",
	                                    [RATING_UNPRICED] = "no-tariff",
	                                    [RATING_OVERFLOW] = "charge-overflow"};

	return words[fault];
}

/* ---- cursors ---- */

#define RATING_SELECT                                                                              \
	"SELECT property_id, meter, account_id, use_from_s, service, billed_s, billed_units,"      \
	" step_used, step_settled_s, accrued, posted_day, fault, fault_s, fault_units, version"    \
	" FROM rating "

static void rating_read(struct stmt *st, struct rating_row *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->account_id = col_i64(st);
	row->use_from_s = col_i64(st);
	row->service = (enum service)col_i64(st);
	row->billed_s = col_i64(st);
	row->billed_units = col_i64(st);
	row->step_used = col_i64(st);
	row->step_settled_s = col_i64(st);
	row->accrued = col_i64(st);
	row->posted_day = col_i64(st);
	row->fault = (enum rating_fault)col_i64(st);
	row->fault_s = col_i64(st);
	row->fault_units = col_i64(st);
	row->version = col_i64(st);
}

enum err rating_get(struct db *db, int64_t property_id, int64_t meter, struct rating_row *row)
{
	struct stmt *st = db_query(db, RATING_SELECT "WHERE property_id=? AND meter=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	found = stmt_row(st);
	if (found)
		rating_read(st, row);
	return stmt_end_one(st, found);
}

enum err rating_put(struct db *db, struct rating_row *row)
{
	struct stmt *st =
	        row->version == 0
	                ? db_query(db, "INSERT INTO rating(account_id, use_from_s, service,"
	                               " billed_s, billed_units, step_used, step_settled_s,"
	                               " accrued, posted_day, fault, fault_s, fault_units,"
	                               " property_id, meter, version)"
	                               " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?+1)")
	                : db_query(db, "UPDATE rating SET account_id=?, use_from_s=?, service=?,"
	                               " billed_s=?, billed_units=?, step_used=?,"
	                               " step_settled_s=?, accrued=?, posted_day=?, fault=?,"
	                               " fault_s=?, fault_units=?, version=version+1"
	                               " WHERE property_id=? AND meter=? AND version=?");
	enum err err;

	bind_i64(st, row->account_id);
	bind_i64(st, row->use_from_s);
	bind_i64(st, row->service);
	bind_i64(st, row->billed_s);
	bind_i64(st, row->billed_units);
	bind_i64(st, row->step_used);
	bind_i64(st, row->step_settled_s);
	bind_i64(st, row->accrued);
	bind_i64(st, row->posted_day);
	bind_i64(st, row->fault);
	bind_i64(st, row->fault_s);
	bind_i64(st, row->fault_units);
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	if (!err)
		row->version++;
	return err;
}

static enum err each_rating(struct stmt *st, bool (*each)(void *arg, const struct rating_row *),
                            void *arg)
{
	struct rating_row row;

	while (stmt_row(st)) {
		rating_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err rating_of_account(struct db *db, int64_t property_id, int64_t account_id,
                           bool (*each)(void *arg, const struct rating_row *), void *arg)
{
	struct stmt *st =
	        db_query(db, RATING_SELECT "WHERE property_id=? AND account_id=? ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	return each_rating(st, each, arg);
}

enum err rating_walk(struct db *db, int64_t property_id, int64_t after, bool faults_only,
                     bool (*each)(void *arg, const struct rating_row *), void *arg)
{
	struct stmt *st = faults_only
	                          ? db_query(db, RATING_SELECT "WHERE property_id=? AND meter>?"
	                                                       " AND fault<>0 AND account_id<>0"
	                                                       " ORDER BY meter")
	                          : db_query(db, RATING_SELECT "WHERE property_id=? AND meter>?"
	                                                       " AND account_id<>0 ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, after);
	return each_rating(st, each, arg);
}

/* ---- what is left below one fen ---- */

enum err rating_rest_get(struct db *db, int64_t property_id, int64_t meter, int32_t line,
                         int64_t version_id, int64_t *rest)
{
	struct stmt *st =
	        db_query(db, "SELECT rest FROM rating_rest WHERE property_id=? AND meter=?"
	                     " AND line=? AND version_id=?");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, line);
	bind_i64(st, version_id);
	*rest = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err rating_rest_put(struct db *db, int64_t property_id, int64_t meter, int32_t line,
                         int64_t version_id, int64_t rest)
{
	struct stmt *st = db_query(db, "INSERT INTO rating_rest(property_id, meter, line,"
	                               " version_id, rest) VALUES(?,?,?,?,?)"
	                               " ON CONFLICT(property_id, meter, line, version_id)"
	                               " DO UPDATE SET rest=excluded.rest");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, line);
	bind_i64(st, version_id);
	bind_i64(st, rest);
	return stmt_run(st);
}

/* ---- charges ---- */

#define CHARGE_SELECT                                                                              \
	"SELECT property_id, meter, day, charge_no, account_id, use_from_s, line, version_id,"     \
	" rate, step, estimated, allowance_id, from_s, to_s, from_units, to_units, units,"         \
	" price_uy, exact, amount_fen, group_no FROM charge "

static void charge_read(struct stmt *st, struct charge_row *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->day = col_i64(st);
	row->charge_no = col_i64(st);
	row->account_id = col_i64(st);
	row->use_from_s = col_i64(st);
	row->line = (int32_t)col_i64(st);
	row->version_id = col_i64(st);
	row->rate = (int32_t)col_i64(st);
	row->step = (int32_t)col_i64(st);
	row->estimated = col_i64(st) != 0;
	row->allowance_id = col_i64(st);
	row->from_s = col_i64(st);
	row->to_s = col_i64(st);
	row->from_units = col_i64(st);
	row->to_units = col_i64(st);
	row->units = col_i64(st);
	row->price_uy = col_i64(st);
	row->exact = col_i64(st);
	row->amount = money_fen(col_i64(st));
	row->group_no = col_i64(st);
}

enum err charge_insert(struct db *db, const struct charge_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO charge(property_id, meter, day, charge_no, account_id,"
	            " use_from_s, line, version_id, rate, step, estimated, allowance_id, from_s,"
	            " to_s, from_units, to_units, units, price_uy, exact, amount_fen, group_no)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->day);
	bind_i64(st, row->charge_no);
	bind_i64(st, row->account_id);
	bind_i64(st, row->use_from_s);
	bind_i64(st, row->line);
	bind_i64(st, row->version_id);
	bind_i64(st, row->rate);
	bind_i64(st, row->step);
	bind_i64(st, row->estimated);
	bind_i64(st, row->allowance_id);
	bind_i64(st, row->from_s);
	bind_i64(st, row->to_s);
	bind_i64(st, row->from_units);
	bind_i64(st, row->to_units);
	bind_i64(st, row->units);
	bind_i64(st, row->price_uy);
	bind_i64(st, row->exact);
	bind_i64(st, row->amount.fen);
	bind_i64(st, row->group_no);
	return stmt_run(st);
}

enum err charge_update(struct db *db, const struct charge_row *row)
{
	struct stmt *st = db_query(db, "UPDATE charge SET to_s=?, to_units=?, units=?, exact=?,"
	                               " amount_fen=?, group_no=? WHERE property_id=? AND meter=?"
	                               " AND day=? AND charge_no=? AND group_no=0");

	bind_i64(st, row->to_s);
	bind_i64(st, row->to_units);
	bind_i64(st, row->units);
	bind_i64(st, row->exact);
	bind_i64(st, row->amount.fen);
	bind_i64(st, row->group_no);
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->day);
	bind_i64(st, row->charge_no);
	return stmt_run_one(st);
}

static enum err each_charge(struct stmt *st, bool (*each)(void *arg, const struct charge_row *),
                            void *arg)
{
	struct charge_row row;

	while (stmt_row(st)) {
		charge_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err charge_list(struct db *db, int64_t property_id, int64_t meter, int64_t from_day,
                     int64_t to_day, bool open_only,
                     bool (*each)(void *arg, const struct charge_row *), void *arg)
{
	struct stmt *st =
	        open_only ? db_query(db, CHARGE_SELECT "WHERE property_id=? AND meter=? AND day>=?"
	                                               " AND day<? AND group_no=0"
	                                               " ORDER BY day, charge_no")
	                  : db_query(db, CHARGE_SELECT "WHERE property_id=? AND meter=? AND day>=?"
	                                               " AND day<? ORDER BY day, charge_no");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, from_day);
	bind_i64(st, to_day);
	return each_charge(st, each, arg);
}

enum err charge_of_account(struct db *db, int64_t property_id, int64_t account_id, int64_t from_day,
                           int64_t to_day, bool (*each)(void *arg, const struct charge_row *),
                           void *arg)
{
	struct stmt *st = db_query(db, CHARGE_SELECT "WHERE property_id=? AND account_id=?"
	                                             " AND day>=? AND day<?"
	                                             " ORDER BY day, meter, charge_no");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, from_day);
	bind_i64(st, to_day);
	return each_charge(st, each, arg);
}

enum err charge_last(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                     int64_t *charge_no)
{
	struct stmt *st =
	        db_query(db, "SELECT charge_no FROM charge WHERE property_id=? AND meter=?"
	                     " AND day=? ORDER BY charge_no DESC LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, day);
	*charge_no = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err charge_main_sum(struct db *db, int64_t property_id, int64_t meter, int64_t use_from_s,
                         int64_t from_day, int64_t to_day, struct money *sum)
{
	struct stmt *st = db_query(db, "SELECT coalesce(sum(amount_fen),0) FROM charge"
	                               " WHERE property_id=? AND meter=? AND day>=? AND day<?"
	                               " AND use_from_s=? AND line=0 AND group_no<>0");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, from_day);
	bind_i64(st, to_day);
	bind_i64(st, use_from_s);
	*sum = money_fen(stmt_row(st) ? col_i64(st) : 0);
	return stmt_end(st);
}

enum err charge_verify(struct db *db, int64_t property_id, int64_t *meter, int64_t *group_no)
{
	struct stmt *st = db_query(
	        db, "SELECT r.meter FROM rating r LEFT JOIN (SELECT meter, sum(exact) AS total"
	            " FROM charge WHERE property_id=? AND group_no=0 GROUP BY meter) c"
	            " ON c.meter=r.meter WHERE r.property_id=? AND r.accrued<>coalesce(c.total,0)"
	            " ORDER BY r.meter LIMIT 1");
	enum err err;

	*group_no = 0;
	bind_i64(st, property_id);
	bind_i64(st, property_id);
	*meter = stmt_row(st) ? col_i64(st) : 0;
	err = stmt_end(st);
	if (err || *meter)
		return err;
	st = db_query(db, "SELECT c.group_no FROM (SELECT group_no, sum(amount_fen) AS total"
	                  " FROM charge WHERE property_id=? AND group_no>0 GROUP BY group_no) c"
	                  " LEFT JOIN (SELECT group_no, sum(amount_fen) AS total FROM ledger_entry"
	                  " WHERE property_id=? AND account=7 GROUP BY group_no) e"
	                  " ON e.group_no=c.group_no WHERE c.total<>coalesce(e.total,0)"
	                  " ORDER BY c.group_no LIMIT 1");
	bind_i64(st, property_id);
	bind_i64(st, property_id);
	*group_no = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}
