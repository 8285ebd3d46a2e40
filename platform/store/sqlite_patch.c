/* Many rows of one table: one UPDATE walks over them in the order of their keys and takes each value from the
 * caller's memory. A statement for each row costs four times as much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/sqlite.h"

/* Where the key stands; count: it is not among them. */
static size_t find(const struct patching *p, size_t near, int64_t key)
{
	size_t low = 0, high = p->count;

	for (size_t i = near; i < near + 2 && i < p->count; i++)
		if (p->keys[i] == key)
			return i;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->keys[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->count && p->keys[low] == key ? low : p->count;
}

/* wattle_patch(key): is it one of them? wattle_patch(key, i): the value of its i-th column. */
static void patch_value(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const struct db *db = sqlite3_user_data(context);
	struct patching *p = db->patching;
	const struct db_value *value;
	size_t at, column;

	if (!p) {
		sqlite3_result_error(context, "nothing is patched", -1);
		return;
	}
	at = find(p, p->at, sqlite3_value_int64(argv[0]));
	if (at < p->count)
		p->at = at;
	if (argc == 1) {
		sqlite3_result_int(context, at < p->count);
		return;
	}
	if (at == p->count) {
		sqlite3_result_null(context);
		return;
	}
	column = (size_t)sqlite3_value_int(argv[1]);
	value = &p->values[at * p->patch->width + column];
	if (p->patch->blobs >> column & 1)
		sqlite3_result_blob(context, value->blob, (int)value->number, SQLITE_STATIC);
	else
		sqlite3_result_int64(context, value->number);
}

enum err sqlite_patch_begin(struct db *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	int code = sqlite3_create_function(db->handle, "wattle_patch", 1, flags, db, patch_value,
	                                   NULL, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_create_function(db->handle, "wattle_patch", 2, flags, db,
		                               patch_value, NULL, NULL);
	return db_note(db, code, "patch");
}

char *sqlite_patch_text(const struct db_patch *patch)
{
	size_t size = 512 + patch->width * 96, used;
	char *sql = malloc(size);

	if (!sql)
		return NULL;
	used = (size_t)snprintf(sql, size, "UPDATE %s SET ", patch->table);
	for (size_t i = 0; i < patch->width; i++)
		used += (size_t)snprintf(sql + used, size - used, "%s%s=wattle_patch(%s,%zu)",
		                         i ? ", " : "", patch->columns[i], patch->key, i);
	snprintf(sql + used, size - used,
	         " WHERE property_id=?%s AND %s>=? AND %s<=? AND wattle_patch(%s)",
	         patch->where ? patch->where : "", patch->key, patch->key, patch->key);
	return sql;
}

static enum err run(struct stmt *st, struct patching *p, size_t first, size_t last)
{
	struct db *db = st->db;
	enum err err;

	bind_i64(st, p->property_id);
	bind_i64(st, p->keys[first]);
	bind_i64(st, p->keys[last]);
	p->at = first;
	db->patching = p;
	err = stmt_run(st);
	db->patching = NULL;
	return err ? err : db_changes(db) == (int64_t)(last - first + 1) ? ERR_NONE : ERR_CONFLICT;
}

enum err sqlite_patch(struct stmt *st, const struct patching *patching)
{
	struct patching p = *patching;
	enum err err;

	if (p.dense)
		return run(st, &p, 0, p.count - 1);
	err = run(st, &p, 0, 0);
	for (size_t i = 1; !err && i < p.count; i++)
		err = run(stmt_again(st), &p, i, i);
	return err;
}
