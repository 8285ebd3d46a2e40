/* Parts of the web side that need no platform: JSON out, queries, bodies, paths, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/macros.h"
#include "platform/core/json_out.h"
#include "platform/http/limit.h"
#include "platform/http/problem.h"
#include "platform/http/query.h"
#include "platform/http/session_cache.h"
#include "platform/http/static.h"

/* ---- JSON out ---- */

static void assert_written(struct json_out *out, const char *want)
{
	size_t len;
	char *data = json_out_take(out, &len);

	assert_non_null(data);
	assert_int_equal((int)len, (int)strlen(want));
	assert_memory_equal(data, want, len);
	free(data);
}

static void test_json_shapes(void **state)
{
	struct json_out out;

	(void)state;
	json_out_init(&out);
	out_object(&out, NULL);
	out_int(&out, "least", INT64_MIN);
	out_int(&out, "most", INT64_MAX);
	out_array(&out, "list");
	out_bool(&out, NULL, true);
	out_null(&out, NULL);
	out_object(&out, NULL);
	out_object_end(&out);
	out_array_end(&out);
	out_text(&out, "none", NULL);
	out_raw(&out, "raw", "{\"a\":1}", 7);
	out_meter(&out, "meter", 330100000001);
	out_time_s(&out, "at", 1764000000);
	out_time_ms(&out, "at_ms", 1764000000123);
	out_time_s(&out, "never", 0);
	out_object_end(&out);
	assert_written(&out, "{\"least\":-9223372036854775808,\"most\":9223372036854775807,"
	                     "\"list\":[true,null,{}],\"none\":null,\"raw\":{\"a\":1},"
	                     "\"meter\":\"330100000001\",\"at\":\"2025-11-24T16:00:00Z\","
	                     "\"at_ms\":\"2025-11-24T16:00:00.123Z\",\"never\":null}");
	out_array(&out, NULL);
	out_int(&out, NULL, 0);
	out_int(&out, NULL, -10);
	out_id(&out, NULL, INT64_MAX);
	out_id(&out, NULL, 0);
	out_meter(&out, NULL, 7);
	out_meter(&out, NULL, 1234567890123);
	out_array_end(&out);
	assert_written(&out, "[0,-10,\"9223372036854775807\",null,\"000000000007\","
	                     "\"1234567890123\"]");
}

static void test_json_escapes(void **state)
{
	struct json_out out;

	(void)state;
	json_out_init(&out);
	out_text(&out, NULL, "\"\\\n\x01\x7f 电表 \xF0\x9F\x94\x8C");
	assert_written(&out, "\"\\\"\\\\\\u000a\\u0001\\u007f 电表 \xF0\x9F\x94\x8C\"");
}

/* Whatever bytes come in, a JSON parser reads what comes out. */
static void test_json_bad_utf8_stays_json(void **state)
{
	static const char *const bad[] = {
	        "\xff",   "\xC0\x80",     "\xED\xA0\x80", "\xE2\x82", "\xF4\x90\x80\x80",
	        "a\x80z", "\xF8\x88\x80", "\xC3("};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct json_out out;
		json_t *read;

		json_out_init(&out);
		out_text(&out, NULL, bad[i]);
		read = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
		assert_non_null(read);
		assert_non_null(strstr(json_string_value(read), "\xEF\xBF\xBD"));
		json_decref(read);
		json_out_free(&out);
	}
}

static void test_problem(void **state)
{
	struct refusal refusal;
	struct json_out out;

	(void)state;
	refuse(&refusal, PROBLEM_BAD_FIELD, "kind", "is %s", "missing");
	json_out_init(&out);
	problem_write(&out, &refusal);
	assert_written(&out, "{\"type\":\"/problems/bad-field\",\"title\":\"A field is missing or "
	                     "wrong\",\"title_zh\":\"字段缺失或有误\",\"status\":400,"
	                     "\"detail\":\"is missing\",\"field\":\"kind\"}");
	for (int i = PROBLEM_BAD_REQUEST; i < PROBLEM_COUNT; i++)
		assert_in_range(problem_status((enum problem)i), 400, 599);
}

/* ---- queries ---- */

static void test_query_good(void **state)
{
	char text[] = "limit=7&name=%E7%94%B5+a%2Bb&x&&assigned=false";
	struct refusal refusal;
	struct query query;

	(void)state;
	assert_true(query_parse(&query, text, &refusal));
	assert_int_equal(query.count, 4);
	assert_string_equal(query_text(&query, "limit"), "7");
	assert_string_equal(query_text(&query, "name"), "电 a+b");
	assert_string_equal(query_text(&query, "x"), "");
	assert_null(query_text(&query, "to"));
	assert_true(query_parse(&query, NULL, &refusal));
	assert_int_equal(query.count, 0);
}

