#include "platform/store/payment.h"

#include <string.h>

#include "platform/store/info.h"

/* ---- words ---- */

static const char *const sources[] = {
        [PAYMENT_NOTICE] = "notice",
        [PAYMENT_QUERY] = "query",
        [PAYMENT_BILL] = "bill",
};

const char *payment_source_word(enum payment_source source)
{
	return sources[source];
}

static const char *const reasons[] = {
        [SUSPENSE_UNKNOWN_ORDER] = "unknown_order",
        [SUSPENSE_AMOUNT] = "amount",
        [SUSPENSE_CURRENCY] = "currency",
        [SUSPENSE_EXPIRED] = "expired",
        [SUSPENSE_CLOSED] = "closed",
        [SUSPENSE_TWICE] = "twice",
        [SUSPENSE_ACCOUNT] = "account",
};

const char *suspense_reason_word(enum suspense_reason reason)
{
	return reasons[reason];
}

static const char *const suspense_states[] = {
        [SUSPENSE_OPEN] = "open",
        [SUSPENSE_CREDITED] = "credited",
        [SUSPENSE_RETURNED] = "returned",
};

const char *suspense_state_word(enum suspense_state state)
{
	return suspense_states[state];
}

bool suspense_state_parse(const char *word, enum suspense_state *state)
{
	for (unsigned i = SUSPENSE_OPEN; i <= SUSPENSE_RETURNED; i++)
		if (strcmp(suspense_states[i], word) == 0) {
			*state = (enum suspense_state)i;
			return true;
		}
	return false;
}

static const char *const matches[] = {
        [BILL_EQUAL] = "equal",
        [BILL_OURS_ONLY] = "ours_only",
        [BILL_THEIRS_ONLY] = "theirs_only",
        [BILL_AMOUNT_DIFFERS] = "amount_differs",
        [BILL_STATE_DIFFERS] = "state_differs",
};

const char *bill_match_word(enum bill_match match)
{
	return matches[match];
}

/* ---- payments ---- */

enum err payment_insert(struct db *db, struct payment_row *row)
{
	enum err err = sequence_next(db, "payment", &row->payment_id);
	struct stmt *st;

	if (err)
		return err;
	st = db_query(db, "INSERT INTO payment(property_id, payment_id, channel, number,"
	                  " order_number, amount_fen, currency, paid_ms, seen_ms, payer, source,"
	                  " order_id, suspense_id, refunded_ms)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->payment_id);
	bind_i64(st, row->channel);
	bind_text(st, row->number);
	bind_text(st, row->order_number);
	bind_i64(st, row->amount_fen);
	bind_text(st, row->currency);
	bind_i64(st, row->paid_ms);
	bind_i64(st, row->seen_ms);
	bind_text(st, row->payer);
	bind_i64(st, row->source);
	bind_i64(st, row->order_id);
	bind_i64(st, row->suspense_id);
	bind_i64(st, row->refunded_ms);
	return stmt_run(st);
}

#define PAYMENT_COLUMNS                                                                            \
	"SELECT property_id, payment_id, channel, number, order_number, amount_fen, currency,"     \
	" paid_ms, seen_ms, payer, source, order_id, suspense_id, refunded_ms FROM payment "

static void payment_read(struct stmt *st, struct payment_row *row)
{
	row->property_id = col_i64(st);
	row->payment_id = col_i64(st);
	row->channel = (enum pay_channel)col_i64(st);
	col_text_to(st, row->number, sizeof row->number);
	col_text_to(st, row->order_number, sizeof row->order_number);
	row->amount_fen = col_i64(st);
	col_text_to(st, row->currency, sizeof row->currency);
	row->paid_ms = col_i64(st);
	row->seen_ms = col_i64(st);
	col_text_to(st, row->payer, sizeof row->payer);
	row->source = (enum payment_source)col_i64(st);
	row->order_id = col_i64(st);
	row->suspense_id = col_i64(st);
	row->refunded_ms = col_i64(st);
}

static enum err payment_one(struct stmt *st, struct payment_row *row)
{
	bool found = stmt_row(st);

	if (found)
		payment_read(st, row);
	return stmt_end_one(st, found);
}

enum err payment_get(struct db *db, int64_t property_id, int64_t payment_id,
                     struct payment_row *row)
{
	struct stmt *st = db_query(db, PAYMENT_COLUMNS "WHERE property_id=? AND payment_id=?");

