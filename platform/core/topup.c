#include "platform/core/topup.h"

#include <stdio.h>

#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/core/order.h"

#define TOPUP_LINE_MAX 16

/* ---- the table ---- */

static bool same(const struct purse_values *a, const struct purse_values *b)
{
	return a->count == b->count && a->total_fen == b->total_fen;
}

enum topup_verdict topup_judge(const struct purse_values *ours, const struct purse_values *then,
                               const struct purse_values *read)
{
	if (same(read, then))
		return TOPUP_THERE;
	if (same(read, ours))
		return TOPUP_SEND;
	return read->count < ours->count ? TOPUP_SEND_OLD : TOPUP_DIFFERS;
}

static const char *const outcomes[] = {
        [TOPUP_ADDED] = "added",
        [TOPUP_REPEAT] = "repeat",
        [TOPUP_COUNT_ERROR] = "count_error",
        [TOPUP_HOARDING] = "hoarding_limit",
        [TOPUP_CUSTOMER] = "other_customer",
        [TOPUP_CHECK] = "check_failed",
        [TOPUP_OTHER] = "refused",
        [TOPUP_LATER] = "not_now",
        [TOPUP_SILENT] = "no_answer",
};

const char *topup_outcome_word(enum topup_outcome outcome)
{
	return outcomes[outcome];
}

enum topup_verdict topup_judge_answer(enum topup_outcome outcome, const struct purse_values *then,
                                      const struct purse_values *read)
{
	switch (outcome) {
	case TOPUP_ADDED:
	case TOPUP_REPEAT:
		/* What it says it holds counts, not that it says it took it. */
		return same(read, then) ? TOPUP_THERE : TOPUP_ASK;
	case TOPUP_COUNT_ERROR:
	case TOPUP_LATER:
	case TOPUP_SILENT:
		return TOPUP_ASK;
	case TOPUP_HOARDING:
	case TOPUP_CUSTOMER:
	case TOPUP_CHECK:
	case TOPUP_OTHER:
		return TOPUP_FAILS;
	}
	return TOPUP_ASK;
}

/* ---- purses and queues ---- */

static enum err purse_of(struct tx *tx, int64_t property_id, int64_t meter, int64_t account_id,
                         struct meter_purse *purse)
{
	enum err err = meter_purse_get(tx->db, property_id, meter, purse);

	if (err != ERR_NOT_FOUND)
		return err;
	*purse = (struct meter_purse){
	        .property_id = property_id, .meter = meter, .account_id = account_id};
	return ERR_NONE;
}

/* Under way now: its count follows what we know to be in the purse. */
static void count_up(struct topup_row *row, const struct meter_purse *purse, int64_t now_ms)
{
	row->state = TOPUP_QUEUED;
	/* A void passes over the one that may still be on its way. */
	row->count = purse->count + (row->kind == TOPUP_VOID ? 2 : 1);
	row->total_fen = row->kind == TOPUP_VOID ? 0 : purse->total_fen + row->amount_fen;
	row->next_ms = now_ms;
}

/* Into the queue of its meter. */
static enum err line_up(struct tx *tx, struct topup_row *row, int64_t now_ms)
{
	struct meter_purse purse;
	struct topup_row other;
	enum err err = purse_of(tx, row->property_id, row->meter, row->account_id, &purse);

	row->state = TOPUP_WAITING;
	row->created_ms = now_ms;
	purse.account_id = row->account_id;
	if (!err)
		err = meter_purse_put(tx->db, &purse);
	if (err)
		return err;
	err = topup_under_way(tx->db, row->property_id, row->meter, &other);
	if (err == ERR_NOT_FOUND) {
		count_up(row, &purse, now_ms);
		err = ERR_NONE;
	}
	return err ? err : topup_insert(tx->db, row);
}

