/* Changes of a database, followed page by page while others write, empty the log, or tread on our
 * toes: a copy made of them alone is equal to the file at every look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/store/changes.h"
#include "platform/store/files.h"
#include "platform/store/log.h"

#define PAGES_MAX 20000
#define PAGE      4096

static char dir[64], path[96];
static struct db *writer;
static uint8_t copy[PAGES_MAX][PAGE];
static uint32_t copied;
static unsigned compared_all;

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "%s/wattle-changes-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/t.db", dir);
	assert_int_equal(db_open(&writer, path, DB_WRITE), ERR_NONE);
	assert_int_equal(db_keep_log(writer), ERR_NONE);
	assert_int_equal(db_exec(writer, "PRAGMA synchronous=OFF; CREATE TABLE t(a INTEGER PRIMARY"
	                                 " KEY, b BLOB); CREATE INDEX t_b ON t(b)"),
	                 ERR_NONE);
	copied = 0;
	compared_all = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(writer);
	return dir_remove(dir) ? -1 : 0;
}

static void insert(int rows)
{
	for (int i = 0; i < rows; i++)
		assert_int_equal(
		        db_exec(writer,
		                "INSERT INTO t(b) VALUES(randomblob(abs(random()) % 3000))"),
		        ERR_NONE);
}

/* What the sender does: the set, or everything when the set may lack something. */
static void follow(struct changes *c, bool tidy)
{
	bool lost;

	assert_int_equal(changes_begin(c, &lost), ERR_NONE);
	assert_int_equal(changes_page_size(c), PAGE);
	assert_true(changes_pages(c) < PAGES_MAX);
	compared_all += lost;
	for (uint32_t page = 1; lost && page <= changes_pages(c); page++)
		assert_int_equal(changes_add(c, page), ERR_NONE);
	for (uint32_t page = changes_next(c, 1); page; page = changes_next(c, page + 1))
		assert_int_equal(changes_read(c, page, copy[page - 1]), ERR_NONE);
	copied = changes_pages(c);
	changes_forget(c);
	assert_int_equal(changes_count(c), 0);
	changes_end(c, tidy);
}

/* Against SQLite's own copy of this moment. */
static void is_equal(void)
{
	char other[128];
	static uint8_t page[PAGE];
	struct db *db;
	FILE *file;

	snprintf(other, sizeof other, "%s/other.db", dir);
	unlink(other);
	assert_int_equal(db_open(&db, path, DB_READ), ERR_NONE);
	assert_int_equal(db_copy(db, other), ERR_NONE);
	db_close(db);
	file = fopen(other, "rb");
	assert_non_null(file);
	for (uint32_t i = 0; i < copied; i++) {
		assert_int_equal(fread(page, 1, PAGE, file), PAGE);
		if (i == 0) { /* the copy's head says rollback journal, and was written once more */
			memset(page + 18, 2, 2);
			memcpy(page + 24, copy[0] + 24, 4);
			memcpy(page + 40, copy[0] + 40, 4);
			memcpy(page + 92, copy[0] + 92, 8);
		}
		if (memcmp(page, copy[i], PAGE) != 0)
			fail_msg("page %u differs", (unsigned)i + 1);
	}
	assert_int_equal(fread(page, 1, PAGE, file), 0);
	fclose(file);
}

static void each_commit_is_followed(void **state)
{
	struct changes *c;

	(void)state;
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	for (int i = 0; i < 50; i++) {
		insert(1 + i % 7);
		if (i % 10 == 9)
			assert_int_equal(db_exec(writer,
			                         "DELETE FROM t WHERE a % 3 = 0; UPDATE t SET"
			                         " b=randomblob(2000) WHERE a % 5 = 0"),
			                 ERR_NONE);
		follow(c, true);
		is_equal();
	}
	assert_int_equal(compared_all, 1); /* the first time */
	changes_close(c);
}

static void a_quiet_database_has_no_changes(void **state)
{
	struct changes *c;
	bool lost;

	(void)state;
	insert(20);
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	follow(c, true);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(changes_begin(c, &lost), ERR_NONE);
		assert_false(lost);
		assert_int_equal(changes_next(c, 1), 0);
		changes_end(c, true);
	}
	changes_close(c);
}

