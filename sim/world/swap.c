/* A meter takes a meter's place: a bought one with the register that is read or typed, or one of our own terminals
 * whose credit is in it. And what must be true of both sides at the end. */
#include "sim/world/contract.h"

#include <assert.h>
#include <stdlib.h>

#include "libs/proto/meter.h"
#include "platform/core/account_swap.h"
#include "platform/store/command.h"
#include "platform/store/latest.h"
#include "sim/world/money.h"

static int64_t bought_meter(unsigned i)
{
	return METER_FIRST + UNITS_MAX + i;
}

static bool is_terminal(int64_t meter)
{
	return meter < METER_FIRST + UNITS_MAX;
}

/* ---- one swap ---- */

struct swapping {
	struct world *w;
	struct contract_swap *swap;
	struct account_swap act;
	struct photo_add photo;
	bool typed, kept;
};

/* What stands on the meter. */
static int64_t shown_wh(const struct world *w, int64_t meter)
{
	return is_terminal(meter) ? unit_credit(w->unit[meter - METER_FIRST]).register_wh
	                          : collector_register(w, contract_bought(meter));
}

static struct account_register look(const struct swapping *s, int64_t meter, bool typed)
{
	return (struct account_register){.typed = typed,
	                                 .units = shown_wh(s->w, meter),
	                                 .photo = typed ? s->photo.row.name : NULL};
}

static enum err look_kept(struct tx *tx, struct swapping *s)
{
	struct reading reading;
	enum err err = latest_read(tx->db, 1, s->swap->old, &reading);

	s->kept = !err && is_terminal(s->swap->old) && reading.state & METER_KEEP_POWER;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* With the account as it is now, and the registers. A terminal that is to keep credit is read, never typed. */
static enum err swap_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct swapping *s = arg;
	bool terminal = is_terminal(s->swap->spare);
	struct account_row row;
	enum err err = account_get(tx->db, 1, s->swap->account_id, &row);

	if (!err && s->typed)
		err = contract_picture(tx, s->swap->account_id, &s->photo, now_ms, out);
	if (!err)
		err = look_kept(tx, s);
	s->act = (struct account_swap){
	        .act = {.actor = money_actor("operator",                     "the meter is broken"),
	                .property_id = 1,
	                .account_id = s->swap->account_id,
	                .version = row.version	                                                                                     },
	        .old = {.meter = s->swap->old,                               .reg = look(s,          s->swap->old, s->typed)             },
	        .to = {.meter = s->swap->spare,
	                .credit = terminal ? CREDIT_METER : CREDIT_PLATFORM,
	                .reg = look(s,	                                                     s->swap->spare, s->typed && !terminal)},
	        .rules = s->w->server->platform.rules
        };
	return err ? err : account_swap_step(tx, &s->act, now_ms, out);
}

static void forget(struct world *w, struct contract_swap *swap)
{
	if (!is_terminal(swap->spare))
		w->money->contract->taken &= ~(1u << (contract_bought(swap->spare) - w->n_bought));
	swap->old = 0;
}

static void swapped(void *arg, enum err err)
{
	struct swapping *s = arg;
	struct contract_swap *swap = s->swap;

	world_note(s->w, "meter %lld takes the place of %lld: %s", (long long)swap->spare,
	           (long long)swap->old, err_text(err));
	if (err == ERR_INTERNAL || err == ERR_DAMAGED || err == ERR_OVERFLOW ||
	    err == ERR_BAD_INPUT || err == ERR_NOT_FOUND)
		world_broken(s->w, "I2", "a swap of meter %lld: %s", (long long)swap->old,
		             err_text(err));
	swap->sure = !err;
	swap->close_units = s->act.old.reg.units;
	swap->open_units = s->act.to.reg.units;
	swap->at_s = s->act.old.reg.at_s;
	swap->kept = s->kept;
	swap->keep_id = s->act.command_id;
	s->w->faults.seen[WITNESS_SWAP] += !err;
	s->w->faults.seen[WITNESS_TERMINAL] += !err && is_terminal(swap->old);
	if (err == ERR_REFUSED || err == ERR_CONFLICT || err == ERR_FULL) /* nothing happened */
		forget(s->w, swap);
	free(s);
}

static void begin(struct world *w, const struct contract_swap *drawn, struct contract_swap *swap,
                  bool typed)
{
	struct swapping *s = calloc(1, sizeof *s);

	assert(s != NULL);
	*swap = *drawn;
	s->w = w;
	s->swap = swap;
	s->typed = typed;
	if (writer_submit(w->server->platform.writer, swap_step, s, swapped, s))
		swapped(s, ERR_FULL);
}

/* ---- which ---- */

/* A spare of the same service that nobody took. */
static bool find_spare(const struct world *w, unsigned i, unsigned *spare)
{
	for (unsigned k = 0; k < w->n_spares; k++)
		if (!(w->money->contract->taken & 1u << k) && (w->n_bought + k) % 2 == i % 2) {
			*spare = k;
			return true;
		}
	return false;
}

static const struct contract_swap *swap_of(const struct contract *contract, int64_t meter)
{
	for (size_t i = 0; i < contract->swaps; i++)
		if (contract->swap[i].old &&
		    (contract->swap[i].old == meter || contract->swap[i].spare == meter))
			return &contract->swap[i];
	return NULL;
}

/* A place in the list: a new one, or that of what was refused. */
static struct contract_swap *find_place(struct contract *contract)
{
	for (size_t i = 0; i < contract->swaps; i++)
		if (!contract->swap[i].old)
			return &contract->swap[i];
	return contract->swaps < SPARES_MAX ? &contract->swap[contract->swaps++] : NULL;
}

