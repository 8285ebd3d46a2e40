/* Routes: matching, and the table made of docs/api/src. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/http/context.h"

static const struct route sample[] = {
        {.method = METHOD_GET,  .path = "/a",           .prefix_len = 2},
        {.method = METHOD_POST, .path = "/a",           .prefix_len = 2},
        {.method = METHOD_GET,  .path = "/a/{x}/b/{y}", .prefix_len = 3},
        {.method = METHOD_GET,  .path = "/a/{x}",       .prefix_len = 3},
};

static const struct route *find(enum method method, const char *path, struct route_match *match)
{
	route_find(sample, ARRAY_SIZE(sample), method, path, match);
	return match->route;
}

static void test_match(void **state)
{
	struct route_match match;
	char allowed[32];

	(void)state;
	assert_ptr_equal(find(METHOD_GET, "/a", &match), &sample[0]);
	assert_ptr_equal(find(METHOD_POST, "/a", &match), &sample[1]);
	assert_ptr_equal(find(METHOD_GET, "/a/12/b/x-9", &match), &sample[2]);
	assert_string_equal(match.param[0].text, "12");
	assert_string_equal(match.param[1].text, "x-9");
	assert_ptr_equal(find(METHOD_GET, "/a/7", &match), &sample[3]);
	assert_null(find(METHOD_DELETE, "/a", &match));
	assert_true(match.other_method);
	route_allowed(sample, ARRAY_SIZE(sample), "/a", allowed, sizeof allowed);
	assert_string_equal(allowed, "GET, POST");
}

static void test_no_match(void **state)
{
	static const char *const bad[] = {"",      "a",         "/",      "/b",     "/a/",
	                                  "//a",   "/a//b/c",   "/a/1/b", "/a/..",  "/a/%31",
	                                  "/a/1;", "/a/1/b/2/", "/A",     "/a/1 2", "/a/{x}"};
	char longest[100] = "/a/";
	struct route_match match;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(find(METHOD_GET, bad[i], &match));
		assert_false(match.other_method);
	}
	memset(longest + 3, '1', ROUTE_PARAM_SIZE);
	assert_null(find(METHOD_GET, longest, &match));
}

static void test_methods(void **state)
{
	(void)state;
	assert_int_equal(method_parse("GET"), METHOD_GET);
	assert_int_equal(method_parse("HEAD"), METHOD_GET);
	assert_int_equal(method_parse("DELETE"), METHOD_DELETE);
	assert_int_equal(method_parse("get"), METHOD_OTHER);
	assert_int_equal(method_parse("PUT"), METHOD_PUT);
	assert_int_equal(method_parse("PATCH"), METHOD_PATCH);
	assert_int_equal(method_parse("TRACE"), METHOD_OTHER);
	assert_string_equal(method_text(METHOD_PATCH), "PATCH");
}

/* The table that wattled runs with. */
static void test_table(void **state)
{
	struct route_match match;

	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		const struct route *route = &routes[i];
		char path[200];
		size_t len = 0;

		/* Each route is found by its own path: no other stands before it. */
		for (const char *p = route->path; *p; p++) {
			if (*p == '{')
				p = strchr(p, '}');
			path[len++] = *p == '}' ? '1' : *p;
		}
		path[len] = '\0';
		route_find(routes, route_count, route->method, path, &match);
		assert_ptr_equal(match.route, route);
		assert_true(route->access == ROUTE_PERMISSION ||
		            route->permission == PERMISSION_COUNT);
		assert_int_equal(route->body != BODY_NONE, route->body_type != NULL);
		assert_true(route->body != BODY_JSON || route->object);
		assert_true(route->method != METHOD_GET || route->body == BODY_NONE);
	}
}

static void test_params(void **state)
{
	static const struct {
		const char *path;
		bool good;
	} paths[] = {
	        {"/api/v1/meters/330100000001",          true },
	        {"/api/v1/meters/030100000001",          false},
	        {"/api/v1/meters/33010000000",           false},
	        {"/api/v1/commands/17",                  true },
	        {"/api/v1/commands/0",                   false},
	        {"/api/v1/commands/1000000000000000000", false},
	        {"/api/v1/commands/x",                   false},
	};
	struct route_match match;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		route_find(routes, route_count, METHOD_GET, paths[i].path, &match);
		assert_non_null(match.route);
		assert_int_equal(route_read_params(&match), paths[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_match),   cmocka_unit_test(test_no_match),
	        cmocka_unit_test(test_methods), cmocka_unit_test(test_table),
	        cmocka_unit_test(test_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
