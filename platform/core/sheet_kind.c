#include "platform/core/sheet_kind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"

static const struct sheet_kind *const kinds[] = {
        &sheet_kind_spaces,    &sheet_kind_customers, &sheet_kind_leases,   &sheet_kind_meters,
        &sheet_kind_terminals, &sheet_kind_calendars, &sheet_kind_plans,    &sheet_kind_templates,
        &sheet_kind_users,     &sheet_kind_takeover,  &sheet_kind_accounts,
};

const struct sheet_kind *sheet_kind_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i]->word, word) == 0)
			return kinds[i];
	return NULL;
}

const struct sheet_kind *sheet_kind_at(size_t i)
{
	return i < ARRAY_SIZE(kinds) ? kinds[i] : NULL;
}

enum err sheet_wrong(struct sheet_run *run, int column, enum sheet_fault fault, const char *format,
                     ...)
{
	char detail[2 * SHEET_DETAIL_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	run->column = column;
	run->fault = fault;
	utf8_copy(run->detail, sizeof run->detail, detail);
	return ERR_BAD_INPUT;
}

enum err sheet_step_wrong(struct sheet_run *run, enum err err, int column, const char *why)
{
	switch ((int)err) {
	case ERR_DUP:
		return sheet_wrong(run, column, SHEET_FAULT_TAKEN, "%s", why);
	case ERR_NOT_FOUND:
	case ERR_HIDDEN:
		return sheet_wrong(run, column, SHEET_FAULT_UNKNOWN, "%s", why);
	case ERR_FORBIDDEN:
		return sheet_wrong(run, column, SHEET_FAULT_NOT_ALLOWED, "%s", why);
	case ERR_CONFLICT:
		return sheet_wrong(run, column, SHEET_FAULT_CHANGED, "%s", why);
	case ERR_BAD_INPUT:
	case ERR_RANGE:
	case ERR_REFUSED:
	case ERR_TOO_LONG:
	case ERR_AUTH:
	case ERR_FULL:
	case ERR_EXPIRED:
		return sheet_wrong(run, column, SHEET_FAULT_RULE, "%s", why);
	}
	return err;
}

enum err sheet_fault_wrong(struct sheet_run *run, enum err err, const struct fault *fault,
                           const struct sheet_field *fields)
{
	int column = -1;

	for (; fault->field && fields->field; fields++)
		if (strcmp(fields->field, fault->field) == 0)
			column = fields->column;
	return sheet_step_wrong(run, err, column, fault->why);
}

bool sheet_differs(const struct sheet_value *value, const char *now)
{
	return value->column_there &&
	       (value->len != strlen(now) || memcmp(value->text, now, value->len) != 0);
}

bool sheet_number_differs(const struct sheet_value *value, int64_t now)
{
	return value->column_there && (value->given ? value->number : 0) != now;
}

enum err sheet_space_find(struct sheet_run *run, int column, const char *path,
                          struct space_row *row)
{
	const char *at = path;
	int64_t parent_id = 0;

	for (int depth = 0; depth < SPACE_DEPTH && *at; depth++) {
		char code[SPACE_CODE_SIZE];
		size_t len = strcspn(at, "/");
		enum err err;

		if (!len || len >= sizeof code)
			break;
		memcpy(code, at, len);
		code[len] = '\0';
		err = space_by_code(run->tx->db, run->property->property_id, parent_id, code, row);
		if (err == ERR_NOT_FOUND)
			break;
		if (err)
			return err;
		at += len;
		if (!*at)
			return ERR_NONE;
		at++;
		parent_id = row->space_id;
	}
	return sheet_wrong(run, column, SHEET_FAULT_UNKNOWN, "%s", path);
}

bool sheet_page_put(struct sheet_page *page, const struct sheet_value *values, const char *key,
                    int64_t id)
{
	page->put(page->arg, values);
	page->ask.has_after = true;
	utf8_copy(page->ask.after_text, sizeof page->ask.after_text, key);
	page->ask.after_id = page->ask.after_number = id;
	return ++page->count < page->limit;
}

void sheet_text_to(char *to, size_t size, const struct sheet_value *value)
{
	snprintf(to, size, "%.*s", (int)value->len, value->text);
}

struct sheet_value sheet_value_text(const char *text)
{
	return (struct sheet_value){.given = text[0], .text = text, .len = strlen(text)};
}

struct sheet_value sheet_value_number(int64_t number)
{
	return (struct sheet_value){.given = true, .number = number, .text = ""};
}
