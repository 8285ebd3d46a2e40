/* What is PostgreSQL's alone: the dialect, types, transactions that end with their connection, the
 * lease, and the schema as Citus wants it. The server is that of tests/postgres. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/store/info.h"
#include "platform/store/log.h"
#include "platform/store/migrations.h"
#include "platform/store/postgres.h"
#include "platform/store/store.h"
#include "platform/store/store_copy.h"
#include "platform/store/worker.h"
#include "platform/test/fresh_store.h"

static char dir[64], url[FRESH_URL_SIZE];
static struct db *db, *other;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	if (!fresh_store_is_postgres())
		fail_msg("this test needs a server: tests/postgres %s", "test_postgres");
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "/tmp/wattle-postgres-XXXXXX");
	assert_non_null(mkdtemp(dir));
	fresh_store_empty(url);
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	assert_int_equal(store_open(&other, dir, url), ERR_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	db_close(other);
	fresh_store_drop(url);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int64_t number(struct db *of, const char *sql)
{
	struct stmt *st = db_query(of, sql);
	int64_t value;

	assert_true(stmt_row(st));
	value = col_i64(st);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return value;
}

static enum err put(struct db *to, int64_t id, const char *name)
{
	struct stmt *st = db_query(to, "INSERT INTO store_info(name, value) VALUES(?,?)");
	char text[32];

	snprintf(text, sizeof text, "%lld", (long long)id);
	bind_text(st, text);
	bind_text(st, name);
	return stmt_run(st);
}

/* ---- dialect ---- */

static void check_statement(const char *sql, const char *wanted, int wanted_params)
{
	bool absorbs;
	int params;
	char *text = dialect_statement(sql, &params, &absorbs);

	assert_string_equal(text, wanted);
	assert_int_equal(params, wanted_params);
	free(text);
}

static void texts_are_put_into_its_dialect(void **state)
{
	char *text;

	(void)state;
	check_statement("SELECT a FROM t WHERE b=? AND c='?' AND \"?\"=? LIMIT ?",
	                "SELECT a FROM t WHERE b=$1 AND c='?' AND \"?\"=$2 LIMIT $3", 3);
	check_statement("SELECT 'it''s ?' WHERE a=?", "SELECT 'it''s ?' WHERE a=$1", 1);
	check_statement("INSERT INTO t(a) VALUES(?)",
	                "INSERT INTO t(a) VALUES($1) ON CONFLICT DO NOTHING", 1);
	check_statement("INSERT INTO t(a) VALUES(?) RETURNING b",
	                "INSERT INTO t(a) VALUES($1) ON CONFLICT DO NOTHING RETURNING b", 1);
	check_statement("INSERT INTO t(a) VALUES(?) ON CONFLICT(a) DO UPDATE SET b=1",
	                "INSERT INTO t(a) VALUES($1) ON CONFLICT(a) DO UPDATE SET b=1", 1);
	check_statement("INSERT INTO t(a, b, c) VALUES(?1,?,?),(?1,?,?)",
	                "INSERT INTO t(a, b, c) VALUES($1,$2,$3),($1,$4,$5) ON CONFLICT DO NOTHING",
	                5);
	check_statement("INSERT INTO t(a) SELECT b FROM c", "INSERT INTO t(a) SELECT b FROM c", 0);

	text = dialect_schema("CREATE TABLE t(a TEXT NOT NULL DEFAULT 'TEXT BLOB', b BLOB, c_TEXT"
	                      " BIGINT); CREATE INDEX session_user ON t(a)");
	assert_string_equal(text,
	                    "CREATE TABLE t(a TEXT COLLATE \"C\" NOT NULL DEFAULT 'TEXT BLOB',"
	                    " b BYTEA, c_TEXT BIGINT); CREATE INDEX \"session_user\" ON t(a)");
	free(text);
}

/* ---- values ---- */

static void values_come_back_as_they_went(void **state)
{
	static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, 65536, INT64_MAX};
	static const uint8_t bytes[] = {0, '\\', 'x', 0xff, 0};
	struct stmt *st;
	size_t len;

	(void)state;
	assert_int_equal(
	        db_exec(db, "CREATE TABLE v(id BIGINT PRIMARY KEY, n BIGINT, t TEXT, b BLOB)"),
	        ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		st = db_query(db, "INSERT INTO v(id, n, t, b) VALUES(?,?,?,?)");
		bind_i64(st, (int64_t)i);
		bind_i64(st, numbers[i]);
		bind_text(st, i ? "电费 '\"\\" : NULL);
		bind_blob(st, bytes, i ? sizeof bytes : 0);
		assert_int_equal(stmt_run_one(st), ERR_NONE);
	}
	st = db_query(db, "SELECT n, t, b FROM v ORDER BY id");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const void *blob;

		assert_true(stmt_row(st));
		assert_int_equal(stmt_columns(st), 3);
		assert_int_equal(col_type(st), DB_NUMBER);
		assert_true(col_i64(st) == numbers[i]);
		assert_int_equal(col_type(st), i ? DB_TEXT : DB_NULL);
		assert_string_equal(col_text(st), i ? "电费 '\"\\" : "");
		assert_int_equal(col_type(st), DB_BLOB);
		blob = col_blob(st, &len);
		assert_int_equal(len, i ? sizeof bytes : 0);
		assert_memory_equal(blob, bytes, len);
	}
	assert_false(stmt_row(st));
	assert_int_equal(stmt_end(st), ERR_NONE);
}

