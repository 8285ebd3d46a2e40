/* Who counts as one client, and how many connections each has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/http/crowd.h"

static uint64_t client(const char *text)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return crowd_client((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return crowd_client((const struct sockaddr *)&v6);
}

static void test_who_is_one(void **state)
{
	(void)state;
	assert_int_equal(client("127.0.0.1"), CROWD_PROXY);
	assert_int_equal(client("::1"), CROWD_PROXY);
	assert_int_equal(client("::ffff:127.0.0.1"), CROWD_PROXY);
	assert_int_not_equal(client("127.0.0.2"), CROWD_PROXY);
	assert_int_not_equal(client("::2"), CROWD_PROXY);
	assert_int_not_equal(client("0.0.0.0"), CROWD_PROXY);
	assert_int_equal(client("192.0.2.7"), client("::ffff:192.0.2.7"));
	assert_int_not_equal(client("192.0.2.7"), client("192.0.2.8"));
	assert_int_equal(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
	assert_int_not_equal(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
}

static void test_counts(void **state)
{
	struct crowd *crowd = crowd_new();

	(void)state;
	for (uint64_t i = 0; i < 5000; i++)
		for (uint64_t n = 0; n <= i % 3; n++)
			assert_true(crowd_enter(crowd, UINT64_C(0xffffc0000000) + i));
	assert_int_equal(crowd_count(crowd, UINT64_C(0xffffc0000000)), 1);
	assert_int_equal(crowd_count(crowd, UINT64_C(0xffffc0000002)), 3);
	assert_int_equal(crowd_count(crowd, 77), 0);
	for (uint64_t i = 0; i < 5000; i++)
		crowd_leave(crowd, UINT64_C(0xffffc0000000) + i);
	assert_int_equal(crowd_count(crowd, UINT64_C(0xffffc0000000)), 0);
	assert_int_equal(crowd_count(crowd, UINT64_C(0xffffc0000002)), 2);
	crowd_free(crowd);
}

static void test_proxy_is_not_counted(void **state)
{
	struct crowd *crowd = crowd_new();

	(void)state;
	assert_true(crowd_enter(crowd, CROWD_PROXY));
	assert_true(crowd_enter(crowd, CROWD_PROXY));
	assert_int_equal(crowd_count(crowd, CROWD_PROXY), 0);
	crowd_leave(crowd, CROWD_PROXY);
	crowd_free(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_who_is_one),
	        cmocka_unit_test(test_counts),
	        cmocka_unit_test(test_proxy_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
