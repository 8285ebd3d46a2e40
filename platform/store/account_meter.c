#include <string.h>

#include "platform/store/account.h"

/* ---- words ---- */

static const char *const services[] = {
        [SERVICE_ELECTRICITY] = "electricity",
        [SERVICE_WATER] = "water",
};

const char *service_word(enum service service)
{
	return services[service];
}

bool service_parse(const char *word, enum service *service)
{
	for (int i = SERVICE_ELECTRICITY; i <= SERVICE_WATER; i++)
		if (strcmp(services[i], word) == 0) {
			*service = (enum service)i;
			return true;
		}
	return false;
}

static const char *const credit_places[] = {
        [CREDIT_PLATFORM] = "platform",
        [CREDIT_METER] = "meter",
};

const char *credit_place_word(enum credit_place place)
{
	return credit_places[place];
}

bool credit_place_parse(const char *word, enum credit_place *place)
{
	for (int i = CREDIT_PLATFORM; i <= CREDIT_METER; i++)
		if (strcmp(credit_places[i], word) == 0) {
			*place = (enum credit_place)i;
			return true;
		}
	return false;
}

static const char *const sources[] = {
        [REGISTER_NONE] = "",
        [REGISTER_AUTO] = "auto",
        [REGISTER_TYPED] = "typed",
        [REGISTER_ESTIMATED] = "estimated",
};

const char *register_source_word(enum register_source source)
{
	return sources[source];
}

bool register_source_parse(const char *word, enum register_source *source)
{
	for (int i = REGISTER_NONE; i <= REGISTER_ESTIMATED; i++)
		if (strcmp(sources[i], word) == 0) {
			*source = (enum register_source)i;
			return true;
		}
	return false;
}

/* ---- uses ---- */

enum err account_meter_insert(struct db *db, const struct account_meter *use)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO account_meter(property_id, meter, from_s, until_s, account_id,"
	            " service, credit, open_units, open_source, close_units, close_source, photo)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, use->property_id);
	bind_i64(st, use->meter);
	bind_i64(st, use->from_s);
	bind_i64(st, use->until_s);
	bind_i64(st, use->account_id);
	bind_text(st, service_word(use->service));
	bind_text(st, credit_place_word(use->credit));
	bind_i64(st, use->open_units);
	bind_text(st, register_source_word(use->open_source));
	bind_i64(st, use->close_units);
	bind_text(st, register_source_word(use->close_source));
	bind_text(st, use->open_photo);
	return stmt_run(st);
}

enum err account_meter_end(struct db *db, const struct account_meter *use)
{
	struct stmt *st = db_query(
	        db, "UPDATE account_meter SET until_s=?, close_units=?, close_source=?,"
	            " close_photo=? WHERE property_id=? AND meter=? AND from_s=? AND until_s=?");

	bind_i64(st, use->until_s);
	bind_i64(st, use->close_units);
	bind_text(st, register_source_word(use->close_source));
	bind_text(st, use->close_photo);
	bind_i64(st, use->property_id);
	bind_i64(st, use->meter);
	bind_i64(st, use->from_s);
	bind_i64(st, ACCOUNT_OPEN_S);
	return stmt_run_one(st);
}

#define USE_SELECT                                                                                 \
	"SELECT property_id, meter, from_s, until_s, account_id, service, credit, open_units,"     \
	" open_source, close_units, close_source, photo, close_photo FROM account_meter "

/* A word that this program does not know was written by no program: ERR_DAMAGED. */
static enum err use_read(struct stmt *st, struct account_meter *use)
{
	bool known;

	use->property_id = col_i64(st);
	use->meter = col_i64(st);
	use->from_s = col_i64(st);
	use->until_s = col_i64(st);
	use->account_id = col_i64(st);
	known = service_parse(col_text(st), &use->service);
	known = credit_place_parse(col_text(st), &use->credit) && known;
	use->open_units = col_i64(st);
	known = register_source_parse(col_text(st), &use->open_source) && known;
	use->close_units = col_i64(st);
	known = register_source_parse(col_text(st), &use->close_source) && known;
	col_text_to(st, use->open_photo, sizeof use->open_photo);
	col_text_to(st, use->close_photo, sizeof use->close_photo);
	return known ? ERR_NONE : ERR_DAMAGED;
}

static enum err use_rows(struct stmt *st, bool (*each)(void *arg, const struct account_meter *),
                         void *arg)
{
	struct account_meter use;
	enum err err = ERR_NONE, end;

	while (!err && stmt_row(st)) {
		err = use_read(st, &use);
		if (!err && !each(arg, &use))
			break;
	}
	end = stmt_end(st);
	return err ? err : end;
}

static enum err use_one(struct stmt *st, struct account_meter *use)
{
	bool found = stmt_row(st);
	enum err err = found ? use_read(st, use) : ERR_NONE;
	enum err end = stmt_end_one(st, found);

