#include "sim/world/oracle.h"

#include "libs/base/bytes.h"
#include "sim/world/oracle_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KIND_NONE      (1u << 31) /* nothing was ordered, and what is delayed may never come */
#define KIND_BIT(kind) (1u << (kind))
#define CLOSES         (KIND_BIT(COMMAND_CLOSE) | KIND_BIT(COMMAND_KEEP_POWER) | KIND_BIT(COMMAND_RELEASE))
#define OPENS          (KIND_BIT(COMMAND_TRIP) | KIND_BIT(COMMAND_ALLOW_CLOSE))
#define BUTTON_US      (120 * SECOND) /* a press works some time later at a slow relay */

enum { FLAG_KEEP = 1 << 2, FLAG_CUT = 1 << 5 }; /* of a decision, docs/hardware/flash-map.md */

void oracle_new(struct world *w)
{
	w->oracle = calloc(1, sizeof *w->oracle);
	assert(w->oracle != NULL);
}

void oracle_free(struct world *w)
{
	struct oracle *o = w->oracle;

	for (unsigned i = 0; i < UNITS_MAX; i++)
		free(o->unit[i].order);
	free(o->batch);
	free(o);
}

/* ---- commands ---- */

static const struct order *order_of(const struct subject *s, uint32_t counter)
{
	for (size_t i = 0; i < s->n_orders; i++)
		if (s->order[i].counter == counter)
			return &s->order[i];
	return NULL;
}

static struct order read_order(const uint8_t *body, size_t len, uint64_t id)
{
	struct order order = {.id = id};
	struct command_args args;
	struct command cmd;

	order.counter = get_le32(body + 2);
	order.kind = body[6];
	order.expires_s = get_le32(body + 11);
	order.delayed = order.kind <= COMMAND_RELEASE && body[15] >= 2 && get_le16(body + 16) > 0;
	order.until_s = order.kind == COMMAND_KEEP_POWER && body[15] >= 6 ? get_le32(body + 18) : 0;
	if ((order.kind == COMMAND_RECHARGE || order.kind == COMMAND_PURSE_VOID) &&
	    !command_parse(body, len, &cmd) && !command_args_decode(&cmd, &args)) {
		order.purchase = args.count;
		order.amount_fen = args.amount_fen;
		order.total_fen = args.total_fen;
	}
	order.hash = world_hash(0, body, len);
	return order;
}

void oracle_published(struct world *w, int64_t meter, uint64_t id, const uint8_t *body, size_t len)
{
	int64_t n = meter - METER_FIRST;
	struct subject *s;
	struct order order;
	const struct order *known;

	/* To a bought meter, whose device knows no commands: nobody answers. */
	if (n >= UNITS_MAX && n < UNITS_MAX + (int64_t)(w->n_bought + w->n_spares))
		return;
	if (n < 0 || n >= (int64_t)w->n_terminals || len < 24) {
		world_broken(w, "I11", "a command for %lld", (long long)meter);
		return;
	}
	s = &w->oracle->unit[n];
	order = read_order(body, len, id);
	known = order_of(s, order.counter);
	if (known && known->hash != order.hash)
		world_broken(w, "I11", "terminal %d: two commands with counter %u", (int)n,
		             (unsigned)order.counter);
	if (known)
		return;
	if (s->n_orders == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->order = realloc(s->order, s->room * sizeof *s->order);
		assert(s->order != NULL);
	}
	s->order[s->n_orders++] = order;
	world_note(w, "command %llu for terminal %d: kind %u counter %u", (unsigned long long)id,
	           (int)n, order.kind, (unsigned)order.counter);
}

static bool keeps(const struct subject *s, uint32_t clock_s)
{
	return s->kinds == KIND_BIT(COMMAND_KEEP_POWER) &&
	       (s->until_s == 0 || (clock_s && clock_s < s->until_s));
}

/* Until when power is kept: a delayed order of it may never come, and then the one before it ends. */
static uint32_t kept_until(const struct subject *s, const struct order *order)
{
	uint32_t before_s = s->until_s, after_s = order->until_s;

	if (order->kind != COMMAND_KEEP_POWER)
		return before_s;
	if (!order->delayed || !(s->kinds & KIND_BIT(COMMAND_KEEP_POWER)) || before_s == 0)
		return after_s;
	return after_s == 0 || before_s < after_s ? before_s : after_s;
}

