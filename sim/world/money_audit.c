/* The books at the end, folded by another hand: what was paid stands where it belongs, each unit of a
 * register was charged once and at its price, and nothing is wanted of a meter that was not given. */
#include "sim/world/money.h"
#include "sim/world/oracle_state.h"

#include "platform/core/rating.h"
#include "platform/store/charge.h"
#include "platform/store/ledger.h"

#define OLD_MS  120000
#define FRESH_S 300
#define PAID_UP 400 /* fen: above every limit */

/* Sums of ledger accounts, in fen. */
static int64_t total_fen(struct world *w, enum ledger_account account)
{
	struct money total;

	if (ledger_total(w->server->db, 1, account, &total)) {
		world_broken(w, "I1", "the total of %s cannot be read",
		             ledger_account_word(account));
		return 0;
	}
	return books_fen(total);
}

/* I2, I3: every payment once, in the account or in suspense. */
static void check_payments(struct world *w, int64_t sales_fen)
{
	const struct till *m = w->money;
	bool clock_moved = w->faults.count[FAULT_PLATFORM_CLOCK] > 0;
	int64_t right = 0, wrong = 0, suspense = total_fen(w, LEDGER_SUSPENSE);

	for (size_t n = 0; n < m->n; n++)
		*(m->payment[n].wrong ? &wrong : &right) += m->payment[n].amount_fen;
	if (total_fen(w, LEDGER_CHANNEL) != -(right + wrong))
		world_broken(w, "I3", "%lld fen were paid, the channel says %lld",
		             (long long)(right + wrong), (long long)-total_fen(w, LEDGER_CHANNEL));
	/* A clock that was ahead lets orders expire, and what is paid for them waits in suspense. */
	else if (suspense != wrong && (suspense < wrong || !clock_moved))
		world_broken(w, "I3", "%lld fen were wrong, suspense has %lld", (long long)wrong,
		             (long long)suspense);
	else if (total_fen(w, LEDGER_ACCOUNT) != right + wrong - suspense - sales_fen)
		world_broken(w, "I2", "accounts have %lld fen of %lld paid and %lld charged",
		             (long long)total_fen(w, LEDGER_ACCOUNT), (long long)right,
		             (long long)sales_fen);
}

struct fold {
	struct world *w;
	int64_t meter, units, exact, next_units, posted_fen;
};

static bool on_charge(void *arg, const struct charge_row *row)
{
	struct fold *fold = arg;

	if (row->from_units != fold->next_units)
		world_broken(fold->w, "I6",
		             "meter %lld: charged from %lld, but the last one ended at %lld",
		             (long long)fold->meter, (long long)row->from_units,
		             (long long)fold->next_units);
	if (row->exact != row->units * MONEY_PRICE_UY ||
	    row->units != row->to_units - row->from_units)
		world_broken(fold->w, "I6", "meter %lld: %lld units cost %lld",
		             (long long)fold->meter, (long long)row->units, (long long)row->exact);
	fold->next_units = row->to_units;
	fold->units += row->units;
	fold->exact += row->exact;
	fold->posted_fen += books_fen(row->amount);
	return !fold->w->failed;
}

static int64_t check_meter(struct world *w, int64_t meter)
{
	struct fold fold = {.w = w, .meter = meter};
	int64_t flowed = (int64_t)(w->oracle->flowed[meter - METER_FIRST] / 10);
	struct rating_row row;

	if (rating_get(w->server->db, 1, meter, &row) ||
	    charge_list(w->server->db, 1, meter, INT32_MIN, INT32_MAX, false, on_charge, &fold)) {
		world_broken(w, "I23", "meter %lld: its charges cannot be read", (long long)meter);
		return 0;
	}
	if (fold.units != row.billed_units)
		world_broken(w, "I6", "meter %lld: billed through %lld, charged %lld",
		             (long long)meter, (long long)row.billed_units, (long long)fold.units);
	if (row.billed_units > flowed)
		world_broken(w, "I16", "meter %lld: billed through %lld, only %lld flowed",
		             (long long)meter, (long long)row.billed_units, (long long)flowed);
	return fold.posted_fen;
}

/* What was wanted was given, unless people have to agree. What is known too little of (an old reading) is due
 * again and again, and never given. */
static void check_supply(struct world *w, int64_t meter)
{
	struct supply_meter row;

	if (supply_meter_get(w->server->db, 1, meter, &row))
		world_broken(w, "I23", "meter %lld: its supply cannot be read", (long long)meter);
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

	if (act->want == SUPPLY_OPEN && (act->reading.at_s == 0 || age_s > FRESH_S))
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

/* Whoever has paid has supply again, unless people ordered otherwise. */
static void check_restored(struct world *w, unsigned n)
{
	int64_t now_ms = world_wall_ms(w);
	struct account_money money;
	struct supply_meter row;

	if (account_money(w->server->db, 1, MONEY_FIRST + n, now_ms, &money) ||
	    supply_meter_get(w->server->db, 1, unit_meter(n), &row))
		world_broken(w, "I23", "account %u cannot be read", n);
	else if (money_cmp(money.available, money_fen(PAID_UP)) > 0 && row.mode == SUPPLY_PREPAID &&
	         row.opened == SUPPLY_OPENED && row.want == SUPPLY_NOTHING && !row.command_id)
		world_broken(w, "I18", "account %u has %lld fen and no supply", n,
		             (long long)books_fen(money.available));
}

void money_audit(struct world *w)
{
	struct ledger_proof proof;
	int64_t sales = 0;

	if (ledger_verify(w->server->db, 1, &proof))
		world_broken(w, "I1", "the ledger: fault %d at group %lld", (int)proof.fault,
		             (long long)proof.group_no);
	for (unsigned n = 0; !w->failed && n < w->n_units; n++)
		sales += check_meter(w, unit_meter(n));
	for (unsigned n = 0; !w->failed && n < w->n_bought && n < w->n_units; n++)
		sales += check_meter(w, METER_FIRST + UNITS_MAX + n);
	if (!w->failed && total_fen(w, LEDGER_SALES) != sales)
		world_broken(w, "I1", "sales are %lld fen, charges %lld",
		             (long long)total_fen(w, LEDGER_SALES), (long long)sales);
	if (!w->failed)
		check_payments(w, sales);
	for (unsigned n = 0; !w->failed && n < w->n_units; n++) {
		check_supply(w, unit_meter(n));
		check_restored(w, n);
		check_acts(w, unit_meter(n));
	}
}
