/* What comes in the head of a request: the first byte says which parser gets the rest. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/http/context.h"
#include "platform/http/static.h"
#include "platform/http/test/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With the parameters of every route: what is refused names one of them. */
static void bind_all(const struct query *query)
{
	for (size_t i = 0; i < route_count; i++) {
		struct memory memory = {0};
		struct refusal refusal = {0};

		if (routes[i].query &&
		    !query_bind(routes[i].query, query, &(struct body_memory){take, &memory},
		                &refusal) &&
		    (!refusal.field[0] || problem_status(refusal.problem) != 400))
			abort();
		release(&memory);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[STATIC_PATH_MAX], token[44];
	struct refusal refusal = {0};
	struct route_match match;
	struct query query;
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
		if (query_parse(&query, text, &refusal))
			bind_all(&query);
		break;
	case 1:
		route_find(routes, route_count, METHOD_GET, text, &match);
		if (match.route)
			(void)route_read_params(&match);
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
