#include "platform/core/json_out.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/base/utf8.h"

void json_out_init(struct json_out *out)
{
	memset(out, 0, sizeof *out);
}

void json_out_free(struct json_out *out)
{
	free(out->data);
	json_out_init(out);
}

char *json_out_take(struct json_out *out, size_t *len)
{
	char *data = out->failed ? NULL : out->data;

	assert(out->depth == 0);
	if (out->failed)
		free(out->data);
	*len = data ? out->len : 0;
	json_out_init(out);
	return data;
}

static bool grow(struct json_out *out, size_t more)
{
	size_t size = out->size ? out->size : 1024;
	char *data;

	if (out->failed)
		return false;
	while (size < out->len + more)
		size *= 2;
	data = realloc(out->data, size);
	if (!data) {
		out->failed = true;
		return false;
	}
	out->data = data;
	out->size = size;
	return true;
}

static inline bool make_room(struct json_out *out, size_t more)
{
	return (!out->failed && more <= out->size - out->len) || grow(out, more);
}

const char *json_out_string(struct json_out *out)
{
	assert(out->depth == 0);
	if (!make_room(out, 1))
		return NULL;
	out->data[out->len] = '\0';
	return out->data;
}

static inline void put(struct json_out *out, const char *text, size_t len)
{
	if (!make_room(out, len))
		return;
	memcpy(out->data + out->len, text, len);
	out->len += len;
}

static inline void put_char(struct json_out *out, char c)
{
	if (make_room(out, 1))
		out->data[out->len++] = c;
}

/* Bytes at the start of the text that stand for themselves: most texts are nothing else. */
static size_t plain_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

static void put_escaped(struct json_out *out, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)text[i];

		n = plain_len(text + i, len - i);
		if (n > 0) {
			put(out, text + i, n);
			continue;
		}
		n = utf8_char_len(text + i, len - i);
		if (n == 0) {
			put(out, "\xEF\xBF\xBD", 3);
			n = 1;
		} else if (c == '"' || c == '\\') {
			put_char(out, '\\');
			put_char(out, (char)c);
		} else if (c < 0x20 || c == 0x7F) {
			char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

			put(out, escape, sizeof escape);
		} else {
			put(out, text + i, n);
		}
	}
}

/* Comma and key: what stands before every value. Keys are words of ours and need no escape. */
static void begin_value(struct json_out *out, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	char *to;

	if (!make_room(out, len + 4))
		return;
	to = out->data + out->len;
	if (out->more[out->depth])
		*to++ = ',';
	out->more[out->depth] = true;
	if (key) {
		*to++ = '"';
		memcpy(to, key, len);
		to += len;
		*to++ = '"';
		*to++ = ':';
	}
	out->len = (size_t)(to - out->data);
}

static void open_level(struct json_out *out, const char *key, char bracket)
{
	begin_value(out, key);
	put_char(out, bracket);
	out->depth++;
	assert(out->depth < JSON_OUT_DEPTH);
	out->more[out->depth] = false;
}

static void close_level(struct json_out *out, char bracket)
{
	assert(out->depth > 0);
	out->depth--;
	put_char(out, bracket);
}

void out_object(struct json_out *out, const char *key)
{
	open_level(out, key, '{');
}

void out_object_end(struct json_out *out)
{
	close_level(out, '}');
}

void out_array(struct json_out *out, const char *key)
{
	open_level(out, key, '[');
}

void out_array_end(struct json_out *out)
{
	close_level(out, ']');
}

void out_text(struct json_out *out, const char *key, const char *text)
{
	if (text)
		out_text_len(out, key, text, strlen(text));
	else
		out_null(out, key);
}

void out_text_len(struct json_out *out, const char *key, const char *text, size_t len)
{
	begin_value(out, key);
	put_char(out, '"');
	put_escaped(out, text, len);
	put_char(out, '"');
}

#define DIGITS 24 /* of any number of 64 bits, with its sign and an end */

/* The number's text, at the end of `digits`. */
static const char *decimal(int64_t value, char digits[DIGITS])
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char *at = digits + DIGITS - 1;

	*at = '\0';
	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		*--at = '-';
	return at;
}

void out_int(struct json_out *out, const char *key, int64_t value)
{
	char digits[DIGITS];
	const char *text = decimal(value, digits);

	begin_value(out, key);
	put(out, text, (size_t)(digits + DIGITS - 1 - text));
}

void out_bool(struct json_out *out, const char *key, bool value)
{
	begin_value(out, key);
	put(out, value ? "true" : "false", value ? 4 : 5);
}

void out_null(struct json_out *out, const char *key)
{
	begin_value(out, key);
	put(out, "null", 4);
}

void out_raw(struct json_out *out, const char *key, const char *json, size_t len)
{
	begin_value(out, key);
	put(out, json, len);
}

void out_time_s(struct json_out *out, const char *key, int64_t unix_s)
{
	char text[RFC3339_SIZE];

	if (unix_s <= 0 || rfc3339_format(unix_s, text) != ERR_NONE)
		out_null(out, key);
	else
		out_text(out, key, text);
}

void out_time_ms(struct json_out *out, const char *key, int64_t unix_ms)
{
	char text[RFC3339_MS_SIZE];

	if (unix_ms <= 0 || rfc3339_format_ms(unix_ms, text) != ERR_NONE)
		out_null(out, key);
	else
		out_text(out, key, text);
}

void out_id(struct json_out *out, const char *key, int64_t id)
{
	char digits[DIGITS];

	out_text(out, key, id ? decimal(id, digits) : NULL);
}

void out_day(struct json_out *out, const char *key, int64_t day)
{
	struct civil date;
	char text[24];

	if (!day) {
		out_null(out, key);
		return;
	}
	date_from_days(day, &date);
	snprintf(text, sizeof text, "%04d-%02u-%02u", (int)date.year, date.month, date.day);
	out_text(out, key, text);
}

void out_meter(struct json_out *out, const char *key, int64_t meter)
{
	char text[24] = "000000000000", digits[DIGITS];
	const char *number = decimal(meter, digits);
	size_t len = strlen(number);

	memcpy(len < 12 ? text + 12 - len : text, number, len + 1);
	out_text(out, key, text);
}