enum err topup_begin(struct tx *tx, struct order_row *order, const char *who, int64_t now_ms,
                     struct effects *out)
{
	struct topup_row row = {.property_id = order->property_id,
	                        .kind = TOPUP_ORDER,
	                        .order_id = order->order_id,
	                        .account_id = order->account_id,
	                        .meter = order->meter,
	                        .amount_fen = order->credit_fen};
	enum err err = line_up(tx, &row, now_ms);

	return err ? err : order_go(tx, order, ORDER_SEND, who, "", now_ms, out);
}

enum err topup_carry(struct tx *tx, int64_t property_id, int64_t account_id, int64_t meter,
                     int64_t amount_fen, int64_t now_ms)
{
	struct topup_row row = {.property_id = property_id,
	                        .kind = TOPUP_CARRY,
	                        .account_id = account_id,
	                        .meter = meter,
	                        .amount_fen = amount_fen};

	return amount_fen > 0 ? line_up(tx, &row, now_ms) : ERR_NONE;
}

static enum err next_moves_up(struct tx *tx, const struct meter_purse *purse, int64_t now_ms)
{
	struct topup_row next;
	enum err err = topup_waiting(tx->db, purse->property_id, purse->meter, &next);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	count_up(&next, purse, now_ms);
	return topup_update(tx->db, &next);
}

enum err topup_drop(struct tx *tx, const struct order_row *order, int64_t now_ms)
{
	struct meter_purse purse;
	struct topup_row row;
	bool was_first;
	enum err err = topup_of_order(tx->db, order->property_id, order->order_id, &row);

	if (!err && row.state != TOPUP_REFUSED && row.state != TOPUP_WAITING)
		err = ERR_REFUSED;
	if (err)
		return err;
	was_first = row.state == TOPUP_REFUSED;
	row.state = TOPUP_DROPPED;
	row.done_ms = now_ms;
	err = topup_update(tx->db, &row);
	if (err || !was_first)
		return err;
	err = purse_of(tx, row.property_id, row.meter, row.account_id, &purse);
	return err ? err : next_moves_up(tx, &purse, now_ms);
}

/* ---- what follows from a verdict ---- */

struct turn {
	struct tx *tx;
	struct topup_row *row;
	struct order_row *order;
	struct meter_purse *purse;
	const char *why;
	int64_t now_ms;
	struct effects *out;
};

static int64_t pause_ms(const struct topup_row *row)
{
	int64_t most = row->kind == TOPUP_VOID ? TOPUP_VOID_MAX_MS : TOPUP_AGAIN_MAX_MS;
	int64_t pause = TOPUP_AGAIN_MS;

	for (int64_t tries = row->tries; tries > 0 && pause < most; tries--)
		pause *= 2;
	return pause < most ? pause : most;
}

/* Out of the account's money into the meter's. */
static enum err book_delivery(struct turn *turn)
{
	const struct order_row *order = turn->order;
	const struct topup_row *row = turn->row;
	struct books_post post = {.property_id = row->property_id,
	                          .kind = "deliver",
	                          .who = "platform",
	                          .reason = "",
	                          .refers = order->group_no};
	struct fault fault = {0};

	if (row->kind == TOPUP_ORDER)
		snprintf(post.key, sizeof post.key, "order:%lld:delivered",
		         (long long)order->order_id);
	else
		snprintf(post.key, sizeof post.key, "carry:%lld", (long long)row->topup_id);
	books_add(&post, LEDGER_ACCOUNT, row->account_id, -row->amount_fen);
	books_add(&post, LEDGER_METER, row->meter, row->amount_fen);
	return books_post(turn->tx, &post, &fault, turn->now_ms);
}

/* One that the meter had lost was booked when it was there before. */
static enum err book_arrival(struct turn *turn)
{
	const struct topup_row *row = turn->row;
	struct order_row *order = turn->order;
	enum err err = ERR_NONE;

