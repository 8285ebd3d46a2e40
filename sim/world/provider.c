#include "sim/world/provider.h"

#include "sim/world/contract.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"

#define BACK_MAX  256 /* refunds of one history */
#define LINES_MAX 1024

enum back_state { BACK_ASKED = 1, BACK_DONE, BACK_CANNOT };

/* A refund that the platform asked for; one for each of its numbers. */
struct back {
	int64_t refund_id, order_id, amount_fen;
	enum back_state state;
	bool heard; /* the platform said that it knows */
	bool busy;
};

struct provider {
	struct back back[BACK_MAX];
	size_t n;
	int64_t day; /* the oldest whose bill is not there */
	int64_t first_day;
	bool loading;
};

static int64_t today(const struct world *w)
{
	return days_from_unix(world_wall_ms(w) / 1000 + MONEY_OFFSET_S);
}

void provider_new(struct world *w)
{
	struct provider *p = calloc(1, sizeof *p);

	assert(p != NULL);
	w->money->provider = p;
	p->day = p->first_day = today(w);
}

/* ---- refunds ---- */

struct telling {
	struct world *w;
	size_t n;
	struct refund_told told;
};

/* The adapter names the payment that paid the order. */
static struct money_payment *paid_for(struct world *w, int64_t order_id)
{
	struct till *m = w->money;
	struct payment_row row;
	size_t n = m->n;

	if (payment_of_order(w->server->db, 1, order_id, &row) ||
	    sscanf(row.number, "pay-%zu", &n) != 1 || n >= m->n)
		return NULL;
	return &m->payment[n];
}

/* What was asked for again after it could not be done is tried again. */
static bool take_asked(void *arg, const struct refund_row *row)
{
	struct world *w = arg;
	struct provider *p = w->money->provider;
	size_t i = 0;

	if (row->kind != REFUND_PAYMENT)
		return true;
	while (i < p->n && p->back[i].refund_id != row->refund_id)
		i++;
	if (i < p->n) {
		if (p->back[i].state == BACK_CANNOT && p->back[i].heard)
			p->back[i].state = BACK_ASKED;
		return true;
	}
	assert(p->n < BACK_MAX);
	p->back[p->n++] = (struct back){.refund_id = row->refund_id,
	                                .order_id = row->order_id,
	                                .amount_fen = row->amount_fen,
	                                .state = BACK_ASKED};
	return true;
}

static void told(void *arg, enum err err)
{
	struct telling *t = arg;
	struct back *back = &t->w->money->provider->back[t->n];

	world_note(t->w, "refund %lld of order %lld is %s: %s", (long long)back->refund_id,
	           (long long)back->order_id, t->told.done ? "done" : "impossible", err_text(err));
	if (err == ERR_INTERNAL || err == ERR_DAMAGED)
		world_broken(t->w, "I2", "refund %lld was told of: %s", (long long)back->refund_id,
		             err_text(err));
	back->heard = back->heard || !err;
	back->busy = false;
	free(t);
}

static void tell(struct world *w, size_t n)
{
	struct back *back = &w->money->provider->back[n];
	struct telling *t = calloc(1, sizeof *t);

	assert(t != NULL);
	*t = (struct telling){.w = w, .n = n};
	t->told = (struct refund_told){.property_id = 1,
	                               .refund_id = back->refund_id,
	                               .done = back->state == BACK_DONE,
	                               .number = "back",
	                               .why = "the card is closed"};
	back->busy = true;
	if (writer_submit(w->server->platform.writer, refund_told_step, &t->told, told, t))
		told(t, ERR_FULL);
}

/* The provider pays, or cannot, and says so until it was heard. */
static void pay_back(struct world *w, size_t n)
{
	struct back *back = &w->money->provider->back[n];
	struct money_payment *payment;

	if (back->state == BACK_ASKED) {
		payment = paid_for(w, back->order_id);
		back->state = fault_hits(&w->faults, FAULT_REFUND_FAILS, NODE_PEOPLE) ? BACK_CANNOT
		                                                                      : BACK_DONE;
		if (back->state == BACK_DONE && (!payment || payment->returned))
			world_broken(w, "I7", "order %lld is to be paid back, and %s",
			             (long long)back->order_id, payment ? "was" : "was never paid");
		if (back->state == BACK_DONE && payment)
			payment->returned = true;
		back->heard = false;
	}
	if (!back->heard || fault_hits(&w->faults, FAULT_REFUND_TOLD_TWICE, NODE_PEOPLE))
		tell(w, n);
}

/* ---- the bill of a day ---- */

struct fetch {
	struct world *w;
	struct bill_load load;
	struct bill_in line[LINES_MAX];
	size_t payment[LINES_MAX];
	bool whole; /* all lines, as they are */
};

