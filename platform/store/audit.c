#include "platform/store/audit.h"

#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"

static void add_number(struct sha256 *hash, int64_t number)
{
	uint8_t bytes[8];

	put_be64(bytes, (uint64_t)number);
	sha256_update(hash, bytes, sizeof bytes);
}

/* With its length before it, so that text cannot move from one field into the next. */
static void add_text(struct sha256 *hash, const char *text)
{
	add_number(hash, (int64_t)strlen(text));
	sha256_update(hash, text, strlen(text));
}

static void line_hash(const struct audit_row *row, const uint8_t before[AUDIT_HASH_SIZE],
                      uint8_t out[AUDIT_HASH_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, before, AUDIT_HASH_SIZE);
	add_number(&hash, row->property_id);
	add_number(&hash, row->audit_id);
	add_number(&hash, row->at_ms);
	add_text(&hash, row->who);
	add_text(&hash, row->origin);
	add_text(&hash, row->action);
	add_text(&hash, row->object);
	add_text(&hash, row->reason);
	add_text(&hash, row->detail);
	sha256_final(&hash, out);
}

/* Number and hash of the newest line; 0 and zeros for an empty chain. */
static enum err chain_end(struct db *db, int64_t property_id, int64_t *audit_id,
                          uint8_t hash[AUDIT_HASH_SIZE])
{
	struct stmt *st = db_query(db, "SELECT audit_id, hash FROM audit WHERE property_id=?"
	                               " ORDER BY audit_id DESC LIMIT 1");
	bool whole = true;
	enum err err;

	*audit_id = 0;
	memset(hash, 0, AUDIT_HASH_SIZE);
	bind_i64(st, property_id);
	if (stmt_row(st)) {
		*audit_id = col_i64(st);
		whole = col_blob_to(st, hash, AUDIT_HASH_SIZE);
	}
	err = stmt_end(st);
	return err ? err : whole ? ERR_NONE : ERR_DAMAGED;
}

enum err audit_append(struct db *db, struct audit_row *row)
{
	uint8_t before[AUDIT_HASH_SIZE];
	struct stmt *st;
	enum err err;

	err = chain_end(db, row->property_id, &row->audit_id, before);
	if (err)
		return err;
	row->audit_id++;
	line_hash(row, before, row->hash);
	st = db_query(db, "INSERT INTO audit(property_id, audit_id, at_ms, who, origin, action,"
	                  " object, reason, detail, hash) VALUES(?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->audit_id);
	bind_i64(st, row->at_ms);
	bind_text(st, row->who);
	bind_text(st, row->origin);
	bind_text(st, row->action);
	bind_text(st, row->object);
	bind_text(st, row->reason);
	bind_text(st, row->detail);
	bind_blob(st, row->hash, AUDIT_HASH_SIZE);
	return stmt_run(st);
}

#define AUDIT_SELECT                                                                               \
	"SELECT property_id, audit_id, at_ms, who, origin, action, object, reason, detail, hash"   \
	" FROM audit "

static bool audit_read(struct stmt *st, struct audit_row *row)
{
	row->property_id = col_i64(st);
	row->audit_id = col_i64(st);
	row->at_ms = col_i64(st);
	col_text_to(st, row->who, sizeof row->who);
	col_text_to(st, row->origin, sizeof row->origin);
	col_text_to(st, row->action, sizeof row->action);
	col_text_to(st, row->object, sizeof row->object);
	col_text_to(st, row->reason, sizeof row->reason);
	col_text_to(st, row->detail, sizeof row->detail);
	return col_blob_to(st, row->hash, AUDIT_HASH_SIZE);
}

enum err audit_list(struct db *db, int64_t property_id, int64_t before, int64_t limit,
                    void (*each)(void *arg, const struct audit_row *), void *arg)
{
	struct stmt *st = db_query(db, AUDIT_SELECT "WHERE property_id=? AND audit_id<?"
	                                            " ORDER BY audit_id DESC LIMIT ?");
	struct audit_row row;

	bind_i64(st, property_id);
	bind_i64(st, before ? before : INT64_MAX);
	bind_i64(st, limit);
	while (stmt_row(st)) {
		/* A line with a bad hash is shown all the same; audit_verify names it. */
		(void)audit_read(st, &row);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err audit_verify(struct db *db, int64_t property_id, int64_t *bad_id)
{
	struct stmt *st = db_query(db, AUDIT_SELECT "WHERE property_id=? ORDER BY audit_id");
	uint8_t before[AUDIT_HASH_SIZE] = {0}, hash[AUDIT_HASH_SIZE];
	struct audit_row row;
	int64_t expected = 1;
	enum err err;

	*bad_id = 0;
	bind_i64(st, property_id);
	while (!*bad_id && stmt_row(st)) {
		bool whole = audit_read(st, &row);

		line_hash(&row, before, hash);
		if (!whole || row.audit_id != expected || memcmp(hash, row.hash, sizeof hash) != 0)
			*bad_id = expected;
		memcpy(before, hash, sizeof before);
		expected++;
	}
	err = stmt_end(st);
	return err ? err : *bad_id ? ERR_DAMAGED : ERR_NONE;
}
