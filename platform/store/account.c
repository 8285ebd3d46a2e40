#include "platform/store/account.h"

#include <string.h>

/* ---- words ---- */

static bool word_parse(const char *const *words, int first, int last, const char *word, int *value)
{
	for (int i = first; i <= last; i++)
		if (strcmp(words[i], word) == 0) {
			*value = i;
			return true;
		}
	return false;
}

static const char *const states[] = {
        [ACCOUNT_DRAFT] = "draft",         [ACCOUNT_OPEN] = "open",
        [ACCOUNT_SUSPENDED] = "suspended", [ACCOUNT_CLOSING] = "closing",
        [ACCOUNT_CLOSED] = "closed",
};

const char *account_state_word(enum account_state state)
{
	return states[state];
}

bool account_state_parse(const char *word, enum account_state *state)
{
	int value;
	bool found = word_parse(states, ACCOUNT_DRAFT, ACCOUNT_CLOSED, word, &value);

	if (found)
		*state = (enum account_state)value;
	return found;
}

static const char *const kinds[] = {
        [ACCOUNT_PAY_PER_USE] = "pay-per-use",
        [ACCOUNT_MERGED] = "merged",
        [ACCOUNT_MONTHLY_FEE] = "monthly-fee",
        [ACCOUNT_POSTPAID] = "postpaid",
};

const char *account_kind_word(enum account_kind kind)
{
	return kinds[kind];
}

bool account_kind_parse(const char *word, enum account_kind *kind)
{
	int value;
	bool found = word_parse(kinds, ACCOUNT_PAY_PER_USE, ACCOUNT_POSTPAID, word, &value);

	if (found)
		*kind = (enum account_kind)value;
	return found;
}

/* ---- accounts ---- */

static void bind_limits(struct stmt *st, const struct account_row *row)
{
	for (int i = 0; i < ACCOUNT_LIMITS; i++)
		if (row->set[i])
			bind_i64(st, row->limit_fen[i]);
		else
			bind_null(st);
}

