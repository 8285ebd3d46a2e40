#include "sim/world/money.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/customer.h"
#include "platform/core/payment.h"
#include "platform/core/rating.h"
#include "platform/store/account.h"
#include "platform/store/info.h"
#include "platform/store/plan.h"
#include "sim/world/charging.h"
#include "sim/world/contract.h"
#include "sim/world/desk.h"
#include "sim/world/provider.h"
#include "sim/world/purse.h"

#define SUPPLY_MS     500
#define EXPIRE_MS     10000
#define EARLY_S       900 /* so long before the closing of the day */
#define BILL_DAY_LAST 28

struct actor money_actor(const char *who, const char *reason)
{
	struct actor actor = {.origin = "world", .local = true};

	snprintf(actor.who, sizeof actor.who, "%s", who);
	snprintf(actor.reason, sizeof actor.reason, "%s", reason);
	return actor;
}

/* ---- the first day ---- */

static enum err bind_meter(struct tx *tx, int64_t account_id, int64_t meter, enum service service,
                           enum credit_place credit, int64_t now_s)
{
	struct account_meter use = {.property_id = 1,
	                            .meter = meter,
	                            .from_s = now_s,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = account_id,
	                            .service = service,
	                            .credit = credit};
	struct rating_start start = {.property_id = 1,
	                             .meter = meter,
	                             .account_id = account_id,
	                             .service = service,
	                             .credit = credit,
	                             .from_s = now_s};
	enum err err = account_meter_insert(tx->db, &use);

	return err ? err : rating_start(tx, &start);
}

int64_t money_account_of(const struct world *w, unsigned bought)
{
	if (bought >= w->n_bought)
		return -1;
	return MONEY_FIRST + (w->options.days || bought == 0 ? bought : w->n_units);
}

/* In a history of minutes the one without a terminal, if the day before it began is in it: its bill is made when that
 * is closed. */
int money_bill_day(const struct world *w, int64_t account_id)
{
	int64_t n = contract_root(w, account_id) - MONEY_FIRST;
	struct civil date;

	if (w->options.days)
		return n % 8 == 5 ? 1 + (int)(n % BILL_DAY_LAST) : 0;
	date_from_days(days_from_unix(w->start_ms / 1000 + MONEY_OFFSET_S), &date);
	return n == w->n_units && w->money->early && date.day <= BILL_DAY_LAST ? date.day : 0;
}

/* In a history of minutes now and then the one without a terminal, or the last one with. */
int64_t money_fee_fen(const struct world *w, int64_t account_id)
{
	int64_t n = contract_root(w, account_id) - MONEY_FIRST;
	uint64_t seed = w->options.seed;
	bool has;

	if (w->options.days)
		has = n % 8 == 3;
	else if (n == w->n_units)
		has = seed % 2 == 0 && !money_bill_day(w, account_id);
	else
		has = n > 0 && n == w->n_units - 1 && seed % 4 == 1 &&
		      !purse_of_account(w, (unsigned)n);
	return has ? 30000 + (int64_t)(seed % 997) + n : 0;
}

static enum err bind_bought(struct tx *tx, const struct world *w, unsigned bought, int64_t now_s)
{
	return bind_meter(tx, money_account_of(w, bought), METER_FIRST + UNITS_MAX + bought,
	                  bought % 2 ? SERVICE_WATER : SERVICE_ELECTRICITY, CREDIT_PLATFORM, now_s);
}

static enum err make_account(struct tx *tx, const struct world *w, unsigned n, int64_t now_s)
{
	struct account_row row = {.property_id = 1,
	                          .account_id = MONEY_FIRST + n,
	                          .customer_id = MONEY_CUSTOMER,
	                          .state = ACCOUNT_OPEN,
	                          .created_s = now_s,
	                          .opened_s = now_s,
	                          .version = 1};
	struct account_terms terms = {.property_id = 1,
	                              .account_id = row.account_id,
	                              .from_s = now_s,
	                              .kind = ACCOUNT_PAY_PER_USE};
	int bill_day = money_bill_day(w, row.account_id);
	int64_t fee_fen = money_fee_fen(w, row.account_id);
	enum err err;

