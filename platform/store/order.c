#include "platform/store/order.h"

#include <stdio.h>
#include <string.h>

#include "platform/store/info.h"

/* ---- words ---- */

static const char *const channels[] = {
        [CHANNEL_CASH] = "cash",     [CHANNEL_TRANSFER] = "transfer", [CHANNEL_WECHAT] = "wechat",
        [CHANNEL_ALIPAY] = "alipay", [CHANNEL_MODEL] = "model",
};

const char *channel_word(enum pay_channel channel)
{
	return channels[channel];
}

bool channel_parse(const char *word, enum pay_channel *channel)
{
	for (unsigned i = CHANNEL_CASH; i <= CHANNEL_LAST; i++)
		if (strcmp(channels[i], word) == 0) {
			*channel = (enum pay_channel)i;
			return true;
		}
	return false;
}

static const char *const states[] = {
        [ORDER_CREATED] = "created",
        [ORDER_PAYING] = "paying",
        [ORDER_PAID] = "paid",
        [ORDER_DELIVERING] = "delivering",
        [ORDER_DELIVERED] = "delivered",
        [ORDER_EXPIRED] = "expired",
        [ORDER_CLOSED] = "closed",
        [ORDER_MISMATCH] = "mismatch",
        [ORDER_DELIVERY_FAILED] = "delivery_failed",
        [ORDER_REFUNDING] = "refunding",
        [ORDER_REFUNDED] = "refunded",
        [ORDER_REFUND_ABNORMAL] = "refund_abnormal",
};

const char *order_state_word(enum order_state state)
{
	return states[state];
}

bool order_state_parse(const char *word, enum order_state *state)
{
	for (unsigned i = ORDER_CREATED; i <= ORDER_STATE_LAST; i++)
		if (strcmp(states[i], word) == 0) {
			*state = (enum order_state)i;
			return true;
		}
	return false;
}

void order_number(int64_t order_id, char number[ORDER_NUMBER_SIZE])
{
	snprintf(number, ORDER_NUMBER_SIZE, "W%012lld", (long long)order_id);
}

bool order_number_parse(const char *number, int64_t *order_id)
{
	int64_t id = 0;

	if (strlen(number) < 13 || strlen(number) > 18 || number[0] != 'W')
		return false;
	for (const char *c = number + 1; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		id = id * 10 + (*c - '0');
	}
	*order_id = id;
	return id > 0;
}

/* ---- rows ---- */

enum err order_insert(struct db *db, struct order_row *row)
{
	enum err err = sequence_next(db, "order", &row->order_id);
	struct stmt *st;

	if (err)
		return err;
	row->version = 1;
	st = db_query(
	        db,
	        "INSERT INTO recharge_order(property_id, order_id, account_id, channel, state,"
	        " amount_fen, arrears_fen, debt_fen, fee_fen, credit_fen, meter, restores, shift_id,"
	        " voucher, created_ms, expires_ms, paid_ms, delivered_ms, group_no, receipt_no,"
	        " reversal_id, by_user_id, by_name, version)"
	        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)");
	bind_i64(st, row->property_id);
	bind_i64(st, row->order_id);
	bind_i64(st, row->account_id);
	bind_i64(st, row->channel);
	bind_i64(st, row->state);
	bind_i64(st, row->amount_fen);
	bind_i64(st, row->arrears_fen);
	bind_i64(st, row->debt_fen);
	bind_i64(st, row->fee_fen);
	bind_i64(st, row->credit_fen);
	bind_i64(st, row->meter);
	bind_i64(st, row->restores);
	bind_i64(st, row->shift_id);
	bind_text(st, row->voucher);
	bind_i64(st, row->created_ms);
	bind_i64(st, row->expires_ms);
	bind_i64(st, row->paid_ms);
	bind_i64(st, row->delivered_ms);
	bind_i64(st, row->group_no);
	bind_i64(st, row->receipt_no);
	bind_i64(st, row->reversal_id);
	bind_i64(st, row->by_user_id);
	bind_text(st, row->by_name);
	return stmt_run(st);
}

#define ORDER_COLUMNS                                                                              \
	"SELECT property_id, order_id, account_id, channel, state, amount_fen, arrears_fen,"       \
	" debt_fen, fee_fen, credit_fen, meter, restores, shift_id, voucher, created_ms,"          \
	" expires_ms, paid_ms, delivered_ms, group_no, receipt_no, reversal_id, by_user_id,"       \
	" by_name, version FROM recharge_order "