static void test_query_bad(void **state)
{
	static const struct {
		const char *text, *field;
	} bad[] = {
	        {"limit=1&limit=2", "limit"},
                {"limit=%",         "query"},
                {"limit=%4",        "query"},
	        {"limit=%zz",       "query"},
                {"limit=%00",       "query"},
                {"limit=%ff",       "query"},
	        {"limit=%c0%80",    "query"},
                {"limit=%0a",       "query"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct refusal refusal = {0};
		struct query query;
		char text[64];

		snprintf(text, sizeof text, "%s", bad[i].text);
		assert_false(query_parse(&query, text, &refusal));
		assert_int_equal(refusal.problem, PROBLEM_BAD_FIELD);
		assert_string_equal(refusal.field, bad[i].field);
	}
}

static void test_query_limits(void **state)
{
	char text[QUERY_TEXT_MAX + 2], many[4 * QUERY_ITEMS_MAX + 8] = "";
	struct refusal refusal;
	struct query query;

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_false(query_parse(&query, text, &refusal));
	for (int i = 0; i <= QUERY_ITEMS_MAX; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), "a%d&", i);
	assert_false(query_parse(&query, many, &refusal));
	assert_string_equal(refusal.field, "a24");
}

/* ---- files ---- */

static void test_static_names(void **state)
{
	static const struct {
		const char *path, *name;
	} good[] = {
	        {"/",                     "index.html"          },
	        {"/meters",               "index.html"          },
	        {"/meters/330100000001",  "index.html"          },
	        {"/assets/index-Bx_1.js", "assets/index-Bx_1.js"},
	        {"/favicon.ico",          "favicon.ico"         },
	        {"/docs",                 "docs/index.html"     },
	        {"/docs/swagger-ui.css",  "docs/swagger-ui.css" },
	};

	static const char *const bad[] = {"",
	                                  "x",
	                                  "//",
	                                  "/..",
	                                  "/../etc/passwd",
	                                  "/a/../b.js",
	                                  "/.env",
	                                  "/a/.git/x.js",
	                                  "/%2e%2e/x.js",
	                                  "/a//b.js",
	                                  "/a\\b.js",
	                                  "/a b.js",
	                                  "/assets/",
	                                  "/a;b.js",
	                                  "/\xE7\x94\xB5.js",
	                                  "/a/./b.js",
	                                  "/assets/x.js/"};
	char name[STATIC_PATH_MAX];
	char longest[STATIC_PATH_MAX + 10];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(static_name(good[i].path, name));
		assert_string_equal(name, good[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (static_name(bad[i], name))
			fail_msg("%s is taken for %s", bad[i], name);
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	longest[sizeof longest - 1] = '\0';
	assert_false(static_name(longest, name));
}

static void put_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_static_open(void **state)
{
	char dir[] = "/tmp/wattle-static-XXXXXX", plain_tag[48];
	struct static_file file;
	int dir_fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(dir_fd, "assets", 0700), 0);
	put_file(dir_fd, "index.html", "<p>");
	put_file(dir_fd, "assets/a.js", "longer text");
	put_file(dir_fd, "assets/a.js.gz", "packed");
	assert_int_equal(symlinkat("/etc/passwd", dir_fd, "link.txt"), 0);

	assert_int_equal(static_open(dir_fd, "index.html", true, &file), ERR_NONE);
	assert_false(file.gzip);
	assert_false(file.immutable);
	assert_int_equal(file.size, 3);
	close(file.fd);
	assert_int_equal(static_open(dir_fd, "assets/a.js", false, &file), ERR_NONE);
	assert_true(file.immutable);
	memcpy(plain_tag, file.etag, sizeof plain_tag);
	close(file.fd);
	assert_int_equal(static_open(dir_fd, "assets/a.js", true, &file), ERR_NONE);
	assert_true(file.gzip);
	assert_int_equal(file.size, 6);
	assert_string_not_equal(file.etag, plain_tag);
	close(file.fd);
	assert_int_equal(static_open(dir_fd, "assets", false, &file), ERR_NOT_FOUND);
	assert_int_equal(static_open(dir_fd, "link.txt", false, &file), ERR_NOT_FOUND);
	assert_int_equal(static_open(dir_fd, "none.js", false, &file), ERR_NOT_FOUND);

	unlinkat(dir_fd, "index.html", 0);
	unlinkat(dir_fd, "link.txt", 0);
	unlinkat(dir_fd, "assets/a.js", 0);
	unlinkat(dir_fd, "assets/a.js.gz", 0);
	unlinkat(dir_fd, "assets", AT_REMOVEDIR);
	close(dir_fd);
	rmdir(dir);
}

static void test_headers(void **state)
{
	(void)state;
	assert_true(etag_matches("\"a\", W/\"b\"", "\"b\""));
	assert_true(etag_matches("*", "\"b\""));
	assert_false(etag_matches("\"bc\"", "\"b\""));
	assert_false(etag_matches(NULL, "\"b\""));
	assert_true(accepts_gzip("br, gzip"));
	assert_true(accepts_gzip("GZIP;q=0.5"));
	assert_false(accepts_gzip("gzip;q=0, br"));
	assert_false(accepts_gzip("x-gzip"));
	assert_false(accepts_gzip(NULL));
	assert_string_equal(static_type("a.b.js"), "text/javascript; charset=utf-8");
	assert_string_equal(static_type("a"), "application/octet-stream");
}

/* ---- sessions and logins ---- */

#define TOKEN "0123456789-_abcdefghijABCDEFGHIJ0123456789x"

static void test_cookie(void **state)
{
	char token[44];

	(void)state;
	assert_true(cookie_token("wattle_session=" TOKEN, token, sizeof token));
	assert_string_equal(token, TOKEN);
	assert_true(cookie_token("a=b; wattle_session=" TOKEN "; c=d", token, sizeof token));
	assert_false(cookie_token("wattle_session=short", token, sizeof token));
	assert_false(cookie_token("wattle_session=" TOKEN "x", token, sizeof token));
	assert_false(cookie_token("wattle_session=" TOKEN "\"", token, sizeof token));
	assert_false(cookie_token("xwattle_session=" TOKEN, token, sizeof token));
	assert_false(cookie_token("", token, sizeof token));
	assert_false(cookie_token(NULL, token, sizeof token));
}

static void test_session_cache(void **state)
{
	static struct session_cache cache;
	static struct session session = {.user = {.user_id = 7}};
	const struct session *found;
	char name[8];
	int kept = 0;

	(void)state;
	assert_null(session_cache_get(&cache, "aa", 0));
	session_cache_put(&cache, "aa", &session, 0, 1000);
	found = session_cache_get(&cache, "aa", 1000 + SESSION_CACHE_MS - 1);
	assert_non_null(found);
	assert_int_equal(found->user.user_id, 7);
	assert_null(session_cache_get(&cache, "aa", 1000 + SESSION_CACHE_MS));
	session_cache_drop(&cache, "aa");
	assert_null(session_cache_get(&cache, "aa", 1000));
	/* Full: the newest stays, and the table does not grow. */
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "%d", i);
		session_cache_put(&cache, name, &session, 0, i);
		assert_non_null(session_cache_get(&cache, name, i));
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "%d", i);
		kept += session_cache_get(&cache, name, 3000) != NULL;
	}
	assert_true(kept > SESSION_CACHE_SETS);
	assert_true(kept <= SESSION_CACHE_SETS * SESSION_CACHE_WAYS);
}

