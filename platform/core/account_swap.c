#include "platform/core/account_swap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/proto/command.h"
#include "libs/proto/meter.h"
#include "platform/core/topup.h"
#include "platform/store/latest.h"
#include "platform/store/ledger.h"
#include "platform/store/tariff.h"

static enum err begin(struct tx *tx, struct account_act *act, struct property_row *property,
                      int64_t now_ms)
{
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_WRITE, property, now_ms);

	if (!err && act->row.state != ACCOUNT_OPEN && act->row.state != ACCOUNT_SUSPENDED)
		err = fault_set(&act->fault, ERR_REFUSED, NULL, "the account is %s, not open",
		                account_state_word(act->row.state));
	if (!err && !act->actor.reason[0])
		err = fault_set(&act->fault, ERR_BAD_INPUT, "reason", "is missing");
	return err;
}

/* ---- where the old one stood ---- */

static enum err take_place(struct tx *tx, const struct account_swap *r, int64_t now_s)
{
	struct meter_row old, new;
	struct meter_place_row place;
	enum err err = meter_get(tx->db, r->act.property_id, r->old.meter, &old);

	if (!err)
		err = meter_get(tx->db, r->act.property_id, r->to.meter, &new);
	if (err || !old.space_id || new.space_id)
		return err; /* somebody has said where the new one is */
	new.space_id = old.space_id;
	err = meter_update(tx->db, &new);
	if (!err)
		err = meter_place_last(tx->db, new.property_id, new.meter, &place);
	if (err)
		return err;
	if (place.from_s < now_s)
		place.from_s = now_s;
	place.space_id = old.space_id;
	snprintf(place.by_name, sizeof place.by_name, "%s", r->act.actor.who);
	return meter_place_put(tx->db, &place);
}

static enum err take_parent(struct tx *tx, const struct account_swap *r, int64_t now_s)
{
	struct meter_parent row;
	enum err err = meter_parent_at(tx->db, r->act.property_id, r->old.meter, INT64_MAX, &row);

	if (err || !row.parent || row.parent == r->to.meter)
		return err;
	row.meter = r->to.meter;
	row.from_s = now_s;
	snprintf(row.by_name, sizeof row.by_name, "%s", r->act.actor.who);
	return meter_parent_put(tx->db, &row);
}

struct children {
	struct tx *tx;
	const struct account_swap *swap;
	int64_t now_s;
	int64_t meter[64];
	size_t count;
};

static bool take_child(void *arg, int64_t meter)
{
	struct children *children = arg;

	if (meter != children->swap->to.meter)
		children->meter[children->count++] = meter;
	return children->count < sizeof children->meter / sizeof *children->meter;
}

/* Those below the old one stand below the new one. */
static enum err take_children(struct tx *tx, const struct account_swap *r, int64_t now_s)
{
	struct children children = {.tx = tx, .swap = r, .now_s = now_s};
	enum err err;

	do {
		children.count = 0;
		err = meter_children(tx->db, r->act.property_id, r->old.meter, take_child,
		                     &children);
		for (size_t i = 0; !err && i < children.count; i++) {
			struct meter_parent row = {.property_id = r->act.property_id,
			                           .meter = children.meter[i],
			                           .from_s = now_s,
			                           .parent = r->to.meter};

			snprintf(row.by_name, sizeof row.by_name, "%s", r->act.actor.who);
			err = meter_parent_put(tx->db, &row);
		}
	} while (!err && children.count == sizeof children.meter / sizeof *children.meter);
	return err;
}

/* ---- its own tariff ---- */

struct own_tariff {
	int64_t at_s;
	struct tariff_use now;
	struct tariff_use later[16];
	size_t count;
};

static bool take_tariff(void *arg, const struct tariff_use *use)
{
	struct own_tariff *own = arg;

	if (use->from_s <= own->at_s)
		own->now = *use;
	else if (own->count < sizeof own->later / sizeof *own->later)
		own->later[own->count++] = *use;
	return true;
}

/* What was assigned to the old meter itself, now and to come, is assigned to the new one. */
static enum err carry_tariff(struct tx *tx, const struct account_swap *r, int64_t at_s)
{
	struct own_tariff own = {.at_s = at_s};
	enum err err = tariff_uses(tx->db, r->act.property_id, r->old.meter, r->to.service,
	                           take_tariff, &own);

	if (!err && own.now.tariff_id) {
		own.now.meter = r->to.meter;
		own.now.from_s = at_s;
		err = tariff_use_put(tx->db, &own.now);
	}
	for (size_t i = 0; !err && i < own.count; i++) {
		own.later[i].meter = r->to.meter;
		err = tariff_use_put(tx->db, &own.later[i]);
	}
	return err;
}

/* ---- keep-power ---- */

static enum err carry_keep(struct tx *tx, struct account_swap *r, int64_t now_ms,
                           struct effects *out)
{
	struct command_request request = {.actor = r->act.actor,
	                                  .rules = r->rules,
	                                  .meter = r->to.meter,
	                                  .kind = COMMAND_KEEP_POWER};
	struct reading reading;
	enum err err = latest_read(tx->db, r->act.property_id, r->old.meter, &reading);

