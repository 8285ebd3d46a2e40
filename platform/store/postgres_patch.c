/* Many rows of one table on PostgreSQL: their keys and values go as arrays in one statement. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/postgres.h"

#define NUMBER_MAX 24 /* an int64_t as text, and a comma */

static bool is_blob(const struct db_patch *patch, size_t column)
{
	return patch->blobs >> column & 1;
}

char *postgres_patch_text(const struct db_patch *patch)
{
	size_t size = 512 + patch->width * 128, used;
	char *sql = malloc(size);

	if (!sql)
		return NULL;
	used = (size_t)snprintf(sql, size, "UPDATE %s AS t SET ", patch->table);
	for (size_t i = 0; i < patch->width; i++)
		used += (size_t)snprintf(sql + used, size - used, "%s%s=v.c%zu", i ? ", " : "",
		                         patch->columns[i], i);
	used += (size_t)snprintf(sql + used, size - used, " FROM unnest(CAST(? AS BIGINT[])");
	for (size_t i = 0; i < patch->width; i++)
		used += (size_t)snprintf(sql + used, size - used, ", CAST(? AS %s[])",
		                         is_blob(patch, i) ? "BYTEA" : "BIGINT");
	used += (size_t)snprintf(sql + used, size - used, ") AS v(k");
	for (size_t i = 0; i < patch->width; i++)
		used += (size_t)snprintf(sql + used, size - used, ", c%zu", i);
	snprintf(sql + used, size - used, ") WHERE t.property_id=?%s AND t.%s=v.k",
	         patch->where ? patch->where : "", patch->key);
	return sql;
}

static char *add_number(char *end, char before, int64_t number)
{
	return end + snprintf(end, NUMBER_MAX, "%c%" PRId64, before, number);
}

/* "{1,2}" */
static char *array_of_keys(const struct patching *p)
{
	char *text = malloc(p->count * NUMBER_MAX + 3), *end = text;

	for (size_t i = 0; text && i < p->count; i++)
		end = add_number(end, i ? ',' : '{', p->keys[i]);
	if (text)
		memcpy(end, "}", 2);
	return text;
}

static size_t size_of(const struct patching *p, size_t column)
{
	size_t size = 3;

	for (size_t i = 0; i < p->count; i++)
		size += is_blob(p->patch, column)
		                ? (size_t)p->values[i * p->patch->width + column].number * 2 + 8
		                : NUMBER_MAX;
	return size;
}

static char *add_blob(char *end, const struct db_value *value)
{
	static const char digits[] = "0123456789abcdef";

	memcpy(end, "\"\\\\x", 4);
	end += 4;
	for (int64_t i = 0; i < value->number; i++) {
		*end++ = digits[value->blob[i] >> 4];
		*end++ = digits[value->blob[i] & 15];
	}
	*end++ = '"';
	return end;
}

/* "{1,2}", or of blobs {"\\x00ff"}. */
static char *array_of_column(const struct patching *p, size_t column)
{
	char *text = malloc(size_of(p, column)), *end = text;

	for (size_t i = 0; text && i < p->count; i++) {
		const struct db_value *value = &p->values[i * p->patch->width + column];

		if (is_blob(p->patch, column)) {
			*end++ = i ? ',' : '{';
			end = add_blob(end, value);
		} else {
			end = add_number(end, i ? ',' : '{', value->number);
		}
	}
	if (text)
		memcpy(end, "}", 2);
	return text;
}

enum err postgres_patch(struct stmt *st, const struct patching *p)
{
	char *arrays[PATCH_COLUMNS_MAX + 1] = {array_of_keys(p)};
	struct db *db = st->db;
	bool whole = arrays[0] != NULL;
	enum err err;

	for (size_t i = 0; i < p->patch->width; i++) {
		arrays[i + 1] = array_of_column(p, i);
		whole &= arrays[i + 1] != NULL;
	}
	for (size_t i = 0; i <= p->patch->width; i++)
		bind_text(st, arrays[i]);
	bind_i64(st, p->property_id);
	err = whole ? stmt_run(st) : stmt_end(st);
	for (size_t i = 0; i <= p->patch->width; i++)
		free(arrays[i]);
	if (err)
		return err;
	if (!whole)
		return ERR_NOMEM;
	return db_changes(db) == (int64_t)p->count ? ERR_NONE : ERR_CONFLICT;
}
