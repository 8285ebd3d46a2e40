/* Writes JSON straight into one growing buffer: no tree, no floating point. Text that is not UTF-8
 * comes out with U+FFFD in its place, so an answer is always valid JSON. When memory runs out the
 * writer goes on silently and `failed` says so at the end: one place to look. */
#ifndef PLATFORM_CORE_JSON_OUT_H
#define PLATFORM_CORE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_OUT_DEPTH 16

struct json_out {
	char *data; /* not terminated by 0 */
	size_t len, size;
	bool failed;
	unsigned depth;
	bool more[JSON_OUT_DEPTH]; /* a value stands before the next one at this depth */
};

void json_out_init(struct json_out *out);
void json_out_free(struct json_out *out);
/* Takes the buffer out (NULL when it failed); the caller frees it. */
char *json_out_take(struct json_out *out, size_t *len);
/* The text with an end, still the writer's; NULL: it failed. */
const char *json_out_string(struct json_out *out);

/* `key` names a member of an object; in arrays and at the top it is NULL. */
void out_object(struct json_out *out, const char *key);
void out_object_end(struct json_out *out);
void out_array(struct json_out *out, const char *key);
void out_array_end(struct json_out *out);

void out_text(struct json_out *out, const char *key, const char *text); /* NULL: null */
void out_text_len(struct json_out *out, const char *key, const char *text, size_t len);
void out_int(struct json_out *out, const char *key, int64_t value);
void out_bool(struct json_out *out, const char *key, bool value);
void out_null(struct json_out *out, const char *key);
/* `json` is a whole JSON value, written as it is. */
void out_raw(struct json_out *out, const char *key, const char *json, size_t len);

/* RFC 3339 UTC; 0 or less, and times outside the years 1..9999: null. */
void out_time_s(struct json_out *out, const char *key, int64_t unix_s);
void out_time_ms(struct json_out *out, const char *key, int64_t unix_ms);
/* Number of an object, as text; 0: null. */
void out_id(struct json_out *out, const char *key, int64_t id);
/* A civil date, "2026-11-24", from days since 1970; 0: null. */
void out_day(struct json_out *out, const char *key, int64_t day);
/* A meter's 12 digits, as text. */
void out_meter(struct json_out *out, const char *key, int64_t meter);

#endif