void swap_meter(struct world *w)
{
	struct contract *contract = w->money->contract;
	unsigned i = rnd_below(&contract->rnd, w->n_bought), spare;
	struct contract_swap drawn = {.account_id = money_account_of(w, i), .old = bought_meter(i)};
	struct contract_swap *swap;

	if (!find_spare(w, i, &spare) || swap_of(contract, drawn.old) ||
	    (swap = find_place(contract)) == NULL)
		return;
	contract->taken |= 1u << spare;
	drawn.spare = bought_meter(w->n_bought + spare);
	begin(w, &drawn, swap, w->options.days || rnd_below(&contract->rnd, 2));
}

/* The register of one that is dark, or shows what it remembers, is not typed. */
void swap_terminal(struct world *w)
{
	struct contract *contract = w->money->contract;
	struct contract_swap drawn = {.spare = unit_meter(w->n_units)};
	struct contract_swap *swap;
	unsigned n;
	bool typed;

	if (w->n_terminals == w->n_units || swap_of(contract, drawn.spare))
		return;
	n = w->money->purses_from + rnd_below(&contract->rnd, w->n_units - w->money->purses_from);
	typed = rnd_below(&contract->rnd, 2) && !unit_credit(w->unit[n]).waits;
	if ((swap = find_place(contract)) == NULL)
		return;
	drawn.account_id = MONEY_FIRST + n;
	drawn.old = unit_meter(n);
	begin(w, &drawn, swap, typed);
}

int64_t swap_now(const struct world *w, int64_t meter)
{
	const struct contract_swap *swap = swap_of(w->money->contract, meter);

	return swap && swap->sure ? swap->spare : meter;
}

/* ---- at the end ---- */

static bool last_use(struct world *w, int64_t meter, struct account_meter *use)
{
	enum err err = account_meter_last(w->server->db, 1, meter, use);

	if (err && err != ERR_NOT_FOUND)
		world_broken(w, "I23", "the uses of meter %lld cannot be read", (long long)meter);
	return !err;
}

struct contract_use contract_use(struct world *w, int64_t meter)
{
	const struct contract *contract = w->money->contract;
	struct account_meter row;
	struct contract_use use = {.bound = last_use(w, meter, &row)};

	if (!use.bound)
		return use;
	use.account_id = row.account_id;
	use.from_s = row.from_s;
	use.from_units = row.open_units;
	use.ended = row.until_s != ACCOUNT_OPEN_S;
	use.until_units = row.close_units;
	for (size_t i = 0; i < contract->swaps; i++)
		if (contract->swap[i].old && contract->swap[i].spare == meter)
			use.before = contract->swap[i].old;
		else if (contract->swap[i].old == meter)
			use.replaced = last_use(w, contract->swap[i].spare, &row);
	return use;
}

/* Another customer may have come since. */
static bool first_use(struct world *w, int64_t meter, struct account_meter *use)
{
	struct account_meter before;

	if (!last_use(w, meter, use))
		return false;
	while (!account_meter_at(w->server->db, 1, meter, use->from_s - 1, &before))
		*use = before;
	return true;
}

/* I15: what kept power goes on to, by a command of its own. */
static void check_kept(struct world *w, const struct contract_swap *swap)
{
	struct command_row command;

	if (!swap->sure || !swap->kept)
		return;
	if (!swap->keep_id || command_get(w->server->db, swap->keep_id, &command) ||
	    command.meter != swap->spare || command.kind != COMMAND_KEEP_POWER)
		world_broken(w, "I15", "meter %lld kept power, and %lld in its place is not to",
		             (long long)swap->old, (long long)swap->spare);
}

/* I2: what was answered is there, both sides or none; each at its register. */
static void check_swap(struct world *w, const struct contract_swap *swap)
{
	struct account_meter old, new;
	bool ended = last_use(w, swap->old, &old) && old.until_s != ACCOUNT_OPEN_S;
	bool begun = first_use(w, swap->spare, &new);

	if (w->failed || (!begun && !swap->sure)) /* it may have ended by a closing */
		return;
	if (ended != begun || (swap->sure && !begun))
		world_broken(w, "I2", "meter %lld %s, %lld %s: the swap was %sanswered",
		             (long long)swap->old, ended ? "ended" : "goes on",
		             (long long)swap->spare, begun ? "began" : "did not begin",
		             swap->sure ? "" : "not ");
	else if (begun && (new.account_id != swap->account_id || new.service != old.service ||
	                   new.credit != old.credit))
		world_broken(w, "I2", "meter %lld took the place of %lld in account %lld",
		             (long long)swap->spare, (long long)swap->old,
		             (long long)new.account_id);
	else if (begun && new.from_s < old.until_s)
		world_broken(w, "I6", "meter %lld took the place of %lld before that ended",
		             (long long)swap->spare, (long long)swap->old);
	else if (swap->sure && (old.close_units != swap->close_units || old.until_s != swap->at_s ||
	                        new.open_units != swap->open_units))
		world_broken(w, "I6",
		             "meter %lld ended at %lld of %lld, %lld began at %lld of %lld",
		             (long long)swap->old, (long long)old.close_units,
		             (long long)swap->close_units, (long long)swap->spare,
		             (long long)new.open_units, (long long)swap->open_units);
	else
		check_kept(w, swap);
}

void swaps_audit(struct world *w)
{
	const struct contract *contract = w->money->contract;

	for (size_t i = 0; i < contract->swaps && !w->failed; i++)
		if (contract->swap[i].old)
			check_swap(w, &contract->swap[i]);
}
