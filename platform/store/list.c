#include "platform/store/list.h"

#include <string.h>

const char *list_after_text(const struct list_ask *ask)
{
	if (ask->has_after)
		return ask->after_text;
	return ask->descending ? LIST_TEXT_TOP : "";
}

int64_t list_after_number(const struct list_ask *ask)
{
	if (ask->has_after)
		return ask->after_number;
	return ask->descending ? INT64_MAX : INT64_MIN;
}

int64_t list_after_id(const struct list_ask *ask)
{
	if (ask->has_after)
		return ask->after_id;
	return ask->descending ? INT64_MAX : INT64_MIN;
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void like(char *to, const char *search, const char *end)
{
	*to++ = '%';
	for (size_t i = 0; search[i] && i < LIST_SEARCH_SIZE - 1; i++) {
		if (strchr("%_\\", search[i]))
			*to++ = '\\';
		*to++ = small(search[i]);
	}
	memcpy(to, end, strlen(end) + 1);
}

void list_like(char pattern[LIST_LIKE_SIZE], const char *search)
{
	like(pattern, search, "%");
}

void list_like_end(char pattern[LIST_LIKE_SIZE], const char *search)
{
	like(pattern, search, "");
}
