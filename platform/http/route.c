#include "platform/http/route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "platform/http/query.h"

static const char *const method_names[] = {
        [METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
        [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE", [METHOD_OTHER] = "OTHER",
};

enum method method_parse(const char *text)
{
	if (strcmp(text, "HEAD") == 0)
		return METHOD_GET;
	for (int m = METHOD_GET; m < METHOD_OTHER; m++)
		if (strcmp(method_names[m], text) == 0)
			return (enum method)m;
	return METHOD_OTHER;
}

const char *method_text(enum method method)
{
	return method_names[method];
}

static bool is_value(const char *text, size_t len)
{
	if (len == 0 || len >= ROUTE_PARAM_SIZE)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	return true;
}

/* Segment by segment; fills `match` with what stands in the place of names in braces. */
static bool path_match(const char *pattern, const char *path, struct route_match *match)
{
	size_t params = 0;

	while (*pattern == '/' && *path == '/') {
		size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");

		if (*pattern == '{') {
			if (params == ROUTE_PARAMS_MAX || !is_value(path, have))
				return false;
			memcpy(match->param[params].text, path, have);
			match->param[params++].text[have] = '\0';
		} else if (want != have || memcmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

static bool is_path(const struct route *route, const char *path, struct route_match *match)
{
	/* Most routes differ from the path before their first name. */
	return strncmp(route->path, path, route->prefix_len) == 0 &&
	       path_match(route->path, path, match);
}

void route_find(const struct route *routes, size_t count, enum method method, const char *path,
                struct route_match *match)
{
	memset(match, 0, sizeof *match);
	for (size_t i = 0; i < count; i++) {
		if (!is_path(&routes[i], path, match))
			continue;
		if (routes[i].method == method) {
			match->route = &routes[i];
			return;
		}
		match->other_method = true;
	}
}

static bool read_param(const struct route_param *param, const char *text, int64_t *number)
{
	size_t len = strlen(text);

	switch (param->kind) {
	case PARAM_ID:
	case PARAM_GROUP:
	case PARAM_SPACE:
		return len <= 18 && *text != '0' && decimal_parse(text, INT64_MAX, number);
	case PARAM_METER:
		return len == 12 && decimal_parse(text, INT64_MAX, number);
	case PARAM_TEXT:
		return body_text_fits(param->field, text, len);
	case PARAM_PROPERTY:
	case PARAM_GATEWAY:
		return true;
	}
	return false;
}

bool route_read_params(struct route_match *match)
{
	const struct route *route = match->route;

	for (size_t i = 0; i < route->param_count; i++)
		if (!read_param(&route->param[i], match->param[i].text, &match->param[i].number))
			return false;
	return true;
}

void route_allowed(const struct route *routes, size_t count, const char *path, char *to,
                   size_t size)
{
	struct route_match match;
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (is_path(&routes[i], path, &match) && len < size)
			len += (size_t)snprintf(to + len, size - len, "%s%s", len ? ", " : "",
			                        method_text(routes[i].method));
}
