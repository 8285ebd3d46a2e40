#include "platform/core/sheet_kind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"

static const struct sheet_kind *const kinds[] = {
        &sheet_kind_terminals,
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
		return sheet_wrong(run, column, SHEET_FAULT_RULE, "%s", why);
	}
	return err;
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