/* A supply command counts for this terminal from now on. */
static void obey(struct world *w, unsigned n, const struct order *order, uint32_t clock_s)
{
	struct subject *s = &w->oracle->unit[n];

	if (order->kind == COMMAND_TRIP && keeps(s, clock_s))
		world_broken(w, "I15", "terminal %u: trips by command %llu while it keeps power", n,
		             (unsigned long long)order->id);
	if (clock_s == 0 || clock_s > order->expires_s)
		world_broken(w, "I11", "terminal %u: obeys command %llu at %u, which expired at %u",
		             n, (unsigned long long)order->id, (unsigned)clock_s,
		             (unsigned)order->expires_s);
	s->own_close = false;
	s->until_s = kept_until(s, order);
	if (order->delayed && !s->kinds)
		s->kinds = KIND_NONE;
	/* Leave to close changes nothing that stands; a delayed one does so later, or never. */
	s->kinds = (order->delayed || order->kind == COMMAND_ALLOW_CLOSE ? s->kinds : 0) |
	           KIND_BIT(order->kind);
	s->executed[s->n_executed++ % EXECUTED_KEPT] = order->counter;
}

static void check_in_time(struct world *w, unsigned n, const struct order *order, uint32_t clock_s)
{
	if (clock_s == 0 || clock_s > order->expires_s)
		world_broken(w, "I11", "terminal %u: takes purchase %u at %u, which expired at %u",
		             n, (unsigned)order->purchase, (unsigned)clock_s,
		             (unsigned)order->expires_s);
}

/* I11, I4: a purchase counts when it is the next one, in time, and only once. */
static void take_purchase(struct world *w, unsigned n, const struct order *order, uint32_t clock_s)
{
	struct subject *s = &w->oracle->unit[n];

	check_in_time(w, n, order, clock_s);
	if (order->purchase != s->purse_count + 1 ||
	    order->total_fen != s->purse_fen + order->amount_fen)
		world_broken(w, "I4",
		             "terminal %u: purchase %u of %lld fen follows %u of %lld in all", n,
		             (unsigned)order->purchase, (long long)order->amount_fen,
		             (unsigned)s->purse_count, (long long)s->purse_fen);
	s->purse_count = order->purchase;
	s->purse_fen = order->total_fen;
	s->taken_fen += order->amount_fen;
	s->voided = false;
	s->executed[s->n_executed++ % EXECUTED_KEPT] = order->counter;
}

/* I4: nothing is left, and nothing of what was spent is forgotten; no purchase from before counts any more. */
static void take_void(struct world *w, unsigned n, const struct order *order,
                      const struct oracle_decision *d, uint32_t clock_s)
{
	struct subject *s = &w->oracle->unit[n];
	int64_t total_fen = d->left_fen + d->spent_fen;

	check_in_time(w, n, order, clock_s);
	if (order->purchase <= s->purse_count || d->left_fen > 0 ||
	    total_fen < s->decision.spent_fen)
		world_broken(w, "I4", "terminal %u: void %u after %u leaves %lld fen, %lld spent",
		             n, (unsigned)order->purchase, (unsigned)s->purse_count,
		             (long long)d->left_fen, (long long)d->spent_fen);
	s->purse_count = order->purchase;
	s->purse_fen = total_fen;
	s->voided = true;
	s->executed[s->n_executed++ % EXECUTED_KEPT] = order->counter;
}

static void newer(struct world *w, unsigned n, const struct oracle_decision *d, uint32_t clock_s,
                  bool boot)
{
	struct subject *s = &w->oracle->unit[n];
	const struct order *order = order_of(s, d->counter);

	if (!order) {
		world_broken(w, "I11", "terminal %u: obeys counter %u, which nobody signed", n,
		             (unsigned)d->counter);
		return;
	}
	if (order->kind == COMMAND_TIME)
		s->executed[s->n_executed++ % EXECUTED_KEPT] = order->counter;
	else if (command_is_of_credit(order->kind))
		s->executed[s->n_executed++ % EXECUTED_KEPT] = order->counter;
	else if (order->kind == COMMAND_RECHARGE)
		take_purchase(w, n, order, boot ? s->clock_s : clock_s);
	else if (order->kind == COMMAND_PURSE_VOID)
		take_void(w, n, order, d, boot ? s->clock_s : clock_s);
	else if (d->supply_counter == d->counter && d->kind == order->kind)
		/* Found after a start: when it was written, its clock was still right. */
		obey(w, n, order, boot ? s->clock_s : clock_s);
	else
		world_broken(w, "I11", "terminal %u: takes counter %u for a kind that it is not", n,
		             (unsigned)d->counter);
}

/* I16, I15: a meter that charges itself opens when nothing is left, closes when there is, and never against
 * keep-power. */
