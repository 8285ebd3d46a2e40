#include "platform/core/bill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/sha256.h"
#include "libs/base/time.h"
#include "platform/store/chain.h"

/* ---- comparing ---- */

enum bill_match bill_compare(const struct bill_in *theirs, const struct payment_row *ours)
{
	if (!ours)
		return BILL_THEIRS_ONLY;
	if (ours->amount_fen != theirs->amount_fen)
		return BILL_AMOUNT_DIFFERS;
	if ((ours->refunded_ms != 0) != theirs->refunded)
		return BILL_STATE_DIFFERS;
	return BILL_EQUAL;
}

/* ---- loading ---- */

struct loading {
	struct tx *tx;
	struct bill_load *load;
	int64_t now_ms, from_ms, to_ms;
	struct effects *out;
	const char **numbers; /* of the bill, sorted */
	enum err err;
};

static void hash_of(const struct bill_load *load, uint8_t hash[32])
{
	struct sha256 state;

	sha256_init(&state);
	for (size_t i = 0; i < load->count; i++) {
		chain_text(&state, load->line[i].number);
		chain_text(&state, load->line[i].order_number);
		chain_number(&state, load->line[i].amount_fen);
		chain_number(&state, load->line[i].paid_ms);
		chain_number(&state, load->line[i].refunded);
	}
	sha256_final(&state, hash);
}

static int by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static enum err take_numbers(struct loading *loading)
{
	struct bill_load *load = loading->load;

	loading->numbers = calloc(load->count + 1, sizeof *loading->numbers);
	if (!loading->numbers)
		return ERR_NOMEM;
	for (size_t i = 0; i < load->count; i++)
		loading->numbers[i] = load->line[i].number;
	qsort(loading->numbers, load->count, sizeof *loading->numbers, by_text);
	for (size_t i = 1; i < load->count; i++)
		if (strcmp(loading->numbers[i], loading->numbers[i - 1]) == 0)
			return fault_set(&load->fault, ERR_BAD_INPUT, "lines", "%.40s stands twice",
			                 loading->numbers[i]);
	return ERR_NONE;
}

static enum err add_line(struct loading *loading, struct bill_line *line)
{
	struct bill_row *row = &loading->load->row;

	line->property_id = row->property_id;
	line->bill_id = row->bill_id;
	row->lines++;
	row->differences += line->match != BILL_EQUAL;
	row->open += line->open;
	if (line->match != BILL_EQUAL)
		snprintf(line->owner, sizeof line->owner, "%s", loading->load->actor.who);
	return bill_line_insert(loading->tx->db, line);
}

/* A line is as good as a notice. */
static enum err tell(struct loading *loading, const struct bill_in *in, struct payment_told *told)
{
	struct bill_load *load = loading->load;
	enum err err;

	*told = (struct payment_told){.property_id = load->property_id,
	                              .channel = load->channel,
	                              .number = in->number,
	                              .order_number = in->order_number,
	                              .amount_fen = in->amount_fen,
	                              .currency = CURRENCY_YUAN,
	                              .paid_ms = in->paid_ms,
	                              .payer = in->payer,
	                              .source = PAYMENT_BILL,
	                              .who = load->actor.who};
	err = payment_told_step(loading->tx, told, loading->now_ms, loading->out);
	if (err != ERR_BAD_INPUT)
		return err;
	load->fault = (struct fault){.field = "lines"};
	return fault_set(&load->fault, err, "lines", "%s", told->fault.why);
}

/* What waits for its order may find it by now. */
static enum err tell_again(struct loading *loading, const struct bill_in *in,
                           const struct payment_row *ours)
{
	struct payment_told told;

	return ours->suspense_id && !ours->order_id ? tell(loading, in, &told) : ERR_NONE;
}

/* The notice never came. */
static enum err take_in(struct loading *loading, const struct bill_in *in, struct bill_line *line)
{
	struct payment_told told;
	enum err err = tell(loading, in, &told);

	if (err)
		return err;
	line->payment_id = told.row.payment_id;
	line->ours_fen = told.row.amount_fen;
	line->open = told.outcome != PAYMENT_CREDITED;
	if (!line->open) {
		line->done_ms = loading->now_ms;
		snprintf(line->done_by, sizeof line->done_by, "platform");
		snprintf(line->done_why, sizeof line->done_why, "credited now");
	}
	return ERR_NONE;
}

