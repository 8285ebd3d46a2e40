#include "platform/store/lease.h"

#include <string.h>

/* ---- state ---- */

static const char *const states[] = {
        [LEASE_ANY] = "any",     [LEASE_PLANNED] = "planned",     [LEASE_RUNNING] = "running",
        [LEASE_ENDED] = "ended", [LEASE_CANCELLED] = "cancelled",
};

const char *lease_state_word(enum lease_state state)
{
	return states[state];
}

bool lease_state_parse(const char *word, enum lease_state *state)
{
	for (unsigned i = LEASE_PLANNED; i <= LEASE_CANCELLED; i++)
		if (strcmp(states[i], word) == 0) {
			*state = (enum lease_state)i;
			return true;
		}
	return false;
}

enum lease_state lease_state_at(const struct lease_row *row, int64_t now_s)
{
	if (row->cancelled_s)
		return LEASE_CANCELLED;
	if (now_s < row->from_s)
		return LEASE_PLANNED;
	return now_s < row->until_s ? LEASE_RUNNING : LEASE_ENDED;
}

/* ---- rows ---- */

static enum err space_add(struct db *db, const struct lease_row *row, int64_t space_id)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO lease_space(property_id, lease_id, space_id) VALUES(?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->lease_id);
	bind_i64(st, space_id);
	return stmt_run(st);
}

static enum err spaces_put(struct db *db, const struct lease_row *row)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM lease_space WHERE property_id=? AND lease_id=?");
	enum err err;

	bind_i64(st, row->property_id);
	bind_i64(st, row->lease_id);
	err = stmt_run(st);
	for (size_t i = 0; !err && i < row->space_count; i++)
		err = space_add(db, row, row->space[i]);
	return err;
}

static enum err spaces_read(struct db *db, struct lease_row *row)
{
	struct stmt *st = db_query(db, "SELECT space_id FROM lease_space WHERE property_id=?"
	                               " AND lease_id=? ORDER BY space_id");

	row->space_count = 0;
	bind_i64(st, row->property_id);
	bind_i64(st, row->lease_id);
	while (row->space_count < LEASE_SPACES_MAX && stmt_row(st))
		row->space[row->space_count++] = col_i64(st);
	return stmt_end(st);
}

enum err lease_insert(struct db *db, const struct lease_row *row)
{
	struct stmt *st = db_query(
	        db,
	        "INSERT INTO lease(property_id, lease_id, code, customer_id, start_day, end_day,"
	        " from_s, until_s, remind_days, note, created_s, cancelled_s, version)"
	        " VALUES(?,?,?,?,?,?,?,?,?,?,?,0,1)");
	enum err err;

	bind_i64(st, row->property_id);
	bind_i64(st, row->lease_id);
	bind_text(st, row->code);
	bind_i64(st, row->customer_id);
	bind_i64(st, row->start_day);
	bind_i64(st, row->end_day);
	bind_i64(st, row->from_s);
	bind_i64(st, row->until_s);
	bind_i64(st, row->remind_days);
	bind_text(st, row->note);
	bind_i64(st, row->created_s);
	err = stmt_run(st);
	return err ? err : spaces_put(db, row);
}

#define LEASE_SELECT                                                                               \
	"SELECT l.property_id, l.lease_id, l.code, l.customer_id, l.start_day, l.end_day,"         \
	" l.from_s, l.until_s, l.remind_days, l.note, l.created_s, l.cancelled_s, l.version"       \
	" FROM lease l "

static void lease_read(struct stmt *st, struct lease_row *row)
{
	row->property_id = col_i64(st);
	row->lease_id = col_i64(st);
	col_text_to(st, row->code, sizeof row->code);
	row->customer_id = col_i64(st);
	row->start_day = col_i64(st);
	row->end_day = col_i64(st);
	row->from_s = col_i64(st);
	row->until_s = col_i64(st);
	row->remind_days = col_i64(st);
	col_text_to(st, row->note, sizeof row->note);
	row->created_s = col_i64(st);
	row->cancelled_s = col_i64(st);
	row->version = col_i64(st);
	row->space_count = 0;
}

static enum err lease_one(struct db *db, struct stmt *st, struct lease_row *row)
{
	bool found = stmt_row(st);
	enum err err;

	if (found)
		lease_read(st, row);
	err = stmt_end_one(st, found);
	return err ? err : spaces_read(db, row);
}

enum err lease_get(struct db *db, int64_t property_id, int64_t lease_id, struct lease_row *row)
{
	struct stmt *st = db_query(db, LEASE_SELECT "WHERE l.property_id=? AND l.lease_id=?");

	bind_i64(st, property_id);
	bind_i64(st, lease_id);
	return lease_one(db, st, row);
}

enum err lease_by_code(struct db *db, int64_t property_id, const char *code, struct lease_row *row)
{
	struct stmt *st = db_query(db, LEASE_SELECT "WHERE l.property_id=? AND l.code=?");

	bind_i64(st, property_id);
	bind_text(st, code);
	return lease_one(db, st, row);
}

