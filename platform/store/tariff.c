#include "platform/store/tariff.h"

/* ---- tariffs ---- */

#define TARIFF_SELECT                                                                              \
	"SELECT tariff_id, group_id, property_id, code, name, service, base_tariff_id,"            \
	" base_delta_uy, archived_s, created_s, version FROM tariff "

static void tariff_read(struct stmt *st, struct tariff_row *row)
{
	row->tariff_id = col_i64(st);
	row->group_id = col_i64(st);
	row->property_id = col_i64(st);
	col_text_to(st, row->code, sizeof row->code);
	col_text_to(st, row->name, sizeof row->name);
	if (!service_parse(col_text(st), &row->service))
		row->service = SERVICE_ELECTRICITY;
	row->base_tariff_id = col_i64(st);
	row->base_delta_uy = col_i64(st);
	row->archived_s = col_i64(st);
	row->created_s = col_i64(st);
	row->version = col_i64(st);
}

enum err tariff_insert(struct db *db, const struct tariff_row *row)
{
	struct stmt *st = db_query(db, "INSERT INTO tariff(tariff_id, group_id, property_id, code,"
	                               " name, service, base_tariff_id, base_delta_uy, archived_s,"
	                               " created_s, version) VALUES(?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->tariff_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->property_id);
	bind_text(st, row->code);
	bind_text(st, row->name);
	bind_text(st, service_word(row->service));
	bind_i64(st, row->base_tariff_id);
	bind_i64(st, row->base_delta_uy);
	bind_i64(st, row->archived_s);
	bind_i64(st, row->created_s);
	bind_i64(st, row->version);
	return stmt_run(st);
}

enum err tariff_get(struct db *db, int64_t tariff_id, struct tariff_row *row)
{
	struct stmt *st = db_query(db, TARIFF_SELECT "WHERE tariff_id=?");
	bool found;

	bind_i64(st, tariff_id);
	found = stmt_row(st);
	if (found)
		tariff_read(st, row);
	return stmt_end_one(st, found);
}

enum err tariff_update(struct db *db, struct tariff_row *row)
{
	struct stmt *st = db_query(db, "UPDATE tariff SET name=?, base_delta_uy=?, archived_s=?,"
	                               " version=version+1 WHERE tariff_id=? AND version=?");
	enum err err;

