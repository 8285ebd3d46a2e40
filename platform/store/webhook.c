#include "platform/store/webhook.h"

#include "platform/store/info.h"

enum err webhook_insert(struct db *db, struct webhook_row *row)
{
	struct stmt *st;
	enum err err = sequence_next(db, "webhook", &row->webhook_id);

	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO webhook(property_id, webhook_id, name, url, kinds,"
	                  " secret_wrapped, enabled, made_by, made_by_key, created_s,"
	                  " version) VALUES(?,?,?,?,?,?,?,?,?,?,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->webhook_id);
	bind_text(st, row->name);
	bind_text(st, row->url);
	bind_i64(st, row->kinds);
	bind_blob(st, row->secret_wrapped, sizeof row->secret_wrapped);
	bind_i64(st, row->enabled);
	bind_i64(st, row->made_by);
	bind_i64(st, row->made_by_key);
	bind_i64(st, row->created_s);
	return stmt_run(st);
}

#define WEBHOOK_SELECT                                                                             \
	"SELECT property_id, webhook_id, name, url, kinds, secret_wrapped, enabled, made_by,"      \
	" made_by_key, created_s, version FROM webhook "

static void read_webhook(struct stmt *st, struct webhook_row *row)
{
	row->property_id = col_i64(st);
	row->webhook_id = col_i64(st);
	col_text_to(st, row->name, sizeof row->name);
	col_text_to(st, row->url, sizeof row->url);
	row->kinds = col_i64(st);
	if (!col_blob_to(st, row->secret_wrapped, sizeof row->secret_wrapped))
		row->secret_wrapped[0] = 0; /* damaged: it does not open, and that is told */
	row->enabled = col_i64(st);
	row->made_by = col_i64(st);
	row->made_by_key = col_i64(st);
	row->created_s = col_i64(st);
	row->version = col_i64(st);
}

enum err webhook_get(struct db *db, int64_t property_id, int64_t webhook_id,
                     struct webhook_row *row)
{
	struct stmt *st = db_query(db, WEBHOOK_SELECT "WHERE property_id=? AND webhook_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, webhook_id);
	found = stmt_row(st);
	if (found)
		read_webhook(st, row);
	return stmt_end_one(st, found);
}

enum err webhook_update(struct db *db, const struct webhook_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE webhook SET name=?, url=?, kinds=?, secret_wrapped=?,"
	                     " enabled=?, made_by=?, made_by_key=?, version=?"
	                     " WHERE property_id=? AND webhook_id=?");

	bind_text(st, row->name);
	bind_text(st, row->url);
	bind_i64(st, row->kinds);
	bind_blob(st, row->secret_wrapped, sizeof row->secret_wrapped);
	bind_i64(st, row->enabled);
	bind_i64(st, row->made_by);
	bind_i64(st, row->made_by_key);
	bind_i64(st, row->version);
	bind_i64(st, row->property_id);
	bind_i64(st, row->webhook_id);
	return stmt_run(st);
}

enum err webhook_delete(struct db *db, int64_t property_id, int64_t webhook_id)
{
	struct stmt *st = db_query(db, "DELETE FROM webhook_delivery WHERE property_id=?"
	                               " AND webhook_id=?");
	enum err err;

	bind_i64(st, property_id);
	bind_i64(st, webhook_id);
	err = stmt_run(st);
	if (err)
		return err;
	st = db_query(db, "DELETE FROM webhook WHERE property_id=? AND webhook_id=?");
	bind_i64(st, property_id);
	bind_i64(st, webhook_id);
	return stmt_run(st);
}

enum err webhook_list(struct db *db, int64_t property_id, int64_t after,
                      bool (*each)(void *arg, const struct webhook_row *), void *arg)
{
	struct stmt *st = db_query(db, WEBHOOK_SELECT "WHERE property_id=? AND webhook_id>?"
	                                              " ORDER BY webhook_id");
	struct webhook_row row;
	bool more = true;

	bind_i64(st, property_id);
	bind_i64(st, after);
	while (more && stmt_row(st)) {
		read_webhook(st, &row);
		more = each(arg, &row);
	}
	return stmt_end(st);
}

/* ---- deliveries ---- */

enum err delivery_insert(struct db *db, struct delivery_row *row)
{
	struct stmt *st;
	enum err err = sequence_next(db, "delivery", &row->delivery_id);