/* Sums are NUMERIC: digits to the base of 10,000, zeros at the end left out. */
static void sums_are_whole_numbers(void **state)
{
	static const int64_t sums[] = {0,         1,          -1,        9999,
	                               10000,     -10000,     100000000, 123456789012345678,
	                               INT64_MAX, -INT64_MAX, INT64_MIN};
	struct stmt *st;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		st = db_query(db, "SELECT sum(x) FROM (SELECT CAST(? AS BIGINT) AS x) AS t");
		bind_i64(st, sums[i]);
		assert_true(stmt_row(st));
		assert_int_equal(col_type(st), DB_NUMBER);
		assert_true(col_i64(st) == sums[i]);
		assert_int_equal(stmt_end(st), ERR_NONE);
	}
	assert_int_equal(number(db, "SELECT 2>1"), 1);
	assert_int_equal(number(db, "SELECT 2<1"), 0);
}

/* Beside `=-1` PostgreSQL takes a parameter for one of 32 bits. */
static void a_parameter_beside_a_small_number_holds_a_large_one(void **state)
{
	struct stmt *st;

	(void)state;
	for (int i = 0; i < 2; i++) {
		st = db_query(db, "SELECT 1 WHERE ?<>-1 AND ?>0");
		bind_i64(st, INT64_C(330100000001));
		bind_i64(st, INT64_MAX);
		assert_true(stmt_row(st));
		assert_int_equal(stmt_end(st), ERR_NONE);
	}
}

static void order_is_that_of_bytes(void **state)
{
	static const char *const wanted[] = {"B", "Z", "_", "a", "b", "ä", "电"};
	struct stmt *st;

	(void)state;
	assert_int_equal(db_exec(db, "CREATE TABLE o(t TEXT PRIMARY KEY);"
	                             "INSERT INTO o VALUES('a'), ('B'), ('b'), ('Z'), ('_'),"
	                             " ('ä'), ('电')"),
	                 ERR_NONE);
	st = db_query(db, "SELECT t FROM o ORDER BY t");
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_true(stmt_row(st));
		assert_string_equal(col_text(st), wanted[i]);
	}
	assert_int_equal(stmt_end(st), ERR_NONE);
}

/* ---- transactions ---- */

static void a_key_that_exists_is_an_answer(void **state)
{
	(void)state;
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	assert_int_equal(put(db, 1, "b"), ERR_DUP);
	assert_int_equal(put(db, 2, "c"), ERR_NONE);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE name IN ('1','2')"), 2);
}

/* What failed in the middle is not half kept, and not called a success. */
static void a_failed_statement_fails_its_transaction(void **state)
{
	(void)state;
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	assert_int_not_equal(db_exec(db, "SELECT no_such_column"), ERR_NONE);
	assert_int_not_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_false(db_in_transaction(db));
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE name='1'"), 0);
	/* A savepoint limits it. */
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	assert_int_equal(db_exec(db, "SAVEPOINT step"), ERR_NONE);
	assert_int_not_equal(db_exec(db, "SELECT no_such_column"), ERR_NONE);
	assert_int_equal(db_exec(db, "ROLLBACK TO step; RELEASE step"), ERR_NONE);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE name='1'"), 1);
}

