/* Routes: matching, and docs/api/openapi.json against the table, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/http/context.h"

static const struct route sample[] = {
        {.method = METHOD_GET,  .path = "/a"          },
        {.method = METHOD_POST, .path = "/a"          },
        {.method = METHOD_GET,  .path = "/a/{x}/b/{y}"},
        {.method = METHOD_GET,  .path = "/a/{x}"      },
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
	assert_string_equal(match.param[0], "12");
	assert_string_equal(match.param[1], "x-9");
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
	assert_int_equal(method_parse("PUT"), METHOD_OTHER);
}

static json_t *openapi(void)
{
	json_t *root = json_load_file(SOURCE_DIR "/../../docs/api/openapi.json",
	                              JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	return root;
}

static json_t *operation_of(json_t *root, const struct route *route)
{
	char method[8] = "";

	for (size_t i = 0; method_text(route->method)[i]; i++)
		method[i] = (char)tolower((unsigned char)method_text(route->method)[i]);
	return json_object_get(json_object_get(json_object_get(root, "paths"), route->path),
	                       method);
}

/* Names of its query parameters, in their order. */
static void query_names(const json_t *operation, char *to, size_t size)
{
	size_t len = 0, i;
	json_t *parameter;

	to[0] = '\0';
	json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
	{
		const char *in = json_string_value(json_object_get(parameter, "in"));

		if (in && strcmp(in, "query") == 0)
			len += (size_t)snprintf(
			        to + len, size - len, "%s%s", len ? " " : "",
			        json_string_value(json_object_get(parameter, "name")));
	}
}

static bool refers_to(const json_t *operation, const char *target)
{
	json_t *parameter;
	size_t i;

	json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
	{
		const char *ref = json_string_value(json_object_get(parameter, "$ref"));

		if (ref && strcmp(ref, target) == 0)
			return true;
	}
	return false;
}

static bool is_open(const json_t *operation)
{
	const json_t *security = json_object_get(operation, "security");

	return security && json_array_size(security) == 0;
}

static void check_operation(const struct route *route, const json_t *operation)
{
	const json_t *content =
	        json_object_get(json_object_get(operation, "requestBody"), "content");
	char names[100];

	query_names(operation, names, sizeof names);
	assert_string_equal(names, route->query);
	assert_int_equal(is_open(operation), route->permission == ROUTE_PUBLIC);
	assert_int_equal(refers_to(operation, "#/components/parameters/IdempotencyKey"),
	                 route->idempotent);
	assert_int_equal(refers_to(operation, "#/components/parameters/Request"),
	                 route->method != METHOD_GET);
	assert_int_equal(json_object_get(content, "application/json") != NULL,
	                 route->body == BODY_JSON);
	assert_int_equal(json_object_get(content, "text/csv") != NULL, route->body == BODY_CSV);
	if (route->permission != ROUTE_PUBLIC)
		assert_non_null(json_object_get(json_object_get(operation, "responses"), "401"));
}

static void test_every_route_is_described(void **state)
{
	json_t *root = openapi();

	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		json_t *operation = operation_of(root, &routes[i]);

		if (!operation)
			fail_msg("openapi.json lacks %s %s", method_text(routes[i].method),
			         routes[i].path);
		check_operation(&routes[i], operation);
	}
	json_decref(root);
}

static void test_every_description_is_a_route(void **state)
{
	json_t *root = openapi(), *methods, *operation;
	const char *path, *method;
	size_t described = 0;

	(void)state;
	json_object_foreach(json_object_get(root, "paths"), path, methods)
	{
		json_object_foreach(methods, method, operation)
		{
			bool found = false;

			for (size_t i = 0; i < route_count; i++)
				found |= strcmp(routes[i].path, path) == 0 &&
				         strcasecmp(method_text(routes[i].method), method) == 0;
			if (!found)
				fail_msg("no route for %s %s", method, path);
			described++;
		}
	}
	assert_int_equal(described, route_count);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_match),
	        cmocka_unit_test(test_no_match),
	        cmocka_unit_test(test_methods),
	        cmocka_unit_test(test_every_route_is_described),
	        cmocka_unit_test(test_every_description_is_a_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