static bool is_of(const struct money_payment *p, int64_t day)
{
	return p->channel == CHANNEL_MODEL &&
	       days_from_unix(p->paid_ms / 1000 + MONEY_OFFSET_S) == day;
}

static void add_line(struct fetch *f, size_t n)
{
	const struct money_payment *p = &f->w->money->payment[n];
	struct faults *faults = &f->w->faults;
	struct bill_in *line = &f->line[f->load.count];

	if (fault_hits(faults, FAULT_BILL_SHORT, NODE_PEOPLE)) {
		f->whole = false;
		return;
	}
	assert(f->load.count < LINES_MAX);
	*line = (struct bill_in){.number = p->number,
	                         .order_number = p->order_number,
	                         .amount_fen = p->amount_fen,
	                         .paid_ms = p->paid_ms,
	                         .payer = "tenant",
	                         .refunded = p->returned};
	/* What is known can be told apart; of what is not, the bill is all there is. */
	if (p->taken && fault_hits(faults, FAULT_BILL_WRONG, NODE_PEOPLE)) {
		line->amount_fen++;
		f->whole = false;
	}
	f->payment[f->load.count++] = n;
}

static void fetched(void *arg, enum err err)
{
	struct fetch *f = arg;
	struct world *w = f->w;
	struct provider *p = w->money->provider;

	world_note(w, "bill of day %lld, %zu lines: %s %s", (long long)f->load.day, f->load.count,
	           err_text(err), err ? f->load.fault.why : "");
	if (err == ERR_INTERNAL || err == ERR_DAMAGED)
		world_broken(w, "I2", "a bill is loaded: %s", err_text(err));
	for (size_t i = 0; !err && i < f->load.count; i++)
		money_taken(w, &w->money->payment[f->payment[i]]);
	p->loading = false;
	if (!err && f->whole && !fault_hits(&w->faults, FAULT_BILL_TWICE, NODE_PEOPLE))
		p->day++;
	free(f);
}

static void fetch_bill(struct world *w, int64_t day)
{
	struct fetch *f = calloc(1, sizeof *f);

	assert(f != NULL);
	f->w = w;
	f->whole = true;
	f->load = (struct bill_load){.actor = money_actor("finance", ""),
	                             .property_id = 1,
	                             .channel = CHANNEL_MODEL,
	                             .day = day,
	                             .line = f->line};
	for (size_t i = 0; i < w->money->n; i++)
		if (is_of(&w->money->payment[i], day))
			add_line(f, i);
	w->money->provider->loading = true;
	if (writer_submit(w->server->platform.writer, bill_load_step, &f->load, fetched, f))
		fetched(f, ERR_FULL);
}

/* ---- from time to time ---- */

void provider_act(struct world *w)
{
	const struct refund_ask asked = {.state = REFUND_DECIDED};
	struct provider *p = w->money->provider;

	/* Nothing is sent before it is committed. */
	if (!server_takes(w) || groups_waits(&w->server->platform.writer->groups) ||
	    refund_list(w->server->db, 1, &asked, take_asked, w))
		return;
	for (size_t i = 0; i < p->n; i++)
		if (!p->back[i].busy)
			pay_back(w, i);
	if (p->day < today(w) && !p->loading)
		fetch_bill(w, p->day);
}

bool provider_settled(const struct world *w)
{
	const struct provider *p = w->money->provider;

	for (size_t i = 0; i < p->n; i++)
		if (p->back[i].state == BACK_ASKED || !p->back[i].heard)
			return false;
	return p->day >= today(w);
}

/* ---- at the end ---- */

struct lines {
	struct world *w;
	int64_t count, differences, open;
	uint8_t *seen;
};

static bool on_line(void *arg, const struct bill_line *line)
{
	struct lines *l = arg;
	const struct till *m = l->w->money;
	size_t n = 0;

	if (sscanf(line->number, "pay-%zu", &n) != 1 || n >= m->n || l->seen[n]) {
		world_broken(l->w, "I2", "payment %s stands twice in a bill, or was never made",
		             line->number);
		return false;
	}
	l->seen[n] = 1;
	if (line->match != BILL_OURS_ONLY && line->amount_fen != m->payment[n].amount_fen)
		world_broken(l->w, "I3", "payment %s of %lld fen is billed as %lld", line->number,
		             (long long)m->payment[n].amount_fen, (long long)line->amount_fen);
	if (line->match == BILL_OURS_ONLY || line->match == BILL_AMOUNT_DIFFERS)
		world_broken(l->w, "I3", "payment %s: %s, and both have it", line->number,
		             bill_match_word(line->match));
	l->count++;
	l->differences += line->match != BILL_EQUAL;
	l->open += line->open;
	return !l->w->failed;
}

