/* What commands mean for supply: those of people choose a meter's mode, and our own tell what has
 * become of what was wanted. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/core/supply_look.h"

#define RETRY_FIRST_MS INT64_C(30000)
#define RETRY_LAST_MS  INT64_C(900000)

static enum err consider(struct tx *tx, const struct supply_meter *row, int64_t now_ms,
                         struct effects *out)
{
	return supply_consider_meter(tx, row->property_id, row->meter, now_ms, out);
}

/* ---- people's ---- */

static void mode_set(struct supply_meter *row, enum supply_mode mode,
                     const struct command_row *command, int64_t now_ms)
{
	row->mode = mode;
	row->mode_s = now_ms / 1000;
	row->mode_until_s = mode == SUPPLY_KEEP_POWER ? command->until_s : 0;
	row->mode_command_id = command->command_id;
	snprintf(row->mode_by, sizeof row->mode_by, "%s", command->by_name);
}

/* Keep-power and a forced trip hold from the moment they are ordered: neither money that runs out nor
 * money that comes in may overtake them. A trip under keep-power will be refused. */
enum err supply_command_made(struct tx *tx, const struct command_row *command, int64_t now_ms,
                             struct effects *out)
{
	struct supply_meter row;
	enum err err;

	if (command->act_id ||
	    (command->kind != COMMAND_TRIP && command->kind != COMMAND_KEEP_POWER))
		return ERR_NONE;
	err = supply_meter_get(tx->db, command->property_id, command->meter, &row);
	if (err || (command->kind == COMMAND_TRIP && row.mode != SUPPLY_PREPAID))
		return err;
	mode_set(&row, command->kind == COMMAND_TRIP ? SUPPLY_FORCED_TRIP : SUPPLY_KEEP_POWER,
	         command, now_ms);
	err = supply_want_set(tx, &row, SUPPLY_NOTHING, SUPPLY_BECAUSE_PERSON, row.account_id,
	                      now_ms, out);
	return err ? err : consider(tx, &row, now_ms, out);
}

static enum err take_up(struct tx *tx, struct supply_meter *row, bool by_hand, int64_t now_ms,
                        struct effects *out)
{
	struct account_meter use;
	bool was_opened = row->opened != SUPPLY_NOT_OPENED;
	enum err err;

	row->opened = SUPPLY_NOT_OPENED;
	err = supply_want_set(tx, row, SUPPLY_NOTHING, SUPPLY_BECAUSE_PERSON, row->account_id,
	                      now_ms, out);
	if (!err && by_hand && was_opened)
		err = account_meter_at(tx->db, row->property_id, row->meter, now_ms / 1000, &use);
	if (!err && by_hand && was_opened)
		err = supply_notice_anew(tx, row->property_id, use.account_id, now_ms);
	if (err == ERR_NOT_FOUND)
		err = ERR_NONE;
	return err ? err : consider(tx, row, now_ms, out);
}

static enum err person_executed(struct tx *tx, struct supply_meter *row,
                                const struct command_row *command, int64_t now_ms,
                                struct effects *out)
{
	switch ((enum command_kind)command->kind) {
	case COMMAND_TRIP:
		mode_set(row, SUPPLY_FORCED_TRIP, command, now_ms);
		return take_up(tx, row, false, now_ms, out);
	case COMMAND_KEEP_POWER:
		mode_set(row, SUPPLY_KEEP_POWER, command, now_ms);
		return take_up(tx, row, false, now_ms, out);
	case COMMAND_CLOSE:
	case COMMAND_ALLOW_CLOSE:
		if (row->mode == SUPPLY_FORCED_TRIP)
			mode_set(row, SUPPLY_PREPAID, command, now_ms);
		return take_up(tx, row, true, now_ms, out);
	case COMMAND_RELEASE:
		mode_set(row, SUPPLY_PREPAID, command, now_ms);
		return take_up(tx, row, true, now_ms, out);
	case COMMAND_TIME:
	case COMMAND_CONFIG:
	case COMMAND_RECHARGE:
	case COMMAND_PURSE_VOID:
	case COMMAND_PRICE_PART:
	case COMMAND_PRICE:
	case COMMAND_CREDIT:
		break;
	}
	return ERR_NONE;
}

/* A trip that nobody carried out forces nothing. Keep-power that did not arrive still spares. */
static enum err person_failed(struct tx *tx, struct supply_meter *row,
                              const struct command_row *command, int64_t now_ms,
                              struct effects *out)
{
	enum err err;

	if (command->kind != COMMAND_TRIP || row->mode != SUPPLY_FORCED_TRIP ||
	    row->mode_command_id != command->command_id || command->stages[STAGE_EXECUTED].at_ms)
		return ERR_NONE;
	mode_set(row, SUPPLY_PREPAID, command, now_ms);
	err = supply_meter_put(tx->db, row);
	return err ? err : consider(tx, row, now_ms, out);
}

/* ---- our own ---- */

