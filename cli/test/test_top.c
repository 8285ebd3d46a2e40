/* The parts of `wattle top` that need no terminal: HTTP answers, the list, its lines, keys. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "cli/http_answer.h"
#include "cli/top.h"
#include "cli/top_list.h"

static char got[512];

static void keep(void *arg, const char *bytes, size_t len)
{
	size_t used = strlen(got);

	(void)arg;
	snprintf(got + used, sizeof got - used, "%.*s", (int)len, bytes);
}

static enum err feed(struct http_answer *a, const char *text, size_t step)
{
	enum err err = ERR_NONE;

	got[0] = '\0';
	http_answer_init(a);
	for (size_t len = strlen(text); len && !err;) {
		size_t n = step < len ? step : len;

		err = http_answer_take(a, text, n, keep, NULL);
		text += n;
		len -= n;
	}
	return err;
}

static void an_answer_is_the_same_in_any_pieces(void **state)
{
	static const char *const sized =
	        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
	static const char *const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
	                                   "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
	static const char *const open_end = "HTTP/1.0 404 No\nServer: x\n\nhello";
	struct http_answer a;

	(void)state;
	for (size_t step = 1; step < 90; step++) {
		assert_int_equal(feed(&a, sized, step), ERR_NONE);
		assert_string_equal(got, "hello");
		assert_int_equal(a.part, HTTP_DONE);
		assert_int_equal(feed(&a, chunked, step), ERR_NONE);
		assert_string_equal(got, "hello");
		assert_int_equal(a.part, HTTP_DONE);
		assert_int_equal(feed(&a, open_end, step), ERR_NONE);
		assert_string_equal(got, "hello");
		assert_int_equal(a.status, 404);
		assert_int_equal(a.part, HTTP_REST);
	}
	assert_int_equal(feed(&a, "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", 99), ERR_NONE);
	assert_int_equal(a.part, HTTP_DONE);
}

static void what_is_no_http_is_refused(void **state)
{
	static const char *const bad[] = {
	        "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n", "\r\n",
	        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX\r\n"};
	char *line = malloc(HTTP_HEAD_MAX * 2);
	struct http_answer a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(feed(&a, bad[i], 7), ERR_BAD_INPUT);
	memset(line, 'a', HTTP_HEAD_MAX * 2 - 1);
	line[HTTP_HEAD_MAX * 2 - 1] = '\0';
	assert_int_equal(feed(&a, line, 1000), ERR_BAD_INPUT);
	free(line);
}

/* ---- the list ---- */

#define METER(n, name, power, more)                                                                \
	"{\"meter\":\"33010000000" #n "\",\"name\":\"" name                                        \
	"\",\"state\":{\"contact\":\"closed\"" more "},\"live\":{\"at\":\"2026-11-24T03:20:0" #n   \
	"Z\",\"voltage_dv\":2301,"                                                                 \
	"\"current_ma\":4350,\"power_dw\":" #power ",\"pf_permille\":999,"                         \
	"\"frequency_chz\":5000,\"energy_wh\":1234567}}"

static const char page[] = "{\"items\":[" METER(1, "b", 10000, "") "," METER(
        2, "a", -30000,
        ",\"forced_trip\":true") ","
                                 "{\"meter\":\"330100000003\",\"name\":\"c\",\"state\":null,\"live\":null}],\"next\":\"abc\"}";

static void order_is(struct top_list *list, enum top_column by, bool from_greatest,
                     const char *wanted)
{
	char order[8] = "";

	list->by = by;
	list->from_greatest = from_greatest;
	top_list_sort(list);
	for (size_t i = 0; i < list->count; i++)
		order[i] = (char)('0' + list->meter[i].meter % 10);
	assert_string_equal(order, wanted);
}

static void a_list_is_read_renewed_and_sorted(void **state)
{
	static const char live[] = "{\"items\":[{\"meter\":\"330100000001\",\"at\":"
	                           "\"2026-11-24T03:21:00Z\",\"power_dw\":70,\"state\":"
	                           "{\"contact\":\"open\"}},{\"meter\":\"999999999999\"}]}";
	struct top_list list = {0};
	char next[16];

	(void)state;
	assert_int_equal(top_list_live(&list, live, strlen(live)), ERR_NONE);
	assert_int_equal(list.count, 0);
	assert_int_equal(top_list_page(&list, page, strlen(page), next, sizeof next), ERR_NONE);
	assert_string_equal(next, "abc");
	assert_int_equal(list.count, 3);
	order_is(&list, TOP_METER, false, "123");
	order_is(&list, TOP_METER, true, "321");
	order_is(&list, TOP_NAME, false, "213");
	order_is(&list, TOP_POWER, true, "123");
	order_is(&list, TOP_POWER, false, "213"); /* without values: last either way */
	order_is(&list, TOP_AGE, true, "123");
	assert_int_equal(top_power_dw(&list), -20000);
	assert_int_equal(top_list_live(&list, live, strlen(live)), ERR_NONE);
	assert_int_equal(top_power_dw(&list), -29930);
	assert_int_equal(list.count, 3);
	/* The same page again renews, and adds nothing. */
	assert_int_equal(top_list_page(&list, page, strlen(page), next, sizeof next), ERR_NONE);
	assert_int_equal(list.count, 3);
	assert_int_equal(top_list_page(&list, "[]", 2, next, sizeof next), ERR_BAD_INPUT);
	assert_int_equal(top_list_live(&list, "{", 1), ERR_BAD_INPUT);
	top_list_free(&list);
}