static void test_session_cache_forgets(void **state)
{
	static struct session_cache cache;
	static struct session seven = {.user = {.user_id = 7}}, eight = {.user = {.user_id = 8}},
	                      key = {.access = {.key_id = 3}};

	(void)state;
	session_cache_put(&cache, "aa", &seven, cache.version, 0);
	session_cache_put(&cache, "bb", &eight, cache.version, 0);
	session_cache_put(&cache, "cc", &key, cache.version, 0);
	session_cache_forget(&cache, 7);
	assert_null(session_cache_get(&cache, "aa", 0));
	assert_non_null(session_cache_get(&cache, "bb", 0));
	/* It may be the key of seven. */
	assert_null(session_cache_get(&cache, "cc", 0));
	/* It was looked up before the rights changed: too old to keep. */
	session_cache_put(&cache, "aa", &seven, cache.version - 1, 0);
	assert_null(session_cache_get(&cache, "aa", 0));
	session_cache_forget(&cache, 0);
	assert_null(session_cache_get(&cache, "bb", 0));
}

static void test_login_limit(void **state)
{
	static struct login_limit limit;

	(void)state;
	for (int i = 0; i < LIMIT_PER_NAME; i++) {
		assert_int_equal(login_limit_wait_s(&limit, "1.2.3.4", "admin", 5000), 0);
		login_limit_failed(&limit, "1.2.3.4", "admin", 5000);
	}
	assert_int_equal(login_limit_wait_s(&limit, "1.2.3.4", "admin", 5000),
	                 LIMIT_WINDOW_MS / 1000);
	assert_int_equal(login_limit_wait_s(&limit, "1.2.3.4", "other", 5000), 0);
	assert_int_equal(login_limit_wait_s(&limit, "1.2.3.5", "admin", 5000), 0);
	assert_int_equal(login_limit_wait_s(&limit, "1.2.3.4", "admin", 5000 + LIMIT_WINDOW_MS), 0);
	login_limit_passed(&limit, "1.2.3.4", "admin");
	assert_int_equal(login_limit_wait_s(&limit, "1.2.3.4", "admin", 5000), 0);
	for (int i = 0; i < LIMIT_PER_ADDRESS; i++) {
		char name[16];

		snprintf(name, sizeof name, "user%d", i);
		login_limit_failed(&limit, "1.2.3.4", name, 5000);
	}
	assert_true(login_limit_wait_s(&limit, "1.2.3.4", "fresh", 5000) > 0);
}

