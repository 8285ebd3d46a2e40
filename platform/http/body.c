#include "platform/http/body.h"

#include <assert.h>
#include <jansson.h>
#include <stdarg.h>
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

/* jansson quotes the text around the error; only its own words are ours to show: `',' expected`
 * of "',' expected near '...'", and "invalid Unicode" of what has no "near". */
static int own_words(const char *text)
{
	static const char unicode[] = "invalid Unicode";
	const char *near = strstr(text, " near ");

	if (strncmp(text, unicode, sizeof unicode - 1) == 0)
		return (int)sizeof unicode - 1;
	return near ? (int)(near - text) : (int)strlen(text);
}

static bool refuse_syntax(const char *json, size_t len, const json_error_t *error,
                          struct refusal *refusal)
{
	size_t stop = error->position > 0 ? (size_t)error->position : 0;
	char name[sizeof refusal->field];

	if (len == 0)
		return refuse(refusal, PROBLEM_BAD_FIELD, WHOLE_BODY, "must be a JSON object");
	member_at(json, len, stop, name, sizeof name);
	return refuse(refusal, PROBLEM_BAD_FIELD, name, "not JSON: %.*s", own_words(error->text),
	              error->text);
}

/* ---- values ---- */

/* On the way into the tree: where we are, for the refusal, and where texts go. */
struct reading {
	const struct body_memory *memory;
	struct refusal *refusal;
	char *texts; /* room for all texts of the body, decoded */
	char path[sizeof(((struct refusal *)0)->field)];
};

struct path_mark {
	size_t len;
};

static struct path_mark path_enter(struct reading *r, const char *name)
{
	struct path_mark mark = {strlen(r->path)};

	snprintf(r->path + mark.len, sizeof r->path - mark.len, "%s%s", mark.len ? "." : "", name);
	return mark;
}

static struct path_mark path_enter_item(struct reading *r, size_t i)
{
	struct path_mark mark = {strlen(r->path)};

	snprintf(r->path + mark.len, sizeof r->path - mark.len, "[%zu]", i);
	return mark;
}

static void path_leave(struct reading *r, struct path_mark mark)
{
	r->path[mark.len] = '\0';
}

static bool wrong(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct reading *r, const char *format, ...)
{
	char detail[sizeof r->refusal->detail];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	return refuse(r->refusal, PROBLEM_BAD_FIELD, r->path[0] ? r->path : WHOLE_BODY, "%s",
	              detail);
}