static void own_moved(struct world *w, unsigned n, const struct oracle_decision *d)
{
	bool cut = d->flags & FLAG_CUT;

	if (cut && (!d->spends || d->left_fen > 0))
		world_broken(w, "I16", "terminal %u: opens by itself with %lld fen left", n,
		             (long long)d->left_fen);
	else if (cut && d->flags & FLAG_KEEP)
		world_broken(w, "I15", "terminal %u: opens by itself while it keeps power", n);
	else if (!cut && d->spends && d->left_fen <= 0 && !(d->flags & FLAG_KEEP))
		world_broken(w, "I16", "terminal %u: closes by itself with %lld fen left", n,
		             (long long)d->left_fen);
	w->oracle->unit[n].own_close = !cut;
}

/* What is in flash of a counter: parts of prices are in memory only. */
static void keep_counter(struct subject *s, uint32_t counter)
{
	const struct order *order = order_of(s, counter);

	if (!order || order->kind != COMMAND_PRICE_PART)
		s->durable_counter = counter;
}

void oracle_unit(struct world *w, unsigned n, const struct oracle_decision *d, uint32_t clock_s,
                 uint32_t time_counter)
{
	struct subject *s = &w->oracle->unit[n];

	if (d->counter != s->decision.counter) {
		if (d->counter < s->decision.counter)
			world_broken(w, "I12", "terminal %u: counter %u after %u", n,
			             (unsigned)d->counter, (unsigned)s->decision.counter);
		else
			newer(w, n, d, clock_s, false);
		keep_counter(s, d->counter);
	}
	if ((d->flags ^ s->decision.flags) & FLAG_CUT &&
	    d->supply_counter == s->decision.supply_counter)
		own_moved(w, n, d);
	if (time_counter && time_counter != s->time_counter) {
		if (time_counter <= s->boot_counter)
			world_broken(w, "I11", "terminal %u: time command %u once more", n,
			             (unsigned)time_counter);
		s->time_counter = time_counter;
	}
	s->decision = *d;
	s->clock_s = clock_s;
}

/* A record whose write the power cut may be read at a later start only, behind newer counters: cells that read
 * differently. It was taken when it was written. */
static void find_late_purchase(struct subject *s, const struct oracle_decision *d)
{
	int64_t total_fen = d->left_fen + d->spent_fen;

	for (size_t i = 0; i < s->n_orders; i++) {
		const struct order *order = &s->order[i];

		if (order->kind != COMMAND_RECHARGE || order->purchase != s->purse_count + 1 ||
		    order->total_fen != total_fen || total_fen == s->purse_fen)
			continue;
		s->purse_count = order->purchase;
		s->purse_fen = total_fen;
		s->taken_fen += order->amount_fen;
		s->voided = false;
		s->executed[s->n_executed++ % EXECUTED_KEPT] = order->counter;
	}
}

/* The last that a terminal did before its power went may have been to end keep-power in its time. */
static bool ended_last(const struct subject *s)
{
	return s->decision.until_s && s->clock_s + 1 >= s->decision.until_s;
}

void oracle_unit_boot(struct world *w, unsigned n, const struct oracle_decision *d)
{
	struct subject *s = &w->oracle->unit[n];

	if (d->counter < s->durable_counter)
		world_broken(w, "I12", "terminal %u: starts with counter %u after %u", n,
		             (unsigned)d->counter, (unsigned)s->durable_counter);
	else if (d->counter > s->decision.counter)
		newer(w, n, d, s->clock_s, true);
	else if ((s->decision.flags & FLAG_KEEP) && !(d->flags & FLAG_KEEP) && !ended_last(s))
		world_broken(w, "I15", "terminal %u: keep-power is gone after a start", n);
	if (d->counter <= s->decision.counter && w->faults.level[FAULT_FLASH_MARGINAL])
		find_late_purchase(s, d);
	/* It may have lost its power between what it decided and the contact. */
	if (s->decision.flags & FLAG_CUT && !(d->flags & FLAG_CUT))
		s->own_close = true;
	keep_counter(s, d->counter);
	s->decision = *d;
	s->boot_counter = d->counter;
	s->time_counter = 0;
	s->clock_s = 0;
}

void oracle_pulse(struct world *w, unsigned n, bool close, uint32_t clock_s)
{
	struct subject *s = &w->oracle->unit[n];
	uint32_t may = close ? CLOSES : OPENS;

	if (close && s->kinds & KIND_BIT(COMMAND_ALLOW_CLOSE) && s->button_us &&
	    world_us(w) - s->button_us < BUTTON_US)
		return;
	if (!close && keeps(s, clock_s))
		world_broken(w, "I15", "terminal %u: opens while it keeps power", n);
	else if (close ? s->own_close : s->decision.flags & FLAG_CUT)
		return;
	else if (!(s->kinds & may))
		world_broken(w, close ? "I11" : "I16", "terminal %u: %s without a command", n,
		             close ? "closes" : "opens");
}