	if (row->kind == TOPUP_VOID || (row->kind == TOPUP_CARRY && row->done_ms))
		return ERR_NONE;
	if (row->kind == TOPUP_CARRY || order->state != ORDER_DELIVERED)
		err = book_delivery(turn);
	if (!err && row->kind == TOPUP_ORDER)
		err = order_credited(turn->tx, order, "platform", turn->why, turn->now_ms,
		                     turn->out);
	return err;
}

static enum err is_there(struct turn *turn)
{
	struct topup_row *row = turn->row;
	enum err err = book_arrival(turn);

	if (err)
		return err;
	if (row->kind == TOPUP_VOID) /* only the meter knew what was spent */
		row->total_fen = turn->purse->meter_total_fen;
	row->state = TOPUP_DONE;
	row->done_ms = turn->now_ms;
	row->reason[0] = '\0';
	turn->purse->count = row->count;
	turn->purse->total_fen = row->total_fen;
	err = topup_update(turn->tx->db, row);
	if (!err)
		err = meter_purse_put(turn->tx->db, turn->purse);
	return err ? err : next_moves_up(turn->tx, turn->purse, turn->now_ms);
}

static enum err waits(struct turn *turn, enum topup_state state, bool at_once)
{
	struct topup_row *row = turn->row;

	row->state = state;
	row->next_ms = turn->now_ms + (at_once ? 0 : pause_ms(row));
	row->tries++;
	snprintf(row->reason, sizeof row->reason, "%s", turn->why);
	return topup_update(turn->tx->db, row);
}

static enum err stops(struct turn *turn, enum topup_state state)
{
	enum err err = waits(turn, state, true);

	if (err || !turn->row->order_id || turn->order->state == ORDER_DELIVERY_FAILED)
		return err;
	err = order_go(turn->tx, turn->order, ORDER_FAIL, "platform", turn->why, turn->now_ms,
	               turn->out);
	return err ? err
	           : books_tell(turn->tx, "recharge-failed", turn->order->property_id,
	                        turn->order->account_id, turn->order->order_id,
	                        turn->order->amount_fen, turn->now_ms);
}

/* A void takes any count above the meter's: it is counted anew. */
static enum err void_anew(struct turn *turn)
{
	struct meter_purse *purse = turn->purse;
	enum err err;

	purse->count = purse->meter_count;
	purse->total_fen = purse->meter_total_fen;
	count_up(turn->row, purse, turn->now_ms);
	err = meter_purse_put(turn->tx->db, purse);
	return err ? err : waits(turn, TOPUP_QUEUED, false);
}

static enum err differs(struct turn *turn)
{
	if (turn->row->kind == TOPUP_VOID)
		return void_anew(turn);
	turn->why = "the meter counted what we did not send";
	return stops(turn, TOPUP_HELD);
}

/* The meter is where it was after one of ours: all later ones are sent again, in their order. */
static enum err send_old(struct turn *turn)
{
	struct meter_purse *purse = turn->purse;
	struct topup_row last = {.total_fen = 0};
	enum err err = ERR_NONE;

	if (purse->meter_count)
		err = topup_of_count(turn->tx->db, purse->property_id, purse->meter,
		                     purse->meter_count, &last);
	if (err == ERR_NOT_FOUND || (!err && last.total_fen != purse->meter_total_fen))
		return differs(turn);
	if (err)
		return err;
	purse->count = purse->meter_count;
	purse->total_fen = purse->meter_total_fen;
	err = meter_purse_put(turn->tx->db, purse);
	if (!err)
		err = topup_reopen(turn->tx->db, purse->property_id, purse->meter, purse->count);
	return err ? err : next_moves_up(turn->tx, purse, turn->now_ms);
}

static enum err follow(struct turn *turn, enum topup_verdict verdict)
{
	switch (verdict) {
	case TOPUP_THERE:
		return is_there(turn);
	case TOPUP_SEND:
		return waits(turn, TOPUP_QUEUED, false);
	case TOPUP_ASK:
		return waits(turn, TOPUP_ASKING, turn->row->state == TOPUP_QUEUED);
	case TOPUP_FAILS:
		return stops(turn, TOPUP_REFUSED);
	case TOPUP_SEND_OLD:
		return send_old(turn);
	case TOPUP_DIFFERS:
		return differs(turn);
	}
	return ERR_INTERNAL;
}