static void one_writes_at_a_time(void **state)
{
	(void)state;
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(db_exec(other, "SET lock_timeout='200ms'"), ERR_NONE);
	assert_int_equal(db_exec(other, "BEGIN IMMEDIATE"), ERR_BUSY);
	assert_false(db_in_transaction(other));
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_int_equal(db_exec(other, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(db_exec(other, "ROLLBACK"), ERR_NONE);
}

static void a_reader_sees_one_moment_and_writes_nothing(void **state)
{
	struct db *reader;

	(void)state;
	assert_int_equal(store_open_read(&reader, dir, url), ERR_NONE);
	assert_int_equal(db_exec(reader, "BEGIN"), ERR_NONE);
	assert_int_equal(number(reader, "SELECT count(*) FROM store_info WHERE name='1'"), 0);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	assert_int_equal(number(reader, "SELECT count(*) FROM store_info WHERE name='1'"), 0);
	assert_int_equal(db_exec(reader, "COMMIT"), ERR_NONE);
	assert_int_equal(number(reader, "SELECT count(*) FROM store_info WHERE name='1'"), 1);
	assert_int_equal(put(reader, 2, "b"), ERR_FORBIDDEN);
	db_close(reader);
}

static int64_t version_of(struct db *of)
{
	int64_t version;

	assert_int_equal(db_data_version(of, &version), ERR_NONE);
	return version;
}

static void write_once(struct db *to, const char *end)
{
	assert_int_equal(db_exec(to, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(db_exec(to, end), ERR_NONE);
}

static void the_version_tells_of_others_commits(void **state)
{
	int64_t first = version_of(db);

	(void)state;
	write_once(db, "COMMIT");
	write_once(other, "ROLLBACK");
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_true(version_of(db) == first);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_true(version_of(db) == first);
	write_once(other, "COMMIT");
	assert_true(version_of(db) != first);
}

/* ---- the connection ---- */

static void break_connection(struct db *of)
{
	const struct postgres *pg = of->handle;
	char sql[96];

	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(pg->conn));
	assert_int_equal(db_exec(other, sql), ERR_NONE);
}

static void a_lost_connection_undoes_its_transaction(void **state)
{
	(void)state;
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	break_connection(db);
	assert_int_equal(put(db, 2, "b"), ERR_CLOSED);
	assert_false(db_in_transaction(db));
	/* Nothing of it is done outside of a transaction by mistake. */
	assert_int_equal(put(db, 3, "c"), ERR_CLOSED);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_CLOSED);
	assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	/* The next one connects again, and its statements are prepared anew. */
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 4, "d"), ERR_NONE);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE name IN"
	                            " ('1','2','3','4')"),
	                 1);
}

static void one_that_broke_while_idle_is_not_noticed(void **state)
{
	(void)state;
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	break_connection(db);
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 2, "b"), ERR_NONE);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
}

static void take_lease(struct db *of)
{
	char holder[WORKER_NAME_SIZE];
	int64_t left_ms;

	assert_int_equal(worker_take(of, "here", holder, &left_ms), ERR_NONE);
}

/* The answer to COMMIT is what got lost: whether it was done is learnt afterwards. */
static void a_commit_without_its_answer_was_done(void **state)
{
	(void)state;
	take_lease(db);
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	shutdown(PQsocket(((struct postgres *)db->handle)->conn), SHUT_RD);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	assert_false(db_in_transaction(db));
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE name='1'"), 1);
}

static void a_commit_that_never_arrived_was_not(void **state)
{
	(void)state;
	take_lease(db);
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(put(db, 1, "a"), ERR_NONE);
	break_connection(db);
	assert_int_equal(db_exec(db, "COMMIT"), ERR_CLOSED);
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE name='1'"), 0);
}

/* ---- the lease ---- */

static void one_process_has_the_lease(void **state)
{
	char holder[WORKER_NAME_SIZE];
	int64_t left_ms;

	(void)state;
	take_lease(db);
	assert_int_equal(worker_take(other, "there", holder, &left_ms), ERR_BUSY);
	assert_string_equal(holder, "here");
	assert_in_range(left_ms, 1, 15000);
	/* Its own process again, after a kill -9: at once. */
	take_lease(other);
	/* And whoever had it writes no more, however long it was away. */
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_REFUSED);
	assert_false(db_in_transaction(db));
	write_once(other, "COMMIT");
	worker_release(other);
	assert_int_equal(worker_take(db, "there", holder, &left_ms), ERR_NONE);
}

static void writing_renews_the_lease(void **state)
{
	char holder[WORKER_NAME_SIZE];
	int64_t left_ms;

	(void)state;
	take_lease(db);
	assert_int_equal(db_exec(other, "UPDATE worker_lease SET until_ms=1"), ERR_NONE);
	write_once(db, "COMMIT");
	assert_int_equal(worker_take(other, "there", holder, &left_ms), ERR_BUSY);
	assert_int_equal(db_exec(other, "UPDATE worker_lease SET until_ms=1"), ERR_NONE);
	assert_int_equal(worker_take(other, "there", holder, &left_ms), ERR_NONE);
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_REFUSED);
}

/* A tool beside the process that decides needs no lease, and keeps nobody out for good. */
static void a_tool_writes_beside_it(void **state)
{
	(void)state;
	take_lease(db);
	write_once(other, "COMMIT");
	write_once(db, "COMMIT");
}

/* ---- schema ---- */

