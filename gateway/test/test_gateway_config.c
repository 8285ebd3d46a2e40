/* Settings: right ones are taken, wrong ones name file, line and reason. */
#include "gateway/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char good[] = "# a gateway\n"
                           "[gateway]\nid = gw-1\nproperty = p-1\ndata = /var/lib/wattle/spool\n"
                           "[bus]\nuri = socketcan:can0\n"
                           "[broker]\nhost = broker.example\nca = ca.crt\ncertificate = gw.crt\n"
                           "key = gw.key\nport = 8884\n";

static void test_good(void **state)
{
	struct config config;
	char why[256];

	(void)state;
	assert_int_equal(config_parse(&config, "g.ini", good, why, sizeof why), ERR_NONE);
	assert_string_equal(config.id, "gw-1");
	assert_string_equal(config.bus, "socketcan:can0");
	assert_int_equal(config.broker_port, 8884);
	assert_int_equal(config.spool_mb, 200);
	assert_int_equal(config.spool_days, 30);
}

static void test_bad(void **state)
{
	static const struct {
		const char *more, *reason;
		enum err err;
	} cases[] = {
	        {"[bus]\nspeed = 5\n",                          "g.ini:15: unknown setting [bus] speed",        ERR_NOT_FOUND},
	        {"[spool]\nmost_mb = 7\n",                      "g.ini:15: value not allowed: [spool] most_mb",
	         ERR_RANGE	                                                                                           },
	        {"[spool]\nmost_mb = 1e3\n",                    "g.ini:15: value not allowed",                  ERR_BAD_INPUT},
	        {"[spool]\nkeep_days = 99999999999999999999\n", "g.ini:15: value not allowed",
	         ERR_RANGE	                                                                                           },
	        {"[gateway]\nid = gw-2\n",                      "g.ini:15: set twice: [gateway] id",            ERR_DUP      },
	        {"nonsense\n",	                          "g.ini:14: not of the form",                    ERR_BAD_INPUT},
	};
	struct config config;
	char text[1024], why[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof text, "%s%s", good, cases[i].more);
		assert_int_equal(config_parse(&config, "g.ini", text, why, sizeof why),
		                 cases[i].err);
		if (!strstr(why, cases[i].reason))
			fail_msg("%s does not say: %s", why, cases[i].reason);
	}
}

static void test_ids_are_topic_words(void **state)
{
	static const char *const bad[] = {
	        "live", "GW-1", "a/b", "a+b", "#", "gw 1", "", "a23456789012345678901234567890123"};
	struct config config;
	char text[256], why[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof text, "[gateway]\nid = %s\n", bad[i]);
		assert_int_equal(config_parse(&config, "g.ini", text, why, sizeof why),
		                 ERR_BAD_INPUT);
		assert_non_null(strstr(why, "g.ini:2"));
	}
}

static void test_missing(void **state)
{
	struct config config;
	char why[256];

	(void)state;
	assert_int_equal(config_parse(&config, "g.ini", "", why, sizeof why), ERR_BAD_INPUT);
	assert_string_equal(why, "g.ini: missing setting [gateway] id");
	assert_int_equal(config_load(&config, "/nonexistent/g.ini", why, sizeof why),
	                 ERR_NOT_FOUND);
}

static void test_key_must_be_private(void **state)
{
	struct config config;
	char path[] = "/tmp/wattle-test-key.XXXXXX", why[512];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	memset(&config, 0, sizeof config);
	snprintf(config.key, sizeof config.key, "%s", path);
	assert_int_equal(config_check_files(&config, why, sizeof why), ERR_NONE);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(config_check_files(&config, why, sizeof why), ERR_FORBIDDEN);
	assert_non_null(strstr(why, "read by others"));
	unlink(path);
	assert_int_equal(config_check_files(&config, why, sizeof why), ERR_NOT_FOUND);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),
	        cmocka_unit_test(test_bad),
	        cmocka_unit_test(test_ids_are_topic_words),
	        cmocka_unit_test(test_missing),
	        cmocka_unit_test(test_key_must_be_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