static void check_bill(struct world *w, int64_t day)
{
	struct lines l = {.w = w, .seen = calloc(w->money->n + 1, 1)};
	struct bill_row bill;
	int64_t due = 0;

	assert(l.seen != NULL);
	if (bill_of_day(w->server->db, 1, CHANNEL_MODEL, day, &bill) ||
	    bill_lines(w->server->db, 1, &(struct bill_lines_ask){.bill_id = bill.bill_id}, on_line,
	               &l))
		world_broken(w, "I23", "the bill of day %lld cannot be read", (long long)day);
	for (size_t i = 0; i < w->money->n; i++)
		due += is_of(&w->money->payment[i], day);
	if (l.count != due || bill.lines != due || bill.differences != l.differences ||
	    bill.open != l.open)
		world_broken(
		        w, "I3",
		        "the bill of day %lld has %lld lines of %lld, says %lld, %lld differ and %lld wait",
		        (long long)day, (long long)l.count, (long long)due, (long long)bill.lines,
		        (long long)l.differences, (long long)l.open);
	free(l.seen);
}

/* What the provider has of the platform's money. */
static void check_channel(struct world *w, enum pay_channel channel)
{
	struct ledger_balance now;
	int64_t fen = 0;

	for (size_t i = 0; i < w->money->n; i++) {
		const struct money_payment *p = &w->money->payment[i];

		if (p->channel == channel)
			fen += p->returned ? 0 : p->amount_fen;
	}
	if (ledger_balance(w->server->db, 1, LEDGER_CHANNEL, channel, &now))
		world_broken(w, "I23", "channel %s cannot be read", channel_word(channel));
	else if (books_fen(now.balance) != -fen)
		world_broken(w, "I3", "%s holds %lld fen, the ledger says %lld",
		             channel_word(channel), (long long)fen,
		             (long long)-books_fen(now.balance));
}

/* What the provider cannot pay back is paid by hand. */
static bool is_back(const struct world *w, const struct money_payment *p)
{
	struct refund_row row;

	return p->returned || (!refund_of_order(w->server->db, 1, p->order_id, &row) &&
	                       row.state == REFUND_PAID && row.channel != p->channel);
}

/* He moved out; and of two payments of one order the first that finds that closes the order. */
static bool came_after_the_end(const struct world *w, const struct money_payment *p,
                               enum suspense_reason reason)
{
	return (reason == SUSPENSE_ACCOUNT || reason == SUSPENSE_CLOSED) &&
	       contract_ended(w, p->account_id);
}

/* I2, I3: each payment once, credited or in suspense. */
static void check_payment(struct world *w, const struct money_payment *p, int64_t life_ms)
{
	bool clock_moved = w->faults.count[FAULT_PLATFORM_CLOCK] > 0;
	struct suspense_row suspense;
	struct payment_row row;

	if (payment_by_number(w->server->db, 1, p->channel, p->number, &row) ||
	    row.amount_fen != p->amount_fen || (!row.order_id && !row.suspense_id)) {
		world_broken(w, "I3", "payment %s of %lld fen is nowhere", p->number,
		             (long long)p->amount_fen);
		return;
	}
	if (row.order_id == p->order_id && (row.refunded_ms != 0) != is_back(w, p))
		world_broken(w, "I7", "payment %s is %spaid back at its provider", p->number,
		             p->returned ? "" : "not ");
	if (!row.suspense_id) {
		if (p->wrong && row.order_id == p->order_id && p->channel != CHANNEL_MODEL)
			world_broken(w, "I2", "payment %s of another merchant is credited",
			             p->number);
		return;
	}
	if (suspense_get(w->server->db, 1, row.suspense_id, &suspense))
		world_broken(w, "I23", "what stands in suspense cannot be read");
	else if (suspense.reason == SUSPENSE_EXPIRED && !clock_moved &&
	         p->taken_ms - p->ordered_ms < life_ms)
		world_broken(w, "I3", "payment %s came in time, and is %s", p->number,
		             suspense_reason_word(suspense.reason));
	else if (!p->wrong && suspense.reason != SUSPENSE_EXPIRED &&
	         suspense.reason != SUSPENSE_TWICE && !came_after_the_end(w, p, suspense.reason))
		world_broken(w, "I3", "payment %s is right, and stands in suspense: %s", p->number,
		             suspense_reason_word(suspense.reason));
}

void provider_audit(struct world *w)
{
	const struct provider *p = w->money->provider;
	struct vend_rules rules;

	if (vend_rules_get(w->server->db, 1, &rules))
		world_broken(w, "I23", "the rules of selling cannot be read");
	for (size_t i = 0; i < w->money->n && !w->failed; i++)
		check_payment(w, &w->money->payment[i], rules.value[VEND_ORDER_LIFE] * 1000);
	check_channel(w, CHANNEL_MODEL);
	check_channel(w, CHANNEL_WECHAT);
	for (int64_t day = p->first_day; day < p->day && !w->failed; day++)
		check_bill(w, day);
}
