/* What comes in the head of a request: the first byte says which parser gets the rest. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/http/context.h"
#include "platform/http/static.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[STATIC_PATH_MAX], token[44];
	struct refusal refusal = {0};
	struct route_match match;
	struct query query;
	int64_t number = 0;
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		if (query_parse(&query, text, "limit cursor from to meters", &refusal)) {
			(void)query_int(&query, "limit", 1, 500, &number, &refusal);
			(void)query_time(&query, "from", &number, &refusal);
			(void)query_bool(&query, "to", &(bool){false}, &refusal);
		}
		break;
	case 1:
		route_find(routes, route_count, METHOD_GET, text, &match);
		if (static_name(text, name) && (strstr(name, "..") || name[0] == '/'))
			abort();
		break;
	case 2:
		if (cookie_token(text, token, sizeof token) && strlen(token) != 43)
			abort();
		break;
	default:
		(void)etag_matches(text, "\"1-2\"");
		(void)accepts_gzip(text);
	}
	free(text);
	return 0;
}