static enum err executed(struct tx *tx, struct supply_meter *row, const struct command_row *command,
                         int64_t now_ms)
{
	if (command->kind == COMMAND_TRIP) {
		row->opened = SUPPLY_OPENED;
		row->opened_ms = now_ms;
	} else {
		row->opened = row->want == SUPPLY_ALLOW ? SUPPLY_REMINDED : SUPPLY_NOT_OPENED;
	}
	return supply_meter_put(tx->db, row);
}

static enum err verified(struct tx *tx, struct supply_meter *row, const struct command_row *command,
                         int64_t now_ms, struct effects *out)
{
	enum supply_want want = row->want;
	enum err err = supply_act_end(tx->db, row->property_id, row->act_id, SUPPLY_DONE, now_ms);

	row->command_id = 0;
	if (!err)
		err = supply_want_set(tx, row,
		                      want == SUPPLY_REMIND ? SUPPLY_ALLOW : SUPPLY_NOTHING,
		                      SUPPLY_BECAUSE_ALARM2, row->account_id, now_ms, out);
	if (!err && (want == SUPPLY_OPEN || want == SUPPLY_CLOSE))
		err = supply_tell_verified(tx, row->property_id, row->account_id,
		                           want == SUPPLY_OPEN, command->command_id, now_ms);
	return err ? err : consider(tx, row, now_ms, out);
}

static int64_t wait_ms(int64_t tries)
{
	int64_t ms = RETRY_FIRST_MS;

	for (int64_t i = 1; i < tries && ms < RETRY_LAST_MS; i++)
		ms *= 2;
	return ms < RETRY_LAST_MS ? ms : RETRY_LAST_MS;
}

/* A reminder is made once or not at all; all else is given again while its reason holds. */
static enum err again(struct tx *tx, struct supply_meter *row, int64_t now_ms, struct effects *out)
{
	enum err err;

	row->command_id = 0;
	if (row->want == SUPPLY_REMIND) {
		err = supply_want_set(tx, row, SUPPLY_NOTHING, SUPPLY_BECAUSE_ALARM2,
		                      row->account_id, now_ms, out);
	} else {
		row->tries++;
		row->due_ms = now_ms + wait_ms(row->tries);
		err = supply_meter_put(tx->db, row);
	}
	return err ? err : consider(tx, row, now_ms, out);
}

static enum err failed(struct tx *tx, struct supply_meter *row, const struct command_row *command,
                       int64_t now_ms, struct effects *out)
{
	bool refused = command->stage == STAGE_REFUSED;
	enum err err = supply_act_end(tx->db, row->property_id, row->act_id, SUPPLY_FAILED, now_ms);

	if (err)
		return err;
	/* What was refused has changed nothing; only an earlier try may have. */
	if (refused && command->kind == COMMAND_TRIP && row->tries == 0 &&
	    row->opened == SUPPLY_UNSURE)
		row->opened = SUPPLY_NOT_OPENED;
	if (refused && command->reason_code == REASON_KEEP_POWER) {
		mode_set(row, SUPPLY_KEEP_POWER, command, now_ms);
		snprintf(row->mode_by, sizeof row->mode_by, "terminal");
		row->opened = SUPPLY_NOT_OPENED;
	}
	return again(tx, row, now_ms, out);
}

/* One that was taken back, or left behind by another want, was carried out all the same. */
static enum err stray(struct tx *tx, struct supply_meter *row, const struct command_row *command,
                      int64_t now_ms, struct effects *out)
{
	enum err err;

	if (command->kind != COMMAND_TRIP || row->opened != SUPPLY_NOT_OPENED || row->command_id)
		return ERR_NONE;
	row->opened = SUPPLY_UNSURE;
	row->opened_ms = now_ms;
	err = supply_meter_put(tx->db, row);
	return err ? err : consider(tx, row, now_ms, out);
}

static enum err own_moved(struct tx *tx, struct supply_meter *row,
                          const struct command_row *command, int64_t now_ms, struct effects *out)
{
	bool current = row->command_id == command->command_id;

	if (command->stage == STAGE_EXECUTED)
		return current ? executed(tx, row, command, now_ms)
		               : stray(tx, row, command, now_ms, out);
	if (!current)
		return ERR_NONE;
	return command->stage == STAGE_VERIFIED ? verified(tx, row, command, now_ms, out)
	                                        : failed(tx, row, command, now_ms, out);
}

enum err supply_command_moved(struct tx *tx, const struct command_row *command, int64_t now_ms,
                              struct effects *out)
{
	struct supply_meter row;
	enum err err;

	if (command->kind < COMMAND_TRIP || command->kind > COMMAND_RELEASE)
		return ERR_NONE;
	err = supply_meter_get(tx->db, command->property_id, command->meter, &row);
	if (err)
		return err;
	if (command->act_id)
		return own_moved(tx, &row, command, now_ms, out);
	if (command->stage == STAGE_EXECUTED)
		return person_executed(tx, &row, command, now_ms, out);
	return command->stage == STAGE_VERIFIED ? ERR_NONE
	                                        : person_failed(tx, &row, command, now_ms, out);
}
