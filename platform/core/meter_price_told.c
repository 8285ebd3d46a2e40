/* What meters that charge themselves say, and what people and accounts want of them. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/event.h"
#include "libs/proto/meter.h"
#include "platform/core/meter_price.h"
#include "platform/store/meter.h"
#include "platform/store/topup.h"

#define MARGIN_S     5    /* clocks of meter and gateway agree better than that */
#define COMPARE_S    3600 /* a sum that no charge follows so long is dropped */
#define MISSING_MANY 3    /* parts that are lost at once so often: a pause */

static int64_t pause_ms(int64_t tries)
{
	int64_t pause = PRICE_AGAIN_MS;

	for (; tries > 1 && pause < PRICE_AGAIN_MAX_MS; tries--)
		pause *= 2;
	return pause < PRICE_AGAIN_MAX_MS ? pause : PRICE_AGAIN_MAX_MS;
}

/* ---- the answer to what was sent ---- */

static void later(struct meter_price *row, int64_t now_ms)
{
	row->tries++;
	row->next_ms = now_ms + pause_ms(row->tries);
}

static void take_refusal(struct meter_price *row, const struct result *result, uint32_t version,
                         int64_t now_ms)
{
	switch ((enum command_reason)result->reason) {
	case REASON_PRICE_MISSING: /* all parts again */
		row->part_version = row->part_at = 0;
		row->tries++;
		row->next_ms = row->tries > MISSING_MANY ? now_ms + pause_ms(row->tries) : now_ms;
		return;
	case REASON_UNKNOWN_KIND:
	case REASON_BAD_ARGUMENTS:
	case REASON_PRICE_UNFIT:
		row->refused = result->reason;
		row->refused_for = version;
		row->next_ms = now_ms;
		return;
	case REASON_NONE:
	case REASON_BAD_MAC:
	case REASON_COUNTER:
	case REASON_EXPIRED:
	case REASON_CLOCK_NOT_SET:
	case REASON_KEEP_POWER:
	case REASON_FORCED_TRIP:
	case REASON_STALE_TIME:
	case REASON_CONTACT:
	case REASON_KEY_VERSION:
	case REASON_STORE:
	case REASON_SUPERSEDED:
	case REASON_BUSY:
	case REASON_NOT_YET_VALID:
	case REASON_PURCHASE_REPEATED:
	case REASON_PURCHASE_MISSING:
	case REASON_PURCHASE_DIFFERS:
	case REASON_PURCHASE_SHORT:
	case REASON_HOARDING:
	case REASON_NO_CREDIT:
		break;
	}
	later(row, now_ms);
}

/* The newest that was sent: nothing later is under way. */
static enum err take_outcome(struct meter_price *row, const struct command_row *command,
                             const struct result *result, int64_t now_ms)
{
	struct command_args args;
	struct command cmd;
	enum err err = command_parse(command->body, command->body_len, &cmd);

	if (!err)
		err = command_args_decode(&cmd, &args);
	if (err)
		return err;
	row->sent_limits = row->read_limits;
	row->ask = 0;
	if (result->outcome != COMMAND_EXECUTED) {
		take_refusal(row, result,
		             cmd.kind == COMMAND_CREDIT ? args.credit.version : args.price.version,
		             now_ms);
		return ERR_NONE;
	}
	if (cmd.kind == COMMAND_PRICE_PART) {
		row->part_version = args.price.version;
		row->part_at = args.price.at + args.price.len;
	} else {
		row->tries = 0;
	}
	row->next_ms = now_ms;
	return ERR_NONE;
}

/* A meter whose flash is new has no price any more (limits come with the question): charging begins anew, where ours
 * stands. */
static void take_versions(struct meter_price *row, const struct result *result, int64_t now_ms)
{
	struct result_credit read = result_credit_get(result);

	row->read_price = read.price;
	row->read_next = read.next;
	row->read_limits = read.limits;
	row->read_ms = now_ms;
	if (!read.price && row->own_start_s) {
		row->erased_ms = now_ms;
		row->start_s = row->own_start_s = 0;
		row->part_version = row->part_at = 0;
	}
	if (row->start_s && read.limits == row->limits_version && read.price)
		row->own_start_s = row->start_s;
}

/* ---- its sum ---- */

static enum err take_sum(struct db *db, struct meter_price *row, const struct result *result,
                         int64_t now_ms)
{
	bool of_credit = command_is_of_credit(result->kind);
	int64_t now_s = now_ms / 1000, fen, at_s;
	struct meter_purse purse = {.total_fen = 0};
	struct topup_row topup;
	enum err err;

	if (!price_confirmed(row) || !result->time_s ||
	    (row->waits && now_s < row->spent_s + COMPARE_S))
		return ERR_NONE;
	err = topup_under_way(db, row->property_id, row->meter, &topup);
	if (err != ERR_NOT_FOUND)
		return err;
	err = meter_purse_get(db, row->property_id, row->meter, &purse);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!of_credit && result->total_fen != purse.total_fen)
		return ERR_NONE; /* which is a task of its own */
	err = price_spent(db, row->property_id, row->meter, &fen, &at_s);
	if (err || at_s > result->time_s)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	row->told_fen = purse.total_fen - result->balance_fen;
	row->spent_s = (result->time_s > now_s ? result->time_s : now_s) + MARGIN_S;
	row->before_fen = fen;
	row->waits = 1;
	return ERR_NONE;
}

/* ---- its supply ---- */

static bool is_cut(const struct result *result)
{
	return !(result->relay & (METER_WANT_CLOSED | METER_FORCED_TRIP));
}

