#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/store/charge.h"
#include "platform/test/charges.h"

struct unfolding {
	struct db *db;

	struct {
		int64_t property_id, meter;
	} meter[4096];

	size_t count;
};

static bool put_charge(void *arg, const struct charge_row *row)
{
	struct unfolding *u = arg;
	struct stmt *st = db_query(
	        u->db, "INSERT INTO charge(property_id, meter, day, charge_no, account_id,"
	               " use_from_s, line, version_id, rate, step, estimated, allowance_id, from_s,"
	               " to_s, from_units, to_units, units, price_uy, exact, amount_fen, group_no)"
	               " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	const int64_t values[] = {row->property_id, row->meter,      row->day,
	                          row->charge_no,   row->account_id, row->use_from_s,
	                          row->line,        row->version_id, row->rate,
	                          row->step,        row->estimated,  row->allowance_id,
	                          row->from_s,      row->to_s,       row->from_units,
	                          row->to_units,    row->units,      row->price_uy,
	                          row->exact,       row->amount.fen, row->group_no};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		bind_i64(st, values[i]);
	assert_int_equal(stmt_run(st), ERR_NONE);
	return true;
}

static void put_rests(struct unfolding *u, int64_t property_id, int64_t meter)
{
	struct rating_open open = {.count = 0};
	struct rating_row row;

	assert_int_equal(rating_get_open(u->db, property_id, meter, &row, &open), ERR_NONE);
	for (size_t i = 0; i < open.rests; i++) {
		struct stmt *st =
		        db_query(u->db, "INSERT INTO rating_rest(property_id, meter, line,"
		                        " version_id, rest) VALUES(?,?,?,?,?)");

		bind_i64(st, property_id);
		bind_i64(st, meter);
		bind_i64(st, open.rest[i].line);
		bind_i64(st, open.rest[i].version_id);
		bind_i64(st, open.rest[i].rest);
		assert_int_equal(stmt_run(st), ERR_NONE);
	}
	rating_open_free(&open);
}

void charges_unfold(struct db *db)
{
	static struct unfolding u;
	struct stmt *st;

	u = (struct unfolding){.db = db};
	assert_int_equal(
	        db_exec(db,
	                "CREATE TEMP TABLE IF NOT EXISTS charge(property_id BIGINT, meter BIGINT,"
	                " day BIGINT, charge_no BIGINT, account_id BIGINT, use_from_s BIGINT,"
	                " line BIGINT, version_id BIGINT, rate BIGINT, step BIGINT,"
	                " estimated BIGINT, allowance_id BIGINT, from_s BIGINT, to_s BIGINT,"
	                " from_units BIGINT, to_units BIGINT, units BIGINT, price_uy BIGINT,"
	                " exact BIGINT, amount_fen BIGINT, group_no BIGINT);"
	                "CREATE TEMP TABLE IF NOT EXISTS rating_rest(property_id BIGINT,"
	                " meter BIGINT, line BIGINT, version_id BIGINT, rest BIGINT);"
	                "DELETE FROM charge; DELETE FROM rating_rest"),
	        ERR_NONE);
	st = db_query(db, "SELECT property_id, meter FROM rating");
	while (stmt_row(st)) {
		assert_true(u.count < sizeof u.meter / sizeof *u.meter);
		u.meter[u.count].property_id = col_i64(st);
		u.meter[u.count++].meter = col_i64(st);
	}
	assert_int_equal(stmt_end(st), ERR_NONE);
	for (size_t i = 0; i < u.count; i++) {
		assert_int_equal(charge_list(db, u.meter[i].property_id, u.meter[i].meter, 0,
		                             INT64_MAX, put_charge, &u),
		                 ERR_NONE);
		put_rests(&u, u.meter[i].property_id, u.meter[i].meter);
	}
}