static bool under_way(const struct topup_row *row)
{
	return row->state == TOPUP_QUEUED || row->state == TOPUP_ASKING ||
	       row->state == TOPUP_REFUSED || row->state == TOPUP_HELD;
}

static void keep_read(struct meter_purse *purse, const struct purse_values *read,
                      int64_t balance_fen, int64_t counter, int64_t read_ms)
{
	purse->meter_count = read->count;
	purse->meter_total_fen = read->total_fen;
	purse->meter_balance_fen = balance_fen;
	purse->read_ms = read_ms;
	if (counter)
		purse->read_counter = counter;
}

/* What is in a purse decides about the one under way there. */
static enum topup_verdict judge_read(const struct topup_row *row, const struct meter_purse *purse,
                                     const struct purse_values *read, int64_t balance_fen)
{
	const struct purse_values ours = {purse->count, purse->total_fen};
	const struct purse_values then = {row->count, row->total_fen};

	if (row->kind != TOPUP_VOID)
		return topup_judge(&ours, &then, read);
	if (read->count < row->count)
		return TOPUP_SEND;
	return read->count == row->count && !balance_fen ? TOPUP_THERE : TOPUP_DIFFERS;
}

/* No command for it has ended, and it was never there before. */
static bool is_new(const struct topup_row *row)
{
	return row->kind != TOPUP_VOID && row->tries == 0 && !row->done_ms;
}

static enum topup_verdict judge_told(const struct topup_told *told, const struct meter_purse *purse)
{
	const struct topup_row *row = &told->row;
	const struct purse_values then = {row->count, row->total_fen};
	enum topup_verdict verdict = TOPUP_ASK;

	/* Given once, and the meter had that count before: another purchase, of which this store knows nothing
	 * any more. That it came to the same total only means that it was as large. */
	if (told->outcome == TOPUP_REPEAT && told->left_once && is_new(row))
		return TOPUP_DIFFERS;
	if (row->kind != TOPUP_VOID || told->outcome != TOPUP_ADDED)
		verdict = topup_judge_answer(told->outcome, &then, &told->purse);
	/* An answer is a read-back, too. */
	if (verdict == TOPUP_ASK && told->has_purse)
		verdict = judge_read(row, purse, &told->purse, told->balance_fen);
	return verdict;
}

static enum err order_of(struct tx *tx, const struct topup_row *row, struct order_row *order)
{
	*order = (struct order_row){.property_id = row->property_id};
	return row->order_id ? order_get(tx->db, row->property_id, row->order_id, order) : ERR_NONE;
}

enum err topup_told_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct topup_told *told = arg;
	enum topup_verdict verdict;
	struct meter_purse purse;
	bool old;
	enum err err = topup_get(tx->db, told->property_id, told->topup_id, &told->row);

	if (!err)
		err = order_of(tx, &told->row, &told->order);
	if (!err)
		err = purse_of(tx, told->property_id, told->row.meter, told->row.account_id,
		               &purse);
	if (err || !under_way(&told->row))
		return err;
	verdict = judge_told(told, &purse);
	old = told->has_purse && told->counter && told->counter < purse.read_counter;
	if (old && verdict != TOPUP_THERE)
		return ERR_NONE;
	if (told->has_purse && !old) {
		keep_read(&purse, &told->purse, told->balance_fen, told->counter, now_ms);
		err = meter_purse_put(tx->db, &purse);
	}
	return err ? err
	           : follow(&(struct turn){.tx = tx,
	                                   .row = &told->row,
	                                   .order = &told->order,
	                                   .purse = &purse,
	                                   .why = topup_outcome_word(told->outcome),
	                                   .now_ms = now_ms,
	                                   .out = out},
	                    verdict);
}

