#include "platform/store/message.h"

#include <string.h>

#include "platform/store/info.h"

static const char *const states[] = {
        [MESSAGE_QUEUED] = "queued", [MESSAGE_SENT] = "sent", [MESSAGE_FAILED] = "failed"};

const char *message_state_word(enum message_state state)
{
	return (size_t)state < ARRAY_SIZE(states) && states[state] ? states[state] : "";
}

bool message_state_parse(const char *word, enum message_state *state)
{
	for (size_t i = MESSAGE_QUEUED; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], word) == 0) {
			*state = (enum message_state)i;
			return true;
		}
	return false;
}

#define COLUMNS                                                                                    \
	"property_id, message_id, episode, kind, lang, channel, account_id, customer_id, phone,"   \
	" body, field_values, cause, state, created_ms, next_ms, sent_ms, tries, provider,"        \
	" provider_id, error, resend_of, by_name"

/* body and values stay the statement's. */
static void read_row(struct stmt *st, struct message_row *row)
{
	memset(row, 0, sizeof *row);
	row->property_id = col_i64(st);
	row->message_id = col_i64(st);
	col_text_to(st, row->episode, sizeof row->episode);
	col_text_to(st, row->kind, sizeof row->kind);
	col_text_to(st, row->lang, sizeof row->lang);
	col_text_to(st, row->channel, sizeof row->channel);
	row->account_id = col_i64(st);
	row->customer_id = col_i64(st);
	col_text_to(st, row->phone, sizeof row->phone);
	row->text = col_text(st);
	row->values = col_text(st);
	col_text_to(st, row->cause, sizeof row->cause);
	row->state = (enum message_state)col_i64(st);
	row->created_ms = col_i64(st);
	row->next_ms = col_i64(st);
	row->sent_ms = col_i64(st);
	row->tries = col_i64(st);
	col_text_to(st, row->provider, sizeof row->provider);
	col_text_to(st, row->provider_id, sizeof row->provider_id);
	col_text_to(st, row->error, sizeof row->error);
	row->resend_of = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
}

static enum err has_episode(struct db *db, const struct message_row *row)
{
	struct stmt *st = db_query(db, "SELECT 1 FROM message WHERE property_id=? AND episode=?");
	bool found;
	enum err err;

	bind_i64(st, row->property_id);
	bind_text(st, row->episode);
	found = stmt_row(st);
	err = stmt_end(st);
	return err ? err : found ? ERR_DUP : ERR_NONE;
}

enum err message_insert(struct db *db, struct message_row *row)
{
	enum err err = has_episode(db, row);
	struct stmt *st;

	if (!err)
		err = sequence_next(db, "message", &row->message_id);
	if (err)
		return err;
	st = db_query(db, "INSERT INTO message(" COLUMNS ")"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->message_id);
	bind_text(st, row->episode);
	bind_text(st, row->kind);
	bind_text(st, row->lang);
	bind_text(st, row->channel);
	bind_i64(st, row->account_id);
	bind_i64(st, row->customer_id);
	bind_text(st, row->phone);
	bind_text(st, row->text);
	bind_text(st, row->values);
	bind_text(st, row->cause);
	bind_i64(st, row->state);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->next_ms);
	bind_i64(st, row->sent_ms);
	bind_i64(st, row->tries);
	bind_text(st, row->provider);
	bind_text(st, row->provider_id);
	bind_text(st, row->error);
	bind_i64(st, row->resend_of);
	bind_text(st, row->by_name);
	return stmt_run(st);
}

enum err message_get(struct db *db, int64_t property_id, int64_t message_id,
                     void (*each)(void *arg, const struct message_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " COLUMNS
	                               " FROM message WHERE property_id=? AND message_id=?");
	struct message_row row;
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, message_id);
	found = stmt_row(st);
	if (found) {
		read_row(st, &row);
		each(arg, &row);
	}
	return stmt_end_one(st, found);
}

enum err message_update(struct db *db, const struct message_row *row)
{
	struct stmt *st = db_query(db, "UPDATE message SET state=?, sent_ms=?, next_ms=?, tries=?,"
	                               " provider=?, provider_id=?, error=?"
	                               " WHERE property_id=? AND message_id=?");

	bind_i64(st, row->state);
	bind_i64(st, row->sent_ms);
	bind_i64(st, row->next_ms);
	bind_i64(st, row->tries);
	bind_text(st, row->provider);
	bind_text(st, row->provider_id);
	bind_text(st, row->error);
	bind_i64(st, row->property_id);
	bind_i64(st, row->message_id);
	return stmt_run(st);
}

enum err message_due(struct db *db, int64_t now_ms, size_t limit,
                     void (*each)(void *arg, const struct message_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " COLUMNS " FROM message WHERE state=1"
	                               " AND next_ms<=? ORDER BY next_ms, message_id LIMIT ?");
	struct message_row row;

	bind_i64(st, now_ms);
	bind_i64(st, (int64_t)limit);
	while (stmt_row(st)) {
		read_row(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err message_list(struct db *db, int64_t property_id, const struct message_filter *filter,
                      bool (*each)(void *arg, const struct message_row *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " COLUMNS " FROM message WHERE property_id=?"
	                               " AND message_id<? AND (?=0 OR state=?)"
	                               " AND (?='' OR kind=?) AND (?=0 OR account_id=?)"
	                               " AND (?=0 OR customer_id=?)"
	                               " ORDER BY message_id DESC");
	struct message_row row;

	bind_i64(st, property_id);
	bind_i64(st, filter->before ? filter->before : INT64_MAX);
	bind_i64(st, filter->state);
	bind_i64(st, filter->state);
	bind_text(st, filter->kind);
	bind_text(st, filter->kind);
	bind_i64(st, filter->account_id);
	bind_i64(st, filter->account_id);
	bind_i64(st, filter->customer_id);
	bind_i64(st, filter->customer_id);
	while (stmt_row(st)) {
		read_row(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err message_forget(struct db *db, int64_t property_id, int64_t customer_id)
{
	struct stmt *st = db_query(db, "UPDATE message SET phone='', body='', field_values='{}'"
	                               " WHERE property_id=? AND customer_id=?");

	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	return stmt_run(st);
}

enum err message_remove(struct db *db, int64_t property_id, int64_t before_s, int64_t limit,
                        int64_t *removed)
{
	struct stmt *st = db_query(
	        db, "DELETE FROM message WHERE property_id=? AND message_id IN (SELECT message_id"
	            " FROM message WHERE property_id=? AND created_ms<? ORDER BY created_ms"
	            " LIMIT ?)");
	enum err err;

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_i64(st, before_s * 1000);
	bind_i64(st, limit);
	err = stmt_run(st);
	*removed = err ? 0 : db_changes(db);
	return err;
}
