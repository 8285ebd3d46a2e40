/* Values of requests: bodies and parameters against a table like those of api_gen.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "platform/http/body.h"
#include "platform/http/query.h"

/* Memory as a request has it: all of it goes at the end. */
static void *blocks[4096];
static size_t block_count;

static void *alloc(void *arg, size_t size)
{
	(void)arg;
	assert_true(block_count < ARRAY_SIZE(blocks));
	return blocks[block_count++] = calloc(1, size);
}

static int forget(void **state)
{
	(void)state;
	while (block_count)
		free(blocks[--block_count]);
	return 0;
}

static const struct body_memory memory = {alloc, NULL};

/* ---- one of each kind ---- */

struct phone {
	const char *number;
	bool first;
	bool has_first;
};

struct order {
	const char *kind, *reason, *note, *slug;
	bool has_reason, null_reason, has_note, has_slug;
	int64_t count, until_s, meter, id, day;
	bool has_count, has_until, has_meter, has_id, has_day;
	struct phone owner;
	bool has_owner;
	const struct phone *phones;
	size_t phones_count;
	bool has_phones;
	const int64_t *meters;
	size_t meters_count;
	bool has_meters;
	const char *const *words;
	size_t words_count;
	bool has_words;
};

/* clang-format off */
static const struct body_field phone_fields[] = {
        {.name = "number", .type = BODY_TEXT, .offset = offsetof(struct phone, number), .required = true, .has = BODY_NOWHERE, .min = 1, .max = 20},
        {.name = "first", .type = BODY_BOOL, .offset = offsetof(struct phone, first), .has = offsetof(struct phone, has_first)},
};
static const struct body_object phone_object = {sizeof(struct phone), phone_fields, 2};
static const struct body_field phone_item = {.name = "", .type = BODY_OBJECT, .object = &phone_object, .required = true, .has = BODY_NOWHERE};
static const struct body_field meter_item = {.name = "", .type = BODY_METER, .required = true, .has = BODY_NOWHERE};
static const char *const some_words[] = {"one", "two", NULL};
static const struct body_field word_item = {.name = "", .type = BODY_TEXT, .required = true, .has = BODY_NOWHERE, .max = 9, .words = some_words};
static struct body_pattern slug_pattern = {.text = "^[a-z0-9-]{1,32}$"};

static const struct body_field order_fields[] = {
        {.name = "kind", .type = BODY_TEXT, .offset = offsetof(struct order, kind), .required = true, .has = BODY_NOWHERE, .min = 1, .max = 7},
        {.name = "reason", .type = BODY_TEXT, .offset = offsetof(struct order, reason), .has = offsetof(struct order, has_reason),
         .nullable = true, .null = offsetof(struct order, null_reason), .max = 5},
        {.name = "note", .type = BODY_TEXT, .offset = offsetof(struct order, note), .has = offsetof(struct order, has_note),
         .lines = true, .max = 10000},
        {.name = "slug", .type = BODY_TEXT, .offset = offsetof(struct order, slug), .has = offsetof(struct order, has_slug),
         .pattern = &slug_pattern, .max = 100},
        {.name = "count", .type = BODY_INT, .offset = offsetof(struct order, count), .has = offsetof(struct order, has_count),
         .max = 100},
        {.name = "until", .type = BODY_TIME, .offset = offsetof(struct order, until_s), .has = offsetof(struct order, has_until)},
        {.name = "meter", .type = BODY_METER, .offset = offsetof(struct order, meter), .has = offsetof(struct order, has_meter)},
        {.name = "id", .type = BODY_ID, .offset = offsetof(struct order, id), .has = offsetof(struct order, has_id)},
        {.name = "day", .type = BODY_DAY, .offset = offsetof(struct order, day), .has = offsetof(struct order, has_day)},
        {.name = "owner", .type = BODY_OBJECT, .offset = offsetof(struct order, owner), .has = offsetof(struct order, has_owner),
         .object = &phone_object},
        {.name = "phones", .type = BODY_LIST, .offset = offsetof(struct order, phones), .has = offsetof(struct order, has_phones),
         .count = offsetof(struct order, phones_count), .item = &phone_item,
         .item_size = sizeof(struct phone), .min = 1, .max = 3},
        {.name = "meters", .type = BODY_LIST, .offset = offsetof(struct order, meters), .has = offsetof(struct order, has_meters),
         .count = offsetof(struct order, meters_count), .item = &meter_item,
         .item_size = sizeof(int64_t), .max = 3},
        {.name = "words", .type = BODY_LIST, .offset = offsetof(struct order, words), .has = offsetof(struct order, has_words),
         .count = offsetof(struct order, words_count), .item = &word_item,
         .item_size = sizeof(const char *), .max = 3},
};
static const struct body_object order_object = {sizeof(struct order), order_fields,
                                                ARRAY_SIZE(order_fields)};