	if (bill_day) {
		terms.kind = ACCOUNT_POSTPAID;
		terms.bill_day = bill_day;
		terms.due_days = MONEY_DUE_DAYS;
	} else if (fee_fen) {
		terms.kind = ACCOUNT_MONTHLY_FEE;
		terms.fee_fen = fee_fen;
	}
	snprintf(row.code, sizeof row.code, "A-%u", n);
	err = sequence_next(tx->db, "account", &row.account_id);
	assert(err || row.account_id == MONEY_FIRST + n);
	if (!err)
		err = account_insert(tx->db, &row);
	if (!err)
		err = account_terms_put(tx->db, &terms);
	if (!err && n < w->n_units)
		err = bind_meter(tx, row.account_id, unit_meter(n), SERVICE_ELECTRICITY,
		                 purse_of_account(w, n) ? CREDIT_METER : CREDIT_PLATFORM, now_s);
	return err;
}

/* A cut follows at once, wherever and whenever, as long as the guard has room. */
static enum err make_rules(struct db *db, const struct till *m)
{
	struct plan_row plan = {.property_id = 1, .group_id = 1, .code = "default"};
	struct supply_rules rules;
	enum err err = supply_rules_get(db, 1, &rules);

	plan.set[PLAN_CUT_NOTICE] = plan.set[PLAN_FRIENDLY_HOURS] = true;
	plan.set[PLAN_ALARM1] = plan.set[PLAN_ALARM2] = true;
	plan.value[PLAN_ALARM1] = 300;
	plan.value[PLAN_ALARM2] = 100;
	rules.set[SUPPLY_GUARD_PERCENT] = rules.set[SUPPLY_SPREAD] = true;
	rules.set[SUPPLY_GUARD_COUNT] = rules.set[SUPPLY_GUARD_WINDOW] = true;
	rules.value[SUPPLY_GUARD_COUNT] = m->guard_count;
	rules.value[SUPPLY_GUARD_WINDOW] = MONEY_GUARD_S;
	rules.value[SUPPLY_GUARD_PERCENT] = 100;
	rules.value[SUPPLY_SPREAD] = 10;
	rules.set[SUPPLY_FRESH_WATER] = rules.set[SUPPLY_FRESH_ELECTRICITY] = true;
	rules.value[SUPPLY_FRESH_ELECTRICITY] = MONEY_FRESH_S;
	rules.value[SUPPLY_FRESH_WATER] = 3600;
	if (!err)
		err = plan_put(db, &plan);
	return err ? err : supply_rules_put(db, &rules);
}

static enum err furnish_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct world *w = arg;
	enum err err = rates_furnish(tx->db, w);

	(void)out;
	(void)now_ms;
	if (!err)
		err = make_rules(tx->db, w->money);
	if (!err)
		err = desk_furnish(tx->db, w->money);
	for (unsigned n = 0; !err && n < w->n_accounts; n++)
		err = make_account(tx, w, n, w->money->rates.opened_s);
	for (unsigned n = 0; !err && n < w->n_bought; n++)
		err = bind_bought(tx, w, n, w->money->rates.opened_s);
	return err;
}

/* One tenant for all accounts, and one who comes after him. */
static enum err make_customer(struct server *s, const char *number, int64_t id)
{
	struct phone_edit phone = {.number = number, .main = true};
	struct customer_edit edit = {.actor = money_actor("tenant", ""),
	                             .property_id = 1,
	                             .name = "Tenant",
	                             .has_phones = true,
	                             .phone_count = 1,
	                             .phone = &phone};
	enum err err = step_run(s->db, s->keys, customer_edit_step, &edit, clock_wall_ms(), NULL);

	assert(err || edit.row.customer_id == id);
	return err;
}

enum err money_furnish(struct server *s)
{
	enum err err = make_customer(s, "13812345678", MONEY_CUSTOMER);

