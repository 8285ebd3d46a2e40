#include "platform/store/event.h"

#include "platform/store/info.h"

enum err event_insert(struct db *db, struct event_row *row)
{
	struct stmt *st;
	enum err err;

	err = sequence_next(db, "event", &row->event_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO event(property_id, event_id, source, gateway_id, meter,"
	                  " chip, kind, detail, value, boot, seq, at_s, stored_ms)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING");
	bind_i64(st, row->property_id);
	bind_i64(st, row->event_id);
	bind_text(st, row->source);
	bind_i64(st, row->gateway_id);
	bind_i64(st, row->meter);
	bind_text(st, row->chip);
	bind_i64(st, row->kind);
	bind_i64(st, row->detail);
	bind_i64(st, row->value);
	bind_i64(st, row->boot);
	bind_i64(st, (int64_t)row->seq);
	bind_i64(st, row->at_s);
	bind_i64(st, row->stored_ms);
	err = stmt_run(st);
	if (err)
		return err;
	return db_changes(db) ? ERR_NONE : ERR_DUP;
}

static void event_read(struct stmt *st, struct event_row *row)
{
	row->property_id = col_i64(st);
	row->event_id = col_i64(st);
	col_text_to(st, row->source, sizeof row->source);
	row->gateway_id = col_i64(st);
	row->meter = col_i64(st);
	col_text_to(st, row->chip, sizeof row->chip);
	row->kind = (uint32_t)col_i64(st);
	row->detail = (uint32_t)col_i64(st);
	row->value = col_i64(st);
	row->boot = (uint32_t)col_i64(st);
	row->seq = (uint64_t)col_i64(st);
	row->at_s = col_i64(st);
	row->stored_ms = col_i64(st);
}

#define EVENT_SELECT                                                                                \
	"SELECT property_id, event_id, source, gateway_id, meter, chip, kind, detail, value, boot," \
	" seq, at_s, stored_ms FROM event "

/* Two texts, so that each finds its index. */
static struct stmt *event_query(struct db *db, int64_t property_id, int64_t meter)
{
	struct stmt *st;

	if (meter == 0) {
		st = db_query(db, EVENT_SELECT "WHERE property_id=? AND event_id<?"
		                               " ORDER BY event_id DESC LIMIT ?");
		bind_i64(st, property_id);
		return st;
	}
	st = db_query(db, EVENT_SELECT "WHERE property_id=? AND meter=? AND event_id<?"
	                               " ORDER BY event_id DESC LIMIT ?");
	bind_i64(st, property_id);
	bind_i64(st, meter);
	return st;
}

static enum err event_each(struct stmt *st, int64_t before, int64_t limit,
                           void (*each)(void *arg, const struct event_row *), void *arg)
{
	struct event_row row;

	bind_i64(st, before ? before : INT64_MAX);
	bind_i64(st, limit);
	while (stmt_row(st)) {
		event_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err event_list(struct db *db, int64_t property_id, int64_t meter, int64_t before,
                    int64_t limit, void (*each)(void *arg, const struct event_row *), void *arg)
{
	return event_each(event_query(db, property_id, meter), before, limit, each, arg);
}

enum err event_list_gateway(struct db *db, int64_t property_id, int64_t gateway_id, int64_t before,
                            int64_t limit, void (*each)(void *arg, const struct event_row *),
                            void *arg)
{
	struct stmt *st = db_query(db, EVENT_SELECT
	                           "WHERE property_id=? AND gateway_id=? AND meter=0 AND event_id<?"
	                           " ORDER BY event_id DESC LIMIT ?");

	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	return event_each(st, before, limit, each, arg);
}

enum err conflict_insert(struct db *db, const struct conflict_row *row)
{
	struct stmt *st;
	int64_t conflict_id;
	enum err err;

	err = sequence_next(db, "conflict", &conflict_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO conflict(property_id, conflict_id, source, gateway_id,"
	                  " boot, seq, meter, at_s, stored_ms, body) VALUES(?,?,?,?,?,?,?,?,?,?)"
	                  " ON CONFLICT DO NOTHING");
	bind_i64(st, row->property_id);
	bind_i64(st, conflict_id);
	bind_text(st, row->source);
	bind_i64(st, row->gateway_id);
	bind_i64(st, (int64_t)row->boot);
	bind_i64(st, (int64_t)row->seq);
	bind_i64(st, row->meter);
	bind_i64(st, row->at_s);
	bind_i64(st, row->stored_ms);
	if (row->body)
		bind_blob(st, row->body, row->body_len);
	else
		bind_null(st);
	err = stmt_run(st);
	if (err)
		return err;
	return db_changes(db) ? ERR_NONE : ERR_DUP;
}
