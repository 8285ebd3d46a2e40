/* Where a request acts: the places that its path names, looked up in the directory. */
#ifndef PLATFORM_HTTP_SCOPE_H
#define PLATFORM_HTTP_SCOPE_H

#include "platform/core/directory.h"
#include "platform/http/route.h"

/* The innermost place of the path, and what it was found by; NULL: not named. Pointers into the
 * directory: they are good until the I/O loop turns. */
struct scope {
	bool named; /* the path names a place */
	struct place place;
	const struct dir_property *property; /* also that of a meter or gateway */
	const struct dir_gateway *gateway;
	const struct dir_meter *meter;
	const struct dir_space *space;
};

/* After route_read_params. False: there is no such thing, or not inside the one before it. */
bool scope_find(const struct directory *dir, const struct route_match *match, struct scope *scope);

/* What the path says, for the audit: "meter 330100000001", "property p1". Empty: no place. */
void scope_text(const struct route_match *match, char *to, size_t size);

#endif