	if (!err)
		err = make_customer(s, "13812345679", MONEY_NEXT_CUSTOMER);
	return err ? err : step_run(s->db, s->keys, furnish_step, s->w, clock_wall_ms(), NULL);
}

/* ---- the platform's regular work ---- */

static void supply_done(void *arg, enum err err)
{
	struct server *s = arg;

	s->supply_busy = false;
	if (err && err != ERR_IO && err != ERR_DISK_FULL && err != ERR_CLOSED)
		world_broken(s->w, "I26", "the work of supply: %s", err_text(err));
}

static void supply_tick(void *arg)
{
	struct server *s = arg;

	s->supply.rules = s->platform.rules;
	s->supply.hold = platform_clock_unsure(&s->platform);
	s->supply.clock_disputed_ms = s->platform.clock_disputed_ms;
	if (!s->supply_busy)
		s->supply_busy = !writer_submit_bulk(s->platform.writer, supply_work_step,
		                                     &s->supply, supply_done, s);
}

static void expire_done(void *arg, enum err err)
{
	struct server *s = arg;

	(void)err;
	s->expire_busy = false;
}

static void expire_tick(void *arg)
{
	struct server *s = arg;

	if (!s->expire_busy)
		s->expire_busy = !writer_submit_bulk(s->platform.writer, order_expire_step,
		                                     &s->orders_late, expire_done, s);
}

void money_timers(struct server *s)
{
	s->supply_busy = s->expire_busy = false;
	io_timer_add(&s->io, SUPPLY_MS, SUPPLY_MS, supply_tick, s);
	io_timer_add(&s->io, EXPIRE_MS, EXPIRE_MS, expire_tick, s);
	purse_timer(s);
	charging_timer(s);
}

/* ---- tenants buy ---- */

struct purchase {
	struct world *w;
	int64_t begun_ms;
	struct order_sale sale;
};

static size_t pay(struct world *w, const struct purchase *purchase, enum pay_channel channel,
                  bool again)
{
	const struct order_row *order = &purchase->sale.row;
	struct till *m = w->money;
	struct faults *f = &w->faults;
	struct money_payment *p;

	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 64;
		m->payment = realloc(m->payment, m->room * sizeof *m->payment);
		assert(m->payment != NULL);
	}
	p = &m->payment[m->n];
	*p = (struct money_payment){.order_id = order->order_id,
	                            .account_id = order->account_id,
	                            .amount_fen = order->amount_fen,
	                            .ordered_ms = purchase->begun_ms,
	                            .channel = channel,
	                            .paid_ms = world_wall_ms(w)};
	snprintf(p->number, sizeof p->number, "pay-%zu", m->n++);
	order_number(order->order_id, p->order_number);
	if (again) { /* whichever is told first is taken */
		p->wrong = true;
	} else if (fault_hits(f, FAULT_PAY_WRONG, NODE_PEOPLE)) {
		p->wrong = true;
		p->amount_fen--;
	}
	p->unheard = fault_hits(f, FAULT_NOTICE_NEVER, NODE_PEOPLE);
	return m->n - 1;
}

static void start_telling(struct world *w, size_t n)
{
	if (!w->money->payment[n].unheard)
		world_at(w, (int64_t)(1 + rnd_below(&w->rnd, 5)) * SECOND, HAPPENS_NOTICE,
		         NODE_PEOPLE, n, NULL);
}

static void bought(void *arg, enum err err)
{
	struct purchase *purchase = arg;
	struct world *w = purchase->w;

	world_note(w, "order of account %lld, %lld fen: %s", (long long)purchase->sale.account_id,
	           (long long)purchase->sale.amount_fen, err_text(err));
	/* Most go on and pay. */
	if (!err && rnd_below(&w->rnd, 8)) {
		size_t n = pay(w, purchase, CHANNEL_MODEL, false);

		start_telling(w, n);
		if (!w->money->payment[n].wrong &&
		    fault_hits(&w->faults, FAULT_PAY_TWICE, NODE_PEOPLE))
			start_telling(w, pay(w, purchase, CHANNEL_MODEL, true));
		/* Another merchant's notice names an order of ours. */
		if (fault_hits(&w->faults, FAULT_PAY_STRANGER, NODE_PEOPLE))
			start_telling(w, pay(w, purchase, CHANNEL_WECHAT, true));
	}
	free(purchase);
}