/* clang-format on */

static bool parse_order(const char *json, const struct order **order, struct refusal *refusal)
{
	memset(refusal, 0, sizeof *refusal);
	*order = body_parse(&order_object, json, strlen(json), &memory, refusal);
	return *order != NULL;
}

static void test_body_good(void **state)
{
	struct refusal refusal;
	const struct order *order;

	(void)state;
	assert_true(parse_order(" {\"kind\":\"trip\",\"reason\":\"停电维修吧\",\"count\":100,"
	                        "\"until\":\"2025-11-24T16:00:00Z\",\"meter\":\"330100000001\"} ",
	                        &order, &refusal));
	assert_string_equal(order->kind, "trip");
	assert_string_equal(order->reason, "停电维修吧");
	assert_int_equal(order->count, 100);
	assert_int_equal(order->until_s, 1764000000);
	assert_int_equal(order->meter, 330100000001);
}

static void add_name(void *arg, const char *name, enum body_type type, int64_t number)
{
	char *text = arg;
	size_t len = strlen(text);

	(void)type;
	snprintf(text + len, 200 - len, "%s %lld, ", name, (long long)number);
}

/* What it names: those that are there, one by one of a list, and nothing that is only a number. */
static void test_body_names(void **state)
{
	struct refusal refusal;
	const struct order *order;
	char text[200] = "";

	(void)state;
	assert_true(
	        parse_order("{\"kind\":\"trip\",\"count\":7,\"id\":\"12\",\"day\":\"2026-11-24\","
	                    "\"meters\":[\"330100000001\",\"330100000002\"]}",
	                    &order, &refusal));
	body_names(&order_object, order, add_name, text);
	assert_string_equal(text, "id 12, meters 330100000001, meters 330100000002, ");
}

