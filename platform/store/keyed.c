#include "platform/store/keyed.h"

#define SOME 8 /* rows over those that are wanted */

static enum err read_part(struct db *db, const char *sql, const int64_t *fixed, size_t fixed_count,
                          const struct keyed *keyed, size_t limit, size_t *at, size_t *rows,
                          void (*each)(void *arg, struct stmt *st, size_t at), void *arg)
{
	struct stmt *st = db_query(db, sql);

	for (size_t i = 0; i < fixed_count; i++)
		bind_i64(st, fixed[i]);
	bind_i64(st, keyed->key[*at]);
	bind_i64(st, keyed->key[keyed->count - 1]);
	bind_i64(st, (int64_t)limit);
	for (*rows = 0; *at < keyed->count && stmt_row(st); ++*rows) {
		int64_t key = col_i64(st);

		while (*at < keyed->count && keyed->key[*at] < key)
			++*at;
		if (*at < keyed->count && keyed->key[*at] == key)
			each(arg, st, (*at)++);
	}
	return stmt_end(st);
}

/* Where the wanted are thin among the others, a query asks for little more than the next one. */
enum err keyed_read(struct db *db, const char *sql, const int64_t *fixed, size_t fixed_count,
                    struct keyed *keyed, void (*each)(void *arg, struct stmt *st, size_t at),
                    void *arg)
{
	size_t limit = keyed->count * 2 + SOME, seen = 0;
	enum err err = ERR_NONE;

	for (size_t at = 0; !err && at < keyed->count;) {
		size_t first = at, rows;

		err = read_part(db, sql, fixed, fixed_count, keyed, limit, &at, &rows, each, arg);
		seen += rows;
		if (rows < limit)
			break;
		limit = (at - first) * 4 >= rows ? (keyed->count - at) * 2 + SOME : SOME;
	}
	keyed->dense = seen <= keyed->count * 3 + SOME;
	return err;
}

enum err rare_read(struct db *db, const char *sql, int64_t property_id, int64_t from, int64_t to,
                   struct rare *rare)
{
	struct stmt *st = db_query(db, sql);

	rare->count = 0;
	bind_i64(st, property_id);
	bind_i64(st, from);
	bind_i64(st, to);
	bind_i64(st, RARE_MAX);
	while (rare->count < RARE_MAX && stmt_row(st))
		rare->key[rare->count++] = col_i64(st);
	rare->cut = rare->count == RARE_MAX;
	return stmt_end(st);
}

bool rare_may(const struct rare *rare, int64_t key)
{
	size_t low = 0, high = rare->count;

	if (rare->cut && key > rare->key[rare->count - 1])
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rare->key[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rare->count && rare->key[low] == key;
}