	r->command_id = 0;
	if (err == ERR_NOT_FOUND || (!err && !(reading.state & METER_KEEP_POWER)))
		return ERR_NONE;
	/* Who may swap meters need not be one who may switch them: the act itself carries it. */
	request.actor.local = true;
	snprintf(request.actor.reason, sizeof request.actor.reason, "swap of meter %lld: %.160s",
	         (long long)r->old.meter, r->act.actor.reason);
	if (!err)
		err = command_create_step(tx, &request, now_ms, out);
	if (err == ERR_AUTH || err == ERR_REFUSED || err == ERR_NOT_FOUND)
		return fault_set(&r->act.fault, ERR_REFUSED, "meter",
		                 "keep-power cannot be given to meter %lld",
		                 (long long)r->to.meter);
	r->command_id = request.row.command_id;
	return err;
}

/* ---- the purse ---- */

/* What old purses gave back goes into the new one; not more than the account has. */
static enum err carry_purse(struct tx *tx, const struct account_act *act, int64_t meter,
                            int64_t fen, int64_t now_ms)
{
	struct ledger_balance held;
	enum err err =
	        ledger_balance(tx->db, act->property_id, LEDGER_ACCOUNT, act->account_id, &held);

	if (err)
		return err;
	if (fen > account_fen(held.balance))
		fen = account_fen(held.balance);
	return topup_carry(tx, act->property_id, act->account_id, meter, fen, now_ms);
}

/* ---- steps ---- */

static enum err swap(struct tx *tx, struct account_swap *r, const struct property_row *property,
                     int64_t now_ms, struct effects *out)
{
	struct account_act *act = &r->act;
	enum err err = ERR_NONE;

	if (r->old.meter == r->to.meter)
		return fault_set(&act->fault, ERR_BAD_INPUT, "meter", "is the old one");
	err = account_meter_named(tx, act, PERMISSION_ACCOUNT_WRITE, r->to.meter, now_ms);
	if (!err)
		err = account_unbind(tx, act, property, &r->old, now_ms, out);
	r->moved_fen = r->old.purse_fen;
	r->to.service = r->old.service;
	r->to.from_s =
	        r->old.reg.at_s; /* a step position is not carried back behind a settlement */
	if (!err)
		err = carry_tariff(
		        tx, r, r->old.reg.at_s < now_ms / 1000 ? r->old.reg.at_s : now_ms / 1000);
	if (!err)
		err = account_bind(tx, act, property, &r->to, &r->old.step, now_ms);
	if (!err && r->to.credit == CREDIT_METER)
		err = carry_purse(tx, act, r->to.meter, r->moved_fen, now_ms);
	if (!err)
		err = take_place(tx, r, now_ms / 1000);
	if (!err)
		err = take_parent(tx, r, now_ms / 1000);
	if (!err)
		err = take_children(tx, r, now_ms / 1000);
	return err ? err : carry_keep(tx, r, now_ms, out);
}

enum err account_swap_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_swap *r = arg;
	struct property_row property;
	struct account_row before;
	char detail[128];
	enum err err = begin(tx, &r->act, &property, now_ms);

	if (err)
		return err;
	before = r->act.row;
	err = swap(tx, r, &property, now_ms, out);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%lld at %lld -> %lld at %lld", (long long)r->old.meter,
	         (long long)r->old.reg.units, (long long)r->to.meter, (long long)r->to.reg.units);
	err = account_store(tx, &r->act, "account.swap", &before, detail, now_ms, out);
	return err ? err : effects_directory(out);
}

enum err account_move_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_move *r = arg;
	struct property_row property;
	struct account_row before;
	char detail[64];
	int64_t purse_fen = 0;
	enum err err = begin(tx, &r->act, &property, now_ms);

	if (!err && (!r->old_count || !r->to_count || r->old_count > ACCOUNT_METERS_MAX ||
	             r->to_count > ACCOUNT_METERS_MAX))
		err = fault_set(&r->act.fault, ERR_BAD_INPUT, "meters", "1 to %d on each side",
		                ACCOUNT_METERS_MAX);
	if (err)
		return err;
	before = r->act.row;
	for (size_t i = 0; !err && i < r->old_count; i++) {
		struct account_final final = r->old[i];

		err = account_unbind(tx, &r->act, &property, &final, now_ms, out);
		purse_fen += final.purse_fen;
	}
	for (size_t i = 0; !err && i < r->to_count; i++) {
		err = account_bind(tx, &r->act, &property, &r->to[i], NULL, now_ms);
		if (err || r->to[i].credit != CREDIT_METER)
			continue;
		err = carry_purse(tx, &r->act, r->to[i].meter, purse_fen, now_ms);
		purse_fen = 0; /* into the first of them */
	}
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%zu meters left, %zu taken", r->old_count, r->to_count);
	return account_store(tx, &r->act, "account.move", &before, detail, now_ms, out);
}