/* reliability.md A2: every one is refused and the field is named. */
static void test_body_bad(void **state)
{
	static const struct {
		const char *json, *field;
	} bad[] = {
	        {"",	                                                 "body"     },
	        {"null",	                                             "body"     },
	        {"[]",	                                               "body"     },
	        {"\"kind\"",	                                         "body"     },
	        {"{}",	                                               "kind"     },
	        {"{\"kind\":null}",	                                  "kind"     },
	        {"{\"kind\":[]}",	                                    "kind"     },
	        {"{\"kind\":{\"kind\":\"trip\"}}",                           "kind"     },
	        {"{\"kind\":\"\"}",	                                  "kind"     },
	        {"{\"kind\":\"far too long\"}",                              "kind"     },
	        {"{\"kind\":\"a\\u0000b\"}",                                 "kind"     },
	        {"{\"kind\":\"a\\nb\"}",                                     "kind"     },
	        {"{\"kind\":\"\xff\"}",                                      "kind"     },
	        {"{\"kind\":\"trip\"} x",                                    "kind"     },
	        {"{\"kind\":\"trip\",\"kind\":\"close\"}",                   "kind"     },
	        {"{\"kind\":\"trip\",\"count\":1e309}",                      "count"    },
	        {"{\"kind\":\"trip\",\"count\":NaN}",                        "count"    },
	        {"{\"kind\":\"trip\",\"count\":Infinity}",                   "count"    },
	        {"{\"kind\":\"trip\",\"count\":1.0}",                        "count"    },
	        {"{\"kind\":\"trip\",\"count\":-1}",                         "count"    },
	        {"{\"kind\":\"trip\",\"count\":101}",                        "count"    },
	        {"{\"kind\":\"trip\",\"count\":\"1\"}",                      "count"    },
	        {"{\"kind\":\"trip\",\"count\":99999999999999999999999999}", "count"    },
	        {"{\"kind\":\"trip\",\"until\":\"tomorrow\"}",               "until"    },
	        {"{\"kind\":\"trip\",\"until\":1764000000}",                 "until"    },
	        {"{\"kind\":\"trip\",\"until\":\"1901-01-01T00:00:00Z\"}",   "until"    },
	        {"{\"kind\":\"trip\",\"meter\":330100000001}",               "meter"    },
	        {"{\"kind\":\"trip\",\"meter\":\"030100000001\"}",           "meter"    },
	        {"{\"kind\":\"trip\",\"meter\":\"33010000000a\"}",           "meter"    },
	        {"{\"kind\":\"trip\",\"reason\":\"停电维修吧吧\"}",    "reason"   },
	        {"{\"kind\":\"trip\",\"price_fen\":1}",                      "price_fen"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct refusal refusal;
		const struct order *order;

		if (parse_order(bad[i].json, &order, &refusal))
			fail_msg("taken: %s", bad[i].json);
		assert_int_equal(problem_status(refusal.problem), 400);
		if (strcmp(refusal.field, bad[i].field) != 0)
			fail_msg("%s names %s: %s", bad[i].json, refusal.field, refusal.detail);
	}
}

/* What the parser says of it, without the client's own text and without loose ends. */
static void test_body_syntax_words(void **state)
{
	static const char *const words[][2] = {
	        {"",	                        "must be a JSON object"           },
	        {"{",	                       "not JSON: string or '}' expected"},
	        {"{\"kind\" 1}",                    "not JSON: ':' expected"          },
	        {"{\"kind\":secret}",               "not JSON: invalid token"         },
	        {"{\"kind\":\"\\ud800\"}",          "not JSON: invalid Unicode"       },
	        {"{\"kind\":\"a\",\"kind\":\"b\"}", "not JSON: duplicate object key"  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct refusal refusal;
		const struct order *order;

		assert_false(parse_order(words[i][0], &order, &refusal));
		assert_string_equal(refusal.detail, words[i][1]);
	}
}

static void test_body_digits_and_depth(void **state)
{
	enum { SIZE = 60000 };

	char *json = malloc(SIZE + 64);
	struct refusal refusal;
	const struct order *order;

	(void)state;
	assert_non_null(json);
	snprintf(json, SIZE, "{\"kind\":\"trip\",\"count\":");
	memset(json + strlen(json), '9', SIZE);
	memcpy(json + 23 + SIZE, "}", 2);
	assert_false(parse_order(json, &order, &refusal));
	assert_string_equal(refusal.field, "count");
	memset(json, '[', SIZE);
	json[SIZE] = '\0';
	assert_false(parse_order(json, &order, &refusal));
	assert_string_equal(refusal.field, "body");
	free(json);
}

static void test_body_shapes(void **state)
{
	struct refusal refusal;
	const struct order *order;

	(void)state;
	assert_true(parse_order(
	        "{\"kind\":\"x\",\"reason\":null,\"note\":\"a\\n\\tb\",\"slug\":\"p-1\","
	        "\"id\":\"900000000000000000\",\"day\":\"2026-11-24\","
	        "\"owner\":{\"number\":\"139\",\"first\":true},"
	        "\"phones\":[{\"number\":\"1\"},{\"number\":\"\\ud83d\\ude00\"}],"
	        "\"meters\":[\"330100000001\",\"330100000002\"],\"words\":[\"two\",\"one\"]}",
	        &order, &refusal));
	assert_true(order->has_reason && order->null_reason);
	assert_null(order->reason);
	assert_string_equal(order->note, "a\n\tb");
	assert_int_equal(order->id, 900000000000000000);
	assert_int_equal(order->day, days_from_date(2026, 11, 24));
	assert_true(order->has_owner && order->owner.first && order->owner.has_first);
	assert_string_equal(order->owner.number, "139");
	assert_int_equal(order->phones_count, 2);
	assert_false(order->phones[0].has_first);
	assert_string_equal(order->phones[1].number, "\xF0\x9F\x98\x80");
	assert_int_equal(order->meters_count, 2);
	assert_int_equal(order->meters[1], 330100000002);
	assert_string_equal(order->words[0], "two");
	assert_false(order->has_count);
	assert_true(parse_order("{\"kind\":\"x\",\"meters\":[]}", &order, &refusal));
	assert_true(order->has_meters && order->meters_count == 0);
}

static void test_body_bad_shapes(void **state)
{
	static const struct {
		const char *more, *field;
	} bad[] = {
	        {"\"note\":\"a\\u0007\"",                       "note"            },
	        {"\"note\":\"a\\u0085\"",                       "note"            },
	        {"\"slug\":\"P1\"",                             "slug"            },
	        {"\"slug\":\"\"",                               "slug"            },
	        {"\"slug\":\"a b\"",                            "slug"            },
	        {"\"id\":\"0\"",                                "id"              },
	        {"\"id\":\"01\"",                               "id"              },
	        {"\"id\":\"1000000000000000000\"",              "id"              },
	        {"\"id\":\"\"",	                         "id"              },
	        {"\"id\":7",	                            "id"              },
	        {"\"day\":\"2026-02-29\"",                      "day"             },
	        {"\"day\":\"2026-2-1\"",                        "day"             },
	        {"\"day\":\"2026-02-01T00:00:00Z\"",            "day"             },
	        {"\"owner\":[]",                                "owner"           },
	        {"\"owner\":{}",                                "owner.number"    },
	        {"\"owner\":{\"number\":\"1\",\"other\":1}",    "owner.other"     },
	        {"\"owner\":{\"number\":\"1\",\"first\":1}",    "owner.first"     },
	        {"\"phones\":{}",                               "phones"          },
	        {"\"phones\":[]",                               "phones"          },
	        {"\"phones\":[1]",                              "phones[0]"       },
	        {"\"phones\":[{\"number\":\"1\"},{}]",          "phones[1].number"},
	        {"\"meters\":[\"1\"]",                          "meters[0]"       },
	        {"\"meters\":[\"330100000001\",null]",          "meters[1]"       },
	        {"\"words\":[\"one\",\"three\"]",               "words[1]"        },
	        {"\"words\":[\"one\",\"one\",\"one\",\"one\"]", "words"           },
	        {"\"until\":null",                              "until"           },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct refusal refusal;
		const struct order *order;
		char json[200];

		snprintf(json, sizeof json, "{\"kind\":\"x\",%s}", bad[i].more);
		if (parse_order(json, &order, &refusal))
			fail_msg("taken: %s", json);
		if (strcmp(refusal.field, bad[i].field) != 0)
			fail_msg("%s names %s: %s", json, refusal.field, refusal.detail);
	}
}

/* ---- parameters ---- */

static const struct order *bind(const char *parameters, struct refusal *refusal)
{
	static char text[200];
	static struct query query;

	memset(refusal, 0, sizeof *refusal);
	snprintf(text, sizeof text, "kind=x&%s", parameters);
	assert_true(query_parse(&query, text, refusal));
	return query_bind(&order_object, &query, &memory, refusal);
}

static void test_query_values(void **state)
{
	struct refusal refusal;
	const struct order *order = bind("count=7&meters=330100000001,330100000002&day=2026-11-24"
	                                 "&until=1970-01-01T00:00:07Z&words=",
	                                 &refusal);

	(void)state;
	assert_non_null(order);
	assert_int_equal(order->count, 7);
	assert_int_equal(order->meters_count, 2);
	assert_int_equal(order->meters[1], 330100000002);
	assert_int_equal(order->until_s, 7);
	assert_true(order->has_words && order->words_count == 0);
	assert_false(order->has_meter);
}

static void test_query_bad_values(void **state)
{
	static const struct {
		const char *text, *field;
	} bad[] = {
	        {"count=",                     "count" },
	        {"count=-1",                   "count" },
	        {"count=101",                  "count" },
	        {"count=1.0",                  "count" },
	        {"count=0x1",                  "count" },
	        {"count=01",                   "count" },
	        {"count=%2B1",                 "count" },
	        {"count=99999999999999999999", "count" },
	        {"meters=330100000001,",       "meters"},
	        {"meters=1,2,3,4",             "meters"},
	        {"until=yesterday",            "until" },
	        {"other=1",                    "other" },
	        {"owner=1",                    "owner" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct refusal refusal;

		if (bind(bad[i].text, &refusal))
			fail_msg("taken: %s", bad[i].text);
		if (strcmp(refusal.field, bad[i].field) != 0)
			fail_msg("%s names %s: %s", bad[i].text, refusal.field, refusal.detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_body_good, forget),
	        cmocka_unit_test_teardown(test_body_names, forget),
	        cmocka_unit_test_teardown(test_body_bad, forget),
	        cmocka_unit_test_teardown(test_body_syntax_words, forget),
	        cmocka_unit_test_teardown(test_body_digits_and_depth, forget),
	        cmocka_unit_test_teardown(test_body_shapes, forget),
	        cmocka_unit_test_teardown(test_body_bad_shapes, forget),
	        cmocka_unit_test_teardown(test_query_values, forget),
	        cmocka_unit_test_teardown(test_query_bad_values, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
