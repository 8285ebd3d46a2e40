/* What is kept of gateways and open commands: found again, and forgotten in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/http/link_state.h"

static struct link_state_cache cache; /* too large for a stack */

static const struct link_state three = {
        .online = {3,    7,   9  },
          .online_count = 3, .open = { 100, 200, 200, 200, 300},
          .open_count = 5
};

static void test_counts(void **state)
{
	(void)state;
	assert_true(link_state_online(&three, 3));
	assert_true(link_state_online(&three, 9));
	assert_false(link_state_online(&three, 8));
	assert_false(link_state_online(&three, 10));
	assert_int_equal(link_state_commands(&three, 200), 3);
	assert_int_equal(link_state_commands(&three, 300), 1);
	assert_int_equal(link_state_commands(&three, 99), 0);
	assert_int_equal(link_state_commands(&three, 301), 0);
}

static void test_kept_for_a_moment(void **state)
{
	(void)state;
	assert_null(link_state_get(&cache, 1000));
	link_state_put(&cache, &three, cache.version, 1000);
	assert_int_equal(link_state_commands(link_state_get(&cache, 1000), 200), 3);
	assert_non_null(link_state_get(&cache, 1000 + LINK_STATE_MS - 1));
	assert_null(link_state_get(&cache, 1000 + LINK_STATE_MS));
}

/* A command was given while the store was read: what was read may be from before it. */
static void test_changed_meanwhile(void **state)
{
	uint64_t version = cache.version;

	(void)state;
	link_state_put(&cache, &three, version, 5000);
	link_state_forget(&cache);
	assert_null(link_state_get(&cache, 5000));
	link_state_put(&cache, &three, version, 5000);
	assert_null(link_state_get(&cache, 5000));
	link_state_put(&cache, &three, cache.version, 5000);
	assert_non_null(link_state_get(&cache, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_counts),
	        cmocka_unit_test(test_kept_for_a_moment),
	        cmocka_unit_test(test_changed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
