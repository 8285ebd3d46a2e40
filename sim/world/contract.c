#include "sim/world/contract.h"

#include <assert.h>
#include <stdlib.h>

#include "platform/core/account_close.h"
#include "platform/core/books.h"
#include "sim/world/money.h"

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
	                .units = collector_register(c->w, contract_bought(use->meter)),
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
	else
		swap_terminal(w);
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

bool contract_ended(const struct world *w, int64_t account_id)
{
	struct account_row row;

	return !account_get(w->server->db, 1, account_id, &row) &&
	       (row.state == ACCOUNT_CLOSING || row.state == ACCOUNT_CLOSED);
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
	swaps_audit(w);
}
