/* Rows of many keys with few queries: those that are wanted and no others, however thin they lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/store/keyed.h"
#include "platform/test/ledgers.h"

#define ROWS INT64_C(3000)

static struct ledgers l;
static struct db *db;

/* Keys 10, 20 … 30,000 of property 1, and as many of property 2. */
static int setup(void **state)
{
	(void)state;
	ledgers_setup(&l);
	db = l.db;
	assert_int_equal(db_exec(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
	                             " WHERE i<3000) INSERT INTO power_sample(property_id, at_s,"
	                             " power_w, meters) SELECT 1, 10*i, i, 1 FROM n"),
	                 ERR_NONE);
	assert_int_equal(db_exec(db, "INSERT INTO power_sample(property_id, at_s, power_w, meters)"
	                             " SELECT 2, at_s+5, 0, 1 FROM power_sample"),
	                 ERR_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledgers_teardown(&l);
	return 0;
}

struct found {
	const int64_t *key;
	size_t count;
};

static void take(void *arg, struct stmt *st, size_t at)
{
	struct found *found = arg;

	assert_int_equal(col_i64(st), found->key[at] / 10);
	found->count++;
}

/* Of keys from `from` on, `step` apart: how many are there. */
static size_t read_keys(int64_t from, int64_t step, size_t count, bool *dense)
{
	static int64_t key[ROWS];
	const int64_t property_id = 1;
	struct keyed keyed = {.key = key, .count = count};
	struct found found = {.key = key};

	for (size_t i = 0; i < count; i++)
		key[i] = from + (int64_t)i * step;
	assert_int_equal(keyed_read(db,
	                            "SELECT at_s, power_w FROM power_sample WHERE property_id=?"
	                            " AND at_s>=? AND at_s<=? ORDER BY at_s LIMIT ?",
	                            &property_id, 1, &keyed, take, &found),
	                 ERR_NONE);
	*dense = keyed.dense;
	return found.count;
}

static void those_that_are_wanted_are_found(void **state)
{
	bool dense;

	(void)state;
	assert_int_equal(read_keys(10, 10, 3000, &dense), 3000);
	assert_true(dense);
	assert_int_equal(read_keys(10, 1000, 30, &dense), 30);
	assert_false(dense);
	assert_int_equal(read_keys(10, 5, 1000, &dense), 500); /* each second one is none */
	assert_true(dense);
	assert_int_equal(read_keys(29990, 10, 5, &dense), 2);
	assert_int_equal(read_keys(15, 10, 100, &dense), 0);
	assert_int_equal(read_keys(500, 1, 1, &dense), 1);
	assert_int_equal(read_keys(40000, 1, 1, &dense), 0);
}

/* Behind the last one that it has room for, everybody may have it. */
static void what_few_have_is_known_of_few(void **state)
{
	static struct rare rare;
	static const char sql[] = "SELECT at_s FROM power_sample WHERE property_id=?"
	                          " AND at_s>=? AND at_s<=? ORDER BY at_s LIMIT ?";

	(void)state;
	assert_int_equal(rare_read(db, sql, 1, 0, 1000, &rare), ERR_NONE);
	assert_int_equal(rare.count, 100);
	assert_true(rare_may(&rare, 10) && rare_may(&rare, 500) && rare_may(&rare, 1000));
	assert_false(rare_may(&rare, 9) || rare_may(&rare, 505) || rare_may(&rare, 2000));
	assert_int_equal(rare_read(db, sql, 1, 0, INT64_MAX, &rare), ERR_NONE);
	assert_int_equal(rare.count, RARE_MAX);
	for (int64_t i = 1; i <= ROWS; i++)
		assert_true(rare_may(&rare, 10 * i));
	assert_false(rare_may(&rare, 505));
	assert_int_equal(rare_read(db, sql, 3, 0, INT64_MAX, &rare), ERR_NONE);
	assert_false(rare_may(&rare, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(those_that_are_wanted_are_found, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_few_have_is_known_of_few, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
