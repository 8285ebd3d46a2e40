/* The part of a request target behind `?`, strictly: percent-decoded UTF-8 without control
 * characters, each name once. body.h reads the values. */
#ifndef PLATFORM_HTTP_QUERY_H
#define PLATFORM_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/http/problem.h"

#define QUERY_ITEMS_MAX 24
#define QUERY_TEXT_MAX  4096

struct query_item {
	const char *name, *value;
};

struct query {
	struct query_item item[QUERY_ITEMS_MAX];
	size_t count;
};

/* Decodes in place: `text` (NULL: none) must live as long as the query. */
bool query_parse(struct query *query, char *text, struct refusal *refusal);

/* NULL: not there. */
const char *query_text(const struct query *query, const char *name);

/* Non-negative decimal without sign, blank or leading zeros (but 0 itself). */
bool decimal_parse(const char *text, int64_t max, int64_t *value);

#endif
