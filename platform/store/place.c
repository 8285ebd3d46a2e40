#include "platform/store/place.h"

#include <string.h>

bool slug_valid(const char *slug)
{
	size_t len = strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len < SLUG_SIZE && slug[len] == '\0' && strcmp(slug, "live") != 0;
}

enum err group_insert(struct db *db, const struct group_row *row)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO property_group(group_id, name, created_s) VALUES(?,?,?)");

	bind_i64(st, row->group_id);
	bind_text(st, row->name);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

#define GROUP_SELECT                                                                               \
	"SELECT group_id, name, calendar_id, created_s, archived_s, version FROM property_group "

static void group_read(struct stmt *st, struct group_row *row)
{
	row->group_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	row->calendar_id = col_i64(st);
	row->created_s = col_i64(st);
	row->archived_s = col_i64(st);
	row->version = col_i64(st);
}

enum err group_get(struct db *db, int64_t group_id, struct group_row *row)
{
	struct stmt *st = db_query(db, GROUP_SELECT "WHERE group_id=?");
	bool found;

	bind_i64(st, group_id);
	found = stmt_row(st);
	if (found)
		group_read(st, row);
	return stmt_end_one(st, found);
}

enum err group_list(struct db *db, void (*each)(void *arg, const struct group_row *), void *arg)
{
	struct stmt *st = db_query(db, GROUP_SELECT "ORDER BY group_id");
	struct group_row row;

