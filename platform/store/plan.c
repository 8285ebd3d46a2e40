#include "platform/store/plan.h"

/* ---- alarm plans ---- */

#define COLUMN(id, name, min, max, builtin) ", " #name
#define PLAN_SELECT                                                                                \
	"SELECT property_id, group_id, code, version, name" PLAN_VALUES(COLUMN) " FROM alarm_plan "

static void plan_read(struct stmt *st, struct plan_row *row)
{
	row->property_id = col_i64(st);
	row->group_id = col_i64(st);
	col_text_to(st, row->code, sizeof row->code);
	row->version = col_i64(st);
	row->has_name = !col_is_null(st);
	col_text_to(st, row->name, sizeof row->name);
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++) {
		row->set[i] = !col_is_null(st);
		row->value[i] = col_i64(st);
	}
}

enum err plan_get(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                  struct plan_row *row)
{
	struct stmt *st = db_query(db, PLAN_SELECT "WHERE property_id=? AND group_id=? AND code=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, group_id);
	bind_text(st, code);
	found = stmt_row(st);
	if (found)
		plan_read(st, row);
	return stmt_end_one(st, found);
}

static void bind_values(struct stmt *st, const struct plan_row *row)
{
	bind_text(st, row->has_name ? row->name : NULL);
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++) {
		if (row->set[i])
			bind_i64(st, row->value[i]);
		else
			bind_null(st);
	}
}

static void bind_plan_key(struct stmt *st, const struct plan_row *row)
{
	bind_i64(st, row->property_id);
	bind_i64(st, row->group_id);
	bind_text(st, row->code);
}

#define MARK(id, name, min, max, builtin) ",?"
#define SET(id, name, min, max, builtin)  ", " #name "=?"

enum err plan_put(struct db *db, struct plan_row *row)
{
	struct stmt *st;

	if (row->version == 0) {
		st = db_query(db, "INSERT INTO alarm_plan(name" PLAN_VALUES(
		                          COLUMN) ", property_id, group_id, code, version)"
		                                  " VALUES(?" PLAN_VALUES(MARK) ",?,?,?,1)");
		bind_values(st, row);
		bind_plan_key(st, row);
		row->version = 1;
		return stmt_run(st);
	}
	st = db_query(db,
	              "UPDATE alarm_plan SET name=?" PLAN_VALUES(
	                      SET) ", version=version+1"
	                           " WHERE property_id=? AND group_id=? AND code=? AND version=?");
	bind_values(st, row);
	bind_plan_key(st, row);
	bind_i64(st, row->version++);
	return stmt_run_one(st);
}

enum err plan_delete(struct db *db, const struct plan_row *row)
{
	struct stmt *st = db_query(db, "DELETE FROM alarm_plan WHERE property_id=? AND group_id=?"
	                               " AND code=? AND version=?");

	bind_plan_key(st, row);
	bind_i64(st, row->version);
	return stmt_run_one(st);
}

enum err plan_codes(struct db *db, int64_t property_id, int64_t group_id,
                    void (*each)(void *arg, const char *code), void *arg)
{
	struct stmt *st = db_query(db, "SELECT DISTINCT code FROM alarm_plan WHERE group_id=?"
	                               " AND property_id IN (0,?) ORDER BY code");

	bind_i64(st, group_id);
	bind_i64(st, property_id);
	while (stmt_row(st))
		each(arg, col_text(st));
	return stmt_end(st);
}

enum err plan_below(struct db *db, int64_t group_id, const char *code,
                    void (*each)(void *arg, const struct plan_row *), void *arg)
{
	struct stmt *st = db_query(db, PLAN_SELECT "WHERE group_id=? AND property_id<>0 AND code=?"
	                                           " ORDER BY property_id");
	struct plan_row row;

	bind_i64(st, group_id);
	bind_text(st, code);
	while (stmt_row(st)) {
		plan_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err plan_uses(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                   int64_t *uses)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM property WHERE group_id=?"
	                               " AND (?=0 OR property_id=?) AND plan_code=?");
	bool found;

	bind_i64(st, group_id);
	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_text(st, code);
	found = stmt_row(st);
	*uses = found ? col_i64(st) : 0;
	return stmt_end_one(st, found);
}

/* ---- message templates ---- */

static void bind_template_key(struct stmt *st, int64_t property_id, int64_t group_id,
                              const char *kind, const char *lang, const char *channel)
{
	bind_i64(st, property_id);
	bind_i64(st, group_id);
	bind_text(st, kind);
	bind_text(st, lang);
	bind_text(st, channel);
}

enum err template_get(struct db *db, int64_t property_id, int64_t group_id, const char *kind,
                      const char *lang, const char *channel, struct template_row *row)
{
	struct stmt *st = db_query(
	        db,
	        "SELECT property_id, group_id, kind, lang, channel, body, provider_id, version"
	        " FROM message_template WHERE property_id=? AND group_id=? AND kind=? AND lang=?"
	        " AND channel=?");
	bool found;

	bind_template_key(st, property_id, group_id, kind, lang, channel);
	found = stmt_row(st);
	if (found) {
		row->property_id = col_i64(st);
		row->group_id = col_i64(st);
		col_text_to(st, row->kind, sizeof row->kind);
		col_text_to(st, row->lang, sizeof row->lang);
		col_text_to(st, row->channel, sizeof row->channel);
		col_text_to(st, row->body, sizeof row->body);
		col_text_to(st, row->provider_id, sizeof row->provider_id);
		row->version = col_i64(st);
	}
	return stmt_end_one(st, found);
}

enum err template_put(struct db *db, struct template_row *row)
{
	struct stmt *st;

	if (row->version == 0)
		st = db_query(db, "INSERT INTO message_template(body, provider_id, property_id,"
		                  " group_id, kind, lang, channel, version)"
		                  " VALUES(?,?,?,?,?,?,?,1)");
	else
		st = db_query(db, "UPDATE message_template SET body=?, provider_id=?,"
		                  " version=version+1 WHERE property_id=? AND group_id=? AND kind=?"
		                  " AND lang=? AND channel=? AND version=?");
	bind_text(st, row->body);
	bind_text(st, row->provider_id);
	bind_template_key(st, row->property_id, row->group_id, row->kind, row->lang, row->channel);
	if (row->version)
		bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err template_delete(struct db *db, const struct template_row *row)
{
	struct stmt *st = db_query(db, "DELETE FROM message_template WHERE property_id=?"
	                               " AND group_id=? AND kind=? AND lang=? AND channel=?"
	                               " AND version=?");

	bind_template_key(st, row->property_id, row->group_id, row->kind, row->lang, row->channel);
	bind_i64(st, row->version);
	return stmt_run_one(st);
}
