/* A log that another thread empties stays short, and nothing of it is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/store/db.h"
#include "platform/store/files.h"
#include "platform/store/log.h"
#include "platform/store/tidy.h"

#define LOG_MOST (14 << 20) /* at 16 MB the writer would do it itself */

static char dir[64], path[96], wal[104];
static struct db *writer;
static struct tidy *tidy;

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "%s/wattle-tidy-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/t.db", dir);
	snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(db_open(&writer, path, DB_WRITE), ERR_NONE);
	assert_int_equal(db_exec(writer, "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)"),
	                 ERR_NONE);
	assert_int_equal(tidy_start(&tidy), ERR_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tidy_stop(tidy);
	db_close(writer);
	return dir_remove(dir) ? -1 : 0;
}

static int64_t size_of(const char *file)
{
	struct stat st;

	return stat(file, &st) ? -1 : (int64_t)st.st_size;
}

static void insert(int rows)
{
	for (int i = 0; i < rows; i++)
		assert_int_equal(db_exec(writer, "INSERT INTO t(b) VALUES(randomblob(3000))"),
		                 ERR_NONE);
}

static int64_t rows_in(const char *file)
{
	struct db *db;
	struct stmt *st;
	int64_t rows;

	assert_int_equal(db_open(&db, file, DB_WRITE), ERR_NONE);
	assert_int_equal(db_check(db), ERR_NONE);
	st = db_query(db, "SELECT count(*) FROM t");
	assert_true(stmt_row(st));
	rows = col_i64(st);
	assert_int_equal(stmt_end(st), ERR_NONE);
	db_close(db);
	return rows;
}

/* Some 12,000 frames. */
static void a_long_run_keeps_the_log_short(void **state)
{
	(void)state;
	tidy_take(tidy, writer);
	for (int i = 0; i < 8; i++) {
		insert(500);
		usleep(450000);
	}
	assert_true(size_of(wal) < LOG_MOST);
	/* It began anew, and what went into the file is there. */
	assert_true(size_of(path) > 8 * (1 << 20));
	assert_int_equal(rows_in(path), 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_long_run_keeps_the_log_short, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
