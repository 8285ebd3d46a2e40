#include "platform/store/vend.h"

#include <string.h>

#include "platform/store/info.h"

/* ---- words ---- */

static bool find(const char *const *words, unsigned last, const char *word, unsigned *number)
{
	for (unsigned i = 1; i <= last; i++)
		if (strcmp(words[i], word) == 0) {
			*number = i;
			return true;
		}
	return false;
}

static const char *const refund_kinds[] = {
        [REFUND_REVERSAL] = "reversal", [REFUND_CREDIT] = "credit",   [REFUND_PAYMENT] = "payment",
        [REFUND_SUSPENSE] = "suspense", [REFUND_CLOSING] = "closing",
};

const char *refund_kind_word(enum refund_kind kind)
{
	return refund_kinds[kind];
}

bool refund_kind_parse(const char *word, enum refund_kind *kind)
{
	unsigned number;
	bool found = find(refund_kinds, REFUND_CLOSING, word, &number);

	if (found)
		*kind = (enum refund_kind)number;
	return found;
}

static const char *const refund_states[] = {
        [REFUND_DECIDED] = "decided",
        [REFUND_PAID] = "paid",
        [REFUND_FAILED] = "failed",
};

const char *refund_state_word(enum refund_state state)
{
	return refund_states[state];
}

bool refund_state_parse(const char *word, enum refund_state *state)
{
	unsigned number;
	bool found = find(refund_states, REFUND_FAILED, word, &number);

	if (found)
		*state = (enum refund_state)number;
	return found;
}

static const char *const debt_kinds[] = {
        [DEBT_RENT] = "rent",
        [DEBT_PROPERTY_FEE] = "property_fee",
        [DEBT_INSTALMENT] = "instalment",
        [DEBT_OTHER] = "other",
};

const char *debt_kind_word(enum debt_kind kind)
{
	return debt_kinds[kind];
}

bool debt_kind_parse(const char *word, enum debt_kind *kind)
{
	unsigned number;
	bool found = find(debt_kinds, DEBT_KIND_LAST, word, &number);

	if (found)
		*kind = (enum debt_kind)number;
	return found;
}

static const char *const debt_states[] = {
        [DEBT_OPEN] = "open",
        [DEBT_DONE] = "done",
        [DEBT_VOID] = "void",
};

const char *debt_state_word(enum debt_state state)
{
	return debt_states[state];
}

/* ---- rules ---- */

static const int64_t built_in[VEND_RULE_COUNT] = {
#define X(id, name, min, max, builtin) builtin,
        VEND_RULES(X)
#undef X
};

enum err vend_rules_get(struct db *db, int64_t property_id, struct vend_rules *rules)
{
	struct stmt *st = db_query(
	        db, "SELECT version, min_purchase_fen, max_purchase_fen, fee_ppm, recover_ppm,"
	            " order_life_s, reversal_alone_fen, refund_alone_fen, adjust_alone_fen"
	            " FROM vend_rule WHERE property_id=?");

	rules->property_id = property_id;
	rules->version = 0;
	memcpy(rules->value, built_in, sizeof rules->value);
	bind_i64(st, property_id);
	if (stmt_row(st)) {
		rules->version = col_i64(st);
		for (unsigned i = 0; i < VEND_RULE_COUNT; i++)
			rules->value[i] = col_i64(st);
	}
	return stmt_end(st);
}

enum err vend_rules_put(struct db *db, struct vend_rules *rules)
{
	struct stmt *st;
	bool new = rules->version == 0;

	if (new)
		st = db_query(
		        db, "INSERT INTO vend_rule(min_purchase_fen, max_purchase_fen, fee_ppm,"
		            " recover_ppm, order_life_s, reversal_alone_fen, refund_alone_fen,"
		            " adjust_alone_fen, property_id, version) VALUES(?,?,?,?,?,?,?,?,?,1)");
	else
		st = db_query(db, "UPDATE vend_rule SET min_purchase_fen=?, max_purchase_fen=?,"
		                  " fee_ppm=?, recover_ppm=?, order_life_s=?, reversal_alone_fen=?,"
		                  " refund_alone_fen=?, adjust_alone_fen=?, version=version+1"
		                  " WHERE property_id=? AND version=?");
	for (unsigned i = 0; i < VEND_RULE_COUNT; i++)
		bind_i64(st, rules->value[i]);
	bind_i64(st, rules->property_id);
	if (!new)
		bind_i64(st, rules->version);
	rules->version++;
	return new ? stmt_run(st) : stmt_run_one(st);
}

