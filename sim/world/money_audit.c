/* The books at the end, folded by another hand: what was paid stands where it belongs, each unit of a
 * register was charged once and at its price, and nothing is wanted of a meter that was not given. */
#include "sim/world/money.h"
#include "sim/world/oracle_state.h"

#include "platform/core/rating.h"
#include "platform/store/charge.h"
#include "platform/store/ledger.h"
#include "sim/world/charging.h"
#include "sim/world/contract.h"
#include "sim/world/desk.h"
#include "sim/world/provider.h"
#include "sim/world/purse.h"

#define OLD_MS  120000
#define PAID_UP 400 /* fen: above every limit */

/* What was wanted was given, unless people have to agree. What is known too little of (an old reading) is due
 * again and again, and never given. */
static void check_supply(struct world *w, int64_t meter)
{
	struct supply_meter row;

	if (supply_meter_get(w->server->db, 1, meter, &row))
		world_broken(w, "I23", "meter %lld: its supply cannot be read", (long long)meter);
	else if (row.want == SUPPLY_CLOSE && row.held_id)
		world_broken(w, "I18", "meter %lld: its supply waits for people to come back",
		             (long long)meter);
	else if (row.want != SUPPLY_NOTHING && row.tries == 0 && !row.held_id && !row.command_id &&
	         world_wall_ms(w) - row.want_ms > OLD_MS &&
	         world_wall_ms(w) - row.due_ms > OLD_MS &&
	         w->faults.count[FAULT_PLATFORM_CLOCK] == 0)
		world_broken(w, "I26", "meter %lld: %s is wanted for %lld s, and was never tried",
		             (long long)meter, supply_want_word(row.want),
		             (long long)(world_wall_ms(w) - row.want_ms) / 1000);
}

static bool on_act(void *arg, const struct supply_act *act)
{
	struct world *w = arg;
	int64_t age_s = act->at_ms / 1000 - act->reading.at_s;

	if (act->want == SUPPLY_OPEN && (act->reading.at_s == 0 || age_s > MONEY_FRESH_S))
		world_broken(w, "I16", "meter %lld: opened for money by a reading %lld s old",
		             (long long)act->meter, (long long)age_s);
	return !w->failed;
}

/* Each opening carries its evidence, and that is not old. */
static void check_acts(struct world *w, int64_t meter)
{
	if (supply_acts(w->server->db, 1, meter, 0, on_act, w))
		world_broken(w, "I23", "meter %lld: its supply cannot be read", (long long)meter);
}

/* Whoever has paid has supply again, unless people ordered otherwise, or what is known is of a time that is not yet:
 * the clocks were ahead. */
static void check_restored(struct world *w, unsigned n)
{
	int64_t now_ms = world_wall_ms(w);
	struct account_money money;
	struct account_meter use;
	struct supply_meter row;

	if (account_meter_last(w->server->db, 1, unit_meter(n), &use) ||
	    account_money(w->server->db, 1, use.account_id, now_ms, &money) ||
	    supply_meter_get(w->server->db, 1, unit_meter(n), &row))
		world_broken(w, "I23", "account %u cannot be read", n);
	else if (money_cmp(money.usable, money_fen(PAID_UP)) > 0 && row.mode == SUPPLY_PREPAID &&
	         (row.opened == SUPPLY_OPENED || row.opened == SUPPLY_UNSURE) &&
	         row.want == SUPPLY_NOTHING && !row.command_id && money.as_of_s * 1000 <= now_ms)
		world_broken(w, "I18", "account %u has %lld fen and no supply", n,
		             (long long)books_fen(money.usable));
}

/* I17: so many meters were opened, whoever wanted it, and no more: the window is longer than any history, and
 * nobody lets through what waits. */
static void check_guard(struct world *w)
{
	int64_t meters = 0;

	for (unsigned n = 0; n < w->n_terminals; n++) {
		const struct subject *s = &w->oracle->unit[n];
		size_t i = 0;

		while (i < s->n_orders && s->order[i].kind != COMMAND_TRIP)
			i++;
		meters += i < s->n_orders;
	}
	if (meters > w->money->guard_count)
		world_broken(w, "I17", "%lld meters were to open, the limit is %lld",
		             (long long)meters, (long long)w->money->guard_count);
}

/* The whole chain, and the sums that production looks at each night. */
static void check_ledger(struct world *w, int64_t sales_fen)
{
	struct ledger_proof proof;
	int64_t meter, group_no;
	struct money sales;

	if (ledger_verify(w->server->db, 1, &proof))
		world_broken(w, "I1", "the ledger: fault %d at group %lld", (int)proof.fault,
		             (long long)proof.group_no);
	else if (ledger_total(w->server->db, 1, LEDGER_SALES, &sales) ||
	         charge_verify(w->server->db, 1, 0, &meter, &group_no))
		world_broken(w, "I23", "the ledger cannot be read");
	else if (books_fen(sales) != sales_fen || meter || group_no)
		world_broken(w, "I1", "sales are %lld fen, charges %lld; meter %lld, group %lld",
		             (long long)books_fen(sales), (long long)sales_fen, (long long)meter,
		             (long long)group_no);
}

void money_audit(struct world *w)
{
	int64_t sales = 0;

	contract_count(w);
	for (unsigned n = 0; n < w->n_accounts; n++)
		sales += fees_audit(w, MONEY_FIRST + n);
	for (unsigned n = 0; !w->failed && n < w->n_terminals; n++)
		sales += rates_audit(w, unit_meter(n), SERVICE_ELECTRICITY);
	for (unsigned n = 0; !w->failed && n < w->n_bought + w->n_spares; n++)
		sales += rates_audit(w, METER_FIRST + UNITS_MAX + n,
		                     n % 2 ? SERVICE_WATER : SERVICE_ELECTRICITY);
	if (!w->failed)
		contract_audit(w);
	for (unsigned n = 0; !w->failed && n < w->n_accounts; n++)
		if (money_bill_day(w, MONEY_FIRST + n))
			bills_audit(w, MONEY_FIRST + n);
	if (!w->failed)
		check_ledger(w, sales);
	if (!w->failed)
		provider_audit(w);
	if (!w->failed)
		desk_audit(w);
	if (!w->failed)
		purse_audit(w);
	charging_audit(w);
	if (!w->failed)
		check_guard(w);
	for (unsigned n = 0; !w->failed && n < w->n_terminals; n++) {
		struct contract_use use = contract_use(w, unit_meter(n));

		if (!use.bound || use.ended) /* nobody's */
			continue;
		check_supply(w, unit_meter(n));
		check_restored(w, n);
		check_acts(w, unit_meter(n));
	}
}
