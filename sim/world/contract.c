#include "sim/world/contract.h"

#include <assert.h>
#include <stdlib.h>

#include "platform/core/account_swap.h"
#include "platform/core/books.h"
#include "sim/world/money.h"

static int64_t meter_of(unsigned i)
{
	return METER_FIRST + UNITS_MAX + i;
}

static unsigned index_of(int64_t meter)
{
	return (unsigned)(meter - METER_FIRST - UNITS_MAX);
}

/* ---- the photo that a typed register needs ---- */

static const uint8_t picture[] = {
        0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13,  'I', 'H', 'D', 'R', 0, 0, 0,
        1,    0,   0,   0,   1,    8,    0,    0,    0, 0, 0, 0,   0,   0,   0,   0,   0, 0, 'I',
        'D',  'A', 'T', 0,   0,    0,    0,    0,    0, 0, 0, 'I', 'E', 'N', 'D', 0,   0, 0, 0};

enum err contract_picture(struct tx *tx, int64_t account_id, struct photo_add *photo,
                          int64_t now_ms, struct effects *out)
{
	*photo = (struct photo_add){
	        .act = {.actor = money_actor("operator", ""),
	                .property_id = 1,
	                .account_id = account_id},
	        .bytes = picture,
	        .len = sizeof picture
        };
	return photo_add_step(tx, photo, now_ms, out);
}

/* ---- a swap ---- */

struct swapping {
	struct world *w;
	struct contract_swap *swap;
	struct account_swap act;
	struct photo_add photo;
	bool typed;
};

static struct account_register look(const struct swapping *s, int64_t meter)
{
	return (struct account_register){.typed = s->typed,
	                                 .units = collector_register(s->w, index_of(meter)),
	                                 .photo = s->typed ? s->photo.row.name : NULL};
}

/* With the account as it is now, and the registers. */
static enum err swap_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct swapping *s = arg;
	struct account_row row;
	enum err err = account_get(tx->db, 1, s->swap->account_id, &row);

	if (!err && s->typed)
		err = contract_picture(tx, s->swap->account_id, &s->photo, now_ms, out);
	s->act = (struct account_swap){
	        .act = {.actor = money_actor("operator", "the meter is broken"),
	                .property_id = 1,
	                .account_id = s->swap->account_id,
	                .version = row.version},
	        .old = {.meter = s->swap->old,                               .reg = look(s,                                 s->swap->old)},
	        .to = {.meter = s->swap->spare,
	                .credit = CREDIT_PLATFORM,
	                .reg = look(s,	                                                s->swap->spare)}
        };
	return err ? err : account_swap_step(tx, &s->act, now_ms, out);
}

static void swapped(void *arg, enum err err)
{
	struct swapping *s = arg;
	struct contract_swap *swap = s->swap;
	struct contract *contract = s->w->money->contract;

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
	s->w->faults.seen[WITNESS_SWAP] += !err;
	if (err == ERR_REFUSED || err == ERR_CONFLICT || err == ERR_FULL) { /* nothing happened */
		contract->taken &= ~(1u << (index_of(swap->spare) - s->w->n_bought));
		swap->old = 0;
	}
	free(s);
}

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

static bool was_swapped(const struct contract *contract, int64_t meter)
{
	for (size_t i = 0; i < contract->swaps; i++)
		if (contract->swap[i].old == meter)
			return true;
	return false;
}

/* A place in the list: a new one, or that of what was refused. */
static struct contract_swap *find_place(struct contract *contract)
{
	for (size_t i = 0; i < contract->swaps; i++)
		if (!contract->swap[i].old)
			return &contract->swap[i];
	return contract->swaps < SPARES_MAX ? &contract->swap[contract->swaps++] : NULL;
}

static void swap_meter(struct world *w)
{
	struct contract *contract = w->money->contract;
	unsigned i = rnd_below(&contract->rnd, w->n_bought), spare;
	struct contract_swap *swap;
	struct swapping *s;

	if (!find_spare(w, i, &spare) || was_swapped(contract, meter_of(i)) ||
	    (swap = find_place(contract)) == NULL)
		return;
	contract->taken |= 1u << spare;
	*swap = (struct contract_swap){.account_id = money_account_of(w, i),
	                               .old = meter_of(i),
	                               .spare = meter_of(w->n_bought + spare)};
	s = calloc(1, sizeof *s);
	assert(s != NULL);
	s->w = w;
	s->swap = swap;
	s->typed = w->options.days || rnd_below(&contract->rnd, 2);
	if (writer_submit(w->server->platform.writer, swap_step, s, swapped, s))
		swapped(s, ERR_FULL);
}

/* ---- a closing ---- */

struct closing {
	struct world *w;
	struct contract_end *end;
	struct account_close act;
	struct account_final meter[SPARES_MAX];
	struct photo_add photo;
	bool typed;
};

static bool add_final(void *arg, const struct account_meter *use)
{
	struct closing *c = arg;

	c->meter[c->act.count++] = (struct account_final){
	        .meter = use->meter,
	        .reg = {.typed = true,
	                .units = collector_register(c->w, index_of(use->meter)),
	                .photo = c->photo.row.name}
        };
	return c->act.count < SPARES_MAX;
}