static void the_schema_is_ready_for_citus(void **state)
{
	(void)state;
	/* That property_id comes first in each key: every_key_of_a_propertys_table_begins_with_it. */
	assert_int_equal(number(db, "SELECT count(*) FROM pg_constraint c JOIN pg_namespace n ON"
	                            " n.oid=c.connamespace WHERE n.nspname=current_schema() AND"
	                            " c.contype='f'"),
	                 0);
	assert_int_equal(number(db, "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON"
	                            " c.oid=t.tgrelid JOIN pg_namespace n ON n.oid=c.relnamespace"
	                            " WHERE n.nspname=current_schema()"),
	                 0);
	assert_int_equal(number(db, "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON"
	                            " n.oid=p.pronamespace WHERE n.nspname=current_schema()"),
	                 0);
	/* A default is a constant. */
	assert_int_equal(number(db, "SELECT count(*) FROM information_schema.columns WHERE"
	                            " table_schema=current_schema() AND column_default LIKE '%(%'"),
	                 0);
	/* Numbers have 64 bits, and there is no type beside these three. */
	assert_int_equal(number(db, "SELECT count(*) FROM information_schema.columns WHERE"
	                            " table_schema=current_schema() AND data_type NOT IN"
	                            " ('bigint','text','bytea')"),
	                 0);
	/* Texts compare by their bytes. */
	assert_int_equal(number(db, "SELECT count(*) FROM information_schema.columns WHERE"
	                            " table_schema=current_schema() AND data_type='text' AND"
	                            " coalesce(collation_name,'')<>'C'"),
	                 0);
	assert_true(number(db, "SELECT count(*) FROM information_schema.columns WHERE"
	                       " table_schema=current_schema()") > 300);
}

/* ---- copies ---- */

static void count_rows(void *arg, const char *table, int64_t rows)
{
	int64_t *sum = arg;

	(void)table;
	*sum += rows;
}

static int64_t rows_of(struct db *of)
{
	int64_t rows = 0;

	assert_int_equal(db_tables(of, count_rows, &rows), ERR_NONE);
	return rows;
}

static void a_copy_is_a_file_that_can_be_put_back(void **state)
{
	char path[STORE_PATH_SIZE];
	uint64_t epoch, found;
	struct db *file;

	(void)state;
	assert_int_equal(info_epoch(db, &epoch), ERR_NONE);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(put(db, i, i % 3 ? "电费" : ""), ERR_NONE);
	store_path(path, dir, "copy.db");
	assert_int_equal(db_copy(db, path), ERR_NONE);
	assert_int_equal(db_copy(db, path), ERR_DUP);
	assert_false(db_in_transaction(db));
	assert_int_equal(db_open(&file, path, DB_READ), ERR_NONE);
	assert_true(rows_of(file) == rows_of(db));
	assert_int_equal(info_epoch(file, &found), ERR_NONE);
	assert_true(found == epoch);

	assert_int_equal(db_exec(db, "DELETE FROM store_info"), ERR_NONE);
	assert_int_equal(put(db, 1, "another"), ERR_NONE);
	assert_int_equal(store_copy(file, db, NULL), ERR_NONE);
	assert_true(rows_of(file) == rows_of(db));
	assert_int_equal(number(db, "SELECT count(*) FROM store_info WHERE value='电费'"), 2000);
	db_close(file);
}

static void addresses_are_looked_at(void **state)
{
	char why[200];

	(void)state;
	assert_int_equal(db_url_check("postgresql://w@host/wattle", why, sizeof why), ERR_NONE);
	assert_int_equal(db_url_check(url, why, sizeof why), ERR_NONE);
	assert_int_equal(db_url_check("mysql://host/wattle", why, sizeof why), ERR_BAD_INPUT);
	assert_int_equal(db_url_check("postgresql://w:secret@host/wattle", why, sizeof why),
	                 ERR_BAD_INPUT);
	assert_null(strstr(why, "secret"));
	assert_non_null(strstr(why, "passfile"));
	assert_int_equal(db_url_check("postgresql://h/w?nonsense=1", why, sizeof why),
	                 ERR_BAD_INPUT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(texts_are_put_into_its_dialect),
	        T(values_come_back_as_they_went),
	        T(sums_are_whole_numbers),
	        T(a_parameter_beside_a_small_number_holds_a_large_one),
	        T(order_is_that_of_bytes),
	        T(a_key_that_exists_is_an_answer),
	        T(a_failed_statement_fails_its_transaction),
	        T(one_writes_at_a_time),
	        T(a_reader_sees_one_moment_and_writes_nothing),
	        T(the_version_tells_of_others_commits),
	        T(a_lost_connection_undoes_its_transaction),
	        T(one_that_broke_while_idle_is_not_noticed),
	        T(a_commit_without_its_answer_was_done),
	        T(a_commit_that_never_arrived_was_not),
	        T(one_process_has_the_lease),
	        T(writing_renews_the_lease),
	        T(a_tool_writes_beside_it),
	        T(the_schema_is_ready_for_citus),
	        T(a_copy_is_a_file_that_can_be_put_back),
	        T(addresses_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
