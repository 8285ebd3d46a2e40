#include "deploy/broker/rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct client_list list;

static const char known[] = "# clients\n"
                            "gateway gw-1 p1 1f 2e\n"
                            "gateway gw-2 p2 3d\n"
                            "platform wattled - aa\n"
                            "viewer eye p1 0c\n";

static size_t parse(const char *text)
{
	return rights_parse(&list, text, strlen(text));
}

static bool allow(const char *id, enum topic_access access, const char *topic)
{
	assert_int_equal(parse(known), 0);
	return rights_allow(rights_find(&list, id), access, topic, false);
}

static void reads_a_list(void **state)
{
	(void)state;
	assert_int_equal(parse(known), 0);
	assert_int_equal(list.count, 4);
	assert_true(rights_serial_known(rights_find(&list, "gw-1"), "2e"));
	assert_false(rights_serial_known(rights_find(&list, "gw-2"), ""));
	assert_null(rights_find(&list, "gw-3"));
}

static void names_the_wrong_line(void **state)
{
	(void)state;
	assert_int_equal(parse("gateway a p 1\ngateway b p\n"), 2);
	assert_int_equal(parse("gateway a p 1\ngateway a p 2\n"), 2);
	assert_int_equal(parse("gateway live p 1\n"), 1);
	assert_int_equal(parse("gateway A p 1\n"), 1);
	assert_int_equal(parse("gateway a p XY\n"), 1);
	assert_int_equal(parse("gateway a P 1\n"), 1);
	assert_int_equal(parse("gateway a p 1 2 3\n"), 1);
	assert_int_equal(parse("gateway a  p 1\n"), 1);
	assert_int_equal(parse("janitor a p 1\n"), 1);
	assert_int_equal(parse("platform a p 1\n"), 1);
	assert_int_equal(parse("gateway a p 1"), 1); /* cut short */
	assert_int_equal(parse("gateway a12345678901234567890123456789012 p 1\n"), 1);
	assert_int_equal(parse(""), 0);
}

static void gateway_has_its_own_topics_only(void **state)
{
	static const char *const foreign[] = {
	        "wattle/1/p1/gw-2/up",   "wattle/1/p2/gw-1/up", "wattle/1/p1/gw-1/down",
	        "wattle/1/p1/gw-1/ack",  "wattle/1/p1/live/m1", "wattle/1/p1/gw-1",
	        "wattle/1/p1/gw-1/up/x", "wattle/1/p1/gw-1/",   "wattle/2/p1/gw-1/up",
	        "/wattle/1/p1/gw-1/up",  "$SYS/broker/uptime",  ""};

	(void)state;
	assert_true(allow("gw-1", ACCESS_WRITE, "wattle/1/p1/gw-1/up"));
	assert_true(allow("gw-1", ACCESS_WRITE, "wattle/1/p1/gw-1/now"));
	assert_true(allow("gw-1", ACCESS_WRITE, "wattle/1/p1/gw-1/state"));
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		assert_false(allow("gw-1", ACCESS_WRITE, foreign[i]));
}

static void gateway_hears_its_own_topics_only(void **state)
{
	static const char *const foreign[] = {"#",
	                                      "+/+/down",
	                                      "wattle/#",
	                                      "wattle/1/p1/gw-1/#",
	                                      "wattle/1/p1/gw-1/+",
	                                      "wattle/1/p1/+/down",
	                                      "wattle/1/p1/gw-2/down",
	                                      "$SYS/#",
	                                      "wattle/1/p1/gw-1/up",
	                                      "$share/g/wattle/1/p1/gw-1/down"};

	(void)state;
	assert_true(allow("gw-1", ACCESS_SUBSCRIBE, "wattle/1/p1/gw-1/down"));
	assert_true(allow("gw-1", ACCESS_READ, "wattle/1/p1/gw-1/ack"));
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		assert_false(allow("gw-1", ACCESS_SUBSCRIBE, foreign[i]));
		assert_false(allow("gw-1", ACCESS_READ, foreign[i]));
	}
}

