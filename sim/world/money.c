#include "sim/world/money.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/customer.h"
#include "platform/core/payment.h"
#include "platform/core/rating.h"
#include "platform/store/account.h"
#include "platform/store/plan.h"
#include "platform/store/tariff.h"

#define RATE_MS   3000
#define SUPPLY_MS 500
#define EXPIRE_MS 10000
#define CUSTOMER  1

static const struct actor platform_itself = {.who = "tenant", .origin = "world", .local = true};

/* ---- the first day ---- */

static enum err make_tariff(struct db *db, enum service service, int64_t id, int64_t now_s)
{
	char body[128];
	struct tariff_row tariff = {.tariff_id = id,
	                            .group_id = 1,
	                            .property_id = 1,
	                            .service = service,
	                            .created_s = now_s,
	                            .version = 1};
	struct tariff_version_row version = {.version_id = id,
	                                     .tariff_id = id,
	                                     .valid_from_s = now_s,
	                                     .state = TARIFF_PUBLISHED,
	                                     .body = body,
	                                     .created_s = now_s,
	                                     .published_s = now_s,
	                                     .version = 1};
	struct tariff_use use = {
	        .property_id = 1, .service = service, .from_s = now_s, .tariff_id = id};
	enum err err;

	snprintf(tariff.code, sizeof tariff.code, "flat-%d", (int)id);
	snprintf(tariff.name, sizeof tariff.name, "flat");
	snprintf(body, sizeof body, "{\"rates\":[{\"name\":\"flat\",\"price_uy\":%lld}]}",
	         (long long)MONEY_PRICE_UY);
	err = tariff_insert(db, &tariff);
	if (!err)
		err = tariff_version_insert(db, &version);
	return err ? err : tariff_use_put(db, &use);
}

static enum err bind_meter(struct tx *tx, int64_t account_id, int64_t meter, enum service service,
                           int64_t now_s)
{
	struct account_meter use = {.property_id = 1,
	                            .meter = meter,
	                            .from_s = now_s,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = account_id,
	                            .service = service,
	                            .credit = CREDIT_PLATFORM};
	struct rating_start start = {.property_id = 1,
	                             .meter = meter,
	                             .account_id = account_id,
	                             .service = service,
	                             .from_s = now_s};
	enum err err = account_meter_insert(tx->db, &use);

	return err ? err : rating_start(tx, &start);
}

static enum err make_account(struct tx *tx, const struct world *w, unsigned n, int64_t now_s)
{
	struct account_row row = {.property_id = 1,
	                          .account_id = MONEY_FIRST + n,
	                          .customer_id = CUSTOMER,
	                          .state = ACCOUNT_OPEN,
	                          .created_s = now_s,
	                          .opened_s = now_s,
	                          .version = 1};
	struct account_terms terms = {.property_id = 1,
	                              .account_id = row.account_id,
	                              .from_s = now_s,
	                              .kind = ACCOUNT_PAY_PER_USE};
	enum err err;

	snprintf(row.code, sizeof row.code, "A-%u", n);
	err = account_insert(tx->db, &row);
	if (!err)
		err = account_terms_put(tx->db, &terms);
	if (!err)
		err = bind_meter(tx, row.account_id, unit_meter(n), SERVICE_ELECTRICITY, now_s);
	/* One account with many meters: a bought one beside the first terminals. */
	if (!err && n < w->n_bought)
		err = bind_meter(tx, row.account_id, METER_FIRST + UNITS_MAX + n,
		                 n % 2 ? SERVICE_WATER : SERVICE_ELECTRICITY, now_s);
	return err;
}

/* A cut follows at once, wherever and whenever; a few meters are no mass. */
static enum err make_rules(struct db *db)
{
	struct plan_row plan = {.property_id = 1, .group_id = 1, .code = "default"};
	struct supply_rules rules;
	enum err err = supply_rules_get(db, 1, &rules);

	plan.set[PLAN_CUT_NOTICE] = plan.set[PLAN_FRIENDLY_HOURS] = true;
	plan.set[PLAN_ALARM1] = plan.set[PLAN_ALARM2] = true;
	plan.value[PLAN_ALARM1] = 300;
	plan.value[PLAN_ALARM2] = 100;
	rules.set[SUPPLY_GUARD_PERCENT] = rules.set[SUPPLY_SPREAD] = true;
	rules.value[SUPPLY_GUARD_PERCENT] = 100;
	rules.value[SUPPLY_SPREAD] = 10;
	rules.set[SUPPLY_FRESH_WATER] = rules.set[SUPPLY_FRESH_ELECTRICITY] = true;
	rules.value[SUPPLY_FRESH_ELECTRICITY] = 300;
	rules.value[SUPPLY_FRESH_WATER] = 3600;
	if (!err)
		err = plan_put(db, &plan);
	return err ? err : supply_rules_put(db, &rules);
}

static enum err furnish_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct world *w = arg;
	enum err err = make_tariff(tx->db, SERVICE_ELECTRICITY, 1, now_ms / 1000);

	(void)out;
	if (!err)
		err = make_tariff(tx->db, SERVICE_WATER, 2, now_ms / 1000);
	if (!err)
		err = make_rules(tx->db);
	for (unsigned n = 0; !err && n < w->n_units; n++)
		err = make_account(tx, w, n, now_ms / 1000);
	return err;
}

