#include "platform/http/body.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/base/utf8.h"
#include "platform/http/query.h"

#define WHOLE_BODY "body"

/* End of the string that begins behind the quote at `i`: index of the closing quote, or `len`. */
static size_t string_end(const char *json, size_t len, size_t i)
{
	while (i < len && json[i] != '"')
		i += json[i] == '\\' ? 2 : 1;
	return i < len ? i : len;
}

/* The member of the outer object in which byte `stop` stands: for text that does not parse, where
 * there is no tree to ask. */
static void member_at(const char *json, size_t len, size_t stop, char *name, size_t size)
{
	unsigned depth = 0;
	bool key_next = false;

	snprintf(name, size, WHOLE_BODY);
	for (size_t i = 0; i < len && i < stop; i++) {
		char c = json[i];

		if (c == '"') {
			size_t end = string_end(json, len, i + 1);

			if (depth == 1 && key_next && end > i + 1 && end < len) {
				snprintf(name, size, "%.*s", (int)(end - i - 1), json + i + 1);
				key_next = false;
			}
			i = end;
		} else if (c == '{' || c == '[') {
			depth++;
			key_next = depth == 1 && c == '{';
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		} else if (c == ',' && depth == 1) {
			key_next = true;
		}
	}
	if (!utf8_valid(name, strlen(name)))
		snprintf(name, size, WHOLE_BODY);
}

/* jansson quotes the text around the error; only its first words are ours to show. */
static bool refuse_syntax(const char *json, size_t len, const json_error_t *error,
                          struct refusal *refusal)
{
	size_t stop = error->position > 0 ? (size_t)error->position : 0;
	char name[sizeof refusal->field];
	int words = (int)strcspn(error->text, "'");

	member_at(json, len, stop, name, sizeof name);
	return refuse(refusal, PROBLEM_BAD_FIELD, name, "not JSON: %.*s", words, error->text);
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
			return true;
	return false;
}

static size_t count_characters(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

static bool take_text(const struct body_field *field, const json_t *value, void *to,
                      struct refusal *refusal)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	int64_t count;

	if (!text)
		return refuse(refusal, PROBLEM_BAD_FIELD, field->name, "must be a text");
	count = (int64_t)count_characters(text, len);
	if (count < field->min || count > field->max || len >= field->size)
		return refuse(refusal, PROBLEM_BAD_FIELD, field->name,
		              "must have %lld to %lld characters", (long long)field->min,
		              (long long)field->max);
	if (has_control(text, len))
		return refuse(refusal, PROBLEM_BAD_FIELD, field->name,
		              "must not hold control characters");
	memcpy(to, text, len + 1);
	return true;
}

static bool take_int(const struct body_field *field, const json_t *value, void *to,
                     struct refusal *refusal)
{
	int64_t number = (int64_t)json_integer_value(value);

	if (!json_is_integer(value) || number < field->min || number > field->max)
		return refuse(refusal, PROBLEM_BAD_FIELD, field->name,
		              "must be an integer from %lld to %lld", (long long)field->min,
		              (long long)field->max);
	assert(field->size == sizeof number);
	memcpy(to, &number, sizeof number);
	return true;
}

static bool take_time(const struct body_field *field, const json_t *value, void *to,
                      struct refusal *refusal)
{
	const char *text = json_string_value(value);
	int64_t ms, s;

	if (!text || rfc3339_parse(text, &ms) != ERR_NONE || ms < 0)
		return refuse(refusal, PROBLEM_BAD_FIELD, field->name,
		              "must be a time as RFC 3339 has it, 2026-11-24T03:20:09Z");
	s = ms / 1000;
	assert(field->size == sizeof s);
	memcpy(to, &s, sizeof s);
	return true;
}

static bool take_meter(const struct body_field *field, const json_t *value, void *to,
                       struct refusal *refusal)
{
	const char *text = json_string_value(value);
	int64_t meter;

	if (!text || strlen(text) != 12 || !decimal_parse(text, INT64_MAX, &meter))
		return refuse(refusal, PROBLEM_BAD_FIELD, field->name,
		              "must be 12 digits as a text, the first not 0");
	assert(field->size == sizeof meter);
	memcpy(to, &meter, sizeof meter);
	return true;
}

static bool take_value(const struct body_field *field, const json_t *value, void *to,
                       struct refusal *refusal)
{
	void *place = (char *)to + field->offset;

	switch (field->type) {
	case BODY_TEXT:
		return take_text(field, value, place, refusal);
	case BODY_INT:
		return take_int(field, value, place, refusal);
	case BODY_TIME:
		return take_time(field, value, place, refusal);
	case BODY_METER:
		return take_meter(field, value, place, refusal);
	}
	return refuse(refusal, PROBLEM_INTERNAL, field->name, "unknown type of field");
}

static const struct body_field *field_find(const struct body_field *fields, size_t count,
                                           const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static bool take_object(json_t *root, const struct body_field *fields, size_t field_count, void *to,
                        struct refusal *refusal)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root))
		return refuse(refusal, PROBLEM_BAD_FIELD, WHOLE_BODY, "must be a JSON object");
	json_object_foreach(root, name, value)
	{
		if (!field_find(fields, field_count, name))
			return refuse(refusal, PROBLEM_BAD_FIELD, name, "unknown member");
	}
	for (size_t i = 0; i < field_count; i++) {
		value = json_object_get(root, fields[i].name);
		if (value) {
			if (!take_value(&fields[i], value, to, refusal))
				return false;
		} else if (fields[i].required) {
			return refuse(refusal, PROBLEM_BAD_FIELD, fields[i].name, "is missing");
		}
	}
	return true;
}

bool body_parse(const char *json, size_t len, const struct body_field *fields, size_t field_count,
                void *to, struct refusal *refusal)
{
	json_error_t error;
	json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	bool good;

	if (!root)
		return refuse_syntax(json, len, &error, refusal);
	good = take_object(root, fields, field_count, to, refusal);
	json_decref(root);
	return good;
}
