/* JSON bodies, strictly: one object, only the members that the operation declares, each once and
 * of its type and size. Whatever is wrong, the refusal names the member. */
#ifndef PLATFORM_HTTP_BODY_H
#define PLATFORM_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/http/problem.h"

enum body_type {
	BODY_TEXT,  /* char[size]: `min` .. `max` characters, no control characters */
	BODY_INT,   /* int64_t: `min` .. `max` */
	BODY_TIME,  /* int64_t, Unix seconds, from RFC 3339 text */
	BODY_METER, /* int64_t, from 12 digits as text, the first not 0 */
};

struct body_field {
	const char *name;
	enum body_type type;
	bool required;
	size_t offset, size; /* in the struct that is filled */
	int64_t min, max;
};

#define BODY_FIELD(of, member, type, required, min, max)                                           \
	{                                                                                          \
#member, type, required, offsetof(of, member), sizeof(((of *)0)->member), min, max \
	}

/* `to` must be zeroed: members that are not there stay as they are. */
bool body_parse(const char *json, size_t len, const struct body_field *fields, size_t field_count,
                void *to, struct refusal *refusal);

#endif