static enum err close_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct closing *c = arg;
	int64_t account_id = c->end->account_id;
	struct account_row row;
	enum err err = account_get(tx->db, 1, account_id, &row);

	c->act = (struct account_close){
	        .act = {.actor = money_actor("finance", "moves out"),
	                .property_id = 1,
	                .account_id = account_id,
	                .version = row.version},
	        .meter = c->meter,
	        .channel = CHANNEL_TRANSFER,
	        .payee = "tenant"
        };
	if (!err && c->typed)
		err = contract_picture(tx, account_id, &c->photo, now_ms, out);
	if (!err && c->typed)
		err = account_meters(tx->db, 1, account_id, true, add_final, c);
	return err ? err : account_close_step(tx, &c->act, now_ms, out);
}

static void closed(void *arg, enum err err)
{
	struct closing *c = arg;

	world_note(c->w, "account %lld is closed, %lld fen %s: %s", (long long)c->end->account_id,
	           (long long)c->act.balance_fen,
	           err ? "" : account_direction_word(c->act.direction), err_text(err));
	if (err == ERR_INTERNAL || err == ERR_DAMAGED || err == ERR_OVERFLOW ||
	    err == ERR_BAD_INPUT)
		world_broken(c->w, "I2", "closing account %lld: %s", (long long)c->end->account_id,
		             err_text(err));
	c->end->sure = c->end->sure || !err;
	c->w->faults.seen[WITNESS_CLOSE] += !err;
	free(c);
}

/* In a history of minutes the one without a terminal. */
static void close_account(struct world *w)
{
	struct contract *contract = w->money->contract;
	struct closing *c;

	if (contract->ends == CONTRACT_ENDS)
		return;
	contract->end[contract->ends].account_id =
	        MONEY_FIRST +
	        (w->options.days ? rnd_below(&contract->rnd, w->n_accounts) : w->n_units);
	c = calloc(1, sizeof *c);
	assert(c != NULL);
	c->w = w;
	c->end = &contract->end[contract->ends++];
	c->typed = w->options.days || rnd_below(&contract->rnd, 2);
	if (writer_submit(w->server->platform.writer, close_step, c, closed, c))
		closed(c, ERR_FULL);
}

void contract_act(struct world *w)
{
	uint32_t what = rnd_below(&w->money->contract->rnd, 12);

	if (w->faults.calm)
		return;
	if (what < 4)
		swap_meter(w);
	else if (what == 4)
		close_account(w);
	else if (what == 5)
		next_customer(w);
}

int64_t contract_root(const struct world *w, int64_t account_id)
{
	const struct contract *contract = w->money->contract;

	for (size_t i = contract->moves; i > 0; i--)
		if (contract->move[i - 1].next_id == account_id)
			account_id = contract->move[i - 1].account_id;
	return account_id;
}

void contract_new(struct world *w)
{
	struct contract *contract = calloc(1, sizeof *contract);

	assert(contract != NULL);
	rnd_seed(&contract->rnd, w->options.seed * 3 + 5);
	w->money->contract = contract;
}

void contract_free(struct world *w)
{
	free(w->money->contract);
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

bool contract_ended(const struct world *w, int64_t account_id)
{
	struct account_row row;

	return !account_get(w->server->db, 1, account_id, &row) &&
	       (row.state == ACCOUNT_CLOSING || row.state == ACCOUNT_CLOSED);
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
	else if (begun && (new.account_id != swap->account_id || new.service != old.service))
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
}

static bool open_use(void *arg, const struct account_meter *use)
{
	*(int64_t *)arg = use->meter;
	return false;
}

void contract_check_end(struct world *w, const struct contract_end *end)
{
	struct ledger_balance left;
	struct account_row row;
	int64_t meter = 0;

	if (account_get(w->server->db, 1, end->account_id, &row) ||
	    account_meters(w->server->db, 1, end->account_id, true, open_use, &meter) ||
	    ledger_balance(w->server->db, 1, LEDGER_ACCOUNT, end->account_id, &left))
		world_broken(w, "I23", "account %lld cannot be read", (long long)end->account_id);
	else if (end->sure && row.state != ACCOUNT_CLOSED && row.state != ACCOUNT_CLOSING)
		world_broken(w, "I2", "account %lld was closed, and is %s",
		             (long long)end->account_id, account_state_word(row.state));
	else if (row.state != ACCOUNT_OPEN && meter)
		world_broken(w, "I2", "account %lld is %s, and uses meter %lld",
		             (long long)end->account_id, account_state_word(row.state),
		             (long long)meter);
	else if (row.state == ACCOUNT_CLOSED && books_fen(left.balance))
		world_broken(w, "I7", "account %lld is closed with %lld fen",
		             (long long)end->account_id, (long long)books_fen(left.balance));
}

void contract_audit(struct world *w)
{
	const struct contract *contract = w->money->contract;

	next_customer_audit(w);
	for (size_t i = 0; i < contract->ends && !w->failed; i++)
		contract_check_end(w, &contract->end[i]);

	for (size_t i = 0; i < contract->swaps && !w->failed; i++)
		if (contract->swap[i].old)
			check_swap(w, &contract->swap[i]);
}