static enum err match_line(struct loading *loading, const struct bill_in *in)
{
	struct bill_load *load = loading->load;
	struct bill_line line = {
	        .amount_fen = in->amount_fen, .refunded = in->refunded, .paid_ms = in->paid_ms};
	struct payment_row ours;
	enum err err = payment_by_number(loading->tx->db, load->property_id, load->channel,
	                                 in->number, &ours);
	bool known = !err;

	if (err && err != ERR_NOT_FOUND)
		return err;
	snprintf(line.number, sizeof line.number, "%s", in->number);
	snprintf(line.order_number, sizeof line.order_number, "%s", in->order_number);
	line.match = bill_compare(in, known ? &ours : NULL);
	line.open = line.match != BILL_EQUAL;
	if (known) {
		line.payment_id = ours.payment_id;
		line.ours_fen = ours.amount_fen;
	}
	if (!in->refunded && line.match == BILL_EQUAL)
		err = tell_again(loading, in, &ours);
	else if (!in->refunded && !known)
		err = take_in(loading, in, &line);
	else
		err = ERR_NONE;
	return err ? err : add_line(loading, &line);
}

static bool take_ours(void *arg, const struct payment_row *ours)
{
	struct loading *loading = arg;
	struct bill_line line = {.match = BILL_OURS_ONLY,
	                         .ours_fen = ours->amount_fen,
	                         .payment_id = ours->payment_id,
	                         .paid_ms = ours->paid_ms,
	                         .open = true};
	const char *number = ours->number;

	if (bsearch(&number, loading->numbers, loading->load->count, sizeof *loading->numbers,
	            by_text))
		return true;
	memcpy(line.number, ours->number, sizeof line.number);
	memcpy(line.order_number, ours->order_number, sizeof line.order_number);
	loading->err = add_line(loading, &line);
	return !loading->err;
}

/* A difference that a person has settled stays settled: the bill is not taken again. */
static bool is_settled(void *arg, const struct bill_line *line)
{
	bool *settled = arg;

	*settled |=
	        line->match != BILL_EQUAL && !line->open && strcmp(line->done_by, "platform") != 0;
	return !*settled;
}

/* *same: nothing is to be done. */
static enum err bill_begin(struct loading *loading, bool *same)
{
	struct bill_load *load = loading->load;
	struct bill_row *row = &load->row;
	uint8_t hash[32];
	bool settled = false;
	enum err err =
	        bill_of_day(loading->tx->db, load->property_id, load->channel, load->day, row);

	*same = false;
	hash_of(load, hash);
	if (err == ERR_NOT_FOUND) {
		*row = (struct bill_row){.property_id = load->property_id,
		                         .channel = load->channel,
		                         .day = load->day,
		                         .loaded_ms = loading->now_ms};
		memcpy(row->hash, hash, sizeof hash);
		snprintf(row->by_name, sizeof row->by_name, "%s", load->actor.who);
		return bill_insert(loading->tx->db, row);
	}
	if (err)
		return err;
	*same = memcmp(row->hash, hash, sizeof hash) == 0;
	if (*same)
		return ERR_NONE;
	if (row->closed_ms)
		return fault_set(&load->fault, ERR_REFUSED, "day", "this day is closed");
	err = bill_lines(loading->tx->db, load->property_id,
	                 &(struct bill_lines_ask){.bill_id = row->bill_id, .differences = true},
	                 is_settled, &settled);
	if (!err && settled)
		return fault_set(&load->fault, ERR_REFUSED, "day",
		                 "differences of the bill before were settled");
	if (!err)
		err = bill_lines_remove(loading->tx->db, load->property_id, row->bill_id);
	memcpy(row->hash, hash, sizeof hash);
	snprintf(row->by_name, sizeof row->by_name, "%s", load->actor.who);
	row->loaded_ms = loading->now_ms;
	row->lines = row->differences = row->open = 0;
	return err;
}

static enum err match_all(struct loading *loading)
{
	struct bill_load *load = loading->load;
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < load->count; i++)
		err = match_line(loading, &load->line[i]);
	if (!err)
		err = payment_walk(loading->tx->db, load->property_id, load->channel,
		                   loading->from_ms, loading->to_ms, take_ours, loading);
	if (!err)
		err = loading->err;
	return err ? err : bill_update(loading->tx->db, &load->row);
}

static enum err load_check(struct loading *loading, const struct property_row *property)
{
	struct bill_load *load = loading->load;

