/* What people may type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libs/base/utf8.h"

static void characters_are_counted(void **state)
{
	(void)state;
	assert_int_equal(utf8_count("a中\xF0\x9F\x98\x80", 8), 3);
}

static enum text_fault line(const char *text)
{
	return text_check(text, strlen(text), TEXT_LINE, 1, 20);
}

static void any_printable_text_is_a_name(void **state)
{
	(void)state;
	assert_int_equal(line("=HYPERLINK(\"x\")"), TEXT_GOOD);
	assert_int_equal(line("<b>&amp;</b>'; --"), TEXT_GOOD);
	assert_int_equal(line("\xE2\x80\xAE gnp.exe"), TEXT_GOOD); /* right-to-left override */
	assert_int_equal(line("\xC2\xA0"), TEXT_GOOD);
}

static void control_characters_are_not(void **state)
{
	static const char *const bad[] = {"a\x01", "a\n", "a\tb", "\x7F", "\xC2\x80", "\xC2\x9F"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(line(bad[i]), TEXT_CONTROL);
	assert_int_equal(text_check("a\0b", 3, TEXT_LINE, 0, 9), TEXT_CONTROL);
	assert_int_equal(text_check("a\n\tb", 4, TEXT_LINES, 0, 9), TEXT_GOOD);
	assert_int_equal(text_check("a\r\n", 3, TEXT_LINES, 0, 9), TEXT_CONTROL);
}

static void other_encodings_are_not(void **state)
{
	(void)state;
	assert_int_equal(line("\xD6\xD0\xB9\xFA"), TEXT_NOT_UTF8); /* GBK */
	assert_int_equal(line("\xE4\xB8"), TEXT_NOT_UTF8);
}

static void limits_count_characters(void **state)
{
	static char emoji[4 * 10001];

	(void)state;
	for (size_t i = 0; i < sizeof emoji; i += 4)
		memcpy(emoji + i, "\xF0\x9F\x98\x80", 4);
	assert_int_equal(text_check(emoji, 40000, TEXT_LINE, 0, 10000), TEXT_GOOD);
	assert_int_equal(text_check(emoji, 40004, TEXT_LINE, 0, 10000), TEXT_LONG);
	assert_int_equal(line(""), TEXT_SHORT);
}

static void copies_end_at_a_character(void **state)
{
	char to[6];

	(void)state;
	utf8_copy(to, sizeof to, "中文");
	assert_string_equal(to, "中");
	utf8_copy(to, sizeof to, "abcde");
	assert_string_equal(to, "abcde");
	utf8_copy(to, sizeof to, "ab\xFF");
	assert_string_equal(to, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(characters_are_counted),
	        cmocka_unit_test(any_printable_text_is_a_name),
	        cmocka_unit_test(control_characters_are_not),
	        cmocka_unit_test(other_encodings_are_not),
	        cmocka_unit_test(limits_count_characters),
	        cmocka_unit_test(copies_end_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
