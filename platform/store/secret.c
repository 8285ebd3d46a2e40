#include "platform/store/secret.h"

#include <stdio.h>
#include <string.h>

/* `key1` is BIGINT and `key1, key2` name a row (a table with one key column gives it twice); `id`
 * is the expression that was bound in when it was wrapped. */
#define SECRETS(kind, table, column, key1, key2, text, id)                                         \
	{                                                                                          \
		kind, table, column, text,                                                         \
		        "SELECT " key1 ", " key2 ", " id ", " column " FROM " table                \
		        " WHERE " column " IS NOT NULL AND (" key1 "," key2 ") > (?,?)"            \
		        " ORDER BY " key1 ", " key2 " LIMIT 1",                                    \
		        "UPDATE " table " SET " column "=? WHERE " key1 "=? AND " key2 "=?"        \
	}

const struct secret_place secret_places[] = {
        SECRETS("", "terminal", "key_wrapped", "property_id", "chip", true, "chip"),
        SECRETS("totp", "users", "totp_wrapped", "user_id", "user_id", false, "user_id"),
        SECRETS("identity", "customer", "identity_wrapped", "property_id", "customer_id", false,
                "customer_id"),
        SECRETS("sign", "sign_key", "seed_wrapped", "sign_id", "sign_id", false, "sign_id"),
        SECRETS("webhook", "webhook", "secret_wrapped", "property_id", "webhook_id", false,
                "webhook_id"),
        {NULL, NULL, NULL, false, NULL, NULL},
};

void secret_rewind(struct secret_row *row)
{
	memset(row, 0, sizeof *row);
	row->key1 = INT64_MIN;
	row->key2 = INT64_MIN;
}

static void bind_keys(struct stmt *st, const struct secret_place *place,
                      const struct secret_row *row)
{
	bind_i64(st, row->key1);
	if (place->key2_text)
		bind_text(st, row->key2_text);
	else
		bind_i64(st, row->key2);
}

enum err secret_next(struct db *db, const struct secret_place *place, struct secret_row *row)
{
	struct stmt *st = db_query(db, place->next);
	const void *wrapped;
	enum err err, fit = ERR_NONE;
	bool found;

	bind_keys(st, place, row);
	found = stmt_row(st);
	if (found) {
		row->key1 = col_i64(st);
		if (place->key2_text)
			col_text_to(st, row->key2_text, sizeof row->key2_text);
		else
			row->key2 = col_i64(st);
		col_text_to(st, row->id, sizeof row->id);
		wrapped = col_blob(st, &row->len);
		if (row->len <= sizeof row->wrapped && row->len > 0)
			memcpy(row->wrapped, wrapped, row->len);
		else
			fit = ERR_TOO_LONG;
	}
	err = stmt_end_one(st, found);
	return err ? err : fit;
}

enum err secret_put(struct db *db, const struct secret_place *place, const struct secret_row *row)
{
	struct stmt *st = db_query(db, place->put);

	bind_blob(st, row->wrapped, row->len);
	bind_keys(st, place, row);
	return stmt_run(st);
}
