/* Long intervals as they were charged, for readings that come late from inside them. */
#include <stdlib.h>

#include "platform/store/charge_pack.h"

enum err rating_gap_put(struct db *db, const struct rating_gap *gap)
{
	struct bytes packed = {.data = NULL};
	struct stmt *st;
	enum err err;

	gap_pack(&packed, gap);
	if (packed.failed) {
		free(packed.data);
		return ERR_NOMEM;
	}
	st = db_query(db, "INSERT INTO rating_gap(property_id, meter, to_s, use_from_s, state)"
	                  " VALUES(?,?,?,?,?)");
	bind_i64(st, gap->property_id);
	bind_i64(st, gap->meter);
	bind_i64(st, gap->to_s);
	bind_i64(st, gap->use_from_s);
	bind_blob(st, packed.data, packed.len);
	err = stmt_run_one(st);
	free(packed.data);
	return err;
}

enum err rating_gap_delete(struct db *db, const struct rating_gap *gap)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM rating_gap WHERE property_id=? AND meter=? AND to_s=?");

	bind_i64(st, gap->property_id);
	bind_i64(st, gap->meter);
	bind_i64(st, gap->to_s);
	return stmt_run_one(st);
}

enum err rating_gaps_drop(struct db *db, const struct rating_row *of, int64_t until_s)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM rating_gap WHERE property_id=? AND meter=? AND to_s<?");

	bind_i64(st, of->property_id);
	bind_i64(st, of->meter);
	bind_i64(st, until_s);
	return stmt_run(st);
}

/* A row of: to_s, use_from_s, state. */
static enum err take_gap(struct stmt *st, const struct rating_row *of, struct rating_gap **gaps,
                         size_t *count)
{
	struct rating_gap *grown = realloc(*gaps, (*count + 1) * sizeof *grown), *gap;
	const void *packed;
	size_t len;

	if (!grown)
		return ERR_NOMEM;
	*gaps = grown;
	gap = &grown[(*count)++];
	*gap = (struct rating_gap){
	        .property_id = of->property_id, .meter = of->meter, .to_s = col_i64(st)};
	gap->use_from_s = col_i64(st);
	packed = col_blob(st, &len);
	return gap_unpack(packed, len, gap);
}

enum err rating_gaps_read(struct db *db, const struct rating_row *of, struct rating_gap **gaps,
                          size_t *count)
{
	struct stmt *st = db_query(db, "SELECT to_s, use_from_s, state FROM rating_gap"
	                               " WHERE property_id=? AND meter=? ORDER BY to_s");
	enum err err = ERR_NONE, end;

	*gaps = NULL;
	*count = 0;
	bind_i64(st, of->property_id);
	bind_i64(st, of->meter);
	while (!err && stmt_row(st))
		err = take_gap(st, of, gaps, count);
	end = stmt_end(st);
	return err ? err : end;
}

enum err rating_gaps_any(struct db *db, int64_t property_id, int64_t meter, bool *any)
{
	struct stmt *st =
	        db_query(db, "SELECT 1 FROM rating_gap WHERE property_id=? AND meter=? LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, meter);
	*any = stmt_row(st);
	return stmt_end(st);
}

void rating_gaps_free(struct rating_gap *gaps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rating_open_free(&gaps[i].parts);
	free(gaps);
}