/* One tenant for all accounts. */
static enum err make_customer(struct server *s)
{
	struct phone_edit phone = {.number = "13812345678", .main = true};
	struct customer_edit edit = {.actor = platform_itself,
	                             .property_id = 1,
	                             .name = "Tenant",
	                             .has_phones = true,
	                             .phone_count = 1,
	                             .phone = &phone};
	enum err err = step_run(s->db, s->keys, customer_edit_step, &edit, clock_wall_ms(), NULL);

	assert(err || edit.row.customer_id == CUSTOMER);
	return err;
}

enum err money_furnish(struct server *s)
{
	enum err err = make_customer(s);

	return err ? err : step_run(s->db, s->keys, furnish_step, s->w, clock_wall_ms(), NULL);
}

/* ---- the platform's regular work ---- */

static enum err rate_meter(struct tx *tx, int64_t meter, int64_t now_ms, struct effects *out)
{
	struct rating_pass pass = {.property_id = 1, .meter = meter};
	enum err err = rating_pass(tx, &pass, now_ms);

	return err || !pass.moved ? err : supply_consider_meter(tx, 1, meter, now_ms, out);
}

static enum err rate_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct server *s = arg;
	enum err err = tx_open(tx);

	for (unsigned n = 0; !err && n < s->w->n_units; n++)
		err = rate_meter(tx, unit_meter(n), now_ms, out);
	for (unsigned n = 0; !err && n < s->w->n_bought && n < s->w->n_units; n++)
		err = rate_meter(tx, METER_FIRST + UNITS_MAX + n, now_ms, out);
	return err;
}

static void rate_done(void *arg, enum err err)
{
	struct server *s = arg;

	s->rate_busy = false;
	if (err && err != ERR_IO && err != ERR_DISK_FULL && err != ERR_CLOSED)
		world_broken(s->w, "I6", "a pass of rating: %s", err_text(err));
}

static void rate_tick(void *arg)
{
	struct server *s = arg;

	if (!s->rate_busy)
		s->rate_busy = !writer_submit_bulk(s->platform.writer, rate_step, s, rate_done, s);
}

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
	s->rate_busy = s->supply_busy = s->expire_busy = false;
	io_timer_add(&s->io, RATE_MS, RATE_MS, rate_tick, s);
	io_timer_add(&s->io, SUPPLY_MS, SUPPLY_MS, supply_tick, s);
	io_timer_add(&s->io, EXPIRE_MS, EXPIRE_MS, expire_tick, s);
}

/* ---- tenants buy ---- */

struct purchase {
	struct world *w;
	struct order_sale sale;
};

static size_t pay(struct world *w, const struct order_row *order, bool again)
{
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
	const struct order_row *row = &purchase->sale.row;

	world_note(w, "order of account %lld, %lld fen: %s", (long long)purchase->sale.account_id,
	           (long long)purchase->sale.amount_fen, err_text(err));
	/* Most go on and pay. */
	if (!err && rnd_below(&w->rnd, 8)) {
		size_t n = pay(w, row, false);

		start_telling(w, n);
		if (!w->money->payment[n].wrong &&
		    fault_hits(&w->faults, FAULT_PAY_TWICE, NODE_PEOPLE))
			start_telling(w, pay(w, row, true));
	}
	free(purchase);
}

static void buy(struct world *w)
{
	struct purchase *purchase = calloc(1, sizeof *purchase);

	assert(purchase != NULL);
	purchase->w = w;
	purchase->sale =
	        (struct order_sale){.actor = platform_itself,
	                            .property_id = 1,
	                            .account_id = MONEY_FIRST + rnd_below(&w->rnd, w->n_units),
	                            .channel = CHANNEL_MODEL,
	                            .amount_fen = 100 + rnd_below(&w->rnd, 3000)};
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

static void told(void *arg, enum err err)
{
	struct telling *telling = arg;
	struct world *w = telling->w;
	struct money_payment *p = &w->money->payment[telling->n];

	world_note(w, "payment %s of %s, %lld fen: %s, %s", p->number, p->order_number,
	           (long long)p->amount_fen, err_text(err),
	           err ? "" : payment_outcome_word(telling->told.outcome));
	if (!err)
		p->taken = true;
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
	                                      .channel = CHANNEL_MODEL,
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

void money_happens(struct world *w, const struct happening *h)
{
	if (h->kind == HAPPENS_NOTICE) {
		notice(w, h->arg);
	} else if (!w->faults.calm) {
		if (server_takes(w))
			buy(w);
		world_at(w, (int64_t)(2000 + rnd_below(&w->rnd, 12000)) * MS, HAPPENS_BUY,
		         NODE_PEOPLE, 0, NULL);
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
}

bool money_settled(const struct world *w)
{
	for (size_t n = 0; n < w->money->n; n++)
		if (!w->money->payment[n].taken)
			return false;
	return true;
}

void money_new(struct world *w)
{
	w->money = calloc(1, sizeof *w->money);
	assert(w->money != NULL);
	world_at(w, 5 * SECOND, HAPPENS_BUY, NODE_PEOPLE, 0, NULL);
}

void money_free(struct world *w)
{
	free(w->money->payment);
	free(w->money);
}