enum err account_insert(struct db *db, const struct account_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO account(property_id, account_id, code, customer_id, state,"
	            " plan_code, alarm1_fen, alarm2_fen, overdraft_fen, hoarding_fen,"
	            " allow_close_fen, note, created_s, opened_s, closed_s, version)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	bind_text(st, row->code);
	bind_i64(st, row->customer_id);
	bind_i64(st, row->state);
	bind_text(st, row->plan_code);
	bind_limits(st, row);
	bind_text(st, row->note);
	bind_i64(st, row->created_s);
	bind_i64(st, row->opened_s);
	bind_i64(st, row->closed_s);
	return stmt_run(st);
}

#define ACCOUNT_SELECT                                                                             \
	"SELECT a.property_id, a.account_id, a.code, a.customer_id, a.state, a.plan_code,"         \
	" a.alarm1_fen, a.alarm2_fen, a.overdraft_fen, a.hoarding_fen, a.allow_close_fen, a.note," \
	" a.created_s, a.opened_s, a.closed_s, a.version FROM account a "

static void account_read(struct stmt *st, struct account_row *row)
{
	row->property_id = col_i64(st);
	row->account_id = col_i64(st);
	col_text_to(st, row->code, sizeof row->code);
	row->customer_id = col_i64(st);
	row->state = (enum account_state)col_i64(st);
	col_text_to(st, row->plan_code, sizeof row->plan_code);
	for (int i = 0; i < ACCOUNT_LIMITS; i++) {
		row->set[i] = !col_is_null(st);
		row->limit_fen[i] = col_i64(st);
	}
	col_text_to(st, row->note, sizeof row->note);
	row->created_s = col_i64(st);
	row->opened_s = col_i64(st);
	row->closed_s = col_i64(st);
	row->version = col_i64(st);
}

static enum err account_one(struct stmt *st, struct account_row *row)
{
	bool found = stmt_row(st);

	if (found)
		account_read(st, row);
	return stmt_end_one(st, found);
}

enum err account_get(struct db *db, int64_t property_id, int64_t account_id,
                     struct account_row *row)
{
	struct stmt *st = db_query(db, ACCOUNT_SELECT "WHERE a.property_id=? AND a.account_id=?");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	return account_one(st, row);
}

enum err account_by_code(struct db *db, int64_t property_id, const char *code,
                         struct account_row *row)
{
	struct stmt *st = db_query(db, ACCOUNT_SELECT "WHERE a.property_id=? AND a.code=?");

	bind_i64(st, property_id);
	bind_text(st, code);
	return account_one(st, row);
}

enum err account_update(struct db *db, struct account_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE account SET code=?, customer_id=?, state=?, plan_code=?, alarm1_fen=?,"
	            " alarm2_fen=?, overdraft_fen=?, hoarding_fen=?, allow_close_fen=?, note=?,"
	            " created_s=?, opened_s=?, closed_s=?, version=version+1"
	            " WHERE property_id=? AND account_id=? AND version=?");
	enum err err;

	bind_text(st, row->code);
	bind_i64(st, row->customer_id);
	bind_i64(st, row->state);
	bind_text(st, row->plan_code);
	bind_limits(st, row);
	bind_text(st, row->note);
	bind_i64(st, row->created_s);
	bind_i64(st, row->opened_s);
	bind_i64(st, row->closed_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	if (!err)
		row->version++;
	return err;
}

static enum err account_rows(struct stmt *st, bool (*each)(void *arg, const struct account_row *),
                             void *arg)
{
	struct account_row row;

	while (stmt_row(st)) {
		account_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err account_walk(struct db *db, int64_t property_id, int state, int64_t after,
                      bool (*each)(void *arg, const struct account_row *), void *arg)
{
	struct stmt *st = db_query(db, ACCOUNT_SELECT "WHERE a.property_id=? AND (?=0 OR a.state=?)"
	                                              " AND a.account_id>? ORDER BY a.account_id");

	bind_i64(st, property_id);
	bind_i64(st, state);
	bind_i64(st, state);
	bind_i64(st, after);
	return account_rows(st, each, arg);
}

/* ---- lists ---- */

#define LIST_FILTER                                                                                \
	"JOIN customer c ON c.property_id=a.property_id AND c.customer_id=a.customer_id"           \
	" WHERE a.property_id=? AND (?=0 OR a.customer_id=?) AND (?=0 OR a.state=?)"               \
	" AND (?=0 OR EXISTS(SELECT 1 FROM account_meter u WHERE u.property_id=a.property_id"      \
	" AND u.account_id=a.account_id AND u.meter=?))"                                           \
	" AND (?='' OR lower(a.code) LIKE ? ESCAPE '\\' OR lower(c.name) LIKE ? ESCAPE '\\') "
#define LIST_UP(key)                                                                               \
	ACCOUNT_SELECT LIST_FILTER "AND (" key ", a.account_id)>(?,?) ORDER BY " key               \
	                           ", a.account_id"
#define LIST_DOWN(key)                                                                             \
	ACCOUNT_SELECT LIST_FILTER "AND (" key ", a.account_id)<(?,?) ORDER BY " key               \
	                           " DESC, a.account_id DESC"

static const char *const orders[][2] = {
        [ACCOUNT_BY_NUMBER] = {LIST_UP("a.account_id"), LIST_DOWN("a.account_id")},
        [ACCOUNT_BY_CODE] = {LIST_UP("a.code"),       LIST_DOWN("a.code")      },
        [ACCOUNT_BY_OPENED] = {LIST_UP("a.opened_s"),   LIST_DOWN("a.opened_s")  },
};

enum err account_list(struct db *db, int64_t property_id, const struct account_filter *filter,
                      bool (*each)(void *arg, const struct account_row *), void *arg)
{
	const struct list_ask *ask = &filter->ask;
	struct stmt *st = db_query(db, orders[ask->sort][ask->descending]);
	char pattern[LIST_LIKE_SIZE];

	list_like(pattern, ask->search);
	bind_i64(st, property_id);
	bind_i64(st, filter->customer_id);
	bind_i64(st, filter->customer_id);
	bind_i64(st, filter->state);
	bind_i64(st, filter->state);
	bind_i64(st, filter->meter);
	bind_i64(st, filter->meter);
	bind_text(st, ask->search);
	bind_text(st, pattern);
	bind_text(st, pattern);
	if (ask->sort == ACCOUNT_BY_CODE)
		bind_text(st, list_after_text(ask));
	else if (ask->sort == ACCOUNT_BY_NUMBER)
		bind_i64(st, list_after_id(ask));
	else
		bind_i64(st, list_after_number(ask));
	bind_i64(st, list_after_id(ask));
	return account_rows(st, each, arg);
}

/* ---- terms ---- */

enum err account_terms_put(struct db *db, const struct account_terms *terms)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO account_terms(property_id, account_id, from_s, kind,"
	            " fee_fen, bill_day, due_days, overdue_trips, by_name)"
	            " VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(property_id, account_id, from_s)"
	            " DO UPDATE SET kind=excluded.kind, fee_fen=excluded.fee_fen,"
	            " bill_day=excluded.bill_day, due_days=excluded.due_days,"
	            " overdue_trips=excluded.overdue_trips, by_name=excluded.by_name");

	bind_i64(st, terms->property_id);
	bind_i64(st, terms->account_id);
	bind_i64(st, terms->from_s);
	bind_text(st, account_kind_word(terms->kind));
	bind_i64(st, terms->fee_fen);
	bind_i64(st, terms->bill_day);
	bind_i64(st, terms->due_days);
	bind_i64(st, terms->overdue_trips);
	bind_text(st, terms->by_name);
	return stmt_run(st);
}

#define TERMS_SELECT                                                                               \
	"SELECT property_id, account_id, from_s, kind, fee_fen, bill_day, due_days,"               \
	" overdue_trips, by_name FROM account_terms "

/* A word that this program does not know was written by no program: ERR_DAMAGED. */
static enum err terms_read(struct stmt *st, struct account_terms *terms)
{
	bool known;

	terms->property_id = col_i64(st);
	terms->account_id = col_i64(st);
	terms->from_s = col_i64(st);
	known = account_kind_parse(col_text(st), &terms->kind);
	terms->fee_fen = col_i64(st);
	terms->bill_day = (int32_t)col_i64(st);
	terms->due_days = (int32_t)col_i64(st);
	terms->overdue_trips = col_i64(st) != 0;
	col_text_to(st, terms->by_name, sizeof terms->by_name);
	return known ? ERR_NONE : ERR_DAMAGED;
}

static enum err terms_one(struct stmt *st, struct account_terms *terms)
{
	bool found = stmt_row(st);
	enum err err = found ? terms_read(st, terms) : ERR_NONE;
	enum err end = stmt_end_one(st, found);

	return end ? end : err;
}

enum err account_terms_at(struct db *db, int64_t property_id, int64_t account_id, int64_t at_s,
                          struct account_terms *terms)
{
	struct stmt *st = db_query(db, TERMS_SELECT "WHERE property_id=? AND account_id=?"
	                                            " AND from_s<=? ORDER BY from_s DESC LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, at_s);
	return terms_one(st, terms);
}

enum err account_terms_first(struct db *db, int64_t property_id, int64_t account_id,
                             struct account_terms *terms)
{
	struct stmt *st = db_query(db, TERMS_SELECT "WHERE property_id=? AND account_id=?"
	                                            " ORDER BY from_s LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	return terms_one(st, terms);
}

enum err account_terms_list(struct db *db, int64_t property_id, int64_t account_id,
                            bool (*each)(void *arg, const struct account_terms *), void *arg)
{
	struct stmt *st = db_query(db, TERMS_SELECT "WHERE property_id=? AND account_id=?"
	                                            " ORDER BY from_s");
	struct account_terms terms;
	enum err err = ERR_NONE, end;

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	while (!err && stmt_row(st)) {
		err = terms_read(st, &terms);
		if (!err && !each(arg, &terms))
			break;
	}
	end = stmt_end(st);
	return err ? err : end;
}

enum err account_forget_notes(struct db *db, int64_t property_id, int64_t customer_id)
{
	struct stmt *st = db_query(db, "UPDATE account SET note='', version=version+1"
	                               " WHERE property_id=? AND customer_id=? AND note<>''");

	bind_i64(st, property_id);
	bind_i64(st, customer_id);
	return stmt_run(st);
}

enum err account_terms_delete(struct db *db, int64_t property_id, int64_t account_id,
                              int64_t from_s)
{
	struct stmt *st = db_query(db, "DELETE FROM account_terms WHERE property_id=?"
	                               " AND account_id=? AND from_s=?");
	enum err err;

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, from_s);
	err = stmt_run(st);
	return err ? err : db_changes(db) ? ERR_NONE : ERR_NOT_FOUND;
}
