#include "platform/http/query.h"

#include <string.h>

#include "libs/base/time.h"
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

static bool is_allowed(const char *name, const char *allowed)
{
	size_t len = strlen(name);

	for (const char *p = allowed ? allowed : ""; *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, name, n) == 0)
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

static bool add_item(struct query *query, char *name, const char *allowed, struct refusal *refusal)
{
	char *value = strchr(name, '=');

	if (value)
		*value++ = '\0';
	if (!decode(name) || (value && !decode(value)))
		return refuse(refusal, PROBLEM_BAD_FIELD, "query", "not percent-encoded UTF-8");
	if (!is_allowed(name, allowed))
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "unknown parameter");
	if (query_text(query, name))
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "given twice");
	if (query->count == QUERY_ITEMS_MAX)
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "too many parameters");
	query->item[query->count].name = name;
	query->item[query->count].value = value ? value : "";
	query->count++;
	return true;
}

bool query_parse(struct query *query, const char *text, const char *allowed,
                 struct refusal *refusal)
{
	size_t len = text ? strlen(text) : 0;
	char *next = query->text;

	query->count = 0;
	if (len > QUERY_TEXT_MAX)
		return refuse(refusal, PROBLEM_BAD_FIELD, "query", "longer than %d characters",
		              QUERY_TEXT_MAX);
	if (len)
		memcpy(query->text, text, len);
	query->text[len] = '\0';
	while (next) {
		char *item = next;

		next = strchr(item, '&');
		if (next)
			*next++ = '\0';
		if (*item && !add_item(query, item, allowed, refusal))
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

bool query_int(const struct query *query, const char *name, int64_t min, int64_t max,
               int64_t *value, struct refusal *refusal)
{
	const char *text = query_text(query, name);
	int64_t found;

	if (!text)
		return true;
	if (!decimal_parse(text, max, &found) || found < min)
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "an integer from %lld to %lld",
		              (long long)min, (long long)max);
	*value = found;
	return true;
}

bool query_time(const struct query *query, const char *name, int64_t *unix_s,
                struct refusal *refusal)
{
	const char *text = query_text(query, name);
	int64_t ms;

	if (!text)
		return true;
	if (rfc3339_parse(text, &ms) != ERR_NONE)
		return refuse(refusal, PROBLEM_BAD_FIELD, name,
		              "a time as RFC 3339 has it, 2026-11-24T03:20:09Z");
	*unix_s = ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
	return true;
}

bool query_bool(const struct query *query, const char *name, bool *value, struct refusal *refusal)
{
	const char *text = query_text(query, name);

	if (!text)
		return true;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(refusal, PROBLEM_BAD_FIELD, name, "true or false");
	*value = text[0] == 't';
	return true;
}