static void order_read(struct stmt *st, struct order_row *row)
{
	row->property_id = col_i64(st);
	row->order_id = col_i64(st);
	row->account_id = col_i64(st);
	row->channel = (enum pay_channel)col_i64(st);
	row->state = (enum order_state)col_i64(st);
	row->amount_fen = col_i64(st);
	row->arrears_fen = col_i64(st);
	row->debt_fen = col_i64(st);
	row->fee_fen = col_i64(st);
	row->credit_fen = col_i64(st);
	row->meter = col_i64(st);
	row->restores = col_i64(st) != 0;
	row->shift_id = col_i64(st);
	col_text_to(st, row->voucher, sizeof row->voucher);
	row->created_ms = col_i64(st);
	row->expires_ms = col_i64(st);
	row->paid_ms = col_i64(st);
	row->delivered_ms = col_i64(st);
	row->group_no = col_i64(st);
	row->receipt_no = col_i64(st);
	row->reversal_id = col_i64(st);
	row->by_user_id = col_i64(st);
	col_text_to(st, row->by_name, sizeof row->by_name);
	row->version = col_i64(st);
}

static enum err order_one(struct stmt *st, struct order_row *row)
{
	bool found = stmt_row(st);

	if (found)
		order_read(st, row);
	return stmt_end_one(st, found);
}

