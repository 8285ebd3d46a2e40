/* The part of a request target behind `?`, strictly: percent-decoded UTF-8 without control
 * characters, each name once, only names that the route declares. */
#ifndef PLATFORM_HTTP_QUERY_H
#define PLATFORM_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/http/problem.h"

#define QUERY_ITEMS_MAX 8
#define QUERY_TEXT_MAX  2048

struct query {
	struct {
		const char *name, *value;
	} item[QUERY_ITEMS_MAX];

	size_t count;
	char text[QUERY_TEXT_MAX + 1];
};

/* `allowed`: names with blanks between, "limit cursor"; NULL or "": none. */
bool query_parse(struct query *query, const char *text, const char *allowed,
                 struct refusal *refusal);

/* NULL: not there. */
const char *query_text(const struct query *query, const char *name);
/* Decimal digits only; `value` keeps what it was when the parameter is missing. */
bool query_int(const struct query *query, const char *name, int64_t min, int64_t max,
               int64_t *value, struct refusal *refusal);
/* RFC 3339 to Unix seconds; the same about a missing one. */
bool query_time(const struct query *query, const char *name, int64_t *unix_s,
                struct refusal *refusal);
/* true | false */
bool query_bool(const struct query *query, const char *name, bool *value, struct refusal *refusal);

/* Non-negative decimal without sign, blank or leading zeros (but 0 itself). */
bool decimal_parse(const char *text, int64_t max, int64_t *value);

#endif
