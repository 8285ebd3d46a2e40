/* The common subset of SQL as PostgreSQL wants it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/postgres.h"

#define ABSORB     " ON CONFLICT DO NOTHING"
#define NUMBER_MAX 5 /* of a parameter: "$1234" */

struct text {
	char *at;
	size_t used;
};

static void add(struct text *to, const char *bytes, size_t len)
{
	memcpy(to->at + to->used, bytes, len);
	to->used += len;
	to->at[to->used] = '\0';
}

/* Length of the quoted piece that begins here, quotes included; 0: none does. */
static size_t quoted(const char *sql)
{
	const char *end;

	if (*sql != '\'' && *sql != '"')
		return 0;
	end = strchr(sql + 1, *sql);
	return end ? (size_t)(end - sql) + 1 : strlen(sql);
}

static size_t word_length(const char *sql)
{
	size_t n = 0;

	while (isalnum((unsigned char)sql[n]) || sql[n] == '_')
		n++;
	return n;
}

static bool is_word(const char *sql, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(sql, word, len) == 0;
}

char *dialect_schema(const char *sql)
{
	static const char bytea[] = "BYTEA", by_bytes[] = "TEXT COLLATE \"C\"";
	/* An index of a migration that cannot be edited any more. */
	static const char reserved[] = "session_user", quoted_name[] = "\"session_user\"";
	/* How SQLite keeps a table that is read by its key alone; no other statement says it. */
	static const char without[] = "WITHOUT ROWID";
	/* each TEXT becomes 4 times as long */
	struct text to = {.at = malloc(strlen(sql) * 4 + 1)};

	if (!to.at)
		return NULL;
	*to.at = '\0';
	while (*sql) {
		size_t quote = quoted(sql), word = word_length(sql);
		size_t len = quote ? quote : word ? word : 1;

		if (strncmp(sql, without, sizeof without - 1) == 0)
			len = sizeof without - 1;
		else if (is_word(sql, word, "BLOB"))
			add(&to, bytea, sizeof bytea - 1);
		else if (is_word(sql, word, "TEXT"))
			add(&to, by_bytes, sizeof by_bytes - 1);
		else if (is_word(sql, word, reserved))
			add(&to, quoted_name, sizeof quoted_name - 1);
		else
			add(&to, sql, len);
		sql += len;
	}
	return to.at;
}

static bool is_plain_insert(const char *sql)
{
	return strncmp(sql, "INSERT INTO ", 12) == 0 && strstr(sql, " VALUES") &&
	       !strstr(sql, "ON CONFLICT");
}

/* "?" is the one after the greatest so far, "?2" the second, as on SQLite. Answers the length of its text. */
static size_t add_parameter(struct text *to, const char *sql, int *params)
{
	char number[12], *end;
	long named = isdigit((unsigned char)sql[1]) ? strtol(sql + 1, &end, 10) : 0;
	int parameter = named ? (int)named : *params + 1;

	if (parameter > *params)
		*params = parameter;
	add(to, number, (size_t)snprintf(number, sizeof number, "$%d", parameter));
	return named ? (size_t)(end - sql) : 1;
}

char *dialect_statement(const char *sql, int *params, bool *absorbs)
{
	const char *returning = strstr(sql, " RETURNING ");
	size_t marks = 0;
	struct text to;

	*params = 0;
	*absorbs = is_plain_insert(sql);
	for (const char *c = sql; *c; c++)
		marks += *c == '?';
	to = (struct text){.at = malloc(strlen(sql) + marks * NUMBER_MAX + sizeof ABSORB)};
	if (!to.at)
		return NULL;
	*to.at = '\0';
	while (*sql) {
		size_t quote = quoted(sql), word = word_length(sql);
		size_t len = quote ? quote : word ? word : 1;

		if (*absorbs && sql == returning)
			add(&to, ABSORB, sizeof ABSORB - 1);
		if (*sql == '?')
			len = add_parameter(&to, sql, params);
		else
			add(&to, sql, len);
		sql += len;
	}
	if (*absorbs && !returning)
		add(&to, ABSORB, sizeof ABSORB - 1);
	return to.at;
}