/* Each way; a last will is a retained write to `state`, checked when it is due. */
static void another_property_is_out_of_reach(void **state)
{
	static const char *const leaves[] = {"up", "now", "state", "ack", "down", "#", "+"};

	static const struct {
		const char *gateway, *own, *other;
	} pairs[] = {
	        {"gw-1", "p1", "p2"},
                {"gw-2", "p2", "p1"}
        };

	static const char *const names[] = {"gw-1", "gw-2", "live", "+", "#"};
	char topic[96];

	(void)state;
	assert_int_equal(parse(known), 0);
	for (size_t p = 0; p < 2; p++) {
		snprintf(topic, sizeof topic, "wattle/1/%s/%s/state", pairs[p].own,
		         pairs[p].gateway);
		assert_true(rights_allow(rights_find(&list, pairs[p].gateway), ACCESS_WRITE, topic,
		                         true));
		for (size_t i = 0; i < sizeof names / sizeof *names * 7; i++) {
			snprintf(topic, sizeof topic, "wattle/1/%s/%s/%s", pairs[p].other,
			         names[i / 7], leaves[i % 7]);
			assert_false(allow(pairs[p].gateway, ACCESS_WRITE, topic));
			assert_false(allow(pairs[p].gateway, ACCESS_READ, topic));
			assert_false(allow(pairs[p].gateway, ACCESS_SUBSCRIBE, topic));
			assert_false(rights_allow(rights_find(&list, pairs[p].gateway),
			                          ACCESS_WRITE, topic, true));
		}
	}
}

static void only_the_state_is_retained(void **state)
{
	const struct client *gateway, *platform;

	(void)state;
	assert_int_equal(parse(known), 0);
	gateway = rights_find(&list, "gw-1");
	platform = rights_find(&list, "wattled");
	assert_true(rights_allow(gateway, ACCESS_WRITE, "wattle/1/p1/gw-1/state", true));
	assert_false(rights_allow(gateway, ACCESS_WRITE, "wattle/1/p1/gw-1/up", true));
	assert_false(rights_allow(platform, ACCESS_WRITE, "wattle/1/p1/gw-1/down", true));
}

static void platform_commands_and_reads(void **state)
{
	(void)state;
	assert_true(allow("wattled", ACCESS_SUBSCRIBE, "$SYS/broker/#"));
	assert_true(allow("wattled", ACCESS_SUBSCRIBE, "wattle/1/+/+/up"));
	assert_true(allow("wattled", ACCESS_WRITE, "wattle/1/p1/gw-1/down"));
	assert_true(allow("wattled", ACCESS_WRITE, "wattle/1/p1/gw-1/ack"));
	assert_true(allow("wattled", ACCESS_WRITE, "wattle/1/p1/live/330100000001"));
	assert_false(allow("wattled", ACCESS_WRITE, "wattle/1/p1/gw-1/up"));
	assert_false(allow("wattled", ACCESS_WRITE, "wattle/1/p1/gw-1/down/x"));
	assert_false(allow("wattled", ACCESS_WRITE, "wattle/broker/refused"));
}

static void viewer_sees_live_of_its_property(void **state)
{
	(void)state;
	assert_true(allow("eye", ACCESS_SUBSCRIBE, "wattle/1/p1/live/#"));
	assert_true(allow("eye", ACCESS_SUBSCRIBE, "wattle/1/p1/live/+"));
	assert_true(allow("eye", ACCESS_READ, "wattle/1/p1/live/330100000001"));
	assert_false(allow("eye", ACCESS_SUBSCRIBE, "wattle/1/p2/live/#"));
	assert_false(allow("eye", ACCESS_SUBSCRIBE, "wattle/1/p1/#"));
	assert_false(allow("eye", ACCESS_READ, "wattle/1/p1/gw-1/up"));
	assert_false(allow("eye", ACCESS_WRITE, "wattle/1/p1/live/330100000001"));
}

static void a_change_is_seen(void **state)
{
	static struct client_list next;

	(void)state;
	assert_int_equal(parse("gateway a p 1 2\ngateway b p 3\ngateway c p 4\ngateway d p 5\n"),
	                 0);
	next = list;
	assert_int_equal(parse("gateway a p 2 1\ngateway b q 3\ngateway c p 6 4\n"), 0);
	assert_true(rights_same(&next, &list, "a"));
	assert_false(rights_same(&next, &list, "b")); /* moved to another property */
	assert_true(rights_same(&next, &list, "c"));  /* a new certificate beside the old one */
	assert_false(rights_same(&next, &list, "d")); /* revoked */
	assert_false(rights_same(&list, &next, "c")); /* the newer one was taken back */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_list),
	        cmocka_unit_test(names_the_wrong_line),
	        cmocka_unit_test(gateway_has_its_own_topics_only),
	        cmocka_unit_test(gateway_hears_its_own_topics_only),
	        cmocka_unit_test(another_property_is_out_of_reach),
	        cmocka_unit_test(only_the_state_is_retained),
	        cmocka_unit_test(platform_commands_and_reads),
	        cmocka_unit_test(viewer_sees_live_of_its_property),
	        cmocka_unit_test(a_change_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