enum err lease_update(struct db *db, struct lease_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE lease SET code=?, start_day=?, end_day=?, from_s=?, until_s=?,"
	                     " remind_days=?, note=?, cancelled_s=?, version=version+1"
	                     " WHERE property_id=? AND lease_id=? AND version=?");
	enum err err;

	bind_text(st, row->code);
	bind_i64(st, row->start_day);
	bind_i64(st, row->end_day);
	bind_i64(st, row->from_s);
	bind_i64(st, row->until_s);
	bind_i64(st, row->remind_days);
	bind_text(st, row->note);
	bind_i64(st, row->cancelled_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->lease_id);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	row->version++;
	return err ? err : spaces_put(db, row);
}

/* A cancelled lease holds nothing: its until_s is its from_s. */
enum err lease_overlap(struct db *db, const struct space_row *space, int64_t from_s,
                       int64_t until_s, int64_t but_lease_id, int64_t *lease_id)
{
	/* From the building down, which CROSS JOIN tells SQLite: a property has more leases than a
	 * building has rooms. */
	struct stmt *st = db_query(
	        db,
	        "SELECT min(l.lease_id) FROM space s CROSS JOIN lease_space ls CROSS JOIN lease l"
	        " WHERE s.property_id=? AND s.building_id=?"
	        " AND ls.property_id=s.property_id AND ls.space_id=s.space_id"
	        " AND l.property_id=ls.property_id AND l.lease_id=ls.lease_id"
	        " AND l.lease_id<>? AND l.from_s<? AND l.until_s>? AND l.until_s>l.from_s"
	        " AND (s.space_id IN (?,?,?) OR s.building_id=? OR s.floor_id=?)");
	bool found;

	bind_i64(st, space->property_id);
	bind_i64(st, space->building_id);
	bind_i64(st, but_lease_id);
	bind_i64(st, until_s);
	bind_i64(st, from_s);
	bind_i64(st, space->space_id);
	bind_i64(st, space->floor_id);
	bind_i64(st, space->building_id);
	bind_i64(st, space->space_id);
	bind_i64(st, space->space_id);
	found = stmt_row(st) && !col_is_null(st);
	if (found)
		*lease_id = col_i64(st);
	return stmt_end_one(st, found);
}

