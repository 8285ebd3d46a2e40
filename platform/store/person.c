#include "platform/store/person.h"

#include <string.h>

static const char *const words[] = {
#define X(id, word, min, builtin) [RETENTION_##id] = word,
        RETENTION_KINDS(X)
#undef X
};

static size_t kind_of(const char *word)
{
	size_t i = 0;

	while (i < RETENTION_KIND_COUNT && strcmp(words[i], word) != 0)
		i++;
	return i;
}

/* ---- settings ---- */

enum err retention_get(struct db *db, int64_t property_id, struct retention_row *row)
{
	struct stmt *st =
	        db_query(db, "SELECT kind, days, version FROM retention WHERE property_id=?");

	memset(row, 0, sizeof *row);
	row->property_id = property_id;
	bind_i64(st, property_id);
	while (stmt_row(st)) {
		size_t kind = kind_of(col_text(st));
		int64_t days = col_i64(st), version = col_i64(st);

		/* Each change writes all rows, so all have the same version. */
		if (version > row->version)
			row->version = version;
		if (kind < RETENTION_KIND_COUNT && days >= 0) {
			row->set[kind] = true;
			row->days[kind] = days;
		}
	}
	return stmt_end(st);
}

/* days -1: not set, as the built-in says; the row keeps the version. */
enum err retention_put(struct db *db, struct retention_row *row)
{
	enum err err = ERR_NONE;

	row->version++;
	for (size_t i = 0; !err && i < RETENTION_KIND_COUNT; i++) {
		struct stmt *st =
		        db_query(db, "INSERT INTO retention(property_id, kind, days, version)"
		                     " VALUES(?,?,?,?) ON CONFLICT(property_id, kind) DO UPDATE"
		                     " SET days=excluded.days, version=excluded.version");

		bind_i64(st, row->property_id);
		bind_text(st, words[i]);
		bind_i64(st, row->set[i] ? row->days[i] : -1);
		bind_i64(st, row->version);
		err = stmt_run(st);
	}
	return err;
}

/* ---- what was removed ---- */

enum err retention_run_put(struct db *db, const struct retention_run *run)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < RETENTION_KIND_COUNT; i++) {
		struct stmt *st = db_query(
		        db,
		        "INSERT INTO retention_run(property_id, day, kind, removed, at_s)"
		        " VALUES(?,?,?,?,?) ON CONFLICT(property_id, day, kind) DO UPDATE"
		        " SET removed=retention_run.removed+excluded.removed, at_s=excluded.at_s");

		bind_i64(st, run->property_id);
		bind_i64(st, run->day);
		bind_text(st, words[i]);
		bind_i64(st, run->removed[i]);
		bind_i64(st, run->at_s);
		err = stmt_run(st);
	}
	return err;
}

enum err retention_runs(struct db *db, int64_t property_id, int64_t before_day,
                        bool (*each)(void *arg, const struct retention_run *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT day, kind, removed, at_s FROM retention_run"
	                               " WHERE property_id=? AND day<? ORDER BY day DESC, kind");
	struct retention_run run = {.property_id = property_id};
	bool room = true;

	bind_i64(st, property_id);
	bind_i64(st, before_day);
	while (room && stmt_row(st)) {
		int64_t day = col_i64(st);
		size_t kind = kind_of(col_text(st));

		if (run.day && day != run.day) {
			room = each(arg, &run);
			memset(run.removed, 0, sizeof run.removed);
		}
		run.day = day;
		if (kind < RETENTION_KIND_COUNT)
			run.removed[kind] = col_i64(st);
		else
			(void)col_i64(st);
		run.at_s = col_i64(st);
	}
	if (room && run.day)
		(void)each(arg, &run);
	return stmt_end(st);
}

/* ---- what is due ---- */

/* The end of the last lease, or the entry of a customer who never had one. */
#define DUE                                                                                        \
	"SELECT c.customer_id FROM customer c WHERE c.property_id=? AND c.erased_s=0"              \
	" AND coalesce((SELECT max(CASE WHEN l.cancelled_s<>0 THEN l.cancelled_s"                  \
	" ELSE l.until_s END) FROM lease l WHERE l.property_id=c.property_id"                      \
	" AND l.customer_id=c.customer_id), c.created_s)<? "

enum err person_due(struct db *db, int64_t property_id, enum retention_kind kind, int64_t before_s,
                    size_t limit, int64_t *customer_ids, size_t *count)
{
	struct stmt *st;

	*count = 0;
	if (kind == RETENTION_IDENTITY)
		st = db_query(db, DUE "AND c.identity_wrapped IS NOT NULL ORDER BY c.customer_id");
	else if (kind == RETENTION_PHONE)
		st = db_query(db, DUE "AND EXISTS(SELECT 1 FROM customer_phone p"
		                      " WHERE p.property_id=c.property_id"
		                      " AND p.customer_id=c.customer_id) ORDER BY c.customer_id");
	else
		st = db_query(db, DUE "ORDER BY c.customer_id");
	bind_i64(st, property_id);
	bind_i64(st, before_s);
	while (*count < limit && stmt_row(st))
		customer_ids[(*count)++] = col_i64(st);
	return stmt_end(st);
}

enum err person_remove(struct db *db, int64_t property_id, enum retention_kind kind,
                       int64_t before_s, int64_t limit, int64_t *removed)
{
	struct stmt *st;
	enum err err;

	if (kind == RETENTION_EVENT)
		st = db_query(db, "DELETE FROM event WHERE property_id=? AND event_id IN"
		                  " (SELECT event_id FROM event WHERE property_id=? AND stored_ms<?"
		                  " ORDER BY event_id LIMIT ?)");
	else
		st = db_query(db,
		              "DELETE FROM lease_reminder WHERE property_id=? AND reminder_id IN"
		              " (SELECT reminder_id FROM lease_reminder WHERE property_id=?"
		              " AND done_s<>0 AND done_s*1000<? ORDER BY reminder_id LIMIT ?)");
	bind_i64(st, property_id);
	bind_i64(st, property_id);
	bind_i64(st, before_s * 1000);
	bind_i64(st, limit);
	err = stmt_run(st);
	*removed = db_changes(db);
	return err;
}

/* ---- what a group tells ---- */

enum err privacy_get(struct db *db, int64_t group_id, const char *lang, struct privacy_row *row)
{
	struct stmt *st = db_query(db, "SELECT body, updated_s, version FROM privacy_text"
	                               " WHERE group_id=? AND lang=?");
	bool found;

	bind_i64(st, group_id);
	bind_text(st, lang);
	found = stmt_row(st);
	if (found) {
		row->group_id = group_id;
		col_text_to(st, row->text, PRIVACY_TEXT_SIZE);
		row->updated_s = col_i64(st);
		row->version = col_i64(st);
	}
	return stmt_end_one(st, found);
}

enum err privacy_put(struct db *db, const char *lang, struct privacy_row *row)
{
	struct stmt *st;

	if (row->version == 0)
		st = db_query(db,
		              "INSERT INTO privacy_text(body, updated_s, group_id, lang, version)"
		              " VALUES(?,?,?,?,1)");
	else
		st = db_query(db, "UPDATE privacy_text SET body=?, updated_s=?, version=version+1"
		                  " WHERE group_id=? AND lang=? AND version=?");
	bind_text(st, row->text);
	bind_i64(st, row->updated_s);
	bind_i64(st, row->group_id);
	bind_text(st, lang);
	if (row->version)
		bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}
