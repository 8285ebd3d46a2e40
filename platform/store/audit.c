#include "platform/store/audit.h"

#include <string.h>

#include "libs/base/sha256.h"
#include "platform/store/chain.h"

/* What a line's hash covers. Lines of form 1 were written before there were user_id .. after. */
#define FORM_FIRST 1
#define FORM_NOW   2

static void line_hash(const struct audit_row *row, int64_t form,
                      const uint8_t before[AUDIT_HASH_SIZE], uint8_t out[AUDIT_HASH_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, before, AUDIT_HASH_SIZE);
	chain_number(&hash, row->property_id);
	chain_number(&hash, row->audit_id);
	chain_number(&hash, row->at_ms);
	chain_text(&hash, row->who);
	chain_text(&hash, row->origin);
	chain_text(&hash, row->action);
	chain_text(&hash, row->object);
	chain_text(&hash, row->reason);
	chain_text(&hash, row->detail);
	if (form != FORM_FIRST) {
		chain_number(&hash, form);
		chain_number(&hash, row->group_id);
		chain_number(&hash, row->user_id);
		chain_number(&hash, row->key_id);
		chain_text(&hash, row->result);
		chain_optional(&hash, row->before);
		chain_optional(&hash, row->after);
	}
	sha256_final(&hash, out);
}

