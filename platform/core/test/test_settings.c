/* F2: a bad settings file names file, line and reason, and secrets must be kept secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/core/keys.h"
#include "platform/core/settings.h"

static struct settings settings;
static char why[256];

static enum err parse(const char *text)
{
	why[0] = '\0';
	return settings_parse(&settings, text, strlen(text), "x.ini", why, sizeof why);
}

static void an_empty_file_gives_the_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(""), ERR_NONE);
	assert_int_equal(settings.broker_port, 8883);
	assert_int_equal(settings.command_expiry_s, 120);
	assert_string_equal(settings.http_listen, "127.0.0.1");
}

static void values_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("; a comment\n[broker]\nport = 1883\nhost = b.example\r\n\n[http]\n"
	                       "listen = ::1\nport=9000\n"),
	                 ERR_NONE);
	assert_int_equal(settings.broker_port, 1883);
	assert_string_equal(settings.broker_host, "b.example");
	assert_string_equal(settings.http_listen, "::1");
	assert_int_equal(settings.http_port, 9000);
}

static void each_fault_names_its_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
	        {"[http]\nport = 80\nprot = 81\n",
	         "x.ini:3: unknown setting 'prot' in section [http]"                                            },
	        {"port = 80\n",                           "x.ini:1: unknown setting 'port' in section []"       },
	        {"[nothing]\na = 1\n",                    "x.ini:2: unknown setting 'a' in section [nothing]"   },
	        {"[http]\nport = 65536\n",                "x.ini:2: port must be a whole number from 1 to 65535"},
	        {"[http]\nport = 0\n",                    "x.ini:2: port must be a whole number from 1 to 65535"},
	        {"[http]\nport = 80x\n",                  "x.ini:2: port must be a whole number from 1 to 65535"},
	        {"[http]\nport =\n",                      "x.ini:2: port must be a whole number from 1 to 65535"},
	        {"[http]\nport = 99999999999999999999\n",
	         "x.ini:2: port must be a whole number from 1 to 65535"                                         },
	        {"[http]\n\n\nport = 1\nport = 2\n",      "x.ini:5: port is set twice"                          },
	        {"[platform]\ngroup_ms = -1\n",
	         "x.ini:2: group_ms must be a whole number from 0 to 1000 ms"                                   },
	        {"[http]\nport\n",                        "x.ini:2: not a `name = value` line"                  },
	        {"[http\nport = 1\n",                     "x.ini:1: not a `name = value` line"                  },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(parse(cases[i].text), ERR_BAD_INPUT);
		assert_string_equal(why, cases[i].why);
	}
}

static void every_cut_of_a_file_is_read_or_refused(void **state)
{
	static const char text[] =
	        "[platform]\nreaders = 12\n[broker]\nhost = some.host\nport = 99\n";

	(void)state;
	for (size_t n = 0; n < sizeof text; n++) {
		enum err err = settings_parse(&settings, text, n, "x.ini", why, sizeof why);

		if (err)
			assert_non_null(strstr(why, "x.ini:"));
	}
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	assert_int_equal(settings_load(&settings, "/nowhere/x.ini", why, sizeof why),
	                 ERR_NOT_FOUND);
	assert_non_null(strstr(why, "/nowhere/x.ini"));
}

static void paths_are_meant_from_the_files_folder(void **state)
{
	char path[] = "/tmp/wattle-settings-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	(void)state;
	fputs("[broker]\nca = /etc/ca.crt\n", file);
	fclose(file);
	assert_int_equal(settings_load(&settings, path, why, sizeof why), ERR_NONE);
	assert_string_equal(settings.data_dir, "/tmp");
	assert_string_equal(settings.store_dir, "/tmp/store");
	assert_string_equal(settings.broker_ca, "/etc/ca.crt");
	assert_string_equal(settings.console_dir, "");
	unlink(path);
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
	char dir[] = "/tmp/wattle-secret-XXXXXX", path[64];
	struct keys *keys;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/secret.key", dir);
	assert_int_equal(keys_load(&keys, path, why, sizeof why), ERR_NOT_FOUND);
	assert_non_null(strstr(why, path));
	assert_int_equal(keys_create_file(path), ERR_NONE);
	assert_int_equal(keys_create_file(path), ERR_DUP);
	assert_int_equal(keys_load(&keys, path, why, sizeof why), ERR_NONE);
	keys_free(keys);
	for (mode_t bad = 0644; bad; bad = bad == 0644 ? 0640 : bad == 0640 ? 0604 : 0) {
		assert_int_equal(chmod(path, bad), 0);
		assert_int_equal(keys_load(&keys, path, why, sizeof why), ERR_FORBIDDEN);
		assert_non_null(strstr(why, path));
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(keys_load(&keys, path, why, sizeof why), ERR_BAD_INPUT);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(keys_load(&keys, path, why, sizeof why), ERR_BAD_INPUT);
	unlink(path);
	rmdir(dir);
}

static void a_wrapped_key_opens_only_where_it_belongs(void **state)
{
	static const uint8_t secret[32] = {1}, other[32] = {2};
	uint8_t key[TERMINAL_KEY_SIZE], back[TERMINAL_KEY_SIZE], wrapped[KEY_WRAPPED_SIZE];
	struct keys *keys, *others;

	(void)state;
	memset(key, 0x33, sizeof key);
	assert_int_equal(keys_from_bytes(&keys, secret), ERR_NONE);
	assert_int_equal(keys_from_bytes(&others, other), ERR_NONE);
	assert_int_equal(keys_wrap(keys, "00112233445566778899aabb", key, wrapped), ERR_NONE);
	assert_int_equal(keys_unwrap(keys, "00112233445566778899aabb", wrapped, back), ERR_NONE);
	assert_memory_equal(key, back, sizeof key);
	assert_int_equal(keys_unwrap(keys, "00112233445566778899aabc", wrapped, back), ERR_AUTH);
	assert_int_equal(keys_unwrap(others, "00112233445566778899aabb", wrapped, back), ERR_AUTH);
	for (size_t bit = 0; bit < sizeof wrapped * 8; bit += 5) {
		wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(keys_unwrap(keys, "00112233445566778899aabb", wrapped, back),
		                 ERR_AUTH);
		wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	keys_free(keys);
	keys_free(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_empty_file_gives_the_defaults),
	        cmocka_unit_test(values_are_taken),
	        cmocka_unit_test(each_fault_names_its_line),
	        cmocka_unit_test(every_cut_of_a_file_is_read_or_refused),
	        cmocka_unit_test(a_missing_file_is_named),
	        cmocka_unit_test(paths_are_meant_from_the_files_folder),
	        cmocka_unit_test(a_secret_that_others_can_read_is_refused),
	        cmocka_unit_test(a_wrapped_key_opens_only_where_it_belongs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