enum err lease_count_of_spaces(struct db *db, int64_t property_id, const int64_t space_id[4],
                               int64_t *count)
{
	struct stmt *st = db_query(
	        db, "SELECT count(*) FROM lease_space ls"
	            " JOIN lease l ON l.property_id=ls.property_id AND l.lease_id=ls.lease_id"
	            " WHERE ls.property_id=? AND ls.space_id IN (?,?,?,?) AND l.cancelled_s=0");
	bool found;

	bind_i64(st, property_id);
	for (int i = 0; i < 4; i++)
		bind_i64(st, space_id[i]);
	found = stmt_row(st);
	*count = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

/* ---- lists ---- */

#define LEASE_FILTER                                                                               \
	"JOIN customer c ON c.property_id=l.property_id AND c.customer_id=l.customer_id"           \
	" WHERE l.property_id=? AND (?=0 OR l.customer_id=?)"                                      \
	" AND (?='' OR lower(l.code) LIKE ? ESCAPE '\\' OR lower(c.name) LIKE ? ESCAPE '\\')"      \
	" AND (?=0 OR (?=1 AND l.cancelled_s=0 AND l.from_s>?)"                                    \
	" OR (?=2 AND l.from_s<=? AND l.until_s>?)"                                                \
	" OR (?=3 AND l.cancelled_s=0 AND l.until_s<=?) OR (?=4 AND l.cancelled_s<>0))"            \
	" AND (?=0 OR EXISTS(SELECT 1 FROM lease_space ls JOIN space s"                            \
	" ON s.property_id=ls.property_id AND s.space_id=ls.space_id"                              \
	" WHERE ls.property_id=l.property_id AND ls.lease_id=l.lease_id"                           \
	" AND (s.space_id=? OR s.building_id=? OR s.floor_id=?))) "
#define LEASE_UP(key)                                                                              \
	LEASE_SELECT LEASE_FILTER "AND (" key ", l.lease_id)>(?,?) ORDER BY " key ", l.lease_id"
#define LEASE_DOWN(key)                                                                            \
	LEASE_SELECT LEASE_FILTER "AND (" key ", l.lease_id)<(?,?) ORDER BY " key                  \
	                          " DESC, l.lease_id DESC"

static const char *const orders[][2] = {
        [LEASE_BY_NUMBER] = {LEASE_UP("l.lease_id"), LEASE_DOWN("l.lease_id")},
        [LEASE_BY_CODE] = {LEASE_UP("l.code"),     LEASE_DOWN("l.code")    },
        [LEASE_BY_START] = {LEASE_UP("l.from_s"),   LEASE_DOWN("l.from_s")  },
        [LEASE_BY_END] = {LEASE_UP("l.until_s"),  LEASE_DOWN("l.until_s") },
};

_Static_assert(LEASE_PLANNED == 1 && LEASE_RUNNING == 2 && LEASE_ENDED == 3 && LEASE_CANCELLED == 4,
               "the filter's numbers");

static void bind_state(struct stmt *st, const struct lease_filter *filter)
{
	bind_i64(st, filter->state);
	bind_i64(st, filter->state);
	bind_i64(st, filter->now_s);
	bind_i64(st, filter->state);
	bind_i64(st, filter->now_s);
	bind_i64(st, filter->now_s);
	bind_i64(st, filter->state);
	bind_i64(st, filter->now_s);
	bind_i64(st, filter->state);
}

static void bind_key(struct stmt *st, const struct list_ask *ask)
{
	if (ask->sort == LEASE_BY_CODE)
		bind_text(st, list_after_text(ask));
	else if (ask->sort == LEASE_BY_NUMBER)
		bind_i64(st, list_after_id(ask));
	else
		bind_i64(st, list_after_number(ask));
	bind_i64(st, list_after_id(ask));
}

enum err lease_list(struct db *db, int64_t property_id, const struct lease_filter *filter,
                    bool (*each)(void *arg, const struct lease_row *), void *arg)
{
	const struct list_ask *ask = &filter->ask;
	struct stmt *st = db_query(db, orders[ask->sort][ask->descending]);
	char pattern[LIST_LIKE_SIZE];
	struct lease_row row;
	enum err err = ERR_NONE, end;

	list_like(pattern, ask->search);
	bind_i64(st, property_id);
	bind_i64(st, filter->customer_id);
	bind_i64(st, filter->customer_id);
	bind_text(st, ask->search);
	bind_text(st, pattern);
	bind_text(st, pattern);
	bind_state(st, filter);
	for (int i = 0; i < 4; i++)
		bind_i64(st, filter->space_id);
	bind_key(st, ask);
	while (!err && stmt_row(st)) {
		lease_read(st, &row);
		err = spaces_read(db, &row);
		if (!err && !each(arg, &row))
			break;
	}
	end = stmt_end(st);
	return err ? err : end;
}

enum err lease_count_running(struct db *db, int64_t property_id, int64_t now_s, int64_t *count)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM lease WHERE property_id=?"
	                               " AND from_s<=? AND until_s>?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, now_s);
	bind_i64(st, now_s);
	found = stmt_row(st);
	*count = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

enum err lease_forget_notes(struct db *db, int64_t property_id, int64_t customer_id)
{
	struct stmt *st = db_query(db, "UPDATE lease SET note='', version=version+1"
	                               " WHERE property_id=? AND customer_id=? AND note<>''");

	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	return stmt_run(st);
}

/* ---- what a customer holds ---- */

enum err lease_spaces_of(struct db *db, int64_t property_id, int64_t customer_id, int64_t now_s,
                         bool (*each)(void *arg, const struct space_row *), void *arg)
{
	struct stmt *st = db_query(
	        db,
	        "SELECT DISTINCT s.space_id, s.floor_id, s.building_id FROM lease l"
	        " JOIN lease_space ls ON ls.property_id=l.property_id AND ls.lease_id=l.lease_id"
	        " JOIN space s ON s.property_id=ls.property_id AND s.space_id=ls.space_id"
	        " WHERE l.property_id=? AND l.customer_id=? AND l.until_s>? ORDER BY s.space_id");
	struct space_row row = {.property_id = property_id};

	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	bind_i64(st, now_s);
	while (stmt_row(st)) {
		row.space_id = col_i64(st);
		row.floor_id = col_i64(st);
		row.building_id = col_i64(st);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err lease_meters(struct db *db, int64_t property_id, int64_t customer_id,
                      void (*each)(void *arg, const struct lease_meter *), void *arg)
{
	struct stmt *st = db_query(
	        db,
	        "SELECT l.lease_id, mp.meter, m.gateway_id, l.from_s, l.until_s, mp.from_s,"
	        " coalesce((SELECT min(n.from_s) FROM meter_place n"
	        " WHERE n.property_id=mp.property_id AND n.meter=mp.meter"
	        " AND n.from_s>mp.from_s), ?) FROM lease l"
	        " JOIN lease_space ls ON ls.property_id=l.property_id AND ls.lease_id=l.lease_id"
	        " JOIN space s ON s.property_id=ls.property_id AND (s.space_id=ls.space_id"
	        " OR s.building_id=ls.space_id OR s.floor_id=ls.space_id)"
	        " JOIN meter_place mp ON mp.property_id=s.property_id AND mp.space_id=s.space_id"
	        " JOIN meter m ON m.property_id=mp.property_id AND m.meter=mp.meter"
	        " WHERE l.property_id=? AND l.customer_id=? AND l.cancelled_s=0"
	        " ORDER BY mp.meter, l.from_s, mp.from_s");
	struct lease_meter row;

	bind_i64(st, LEASE_OPEN_S);
	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	while (stmt_row(st)) {
		row.lease_id = col_i64(st);
		row.meter = col_i64(st);
		row.gateway_id = col_i64(st);
		row.lease_from_s = col_i64(st);
		row.lease_until_s = col_i64(st);
		row.place_from_s = col_i64(st);
		row.place_until_s = col_i64(st);
		each(arg, &row);
	}
	return stmt_end(st);
}
