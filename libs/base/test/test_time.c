#include "libs/base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void days_count_both_ways(void **state)
{
	int64_t days = days_from_date(1, 1, 1);
	int32_t year = 1;
	unsigned month = 1, day = 1;
	struct civil c;

	(void)state;
	assert_int_equal(days_from_date(1970, 1, 1), 0);
	assert_int_equal(days_from_date(2000, 3, 1), 11017);
	/* Every day of 9999 years against a calendar that only counts. */
	for (; year <= 9999; days++) {
		date_from_days(days, &c);
		if (c.year != year || c.month != month || c.day != day ||
		    days_from_date(year, month, day) != days)
			fail_msg("day %ld: %d-%u-%u", (long)days, c.year, c.month, c.day);
		if (++day > days_in_month(year, month)) {
			day = 1;
			if (++month > 12) {
				month = 1;
				year++;
			}
		}
	}
	date_from_days(days_from_date(0, 2, 29), &c);
	assert_int_equal(c.year, 0);
	assert_int_equal(c.month, 2);
	assert_int_equal(c.day, 29);
	date_from_days(days_from_date(-1, 12, 31), &c);
	assert_int_equal(c.year, -1);
}

static void a_day_begins_at_midnight(void **state)
{
	(void)state;
	assert_int_equal(days_from_unix(0), 0);
	assert_int_equal(days_from_unix(86399), 0);
	assert_int_equal(days_from_unix(86400), 1);
	assert_int_equal(days_from_unix(-1), -1);
	assert_int_equal(days_from_unix(-86400), -1);
	assert_int_equal(days_from_unix(-86401), -2);
}

static void text_and_back(void **state)
{
	char text[RFC3339_SIZE], text_ms[RFC3339_MS_SIZE];
	int64_t ms;

	(void)state;
	assert_int_equal(rfc3339_format(1795490409, text), ERR_NONE);
	assert_string_equal(text, "2026-11-24T03:20:09Z");
	assert_int_equal(rfc3339_parse(text, &ms), ERR_NONE);
	assert_true(ms == INT64_C(1795490409000));
	assert_int_equal(rfc3339_format_ms(-1, text_ms), ERR_NONE);
	assert_string_equal(text_ms, "1969-12-31T23:59:59.999Z");
	assert_int_equal(rfc3339_parse(text_ms, &ms), ERR_NONE);
	assert_int_equal(ms, -1);
	assert_int_equal(rfc3339_format_ms(1000, text_ms), ERR_NONE);
	assert_string_equal(text_ms, "1970-01-01T00:00:01.000Z");
	assert_int_equal(rfc3339_format(-62135596801, text), ERR_RANGE); /* year 0 */
	assert_int_equal(rfc3339_format(253402300800, text), ERR_RANGE); /* year 10000 */
	assert_int_equal(rfc3339_format(INT64_MIN, text), ERR_RANGE);
	assert_int_equal(rfc3339_format_ms(INT64_MIN, text_ms), ERR_RANGE);
	assert_int_equal(rfc3339_format_ms(INT64_MAX, text_ms), ERR_RANGE);
}

static void other_writings_of_an_instant(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_ms;
	} cases[] = {
	        {"1970-01-01t00:00:00z",        0           },
                {"1970-01-01T08:00:00+08:00",   0           },
	        {"1969-12-31T19:00:00-05:00",   0           },
                {"1970-01-01T00:00:00.5Z",      500         },
	        {"1970-01-01T00:00:00.123456Z", 123         },
                {"2000-02-29T23:59:59Z",        951868799000},
	};

	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(rfc3339_parse(cases[i].text, &ms), ERR_NONE);
		assert_true(ms == cases[i].unix_ms);
	}
}

static void what_is_no_instant(void **state)
{
	static const char *const malformed[] = {
	        "",
	        "1970",
	        "1970-01-01",
	        "1970-1-01T00:00:00Z",
	        "1970-01-01 00:00:00Z",
	        "1970-01-01T00:00:00",
	        "1970-01-01T00:00Z",
	        "1970-01-01T00:00:00.Z",
	        "1970-01-01T00:00:00+0800",
	        "1970-01-01T00:00:00+08:0",
	        "1970-01-01T00:00:00ZZ",
	        "-970-01-01T00:00:00Z",
	        "1970x01-01T00:00:00Z",
	        "1970-01x01T00:00:00Z",
	        "1970-01-01T0x:00:00Z",
	        "1970-01-01T00x00:00Z",
	        "1970-01-01T00:00x00Z",
	        "1970-01-01T00:00:x0Z",
	        "1970-01-0xT00:00:00Z",
	        "1970-01-01T00:0x:00Z",
	        "1970-01-01T00:00:00+x8:00",
	};
	static const char *const impossible[] = {
	        "1900-02-29T00:00:00Z",      "2026-13-01T00:00:00Z",      "2026-00-01T00:00:00Z",
	        "2026-04-31T00:00:00Z",      "2026-01-00T00:00:00Z",      "2026-01-01T24:00:00Z",
	        "2026-01-01T00:60:00Z",      "2026-01-01T00:00:60Z",      "0000-01-01T00:00:00Z",
	        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60",
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_int_equal(rfc3339_parse(malformed[i], &ms), ERR_BAD_INPUT);
	for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
		assert_int_equal(rfc3339_parse(impossible[i], &ms), ERR_RANGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(days_count_both_ways),
	        cmocka_unit_test(a_day_begins_at_midnight),
	        cmocka_unit_test(text_and_back),
	        cmocka_unit_test(other_writings_of_an_instant),
	        cmocka_unit_test(what_is_no_instant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