static bool is_one_of(const char *const *words, const char *text)
{
	for (; *words; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

static bool matches(struct body_pattern *pattern, const char *text)
{
	if (!pattern->ready)
		pattern->ready =
		        regcomp(&pattern->regex, pattern->text, REG_EXTENDED | REG_NOSUB) == 0;
	assert(pattern->ready); /* tools/openapi takes only what regcomp takes */
	return regexec(&pattern->regex, text, 0, NULL, 0) == 0;
}

static bool refuse_word(struct reading *r, const char *const *words)
{
	char list[sizeof r->refusal->detail - 16] = "";
	size_t len = 0;

	for (; *words && len < sizeof list; words++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "",
		                        *words);
	return wrong(r, "must be one of %s", list);
}

static bool check_text(struct reading *r, const struct body_field *field, const char *text,
                       size_t len)
{
	enum text_fault fault = text_check(text, len, field->lines ? TEXT_LINES : TEXT_LINE,
	                                   (size_t)field->min, (size_t)field->max);

	if (fault == TEXT_CONTROL)
		return wrong(r, "must not hold control characters");
	if (fault != TEXT_GOOD)
		return wrong(r, "must have %lld to %lld characters", (long long)field->min,
		             (long long)field->max);
	if (field->words && !is_one_of(field->words, text))
		return refuse_word(r, field->words);
	if (field->pattern && !matches(field->pattern, text))
		return wrong(r, "must match %s", field->pattern->text);
	return true;
}

bool body_text_fits(const struct body_field *field, const char *text, size_t len)
{
	struct refusal refusal;
	struct reading r = {.refusal = &refusal};

	return check_text(&r, field, text, len);
}

static bool day_parse(const char *text, int64_t *day)
{
	char whole[sizeof "2026-11-24T00:00:00Z"];
	int64_t ms;

	if (strlen(text) != 10)
		return false;
	snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
	if (rfc3339_parse(whole, &ms) != ERR_NONE)
		return false;
	*day = days_from_unix(ms / 1000);
	return true;
}

static bool time_parse(const char *text, int64_t *unix_s)
{
	int64_t ms;

	if (rfc3339_parse(text, &ms) != ERR_NONE || ms < 0)
		return false;
	*unix_s = ms / 1000;
	return true;
}

/* Numbers that come as text. */
static bool read_number(struct reading *r, const struct body_field *field, const char *text,
                        int64_t *to)
{
	switch (field->type) {
	case BODY_TIME:
		return time_parse(text, to) ||
		       wrong(r, "must be a time as RFC 3339 has it, 2026-11-24T03:20:09Z");
	case BODY_DAY:
		return day_parse(text, to) || wrong(r, "must be a date, 2026-11-24");
	case BODY_ID:
		return (strlen(text) <= 18 && *text != '0' && decimal_parse(text, INT64_MAX, to)) ||
		       wrong(r, "must be a number as a text, 1 to 18 digits");
	case BODY_METER:
		return (strlen(text) == 12 && decimal_parse(text, INT64_MAX, to)) ||
		       wrong(r, "must be 12 digits as a text, the first not 0");
	case BODY_TEXT:
	case BODY_INT:
	case BODY_BOOL:
	case BODY_OBJECT:
	case BODY_LIST:
		break;
	}
	return refuse(r->refusal, PROBLEM_INTERNAL, field->name, "unknown type of field");
}

static bool check_int(struct reading *r, const struct body_field *field, int64_t value)
{
	if (value < field->min || value > field->max)
		return wrong(r, "must be an integer from %lld to %lld", (long long)field->min,
		             (long long)field->max);
	return true;
}

/* ---- JSON ---- */

static bool take_object(struct reading *r, const struct body_object *object, const json_t *value,
                        char *to);
static bool take_value(struct reading *r, const struct body_field *field, const json_t *value,
                       char *to);

static bool take_text(struct reading *r, const struct body_field *field, const json_t *value,
                      char *to)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text)
		return wrong(r, "must be a text");
	if (!check_text(r, field, text, len))
		return false;
	memcpy(r->texts, text, len + 1);
	memcpy(to, &r->texts, sizeof r->texts);
	r->texts += len + 1;
	return true;
}

static bool take_int(struct reading *r, const struct body_field *field, const json_t *value,
                     char *to)
{
	int64_t number = (int64_t)json_integer_value(value);

	if (!json_is_integer(value))
		return wrong(r, "must be an integer");
	memcpy(to, &number, sizeof number);
	return check_int(r, field, number);
}

static bool take_number(struct reading *r, const struct body_field *field, const json_t *value,
                        char *to)
{
	const char *text = json_string_value(value);
	int64_t number = 0;

	if (!read_number(r, field, text ? text : "", &number))
		return false;
	memcpy(to, &number, sizeof number);
	return true;
}

static bool take_bool(struct reading *r, const json_t *value, char *to)
{
	bool flag = json_is_true(value);

	if (!json_is_boolean(value))
		return wrong(r, "must be true or false");
	memcpy(to, &flag, sizeof flag);
	return true;
}

/* Zeroed memory of at least one byte. */
static char *list_memory(struct reading *r, const struct body_field *field, size_t count)
{
	char *items = r->memory->alloc(r->memory->arg, count * field->item_size + 1);

	if (!items)
		refuse(r->refusal, PROBLEM_BUSY, NULL, "no memory");
	return items;
}

static bool check_count(struct reading *r, const struct body_field *field, size_t count)
{
	if ((int64_t)count < field->min || (int64_t)count > field->max)
		return wrong(r, "must have %lld to %lld items", (long long)field->min,
		             (long long)field->max);
	return true;
}

static bool take_list(struct reading *r, const struct body_field *field, const json_t *value,
                      char *to, char *count_to)
{
	size_t count = json_array_size(value);
	char *items;

	if (!json_is_array(value))
		return wrong(r, "must be a list");
	if (!check_count(r, field, count))
		return false;
	items = list_memory(r, field, count);
	if (!items)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct path_mark mark = path_enter_item(r, i);

		if (!take_value(r, field->item, json_array_get(value, i),
		                items + i * field->item_size))
			return false;
		path_leave(r, mark);
	}
	memcpy(to, &items, sizeof items);
	memcpy(count_to, &count, sizeof count);
	return true;
}