/* ---- shifts ---- */

enum err shift_insert(struct db *db, struct shift_row *row)
{
	enum err err = sequence_next(db, "shift", &row->shift_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO shift(property_id, shift_id, user_id, by_name, opened_ms,"
	                  " closed_ms, opening_fen, expected_fen, counted_fen, difference_fen,"
	                  " handed_to, note, version) VALUES(?,?,?,?,?,0,?,0,0,0,'','',1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->shift_id);
	bind_i64(st, row->user_id);
	bind_text(st, row->by_name);
	bind_i64(st, row->opened_ms);
	bind_i64(st, row->opening_fen);
	return stmt_run(st);
}

#define SHIFT_COLUMNS                                                                              \
	"SELECT property_id, shift_id, user_id, by_name, opened_ms, closed_ms, opening_fen,"       \
	" expected_fen, counted_fen, difference_fen, handed_to, note, version FROM shift "

static void shift_read(struct stmt *st, struct shift_row *row)
{
	row->property_id = col_i64(st);
	row->shift_id = col_i64(st);
	row->user_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	row->opened_ms = col_i64(st);
	row->closed_ms = col_i64(st);
	row->opening_fen = col_i64(st);
	row->expected_fen = col_i64(st);
	row->counted_fen = col_i64(st);
	row->difference_fen = col_i64(st);
	col_text_to(st, row->handed_to, sizeof row->handed_to);
	col_text_to(st, row->note, sizeof row->note);
	row->version = col_i64(st);
}

static enum err shift_one(struct stmt *st, struct shift_row *row)
{
	bool found = stmt_row(st);

	if (found)
		shift_read(st, row);
	return stmt_end_one(st, found);
}

enum err shift_get(struct db *db, int64_t property_id, int64_t shift_id, struct shift_row *row)
{
	struct stmt *st = db_query(db, SHIFT_COLUMNS "WHERE property_id=? AND shift_id=?");

	bind_i64(st, property_id);
	bind_i64(st, shift_id);
	return shift_one(st, row);
}

enum err shift_update(struct db *db, struct shift_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE shift SET closed_ms=?, expected_fen=?, counted_fen=?, difference_fen=?,"
	            " handed_to=?, note=?, version=version+1"
	            " WHERE property_id=? AND shift_id=? AND version=?");

	bind_i64(st, row->closed_ms);
	bind_i64(st, row->expected_fen);
	bind_i64(st, row->counted_fen);
	bind_i64(st, row->difference_fen);
	bind_text(st, row->handed_to);
	bind_text(st, row->note);
	bind_i64(st, row->property_id);
	bind_i64(st, row->shift_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err shift_open_of(struct db *db, int64_t property_id, int64_t user_id, const char *name,
                       struct shift_row *row)
{
	struct stmt *st = db_query(db, SHIFT_COLUMNS "WHERE property_id=? AND user_id=?"
	                                             " AND by_name=? AND closed_ms=0");

	bind_i64(st, property_id);
	bind_i64(st, user_id);
	bind_text(st, name);
	return shift_one(st, row);
}

enum err shift_list(struct db *db, int64_t property_id, bool open_only, int64_t before,
                    bool (*each)(void *arg, const struct shift_row *), void *arg)
{
	struct stmt *st = db_query(db, SHIFT_COLUMNS "WHERE property_id=? AND (?=0 OR closed_ms=0)"
	                                             " AND (?=0 OR shift_id<?)"
	                                             " ORDER BY shift_id DESC");
	struct shift_row row;

	bind_i64(st, property_id);
	bind_i64(st, open_only);
	bind_i64(st, before);
	bind_i64(st, before);
	while (stmt_row(st)) {
		shift_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

/* ---- refunds ---- */

enum err refund_insert(struct db *db, struct refund_row *row)
{
	enum err err = sequence_next(db, "refund", &row->refund_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO refund(property_id, refund_id, kind, state, account_id,"
	                  " order_id, suspense_id, approval_id, amount_fen, channel, payee, reason,"
	                  " by_user_id, by_name, decided_ms, paid_ms, paid_by, voucher, failure,"
	                  " shift_id, group_no, paid_group_no, version)"
	                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->refund_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->state);
	bind_i64(st, row->account_id);
	bind_i64(st, row->order_id);
	bind_i64(st, row->suspense_id);
	bind_i64(st, row->approval_id);
	bind_i64(st, row->amount_fen);
	bind_i64(st, row->channel);
	bind_text(st, row->payee);
	bind_text(st, row->reason);
	bind_i64(st, row->by_user_id);
	bind_text(st, row->by_name);
	bind_i64(st, row->decided_ms);
	bind_i64(st, row->paid_ms);
	bind_text(st, row->paid_by);
	bind_text(st, row->voucher);
	bind_text(st, row->failure);
	bind_i64(st, row->shift_id);
	bind_i64(st, row->group_no);
	bind_i64(st, row->paid_group_no);
	return stmt_run(st);
}

#define REFUND_COLUMNS                                                                             \
	"SELECT property_id, refund_id, kind, state, account_id, order_id, suspense_id,"           \
	" approval_id, amount_fen, channel, payee, reason, by_user_id, by_name, decided_ms,"       \
	" paid_ms, paid_by, voucher, failure, shift_id, group_no, paid_group_no, version"          \
	" FROM refund "

static void refund_read(struct stmt *st, struct refund_row *row)
{
	row->property_id = col_i64(st);
	row->refund_id = col_i64(st);
	row->kind = (enum refund_kind)col_i64(st);
	row->state = (enum refund_state)col_i64(st);
	row->account_id = col_i64(st);
	row->order_id = col_i64(st);
	row->suspense_id = col_i64(st);
	row->approval_id = col_i64(st);
	row->amount_fen = col_i64(st);
	row->channel = (enum pay_channel)col_i64(st);
	col_text_to(st, row->payee, sizeof row->payee);
	col_text_to(st, row->reason, sizeof row->reason);
	row->by_user_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	row->decided_ms = col_i64(st);
	row->paid_ms = col_i64(st);
	col_text_to(st, row->paid_by, sizeof row->paid_by);
	col_text_to(st, row->voucher, sizeof row->voucher);
	col_text_to(st, row->failure, sizeof row->failure);
	row->shift_id = col_i64(st);
	row->group_no = col_i64(st);
	row->paid_group_no = col_i64(st);
	row->version = col_i64(st);
}

static enum err refund_one(struct stmt *st, struct refund_row *row)
{
	bool found = stmt_row(st);

	if (found)
		refund_read(st, row);
	return stmt_end_one(st, found);
}

enum err refund_get(struct db *db, int64_t property_id, int64_t refund_id, struct refund_row *row)
{
	struct stmt *st = db_query(db, REFUND_COLUMNS "WHERE property_id=? AND refund_id=?");

	bind_i64(st, property_id);
	bind_i64(st, refund_id);
	return refund_one(st, row);
}

enum err refund_update(struct db *db, struct refund_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE refund SET state=?, channel=?, paid_ms=?, paid_by=?, voucher=?,"
	            " failure=?, shift_id=?, group_no=?, paid_group_no=?, version=version+1"
	            " WHERE property_id=? AND refund_id=? AND version=?");

	bind_i64(st, row->state);
	bind_i64(st, row->channel);
	bind_i64(st, row->paid_ms);
	bind_text(st, row->paid_by);
	bind_text(st, row->voucher);
	bind_text(st, row->failure);
	bind_i64(st, row->shift_id);
	bind_i64(st, row->group_no);
	bind_i64(st, row->paid_group_no);
	bind_i64(st, row->property_id);
	bind_i64(st, row->refund_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err refund_list(struct db *db, int64_t property_id, const struct refund_ask *ask,
                     bool (*each)(void *arg, const struct refund_row *), void *arg)
{
	struct stmt *st = db_query(db, REFUND_COLUMNS "WHERE property_id=? AND (?=0 OR refund_id<?)"
	                                              " AND (?=0 OR account_id=?)"
	                                              " AND (?=0 OR state=?) AND (?=0 OR kind=?)"
	                                              " ORDER BY refund_id DESC");
	struct refund_row row;

	bind_i64(st, property_id);
	bind_i64(st, ask->before);
	bind_i64(st, ask->before);
	bind_i64(st, ask->account_id);
	bind_i64(st, ask->account_id);
	bind_i64(st, ask->state);
	bind_i64(st, ask->state);
	bind_i64(st, ask->kind);
	bind_i64(st, ask->kind);
	while (stmt_row(st)) {
		refund_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err refund_of_order(struct db *db, int64_t property_id, int64_t order_id,
                         struct refund_row *row)
{
	struct stmt *st =
	        db_query(db, REFUND_COLUMNS "WHERE property_id=? AND order_id=?"
	                                    " AND kind=3 ORDER BY refund_id DESC LIMIT 1");

	_Static_assert(REFUND_PAYMENT == 3, "as in the statement");
	bind_i64(st, property_id);
	bind_i64(st, order_id);
	return refund_one(st, row);
}

/* ---- debts ---- */

enum err debt_insert(struct db *db, struct debt_row *row)
{
	enum err err = sequence_next(db, "debt", &row->debt_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(db, "INSERT INTO debt(property_id, debt_id, account_id, kind, state,"
	                  " amount_fen, recovered_fen, reason, by_name, created_ms, done_ms,"
	                  " version) VALUES(?,?,?,?,?,?,?,?,?,?,0,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->debt_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->kind);
	bind_i64(st, row->state);
	bind_i64(st, row->amount_fen);
	bind_i64(st, row->recovered_fen);
	bind_text(st, row->reason);
	bind_text(st, row->by_name);
	bind_i64(st, row->created_ms);
	return stmt_run(st);
}

#define DEBT_COLUMNS                                                                               \
	"SELECT property_id, debt_id, account_id, kind, state, amount_fen, recovered_fen, reason," \
	" by_name, created_ms, done_ms, version FROM debt "

static void debt_read(struct stmt *st, struct debt_row *row)
{
	row->property_id = col_i64(st);
	row->debt_id = col_i64(st);
	row->account_id = col_i64(st);
	row->kind = (enum debt_kind)col_i64(st);
	row->state = (enum debt_state)col_i64(st);
	row->amount_fen = col_i64(st);
	row->recovered_fen = col_i64(st);
	col_text_to(st, row->reason, sizeof row->reason);
	col_text_to(st, row->by_name, sizeof row->by_name);
	row->created_ms = col_i64(st);
	row->done_ms = col_i64(st);
	row->version = col_i64(st);
}

enum err debt_get(struct db *db, int64_t property_id, int64_t debt_id, struct debt_row *row)
{
	struct stmt *st = db_query(db, DEBT_COLUMNS "WHERE property_id=? AND debt_id=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, debt_id);
	found = stmt_row(st);
	if (found)
		debt_read(st, row);
	return stmt_end_one(st, found);
}

enum err debt_update(struct db *db, struct debt_row *row)
{
	struct stmt *st =
	        db_query(db, "UPDATE debt SET state=?, recovered_fen=?, done_ms=?,"
	                     " version=version+1 WHERE property_id=? AND debt_id=? AND version=?");

	bind_i64(st, row->state);
	bind_i64(st, row->recovered_fen);
	bind_i64(st, row->done_ms);
	bind_i64(st, row->property_id);
	bind_i64(st, row->debt_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

enum err debt_list(struct db *db, int64_t property_id, int64_t account_id, bool open_only,
                   int64_t after, bool (*each)(void *arg, const struct debt_row *), void *arg)
{
	/* Two texts: a purchase asks for one account's, and must not walk all. */
	struct stmt *st =
	        account_id ? db_query(db, DEBT_COLUMNS "WHERE property_id=? AND account_id=?"
	                                               " AND debt_id>? AND (?=0 OR state=1)"
	                                               " ORDER BY debt_id")
	                   : db_query(db, DEBT_COLUMNS "WHERE property_id=? AND debt_id>?"
	                                               " AND (?=0 OR state=1) ORDER BY debt_id");
	struct debt_row row;

	_Static_assert(DEBT_OPEN == 1, "as in the statement");
	bind_i64(st, property_id);
	if (account_id)
		bind_i64(st, account_id);
	bind_i64(st, after);
	bind_i64(st, open_only);
	while (stmt_row(st)) {
		debt_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}
