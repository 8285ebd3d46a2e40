/* Another customer in an account's place: the account is closed and a new one opened in one act, at one register
 * for both. What of the old one goes on, and what does not. */
#include "sim/world/contract.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/core/account_close.h"
#include "platform/core/books.h"
#include "sim/world/money.h"
#include "sim/world/purse.h"

struct moving {
	struct world *w;
	struct contract_move *move;
	struct account_change act;
	struct account_final meter[SPARES_MAX];
	struct photo_add photo;
	bool typed;
	char code[ACCOUNT_CODE_SIZE];
};

static void code_of(const struct world *w, const struct contract_move *move,
                    char code[ACCOUNT_CODE_SIZE])
{
	snprintf(code, ACCOUNT_CODE_SIZE, "N-%zu", (size_t)(move - w->money->contract->move));
}

static bool add_final(void *arg, const struct account_meter *use)
{
	struct moving *m = arg;
	unsigned bought = (unsigned)(use->meter - METER_FIRST - UNITS_MAX);

	m->meter[m->act.count++] = (struct account_final){
	        .meter = use->meter,
	        .reg = {.typed = true,
	                .units = collector_register(m->w, bought),
	                .photo = m->photo.row.name}
        };
	return m->act.count < SPARES_MAX;
}

static enum err move_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct moving *m = arg;
	int64_t account_id = m->move->account_id;
	struct account_row row;
	enum err err = account_get(tx->db, 1, account_id, &row);

	m->act = (struct account_change){
	        .act = {.actor = money_actor("finance", "another tenant"),
	                .property_id = 1,
	                .account_id = account_id,
	                .version = row.version},
	        .meter = m->meter,
	        .channel = CHANNEL_TRANSFER,
	        .payee = "tenant",
	        .customer_id = MONEY_NEXT_CUSTOMER,
	        .code = m->code
        };
	if (!err && m->typed)
		err = contract_picture(tx, account_id, &m->photo, now_ms, out);
	if (!err && m->typed)
		err = account_meters(tx->db, 1, account_id, true, add_final, m);
	return err ? err : account_change_step(tx, &m->act, now_ms, out);
}

static void moved(void *arg, enum err err)
{
	struct moving *m = arg;
	struct world *w = m->w;

	world_note(w, "another customer for account %lld: %s", (long long)m->move->account_id,
	           err_text(err));
	if (err == ERR_INTERNAL || err == ERR_DAMAGED || err == ERR_OVERFLOW ||
	    err == ERR_BAD_INPUT || err == ERR_DUP)
		world_broken(w, "I2", "another customer for account %lld: %s",
		             (long long)m->move->account_id, err_text(err));
	w->faults.seen[WITNESS_NEXT] += !err;
	m->move->sure = !err;
	if (!err) {
		m->move->next_id = m->act.opened.account_id;
		if (w->n_accounts < m->move->next_id - MONEY_FIRST + 1)
			w->n_accounts = (unsigned)(m->move->next_id - MONEY_FIRST + 1);
	}
	free(m);
}

/* Not where credit lives in the meter. */
void next_customer(struct world *w)
{
	struct contract *contract = w->money->contract;
	unsigned n = rnd_below(&contract->rnd, w->n_accounts);
	struct moving *m;

	if (contract->moves == CONTRACT_MOVES || purse_of_account(w, n))
		return;
	m = calloc(1, sizeof *m);
	assert(m != NULL);
	m->w = w;
	m->move = &contract->move[contract->moves++];
	*m->move = (struct contract_move){.account_id = MONEY_FIRST + n};
	code_of(w, m->move, m->code);
	m->typed = w->options.days || (n == w->n_units && rnd_below(&contract->rnd, 2));
	if (writer_submit(w->server->platform.writer, move_step, m, moved, m))
		moved(m, ERR_FULL);
}

/* ---- at the end ---- */

void contract_count(struct world *w)
{
	struct contract *contract = w->money->contract;
	struct account_row row;

	while (!account_get(w->server->db, 1, MONEY_FIRST + w->n_accounts, &row))
		w->n_accounts++;
	for (size_t i = 0; i < contract->moves; i++) {
		char code[ACCOUNT_CODE_SIZE];

		code_of(w, &contract->move[i], code);
		if (!account_by_code(w->server->db, 1, code, &row))
			contract->move[i].next_id = row.account_id;
	}
}

struct taking {
	struct world *w;
	const struct contract_move *move;
	int64_t opened_s;
	size_t meters;
};

/* I2 I6: one register for both, at one instant. */
static bool check_use(void *arg, const struct account_meter *use)
{
	struct taking *t = arg;
	struct account_meter before;
	enum err err = account_meter_at(t->w->server->db, 1, use->meter, use->from_s - 1, &before);

	if (err == ERR_NOT_FOUND) /* a spare that took a place later, or a use of no length */
		return true;
	t->meters++;
	if (err)
		world_broken(t->w, "I23", "the uses of meter %lld cannot be read",
		             (long long)use->meter);
	else if (before.account_id != t->move->account_id || before.until_s != use->from_s ||
	         before.close_units != use->open_units || before.service != use->service)
		world_broken(t->w, "I6",
		             "meter %lld ended at %lld for account %lld, and began at %lld",
		             (long long)use->meter, (long long)before.close_units,
		             (long long)before.account_id, (long long)use->open_units);
	return !t->w->failed;
}

/* Terms go on; the customer is another one. */
static void check_next(struct world *w, const struct contract_move *move)
{
	struct db *db = w->server->db;
	struct taking taking = {.w = w, .move = move};
	struct account_terms before, now;
	struct account_row row;

	if (account_get(db, 1, move->next_id, &row) ||
	    account_terms_at(db, 1, move->account_id, INT64_MAX, &before) ||
	    account_terms_at(db, 1, move->next_id, INT64_MAX, &now) ||
	    account_meters(db, 1, move->next_id, false, check_use, &taking))
		world_broken(w, "I23", "account %lld cannot be read", (long long)move->next_id);
	else if (row.customer_id != MONEY_NEXT_CUSTOMER || row.state == ACCOUNT_DRAFT ||
	         now.kind != before.kind || now.fee_fen != before.fee_fen ||
	         now.bill_day != before.bill_day || now.due_days != before.due_days)
		world_broken(w, "I2", "account %lld follows %lld with other terms",
		             (long long)move->next_id, (long long)move->account_id);
}

void next_customer_audit(struct world *w)
{
	const struct contract *contract = w->money->contract;

	for (size_t i = 0; i < contract->moves && !w->failed; i++) {
		const struct contract_move *move = &contract->move[i];
		const struct contract_end end = {move->account_id, move->next_id != 0};

		if (move->sure && !move->next_id)
			world_broken(w, "I2",
			             "another customer took account %lld, and is not there",
			             (long long)move->account_id);
		if (!w->failed && move->next_id)
			check_next(w, move);
		if (!w->failed && move->next_id)
			contract_check_end(w, &end);
	}
}