static void many_meters_are_found_by_their_numbers(void **state)
{
	struct top_list list = {.by = TOP_POWER};
	char json[128], next[8];

	(void)state;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 3000; i++) {
			snprintf(json, sizeof json, "{\"items\":[{\"meter\":\"%012lld\"}]}",
			         330100000000LL + i * 7);
			assert_int_equal(
			        top_list_page(&list, json, strlen(json), next, sizeof next), 0);
			if (i % 500 == 0)
				top_list_sort(&list);
		}
	assert_int_equal(list.count, 3000);
	top_list_free(&list);
}

static int columns_of(const char *text)
{
	wchar_t wide[1024];
	size_t n = mbstowcs(wide, text, 1024);

	assert_true(n != (size_t)-1);
	return wcswidth(wide, n);
}

/* Whatever a meter is called, its line has the columns it should and no byte that moves a cursor. */
static void a_line_is_as_wide_as_the_terminal(void **state)
{
	static const char *const names[] = {
	        "plain",
	        "三号楼 101 室",
	        "\xF0\x9F\x8F\xA2\xF0\x9F\x8F\xA2\xF0\x9F\x8F\xA2",
	        "\xE2\x80\xAEturned\xE2\x81\xA6 marks",
	        "bad \xff\xc0 bytes",
	        "a\tb\033[2Jc\r\nd",
	        "e\xCC\x81\xCC\x81\xCC\x81",
	        "a very long name that certainly does not fit into any line of this terminal at all",
	};
	struct top_meter m = {.meter = 330100000001,
	                      .known = true,
	                      .voltage_dv = 2301,
	                      .power_dw = -5,
	                      .energy_wh = INT64_C(99999999999)};
	char line[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (int width = 1; width < 200; width += 7) {
			snprintf(m.name, sizeof m.name, "%s", names[i]);
			top_line(&m, 5000, width, line, sizeof line);
			assert_int_equal(columns_of(line), width);
			for (const char *p = line; *p; p++)
				assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
			assert_null(strstr(line, "\xE2\x80\xAE"));
		}
	snprintf(m.name, sizeof m.name, "x");
	m.energy_wh = 1234;
	top_line(&m, 5000, 100, line, sizeof line);
	assert_non_null(strstr(line, " 230.1 "));
	assert_non_null(strstr(line, " -0.5 "));
	assert_non_null(strstr(line, " 5s"));
	m.known = false;
	top_line(&m, 5000, 100, line, sizeof line);
	assert_null(strstr(line, "230.1"));
}

/* ---- keys ---- */

static void keys_are_told_from_pieces(void **state)
{
	static const struct {
		const char *bytes;
		enum top_key key;
		int used;
	} cases[] = {
	        {"q",            KEY_QUIT,      1},
                {"\033[A",       KEY_UP,        3},
                {"\033[Aq",      KEY_UP,        3},
	        {"\033",         KEY_NONE,      0},
                {"\033[",        KEY_NONE,      0},
                {"\033[5",       KEY_NONE,      0},
	        {"\033[5~",      KEY_PAGE_UP,   4},
                {"\033[9",       KEY_NONE,      1},
                {"x",            KEY_NONE,      1},
	        {" ",            KEY_PAGE_DOWN, 1},
                {"\033[F",       KEY_END,       3},
                {"\xE4\xB8\xAD", KEY_NONE,      1},
	};

	int used;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(key_take(cases[i].bytes, (int)strlen(cases[i].bytes), &used),
		                 cases[i].key);
		assert_int_equal(used, cases[i].used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_answer_is_the_same_in_any_pieces),
	        cmocka_unit_test(what_is_no_http_is_refused),
	        cmocka_unit_test(a_list_is_read_renewed_and_sorted),
	        cmocka_unit_test(many_meters_are_found_by_their_numbers),
	        cmocka_unit_test(a_line_is_as_wide_as_the_terminal),
	        cmocka_unit_test(keys_are_told_from_pieces),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
