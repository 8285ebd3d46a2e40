/* Savepoints of SQLite: one with more to put back than any buffer holds, and the transaction that SQLite ends by
 * itself in the midst of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "platform/store/db.h"
#include "platform/store/files.h"
#include "platform/store/log.h"
#include "platform/store/test/fault_vfs.h"

#define ROWS        600 /* a page each: 2.4 MB to put back */
#define ROWS_BEFORE 10
#define MIB         (INT64_C(1) << 20)

static char dir[64];
static struct db *db;

static int setup(void **state)
{
	char path[96];

	(void)state;
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "/tmp/wattle-savepoint-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/wattle.db", dir);
	fault_vfs_set(0, FAULT_IO, false);
	if (db_open(&db, path, DB_WRITE))
		return -1;
	return db_exec(db, "CREATE TABLE part(k BIGINT PRIMARY KEY, n BIGINT NOT NULL,"
	                   " filling BLOB NOT NULL);"
	                   "CREATE TABLE mark(k BIGINT PRIMARY KEY);"
	                   "WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k+1 FROM c"
	                   " WHERE k<600)"
	                   " INSERT INTO part(k, n, filling) SELECT k, 0, zeroblob(3000) FROM c");
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	return dir_remove(dir) ? -1 : 0;
}

static void run(const char *sql)
{
	assert_int_equal(db_exec(db, sql), ERR_NONE);
}

static int64_t number(const char *sql)
{
	struct stmt *st = db_query(db, sql);
	int64_t found;

	assert_true(stmt_row(st));
	found = col_i64(st);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return found;
}

static int64_t sum(void)
{
	return number("SELECT sum(n) FROM part");
}

static int64_t marks(void)
{
	return number("SELECT count(*) FROM mark");
}

/* One row each: SQLite keeps nothing by which it could undo such a statement alone. */
static enum err add_one(int64_t k)
{
	struct stmt *st = db_query(db, "UPDATE part SET n=n+1 WHERE k=?");

	bind_i64(st, k);
	return stmt_run(st);
}

static enum err add_to(int64_t rows)
{
	enum err err = ERR_NONE;

	for (int64_t k = 1; !err && k <= rows; k++)
		err = add_one(k);
	return err;
}

static enum err mark(int64_t k)
{
	struct stmt *st = db_query(db, "INSERT INTO mark(k) VALUES(?)");

	bind_i64(st, k);
	return stmt_run(st);
}

/* ---- large ones ---- */

static void begin_large_step(void)
{
	fault_vfs_set(0, FAULT_IO, false);
	run("BEGIN IMMEDIATE");
	assert_int_equal(add_to(ROWS_BEFORE), ERR_NONE);
	run("SAVEPOINT step");
	assert_int_equal(add_to(ROWS), ERR_NONE);
	assert_true(fault_vfs_undo_bytes() > MIB);
}

static void a_large_step_is_undone_alone(void **state)
{
	(void)state;
	begin_large_step();
	run("ROLLBACK TO step; RELEASE step");
	assert_int_equal(sum(), ROWS_BEFORE);
	run("SAVEPOINT step");
	assert_int_equal(mark(1), ERR_NONE);
	run("RELEASE step");
	run("COMMIT");
	assert_int_equal(sum(), ROWS_BEFORE);
	assert_int_equal(marks(), 1);
	assert_int_equal(db_check(db), ERR_NONE);
}

static void a_large_step_is_kept(void **state)
{
	(void)state;
	begin_large_step();
	run("RELEASE step");
	run("SAVEPOINT step");
	assert_int_equal(add_to(ROWS), ERR_NONE);
	run("ROLLBACK TO step; RELEASE step");
	run("COMMIT");
	assert_int_equal(sum(), ROWS_BEFORE + ROWS);
	assert_int_equal(db_check(db), ERR_NONE);
}

static void a_large_part_of_a_step_is_undone_alone(void **state)
{
	(void)state;
	begin_large_step();
	run("SAVEPOINT part");
	run("UPDATE part SET n=n+100");
	run("ROLLBACK TO part; RELEASE part");
	assert_int_equal(sum(), ROWS_BEFORE + ROWS);
	run("SAVEPOINT part");
	run("UPDATE part SET n=n+1");
	run("RELEASE part");
	assert_int_equal(sum(), ROWS_BEFORE + 2 * ROWS);
	run("ROLLBACK TO step; RELEASE step");
	run("COMMIT");
	assert_int_equal(sum(), ROWS_BEFORE);
	assert_int_equal(db_check(db), ERR_NONE);
}

/* ---- a transaction that ends by itself ---- */

/* What nobody should do after an error: on with the step, and its end, as if it had stood. */
static void go_on(void)
{
	assert_int_equal(mark(2), ERR_IO);
	assert_int_equal(db_exec(db, "INSERT INTO mark(k) VALUES(3)"), ERR_IO);
	assert_int_equal(db_exec(db, "SAVEPOINT part"), ERR_IO);
	assert_int_equal(mark(4), ERR_IO);
	assert_int_equal(db_exec(db, "RELEASE part"), ERR_IO);
	assert_int_equal(db_exec(db, "ROLLBACK TO step; RELEASE step"), ERR_IO);
	assert_int_equal(db_exec(db, "RELEASE step"), ERR_IO);
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_IO);
	assert_true(db_in_transaction(db));
}

/* The n-th call of the disk within the step fails, and none after it. False: it had fewer. */
static bool step_fails(int64_t n, enum fault_kind kind, const char *end)
{
	bool commits = *end == 'C';
	enum err err;

	run("BEGIN IMMEDIATE");
	assert_int_equal(mark(1), ERR_NONE);
	run("SAVEPOINT step");
	fault_vfs_set(n, kind, false);
	err = add_to(ROWS / 6);
	fault_vfs_set(0, kind, false);
	if (!err) {
		run("ROLLBACK");
		return false;
	}
	assert_int_equal(err, kind == FAULT_FULL ? ERR_DISK_FULL : ERR_IO);
	go_on();
	assert_int_equal(db_exec(db, end), commits ? ERR_IO : ERR_NONE);
	assert_false(db_in_transaction(db));
	assert_int_equal(marks(), 0);
	assert_int_equal(sum(), 0);
	return true;
}

static void a_transaction_that_sqlite_ended_takes_nothing_more(void **state)
{
	static const enum fault_kind kinds[] = {FAULT_FULL, FAULT_IO};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int64_t n = 1;

		while (step_fails(n, kinds[i], n % 2 ? "ROLLBACK" : "COMMIT"))
			n++;
		assert_true(n > 100); /* the file of what is put back was reached */
	}
	run("BEGIN IMMEDIATE");
	assert_int_equal(mark(5), ERR_NONE);
	run("COMMIT");
	assert_int_equal(marks(), 1);
	/* One that ends within a text has ended, too. */
	run("BEGIN IMMEDIATE");
	run("INSERT INTO mark(k) VALUES(6); COMMIT");
	assert_false(db_in_transaction(db));
	assert_int_equal(marks(), 2);
	assert_int_equal(db_check(db), ERR_NONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_large_step_is_undone_alone),
	        T(a_large_step_is_kept),
	        T(a_large_part_of_a_step_is_undone_alone),
	        T(a_transaction_that_sqlite_ended_takes_nothing_more),
	};

	fault_vfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
