#include "platform/store/counts.h"

static enum err count(struct stmt *st, int64_t *n, int64_t *m)
{
	bool row = stmt_row(st);

	*n = row ? col_i64(st) : 0;
	if (m)
		*m = row ? col_i64(st) : 0;
	return stmt_end_one(st, row);
}

enum err store_counts(struct db *db, struct store_counts *c)
{
	enum err err = count(db_query(db, "SELECT count(*), coalesce(sum(online), 0) FROM gateway"
	                                  " WHERE revoked_s=0"),
	                     &c->gateways, &c->gateways_online);

	if (!err)
		err = count(db_query(db, "SELECT count(*) FROM meter"), &c->meters, NULL);
	if (!err)
		err = count(db_query(db,
		                     "SELECT count(*) FROM terminal t WHERE t.gateway_id<>0 AND NOT"
		                     " EXISTS(SELECT 1 FROM meter m WHERE"
		                     " m.property_id=t.property_id AND m.chip=t.chip)"),
		            &c->terminals_waiting, NULL);
	if (!err)
		err = count(db_query(db, "SELECT count(*) FROM command WHERE stage<=3"),
		            &c->commands_open, NULL);
	return err;
}