/* Many times the length at which the log is emptied: it begins anew, and nothing is missed. */
static void the_log_is_emptied_and_nothing_is_missed(void **state)
{
	struct changes *c;
	int64_t longest = 0;
	char wal[128], hex[FILE_SHA256_SIZE];

	(void)state;
	snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	for (int i = 0; i < 60; i++) {
		int64_t bytes;

		assert_int_equal(db_exec(writer, "BEGIN"), ERR_NONE);
		insert(400);
		assert_int_equal(db_exec(writer, "COMMIT"), ERR_NONE);
		assert_int_equal(db_exec(writer, "DELETE FROM t WHERE a % 2 = 0"), ERR_NONE);
		follow(c, true);
		assert_int_equal(file_sha256(wal, hex, &bytes), ERR_NONE);
		longest = bytes > longest ? bytes : longest;
		if (i % 10 == 0)
			is_equal();
	}
	is_equal();
	assert_int_equal(compared_all, 1);
	assert_true(longest < 40 << 20);
	changes_close(c);
}

/* A commit after the look and before the log is emptied must be in the next set. */
static void commits_during_a_look_come_with_the_next(void **state)
{
	struct changes *c;
	bool lost;

	(void)state;
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	follow(c, true);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(db_exec(writer, "BEGIN"), ERR_NONE);
		insert(400);
		assert_int_equal(db_exec(writer, "COMMIT"), ERR_NONE);
		assert_int_equal(changes_begin(c, &lost), ERR_NONE);
		assert_false(lost);
		insert(5); /* of this moment nothing may be seen */
		for (uint32_t page = changes_next(c, 1); page; page = changes_next(c, page + 1))
			assert_int_equal(changes_read(c, page, copy[page - 1]), ERR_NONE);
		copied = changes_pages(c);
		changes_forget(c);
		insert(5);
		changes_end(c, true);
		insert(1 + i % 3);
	}
	follow(c, true);
	is_equal();
	assert_int_equal(compared_all, 1);
	changes_close(c);
}

/* Somebody who was not told empties the log: that is noticed. */
static void a_stranger_who_empties_the_log_is_noticed(void **state)
{
	struct db *stranger;
	struct changes *c;
	unsigned before;

	(void)state;
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	assert_int_equal(db_open(&stranger, path, DB_WRITE), ERR_NONE);
	insert(10);
	follow(c, true);
	for (int i = 0; i < 10; i++) {
		before = compared_all;
		insert(20);
		assert_int_equal(db_exec(stranger, "PRAGMA wal_checkpoint(TRUNCATE)"), ERR_NONE);
		insert(1 + i % 2);
		follow(c, true);
		is_equal();
		assert_int_equal(compared_all, before + 1);
	}
	db_close(stranger);
	changes_close(c);
}

static void an_undone_transaction_leaves_no_trace(void **state)
{
	struct changes *c;

	(void)state;
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	insert(5);
	follow(c, true);
	/* More than the cache holds, so that pages are in the log without a commit. */
	assert_int_equal(db_exec(writer, "PRAGMA cache_size=10; BEGIN"), ERR_NONE);
	insert(500);
	follow(c, true);
	is_equal();
	assert_int_equal(db_exec(writer, "ROLLBACK"), ERR_NONE);
	follow(c, true);
	insert(3);
	follow(c, true);
	is_equal();
	assert_int_equal(compared_all, 1);
	changes_close(c);
}

static void a_database_that_shrinks_is_followed(void **state)
{
	struct changes *c;
	uint32_t before;

	(void)state;
	assert_int_equal(changes_open(&c, path), ERR_NONE);
	insert(300);
	follow(c, true);
	before = copied;
	assert_int_equal(db_exec(writer, "DELETE FROM t WHERE a > 20; VACUUM"), ERR_NONE);
	follow(c, true);
	assert_true(copied < before);
	is_equal();
	changes_close(c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(each_commit_is_followed),
	        T(a_quiet_database_has_no_changes),
	        T(the_log_is_emptied_and_nothing_is_missed),
	        T(commits_during_a_look_come_with_the_next),
	        T(a_stranger_who_empties_the_log_is_noticed),
	        T(an_undone_transaction_leaves_no_trace),
	        T(a_database_that_shrinks_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