static enum err order_each(struct stmt *st, bool (*each)(void *arg, const struct order_row *),
                           void *arg)
{
	struct order_row row;

	while (stmt_row(st)) {
		order_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err order_get(struct db *db, int64_t property_id, int64_t order_id, struct order_row *row)
{
	struct stmt *st = db_query(db, ORDER_COLUMNS "WHERE property_id=? AND order_id=?");

	bind_i64(st, property_id);
	bind_i64(st, order_id);
	return order_one(st, row);
}

enum err order_update(struct db *db, struct order_row *row)
{
	struct stmt *st = db_query(
	        db, "UPDATE recharge_order SET state=?, arrears_fen=?, debt_fen=?, fee_fen=?,"
	            " credit_fen=?, meter=?, shift_id=?, voucher=?, expires_ms=?, paid_ms=?,"
	            " delivered_ms=?, group_no=?, receipt_no=?, reversal_id=?, version=version+1"
	            " WHERE property_id=? AND order_id=? AND version=?");

	bind_i64(st, row->state);
	bind_i64(st, row->arrears_fen);
	bind_i64(st, row->debt_fen);
	bind_i64(st, row->fee_fen);
	bind_i64(st, row->credit_fen);
	bind_i64(st, row->meter);
	bind_i64(st, row->shift_id);
	bind_text(st, row->voucher);
	bind_i64(st, row->expires_ms);
	bind_i64(st, row->paid_ms);
	bind_i64(st, row->delivered_ms);
	bind_i64(st, row->group_no);
	bind_i64(st, row->receipt_no);
	bind_i64(st, row->reversal_id);
	bind_i64(st, row->property_id);
	bind_i64(st, row->order_id);
	bind_i64(st, row->version);
	row->version++;
	return stmt_run_one(st);
}

/* Filters that are 0 match all. */
#define ORDER_MATCH " AND (?=0 OR state=?) AND (?=0 OR channel=?) AND (?=0 OR shift_id=?)"

/* Of all, and of an account: +order_id, or SQLite walks the orders of the whole property. */
static const char *const list_sql[2][2] = {
        {ORDER_COLUMNS "WHERE property_id=? AND order_id>?" ORDER_MATCH " ORDER BY order_id",
         ORDER_COLUMNS "WHERE property_id=? AND order_id<?" ORDER_MATCH " ORDER BY order_id DESC"      },
        {ORDER_COLUMNS "WHERE property_id=? AND account_id=? AND order_id>?" ORDER_MATCH
                       " ORDER BY +order_id",                                        ORDER_COLUMNS "WHERE property_id=? AND account_id=? AND order_id<?" ORDER_MATCH
                       " ORDER BY +order_id DESC"},
};

static void bind_match(struct stmt *st, int64_t value)
{
	bind_i64(st, value);
	bind_i64(st, value);
}

enum err order_list(struct db *db, int64_t property_id, const struct order_filter *filter,
                    bool (*each)(void *arg, const struct order_row *), void *arg)
{
	struct stmt *st = db_query(db, list_sql[filter->account_id != 0][filter->ask.descending]);

	bind_i64(st, property_id);
	if (filter->account_id)
		bind_i64(st, filter->account_id);
	bind_i64(st, list_after_id(&filter->ask));
	bind_match(st, filter->state);
	bind_match(st, filter->channel);
	bind_match(st, filter->shift_id);
	return order_each(st, each, arg);
}

enum err order_last_paid(struct db *db, int64_t property_id, int64_t account_id,
                         struct order_row *row)
{
	struct stmt *st = db_query(db, ORDER_COLUMNS "WHERE property_id=? AND account_id=?"
	                                             " AND group_no>0 AND reversal_id=0 AND state<?"
	                                             " ORDER BY group_no DESC LIMIT 1");

	_Static_assert(ORDER_REFUNDING < ORDER_REFUNDED && ORDER_REFUNDED < ORDER_REFUND_ABNORMAL &&
	                       ORDER_REFUND_ABNORMAL == ORDER_STATE_LAST,
	               "what goes back comes last");
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	bind_i64(st, ORDER_REFUNDING);
	return order_one(st, row);
}

enum err order_late(struct db *db, int64_t now_ms, int64_t limit,
                    bool (*each)(void *arg, const struct order_row *), void *arg)
{
	struct stmt *st = db_query(db, ORDER_COLUMNS "WHERE state IN (1,2) AND expires_ms<=?"
	                                             " ORDER BY expires_ms LIMIT ?");

	_Static_assert(ORDER_CREATED == 1 && ORDER_PAYING == 2,
	               "as in the statement and its index");
	bind_i64(st, now_ms);
	bind_i64(st, limit);
	return order_each(st, each, arg);
}

/* ---- stages ---- */

enum err order_stage_add(struct db *db, const struct order_stage *stage)
{
	struct stmt *st = db_query(db, "INSERT INTO order_stage(property_id, order_id, stage_no,"
	                               " state, at_ms, who, reason) VALUES(?,?,?,?,?,?,?)");

	bind_i64(st, stage->property_id);
	bind_i64(st, stage->order_id);
	bind_i64(st, stage->stage_no);
	bind_i64(st, stage->state);
	bind_i64(st, stage->at_ms);
	bind_text(st, stage->who);
	bind_text(st, stage->reason);
	return stmt_run(st);
}

enum err order_stages(struct db *db, int64_t property_id, int64_t order_id,
                      bool (*each)(void *arg, const struct order_stage *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT property_id, order_id, stage_no, state, at_ms, who,"
	                               " reason FROM order_stage WHERE property_id=? AND order_id=?"
	                               " ORDER BY stage_no");
	struct order_stage stage;

	bind_i64(st, property_id);
	bind_i64(st, order_id);
	while (stmt_row(st)) {
		stage.property_id = col_i64(st);
		stage.order_id = col_i64(st);
		stage.stage_no = col_i64(st);
		stage.state = (enum order_state)col_i64(st);
		stage.at_ms = col_i64(st);
		col_text_to(st, stage.who, sizeof stage.who);
		col_text_to(st, stage.reason, sizeof stage.reason);
		if (!each(arg, &stage))
			break;
	}
	return stmt_end(st);
}

/* ---- debts that it recovered ---- */

enum err order_debt_add(struct db *db, const struct order_debt *row)
{
	struct stmt *st = db_query(db, "INSERT INTO order_debt(property_id, order_id, debt_id,"
	                               " amount_fen) VALUES(?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->order_id);
	bind_i64(st, row->debt_id);
	bind_i64(st, row->amount_fen);
	return stmt_run(st);
}

enum err order_debts(struct db *db, int64_t property_id, int64_t order_id,
                     struct order_debt rows[ORDER_DEBTS_MAX], size_t *count)
{
	struct stmt *st = db_query(db, "SELECT property_id, order_id, debt_id, amount_fen"
	                               " FROM order_debt WHERE property_id=? AND order_id=?"
	                               " ORDER BY debt_id");

	*count = 0;
	bind_i64(st, property_id);
	bind_i64(st, order_id);
	while (*count < ORDER_DEBTS_MAX && stmt_row(st)) {
		struct order_debt *row = &rows[(*count)++];

		row->property_id = col_i64(st);
		row->order_id = col_i64(st);
		row->debt_id = col_i64(st);
		row->amount_fen = col_i64(st);
	}
	return stmt_end(st);
}
