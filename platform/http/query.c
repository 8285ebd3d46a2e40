#include "platform/http/query.h"

#include <string.h>

#include "libs/base/utf8.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place: `+` and %XX. False on a broken escape, a control character or bytes that are not
 * UTF-8. */
static bool decode(char *text)
{
	char *to = text;
	size_t len;

	for (const char *p = text; *p; p++) {
		char c = *p == '+' ? ' ' : *p;

		if (*p == '%') {
			int high = hex_digit(p[1]), low = high < 0 ? -1 : hex_digit(p[2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			p += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7F)
			return false;
		*to++ = c;
	}
	*to = '\0';
	len = (size_t)(to - text);
	return utf8_valid(text, len);
}

static bool add_item(struct query *query, char *name, struct refusal *refusal)
{
	char *value = strchr(name, '=');

	if (value)
		*value++ = '\0';
	if (!decode(name) || (value && !decode(value)))
		return refuse(refusal, PROBLEM_BAD_FIELD, "query", "not percent-encoded UTF-8");
	if (query_text(query, name))
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "given twice");
	if (query->count == QUERY_ITEMS_MAX)
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "too many parameters");
	query->item[query->count].name = name;
	query->item[query->count].value = value ? value : "";
	query->count++;
	return true;
}

bool query_parse(struct query *query, char *text, struct refusal *refusal)
{
	query->count = 0;
	if (text && strlen(text) > QUERY_TEXT_MAX)
		return refuse(refusal, PROBLEM_BAD_FIELD, "query", "longer than %d characters",
		              QUERY_TEXT_MAX);
	while (text) {
		char *item = text;

		text = strchr(item, '&');
		if (text)
			*text++ = '\0';
		if (*item && !add_item(query, item, refusal))
			return false;
	}
	return true;
}

const char *query_text(const struct query *query, const char *name)
{
	for (size_t i = 0; i < query->count; i++)
		if (strcmp(query->item[i].name, name) == 0)
			return query->item[i].value;
	return NULL;
}

bool decimal_parse(const char *text, int64_t max, int64_t *value)
{
	int64_t sum = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, *text - '0', &sum) || sum > max)
			return false;
	}
	*value = sum;
	return true;
}