static void buy(struct world *w)
{
	struct purchase *purchase = calloc(1, sizeof *purchase);

	assert(purchase != NULL);
	purchase->w = w;
	purchase->begun_ms = world_wall_ms(w);
	purchase->sale =
	        (struct order_sale){.actor = money_actor("tenant", ""),
	                            .property_id = 1,
	                            .account_id = MONEY_FIRST + rnd_below(&w->rnd, w->n_accounts),
	                            .channel = CHANNEL_MODEL,
	                            .amount_fen = 100 + rnd_below(&w->rnd, 3000)};
	if (w->options.days)
		purchase->sale.amount_fen *= 10;
	if (writer_submit(w->server->platform.writer, order_create_step, &purchase->sale, bought,
	                  purchase))
		free(purchase);
}

/* ---- the provider tells ---- */

struct telling {
	struct world *w;
	size_t n;
	struct payment_told told;
};

/* Seconds until the next try, as WeChat Pay's table begins. */
static int64_t patience_s(unsigned tries)
{
	static const int64_t table[MONEY_TRIES_MAX] = {15,   15,   30,   180, 600,
	                                               1200, 1800, 1800, 1800};

	return table[tries < MONEY_TRIES_MAX ? tries : MONEY_TRIES_MAX - 1];
}

void money_taken(struct world *w, struct money_payment *p)
{
	if (!p->taken)
		p->taken_ms = world_wall_ms(w);
	p->taken = true;
}

static void told(void *arg, enum err err)
{
	struct telling *telling = arg;
	struct world *w = telling->w;
	struct money_payment *p = &w->money->payment[telling->n];

	world_note(w, "payment %s of %s, %lld fen: %s, %s", p->number, p->order_number,
	           (long long)p->amount_fen, err_text(err),
	           err ? "" : payment_outcome_word(telling->told.outcome));
	if (!err)
		money_taken(w, p);
	else if (p->tries < MONEY_TRIES_MAX)
		world_at(w, patience_s(p->tries++) * SECOND, HAPPENS_NOTICE, NODE_PEOPLE,
		         telling->n, NULL);
	free(telling);
}

static void tell(struct world *w, size_t n, enum payment_source source)
{
	struct money_payment *p = &w->money->payment[n];
	struct telling *telling = calloc(1, sizeof *telling);

	assert(telling != NULL);
	*telling = (struct telling){.w = w, .n = n};
	telling->told = (struct payment_told){.property_id = 1,
	                                      .channel = p->channel,
	                                      .number = p->number,
	                                      .order_number = p->order_number,
	                                      .amount_fen = p->amount_fen,
	                                      .currency = CURRENCY_YUAN,
	                                      .paid_ms = p->paid_ms,
	                                      .payer = "tenant",
	                                      .source = source,
	                                      .who = "provider"};
	if (writer_submit(w->server->platform.writer, payment_told_step, &telling->told, told,
	                  telling))
		told(telling, ERR_FULL);
}

static void notice(struct world *w, size_t n)
{
	struct faults *f = &w->faults;

	if (!server_takes(w)) {
		world_at(w, patience_s(w->money->payment[n].tries++) * SECOND, HAPPENS_NOTICE,
		         NODE_PEOPLE, n, NULL);
		return;
	}
	if (fault_hits(f, FAULT_NOTICE_LATE, NODE_PEOPLE)) {
		world_at(w,
		         (int64_t)(5 + fault_below(f, FAULT_NOTICE_LATE, NODE_PEOPLE, 60)) * SECOND,
		         HAPPENS_NOTICE, NODE_PEOPLE, n, NULL);
		return;
	}
	tell(w, n, PAYMENT_NOTICE);
	if (fault_hits(f, FAULT_NOTICE_TWICE, NODE_PEOPLE))
		world_at(w, (int64_t)fault_below(f, FAULT_NOTICE_TWICE, NODE_PEOPLE, 3000) * MS,
		         HAPPENS_NOTICE, NODE_PEOPLE, n, NULL);
}