void oracle_button(struct world *w, unsigned n)
{
	w->oracle->unit[n].button_us = world_us(w);
}

bool oracle_executed(const struct world *w, unsigned n, uint32_t counter)
{
	const struct subject *s = &w->oracle->unit[n];

	for (size_t i = 0; i < EXECUTED_KEPT && i < s->n_executed; i++)
		if (s->executed[i] == counter)
			return true;
	return false;
}

/* ---- batches ---- */

struct made *oracle_made(const struct world *w, unsigned box, uint64_t boot, uint64_t seq)
{
	struct oracle *o = w->oracle;
	uint64_t key = boot ^ seq * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)box << 60;
	size_t i;

	if (o->room == 0)
		return NULL;
	for (i = key % o->room; o->batch[i].boot; i = (i + 1) % o->room)
		if (o->batch[i].boot == boot && o->batch[i].seq == seq && o->batch[i].box == box)
			break;
	return &o->batch[i];
}

static void grow(struct world *w)
{
	struct oracle *o = w->oracle;
	struct made *old = o->batch;
	size_t room = o->room;

	if (2 * (o->n + 1) < o->room)
		return;
	o->room = room ? 2 * room : 1024;
	o->batch = calloc(o->room, sizeof *o->batch);
	assert(o->batch != NULL);
	for (size_t i = 0; i < room; i++)
		if (old[i].boot)
			*oracle_made(w, old[i].box, old[i].boot, old[i].seq) = old[i];
	free(old);
}

static void take_place(struct world *w, struct made *made, unsigned box, uint64_t boot,
                       uint64_t seq)
{
	*made = (struct made){.boot = boot, .seq = seq, .box = box, .made_us = world_us(w)};
	w->oracle->n++;
}

void oracle_durable(struct world *w, unsigned box, uint64_t boot, uint64_t seq,
                    const uint8_t *bytes, size_t len)
{
	uint64_t hash = world_hash(0, bytes, len);
	struct made *made;

	grow(w);
	made = oracle_made(w, box, boot, seq);
	if (made->durable && made->hash != hash)
		world_broken(w, "I10", "gateway %u: two batches are called %llx %llu", box,
		             (unsigned long long)boot, (unsigned long long)seq);
	if (made->durable)
		return;
	if (!made->boot)
		take_place(w, made, box, boot, seq);
	made->durable = true;
	made->hash = hash;
	w->oracle->open += !made->acked;
}

void oracle_acked(struct world *w, unsigned box, uint64_t boot, uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++) {
		struct made *made;

		grow(w);
		made = oracle_made(w, box, boot, seq);
		/* Results are offered before they are durable at the gateway. */
		if (!made->boot)
			take_place(w, made, box, boot, seq);
		if (made->durable && !made->acked)
			w->oracle->open--;
		made->acked = true;
	}
}

void oracle_refused(struct world *w, unsigned box, uint64_t boot, uint64_t seq, uint32_t reason)
{
	struct made *made = oracle_made(w, box, boot, seq);

	if (made && made->boot)
		world_note(w, "batch %llx %llu of gateway %u refused: %u", (unsigned long long)boot,
		           (unsigned long long)seq, box, (unsigned)reason);
}

bool oracle_is_acked(const struct world *w, unsigned box, uint64_t boot, uint64_t seq)
{
	const struct made *made = oracle_made(w, box, boot, seq);

	return made && made->boot && made->acked;
}

void oracle_forgotten(struct world *w, unsigned box, uint64_t boot, uint64_t seq)
{
	struct made *made = oracle_made(w, box, boot, seq);

	if (made && made->durable && !made->acked)
		world_broken(w, "I9", "gateway %u forgets %llx %llu, which nobody acknowledged",
		             box, (unsigned long long)boot, (unsigned long long)seq);
}

bool oracle_all_acked(const struct world *w)
{
	return w->oracle->open == 0;
}

void oracle_tell_open(struct world *w)
{
	const struct oracle *o = w->oracle;

	for (size_t i = 0; i < o->room; i++)
		if (o->batch[i].durable && !o->batch[i].acked)
			world_note(w, "open: batch %llx %llu of gateway %u, made at %.3f s",
			           (unsigned long long)o->batch[i].boot,
			           (unsigned long long)o->batch[i].seq, o->batch[i].box,
			           (double)o->batch[i].made_us / SECOND);
}

/* ---- energy ---- */

void oracle_flowed(struct world *w, int64_t meter, uint64_t total_100mwh)
{
	int64_t n = meter - METER_FIRST;

	assert(n >= 0 && n < METERS);
	w->oracle->flowed[n] = total_100mwh;
}