static void test_login_limit_of_many_addresses(void **state)
{
	static struct login_limit limit, flooded;
	char address[48];

	(void)state;
	/* One name from everywhere. */
	for (int i = 0; i < LIMIT_NAME_OVERALL; i++) {
		snprintf(address, sizeof address, "10.0.%d.%d", i / 200, i % 200);
		assert_int_equal(login_limit_wait_s(&limit, "192.0.2.1", "admin", 5000), 0);
		login_limit_failed(&limit, address, "admin", 5000);
	}
	assert_true(login_limit_wait_s(&limit, "192.0.2.1", "admin", 5000) > 0);
	assert_int_equal(login_limit_wait_s(&limit, "192.0.2.1", "other", 5000), 0);
	/* One network of IPv6 is one client. */
	for (int i = 0; i < LIMIT_PER_ADDRESS; i++) {
		char name[16];

		snprintf(address, sizeof address, "2001:db8::%x", i + 1);
		snprintf(name, sizeof name, "user%d", i);
		login_limit_failed(&limit, address, name, 5000);
	}
	assert_true(login_limit_wait_s(&limit, "2001:db8::ffff", "fresh", 5000) > 0);
	assert_int_equal(login_limit_wait_s(&limit, "2001:db8:0:1::1", "fresh", 5000), 0);
	/* A flood of others does not push out one that is stopped. */
	for (int i = 0; i < LIMIT_PER_NAME; i++)
		login_limit_failed(&flooded, "192.0.2.9", "victim", 1000);
	for (int i = 0; i < 3 * LIMIT_ENTRIES; i++) {
		char name[16];

		snprintf(address, sizeof address, "10.%d.%d.%d", i / 40000, i / 200 % 200, i % 200);
		snprintf(name, sizeof name, "u%d", i);
		login_limit_failed(&flooded, address, name, 2000);
	}
	assert_true(login_limit_wait_s(&flooded, "192.0.2.9", "victim", 3000) > 0);
}

static void test_code_limit(void **state)
{
	static struct login_limit limit;

	(void)state;
	for (int i = 0; i < LIMIT_CODES; i++) {
		assert_int_equal(code_limit_wait_s(&limit, "anna", 5000), 0);
		code_limit_failed(&limit, "anna", 5000);
	}
	assert_int_equal(code_limit_wait_s(&limit, "anna", 5000), LIMIT_CODE_WINDOW_MS / 1000);
	assert_int_equal(code_limit_wait_s(&limit, "bert", 5000), 0);
	assert_int_equal(code_limit_wait_s(&limit, "anna", 5000 + LIMIT_CODE_WINDOW_MS), 0);
	code_limit_passed(&limit, "anna");
	assert_int_equal(code_limit_wait_s(&limit, "anna", 5000), 0);
}

static void test_number_limit(void **state)
{
	static struct login_limit limit;

	(void)state;
	for (int i = 0; i < LIMIT_NUMBERS; i++)
		assert_int_equal(number_limit_ask_s(&limit, "7/0", 5000), 0);
	assert_int_equal(number_limit_ask_s(&limit, "7/0", 5000), LIMIT_NUMBER_WINDOW_MS / 1000);
	assert_int_equal(number_limit_ask_s(&limit, "0/7", 5000), 0);
	assert_int_equal(number_limit_ask_s(&limit, "7/0", 5000 + LIMIT_NUMBER_WINDOW_MS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_json_shapes),
	        cmocka_unit_test(test_json_escapes),
	        cmocka_unit_test(test_json_bad_utf8_stays_json),
	        cmocka_unit_test(test_problem),
	        cmocka_unit_test(test_query_good),
	        cmocka_unit_test(test_query_bad),
	        cmocka_unit_test(test_query_limits),
	        cmocka_unit_test(test_static_names),
	        cmocka_unit_test(test_static_open),
	        cmocka_unit_test(test_headers),
	        cmocka_unit_test(test_cookie),
	        cmocka_unit_test(test_session_cache),
	        cmocka_unit_test(test_session_cache_forgets),
	        cmocka_unit_test(test_login_limit),
	        cmocka_unit_test(test_login_limit_of_many_addresses),
	        cmocka_unit_test(test_code_limit),
	        cmocka_unit_test(test_number_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
