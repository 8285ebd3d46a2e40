#include "libs/base/utf8.h"

#include <stdint.h>

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
