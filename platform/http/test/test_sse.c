/* The hub of live events: order, filters, Last-Event-ID, slow pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/http/sse.h"

#define GREETING "retry: 2000\n\n"

static unsigned wakes;

static void wake(void *arg)
{
	(void)arg;
	wakes++;
}

static char text[1 << 20];

/* All that is queued, read in pieces of `piece` bytes. */
static const char *read_all(struct sse_client *client, size_t piece)
{
	size_t len = 0;
	ssize_t n;

	while ((n = sse_read(client, text + len, piece)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	/* The greeting of a new page is no event. */
	return strncmp(text, GREETING, strlen(GREETING)) == 0 ? text + strlen(GREETING) : text;
}

static struct sse_client *join_all(struct sse *sse, const char *last)
{
	return sse_join(sse, &(struct sse_page){.last_event_id = last, .wake = wake});
}

static struct sse_client *join_some(struct sse *sse, const int64_t *meters, size_t count)
{
	return sse_join(sse,
	                &(struct sse_page){.meters = meters, .meter_count = count, .wake = wake});
}

static const struct sse_about about;

static void test_order_and_form(void **state)
{
	struct sse *sse = sse_new(10, 0xabc);
	struct sse_client *client = join_all(sse, NULL);

	(void)state;
	wakes = 0;
	sse_send(sse, &about, "command", "{\"n\":1}", 7);
	sse_send(sse, &about, "device", "{}", 2);
	sse_keepalive(sse);
	assert_int_equal(wakes, 3);
	assert_string_equal(read_all(client, 5), "event: command\nid: abc-1\ndata: {\"n\":1}\n\n"
	                                         "event: device\nid: abc-2\ndata: {}\n\n:\n\n");
	assert_int_equal(sse_read(client, text, 10), 0);
	sse_leave(client);
	assert_int_equal(sse_count(sse), 0);
	sse_free(sse);
}

static void test_live_filter(void **state)
{
	static const int64_t wanted[] = {2, 9};
	const struct sse_item items[] = {
	        {1, {{0}, 0}, "{\"m\":1}", 7},
                {2, {{0}, 0}, "{\"m\":2}", 7}
        };
	struct sse *sse = sse_new(10, 1);
	struct sse_client *all = join_all(sse, NULL);
	struct sse_client *some = join_some(sse, wanted, 2);
	struct sse_client *other = join_some(sse, wanted + 1, 1);
	struct sse_client *none = join_some(sse, wanted, 0);

	(void)state;
	sse_send_live(sse, items, 2);
	assert_non_null(strstr(read_all(all, 100), "{\"items\":[{\"m\":1},{\"m\":2}]}"));
	assert_non_null(strstr(read_all(some, 100), "{\"items\":[{\"m\":2}]}"));
	assert_string_equal(read_all(other, 100), "");
	assert_string_equal(read_all(none, 100), "");
	sse_send(sse, &about, "command", "{}", 2);
	assert_non_null(strstr(read_all(none, 100), "event: command"));
	sse_leave(all);
	sse_leave(some);
	sse_leave(other);
	sse_leave(none);
	sse_free(sse);
}

/* More views than are remembered at a time, and more meters than a word has bits. */
static void test_many_views(void **state)
{
	enum { METERS = 130, PAGES = 120 };
	struct sse *sse = sse_new(PAGES, 1);
	struct sse_client *client[PAGES];
	struct sse_item items[METERS];
	char json[METERS][16], want[64];

	(void)state;
	for (int i = 0; i < METERS; i++) {
		int len = snprintf(json[i], sizeof json[i], "{\"m\":%d}", i);

		items[i] = (struct sse_item){
		        i, {{0}, 0},
                         json[i], (size_t)len
                };
	}
	for (int i = 0; i < PAGES; i++) {
		const int64_t wanted[] = {i % 40, METERS - 1 - i % 40};

		client[i] = join_some(sse, wanted, 2);
	}
	sse_send_live(sse, items, METERS);
	for (int i = 0; i < PAGES; i++) {
		snprintf(want, sizeof want, "{\"items\":[{\"m\":%d},{\"m\":%d}]}\n\n", i % 40,
		         METERS - 1 - i % 40);
		assert_non_null(strstr(read_all(client[i], 1000), want));
		assert_int_equal(sse_read(client[i], text, 10), 0);
		sse_leave(client[i]);
	}
	sse_free(sse);
}

static void test_last_event_id(void **state)
{
	const struct sse_item item = {
	        1, {{0}, 0},
                 "{}", 2
        };
	struct sse *sse = sse_new(10, 0x10);
	struct sse_client *client;

	(void)state;
	sse_send(sse, &about, "command", "{\"n\":1}", 7);
	sse_send(sse, &about, "command", "{\"n\":2}", 7);
	client = join_all(sse, "10-1");
	sse_send_live(sse, &item, 1);
	sse_send(sse, &about, "command", "{\"n\":3}", 7);
	assert_string_equal(read_all(client, 1000),
	                    "event: command\nid: 10-2\ndata: {\"n\":2}\n\n"
	                    "event: live\nid: 10-3\ndata: {\"items\":[{}]}\n\n"
	                    "event: command\nid: 10-4\ndata: {\"n\":3}\n\n");
	sse_leave(client);
	/* A live event's id is as good as any: nothing after it was missed but the command. */
	client = join_all(sse, "10-3");
	assert_string_equal(read_all(client, 1000),
	                    "event: command\nid: 10-4\ndata: {\"n\":3}\n\n");
	sse_leave(client);
	client = join_all(sse, "10-4");
	assert_string_equal(read_all(client, 1000), "");
	sse_leave(client);
	sse_free(sse);
}

static void test_told_alone(void **state)
{
	struct sse *sse = sse_new(10, 1);
	struct sse_client *one = join_all(sse, NULL), *other = join_all(sse, NULL);

	(void)state;
	sse_tell(one, "access", "{}");
	assert_string_equal(read_all(one, 1000), "event: access\nid: 1-1\ndata: {}\n\n");
	assert_string_equal(read_all(other, 1000), "");
	sse_leave(one);
	/* It is not kept for the one who comes back. */
	one = join_all(sse, "1-0");
	assert_null(strstr(read_all(one, 1000), "access"));
	sse_leave(one);
	sse_leave(other);
	sse_free(sse);
}

static void test_reset_when_missed(void **state)
{
	static const char *const strange[] = {"11-1", "10-999", "10-", "-1", "x", "10-1x"};
	struct sse *sse = sse_new(10, 0x10);
	struct sse_client *client;

	(void)state;
	for (int i = 0; i < SSE_RING_FRAMES + 1; i++)
		sse_send(sse, &about, "command", "{}", 2);
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
		client = join_all(sse, strange[i]);
		assert_non_null(strstr(read_all(client, 1000), "event: reset\n"));
		sse_leave(client);
	}
	/* Number 1 has left the ring: who saw only that one missed nothing yet, who saw none did. */
	client = join_all(sse, "10-0");
	assert_non_null(strstr(read_all(client, 1000), "event: reset\n"));
	sse_leave(client);
	sse_free(sse);
}

static void test_slow_page_is_dropped(void **state)
{
	struct sse *sse = sse_new(10, 1);
	struct sse_client *slow = join_all(sse, NULL), *good = join_all(sse, NULL);

	(void)state;
	for (int i = 0; i < SSE_QUEUE_FRAMES + 1; i++) {
		sse_send(sse, &about, "command", "{}", 2);
		read_all(good, 1000);
	}
	assert_int_equal(sse_dropped(sse), 1);
	assert_int_equal(sse_read(slow, text, 100), -1);
	sse_send(sse, &about, "command", "{\"last\":1}", 10);
	assert_non_null(strstr(read_all(good, 1000), "last"));
	sse_leave(slow);
	sse_leave(good);
	sse_free(sse);
}

static void test_bytes_are_bounded(void **state)
{
	struct sse *sse = sse_new(10, 1);
	struct sse_client *slow = join_all(sse, NULL);
	size_t len = SSE_QUEUE_BYTES / 4;
	char *big = malloc(len);

	(void)state;
	memset(big, ' ', len);
	for (int i = 0; i < 4; i++)
		sse_send(sse, &about, "command", big, len);
	assert_int_equal(sse_dropped(sse), 1);
	free(big);
	sse_leave(slow);
	sse_free(sse);
}

/* Pages of property 1 and of everything. */
static bool sees_one(void *arg, const struct sse_about *what)
{
	(void)arg;
	return what->place.property_id == 1 && what->permission == PERMISSION_PROPERTY_READ;
}

static void test_only_what_it_sees(void **state)
{
	static const struct sse_about mine =
	                                      {
	                                              {1, 1, {0}},
                                                      PERMISSION_PROPERTY_READ
        },
	                              foreign = {{1, 2, {0}}, PERMISSION_PROPERTY_READ},
	                              more = {{1, 1, {0}}, PERMISSION_DEVICE_ADOPT};
	const struct sse_item items[] = {
	        {1, {{1, 1, {0}}, PERMISSION_PROPERTY_READ}, "{\"m\":1}", 7},
	        {2, {{1, 2, {0}}, PERMISSION_PROPERTY_READ}, "{\"m\":2}", 7},
	};
	static const int64_t both[] = {1, 2};
	struct sse_page page = {.sees = sees_one, .wake = wake};
	struct sse *sse = sse_new(10, 0x10);
	struct sse_client *client = sse_join(sse, &page);

	(void)state;
	sse_send(sse, &foreign, "command", "{\"n\":1}", 7);
	sse_send(sse, &mine, "command", "{\"n\":2}", 7);
	sse_send(sse, &more, "device", "{}", 2);
	sse_send_live(sse, items, 2);
	assert_string_equal(read_all(client, 1000),
	                    "event: command\nid: 10-2\ndata: {\"n\":2}\n\n"
	                    "event: live\nid: 10-4\ndata: {\"items\":[{\"m\":1}]}\n\n");
	sse_leave(client);
	page.meters = both;
	page.meter_count = 2;
	page.last_event_id = "10-0";
	client = sse_join(sse, &page);
	sse_send_live(sse, items, 2);
	assert_string_equal(read_all(client, 1000),
	                    "event: command\nid: 10-2\ndata: {\"n\":2}\n\n"
	                    "event: live\nid: 10-5\ndata: {\"items\":[{\"m\":1}]}\n\n");
	sse_look_again(client, NULL);
	sse_send(sse, &foreign, "command", "{\"n\":3}", 7);
	assert_non_null(strstr(read_all(client, 1000), "{\"n\":3}"));
	sse_leave(client);
	sse_free(sse);
}

/* Rights that change while something is queued: what went out in part goes on, the rest is judged anew. */
static void test_rights_narrow(void **state)
{
	static const struct sse_about mine =
	                                      {
	                                              {1, 1, {0}},
                                                      PERMISSION_PROPERTY_READ
        },
	                              foreign = {{1, 2, {0}}, PERMISSION_PROPERTY_READ};
	const struct sse_item item = {
	        2, {{1, 2, {0}}, PERMISSION_PROPERTY_READ},
                 "{\"m\":2}", 7
        };
	struct sse *sse = sse_new(10, 0x10);
	struct sse_client *client = join_all(sse, NULL);
	size_t begun;

	(void)state;
	assert_string_equal(read_all(client, 1000), "");
	sse_send(sse, &foreign, "command", "{\"n\":1}", 7);
	sse_send(sse, &foreign, "command", "{\"n\":2}", 7);
	sse_send_live(sse, &item, 1);
	sse_send(sse, &mine, "command", "{\"n\":4}", 7);
	sse_keepalive(sse);
	begun = (size_t)sse_read(client, text, 10);
	assert_int_equal(begun, 10);
	sse_look_again(client, sees_one);
	assert_string_equal(read_all(client, 7),
	                    "mand\nid: 10-1\ndata: {\"n\":1}\n\n"
	                    "event: command\nid: 10-4\ndata: {\"n\":4}\n\n:\n\n");
	sse_send(sse, &foreign, "command", "{\"n\":5}", 7);
	sse_send(sse, &mine, "command", "{\"n\":6}", 7);
	assert_string_equal(read_all(client, 1000),
	                    "event: command\nid: 10-6\ndata: {\"n\":6}\n\n");
	sse_send(sse, &mine, "command", "{\"n\":7}", 7);
	sse_cut(client);
	assert_int_equal(sse_read(client, text, 100), -1);
	sse_leave(client);
	/* A page that comes back hears what it may hear now, and a reset is for everybody. */
	client = sse_join(
	        sse, &(struct sse_page){.sees = sees_one, .last_event_id = "10-0", .wake = wake});
	assert_string_equal(read_all(client, 1000),
	                    "event: command\nid: 10-4\ndata: {\"n\":4}\n\n"
	                    "event: command\nid: 10-6\ndata: {\"n\":6}\n\n"
	                    "event: command\nid: 10-7\ndata: {\"n\":7}\n\n");
	sse_leave(client);
	client = sse_join(
	        sse, &(struct sse_page){.sees = sees_one, .last_event_id = "9-1", .wake = wake});
	sse_look_again(client, sees_one);
	assert_non_null(strstr(read_all(client, 1000), "event: reset\n"));
	sse_leave(client);
	sse_free(sse);
}

static void test_too_many_pages(void **state)
{
	struct sse *sse = sse_new(1, 1);
	struct sse_client *client = join_all(sse, NULL);

	(void)state;
	assert_null(join_all(sse, NULL));
	sse_end(client);
	assert_string_equal(read_all(client, 100), ""); /* what was queued still leaves */
	assert_int_equal(sse_read(client, text, 100), -1);
	sse_leave(client);
	client = join_all(sse, NULL);
	assert_non_null(client);
	sse_leave(client);
	sse_free(sse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_order_and_form),
	        cmocka_unit_test(test_live_filter),
	        cmocka_unit_test(test_many_views),
	        cmocka_unit_test(test_last_event_id),
	        cmocka_unit_test(test_told_alone),
	        cmocka_unit_test(test_reset_when_missed),
	        cmocka_unit_test(test_slow_page_is_dropped),
	        cmocka_unit_test(test_bytes_are_bounded),
	        cmocka_unit_test(test_only_what_it_sees),
	        cmocka_unit_test(test_rights_narrow),
	        cmocka_unit_test(test_too_many_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