/* Was the purse read before it can have been there? */
static enum err was_read_before(struct tx *tx, const struct topup_read *read,
                                const struct topup_row *row, bool *before)
{
	struct command_row command = {.counter = 0};
	enum err err = ERR_NONE;

	*before = is_new(row) && read->counter;
	if (*before && row->command_id)
		err = command_get(tx->db, row->command_id, &command);
	*before = *before && (!row->command_id || read->counter < command.counter);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* Only while it is asked for does a read decide; a refused or held one waits for a person, but is believed
 * when the purse shows that it arrived after all. */
static enum err decide(struct tx *tx, struct topup_read *read, struct topup_row *row,
                       int64_t now_ms, struct effects *out)
{
	enum topup_verdict verdict = judge_read(row, &read->row, &read->purse, read->balance_fen);
	struct order_row order;
	bool before;
	enum err err;

	if (verdict != TOPUP_THERE && row->state != TOPUP_ASKING)
		return ERR_NONE;
	err = was_read_before(tx, read, row, &before);
	if (err || before)
		return err;
	err = order_of(tx, row, &order);
	return err ? err
	           : follow(&(struct turn){.tx = tx,
	                                   .row = row,
	                                   .order = &order,
	                                   .purse = &read->row,
	                                   .why = "read back",
	                                   .now_ms = now_ms,
	                                   .out = out},
	                    verdict);
}

/* Nothing under way explains it: a person is told, once per pair of values. */
static enum err tell_difference(struct tx *tx, const struct meter_purse *purse, int64_t now_ms,
                                struct effects *out)
{
	struct event_row event = {.property_id = purse->property_id,
	                          .meter = purse->meter,
	                          .kind = EVENT_PURSE_DIFFERS,
	                          .value = purse->meter_count,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "purse:%lld:%lld:%lld:%lld:%lld",
	         (long long)purse->meter, (long long)purse->count, (long long)purse->total_fen,
	         (long long)purse->meter_count, (long long)purse->meter_total_fen);
	return event_note(tx, &event, out);
}

enum err topup_read_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct topup_read *read = arg;
	struct topup_row row;
	enum err err = purse_of(tx, read->property_id, read->meter, 0, &read->row);

	read->differs = false;
	if (err || read->read_ms <= read->row.read_ms ||
	    (read->counter && read->counter < read->row.read_counter))
		return err;
	keep_read(&read->row, &read->purse, read->balance_fen, read->counter, read->read_ms);
	err = meter_purse_put(tx->db, &read->row);
	if (err)
		return err;
	err = topup_under_way(tx->db, read->property_id, read->meter, &row);
	if (!err) {
		err = decide(tx, read, &row, now_ms, out);
	} else if (err == ERR_NOT_FOUND) {
		err = ERR_NONE;
		row.state = TOPUP_DONE;
	}
	read->differs = read->row.count != read->purse.count ||
	                read->row.total_fen != read->purse.total_fen;
	return err || !read->differs || row.state != TOPUP_DONE
	               ? err
	               : tell_difference(tx, &read->row, now_ms, out);
}

/* ---- the end of a use ---- */

struct leaving {
	struct topup_row row[TOPUP_LINE_MAX];
	size_t count;
};

static bool take_leaving(void *arg, const struct topup_row *row)
{
	struct leaving *leaving = arg;

	leaving->row[leaving->count++] = *row;
	return leaving->count < TOPUP_LINE_MAX;
}

/* Its money stands in the account already, and stays there. */
static enum err stays(struct tx *tx, struct topup_row *row, int64_t now_ms, struct effects *out)
{
	struct order_row order;
	enum err err;

