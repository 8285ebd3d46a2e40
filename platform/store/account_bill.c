#include "platform/store/account_bill.h"

static enum err next_no(struct db *db, const struct account_bill *row, int64_t *bill_no)
{
	struct stmt *st = db_query(db, "SELECT coalesce(max(bill_no), 0)+1 FROM account_bill"
	                               " WHERE property_id=? AND account_id=?");
	bool found;

	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	found = stmt_row(st);
	*bill_no = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err account_bill_insert(struct db *db, struct account_bill *row)
{
	struct stmt *st;
	enum err err = next_no(db, row, &row->bill_no);

	if (err)
		return err;
	row->version = 1;
	st = db_query(db,
	              "INSERT INTO account_bill(property_id, account_id, bill_no, from_day, to_day,"
	              " due_day, amount_fen, made_s, scanned, scan_after, reminded_s,"
	              " overdue_s, paid_s, version) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->bill_no);
	bind_i64(st, row->from_day);
	bind_i64(st, row->to_day);
	bind_i64(st, row->due_day);
	bind_i64(st, row->amount_fen);
	bind_i64(st, row->made_s);
	bind_i64(st, row->scanned);
	bind_i64(st, row->scan_after);
	bind_i64(st, row->reminded_s);
	bind_i64(st, row->overdue_s);
	bind_i64(st, row->paid_s);
	return stmt_run(st);
}

#define BILL_SELECT                                                                                \
	"SELECT property_id, account_id, bill_no, from_day, to_day, due_day, amount_fen, made_s,"  \
	" scanned, scan_after, reminded_s, overdue_s, paid_s, version FROM account_bill "

static void bill_read(struct stmt *st, struct account_bill *row)
{
	row->property_id = col_i64(st);
	row->account_id = col_i64(st);
	row->bill_no = col_i64(st);
	row->from_day = col_i64(st);
	row->to_day = col_i64(st);
	row->due_day = col_i64(st);
	row->amount_fen = col_i64(st);
	row->made_s = col_i64(st);
	row->scanned = col_i64(st);
	row->scan_after = col_i64(st);
	row->reminded_s = col_i64(st);
	row->overdue_s = col_i64(st);
	row->paid_s = col_i64(st);
	row->version = col_i64(st);
}

static enum err bill_one(struct stmt *st, struct account_bill *row)
{
	bool found = stmt_row(st);

	if (found)
		bill_read(st, row);
	return stmt_end_one(st, found);
}

enum err account_bill_get(struct db *db, int64_t property_id, int64_t account_id, int64_t bill_no,
                          struct account_bill *row)
{
	struct stmt *st =
	        db_query(db, BILL_SELECT "WHERE property_id=? AND account_id=? AND bill_no=?");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, bill_no);
	return bill_one(st, row);
}

enum err account_bill_last(struct db *db, int64_t property_id, int64_t account_id,
                           struct account_bill *row)
{
	struct stmt *st = db_query(db, BILL_SELECT "WHERE property_id=? AND account_id=?"
	                                           " ORDER BY bill_no DESC LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	return bill_one(st, row);
}

enum err account_bill_update(struct db *db, struct account_bill *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE account_bill SET reminded_s=?, overdue_s=?, paid_s=?, version=version+1"
	            " WHERE property_id=? AND account_id=? AND bill_no=? AND version=?");
	enum err err;

	bind_i64(st, row->reminded_s);
	bind_i64(st, row->overdue_s);
	bind_i64(st, row->paid_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->bill_no);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	if (!err)
		row->version++;
	return err;
}

static enum err bill_rows(struct stmt *st, bool (*each)(void *arg, const struct account_bill *),
                          void *arg)
{
	struct account_bill row;

	while (stmt_row(st)) {
		bill_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err account_bill_list(struct db *db, int64_t property_id, int64_t account_id, int64_t before,
                           bool (*each)(void *arg, const struct account_bill *), void *arg)
{
	struct stmt *st = db_query(db, BILL_SELECT "WHERE property_id=? AND account_id=?"
	                                           " AND (?=0 OR bill_no<?) ORDER BY bill_no DESC");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, before);
	bind_i64(st, before);
	return bill_rows(st, each, arg);
}

enum err account_bill_unpaid(struct db *db, int64_t property_id,
                             const struct account_bill_cursor *after, int64_t due_before,
                             bool (*each)(void *arg, const struct account_bill *), void *arg)
{
	struct stmt *st = db_query(db, BILL_SELECT "WHERE property_id=? AND paid_s=0"
	                                           " AND (account_id, bill_no)>(?,?) AND due_day<?"
	                                           " ORDER BY account_id, bill_no");

	bind_i64(st, property_id);
	bind_i64(st, after->account_id);
	bind_i64(st, after->bill_no);
	bind_i64(st, due_before);
	return bill_rows(st, each, arg);
}

enum err account_days_get(struct db *db, int64_t property_id, int64_t account_id,
                          struct account_days *days)
{
	struct stmt *st = db_query(db, "SELECT fee_day, bill_day FROM account_days"
	                               " WHERE property_id=? AND account_id=?");
	enum err err;
	bool found;

	*days = (struct account_days){0};
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	found = stmt_row(st);
	if (found) {
		days->fee_day = col_i64(st);
		days->bill_day = col_i64(st);
	}
	err = stmt_end_one(st, found);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err account_days_put(struct db *db, int64_t property_id, int64_t account_id,
                          const struct account_days *days)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO account_days(property_id, account_id, fee_day, bill_day)"
	                     " VALUES(?,?,?,?) ON CONFLICT(property_id, account_id) DO UPDATE SET"
	                     " fee_day=excluded.fee_day, bill_day=excluded.bill_day");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, days->fee_day);
	bind_i64(st, days->bill_day);
	return stmt_run(st);
}