	if (err)
		return err;
	st = db_query(db,
	              "INSERT INTO webhook_delivery(property_id, delivery_id, webhook_id, kind,"
	              " created_ms, next_ms, done_ms, tries, state, status, error, replay_of, body)"
	              " VALUES(?,?,?,?,?,?,0,0,?,0,'',?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->delivery_id);
	bind_i64(st, row->webhook_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->next_ms);
	bind_i64(st, row->state);
	bind_i64(st, row->replay_of);
	bind_text(st, row->body);
	return stmt_run(st);
}

#define DELIVERY_SELECT                                                                            \
	"SELECT d.property_id, d.delivery_id, d.webhook_id, d.kind, d.created_ms, d.next_ms,"      \
	" d.done_ms, d.tries, d.state, d.status, d.error, d.replay_of, d.body"                     \
	" FROM webhook_delivery d "

static void read_delivery(struct stmt *st, struct delivery_row *row)
{
	row->property_id = col_i64(st);
	row->delivery_id = col_i64(st);
	row->webhook_id = col_i64(st);
	row->kind = col_i64(st);
	row->created_ms = col_i64(st);
	row->next_ms = col_i64(st);
	row->done_ms = col_i64(st);
	row->tries = col_i64(st);
	row->state = (enum delivery_state)col_i64(st);
	row->status = col_i64(st);
	col_text_to(st, row->error, sizeof row->error);
	row->replay_of = col_i64(st);
	row->body = col_text(st);
}

enum err delivery_get(struct db *db, int64_t property_id, int64_t delivery_id,
                      void (*each)(void *arg, const struct delivery_row *), void *arg)
{
	struct stmt *st = db_query(db, DELIVERY_SELECT "WHERE d.property_id=? AND d.delivery_id=?");
	struct delivery_row row;
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, delivery_id);
	found = stmt_row(st);
	if (found) {
		read_delivery(st, &row);
		each(arg, &row);
	}
	return stmt_end_one(st, found);
}

enum err delivery_update(struct db *db, const struct delivery_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE webhook_delivery SET next_ms=?, done_ms=?, tries=?, state=?,"
	                     " status=?, error=? WHERE property_id=? AND delivery_id=?");

	bind_i64(st, row->next_ms);
	bind_i64(st, row->done_ms);
	bind_i64(st, row->tries);
	bind_i64(st, row->state);
	bind_i64(st, row->status);
	bind_text(st, row->error);
	bind_i64(st, row->property_id);
	bind_i64(st, row->delivery_id);
	return stmt_run(st);
}

enum err delivery_due(struct db *db, int64_t now_ms, int64_t limit,
                      void (*each)(void *arg, const struct delivery_row *), void *arg)
{
	struct stmt *st = db_query(
	        db, DELIVERY_SELECT
	        "WHERE d.state=0 AND d.next_ms<=? AND NOT EXISTS(SELECT 1 FROM webhook_delivery e"
	        " WHERE e.property_id=d.property_id AND e.webhook_id=d.webhook_id AND e.state=0"
	        " AND e.delivery_id<d.delivery_id) ORDER BY d.next_ms LIMIT ?");
	struct delivery_row row;

	bind_i64(st, now_ms);
	bind_i64(st, limit);
	while (stmt_row(st)) {
		read_delivery(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err delivery_list(struct db *db, int64_t property_id, int64_t webhook_id, int64_t before,
                       bool (*each)(void *arg, const struct delivery_row *), void *arg)
{
	struct stmt *st = db_query(db, DELIVERY_SELECT
	                           "WHERE d.property_id=? AND d.webhook_id=? AND d.delivery_id<?"
	                           " ORDER BY d.delivery_id DESC");
	struct delivery_row row;
	bool more = true;

	bind_i64(st, property_id);
	bind_i64(st, webhook_id);
	bind_i64(st, before ? before : INT64_MAX);
	while (more && stmt_row(st)) {
		read_delivery(st, &row);
		more = each(arg, &row);
	}
	return stmt_end(st);
}

enum err delivery_prune(struct db *db, int64_t before_ms)
{
	struct stmt *st = db_query(db, "DELETE FROM webhook_delivery WHERE state<>0 AND done_ms<?");

	bind_i64(st, before_ms);
	return stmt_run(st);
}