	bind_text(st, row->name);
	bind_i64(st, row->base_delta_uy);
	bind_i64(st, row->archived_s);
	bind_i64(st, row->tariff_id);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	if (!err)
		row->version++;
	return err;
}

static enum err each_tariff(struct stmt *st, bool (*each)(void *arg, const struct tariff_row *),
                            void *arg)
{
	struct tariff_row row;

	while (stmt_row(st)) {
		tariff_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err tariff_list(struct db *db, int64_t group_id, int64_t property_id,
                     bool (*each)(void *arg, const struct tariff_row *), void *arg)
{
	struct stmt *st = db_query(db, TARIFF_SELECT "WHERE group_id=? AND property_id IN (0,?)"
	                                             " ORDER BY code, property_id");

	bind_i64(st, group_id);
	bind_i64(st, property_id);
	return each_tariff(st, each, arg);
}

enum err tariff_derived(struct db *db, int64_t tariff_id,
                        bool (*each)(void *arg, const struct tariff_row *), void *arg)
{
	struct stmt *st = db_query(db, TARIFF_SELECT "WHERE base_tariff_id=? ORDER BY tariff_id");

	bind_i64(st, tariff_id);
	return each_tariff(st, each, arg);
}

/* ---- versions ---- */

const char *tariff_state_word(enum tariff_state state)
{
	static const char *const words[] = {[TARIFF_DRAFT] = "draft",
	                                    [TARIFF_PUBLISHED] = "published",
	                                    [TARIFF_WITHDRAWN] = "withdrawn"};

	return words[state];
}

#define VERSION_SELECT                                                                             \
	"SELECT version_id, tariff_id, valid_from_s, state, notice, base_version_id, created_s,"   \
	" published_s, by_name, version, body FROM tariff_version "

static void version_read(struct stmt *st, struct tariff_version_row *row)
{
	row->version_id = col_i64(st);
	row->tariff_id = col_i64(st);
	row->valid_from_s = col_i64(st);
	row->state = (enum tariff_state)col_i64(st);
	col_text_to(st, row->notice, sizeof row->notice);
	row->base_version_id = col_i64(st);
	row->created_s = col_i64(st);
	row->published_s = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	row->version = col_i64(st);
	row->body = col_text(st);
}

enum err tariff_version_insert(struct db *db, const struct tariff_version_row *row)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO tariff_version(version_id, tariff_id, valid_from_s,"
	                     " state, body, notice, base_version_id, created_s, published_s,"
	                     " by_name, version) VALUES(?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->version_id);
	bind_i64(st, row->tariff_id);
	bind_i64(st, row->valid_from_s);
	bind_i64(st, row->state);
	bind_text(st, row->body);
	bind_text(st, row->notice);
	bind_i64(st, row->base_version_id);
	bind_i64(st, row->created_s);
	bind_i64(st, row->published_s);
	bind_text(st, row->by_name);
	bind_i64(st, row->version);
	return stmt_run(st);
}

enum err tariff_version_get(struct db *db, int64_t version_id,
                            void (*each)(void *arg, const struct tariff_version_row *), void *arg)
{
	struct stmt *st = db_query(db, VERSION_SELECT "WHERE version_id=?");
	struct tariff_version_row row;
	bool found;

	bind_i64(st, version_id);
	found = stmt_row(st);
	if (found) {
		version_read(st, &row);
		each(arg, &row);
	}
	return stmt_end_one(st, found);
}

static enum err draft_update(struct db *db, const struct tariff_version_row *row)
{
	struct stmt *st = db_query(db, "UPDATE tariff_version SET valid_from_s=?, state=?, body=?,"
	                               " notice=?, published_s=?, by_name=?, version=version+1"
	                               " WHERE version_id=? AND version=? AND state=1");

	bind_i64(st, row->valid_from_s);
	bind_i64(st, row->state);
	bind_text(st, row->body);
	bind_text(st, row->notice);
	bind_i64(st, row->published_s);
	bind_text(st, row->by_name);
	bind_i64(st, row->version_id);
	bind_i64(st, row->version);
	return stmt_run_one(st);
}

/* One statement touches a published row: it is taken back, and nothing else of it changes. */
static enum err withdraw(struct db *db, const struct tariff_version_row *row)
{
	struct stmt *st = db_query(db, "UPDATE tariff_version SET state=3, by_name=?,"
	                               " version=version+1 WHERE version_id=? AND version=?");

	bind_text(st, row->by_name);
	bind_i64(st, row->version_id);
	bind_i64(st, row->version);
	return stmt_run_one(st);
}

enum err tariff_version_update(struct db *db, struct tariff_version_row *row)
{
	enum err err = row->state == TARIFF_WITHDRAWN ? withdraw(db, row) : draft_update(db, row);

	if (!err)
		row->version++;
	return err;
}

enum err tariff_versions(struct db *db, int64_t tariff_id, int state,
                         bool (*each)(void *arg, const struct tariff_version_row *), void *arg)
{
	struct stmt *st = db_query(db, VERSION_SELECT "WHERE tariff_id=? AND (?=0 OR state=?)"
	                                              " ORDER BY valid_from_s, version_id");
	struct tariff_version_row row;

	bind_i64(st, tariff_id);
	bind_i64(st, state);
	bind_i64(st, state);
	while (stmt_row(st)) {
		version_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

/* ---- what holds since when ---- */

enum err tariff_use_put(struct db *db, const struct tariff_use *use)
{
	struct stmt *st;

	if (use->meter)
		st = db_query(db,
		              "INSERT INTO meter_tariff(property_id, meter, from_s, tariff_id,"
		              " by_name) VALUES(?,?,?,?,?) ON CONFLICT(property_id, meter, from_s)"
		              " DO UPDATE SET tariff_id=excluded.tariff_id,"
		              " by_name=excluded.by_name");
	else
		st = db_query(db, "INSERT INTO property_tariff(property_id, service, from_s,"
		                  " tariff_id, by_name) VALUES(?,?,?,?,?)"
		                  " ON CONFLICT(property_id, service, from_s)"
		                  " DO UPDATE SET tariff_id=excluded.tariff_id,"
		                  " by_name=excluded.by_name");
	bind_i64(st, use->property_id);
	if (use->meter)
		bind_i64(st, use->meter);
	else
		bind_text(st, service_word(use->service));
	bind_i64(st, use->from_s);
	bind_i64(st, use->tariff_id);
	bind_text(st, use->by_name);
	return stmt_run(st);
}

enum err tariff_use_delete(struct db *db, const struct tariff_use *use)
{
	struct stmt *st;
	enum err err;

	if (use->meter)
		st = db_query(db, "DELETE FROM meter_tariff WHERE property_id=? AND meter=?"
		                  " AND from_s=?");
	else
		st = db_query(db, "DELETE FROM property_tariff WHERE property_id=? AND service=?"
		                  " AND from_s=?");
	bind_i64(st, use->property_id);
	if (use->meter)
		bind_i64(st, use->meter);
	else
		bind_text(st, service_word(use->service));
	bind_i64(st, use->from_s);
	err = stmt_run_one(st);
	return err == ERR_CONFLICT ? ERR_NOT_FOUND : err;
}

enum err tariff_uses(struct db *db, int64_t property_id, int64_t meter, enum service service,
                     bool (*each)(void *arg, const struct tariff_use *), void *arg)
{
	struct tariff_use use = {.property_id = property_id, .meter = meter, .service = service};
	struct stmt *st;

	if (meter)
		st = db_query(db, "SELECT from_s, tariff_id, by_name FROM meter_tariff"
		                  " WHERE property_id=? AND meter=? ORDER BY from_s");
	else
		st = db_query(db, "SELECT from_s, tariff_id, by_name FROM property_tariff"
		                  " WHERE property_id=? AND service=? ORDER BY from_s");
	bind_i64(st, property_id);
	if (meter)
		bind_i64(st, meter);
	else
		bind_text(st, service_word(service));
	while (stmt_row(st)) {
		use.from_s = col_i64(st);
		use.tariff_id = col_i64(st);
		col_text_to(st, use.by_name, sizeof use.by_name);
		if (!each(arg, &use))
			break;
	}
	return stmt_end(st);
}

enum err tariff_meters(struct db *db, int64_t property_id, int64_t tariff_id, int64_t now_s,
                       bool (*each)(void *arg, const struct tariff_use *), void *arg)
{
	struct tariff_use use = {.property_id = property_id, .tariff_id = tariff_id};
	struct stmt *st =
	        db_query(db, "SELECT meter, from_s, by_name FROM meter_tariff m"
	                     " WHERE property_id=? AND tariff_id=? AND NOT EXISTS(SELECT 1 FROM"
	                     " meter_tariff n WHERE n.property_id=m.property_id AND n.meter=m.meter"
	                     " AND n.from_s>m.from_s AND n.from_s<=?) ORDER BY from_s, meter");

	bind_i64(st, property_id);
	bind_i64(st, tariff_id);
	bind_i64(st, now_s);
	while (stmt_row(st)) {
		use.meter = col_i64(st);
		use.from_s = col_i64(st);
		col_text_to(st, use.by_name, sizeof use.by_name);
		if (!each(arg, &use))
			break;
	}
	return stmt_end(st);
}
