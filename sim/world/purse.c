#include "sim/world/purse.h"

#include <string.h>

#include "platform/core/books.h"
#include "platform/store/ledger.h"
#include "sim/world/contract.h"
#include "sim/world/oracle_state.h"

#include "platform/store/topup.h"

#define CARRY_MS 1000
#define LATE_MS  120000

bool purse_is_of(const struct world *w, unsigned n)
{
	return n >= w->money->purses_from && n < w->n_terminals; /* a bought meter keeps none */
}

bool purse_of_account(const struct world *w, unsigned n)
{
	return purse_is_of(w, n) && n < w->n_units;
}

bool purse_has(const struct world *w, const struct order_row *order)
{
	struct topup_row row;

	return order->meter && order->delivered_ms &&
	       !topup_of_order(w->server->db, 1, order->order_id, &row) &&
	       row.state != TOPUP_DROPPED;
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
	const struct world *w;
	int64_t meter, amount_fen;
	bool open;
};

static bool on_order(void *arg, const struct order_row *row)
{
	struct arrived *a = arg;

	if (row->meter != a->meter)
		return true;
	if (purse_has(a->w, row))
		a->amount_fen += row->credit_fen;
	a->open = a->open || row->state == ORDER_DELIVERING;
	return true;
}

static bool on_open(void *arg, const struct topup_row *row)
{
	(void)row;
	*(bool *)arg = true;
	return false;
}

/* Each that is there has a count of its own. */
int64_t purse_carried_fen(struct world *w, unsigned n)
{
	struct meter_purse purse = {.count = 0};
	struct topup_row row;
	int64_t carried_fen = 0;
	enum err err = meter_purse_get(w->server->db, 1, unit_meter(n), &purse);

	if (err && err != ERR_NOT_FOUND)
		world_broken(w, "I23", "purse %u cannot be read", n);
	for (int64_t count = 1; count <= purse.count; count++)
		if (!topup_of_count(w->server->db, 1, unit_meter(n), count, &row) &&
		    row.kind == TOPUP_CARRY)
			carried_fen += row.amount_fen;
	return carried_fen;
}

static struct arrived look(struct world *w, unsigned n)
{
	struct contract_use use = contract_use(w, unit_meter(n));
	struct order_filter filter = {.account_id = use.account_id};
	struct arrived a = {.w = w, .meter = unit_meter(n)};

	if (use.bound && (order_list(w->server->db, 1, &filter, on_order, &a) ||
	                  topup_open(w->server->db, 1, a.meter, on_open, &a.open)))
		a.open = true;
	a.amount_fen += purse_carried_fen(w, n);
	return a;
}

/* Is something to be done now? What was tried often is tried again after minutes; what a meter refused waits for
 * a person, and all that follows for that. */
static bool is_due(struct world *w, unsigned n, int64_t late_ms)
{
	struct topup_row row;
	enum err err = topup_under_way(w->server->db, 1, unit_meter(n), &row);

	if (err)
		return look(w, n).open;
	return (row.state == TOPUP_QUEUED || row.state == TOPUP_ASKING) &&
	       row.next_ms + late_ms < world_wall_ms(w);
}

bool purse_settled(struct world *w)
{
	if (!w->server->db)
		return false; /* it does not run, and nobody can ask it */
	for (unsigned n = 0; n < w->n_terminals; n++)
		if (purse_is_of(w, n) && w->faults.count[FAULT_PLATFORM_CLOCK] == 0 &&
		    is_due(w, n, 0))
			return false;
	return true;
}

/* I4: what the platform says is in the purse is in it, once; what is not known yet is on its way for all to see. What
 * an old purse took and nobody knew of when its use ended is the account's, and voided there. */
static void check(struct world *w, unsigned n, bool left)
{
	const struct subject *s = &w->oracle->unit[n];
	struct meter_purse row = {.count = 0};
	struct arrived a = look(w, n);
	enum err err = meter_purse_get(w->server->db, 1, unit_meter(n), &row);

	if (err && err != ERR_NOT_FOUND)
		world_broken(w, "I23", "purse %u cannot be read", n);
	else if (a.amount_fen > s->taken_fen || row.count > s->purse_count ||
	         (!left && row.total_fen > s->purse_fen))
		world_broken(w, "I4",
		             "purse %u has %lld fen by %u purchases, the platform delivered %lld",
		             n, (long long)s->purse_fen, (unsigned)s->purse_count,
		             (long long)a.amount_fen);
	else if (is_due(w, n, LATE_MS) && w->faults.count[FAULT_PLATFORM_CLOCK] == 0)
		world_broken(w, "I26", "purchases for purse %u wait, and nothing is tried", n);
	else if (!a.open && ((!left && a.amount_fen != s->taken_fen) ||
	                     row.total_fen != s->purse_fen || row.count != s->purse_count))
		world_broken(
		        w, "I4",
		        "purse %u has %lld fen by %u purchases, the platform knows %lld by %lld", n,
		        (long long)s->purse_fen, (unsigned)s->purse_count, (long long)row.total_fen,
		        (long long)row.count);
}