/* The counter, and what the provider does by itself. */
static void office(struct world *w)
{
	uint32_t who = rnd_below(&w->money->rnd, 8);

	if (who < 5) {
		desk_act(w);
	} else if (who < 7) {
		provider_act(w);
	} else if (server_takes(w)) {
		rates_resolve(w);
		contract_act(w);
	}
	world_at(w, 200 * MS + (int64_t)rnd_below(&w->money->rnd, 3000) * (w->pace.desk_us / 3000),
	         HAPPENS_DESK, NODE_PEOPLE, 0, NULL);
}

void money_happens(struct world *w, const struct happening *h)
{
	if (h->kind == HAPPENS_DESK) {
		office(w);
	} else if (h->kind == HAPPENS_NOTICE) {
		notice(w, h->arg);
	} else if (!w->faults.calm) {
		if (server_takes(w))
			buy(w);
		world_at(w,
		         2 * SECOND +
		                 (int64_t)(rnd_below(&w->rnd, 12000)) * (w->pace.buy_us / 12000),
		         HAPPENS_BUY, NODE_PEOPLE, 0, NULL);
	} else if (!money_settled(w)) { /* our own questions for what is not known */
		for (size_t n = 0; n < w->money->n && server_takes(w); n++)
			if (!w->money->payment[n].taken)
				tell(w, n, PAYMENT_QUERY);
		world_at(w, 5 * SECOND, HAPPENS_BUY, NODE_PEOPLE, 0, NULL);
	}
}

void money_calm(struct world *w)
{
	world_at(w, 10 * SECOND, HAPPENS_BUY, NODE_PEOPLE, 0, NULL);
	if (!w->options.days)
		return;
	w->pace.desk_us = 3 * SECOND; /* what waits for the provider is asked for now */
	world_at(w, 10 * SECOND, HAPPENS_DESK, NODE_PEOPLE, 0, NULL);
}

bool money_settled(struct world *w)
{
	for (size_t n = 0; n < w->money->n; n++)
		if (!w->money->payment[n].taken)
			return false;
	return provider_settled(w) && purse_settled(w) && charging_settled(w);
}

/* Shortly before the day is closed the accounts are a day old, so that a part of their use is of a day that
 * is closed meanwhile. */
static bool is_early(const struct world *w)
{
	int64_t second = (w->start_ms / 1000 + MONEY_OFFSET_S) % 86400;

	return second >= 7200 - EARLY_S && second < 7200;
}

void money_new(struct world *w)
{
	struct till *m = calloc(1, sizeof *m);

	assert(m != NULL);
	w->money = m;
	rnd_seed(&m->rnd, w->options.seed * 3 + 3);
	m->early = is_early(w);
	m->guard_count = rnd_below(&m->rnd, 2) ? 1000 : 1 + rnd_below(&m->rnd, 4);
	/* Behind the units that share their account with a bought meter. */
	m->purses_from = rnd_below(&m->rnd, 2) ? UNITS_MAX : w->n_bought + rnd_below(&m->rnd, 3);
	m->desk = calloc(1, sizeof *m->desk);
	assert(m->desk != NULL);
	rates_draw(w);
	desk_draw(w);
	charging_draw(w);
	contract_new(w);
	provider_new(w);
	world_at(w, 5 * SECOND, HAPPENS_BUY, NODE_PEOPLE, 0, NULL);
	world_at(w, 6 * SECOND, HAPPENS_DESK, NODE_PEOPLE, 0, NULL);
}

void money_free(struct world *w)
{
	free(w->money->payment);
	contract_free(w);
	free(w->money->desk);
	free(w->money->provider);
	free(w->money);
}
