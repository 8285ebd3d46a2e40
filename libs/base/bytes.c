#include "libs/base/bytes.h"

void hex_encode(const uint8_t *bytes, size_t len, char *text)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digit[bytes[i] >> 4];
		*text++ = digit[bytes[i] & 15];
	}
	*text = '\0';
}

/* Value of a hexadecimal digit, or -1. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One byte from two digits. The second is only looked at when the first is one, so the end of the
 * text is never passed. */
static bool hex_byte(const char *text, uint8_t *byte)
{
	int high = digit_value(text[0]);
	int low = high < 0 ? -1 : digit_value(text[1]);

	if (low < 0)
		return false;
	*byte = (uint8_t)(high << 4 | low);
	return true;
}

enum err hex_decode(const char *text, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++, text += 2)
		if (!hex_byte(text, &bytes[i]))
			return ERR_BAD_INPUT;
	return *text ? ERR_BAD_INPUT : ERR_NONE;
}

enum err hex_decode_any(const char *text, uint8_t *bytes, size_t size, size_t *len)
{
	size_t n = 0;

	for (;;) {
		uint8_t byte;

		while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
			text++;
		if (!*text)
			break;
		if (!hex_byte(text, &byte))
			return ERR_BAD_INPUT;
		if (n == size)
			return ERR_TOO_LONG;
		bytes[n++] = byte;
		text += 2;
	}
	*len = n;
	return ERR_NONE;
}

bool bytes_equal_secret(const uint8_t *a, const uint8_t *b, size_t len)
{
	volatile uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ = (uint8_t)(differ | (a[i] ^ b[i]));
	return differ == 0;
}
