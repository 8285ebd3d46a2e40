#include "platform/store/overview.h"

#include <string.h>

#include "libs/credit/rate.h"
#include "platform/store/account.h"
#include "platform/store/charge_pack.h"
#include "platform/store/payment.h"
#include "platform/store/vend.h"

/* One number, or several in `to`, of a query that has one row. */
static enum err read_numbers(struct stmt *st, int64_t *to, size_t count)
{
	bool found = stmt_row(st);

	for (size_t i = 0; i < count; i++)
		to[i] = found ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err overview_received(struct db *db, int64_t property_id, int64_t from_ms,
                           struct overview_received *sum)
{
	int64_t paid[2];
	struct stmt *st = db_query(db, "SELECT COALESCE(SUM(amount_fen), 0), COUNT(*)"
	                               " FROM recharge_order WHERE property_id=? AND paid_ms>=?"
	                               " AND paid_ms>0");
	enum err err;

	bind_i64(st, property_id);
	bind_i64(st, from_ms);
	err = read_numbers(st, paid, 2);
	if (err)
		return err;
	sum->received_fen = paid[0];
	sum->count = paid[1];
	st = db_query(db, "SELECT COALESCE(SUM(amount_fen), 0) FROM refund WHERE property_id=?"
	                  " AND paid_ms>=? AND paid_ms>0 AND state=?");
	bind_i64(st, property_id);
	bind_i64(st, from_ms);
	bind_i64(st, REFUND_PAID);
	return read_numbers(st, &sum->returned_fen, 1);
}

enum err overview_balances(struct db *db, int64_t property_id, int64_t *credit_fen,
                           int64_t *owed_fen)
{
	struct stmt *st = db_query(
	        db, "SELECT COALESCE(SUM(CASE WHEN balance_fen>0 THEN balance_fen ELSE 0 END), 0),"
	            " COALESCE(SUM(CASE WHEN balance_fen<0 THEN -balance_fen ELSE 0 END), 0)"
	            " FROM ledger_balance WHERE property_id=? AND account=1");
	int64_t both[2];
	enum err err;

	bind_i64(st, property_id);
	err = read_numbers(st, both, 2);
	*credit_fen = both[0];
	*owed_fen = both[1];
	return err;
}

enum err overview_states(struct db *db, int64_t property_id, int64_t *count, size_t states)
{
	struct stmt *st = db_query(db, "SELECT state, COUNT(*) FROM supply_account"
	                               " WHERE property_id=? GROUP BY state");

	int64_t others = 0;
	enum err err;

	for (size_t i = 0; i < states; i++)
		count[i] = 0;
	bind_i64(st, property_id);
	while (stmt_row(st)) {
		int64_t state = col_i64(st), accounts = col_i64(st);

		if (state <= 0 || state >= (int64_t)states)
			continue;
		count[state] = accounts;
		others += accounts;
	}
	err = stmt_end(st);
	if (err)
		return err;
	st = db_query(db, "SELECT COUNT(*) FROM account WHERE property_id=? AND state IN (?,?)");
	bind_i64(st, property_id);
	bind_i64(st, ACCOUNT_OPEN);
	bind_i64(st, ACCOUNT_SUSPENDED);
	err = read_numbers(st, &count[0], 1);
	count[0] -= others < count[0] ? others : count[0];
	return err;
}

enum err overview_at_risk(struct db *db, int64_t property_id, size_t limit, int64_t *account_ids,
                          size_t *count)
{
	struct stmt *st = db_query(
	        db, "SELECT s.account_id FROM supply_account s LEFT JOIN ledger_balance b"
	            " ON b.property_id=s.property_id AND b.account=1 AND b.subject=s.account_id"
	            " WHERE s.property_id=? AND s.state>0"
	            " ORDER BY COALESCE(b.balance_fen, 0), s.account_id LIMIT ?");

	*count = 0;
	bind_i64(st, property_id);
	bind_i64(st, (int64_t)limit);
	while (*count < limit && stmt_row(st))
		account_ids[(*count)++] = col_i64(st);
	return stmt_end(st);
}

/* What is open of a day, the use itself (line 0) of one meter. */
static enum err open_use(struct stmt *st, int64_t day, struct rating_open *open,
                         struct overview_use *use)
{
	struct rating_row row = {.meter = col_i64(st)};
	const void *packed;
	int64_t exact = 0;
	size_t len;
	enum err err;

