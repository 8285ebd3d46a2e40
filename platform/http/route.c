#include "platform/http/route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum method method_parse(const char *text)
{
	if (strcmp(text, "GET") == 0 || strcmp(text, "HEAD") == 0)
		return METHOD_GET;
	if (strcmp(text, "POST") == 0)
		return METHOD_POST;
	return strcmp(text, "DELETE") == 0 ? METHOD_DELETE : METHOD_OTHER;
}

const char *method_text(enum method method)
{
	switch (method) {
	case METHOD_GET:
		return "GET";
	case METHOD_POST:
		return "POST";
	case METHOD_DELETE:
		return "DELETE";
	case METHOD_OTHER:
		break;
	}
	return "OTHER";
}

static bool is_value(const char *text, size_t len)
{
	if (len == 0 || len >= ROUTE_PARAM_SIZE)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}

/* Segment by segment; fills `param` with what stands in the place of names in braces. */
static bool path_match(const char *pattern, const char *path,
                       char param[ROUTE_PARAMS_MAX][ROUTE_PARAM_SIZE])
{
	size_t params = 0;

	while (*pattern == '/' && *path == '/') {
		size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");

		if (*pattern == '{') {
			if (params == ROUTE_PARAMS_MAX || !is_value(path, have))
				return false;
			memcpy(param[params], path, have);
			param[params++][have] = '\0';
		} else if (want != have || memcmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

void route_find(const struct route *routes, size_t count, enum method method, const char *path,
                struct route_match *match)
{
	memset(match, 0, sizeof *match);
	for (size_t i = 0; i < count; i++) {
		if (!path_match(routes[i].path, path, match->param))
			continue;
		if (routes[i].method == method) {
			match->route = &routes[i];
			return;
		}
		match->other_method = true;
	}
}

void route_allowed(const struct route *routes, size_t count, const char *path, char *to,
                   size_t size)
{
	char param[ROUTE_PARAMS_MAX][ROUTE_PARAM_SIZE];
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (path_match(routes[i].path, path, param) && len < size)
			len += (size_t)snprintf(to + len, size - len, "%s%s", len ? ", " : "",
			                        method_text(routes[i].method));
}
