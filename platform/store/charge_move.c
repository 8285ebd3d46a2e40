/* Charges of stores that were made before a posted day was one row (migration 41): what each row of `charge`
 * and `rating_rest` said goes to `charge_day`, or beside its meter's cursor. */
#include "platform/store/charge_move.h"

#include <stdlib.h>

#include "platform/store/charge_pack.h"

static void read_charge(struct stmt *st, struct charge_row *row)
{
	*row = (struct charge_row){.property_id = col_i64(st)};
	row->meter = col_i64(st);
	row->day = col_i64(st);
	row->use_from_s = col_i64(st);
	row->group_no = col_i64(st);
	row->account_id = col_i64(st);
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
}

#define OLD_CHARGES                                                                                 \
	"SELECT property_id, meter, day, use_from_s, group_no, account_id, line, version_id, rate," \
	" step, estimated, allowance_id, from_s, to_s, from_units, to_units, units, price_uy,"      \
	" exact, amount_fen FROM charge "

static bool is_same_day(const struct charge_row *a, const struct charge_row *b)
{
	return a->property_id == b->property_id && a->meter == b->meter && a->day == b->day &&
	       a->use_from_s == b->use_from_s;
}

/* The day's group is the greatest: what came to no fen has none. */
static enum err move_day(struct db *db, const struct charge_row *part, size_t count)
{
	struct bytes packed = {.data = NULL};
	struct charge_day day = {.day = part->day,
	                         .meter = part->meter,
	                         .use_from_s = part->use_from_s,
	                         .account_id = part->account_id,
	                         .group_no = CHARGE_FREE};
	enum err err = ERR_NOMEM;

	charge_pack(&packed, part, count);
	day.packed = packed.data;
	day.len = packed.len;
	for (size_t i = 0; i < count; i++) {
		day.amount.fen += part[i].amount.fen;
		if (part[i].group_no > day.group_no)
			day.group_no = part[i].group_no;
	}
	if (!packed.failed)
		err = charge_days_insert(db, part->property_id, &day, 1);
	free(packed.data);
	return err;
}

/* All rows of a meter. */
static enum err read_posted(struct db *db, int64_t property_id, int64_t meter,
                            struct rating_open *open)
{
	struct stmt *st = db_query(db, OLD_CHARGES "WHERE group_no<>0 AND property_id=? AND meter=?"
	                                           " ORDER BY day, use_from_s, charge_no");
	enum err err;

	open->count = 0;
	bind_i64(st, property_id);
	bind_i64(st, meter);
	while (!open->failed && stmt_row(st)) {
		struct charge_row *row = rating_open_charge(open);

		if (row)
			read_charge(st, row);
	}
	err = stmt_end(st);
	return err ? err : open->failed ? ERR_NOMEM : ERR_NONE;
}

static enum err move_days(struct db *db)
{
	struct stmt *meters = db_query(db, "SELECT DISTINCT property_id, meter FROM charge");
	struct rating_open open = {.count = 0};
	enum err err = ERR_NONE, end;

	while (!err && stmt_row(meters)) {
		int64_t property_id = col_i64(meters), meter = col_i64(meters);

		err = read_posted(db, property_id, meter, &open);
		for (size_t first = 0, next; !err && first < open.count; first = next) {
			for (next = first + 1; next < open.count; next++)
				if (!is_same_day(&open.charge[first], &open.charge[next]))
					break;
			err = move_day(db, &open.charge[first], next - first);
		}
	}
	end = stmt_end(meters);
	rating_open_free(&open);
	return err ? err : end;
}

static enum err read_open(struct db *db, const struct rating_row *row, struct rating_open *open)
{
	struct stmt *st = db_query(db, OLD_CHARGES "WHERE group_no=0 AND property_id=? AND meter=?"
	                                           " ORDER BY day, charge_no");
	enum err err;

	open->count = open->rests = 0;
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	while (!open->failed && stmt_row(st)) {
		struct charge_row *charge = rating_open_charge(open);

		if (charge)
			read_charge(st, charge);
	}
	err = stmt_end(st);
	if (err)
		return err;
	st = db_query(db, "SELECT line, version_id, rest FROM rating_rest WHERE property_id=?"
	                  " AND meter=? ORDER BY line, version_id");
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	while (!open->failed && stmt_row(st)) {
		struct charge_rest rest = {.line = (int32_t)col_i64(st)};

		rest.version_id = col_i64(st);
		rest.rest = col_i64(st);
		(void)rating_open_rest(open, &rest);
	}
	err = stmt_end(st);
	return err ? err : open->failed ? ERR_NOMEM : ERR_NONE;
}

static enum err move_cursor(struct db *db, const struct rating_row *row, struct rating_open *open)
{
	struct bytes packed = {.data = NULL};
	enum err err = read_open(db, row, open);
	struct stmt *st;

	if (err)
		return err;
	rating_pack(&packed, row, open);
	if (packed.failed) {
		free(packed.data);
		return ERR_NOMEM;
	}
	st = db_query(db, "INSERT INTO rating(property_id, meter, account_id, use_from_s, service,"
	                  " fault, fault_s, fault_units, credit, version, state)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->account_id);
	bind_i64(st, row->use_from_s);
	bind_i64(st, row->service);
	bind_i64(st, row->fault);
	bind_i64(st, row->fault_s);
	bind_i64(st, row->fault_units);
	bind_i64(st, row->credit);
	bind_i64(st, row->version);
	bind_blob(st, packed.data, packed.len);
	err = stmt_run(st);
	free(packed.data);
	return err;
}

static void read_cursor(struct stmt *st, struct rating_row *row)
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
	row->credit = (enum credit_place)col_i64(st);
	row->version = col_i64(st);
	row->version_id = col_i64(st);
}

static enum err move_cursors(struct db *db)
{
	struct stmt *st =
	        db_query(db, "SELECT property_id, meter, account_id, use_from_s, service, billed_s,"
	                     " billed_units, step_used, step_settled_s, accrued, posted_day, fault,"
	                     " fault_s, fault_units, credit, version, coalesce((SELECT version_id"
	                     " FROM charge c WHERE c.property_id=r.property_id AND c.meter=r.meter"
	                     " ORDER BY day DESC, charge_no DESC LIMIT 1),0) FROM rating_old r");
	struct rating_open open = {.count = 0};
	enum err err = ERR_NONE, end;

	while (!err && stmt_row(st)) {
		struct rating_row row;

		read_cursor(st, &row);
		err = move_cursor(db, &row, &open);
	}
	end = stmt_end(st);
	rating_open_free(&open);
	return err ? err : end;
}

enum err charge_move(struct db *db)
{
	enum err err = move_days(db);

	if (!err)
		err = move_cursors(db);
	return err ? err
	           : db_exec(db,
	                     "DROP TABLE charge; DROP TABLE rating_rest; DROP TABLE rating_old");
}
