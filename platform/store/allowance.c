#include "platform/store/allowance.h"

#include <string.h>

#include "libs/base/macros.h"

static const char *const period_words[] = {
        [ALLOWANCE_ONCE] = "once", [ALLOWANCE_DAILY] = "day", [ALLOWANCE_MONTHLY] = "month"};
static const char *const kind_words[] = {[GRANT_ENERGY] = "energy", [GRANT_MONEY] = "money"};

static bool find_word(const char *const *words, size_t count, const char *word, unsigned *index)
{
	for (*index = 0; *index < count; ++*index)
		if (strcmp(words[*index], word) == 0)
			return true;
	return false;
}

const char *allowance_period_word(enum allowance_period period)
{
	return period_words[period];
}

bool allowance_period_parse(const char *word, enum allowance_period *period)
{
	unsigned index;
	bool found = find_word(period_words, ARRAY_SIZE(period_words), word, &index);

	*period = (enum allowance_period)index;
	return found;
}

const char *allowance_kind_word(enum grant_kind kind)
{
	return kind_words[kind];
}

bool allowance_kind_parse(const char *word, enum grant_kind *kind)
{
	unsigned index;
	bool found = find_word(kind_words, ARRAY_SIZE(kind_words), word, &index);

	*kind = (enum grant_kind)index;
	return found;
}

#define ALLOWANCE_SELECT                                                                           \
	"SELECT property_id, allowance_id, account_id, kind, service, source, period, amount,"     \
	" cap, from_s, until_s, period_no, left_now, given, used, lapsed, ended_s, by_name,"       \
	" created_s, version FROM allowance "

static void allowance_read(struct stmt *st, struct allowance_row *row)
{
	row->property_id = col_i64(st);
	row->allowance_id = col_i64(st);
	row->account_id = col_i64(st);
	row->kind = (enum grant_kind)col_i64(st);
	row->service = (enum service)col_i64(st);
	col_text_to(st, row->source, sizeof row->source);
	row->period = (enum allowance_period)col_i64(st);
	row->amount = col_i64(st);
	row->cap = col_i64(st);
	row->from_s = col_i64(st);
	row->until_s = col_i64(st);
	row->period_no = col_i64(st);
	row->left = col_i64(st);
	row->given = col_i64(st);
	row->used = col_i64(st);
	row->lapsed = col_i64(st);
	row->ended_s = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	row->created_s = col_i64(st);
	row->version = col_i64(st);
}

enum err allowance_insert(struct db *db, const struct allowance_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO allowance(property_id, allowance_id, account_id, kind, service,"
	            " source, period, amount, cap, from_s, until_s, period_no, left_now, given,"
	            " used, lapsed, ended_s, by_name, created_s, version)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->allowance_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->service);
	bind_text(st, row->source);
	bind_i64(st, row->period);
	bind_i64(st, row->amount);
	bind_i64(st, row->cap);
	bind_i64(st, row->from_s);
	bind_i64(st, row->until_s);
	bind_i64(st, row->period_no);
	bind_i64(st, row->left);
	bind_i64(st, row->given);
	bind_i64(st, row->used);
	bind_i64(st, row->lapsed);
	bind_i64(st, row->ended_s);
	bind_text(st, row->by_name);
	bind_i64(st, row->created_s);
	bind_i64(st, row->version);
	return stmt_run(st);
}

enum err allowance_get(struct db *db, int64_t property_id, int64_t allowance_id,
                       struct allowance_row *row)
{
	struct stmt *st = db_query(db, ALLOWANCE_SELECT "WHERE property_id=? AND allowance_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, allowance_id);
	found = stmt_row(st);
	if (found)
		allowance_read(st, row);
	return stmt_end_one(st, found);
}

enum err allowance_update(struct db *db, struct allowance_row *row)
{
	struct stmt *st = db_query(db, "UPDATE allowance SET period_no=?, left_now=?, given=?,"
	                               " used=?, lapsed=?, ended_s=?, version=version+1"
	                               " WHERE property_id=? AND allowance_id=? AND version=?");
	enum err err;

	bind_i64(st, row->period_no);
	bind_i64(st, row->left);
	bind_i64(st, row->given);
	bind_i64(st, row->used);
	bind_i64(st, row->lapsed);
	bind_i64(st, row->ended_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->allowance_id);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	if (!err)
		row->version++;
	return err;
}

enum err allowance_list(struct db *db, int64_t property_id, int64_t account_id, bool open_only,
                        bool (*each)(void *arg, const struct allowance_row *), void *arg)
{
	struct stmt *st =
	        open_only ? db_query(db, ALLOWANCE_SELECT "WHERE property_id=? AND account_id=?"
	                                                  " AND ended_s=0 ORDER BY allowance_id")
	                  : db_query(db, ALLOWANCE_SELECT "WHERE property_id=? AND account_id=?"
	                                                  " ORDER BY allowance_id");
	struct allowance_row row;

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	while (stmt_row(st)) {
		allowance_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err allowance_page(struct db *db, int64_t property_id, int64_t account_id, const char *source,
                        bool open_only, int64_t before,
                        bool (*each)(void *arg, const struct allowance_row *), void *arg)
{
	struct stmt *st =
	        account_id ? db_query(db, ALLOWANCE_SELECT
	                              "WHERE property_id=? AND allowance_id<? AND account_id=?"
	                              " ORDER BY allowance_id DESC")
	        : source   ? db_query(db, ALLOWANCE_SELECT
	                              "WHERE property_id=? AND allowance_id<? AND source=?"
	                                " ORDER BY allowance_id DESC")
	                   : db_query(db, ALLOWANCE_SELECT "WHERE property_id=? AND allowance_id<?"
	                                                     " ORDER BY allowance_id DESC");
	struct allowance_row row;

	bind_i64(st, property_id);
	bind_i64(st, before ? before : INT64_MAX);
	if (account_id)
		bind_i64(st, account_id);
	else if (source)
		bind_text(st, source);
	while (stmt_row(st)) {
		allowance_read(st, &row);
		if ((!open_only || !row.ended_s) && !each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err allowance_totals(struct db *db, int64_t property_id,
                          bool (*each)(void *arg, const struct allowance_total *), void *arg)
{
	struct stmt *st = db_query(
	        db, "SELECT source, kind, service, count(*), sum(CASE WHEN ended_s=0 THEN 1 ELSE 0"
	            " END), count(DISTINCT CASE WHEN ended_s=0 THEN account_id END), sum(given),"
	            " sum(used), sum(lapsed), sum(left_now) FROM allowance WHERE property_id=?"
	            " GROUP BY source, kind, service ORDER BY source, kind, service");
	struct allowance_total total;

	bind_i64(st, property_id);
	while (stmt_row(st)) {
		col_text_to(st, total.source, sizeof total.source);
		total.kind = (enum grant_kind)col_i64(st);
		total.service = (enum service)col_i64(st);
		total.allowances = col_i64(st);
		total.open = col_i64(st);
		total.accounts = col_i64(st);
		total.given = col_i64(st);
		total.used = col_i64(st);
		total.lapsed = col_i64(st);
		total.left = col_i64(st);
		if (!each(arg, &total))
			break;
	}
	return stmt_end(st);
}