static enum err show(struct tx *tx, const struct meter_price *row, int64_t command_id,
                     int64_t now_ms, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_SUPPLY);

	if (!effect)
		return ERR_NOMEM;
	effect->u.supply = (struct effect_supply){row->property_id, row->account_id};
	return supply_tell_verified(tx, row->property_id, row->account_id, row->cut, command_id,
	                            now_ms);
}

enum err price_take_back(struct tx *tx, struct meter_price *row, int64_t now_ms)
{
	struct supply_meter supply;
	enum err err;

	if (!row->cut)
		return ERR_NONE;
	row->cut = 0;
	err = supply_meter_get(tx->db, row->property_id, row->meter, &supply);
	if (err || supply.opened != SUPPLY_NOT_OPENED)
		return err;
	supply.opened = SUPPLY_OPENED;
	supply.opened_ms = now_ms;
	return supply_meter_put(tx->db, &supply);
}

enum err price_command_answered(struct tx *tx, const struct command_row *command,
                                const struct result *result, int64_t now_ms, struct effects *out)
{
	bool was_cut, was_own, of_credit = command_is_of_credit(result->kind);
	struct meter_price row;
	enum err err = meter_price_get(tx->db, command->property_id, command->meter, &row);

	if (err || command->counter < row.read_counter)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	was_cut = row.cut;
	was_own = price_confirmed(&row);
	row.read_counter = command->counter;
	row.read_balance_fen = result->balance_fen;
	if (of_credit)
		take_versions(&row, result, now_ms);
	if (of_credit && command->command_id >= row.command_id)
		err = take_outcome(&row, command, result, now_ms);
	/* The answer to the begin itself tells where it began, not what flowed since. */
	if (!err && was_own)
		err = take_sum(tx->db, &row, result, now_ms);
	if (price_confirmed(&row))
		row.cut = is_cut(result);
	if (!err)
		err = tx_open(tx);
	if (!err && was_own && !price_confirmed(&row))
		err = price_take_back(tx, &row, now_ms);
	if (!err)
		err = meter_price_put(tx->db, &row);
	if (!err && price_confirmed(&row) && row.cut != was_cut && row.account_id)
		err = show(tx, &row, command->command_id, now_ms, out);
	if (!err && row.account_id && price_confirmed(&row) != was_own)
		err = supply_consider(tx, row.property_id, row.account_id, false, now_ms, out);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err price_command_lost(struct tx *tx, const struct command_row *command, int64_t now_ms)
{
	struct meter_price row;
	enum err err;

	if (!command_is_of_credit(command->kind))
		return ERR_NONE;
	err = meter_price_get(tx->db, command->property_id, command->meter, &row);
	if (err || row.command_id != command->command_id)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	later(&row, now_ms);
	return meter_price_put(tx->db, &row);
}

/* ---- what brings a look ---- */

static bool is_due(const struct supply_look *look, const struct look_meter *m)
{
	const struct meter_price *row = &m->price;
	enum price_why terms = price_terms(look, m);
	struct credit_args limits;

	if (row->account_id != m->use.account_id || row->use_from_s != m->use.from_s)
		return true;
	if (terms ? terms != (enum price_why)row->why
	          : row->why >= PRICE_SEVERAL_METERS && row->why <= PRICE_STOPPED)
		return true;
	if (row->waits && m->reading.at_s >= row->spent_s)
		return true;
	if (!terms && row->start_s) {
		price_limits(row, &look->limits, &limits);
		return limits.version != row->limits_version;
	}
	return row->why == PRICE_NO_USE && !terms;
}

enum err price_considered(struct tx *tx, const struct supply_look *look, int64_t now_ms)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < look->count; i++) {
		struct look_meter *m = &look->meter[i];

		if (m->use.credit != CREDIT_METER ||
		    (m->price.version && m->price.next_ms <= now_ms))
			continue;
		if (!m->price.version)
			m->price = (struct meter_price){.property_id = m->use.property_id,
			                                .meter = m->use.meter};
		else if (!is_due(look, m))
			continue;
		m->price.next_ms = now_ms;
		err = tx_open(tx);
		if (!err)
			err = meter_price_put(tx->db, &m->price);
	}
	return err;
}

enum err price_look_soon(struct tx *tx, int64_t property_id, int64_t meter, bool ask,
                         int64_t now_ms)
{
	struct meter_price row;
	enum err err = meter_price_get(tx->db, property_id, meter, &row);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	row.ask |= ask;
	if (row.next_ms > now_ms && !row.tries)
		row.next_ms = now_ms;
	err = tx_open(tx);
	return err ? err : meter_price_put(tx->db, &row);
}

/* ---- people ---- */

enum err price_anew_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct price_anew *r = arg;
	struct meter_row meter;
	struct place place;
	char object[48];
	enum err err = meter_get(tx->db, r->property_id, r->meter, &meter);

	(void)out;
	r->fault = (struct fault){0};
	if (!err)
		err = place_of_object(tx->db, r->property_id, meter.space_id, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_LEDGER_WRITE, &place, now_ms);
	if (!err && !r->actor.reason[0])
		err = fault_set(&r->fault, ERR_BAD_INPUT, "reason", "is missing");
	if (!err)
		err = meter_price_get(tx->db, r->property_id, r->meter, &r->row);
	if (err)
		return err;
	if (r->row.why != PRICE_HANDED && r->row.why != PRICE_REFUSED)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the meter does not charge itself");
	r->row.start_s = r->row.refused = r->row.refused_for = r->row.tries = 0;
	r->row.next_ms = now_ms;
	err = meter_price_put(tx->db, &r->row);
	snprintf(object, sizeof object, "meter %lld", (long long)r->meter);
	return err ? err
	           : audit_note(tx, &r->actor, r->property_id, "meter.charge_anew", object,
	                        "the meter's own sum begins anew where the books stand", now_ms);
}