	row->state = TOPUP_DROPPED;
	row->done_ms = now_ms;
	snprintf(row->reason, sizeof row->reason, "the use of the meter ended");
	err = topup_update(tx->db, row);
	if (err || row->kind != TOPUP_ORDER)
		return err;
	err = order_of(tx, row, &order);
	if (!err && order.state == ORDER_DELIVERED)
		return ERR_NONE; /* sent a second time to a meter that had lost it */
	if (!err)
		err = order_go(tx, &order, ORDER_ARRIVED, "platform", "credited to the account",
		               now_ms, out);
	return err ? err
	           : books_tell(tx, "recharged", row->property_id, row->account_id, row->order_id,
	                        order.amount_fen, now_ms);
}

enum err topup_leave(struct tx *tx, int64_t property_id, int64_t meter, int64_t *credited_fen,
                     int64_t now_ms, struct effects *out)
{
	struct topup_row empty = {.property_id = property_id, .kind = TOPUP_VOID, .meter = meter};
	struct meter_purse purse;
	struct leaving leaving;
	bool sent = false;
	enum err err = meter_purse_get(tx->db, property_id, meter, &purse);

	*credited_fen = 0;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	do {
		leaving.count = 0;
		err = topup_open(tx->db, property_id, meter, take_leaving, &leaving);
		for (size_t i = 0; !err && i < leaving.count; i++) {
			struct topup_row *row = &leaving.row[i];

			sent |= row->command_id != 0;
			if (row->kind != TOPUP_VOID && !row->done_ms)
				*credited_fen += row->amount_fen;
			err = stays(tx, row, now_ms, out);
		}
	} while (!err && leaving.count == TOPUP_LINE_MAX);
	empty.account_id = purse.account_id;
	return err || (!sent && !purse.count && !purse.meter_count) ? err
	                                                            : line_up(tx, &empty, now_ms);
}

/* ---- people ---- */

static enum err take_meters_word(struct tx *tx, struct topup_row *row, struct meter_purse *purse,
                                 int64_t now_ms)
{
	purse->count = purse->meter_count;
	purse->total_fen = purse->meter_total_fen;
	count_up(row, purse, now_ms);
	return meter_purse_put(tx->db, purse);
}

enum err topup_retry_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct topup_retry *retry = arg;
	struct account_row account;
	struct meter_purse purse;
	struct topup_row row;
	enum err err = order_get(tx->db, retry->property_id, retry->order_id, &retry->order);

	retry->fault = (struct fault){0};
	if (!err)
		err = books_account(tx, &retry->actor,
		                    retry->as_meter ? PERMISSION_LEDGER_WRITE : PERMISSION_VEND,
		                    retry->property_id, retry->order.account_id, NULL,
		                    &retry->fault, &account, now_ms);
	if (err)
		return err;
	if (retry->order.state != ORDER_DELIVERY_FAILED)
		return fault_set(&retry->fault, ERR_REFUSED, NULL, "the order is %s",
		                 order_state_word(retry->order.state));
	err = topup_of_order(tx->db, retry->property_id, retry->order_id, &row);
	if (!err)
		err = purse_of(tx, row.property_id, row.meter, row.account_id, &purse);
	if (err)
		return err;
	if (row.state == TOPUP_HELD && !retry->as_meter)
		return fault_set(&retry->fault, ERR_REFUSED, "as_meter",
		                 "both sides differ: say that the meter's word counts");
	if (retry->as_meter)
		err = take_meters_word(tx, &row, &purse, now_ms);
	row.state = TOPUP_QUEUED;
	row.next_ms = now_ms;
	if (!err)
		err = topup_update(tx->db, &row);
	if (!err)
		err = order_go(tx, &retry->order, ORDER_AGAIN, retry->actor.who,
		               retry->actor.reason, now_ms, out);
	return err ? err
	           : books_audit(tx, &retry->actor, retry->property_id, "order.deliver", "order",
	                         retry->order_id, retry->order.credit_fen,
	                         retry->as_meter ? "the meter's count and total taken as ours" : "",
	                         now_ms);
}
