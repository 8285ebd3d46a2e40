#include "sim/world/purse.h"

#include "sim/world/oracle_state.h"

#include "platform/store/topup.h"

#define CARRY_MS 1000
#define LATE_MS  120000

bool purse_is_of(const struct world *w, unsigned n)
{
	return n >= w->money->purses_from && n < w->n_units; /* a bought meter keeps none */
}

/* ---- the carrier ---- */

static void carried(void *arg, enum err err)
{
	struct server *s = arg;

	s->topups_busy = false;
	if (err == ERR_INTERNAL || err == ERR_DAMAGED || err == ERR_REFUSED)
		world_broken(s->w, "I4", "purchases are not carried: %s", err_text(err));
}

static void carry(void *arg)
{
	struct server *s = arg;

	if (s->topups_busy || platform_clock_unsure(&s->platform))
		return;
	s->topups.rules = s->platform.rules;
	s->topups_busy =
	        !writer_submit_bulk(s->platform.writer, topup_work_step, &s->topups, carried, s);
}

void purse_timer(struct server *s)
{
	s->topups_busy = false;
	io_timer_add(&s->io, CARRY_MS, CARRY_MS, carry, s);
}

/* ---- what is on its way, and what has arrived ---- */

struct arrived {
	int64_t amount_fen;
	bool open;
};

static bool on_order(void *arg, const struct order_row *row)
{
	struct arrived *a = arg;

	if (row->meter && row->delivered_ms)
		a->amount_fen += row->credit_fen;
	a->open = a->open || row->state == ORDER_DELIVERING;
	return true;
}

static struct arrived look(const struct world *w, unsigned n)
{
	struct order_filter filter = {.account_id = MONEY_FIRST + n};
	struct arrived a = {.amount_fen = 0};

	if (order_list(w->server->db, 1, &filter, on_order, &a))
		a.open = true;
	return a;
}

/* Is something to be done now? What was tried often is tried again after minutes; what a meter refused waits for
 * a person, and all that follows for that. */
static bool is_due(const struct world *w, unsigned n, int64_t late_ms)
{
	struct topup_row row;
	enum err err = topup_under_way(w->server->db, 1, unit_meter(n), &row);

	if (err)
		return look(w, n).open;
	return (row.state == TOPUP_QUEUED || row.state == TOPUP_ASKING) &&
	       row.next_ms + late_ms < world_wall_ms(w);
}

bool purse_settled(const struct world *w)
{
	if (!w->server->db)
		return false; /* it does not run, and nobody can ask it */
	for (unsigned n = 0; n < w->n_units; n++)
		if (purse_is_of(w, n) && w->faults.count[FAULT_PLATFORM_CLOCK] == 0 &&
		    is_due(w, n, 0))
			return false;
	return true;
}

/* I4: what the platform says is in the purse is in it, once; what is not known yet is on its way for all to see. */
static void check(struct world *w, unsigned n)
{
	const struct subject *s = &w->oracle->unit[n];
	struct meter_purse row = {.count = 0};
	struct arrived a = look(w, n);
	enum err err = meter_purse_get(w->server->db, 1, unit_meter(n), &row);

	if (err && err != ERR_NOT_FOUND)
		world_broken(w, "I23", "purse %u cannot be read", n);
	else if (a.amount_fen > s->purse_fen || row.total_fen > s->purse_fen ||
	         row.count > s->purse_count)
		world_broken(w, "I4",
		             "purse %u has %lld fen by %u purchases, the platform delivered %lld",
		             n, (long long)s->purse_fen, (unsigned)s->purse_count,
		             (long long)a.amount_fen);
	else if (is_due(w, n, LATE_MS) && w->faults.count[FAULT_PLATFORM_CLOCK] == 0)
		world_broken(w, "I26", "purchases for purse %u wait, and nothing is tried", n);
	else if (!a.open && (a.amount_fen != s->purse_fen || row.total_fen != s->purse_fen ||
	                     row.count != s->purse_count))
		world_broken(
		        w, "I4",
		        "purse %u has %lld fen by %u purchases, the platform knows %lld by %lld", n,
		        (long long)s->purse_fen, (unsigned)s->purse_count, (long long)row.total_fen,
		        (long long)row.count);
}

void purse_audit(struct world *w)
{
	for (unsigned n = 0; n < w->n_units && !w->failed; n++)
		if (purse_is_of(w, n))
			check(w, n);
}
