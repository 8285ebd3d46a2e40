#include "platform/store/terminal.h"

#include <string.h>

#define TERMINAL_SELECT                                                                            \
	"SELECT t.property_id, t.chip, t.key_wrapped, t.key_version, t.counter, t.gateway_id,"     \
	" t.address, t.firmware, t.boot, t.first_seen_s, t.last_seen_s, coalesce(m.meter, 0)"      \
	" FROM terminal t LEFT JOIN meter m ON m.property_id=t.property_id AND m.chip=t.chip "

static void terminal_read(struct stmt *st, struct terminal_row *row)
{
	row->property_id = col_i64(st);
	col_text_to(st, row->chip, sizeof row->chip);
	memset(row->key_wrapped, 0, sizeof row->key_wrapped);
	row->key_known = col_blob_to(st, row->key_wrapped, sizeof row->key_wrapped);
	row->key_version = (uint8_t)col_i64(st);
	row->counter = (uint32_t)col_i64(st);
	row->gateway_id = col_i64(st);
	row->address = (uint32_t)col_i64(st);
	row->firmware = (uint32_t)col_i64(st);
	row->boot = (uint32_t)col_i64(st);
	row->first_seen_s = col_i64(st);
	row->last_seen_s = col_i64(st);
	row->meter = col_i64(st);
}

static enum err terminal_one(struct stmt *st, struct terminal_row *row)
{
	bool found = stmt_row(st);

	if (found)
		terminal_read(st, row);
	return stmt_end_one(st, found);
}

enum err terminal_get(struct db *db, int64_t property_id, const char *chip,
                      struct terminal_row *row)
{
	struct stmt *st = db_query(db, TERMINAL_SELECT "WHERE t.property_id=? AND t.chip=?");

	bind_i64(st, property_id);
	bind_text(st, chip);
	return terminal_one(st, row);
}

enum err terminal_by_chip(struct db *db, const char *chip, struct terminal_row *row)
{
	struct stmt *st = db_query(db, TERMINAL_SELECT "WHERE t.chip=?");

	bind_text(st, chip);
	return terminal_one(st, row);
}

enum err terminal_put(struct db *db, const struct terminal_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO terminal(property_id, chip, key_wrapped, key_version, counter,"
	            " gateway_id, address, firmware, boot, first_seen_s, last_seen_s)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(property_id, chip) DO UPDATE SET"
	            " key_wrapped=excluded.key_wrapped, key_version=excluded.key_version,"
	            " counter=excluded.counter, gateway_id=excluded.gateway_id,"
	            " address=excluded.address, firmware=excluded.firmware, boot=excluded.boot,"
	            " first_seen_s=excluded.first_seen_s, last_seen_s=excluded.last_seen_s");

	bind_i64(st, row->property_id);
	bind_text(st, row->chip);
	if (row->key_known)
		bind_blob(st, row->key_wrapped, sizeof row->key_wrapped);
	else
		bind_null(st);
	bind_i64(st, row->key_version);
	bind_i64(st, row->counter);
	bind_i64(st, row->gateway_id);
	bind_i64(st, row->address);
	bind_i64(st, row->firmware);
	bind_i64(st, row->boot);
	bind_i64(st, row->first_seen_s);
	bind_i64(st, row->last_seen_s);
	return stmt_run(st);
}

enum err terminal_set_counter(struct db *db, int64_t property_id, const char *chip,
                              uint32_t counter)
{
	struct stmt *st =
	        db_query(db, "UPDATE terminal SET counter=? WHERE property_id=? AND chip=?");

	bind_i64(st, counter);
	bind_i64(st, property_id);
	bind_text(st, chip);
	return stmt_run(st);
}

static bool wanted(const struct terminal_row *row, enum terminal_filter filter)
{
	switch (filter) {
	case TERMINAL_ALL:
		return true;
	case TERMINAL_FOUND_UNASSIGNED:
		return row->meter == 0 && row->gateway_id != 0;
	case TERMINAL_ASSIGNED:
		return row->meter != 0;
	}
	return false;
}

enum err terminal_list(struct db *db, int64_t property_id, enum terminal_filter filter,
                       void (*each)(void *arg, const struct terminal_row *), void *arg)
{
	struct stmt *st =
	        db_query(db, TERMINAL_SELECT "WHERE t.property_id=? OR ?=0 ORDER BY t.chip");
	struct terminal_row row;

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	while (stmt_row(st)) {
		terminal_read(st, &row);
		if (wanted(&row, filter))
			each(arg, &row);
	}
	return stmt_end(st);
}

enum err terminal_page(struct db *db, enum terminal_filter filter, const struct list_ask *ask,
                       bool (*each)(void *arg, const struct terminal_row *), void *arg)
{
	struct stmt *st =
	        db_query(db, ask->descending ? TERMINAL_SELECT "WHERE t.chip<? ORDER BY t.chip DESC"
	                                     : TERMINAL_SELECT "WHERE t.chip>? ORDER BY t.chip");
	struct terminal_row row;

	bind_text(st, list_after_text(ask));
	while (stmt_row(st)) {
		terminal_read(st, &row);
		if (wanted(&row, filter) && !each(arg, &row))
			break;
	}
	return stmt_end(st);
}