	bind_i64(st, property_id);
	bind_i64(st, payment_id);
	return payment_one(st, row);
}

enum err payment_by_number(struct db *db, int64_t property_id, enum pay_channel channel,
                           const char *number, struct payment_row *row)
{
	struct stmt *st =
	        db_query(db, PAYMENT_COLUMNS "WHERE property_id=? AND channel=? AND number=?");

	bind_i64(st, property_id);
	bind_i64(st, channel);
	bind_text(st, number);
	return payment_one(st, row);
}

enum err payment_of_order(struct db *db, int64_t property_id, int64_t order_id,
                          struct payment_row *row)
{
	struct stmt *st = db_query(db, PAYMENT_COLUMNS "WHERE property_id=? AND order_id=?"
	                                               " ORDER BY payment_id LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, order_id);
	return payment_one(st, row);
}

enum err payment_update(struct db *db, const struct payment_row *row)
{
	struct stmt *st = db_query(db, "UPDATE payment SET order_id=?, suspense_id=?, refunded_ms=?"
	                               " WHERE property_id=? AND payment_id=?");

	bind_i64(st, row->order_id);
	bind_i64(st, row->suspense_id);
	bind_i64(st, row->refunded_ms);
	bind_i64(st, row->property_id);
	bind_i64(st, row->payment_id);
	return stmt_run_one(st);
}

enum err payment_walk(struct db *db, int64_t property_id, enum pay_channel channel, int64_t from_ms,
                      int64_t to_ms, bool (*each)(void *arg, const struct payment_row *), void *arg)
{
	struct stmt *st = db_query(db, PAYMENT_COLUMNS "WHERE property_id=? AND channel=?"
	                                               " AND paid_ms>=? AND paid_ms<?"
	                                               " ORDER BY number");
	struct payment_row row;

	bind_i64(st, property_id);
	bind_i64(st, channel);
	bind_i64(st, from_ms);
	bind_i64(st, to_ms);
	while (stmt_row(st)) {
		payment_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

/* ---- suspense ---- */

enum err suspense_insert(struct db *db, struct suspense_row *row)
{
	enum err err = sequence_next(db, "suspense", &row->suspense_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO suspense(property_id, suspense_id, payment_id, channel,"
	                  " amount_fen, currency, reason, state, since_ms, done_ms, order_id,"
	                  " refund_id, done_by, done_why, group_no, version)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,0,0,0,'','',?,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->suspense_id);
	bind_i64(st, row->payment_id);
	bind_i64(st, row->channel);
	bind_i64(st, row->amount_fen);
	bind_text(st, row->currency);
	bind_i64(st, row->reason);
	bind_i64(st, row->state);
	bind_i64(st, row->since_ms);
	bind_i64(st, row->group_no);
	return stmt_run(st);
}

#define SUSPENSE_COLUMNS                                                                           \
	"SELECT property_id, suspense_id, payment_id, channel, amount_fen, currency, reason,"      \
	" state, since_ms, done_ms, order_id, refund_id, done_by, done_why, group_no, version"     \
	" FROM suspense "

static void suspense_read(struct stmt *st, struct suspense_row *row)
{
	row->property_id = col_i64(st);
	row->suspense_id = col_i64(st);
	row->payment_id = col_i64(st);
	row->channel = (enum pay_channel)col_i64(st);
	row->amount_fen = col_i64(st);
	col_text_to(st, row->currency, sizeof row->currency);
	row->reason = (enum suspense_reason)col_i64(st);
	row->state = (enum suspense_state)col_i64(st);
	row->since_ms = col_i64(st);
	row->done_ms = col_i64(st);
	row->order_id = col_i64(st);
	row->refund_id = col_i64(st);
	col_text_to(st, row->done_by, sizeof row->done_by);
	col_text_to(st, row->done_why, sizeof row->done_why);
	row->group_no = col_i64(st);
	row->version = col_i64(st);
}

enum err suspense_get(struct db *db, int64_t property_id, int64_t suspense_id,
                      struct suspense_row *row)
{
	struct stmt *st = db_query(db, SUSPENSE_COLUMNS "WHERE property_id=? AND suspense_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, suspense_id);
	found = stmt_row(st);
	if (found)
		suspense_read(st, row);
	return stmt_end_one(st, found);
}

enum err suspense_update(struct db *db, struct suspense_row *row)
{
	struct stmt *st = db_query(db, "UPDATE suspense SET state=?, done_ms=?, order_id=?,"
	                               " refund_id=?, done_by=?, done_why=?, version=version+1"
	                               " WHERE property_id=? AND suspense_id=? AND version=?");

	bind_i64(st, row->state);
	bind_i64(st, row->done_ms);
	bind_i64(st, row->order_id);
	bind_i64(st, row->refund_id);
	bind_text(st, row->done_by);
	bind_text(st, row->done_why);
	bind_i64(st, row->property_id);
	bind_i64(st, row->suspense_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err suspense_list(struct db *db, int64_t property_id, enum suspense_state state, int64_t after,
                       bool (*each)(void *arg, const struct suspense_row *), void *arg)
{
	struct stmt *st = db_query(db, SUSPENSE_COLUMNS "WHERE property_id=? AND suspense_id>?"
	                                                " AND (?=0 OR state=?)"
	                                                " ORDER BY suspense_id");
	struct suspense_row row;

	bind_i64(st, property_id);
	bind_i64(st, after);
	bind_i64(st, state);
	bind_i64(st, state);
	while (stmt_row(st)) {
		suspense_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

/* ---- bills ---- */

enum err bill_insert(struct db *db, struct bill_row *row)
{
	enum err err = sequence_next(db, "bill", &row->bill_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(db,
	              "INSERT INTO pay_bill(property_id, bill_id, channel, day, hash,"
	              " line_count, difference_count, open_count, loaded_ms, closed_ms, by_name,"
	              " closed_by, version) VALUES(?,?,?,?,?,?,?,?,?,0,?,'',1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->bill_id);
	bind_i64(st, row->channel);
	bind_i64(st, row->day);
	bind_blob(st, row->hash, sizeof row->hash);
	bind_i64(st, row->lines);
	bind_i64(st, row->differences);
	bind_i64(st, row->open);
	bind_i64(st, row->loaded_ms);
	bind_text(st, row->by_name);
	return stmt_run(st);
}

#define BILL_COLUMNS                                                                               \
	"SELECT property_id, bill_id, channel, day, hash, line_count, difference_count,"           \
	" open_count, loaded_ms, closed_ms, by_name, closed_by, version FROM pay_bill "

static bool bill_read(struct stmt *st, struct bill_row *row)
{
	bool sound;

	row->property_id = col_i64(st);
	row->bill_id = col_i64(st);
	row->channel = (enum pay_channel)col_i64(st);
	row->day = col_i64(st);
	sound = col_blob_to(st, row->hash, sizeof row->hash);
	row->lines = col_i64(st);
	row->differences = col_i64(st);
	row->open = col_i64(st);
	row->loaded_ms = col_i64(st);
	row->closed_ms = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	col_text_to(st, row->closed_by, sizeof row->closed_by);
	row->version = col_i64(st);
	return sound;
}

static enum err bill_one(struct stmt *st, struct bill_row *row)
{
	bool found = stmt_row(st), sound = found && bill_read(st, row);
	enum err err = stmt_end_one(st, found);

	return !err && !sound ? ERR_DAMAGED : err;
}

enum err bill_get(struct db *db, int64_t property_id, int64_t bill_id, struct bill_row *row)
{
	struct stmt *st = db_query(db, BILL_COLUMNS "WHERE property_id=? AND bill_id=?");

	bind_i64(st, property_id);
	bind_i64(st, bill_id);
	return bill_one(st, row);
}

enum err bill_of_day(struct db *db, int64_t property_id, enum pay_channel channel, int64_t day,
                     struct bill_row *row)
{
	struct stmt *st = db_query(db, BILL_COLUMNS "WHERE property_id=? AND channel=? AND day=?");

	bind_i64(st, property_id);
	bind_i64(st, channel);
	bind_i64(st, day);
	return bill_one(st, row);
}

enum err bill_update(struct db *db, struct bill_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE pay_bill SET hash=?, line_count=?, difference_count=?, open_count=?,"
	            " loaded_ms=?, closed_ms=?, by_name=?, closed_by=?, version=version+1"
	            " WHERE property_id=? AND bill_id=? AND version=?");

	bind_blob(st, row->hash, sizeof row->hash);
	bind_i64(st, row->lines);
	bind_i64(st, row->differences);
	bind_i64(st, row->open);
	bind_i64(st, row->loaded_ms);
	bind_i64(st, row->closed_ms);
	bind_text(st, row->by_name);
	bind_text(st, row->closed_by);
	bind_i64(st, row->property_id);
	bind_i64(st, row->bill_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err bill_list(struct db *db, int64_t property_id, int64_t before,
                   bool (*each)(void *arg, const struct bill_row *), void *arg)
{
	struct stmt *st = db_query(db, BILL_COLUMNS "WHERE property_id=? AND (?=0 OR bill_id<?)"
	                                            " ORDER BY bill_id DESC");
	struct bill_row row;

	bind_i64(st, property_id);
	bind_i64(st, before);
	bind_i64(st, before);
	while (stmt_row(st)) {
		(void)bill_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err bill_line_insert(struct db *db, struct bill_line *line)
{
	enum err err = sequence_next(db, "bill-line", &line->line_id);
	struct stmt *st;

	if (err)
		return err;
	line->version = 1;
	st = db_query(db, "INSERT INTO pay_bill_line(property_id, line_id, bill_id, number,"
	                  " order_number, amount_fen, refunded, paid_ms, match_kind, ours_fen,"
	                  " payment_id, open, owner, done_by, done_why, done_ms, version)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)");
	bind_i64(st, line->property_id);
	bind_i64(st, line->line_id);
	bind_i64(st, line->bill_id);
	bind_text(st, line->number);
	bind_text(st, line->order_number);
	bind_i64(st, line->amount_fen);
	bind_i64(st, line->refunded);
	bind_i64(st, line->paid_ms);
	bind_i64(st, line->match);
	bind_i64(st, line->ours_fen);
	bind_i64(st, line->payment_id);
	bind_i64(st, line->open);
	bind_text(st, line->owner);
	bind_text(st, line->done_by);
	bind_text(st, line->done_why);
	bind_i64(st, line->done_ms);
	return stmt_run(st);
}

#define LINE_COLUMNS                                                                               \
	"SELECT property_id, line_id, bill_id, number, order_number, amount_fen, refunded,"        \
	" paid_ms, match_kind, ours_fen, payment_id, open, owner, done_by, done_why, done_ms,"     \
	" version FROM pay_bill_line "

static void line_read(struct stmt *st, struct bill_line *line)
{
	line->property_id = col_i64(st);
	line->line_id = col_i64(st);
	line->bill_id = col_i64(st);
	col_text_to(st, line->number, sizeof line->number);
	col_text_to(st, line->order_number, sizeof line->order_number);
	line->amount_fen = col_i64(st);
	line->refunded = col_i64(st) != 0;
	line->paid_ms = col_i64(st);
	line->match = (enum bill_match)col_i64(st);
	line->ours_fen = col_i64(st);
	line->payment_id = col_i64(st);
	line->open = col_i64(st) != 0;
	col_text_to(st, line->owner, sizeof line->owner);
	col_text_to(st, line->done_by, sizeof line->done_by);
	col_text_to(st, line->done_why, sizeof line->done_why);
	line->done_ms = col_i64(st);
	line->version = col_i64(st);
}

enum err bill_line_get(struct db *db, int64_t property_id, int64_t line_id, struct bill_line *line)
{
	struct stmt *st = db_query(db, LINE_COLUMNS "WHERE property_id=? AND line_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, line_id);
	found = stmt_row(st);
	if (found)
		line_read(st, line);
	return stmt_end_one(st, found);
}

enum err bill_line_update(struct db *db, struct bill_line *line)
{
	struct stmt *st = db_query(db, "UPDATE pay_bill_line SET open=?, owner=?, done_by=?,"
	                               " done_why=?, done_ms=?, version=version+1"
	                               " WHERE property_id=? AND line_id=? AND version=?");

	bind_i64(st, line->open);
	bind_text(st, line->owner);
	bind_text(st, line->done_by);
	bind_text(st, line->done_why);
	bind_i64(st, line->done_ms);
	bind_i64(st, line->property_id);
	bind_i64(st, line->line_id);
	bind_i64(st, line->version);
	line->version++;
	return stmt_run_one(st);
}

enum err bill_lines(struct db *db, int64_t property_id, const struct bill_lines_ask *ask,
                    bool (*each)(void *arg, const struct bill_line *), void *arg)
{
	struct stmt *st = db_query(db, LINE_COLUMNS "WHERE property_id=? AND (?=0 OR bill_id=?)"
	                                            " AND line_id>? AND (?=0 OR match_kind<>1)"
	                                            " AND (?=0 OR open=1) ORDER BY line_id");
	struct bill_line line;

	_Static_assert(BILL_EQUAL == 1, "as in the statement");
	bind_i64(st, property_id);
	bind_i64(st, ask->bill_id);
	bind_i64(st, ask->bill_id);
	bind_i64(st, ask->after);
	bind_i64(st, ask->differences);
	bind_i64(st, ask->open);
	while (stmt_row(st)) {
		line_read(st, &line);
		if (!each(arg, &line))
			break;
	}
	return stmt_end(st);
}

enum err bill_lines_remove(struct db *db, int64_t property_id, int64_t bill_id)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM pay_bill_line WHERE property_id=? AND bill_id=?");

	bind_i64(st, property_id);
	bind_i64(st, bill_id);
	return stmt_run(st);
}