/* `to`: the struct that the field is a member of. */
static bool take_value(struct reading *r, const struct body_field *field, const json_t *value,
                       char *to)
{
	char *place = to + field->offset;

	if (field->nullable && json_is_null(value)) {
		to[field->null] = true;
		return true;
	}
	switch (field->type) {
	case BODY_TEXT:
		return take_text(r, field, value, place);
	case BODY_INT:
		return take_int(r, field, value, place);
	case BODY_BOOL:
		return take_bool(r, value, place);
	case BODY_TIME:
	case BODY_DAY:
	case BODY_ID:
	case BODY_METER:
		return take_number(r, field, value, place);
	case BODY_OBJECT:
		return take_object(r, field->object, value, place);
	case BODY_LIST:
		return take_list(r, field, value, place, to + field->count);
	}
	return refuse(r->refusal, PROBLEM_INTERNAL, field->name, "unknown type of field");
}

static const struct body_field *field_find(const struct body_object *object, const char *name)
{
	for (size_t i = 0; i < object->field_count; i++)
		if (strcmp(object->field[i].name, name) == 0)
			return &object->field[i];
	return NULL;
}

static bool take_member(struct reading *r, const struct body_field *field, const json_t *value,
                        char *to)
{
	struct path_mark mark = path_enter(r, field->name);

	if (!value && field->required)
		return wrong(r, "is missing");
	if (value) {
		if (field->has != BODY_NOWHERE)
			to[field->has] = true;
		if (!take_value(r, field, value, to))
			return false;
	}
	path_leave(r, mark);
	return true;
}

static bool take_object(struct reading *r, const struct body_object *object, const json_t *value,
                        char *to)
{
	void *iter;

	if (!json_is_object(value))
		return wrong(r, "must be a JSON object");
	/* The cast: jansson's iterator only reads. */
	for (iter = json_object_iter((json_t *)(uintptr_t)value); iter;
	     iter = json_object_iter_next((json_t *)(uintptr_t)value, iter)) {
		if (field_find(object, json_object_iter_key(iter)))
			continue;
		path_enter(r, json_object_iter_key(iter));
		return wrong(r, "unknown member");
	}
	for (size_t i = 0; i < object->field_count; i++) {
		const struct body_field *field = &object->field[i];

		if (!take_member(r, field, json_object_get(value, field->name), to))
			return false;
	}
	return true;
}

void *body_parse(const struct body_object *object, const char *json, size_t len,
                 const struct body_memory *memory, struct refusal *refusal)
{
	struct reading r = {.memory = memory, .refusal = refusal};
	json_error_t error;
	json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	char *to;

	if (!root) {
		refuse_syntax(json, len, &error, refusal);
		return NULL;
	}
	/* A decoded text and its end are never longer than its source with both quotes. */
	r.texts = memory->alloc(memory->arg, len + 1);
	to = memory->alloc(memory->arg, object->size + 1);
	if (!r.texts || !to) {
		refuse(refusal, PROBLEM_BUSY, NULL, "no memory");
		to = NULL;
	} else if (!take_object(&r, object, root, to)) {
		to = NULL;
	}
	json_decref(root);
	return to;
}

/* ---- query parameters ---- */

static bool bind_value(struct reading *r, const struct body_field *field, const char *text,
                       char *to);

/* "a,b,c"; an empty text is an empty list. */
static bool bind_list(struct reading *r, const struct body_field *field, const char *text, char *to,
                      char *count_to)
{
	size_t count = *text != '\0', len = strlen(text);
	char *copy = r->memory->alloc(r->memory->arg, len + 1), *items;

	for (const char *p = text; *p; p++)
		count += *p == ',';
	if (!check_count(r, field, count))
		return false;
	items = list_memory(r, field, count);
	if (!items || !copy)
		return refuse(r->refusal, PROBLEM_BUSY, NULL, "no memory");
	memcpy(copy, text, len + 1);
	for (size_t i = 0; i < count; i++) {
		char *end = copy + strcspn(copy, ",");
		bool last = !*end;

		*end = '\0';
		if (!bind_value(r, field->item, copy, items + i * field->item_size))
			return false;
		copy = last ? end : end + 1;
	}
	memcpy(to, &items, sizeof items);
	memcpy(count_to, &count, sizeof count);
	return true;
}

