#include "platform/store/customer.h"

#include <string.h>

/* ---- phones ---- */

static enum err phone_insert(struct db *db, const struct customer_row *row,
                             const struct customer_phone *phone)
{
	struct stmt *st = db_query(db, "INSERT INTO customer_phone(property_id, customer_id,"
	                               " phone_id, phone, label, main) VALUES(?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->customer_id);
	bind_i64(st, phone->phone_id);
	bind_text(st, phone->phone);
	bind_text(st, phone->label);
	bind_i64(st, phone->main);
	return stmt_run(st);
}

static enum err phones_delete(struct db *db, const struct customer_row *row)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM customer_phone WHERE property_id=? AND customer_id=?");

	bind_i64(st, row->property_id);
	bind_i64(st, row->customer_id);
	return stmt_run(st);
}

static enum err phones_put(struct db *db, const struct customer_row *row)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < row->phone_count; i++)
		err = phone_insert(db, row, &row->phone[i]);
	return err;
}

static enum err phones_read(struct db *db, struct customer_row *row)
{
	struct stmt *st = db_query(db, "SELECT phone_id, phone, label, main FROM customer_phone"
	                               " WHERE property_id=? AND customer_id=? ORDER BY phone_id");

	row->phone_count = 0;
	bind_i64(st, row->property_id);
	bind_i64(st, row->customer_id);
	while (row->phone_count < CUSTOMER_PHONES_MAX && stmt_row(st)) {
		struct customer_phone *phone = &row->phone[row->phone_count++];

		phone->phone_id = col_i64(st);
		col_text_to(st, phone->phone, sizeof phone->phone);
		col_text_to(st, phone->label, sizeof phone->label);
		phone->main = col_i64(st) != 0;
	}
	return stmt_end(st);
}

/* ---- customers ---- */

static void bind_identity(struct stmt *st, const struct customer_row *row)
{
	if (row->has_identity)
		bind_blob(st, row->identity_wrapped, sizeof row->identity_wrapped);
	else
		bind_null(st);
}

enum err customer_insert(struct db *db, const struct customer_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO customer(property_id, customer_id, code, kind, name,"
	            " identity_wrapped, identity_masked, lang, note, created_s, archived_s,"
	            " erased_s, version) VALUES(?,?,?,?,?,?,?,?,?,?,0,0,1)");
	enum err err;

	bind_i64(st, row->property_id);
	bind_i64(st, row->customer_id);
	bind_text(st, row->code);
	bind_text(st, row->kind);
	bind_text(st, row->name);
	bind_identity(st, row);
	bind_text(st, row->identity_masked);
	bind_text(st, row->lang);
	bind_text(st, row->note);
	bind_i64(st, row->created_s);
	err = stmt_run(st);
	return err ? err : phones_put(db, row);
}

#define CUSTOMER_SELECT                                                                            \
	"SELECT property_id, customer_id, code, kind, name, identity_wrapped, identity_masked,"    \
	" lang, note, created_s, archived_s, erased_s, version FROM customer c "

static void customer_read(struct stmt *st, struct customer_row *row)
{
	row->property_id = col_i64(st);
	row->customer_id = col_i64(st);
	col_text_to(st, row->code, sizeof row->code);
	col_text_to(st, row->kind, sizeof row->kind);
	col_text_to(st, row->name, sizeof row->name);
	row->has_identity = col_blob_to(st, row->identity_wrapped, sizeof row->identity_wrapped);
	col_text_to(st, row->identity_masked, sizeof row->identity_masked);
	col_text_to(st, row->lang, sizeof row->lang);
	col_text_to(st, row->note, sizeof row->note);
	row->created_s = col_i64(st);
	row->archived_s = col_i64(st);
	row->erased_s = col_i64(st);
	row->version = col_i64(st);
	row->phone_count = 0;
}

static enum err customer_one(struct db *db, struct stmt *st, struct customer_row *row)
{
	bool found = stmt_row(st);
	enum err err;

	if (found)
		customer_read(st, row);
	err = stmt_end_one(st, found);
	return err ? err : phones_read(db, row);
}

enum err customer_get(struct db *db, int64_t property_id, int64_t customer_id,
                      struct customer_row *row)
{
	struct stmt *st = db_query(db, CUSTOMER_SELECT "WHERE property_id=? AND customer_id=?");

	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	return customer_one(db, st, row);
}

enum err customer_by_code(struct db *db, int64_t property_id, const char *code,
                          struct customer_row *row)
{
	struct stmt *st = db_query(db, CUSTOMER_SELECT "WHERE property_id=? AND code=?");

	bind_i64(st, property_id);
	bind_text(st, code);
	return customer_one(db, st, row);
}