	if (load->channel == CHANNEL_CASH)
		return fault_set(&load->fault, ERR_BAD_INPUT, "channel", "cash has no bill");
	if (load->count > BILL_LINES_MAX)
		return fault_set(&load->fault, ERR_BAD_INPUT, "lines", "at most %d",
		                 BILL_LINES_MAX);
	if (load->day >= property_day(property, loading->now_ms / 1000))
		return fault_set(&load->fault, ERR_BAD_INPUT, "day", "is not over yet");
	loading->from_ms = property_day_start_s(property, load->day) * 1000;
	loading->to_ms = loading->from_ms + SECONDS_PER_DAY * 1000;
	return take_numbers(loading);
}

enum err bill_load_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct bill_load *load = arg;
	struct loading loading = {.tx = tx, .load = load, .now_ms = now_ms, .out = out};
	struct property_row property;
	bool same = false;
	char detail[64];
	enum err err;

	load->fault = (struct fault){0};
	err = access_require_property(tx, &load->actor, PERMISSION_LEDGER_WRITE, load->property_id,
	                              now_ms);
	if (!err)
		err = property_open(tx, load->property_id, &property, &load->fault);
	if (!err)
		err = load_check(&loading, &property);
	if (!err)
		err = bill_begin(&loading, &same);
	if (!err && !same)
		err = match_all(&loading);
	free(loading.numbers);
	if (err || same)
		return err;
	snprintf(detail, sizeof detail, "%lld lines, %lld differences", (long long)load->row.lines,
	         (long long)load->row.differences);
	return books_audit(tx, &load->actor, load->property_id, "bill.load", "bill",
	                   load->row.bill_id, 0, detail, now_ms);
}

/* ---- settling ---- */

enum err bill_settle_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct bill_settle *settle = arg;
	struct bill_line *line = &settle->line;
	struct bill_row bill;
	enum err err;

	(void)out;
	settle->fault = (struct fault){0};
	err = access_require_property(tx, &settle->actor, PERMISSION_LEDGER_WRITE,
	                              settle->property_id, now_ms);
	if (!err)
		err = bill_line_get(tx->db, settle->property_id, settle->line_id, line);
	if (!err)
		err = bill_get(tx->db, settle->property_id, line->bill_id, &bill);
	if (err)
		return err;
	if (settle->version != line->version)
		return ERR_CONFLICT;
	if (!line->open)
		return fault_set(&settle->fault, ERR_REFUSED, NULL, "it is no open difference");
	if (settle->owner) {
		err = fault_text(&settle->fault, "owner", settle->owner, TEXT_LINE, 1, 15);
		snprintf(line->owner, sizeof line->owner, "%s", settle->owner);
		return err ? err : bill_line_update(tx->db, line);
	}
	if (!settle->actor.reason[0])
		return fault_set(&settle->fault, ERR_BAD_INPUT, "reason", "is wanted");
	line->open = false;
	line->done_ms = now_ms;
	snprintf(line->done_by, sizeof line->done_by, "%s", settle->actor.who);
	snprintf(line->done_why, sizeof line->done_why, "%s", settle->actor.reason);
	bill.open--;
	err = bill_line_update(tx->db, line);
	if (!err)
		err = bill_update(tx->db, &bill);
	return err ? err
	           : books_audit(tx, &settle->actor, settle->property_id, "bill.settle",
	                         "difference", settle->line_id,
	                         line->amount_fen ? line->amount_fen : line->ours_fen,
	                         bill_match_word(line->match), now_ms);
}

enum err bill_end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct bill_end *end = arg;
	enum err err;

	(void)out;
	end->fault = (struct fault){0};
	err = access_require_property(tx, &end->actor, PERMISSION_LEDGER_WRITE, end->property_id,
	                              now_ms);
	if (!err)
		err = bill_get(tx->db, end->property_id, end->bill_id, &end->row);
	if (err)
		return err;
	if (end->version != end->row.version)
		return ERR_CONFLICT;
	if (end->row.closed_ms)
		return fault_set(&end->fault, ERR_REFUSED, NULL, "it is closed already");
	if (end->row.open)
		return fault_set(&end->fault, ERR_REFUSED, NULL, "%lld differences are open",
		                 (long long)end->row.open);
	end->row.closed_ms = now_ms;
	snprintf(end->row.closed_by, sizeof end->row.closed_by, "%s", end->actor.who);
	err = bill_update(tx->db, &end->row);
	return err ? err
	           : books_audit(tx, &end->actor, end->property_id, "bill.close", "bill",
	                         end->bill_id, 0, "", now_ms);
}
