/* Which operation a method and path mean. The table itself is routes.c; docs/api/openapi.json says
 * the same for people, and a test holds the two together. */
#ifndef PLATFORM_HTTP_ROUTE_H
#define PLATFORM_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

enum method { METHOD_GET, METHOD_POST, METHOD_DELETE, METHOD_OTHER };

/* Who may: PUBLIC needs no login, LOCAL a login or a client on this machine, LOGIN any login; the
 * others are values of enum permission (core/access.h). */
enum { ROUTE_PUBLIC = -3, ROUTE_LOCAL, ROUTE_LOGIN };

enum body_kind { BODY_NONE, BODY_JSON, BODY_CSV };

struct request;

struct route {
	enum method method;
	const char *path; /* "/api/v1/meters/{meter}": a name in braces takes one segment */
	int permission;
	void (*handle)(struct request *request);
	const char *query; /* names of the parameters it takes, blanks between */
	enum body_kind body;
	size_t body_max;
	bool idempotent; /* needs an Idempotency-Key */
};

#define ROUTE_PARAMS_MAX 2
#define ROUTE_PARAM_SIZE 64

struct route_match {
	const struct route *route; /* NULL: none */
	bool other_method;         /* the path is known, but not for this method */
	char param[ROUTE_PARAMS_MAX][ROUTE_PARAM_SIZE];
};

enum method method_parse(const char *text); /* HEAD counts as GET */
const char *method_text(enum method method);

/* `path` is the raw path without query. Values of segments are [A-Za-z0-9-]; anything else, also
 * any percent escape, is no path of the API. */
void route_find(const struct route *routes, size_t count, enum method method, const char *path,
                struct route_match *match);

/* "GET, POST" for the Allow header of a path. */
void route_allowed(const struct route *routes, size_t count, const char *path, char *to,
                   size_t size);

#endif