/* I4: who left his place leaves no credit in it: a void is there or on its way; and nobody else's purse is voided. */
static void check_left(struct world *w, unsigned n, bool left)
{
	const struct subject *s = &w->oracle->unit[n];
	struct topup_row row;
	enum err err = topup_under_way(w->server->db, 1, unit_meter(n), &row);

	if (err && err != ERR_NOT_FOUND)
		world_broken(w, "I23", "purse %u cannot be read", n);
	else if (!left && s->voided)
		world_broken(w, "I4", "purse %u was voided, and its meter is in use", n);
	else if (left && !s->voided && s->purse_count &&
	         (err || row.kind != TOPUP_VOID ||
	          (row.state != TOPUP_QUEUED && row.state != TOPUP_ASKING)))
		world_broken(w, "I4", "purse %u is nobody's, has %lld fen, and is not voided", n,
		             (long long)(s->purse_fen - s->decision.spent_fen));
}

/* ---- what a swap moves ---- */

struct moving {
	int64_t from_no;             /* the posting by which the old purse was emptied */
	int64_t purse_fen, held_fen; /* out of it; on the account then */
};

static bool find_emptying(void *arg, const struct ledger_line *line)
{
	struct moving *m = arg;

	if (strcmp(line->kind, "purse") == 0) {
		m->from_no = line->group_no;
		m->purse_fen = -books_fen(line->amount);
	}
	return true;
}

static bool fold_account(void *arg, const struct ledger_line *line)
{
	struct moving *m = arg;

	if (line->group_no <= m->from_no)
		m->held_fen += books_fen(line->amount);
	return true;
}

struct stayed {
	const struct world *w;
	int64_t meter, credit_fen;
};

static bool on_stayed(void *arg, const struct order_row *row)
{
	struct stayed *s = arg;

	if (row->meter == s->meter && row->delivered_ms && !purse_has(s->w, row))
		s->credit_fen += row->credit_fen;
	return true;
}

static bool on_carry(void *arg, const struct topup_row *row)
{
	*(int64_t *)arg += row->kind == TOPUP_CARRY ? row->amount_fen : 0;
	return true;
}

/* I2: what the old purse held and what was on its way into it goes into the new one, as far as the account has it. */
static void check_moved(struct world *w, unsigned n, const struct contract_use *use)
{
	struct db *db = w->server->db;
	struct order_filter filter = {.account_id = use->account_id};
	struct stayed stayed = {.w = w, .meter = use->before};
	struct moving m = {.from_no = 0};
	int64_t due_fen, carried_fen = purse_carried_fen(w, n);

	if (ledger_lines(db, 1, LEDGER_METER, use->before, 0, find_emptying, &m) ||
	    ledger_lines(db, 1, LEDGER_ACCOUNT, use->account_id, 0, fold_account, &m) ||
	    order_list(db, 1, &filter, on_stayed, &stayed) ||
	    topup_open(db, 1, unit_meter(n), on_carry, &carried_fen)) {
		world_broken(w, "I23", "account %lld cannot be read", (long long)use->account_id);
		return;
	}
	due_fen = m.purse_fen + stayed.credit_fen;
	if (m.from_no && due_fen > m.held_fen)
		due_fen = m.held_fen;
	if (due_fen < 0)
		due_fen = 0;
	/* One that held nothing was not emptied: what the account had then is not known. */
	if (m.from_no ? carried_fen != due_fen : carried_fen > due_fen)
		world_broken(w, "I2", "purse %u got %lld fen of the one before it, %lld were left",
		             n, (long long)carried_fen, (long long)due_fen);
}

void purse_audit(struct world *w)
{
	for (unsigned n = 0; n < w->n_terminals && !w->failed; n++) {
		struct contract_use use = contract_use(w, unit_meter(n));

		if (!purse_is_of(w, n))
			continue;
		check(w, n, use.ended);
		if (!w->failed)
			check_left(w, n, use.ended);
		if (use.before && !w->failed)
			check_moved(w, n, &use);
	}
}
