#include "platform/sheet/guard.h"

#include <string.h>

static size_t digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

/* -12 and -12.5, nothing else: what a spreadsheet reads as the same number. */
static bool is_number(const char *text, size_t len)
{
	size_t at = len && text[0] == '-', n = digits(text + at, len - at);

	if (!n)
		return false;
	at += n;
	if (at == len)
		return true;
	if (text[at++] != '.')
		return false;
	n = digits(text + at, len - at);
	return n && at + n == len;
}

/* Some spreadsheets take the full-width forms for the ASCII ones. */
static bool is_trigger(const char *text, size_t len)
{
	static const char *const wide[] = {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};

	if (!len)
		return false;
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		if (len >= 3 && memcmp(text, wide[i], 3) == 0)
			return true;
	return text[0] && strchr("=+-@\t\r\n", text[0]);
}

static size_t apostrophes(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] == '\'')
		n++;
	return n;
}

bool sheet_needs_apostrophe(const char *text, size_t len)
{
	size_t n = apostrophes(text, len);

	return is_trigger(text + n, len - n) && !is_number(text, len);
}

bool sheet_needs_tab(const char *text, size_t len)
{
	return len > 1 && digits(text, len) == len && (len > SHEET_DIGITS_PLAIN || text[0] == '0');
}

size_t sheet_guard_len(const char *text, size_t len)
{
	size_t n = apostrophes(text, len);

	if (n)
		return is_trigger(text + n, len - n);
	return len && text[0] == '\t' && sheet_needs_tab(text + 1, len - 1);
}
