#include "platform/store/space.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
        [SPACE_BUILDING] = "building",
        [SPACE_FLOOR] = "floor",
        [SPACE_ROOM] = "room",
};

const char *space_kind_word(enum space_kind kind)
{
	return kind >= SPACE_BUILDING && kind <= SPACE_ROOM ? kinds[kind] : NULL;
}

bool space_kind_parse(const char *word, enum space_kind *kind)
{
	for (unsigned i = SPACE_BUILDING; i <= SPACE_ROOM; i++)
		if (strcmp(kinds[i], word) == 0) {
			*kind = (enum space_kind)i;
			return true;
		}
	return false;
}

enum err space_insert(struct db *db, const struct space_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO space(property_id, space_id, parent_id, kind, building_id,"
	            " floor_id, code, name, area_dm2, sort, created_s, version)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,1)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->space_id);
	bind_i64(st, row->parent_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->building_id);
	bind_i64(st, row->floor_id);
	bind_text(st, row->code);
	bind_text(st, row->name);
	bind_i64(st, row->area_dm2);
	bind_i64(st, row->sort);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

#define SPACE_SELECT                                                                               \
	"SELECT property_id, space_id, parent_id, kind, building_id, floor_id, code, name,"        \
	" area_dm2, sort, created_s, version FROM space "

static void space_read(struct stmt *st, struct space_row *row)
{
	row->property_id = col_i64(st);
	row->space_id = col_i64(st);
	row->parent_id = col_i64(st);
	row->kind = (enum space_kind)col_i64(st);
	row->building_id = col_i64(st);
	row->floor_id = col_i64(st);
	col_text_to(st, row->code, sizeof row->code);
	col_text_to(st, row->name, sizeof row->name);
	row->area_dm2 = col_i64(st);
	row->sort = col_i64(st);
	row->created_s = col_i64(st);
	row->version = col_i64(st);
}

static enum err space_one(struct stmt *st, struct space_row *row)
{
	bool found = stmt_row(st);

	if (found)
		space_read(st, row);
	return stmt_end_one(st, found);
}

enum err space_get(struct db *db, int64_t property_id, int64_t space_id, struct space_row *row)
{
	struct stmt *st = db_query(db, SPACE_SELECT "WHERE property_id=? AND space_id=?");

	bind_i64(st, property_id);
	bind_i64(st, space_id);
	return space_one(st, row);
}

enum err space_by_code(struct db *db, int64_t property_id, int64_t parent_id, const char *code,
                       struct space_row *row)
{
	struct stmt *st =
	        db_query(db, SPACE_SELECT "WHERE property_id=? AND parent_id=? AND code=?");

	bind_i64(st, property_id);
	bind_i64(st, parent_id);
	bind_text(st, code);
	return space_one(st, row);
}

enum err space_update(struct db *db, struct space_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE space SET parent_id=?, building_id=?, floor_id=?, code=?, name=?,"
	            " area_dm2=?, sort=?, version=version+1"
	            " WHERE property_id=? AND space_id=? AND version=?");

	bind_i64(st, row->parent_id);
	bind_i64(st, row->building_id);
	bind_i64(st, row->floor_id);
	bind_text(st, row->code);
	bind_text(st, row->name);
	bind_i64(st, row->area_dm2);
	bind_i64(st, row->sort);
	bind_i64(st, row->property_id);
	bind_i64(st, row->space_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err space_lift(struct db *db, int64_t property_id, int64_t floor_id, int64_t building_id)
{
	struct stmt *st = db_query(db, "UPDATE space SET building_id=?, version=version+1"
	                               " WHERE property_id=? AND floor_id=? AND space_id<>?");

	bind_i64(st, building_id);
	bind_i64(st, property_id);
	bind_i64(st, floor_id);
	bind_i64(st, floor_id);
	return stmt_run(st);
}

enum err space_delete(struct db *db, int64_t property_id, int64_t space_id)
{
	struct stmt *st = db_query(db, "DELETE FROM space WHERE property_id=? AND space_id=?");

	bind_i64(st, property_id);
	bind_i64(st, space_id);
	return stmt_run_one(st);
}

enum err space_uses(struct db *db, int64_t property_id, int64_t space_id, int64_t *uses)
{
	struct stmt *st = db_query(
	        db, "SELECT (SELECT count(*) FROM space WHERE property_id=? AND parent_id=?)"
	            " + (SELECT count(*) FROM meter_place WHERE property_id=? AND space_id=?)"
	            " + (SELECT count(*) FROM lease_space WHERE property_id=? AND space_id=?)");
	bool found;

	for (int i = 0; i < 3; i++) {
		bind_i64(st, property_id);
		bind_i64(st, space_id);
	}
	found = stmt_row(st);
	*uses = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err space_path(struct db *db, const struct space_row *row, char path[SPACE_PATH_SIZE])
{
	struct space_row up[2];
	size_t depth = 0;
	int64_t parent_id = row->parent_id;
	enum err err = ERR_NONE;
	int len = 0;

	for (; !err && parent_id && depth < 2; parent_id = up[depth++].parent_id)
		err = space_get(db, row->property_id, parent_id, &up[depth]);
	if (err)
		return err;
	while (depth--)
		len += snprintf(path + len, SPACE_PATH_SIZE - (size_t)len, "%s/", up[depth].code);
	len += snprintf(path + len, SPACE_PATH_SIZE - (size_t)len, "%s", row->code);
	return len < SPACE_PATH_SIZE ? ERR_NONE : ERR_TOO_LONG;
}

/* ---- lists ---- */

#define SPACE_FILTER                                                                               \
	"WHERE property_id=? AND (?=-1 OR parent_id=?) AND (?=0 OR kind=?)"                        \
	" AND (?=0 OR space_id=? OR building_id=? OR floor_id=?)"                                  \
	" AND (?='' OR lower(code) LIKE ? ESCAPE '\\' OR lower(name) LIKE ? ESCAPE '\\') "
#define SPACE_UP(key)                                                                              \
	SPACE_SELECT SPACE_FILTER "AND (" key ", space_id)>(?,?) ORDER BY " key ", space_id"
#define SPACE_DOWN(key)                                                                            \
	SPACE_SELECT SPACE_FILTER "AND (" key ", space_id)<(?,?) ORDER BY " key                    \
	                          " DESC, space_id DESC"

static const char *const orders[][2] = {
        [SPACE_BY_SORT] = {SPACE_UP("sort"),     SPACE_DOWN("sort")    },
        [SPACE_BY_CODE] = {SPACE_UP("code"),     SPACE_DOWN("code")    },
        [SPACE_BY_NAME] = {SPACE_UP("name"),     SPACE_DOWN("name")    },
        [SPACE_BY_NUMBER] = {SPACE_UP("space_id"), SPACE_DOWN("space_id")},
};

enum err space_list(struct db *db, int64_t property_id, const struct space_filter *filter,
                    bool (*each)(void *arg, const struct space_row *), void *arg)
{
	const struct list_ask *ask = &filter->ask;
	struct stmt *st = db_query(db, orders[ask->sort][ask->descending]);
	char pattern[LIST_LIKE_SIZE];
	struct space_row row;

	list_like(pattern, ask->search);
	bind_i64(st, property_id);
	bind_i64(st, filter->parent_id);
	bind_i64(st, filter->parent_id);
	bind_i64(st, filter->kind);
	bind_i64(st, filter->kind);
	for (int i = 0; i < 4; i++)
		bind_i64(st, filter->below_id);
	bind_text(st, ask->search);
	bind_text(st, pattern);
	bind_text(st, pattern);
	if (ask->sort == SPACE_BY_SORT)
		bind_i64(st, list_after_number(ask));
	else if (ask->sort == SPACE_BY_NUMBER)
		bind_i64(st, list_after_id(ask));
	else
		bind_text(st, list_after_text(ask));
	bind_i64(st, list_after_id(ask));
	while (stmt_row(st)) {
		space_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}
