/* What clients send as values: JSON bodies and query parameters, read into the structs that
 * tools/openapi makes from docs/api/src. One table says what is allowed, the same that people read
 * in docs/api/openapi.json. Whatever is wrong, the refusal names the member: `phones[2].number`. */
#ifndef PLATFORM_HTTP_BODY_H
#define PLATFORM_HTTP_BODY_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/http/problem.h"

enum body_type {
	BODY_TEXT,   /* const char *: `min` .. `max` characters, no control characters */
	BODY_INT,    /* int64_t: `min` .. `max` */
	BODY_BOOL,   /* bool */
	BODY_TIME,   /* int64_t, Unix seconds, from RFC 3339 text */
	BODY_DAY,    /* int64_t, days since 1970, from 2026-11-24 */
	BODY_ID,     /* int64_t, from 1 to 18 digits as text, the first not 0 */
	BODY_METER,  /* int64_t, from 12 digits as text, the first not 0 */
	BODY_OBJECT, /* a struct of its own, inline */
	BODY_LIST,   /* pointer and size_t count */
};

/* Compiled when first used; by the I/O thread only. */
struct body_pattern {
	const char *text; /* POSIX extended, anchored at both ends */
	bool ready;
	regex_t regex;
};

#define BODY_NOWHERE SIZE_MAX

struct body_field {
	const char *name;
	enum body_type type;
	bool required, nullable;
	bool lines;                       /* BODY_TEXT: line feeds and tabs are allowed */
	size_t offset;                    /* in the struct that is filled */
	size_t has, null;                 /* bools: it is there; it is null. BODY_NOWHERE: none */
	int64_t min, max;                 /* characters, value or items */
	struct body_pattern *pattern;     /* NULL: any text */
	const char *const *words;         /* NULL: any; else these, NULL at the end */
	const struct body_object *object; /* BODY_OBJECT */
	const struct body_field *item;    /* BODY_LIST */
	size_t item_size, count;          /* BODY_LIST: of an item; offset of the count */
};

struct body_object {
	size_t size;
	const struct body_field *field;
	size_t field_count;
};

/* Where the values live: zeroed memory, or NULL when there is none. */
struct body_memory {
	void *(*alloc)(void *arg, size_t size);
	void *arg;
};

struct query;

/* NULL: refused. The answer and all it points to is of `memory`. */
void *body_parse(const struct body_object *object, const char *json, size_t len,
                 const struct body_memory *memory, struct refusal *refusal);
/* The same from query parameters; lists of them are `a,b,c`. Texts stay in the query's buffer. */
void *query_bind(const struct body_object *object, const struct query *query,
                 const struct body_memory *memory, struct refusal *refusal);

/* Each number in it that names something: of type BODY_ID or BODY_METER, also in lists and in what stands below. */
typedef void (*body_name_fn)(void *arg, const char *name, enum body_type type, int64_t number);
void body_names(const struct body_object *object, const void *values, body_name_fn each, void *arg);

/* Does this text fit a BODY_TEXT field? */
bool body_text_fits(const struct body_field *field, const char *text, size_t len);

#endif