/* Number and hash of the newest line; 0 and zeros for an empty chain. */
static enum err chain_end(struct db *db, const struct audit_row *row, int64_t *audit_id,
                          uint8_t hash[AUDIT_HASH_SIZE])
{
	struct stmt *st = db_query(db, "SELECT audit_id, hash FROM audit WHERE property_id=?"
	                               " AND group_id=? ORDER BY audit_id DESC LIMIT 1");
	bool whole = true;
	enum err err;

	*audit_id = 0;
	memset(hash, 0, AUDIT_HASH_SIZE);
	bind_i64(st, row->property_id);
	bind_i64(st, row->group_id);
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

	err = chain_end(db, row, &row->audit_id, before);
	if (err)
		return err;
	row->audit_id++;
	line_hash(row, FORM_NOW, before, row->hash);
	st = db_query(db, "INSERT INTO audit(property_id, group_id, audit_id, form, at_ms, user_id,"
	                  " key_id, who, origin, action, object, reason, detail, result, before,"
	                  " after, hash) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->group_id);
	bind_i64(st, row->audit_id);
	bind_i64(st, FORM_NOW);
	bind_i64(st, row->at_ms);
	bind_i64(st, row->user_id);
	bind_i64(st, row->key_id);
	bind_text(st, row->who);
	bind_text(st, row->origin);
	bind_text(st, row->action);
	bind_text(st, row->object);
	bind_text(st, row->reason);
	bind_text(st, row->detail);
	bind_text(st, row->result);
	bind_text(st, row->before);
	bind_text(st, row->after);
	bind_blob(st, row->hash, AUDIT_HASH_SIZE);
	return stmt_run(st);
}

#define AUDIT_SELECT                                                                               \
	"SELECT property_id, group_id, audit_id, form, at_ms, user_id, key_id, who, origin,"       \
	" action, object, reason, detail, result, before, after, hash FROM audit "

static const char *col_optional(struct stmt *st)
{
	bool is_null = col_is_null(st);
	const char *text = col_text(st);

	return is_null ? NULL : text;
}

/* False: its hash is no hash. */
static bool audit_read(struct stmt *st, struct audit_row *row, int64_t *form)
{
	row->property_id = col_i64(st);
	row->group_id = col_i64(st);
	row->audit_id = col_i64(st);
	*form = col_i64(st);
	row->at_ms = col_i64(st);
	row->user_id = col_i64(st);
	row->key_id = col_i64(st);
	col_text_to(st, row->who, sizeof row->who);
	col_text_to(st, row->origin, sizeof row->origin);
	col_text_to(st, row->action, sizeof row->action);
	col_text_to(st, row->object, sizeof row->object);
	col_text_to(st, row->reason, sizeof row->reason);
	col_text_to(st, row->detail, sizeof row->detail);
	col_text_to(st, row->result, sizeof row->result);
	row->before = col_optional(st);
	row->after = col_optional(st);
	return col_blob_to(st, row->hash, AUDIT_HASH_SIZE);
}

/* ---- searching ---- */

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool holds(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

static bool matches(const struct audit_filter *f, const struct audit_row *row)
{
	if ((f->who[0] && strcmp(row->who, f->who) != 0) ||
	    (f->object[0] && strcmp(row->object, f->object) != 0) ||
	    (f->result[0] && strcmp(row->result, f->result) != 0) ||
	    !begins(row->action, f->action))
		return false;
	if ((f->from_ms && row->at_ms < f->from_ms) || (f->to_ms && row->at_ms >= f->to_ms))
		return false;
	return !f->text[0] || holds(row->reason, f->text) || holds(row->detail, f->text) ||
	       holds(row->object, f->text) || holds(row->before, f->text) ||
	       holds(row->after, f->text);
}

/* The narrowest index there is for what is asked; the rest is looked at line by line. */
static struct stmt *search_query(struct db *db, const struct audit_filter *f)
{
	struct stmt *st;

	if (f->object[0])
		st = db_query(db, AUDIT_SELECT "WHERE property_id=? AND group_id=? AND audit_id<?"
		                               " AND object=? ORDER BY audit_id DESC");
	else if (f->who[0])
		st = db_query(db, AUDIT_SELECT "WHERE property_id=? AND group_id=? AND audit_id<?"
		                               " AND who=? ORDER BY audit_id DESC");
	else
		st = db_query(db, AUDIT_SELECT "WHERE property_id=? AND group_id=? AND audit_id<?"
		                               " ORDER BY audit_id DESC");
	bind_i64(st, f->property_id);
	bind_i64(st, f->group_id);
	bind_i64(st, f->before ? f->before : INT64_MAX);
	if (f->object[0])
		bind_text(st, f->object);
	else if (f->who[0])
		bind_text(st, f->who);
	return st;
}

enum err audit_search(struct db *db, const struct audit_filter *filter,
                      bool (*each)(void *arg, const struct audit_row *), void *arg,
                      int64_t *stopped_at)
{
	struct stmt *st = search_query(db, filter);
	struct audit_row row;
	int64_t form, looked = 0;

	*stopped_at = 0;
	while (stmt_row(st)) {
		/* A line with a bad hash is shown all the same; audit_verify names it. */
		(void)audit_read(st, &row, &form);
		if (matches(filter, &row) && !each(arg, &row))
			break;
		if (++looked == AUDIT_SCAN_MAX) {
			*stopped_at = row.audit_id;
			break;
		}
	}
	return stmt_end(st);
}

enum err audit_chains(struct db *db, void (*each)(void *arg, int64_t property_id, int64_t group_id),
                      void *arg)
{
	struct stmt *st = db_query(db, "SELECT DISTINCT property_id, group_id FROM audit"
	                               " ORDER BY property_id, group_id");

	while (stmt_row(st)) {
		int64_t property_id = col_i64(st), group_id = col_i64(st);

		each(arg, property_id, group_id);
	}
	return stmt_end(st);
}

enum err audit_since(struct db *db, int64_t after_ms,
                     void (*each)(void *arg, const struct audit_row *), void *arg)
{
	struct stmt *st = db_query(db, AUDIT_SELECT "WHERE at_ms>? ORDER BY at_ms, property_id,"
	                                            " group_id, audit_id");
	struct audit_row row;
	int64_t form;

	bind_i64(st, after_ms);
	while (stmt_row(st)) {
		(void)audit_read(st, &row, &form);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err audit_list_of_object(struct db *db, int64_t property_id, const char *object,
                              void (*each)(void *arg, const struct audit_row *), void *arg)
{
	struct stmt *st = db_query(db, AUDIT_SELECT "WHERE property_id=? AND group_id=0"
	                                            " AND object=? ORDER BY audit_id");
	struct audit_row row;
	int64_t form;

	bind_i64(st, property_id);
	bind_text(st, object);
	while (stmt_row(st)) {
		(void)audit_read(st, &row, &form);
		each(arg, &row);
	}
	return stmt_end(st);
}

/* ---- proving ---- */

enum err audit_verify(struct db *db, int64_t property_id, int64_t group_id,
                      struct audit_proof *proof)
{
	struct stmt *st = db_query(db, AUDIT_SELECT "WHERE property_id=? AND group_id=?"
	                                            " ORDER BY audit_id");
	uint8_t hash[AUDIT_HASH_SIZE];
	struct audit_row row;
	int64_t form;
	enum err err;

	memset(proof, 0, sizeof *proof);
	bind_i64(st, property_id);
	bind_i64(st, group_id);
	while (!proof->bad_id && stmt_row(st)) {
		bool whole = audit_read(st, &row, &form);

		proof->lines++;
		line_hash(&row, form, proof->hash, hash);
		if (!whole || row.audit_id != proof->lines ||
		    memcmp(hash, row.hash, sizeof hash) != 0)
			proof->bad_id = proof->lines;
		memcpy(proof->hash, hash, sizeof proof->hash);
	}
	err = stmt_end(st);
	return err ? err : proof->bad_id ? ERR_DAMAGED : ERR_NONE;
}
