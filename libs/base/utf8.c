#include "libs/base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_tail(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

size_t utf8_char_len(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		return len >= 2 && is_tail(p[1]) ? 2 : 0;
	if (p[0] >= 0xE0 && p[0] <= 0xEF) {
		if (len < 3 || !is_tail(p[1]) || !is_tail(p[2]))
			return 0;
		if (p[0] == 0xE0 && p[1] < 0xA0) /* overlong */
			return 0;
		return p[0] == 0xED && p[1] >= 0xA0 ? 0 : 3; /* surrogates */
	}
	if (p[0] >= 0xF0 && p[0] <= 0xF4) {
		if (len < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
			return 0;
		if (p[0] == 0xF0 && p[1] < 0x90) /* overlong */
			return 0;
		return p[0] == 0xF4 && p[1] >= 0x90 ? 0 : 4;
	}
	return 0;
}

bool utf8_valid(const char *text, size_t len)
{
	while (len) {
		size_t n = utf8_char_len(text, len);

		if (!n)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

size_t utf8_count(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += !is_tail((uint8_t)text[i]);
	return count;
}

/* The controls above U+007F are two bytes, C2 80 to C2 9F. */
static bool is_control(const char *text, size_t char_len)
{
	uint8_t first = (uint8_t)text[0];

	if (char_len == 1)
		return first < 0x20 || first == 0x7F;
	return char_len == 2 && first == 0xC2 && (uint8_t)text[1] < 0xA0;
}

enum text_fault text_check(const char *text, size_t len, enum text_kind kind, size_t min,
                           size_t max)
{
	size_t count = 0;

	for (size_t i = 0, n; i < len; i += n, count++) {
		bool may = kind == TEXT_LINES && (text[i] == '\n' || text[i] == '\t');

		n = utf8_char_len(text + i, len - i);
		if (!n)
			return TEXT_NOT_UTF8;
		if (!may && is_control(text + i, n))
			return TEXT_CONTROL;
	}
	if (count < min)
		return TEXT_SHORT;
	return count > max ? TEXT_LONG : TEXT_GOOD;
}

void utf8_copy(char *to, size_t size, const char *text)
{
	size_t len = strlen(text), used = 0, n;

	while (used < len && (n = utf8_char_len(text + used, len - used)) != 0 && used + n < size)
		used += n;
	memcpy(to, text, used);
	to[used] = '\0';
}