	while (stmt_row(st)) {
		group_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err group_update(struct db *db, struct group_row *row)
{
	struct stmt *st = db_query(db, "UPDATE property_group SET name=?, calendar_id=?,"
	                               " archived_s=?, version=version+1"
	                               " WHERE group_id=? AND version=?");

	bind_text(st, row->name);
	bind_i64(st, row->calendar_id);
	bind_i64(st, row->archived_s);
	bind_i64(st, row->group_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err property_insert(struct db *db, const struct property_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO property(property_id, group_id, slug, name, created_s, address,"
	            " phone, utc_offset_min, calendar_id, plan_code, remind_days)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->group_id);
	bind_text(st, row->slug);
	bind_text(st, row->name);
	bind_i64(st, row->created_s);
	bind_text(st, row->address);
	bind_text(st, row->phone);
	bind_i64(st, row->utc_offset_min);
	bind_i64(st, row->calendar_id);
	bind_text(st, row->plan_code);
	bind_i64(st, row->remind_days);
	return stmt_run(st);
}

#define PROPERTY_SELECT                                                                            \
	"SELECT property_id, group_id, slug, name, address, phone, utc_offset_min, calendar_id,"   \
	" plan_code, remind_days, created_s, archived_s, version FROM property "

static void property_read(struct stmt *st, struct property_row *row)
{
	row->property_id = col_i64(st);
	row->group_id = col_i64(st);
	col_text_to(st, row->slug, sizeof row->slug);
	col_text_to(st, row->name, sizeof row->name);
	col_text_to(st, row->address, sizeof row->address);
	col_text_to(st, row->phone, sizeof row->phone);
	row->utc_offset_min = col_i64(st);
	row->calendar_id = col_i64(st);
	col_text_to(st, row->plan_code, sizeof row->plan_code);
	row->remind_days = col_i64(st);
	row->created_s = col_i64(st);
	row->archived_s = col_i64(st);
	row->version = col_i64(st);
}

enum err property_update(struct db *db, struct property_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE property SET name=?, address=?, phone=?, calendar_id=?, plan_code=?,"
	            " remind_days=?, archived_s=?, version=version+1"
	            " WHERE property_id=? AND version=?");

	bind_text(st, row->name);
	bind_text(st, row->address);
	bind_text(st, row->phone);
	bind_i64(st, row->calendar_id);
	bind_text(st, row->plan_code);
	bind_i64(st, row->remind_days);
	bind_i64(st, row->archived_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

static enum err property_one(struct stmt *st, struct property_row *row)
{
	bool found = stmt_row(st);

	if (found)
		property_read(st, row);
	return stmt_end_one(st, found);
}

enum err property_get(struct db *db, int64_t property_id, struct property_row *row)
{
	struct stmt *st = db_query(db, PROPERTY_SELECT "WHERE property_id=?");

	bind_i64(st, property_id);
	return property_one(st, row);
}

enum err property_by_slug(struct db *db, const char *slug, struct property_row *row)
{
	struct stmt *st = db_query(db, PROPERTY_SELECT "WHERE slug=?");

	bind_text(st, slug);
	return property_one(st, row);
}

enum err property_list(struct db *db, void (*each)(void *arg, const struct property_row *),
                       void *arg)
{
	struct stmt *st = db_query(db, PROPERTY_SELECT "ORDER BY property_id");
	struct property_row row;

	while (stmt_row(st)) {
		property_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

#define PROPERTY_FILTER                                                                            \
	"WHERE (?=0 OR group_id=?) AND (?=1 OR archived_s=0)"                                      \
	" AND (?='' OR lower(slug) LIKE ? ESCAPE '\\' OR lower(name) LIKE ? ESCAPE '\\') "
#define PROPERTY_UP(key)                                                                           \
	PROPERTY_SELECT PROPERTY_FILTER "AND (" key ", property_id)>(?,?) ORDER BY " key           \
	                                ", property_id"
#define PROPERTY_DOWN(key)                                                                         \
	PROPERTY_SELECT PROPERTY_FILTER "AND (" key ", property_id)<(?,?) ORDER BY " key           \
	                                " DESC, property_id DESC"

enum err property_page(struct db *db, const struct property_filter *filter,
                       bool (*each)(void *arg, const struct property_row *), void *arg)
{
	static const char *const orders[][2] = {
	        [PROPERTY_BY_SLUG] = {PROPERTY_UP("slug"), PROPERTY_DOWN("slug")},
	        [PROPERTY_BY_NAME] = {PROPERTY_UP("name"), PROPERTY_DOWN("name")},
	};
	const struct list_ask *ask = &filter->ask;
	struct stmt *st = db_query(db, orders[ask->sort][ask->descending]);
	char pattern[LIST_LIKE_SIZE];
	struct property_row row;

	list_like(pattern, ask->search);
	bind_i64(st, filter->group_id);
	bind_i64(st, filter->group_id);
	bind_i64(st, filter->archived);
	bind_text(st, ask->search);
	bind_text(st, pattern);
	bind_text(st, pattern);
	bind_text(st, list_after_text(ask));
	bind_i64(st, list_after_id(ask));
	while (stmt_row(st)) {
		property_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

#define GATEWAY_SELECT                                                                             \
	"SELECT property_id, gateway_id, name, label, created_s, revoked_s, config_version,"       \
	" config_seen, epoch_part, online, boot, state_at_ms, state FROM gateway "

static void gateway_read(struct stmt *st, struct gateway_row *row)
{
	row->property_id = col_i64(st);
	row->gateway_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	col_text_to(st, row->label, sizeof row->label);
	row->created_s = col_i64(st);
	row->revoked_s = col_i64(st);
	row->config_version = col_i64(st);
	row->config_seen = col_i64(st);
	row->epoch_part = (uint64_t)col_i64(st);
	row->online = col_i64(st) != 0;
	row->boot = (uint64_t)col_i64(st);
	row->state_at_ms = col_i64(st);
	col_text_to(st, row->state, sizeof row->state);
}

static enum err gateway_one(struct stmt *st, struct gateway_row *row)
{
	bool found = stmt_row(st);

	if (found)
		gateway_read(st, row);
	return stmt_end_one(st, found);
}

enum err gateway_get(struct db *db, int64_t property_id, int64_t gateway_id,
                     struct gateway_row *row)
{
	struct stmt *st = db_query(db, GATEWAY_SELECT "WHERE property_id=? AND gateway_id=?");

	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	return gateway_one(st, row);
}

enum err gateway_by_name(struct db *db, const char *name, struct gateway_row *row)
{
	struct stmt *st = db_query(db, GATEWAY_SELECT "WHERE name=?");

	bind_text(st, name);
	return gateway_one(st, row);
}

enum err gateway_insert(struct db *db, const struct gateway_row *row)
{
	struct gateway_row other;
	struct stmt *st;
	enum err err;

	/* The name is a certificate's CN, so it is unique beyond the property; a distributed
	 * table cannot say so by itself. */
	err = gateway_by_name(db, row->name, &other);
	if (err != ERR_NOT_FOUND)
		return err ? err : ERR_DUP;
	st = db_query(db, "INSERT INTO gateway(property_id, gateway_id, name, label, created_s,"
	                  " revoked_s, config_version, config_seen, online, state_at_ms, state)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->gateway_id);
	bind_text(st, row->name);
	bind_text(st, row->label);
	bind_i64(st, row->created_s);
	bind_i64(st, row->revoked_s);
	bind_i64(st, row->config_version);
	bind_i64(st, row->config_seen);
	bind_i64(st, row->online);
	bind_i64(st, row->state_at_ms);
	bind_text(st, row->state);
	return stmt_run(st);
}

static enum err gateway_each(struct stmt *st, void (*each)(void *arg, const struct gateway_row *),
                             void *arg)
{
	struct gateway_row row;

	while (stmt_row(st)) {
		gateway_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err gateway_list(struct db *db, void (*each)(void *arg, const struct gateway_row *), void *arg)
{
	return gateway_each(db_query(db, GATEWAY_SELECT "ORDER BY property_id, gateway_id"), each,
	                    arg);
}

enum err gateway_list_by_name(struct db *db, void (*each)(void *arg, const struct gateway_row *),
                              void *arg)
{
	return gateway_each(db_query(db, GATEWAY_SELECT "ORDER BY name"), each, arg);
}

enum err gateway_set_revoked(struct db *db, int64_t property_id, int64_t gateway_id,
                             int64_t revoked_s)
{
	struct stmt *st =
	        db_query(db, "UPDATE gateway SET revoked_s=? WHERE property_id=? AND gateway_id=?");

	bind_i64(st, revoked_s);
	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	return stmt_run(st);
}

enum err gateway_set_state(struct db *db, const struct gateway_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE gateway SET config_seen=?, online=?, boot=?, state_at_ms=?,"
	                     " state=? WHERE property_id=? AND gateway_id=?");

	bind_i64(st, row->config_seen);
	bind_i64(st, row->online);
	bind_i64(st, (int64_t)row->boot);
	bind_i64(st, row->state_at_ms);
	bind_text(st, row->state);
	bind_i64(st, row->property_id);
	bind_i64(st, row->gateway_id);
	return stmt_run(st);
}

enum err gateway_begin_anew(struct db *db, const struct gateway_row *row)
{
	struct stmt *st = db_query(db, "UPDATE gateway SET config_version=?, epoch_part=?"
	                               " WHERE property_id=? AND gateway_id=?");

	bind_i64(st, row->config_version);
	bind_i64(st, (int64_t)row->epoch_part);
	bind_i64(st, row->property_id);
	bind_i64(st, row->gateway_id);
	return stmt_run(st);
}

enum err gateway_config_bump(struct db *db, int64_t property_id, int64_t gateway_id)
{
	struct stmt *st = db_query(db, "UPDATE gateway SET config_version=config_version+1"
	                               " WHERE property_id=? AND gateway_id=?");

	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	return stmt_run(st);
}