	packed = col_blob(st, &len);
	err = rating_unpack(packed, len, &row, open);
	*use = (struct overview_use){.meter = row.meter};
	for (size_t i = 0; !err && i < open->count; i++) {
		const struct charge_row *charge = &open->charge[i];

		if (charge->day != day || charge->line != 0)
			continue;
		use->energy_wh += charge->units;
		exact += charge->exact;
	}
	use->cost_fen = exact / RATE_REST_PER_FEN;
	return err;
}

/* By energy, the greatest first; of the same, by meter. */
static void keep_greatest(const struct overview_use *use, size_t limit, struct overview_use *uses,
                          size_t *count)
{
	size_t at = *count;

	if (use->energy_wh == 0 || limit == 0)
		return;
	while (at > 0 && uses[at - 1].energy_wh < use->energy_wh)
		at--;
	if (at == limit)
		return;
	if (*count < limit)
		++*count;
	memmove(&uses[at + 1], &uses[at], (*count - at - 1) * sizeof *uses);
	uses[at] = *use;
}

enum err overview_uses(struct db *db, int64_t property_id, int64_t day, size_t limit,
                       struct overview_use *uses, size_t *count)
{
	/* Service 1 is electricity. */
	struct stmt *st = db_query(db, "SELECT meter, state FROM rating WHERE property_id=?"
	                               " AND service=1 AND account_id<>0 ORDER BY meter");
	struct rating_open open = {.count = 0};
	struct overview_use use;
	enum err err = ERR_NONE, end;

	*count = 0;
	bind_i64(st, property_id);
	while (!err && stmt_row(st)) {
		err = open_use(st, day, &open, &use);
		if (!err)
			keep_greatest(&use, limit, uses, count);
	}
	end = stmt_end(st);
	rating_open_free(&open);
	return err ? err : end;
}

enum err overview_waiting(struct db *db, int64_t property_id, struct overview_waiting *waiting)
{
	struct stmt *st = db_query(
	        db, "SELECT (SELECT COUNT(*) FROM command WHERE property_id=? AND stage<=3),"
	            " (SELECT COUNT(*) FROM supply_held WHERE property_id=? AND state=1),"
	            " (SELECT COUNT(*) FROM rating WHERE property_id=? AND fault<>0),"
	            " (SELECT COALESCE(SUM(open_count), 0) FROM pay_bill WHERE property_id=?"
	            " AND closed_ms=0),"
	            " (SELECT COUNT(*) FROM suspense WHERE property_id=? AND state=?),"
	            " (SELECT COUNT(*) FROM approval WHERE property_id=? AND state=0),"
	            " (SELECT COUNT(*) FROM lease_reminder WHERE property_id=? AND done_s=0)");
	int64_t number[7];
	enum err err;

	for (size_t i = 0; i < 7; i++) {
		bind_i64(st, property_id);
		if (i == 4)
			bind_i64(st, SUSPENSE_OPEN);
	}
	err = read_numbers(st, number, 7);
	*waiting = (struct overview_waiting){number[0], number[1], number[2], number[3],
	                                     number[4], number[5], number[6]};
	return err;
}

/* ---- power ---- */

enum err power_insert(struct db *db, const struct power_row *row)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO power_sample(property_id, at_s, power_w, meters)"
	                     " VALUES(?,?,?,?) ON CONFLICT DO NOTHING");

	bind_i64(st, row->property_id);
	bind_i64(st, row->at_s);
	bind_i64(st, row->power_w);
	bind_i64(st, row->meters);
	return stmt_run(st);
}

enum err power_list(struct db *db, int64_t property_id, int64_t from_s,
                    void (*each)(void *arg, const struct power_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT at_s, power_w, meters FROM power_sample"
	                               " WHERE property_id=? AND at_s>=? ORDER BY at_s");
	struct power_row row = {.property_id = property_id};

	bind_i64(st, property_id);
	bind_i64(st, from_s);
	while (stmt_row(st)) {
		row.at_s = col_i64(st);
		row.power_w = col_i64(st);
		row.meters = col_i64(st);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err power_remove(struct db *db, int64_t before_s)
{
	struct stmt *st = db_query(db, "DELETE FROM power_sample WHERE at_s<?");

	bind_i64(st, before_s);
	return stmt_run(st);
}