	return end ? end : err;
}

enum err account_meter_at(struct db *db, int64_t property_id, int64_t meter, int64_t at_s,
                          struct account_meter *use)
{
	struct stmt *st = db_query(db, USE_SELECT "WHERE property_id=? AND meter=? AND from_s<=?"
	                                          " AND until_s>? ORDER BY from_s DESC LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, at_s);
	bind_i64(st, at_s);
	return use_one(st, use);
}

enum err account_meter_last(struct db *db, int64_t property_id, int64_t meter,
                            struct account_meter *use)
{
	struct stmt *st = db_query(db, USE_SELECT "WHERE property_id=? AND meter=?"
	                                          " ORDER BY from_s DESC LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	return use_one(st, use);
}

enum err account_meters(struct db *db, int64_t property_id, int64_t account_id, bool open_only,
                        bool (*each)(void *arg, const struct account_meter *), void *arg)
{
	/* +meter: else SQLite walks the meters of the whole property to save itself the sorting. */
	struct stmt *st =
	        db_query(db, USE_SELECT "WHERE property_id=? AND account_id=?"
	                                " AND (?=0 OR until_s=?) ORDER BY +meter, from_s");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, open_only);
	bind_i64(st, ACCOUNT_OPEN_S);
	return use_rows(st, each, arg);
}

enum err account_meter_walk(struct db *db, int64_t property_id, int64_t after,
                            bool (*each)(void *arg, const struct account_meter *), void *arg)
{
	/* The constant, not a parameter: the index is of these rows alone. */
	struct stmt *st = db_query(db, USE_SELECT "WHERE property_id=? AND meter>?"
	                                          " AND until_s=9223372036854775807"
	                                          " ORDER BY meter");

	_Static_assert(ACCOUNT_OPEN_S == 9223372036854775807, "the index's condition");
	bind_i64(st, property_id);
	bind_i64(st, after);
	return use_rows(st, each, arg);
}

enum err account_meter_in(struct db *db, int64_t property_id, int64_t space_id,
                          bool (*each)(void *arg, const struct account_meter *), void *arg)
{
	struct stmt *st =
	        db_query(db, USE_SELECT "WHERE property_id=? AND until_s=9223372036854775807"
	                                " AND meter IN (SELECT m.meter FROM meter m"
	                                " WHERE m.property_id=? AND m.space_id=?) ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_i64(st, space_id);
	return use_rows(st, each, arg);
}

/* ---- the meter tree ---- */

enum err meter_parent_put(struct db *db, const struct meter_parent *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO meter_parent(property_id, meter, from_s, parent, by_name)"
	            " VALUES(?,?,?,?,?) ON CONFLICT(property_id, meter, from_s) DO UPDATE SET"
	            " parent=excluded.parent, by_name=excluded.by_name");

	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->from_s);
	bind_i64(st, row->parent);
	bind_text(st, row->by_name);
	return stmt_run(st);
}

static void parent_read(struct stmt *st, struct meter_parent *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->from_s = col_i64(st);
	row->parent = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
}

#define PARENT_SELECT "SELECT property_id, meter, from_s, parent, by_name FROM meter_parent "

enum err meter_parent_at(struct db *db, int64_t property_id, int64_t meter, int64_t at_s,
                         struct meter_parent *row)
{
	struct stmt *st = db_query(db, PARENT_SELECT "WHERE property_id=? AND meter=?"
	                                             " AND from_s<=? ORDER BY from_s DESC LIMIT 1");
	enum err err;
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	bind_i64(st, at_s);
	found = stmt_row(st);
	if (found)
		parent_read(st, row);
	err = stmt_end_one(st, found);
	if (err == ERR_NOT_FOUND) {
		*row = (struct meter_parent){.property_id = property_id, .meter = meter};
		return ERR_NONE;
	}
	return err;
}

enum err meter_parent_list(struct db *db, int64_t property_id, int64_t meter,
                           bool (*each)(void *arg, const struct meter_parent *), void *arg)
{
	struct stmt *st = db_query(db, PARENT_SELECT "WHERE property_id=? AND meter=?"
	                                             " ORDER BY from_s");
	struct meter_parent row;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	while (stmt_row(st)) {
		parent_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err meter_children(struct db *db, int64_t property_id, int64_t parent,
                        bool (*each)(void *arg, int64_t meter), void *arg)
{
	struct stmt *st = db_query(db, "SELECT p.meter FROM meter_parent p WHERE p.property_id=?"
	                               " AND p.parent=? AND p.from_s=(SELECT max(n.from_s)"
	                               " FROM meter_parent n WHERE n.property_id=p.property_id"
	                               " AND n.meter=p.meter) ORDER BY p.meter");

	bind_i64(st, property_id);
	bind_i64(st, parent);
	while (stmt_row(st))
		if (!each(arg, col_i64(st)))
			break;
	return stmt_end(st);
}