enum err customer_update(struct db *db, struct customer_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE customer SET code=?, kind=?, name=?, identity_wrapped=?,"
	            " identity_masked=?, lang=?, note=?, archived_s=?, erased_s=?,"
	            " version=version+1 WHERE property_id=? AND customer_id=? AND version=?");
	enum err err;

	bind_text(st, row->code);
	bind_text(st, row->kind);
	bind_text(st, row->name);
	bind_identity(st, row);
	bind_text(st, row->identity_masked);
	bind_text(st, row->lang);
	bind_text(st, row->note);
	bind_i64(st, row->archived_s);
	bind_i64(st, row->erased_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->customer_id);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	row->version++;
	if (!err)
		err = phones_delete(db, row);
	return err ? err : phones_put(db, row);
}

/* ---- lists ---- */

/* What the search text may mean, then the other filters. A room's leases are those of the room and
 * of the nodes above it only when they are asked for; here the node asked for is above. */
#define CUSTOMER_FILTER                                                                            \
	"WHERE property_id=? AND (?='' OR lower(name) LIKE ? ESCAPE '\\'"                          \
	" OR lower(code) LIKE ? ESCAPE '\\' OR ((?<>'' OR ?<>'') AND EXISTS(SELECT 1"              \
	" FROM customer_phone p WHERE p.property_id=c.property_id"                                 \
	" AND p.customer_id=c.customer_id AND ((?<>'' AND p.phone LIKE ? ESCAPE '\\')"             \
	" OR p.phone=?))))"                                                                        \
	" AND (?=0 OR (?=1)=(archived_s=0)) AND (?='' OR kind=?)"                                  \
	" AND (?=0 OR EXISTS(SELECT 1 FROM lease l JOIN lease_space ls"                            \
	" ON ls.property_id=l.property_id AND ls.lease_id=l.lease_id"                              \
	" JOIN space s ON s.property_id=ls.property_id AND s.space_id=ls.space_id"                 \
	" WHERE l.property_id=c.property_id AND l.customer_id=c.customer_id AND l.until_s>?"       \
	" AND (s.space_id=? OR s.building_id=? OR s.floor_id=?))) "
#define CUSTOMER_UP(key)                                                                           \
	CUSTOMER_SELECT CUSTOMER_FILTER "AND (" key ", customer_id)>(?,?) ORDER BY " key           \
	                                ", customer_id"
#define CUSTOMER_DOWN(key)                                                                         \
	CUSTOMER_SELECT CUSTOMER_FILTER "AND (" key ", customer_id)<(?,?) ORDER BY " key           \
	                                " DESC, customer_id DESC"

static const char *const orders[][2] = {
        [CUSTOMER_BY_NAME] = {CUSTOMER_UP("name"),        CUSTOMER_DOWN("name")       },
        [CUSTOMER_BY_CODE] = {CUSTOMER_UP("code"),        CUSTOMER_DOWN("code")       },
        [CUSTOMER_BY_NUMBER] = {CUSTOMER_UP("customer_id"), CUSTOMER_DOWN("customer_id")},
};

static void bind_filter(struct stmt *st, const struct customer_filter *filter, const char *pattern,
                        const char *phone_pattern)
{
	bind_text(st, filter->ask.search);
	bind_text(st, pattern);
	bind_text(st, pattern);
	bind_text(st, filter->phone_end);
	bind_text(st, filter->phone);
	bind_text(st, filter->phone_end);
	bind_text(st, phone_pattern);
	bind_text(st, filter->phone);
	bind_i64(st, filter->state);
	bind_i64(st, filter->state);
	bind_text(st, filter->kind);
	bind_text(st, filter->kind);
	bind_i64(st, filter->space_id);
	bind_i64(st, filter->now_s);
	for (int i = 0; i < 3; i++)
		bind_i64(st, filter->space_id);
}

enum err customer_list(struct db *db, int64_t property_id, const struct customer_filter *filter,
                       bool (*each)(void *arg, const struct customer_row *), void *arg)
{
	const struct list_ask *ask = &filter->ask;
	struct stmt *st = db_query(db, orders[ask->sort][ask->descending]);
	char pattern[LIST_LIKE_SIZE], phone_pattern[LIST_LIKE_SIZE];
	struct customer_row row;
	enum err err = ERR_NONE, end;

	list_like(pattern, ask->search);
	list_like_end(phone_pattern, filter->phone_end);
	bind_i64(st, property_id);
	bind_filter(st, filter, pattern, phone_pattern);
	if (ask->sort == CUSTOMER_BY_NUMBER)
		bind_i64(st, list_after_id(ask));
	else
		bind_text(st, list_after_text(ask));
	bind_i64(st, list_after_id(ask));
	while (!err && stmt_row(st)) {
		customer_read(st, &row);
		err = phones_read(db, &row);
		if (!err && !each(arg, &row))
			break;
	}
	end = stmt_end(st);
	return err ? err : end;
}