static bool bind_int(struct reading *r, const struct body_field *field, const char *text, char *to)
{
	bool negative = *text == '-';
	int64_t number;

	/* A number has one spelling: -0 is none. */
	if (!decimal_parse(text + negative, INT64_MAX, &number) || (negative && !number))
		return check_int(r, field, INT64_MIN) && wrong(r, "must be an integer");
	number = negative ? -number : number;
	memcpy(to, &number, sizeof number);
	return check_int(r, field, number);
}

static bool bind_bool(struct reading *r, const char *text, char *to)
{
	bool flag = *text == 't';

	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return wrong(r, "must be true or false");
	memcpy(to, &flag, sizeof flag);
	return true;
}

static bool bind_value(struct reading *r, const struct body_field *field, const char *text,
                       char *to)
{
	char *place = to + field->offset;
	int64_t number = 0;

	switch (field->type) {
	case BODY_TEXT:
		memcpy(place, &text, sizeof text);
		return check_text(r, field, text, strlen(text));
	case BODY_INT:
		return bind_int(r, field, text, place);
	case BODY_BOOL:
		return bind_bool(r, text, place);
	case BODY_TIME:
	case BODY_DAY:
	case BODY_ID:
	case BODY_METER:
		if (!read_number(r, field, text, &number))
			return false;
		memcpy(place, &number, sizeof number);
		return true;
	case BODY_LIST:
		return bind_list(r, field, text, place, to + field->count);
	case BODY_OBJECT:
		break;
	}
	return refuse(r->refusal, PROBLEM_INTERNAL, field->name, "unknown type of field");
}

static bool bind_all(struct reading *r, const struct body_object *object, const struct query *query,
                     char *to)
{
	for (size_t i = 0; i < query->count; i++)
		if (!field_find(object, query->item[i].name))
			return refuse(r->refusal, PROBLEM_BAD_FIELD, query->item[i].name,
			              "unknown parameter");
	for (size_t i = 0; i < object->field_count; i++) {
		const struct body_field *field = &object->field[i];
		const char *text = query_text(query, field->name);
		struct path_mark mark = path_enter(r, field->name);

		if (!text && field->required)
			return wrong(r, "is missing");
		if (text && field->has != BODY_NOWHERE)
			to[field->has] = true;
		if (text && !bind_value(r, field, text, to))
			return false;
		path_leave(r, mark);
	}
	return true;
}

void *query_bind(const struct body_object *object, const struct query *query,
                 const struct body_memory *memory, struct refusal *refusal)
{
	struct reading r = {.memory = memory, .refusal = refusal};
	char *to = memory->alloc(memory->arg, object->size + 1);

	if (!to)
		refuse(refusal, PROBLEM_BUSY, NULL, "no memory");
	return to && bind_all(&r, object, query, to) ? to : NULL;
}

/* ---- what it names ---- */

/* `from`: the struct that the field is a member of. What is not there is zero, and no name is. */
static void names_of(const struct body_field *field, const char *name, const char *from,
                     body_name_fn each, void *arg)
{
	const char *place = from + field->offset, *items;
	int64_t number;
	size_t count;

	switch (field->type) {
	case BODY_ID:
	case BODY_METER:
		memcpy(&number, place, sizeof number);
		if (number)
			each(arg, name, field->type, number);
		return;
	case BODY_OBJECT:
		body_names(field->object, place, each, arg);
		return;
	case BODY_LIST:
		memcpy(&items, place, sizeof items);
		memcpy(&count, from + field->count, sizeof count);
		for (size_t i = 0; i < count; i++)
			names_of(field->item, name, items + i * field->item_size, each, arg);
		return;
	case BODY_TEXT:
	case BODY_INT:
	case BODY_BOOL:
	case BODY_TIME:
	case BODY_DAY:
		return;
	}
}

void body_names(const struct body_object *object, const void *values, body_name_fn each, void *arg)
{
	for (size_t i = 0; i < object->field_count; i++)
		names_of(&object->field[i], object->field[i].name, values, each, arg);
}
