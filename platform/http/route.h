/* Which operation a method and path mean. The table is made by tools/openapi from docs/api/src
 * (api_gen.c in the build folder), so it says what docs/api/openapi.json says. */
#ifndef PLATFORM_HTTP_ROUTE_H
#define PLATFORM_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/core/access.h"
#include "platform/http/body.h"

enum method {
	METHOD_GET,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OTHER,
};

/* Who may: PUBLIC needs no login, LOCAL a login or a client on this machine, LOGIN any login,
 * PERMISSION the route's permission: at the place that the path names, or else anywhere. */
enum route_access { ROUTE_PUBLIC, ROUTE_LOCAL, ROUTE_LOGIN, ROUTE_PERMISSION };

enum body_kind {
	BODY_NONE,
	BODY_JSON, /* request->json */
	BODY_RAW,  /* request->body, as it came */
};

/* What a name in braces stands for. Those of a place are looked up before the handler runs. */
enum param_kind {
	PARAM_ID,   /* the number of any object */
	PARAM_TEXT, /* by its pattern */
	PARAM_GROUP,
	PARAM_PROPERTY,
	PARAM_SPACE,
	PARAM_GATEWAY,
	PARAM_METER,
};

#define ROUTE_PARAMS_MAX 4
#define ROUTE_PARAM_SIZE 80

struct route_param {
	const char *name;
	enum param_kind kind;
	const struct body_field *field; /* PARAM_TEXT */
};

/* Of a list: its sort words, the first is the default. */
struct route_list {
	const char *const *sorts; /* NULL at the end */
	bool descending;          /* the default */
	int64_t limit;            /* rows of a page when the request does not say */
};

struct request;

struct route {
	enum method method;
	const char *path;  /* "/api/v1/meters/{meter}": a name in braces takes one segment */
	size_t prefix_len; /* up to the first brace */
	const char *name;  /* the operationId */
	enum route_access access;
	enum permission permission;
	void (*handle)(struct request *request);
	size_t param_count;
	struct route_param param[ROUTE_PARAMS_MAX];
	const struct body_object *query; /* NULL: takes no parameters */
	const struct route_list *list;   /* NULL: is no list */
	enum body_kind body;
	const char *body_type; /* Content-Type */
	size_t body_max;
	const struct body_object *object; /* BODY_JSON */
	bool below;      /* the permission may be held below the path's place only */
	bool idempotent; /* needs an Idempotency-Key */
	bool versioned;  /* needs If-Match */
};

struct route_match {
	const struct route *route; /* NULL: none */
	bool other_method;         /* the path is known, but not for this method */

	struct {
		char text[ROUTE_PARAM_SIZE];
		int64_t number; /* of PARAM_ID, _GROUP, _SPACE, _METER */
	} param[ROUTE_PARAMS_MAX];
};

enum method method_parse(const char *text); /* HEAD counts as GET */
const char *method_text(enum method method);

/* `path` is the raw path without query. Values of segments are [A-Za-z0-9_-]; anything else, also
 * any percent escape, is no path of the API. */
void route_find(const struct route *routes, size_t count, enum method method, const char *path,
                struct route_match *match);

/* The parameters of a match, read by their kind. False: one cannot be the name of anything. */
bool route_read_params(struct route_match *match);

/* "GET, POST" for the Allow header of a path. */
void route_allowed(const struct route *routes, size_t count, const char *path, char *to,
                   size_t size);

#endif
