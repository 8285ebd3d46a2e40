/* Deliveries into purses on their way: what is due becomes a command, and what became of it is told. */
#include <stdio.h>

#include "platform/core/topup.h"

#define AT_ONCE  64
#define GRACE_MS 30000 /* a command that has ended was told; this long after it is too late */

/* ---- out ---- */

static enum err make(struct tx *tx, const struct topup_work *work, struct topup_row *row,
                     int64_t now_ms, struct effects *out)
{
	struct command_request request = {
	        .actor = {.who = "platform",             .origin = "topup", .local = true},
	        .rules = work->rules,
	        .meter = row->meter,
	        .kind = row->kind == TOPUP_VOID ? COMMAND_PURSE_VOID : COMMAND_RECHARGE,
	        .purse = {.count = (uint32_t)row->count,
	                  .amount_fen = row->amount_fen,
	                  .total_fen = row->total_fen                                    }
        };
	enum err err;

	snprintf(request.actor.reason, sizeof request.actor.reason, "%s %lld",
	         topup_kind_word(row->kind),
	         (long long)(row->order_id ? row->order_id : row->topup_id));
	err = command_create_step(tx, &request, now_ms, out);
	if (err)
		return err;
	row->command_id = request.row.command_id;
	row->next_ms = request.row.expires_s * 1000 + GRACE_MS;
	return topup_update(tx->db, row);
}

/* In a part of its own: what cannot be given now is tried later, and others are not held up. */
static enum err give(struct tx *tx, const struct topup_work *work, struct topup_row *row,
                     int64_t now_ms, struct effects *out)
{
	size_t part;
	enum err err, end = tx_part_begin(tx, out, &part);

	if (end)
		return end;
	err = make(tx, work, row, now_ms, out);
	end = tx_part_end(tx, part, err, out);
	if (end || !err)
		return end;
	row->next_ms = now_ms + TOPUP_AGAIN_MS;
	snprintf(row->reason, sizeof row->reason, "%s",
	         err == ERR_AUTH ? "no key for its terminal" : "commands of this meter wait");
	return topup_update(tx->db, row);
}

/* One that is still open is waited for. */
static enum err give_one(struct tx *tx, const struct topup_work *work, const struct topup_row *due,
                         int64_t now_ms, struct effects *out)
{
	struct topup_row row;
	struct command_row command = {.stage = STAGE_EXPIRED};
	enum err err = topup_get(tx->db, due->property_id, due->topup_id, &row);

	if (!err && row.command_id)
		err = command_get(tx->db, row.command_id, &command);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!stage_final(command.stage)) {
		row.next_ms = now_ms + GRACE_MS;
		return topup_update(tx->db, &row);
	}
	return give(tx, work, &row, now_ms, out);
}

struct due {
	struct topup_row row[AT_ONCE];
	size_t count;
};

static bool take_due(void *arg, const struct topup_row *row)
{
	struct due *due = arg;

	due->row[due->count++] = *row;
	return due->count < AT_ONCE;
}

enum err topup_work_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct topup_work *work = arg;
	struct due due = {.count = 0};
	enum err err = topup_due(tx->db, now_ms, AT_ONCE, take_due, &due);

	if (!err && due.count)
		err = tx_open(tx);
	for (size_t i = 0; !err && i < due.count; i++)
		err = give_one(tx, work, &due.row[i], now_ms, out);
	return err;
}

/* ---- back ---- */

static enum topup_outcome outcome_of(const struct result *result)
{
	if (result->outcome == COMMAND_EXECUTED)
		return TOPUP_ADDED;
	switch ((enum command_reason)result->reason) {
	case REASON_PURCHASE_REPEATED:
		return TOPUP_REPEAT;
	case REASON_PURCHASE_MISSING:
	case REASON_PURCHASE_DIFFERS:
		return TOPUP_COUNT_ERROR;
	case REASON_HOARDING:
		return TOPUP_HOARDING;
	case REASON_KEY_VERSION:
		return TOPUP_CHECK;
	case REASON_COUNTER:
	case REASON_EXPIRED:
	case REASON_CLOCK_NOT_SET:
	case REASON_STORE:
	case REASON_BUSY:
	case REASON_NOT_YET_VALID:
		return TOPUP_LATER;
	case REASON_NONE:
	case REASON_BAD_MAC:
	case REASON_UNKNOWN_KIND:
	case REASON_BAD_ARGUMENTS:
	case REASON_KEEP_POWER:
	case REASON_FORCED_TRIP:
	case REASON_STALE_TIME:
	case REASON_CONTACT:
	case REASON_SUPERSEDED:
	case REASON_PURCHASE_SHORT:
	case REASON_NO_CREDIT:
	case REASON_PRICE_MISSING:
	case REASON_PRICE_UNFIT:
		break;
	}
	return TOPUP_OTHER;
}

/* The one under way that this command carries, however often it was given. */
static enum err carried(struct tx *tx, const struct command_row *command, struct topup_row *row)
{
	struct command cmd;
	struct command_args args;
	enum err err = command_parse(command->body, command->body_len, &cmd);

	if (!err)
		err = command_args_decode(&cmd, &args);
	if (!err)
		err = topup_under_way(tx->db, command->property_id, command->meter, row);
	if (err)
		return err;
	return row->count == args.count && row->total_fen == args.total_fen &&
	                       (row->kind == TOPUP_VOID) == (cmd.kind == COMMAND_PURSE_VOID)
	               ? ERR_NONE
	               : ERR_NOT_FOUND;
}

static bool is_of_purse(const struct command_row *command)
{
	return command->kind == COMMAND_RECHARGE || command->kind == COMMAND_PURSE_VOID;
}

static enum err only_read(struct tx *tx, const struct command_row *command,
                          const struct result *result, int64_t now_ms, struct effects *out)
{
	struct topup_read read = {
	        .property_id = command->property_id,
	        .meter = command->meter,
	        .purse = {result->count, result->total_fen},
	        .balance_fen = result->balance_fen,
	        .counter = command->counter,
	        .read_ms = now_ms
        };
	struct meter_purse purse;
	enum err err = meter_purse_get(tx->db, read.property_id, read.meter, &purse);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = tx_open(tx);
	return err ? err : topup_read_step(tx, &read, now_ms, out);
}

enum err topup_command_answered(struct tx *tx, const struct command_row *command,
                                const struct result *result, int64_t now_ms, struct effects *out)
{
	struct topup_told told = {
	        .property_id = command->property_id,
	        .outcome = outcome_of(result),
	        .has_purse = true,
	        .purse = {result->count, result->total_fen},
	        .balance_fen = result->balance_fen,
	        .counter = command->counter,
	        .left_once = command->sends == 0
        };
	enum err err = is_of_purse(command) ? carried(tx, command, &told.row) : ERR_NOT_FOUND;

	if (command_is_of_credit(command->kind))
		return ERR_NONE; /* it tells of prices where others tell of the purse */
	if (err)
		return err == ERR_NOT_FOUND ? only_read(tx, command, result, now_ms, out) : err;
	told.topup_id = told.row.topup_id;
	err = tx_open(tx);
	return err ? err : topup_told_step(tx, &told, now_ms, out);
}

enum err topup_command_lost(struct tx *tx, const struct command_row *command, int64_t now_ms,
                            struct effects *out)
{
	struct topup_told told = {.property_id = command->property_id, .outcome = TOPUP_SILENT};
	enum err err = is_of_purse(command) ? carried(tx, command, &told.row) : ERR_NOT_FOUND;

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	if (told.row.command_id != command->command_id)
		return ERR_NONE; /* a later one carries it */
	told.topup_id = told.row.topup_id;
	return topup_told_step(tx, &told, now_ms, out);
}
