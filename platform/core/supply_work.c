/* What is wanted becomes commands, as long as its reason holds. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/core/clock_trust.h"
#include "platform/core/command_batch.h"
#include "platform/core/supply_look.h"

#define AT_ONCE       64
#define WAIT_MS       INT64_C(5000)  /* stopped, or the clock is in doubt */
#define WAIT_FRESH_MS INT64_C(60000) /* a new reading considers the account anyway */

struct work {
	struct tx *tx;
	struct supply_work *ask;
	int64_t now_ms;
	bool hold;
	struct effects *out;
};

/* ---- one command ---- */

static uint8_t kind_of(enum supply_want want, bool by_button)
{
	switch (want) {
	case SUPPLY_ALLOW:
		return COMMAND_ALLOW_CLOSE;
	case SUPPLY_CLOSE:
		return by_button ? COMMAND_ALLOW_CLOSE : COMMAND_CLOSE;
	case SUPPLY_OPEN:
	case SUPPLY_REMIND:
	case SUPPLY_NOTHING:
		break;
	}
	return COMMAND_TRIP;
}

static const struct look_meter *find_meter(const struct supply_look *look, int64_t meter)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->meter[i].use.meter == meter)
			return &look->meter[i];
	return NULL;
}

static void fill_act(struct supply_act *act, const struct supply_meter *row,
                     const struct supply_look *look, int64_t now_ms)
{
	const struct look_meter *m = find_meter(look, row->meter);

	*act = (struct supply_act){.property_id = row->property_id,
	                           .account_id = row->account_id,
	                           .meter = row->meter,
	                           .want = row->want,
	                           .at_ms = now_ms,
	                           .state = look->memory.memory.state,
	                           .available = look->balance,
	                           .limits = look->limits,
	                           .announced_s = look->memory.announced_s,
	                           .outcome = SUPPLY_GIVEN,
	                           .outcome_ms = now_ms};
	if (m)
		act->reading = m->reading;
	snprintf(act->reason, sizeof act->reason, "%s", row->want_reason);
}

static enum err make(const struct work *w, struct supply_meter *row, struct supply_act *act,
                     const struct supply_look *look)
{
	struct command_request request = {
	        .actor = {.who = "platform", .origin = "supply", .local = true},
	        .rules = w->ask->rules,
	        .meter = row->meter,
	        .kind = kind_of(row->want, look->rules.value[SUPPLY_RESTORE_BUTTON])
        };
	char money[MONEY_TEXT_SIZE];
	enum err err = supply_act_insert(w->tx->db, act);

	money_format(act->available, money, sizeof money);
	snprintf(request.actor.reason, sizeof request.actor.reason, "%s: %s", act->reason, money);
	request.act_id = act->act_id;
	if (request.kind == COMMAND_TRIP)
		request.delay_max_s = COMMAND_BATCH_DELAY_S;
	if (!err)
		err = command_create_step(w->tx, &request, w->now_ms, w->out);
	act->command_id = request.row.command_id;
	return err ? err : supply_act_command(w->tx->db, act);
}

/* In a part of its own: a command that cannot be given is wanted again later. */
static enum err give(const struct work *w, struct supply_meter *row, const struct supply_look *look)
{
	struct supply_act act;
	size_t part;
	enum err err, end = tx_part_begin(w->tx, w->out, &part);

	if (end)
		return end;
	fill_act(&act, row, look, w->now_ms);
	err = make(w, row, &act, look);
	end = tx_part_end(w->tx, part, err, w->out);
	if (end)
		return end;
	if (err) {
		row->tries++;
		row->due_ms = w->now_ms + WAIT_FRESH_MS;
		return supply_meter_put(w->tx->db, row);
	}
	row->command_id = act.command_id;
	row->act_id = act.act_id;
	row->held_id = 0;
	if (row->want == SUPPLY_OPEN || row->want == SUPPLY_REMIND) {
		row->opened = SUPPLY_UNSURE;
		row->opened_ms = w->now_ms;
	}
	return supply_meter_put(w->tx->db, row);
}

/* ---- may it be given now? ---- */

static enum err hold_back(const struct work *w, struct supply_meter *row)
{
	struct supply_held held = {.property_id = row->property_id,
	                           .meter = row->meter,
	                           .path = PATH_AUTOMATIC,
	                           .by_name = "platform",
	                           .by_origin = "supply"};
	enum err err;

	snprintf(held.reason, sizeof held.reason, "%s", row->want_reason);
	err = supply_hold(w->tx, &held, w->now_ms, w->out);
	row->held_id = held.held_id;
	return err ? err : supply_meter_put(w->tx->db, row);
}

static enum err open_one(const struct work *w, struct supply_meter *row,
                         const struct supply_look *look)
{
	bool let_through = row->held_id < 0, room = true;
	int64_t later_ms = 0;
	enum err err;

	if (w->hold || look->rules.incident_ms)
		later_ms = WAIT_MS;
	else if (!look->fresh || look->memory.announced_s > w->now_ms / 1000)
		later_ms = WAIT_FRESH_MS;
	if (later_ms) {
		row->due_ms = w->now_ms + later_ms;
		return supply_meter_put(w->tx->db, row);
	}
	err = let_through ? ERR_NONE
	                  : supply_guard(w->tx, row->property_id, row->meter, w->now_ms, &room);
	if (err)
		return err;
	return room ? give(w, row, look) : hold_back(w, row);
}

static enum err give_due(const struct work *w, const struct supply_due *due)
{
	struct supply_meter row;
	struct supply_look look;
	enum err err = supply_consider_meter(w->tx, due->property_id, due->id, w->now_ms, w->out);

	if (!err)
		err = supply_meter_get(w->tx->db, due->property_id, due->id, &row);
	if (err || row.want == SUPPLY_NOTHING)
		return err;
	err = supply_look(w->tx, row.property_id, row.account_id, w->now_ms, &look);
	if (!err && (row.want == SUPPLY_OPEN || row.want == SUPPLY_REMIND))
		err = open_one(w, &row, &look);
	else if (!err)
		err = give(w, &row, &look);
	supply_look_free(&look);
	return err;
}

/* ---- what is due ---- */

static enum err end_keep(const struct work *w, const struct supply_due *due)
{
	struct supply_meter row;
	enum err err = supply_meter_get(w->tx->db, due->property_id, due->id, &row);

	row.mode = SUPPLY_PREPAID;
	row.mode_s = w->now_ms / 1000;
	row.mode_until_s = 0;
	if (!err)
		err = supply_meter_put(w->tx->db, &row);
	return err ? err
	           : supply_consider_meter(w->tx, due->property_id, due->id, w->now_ms, w->out);
}

static enum err look_at(const struct work *w, const struct supply_due *due)
{
	enum err err = supply_consider(w->tx, due->property_id, due->id, false, w->now_ms, w->out);

	/* Which says when to look again: later than now, or never. */
	return err == ERR_NOT_FOUND ? supply_account_delete(w->tx->db, due->property_id, due->id)
	                            : err;
}

static enum err end_held(const struct work *w, const struct supply_due *due)
{
	return supply_held_expire(w->tx, due->property_id, due->id, w->now_ms);
}

static enum err each(struct work *w, const struct supply_due *due, size_t count,
                     enum err (*one)(const struct work *w, const struct supply_due *due))
{
	enum err err = count ? tx_open(w->tx) : ERR_NONE;

	for (size_t i = 0; !err && i < count; i++)
		err = one(w, &due[i]);
	w->ask->more |= count == AT_ONCE;
	return err;
}

enum err supply_work_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct work w = {.tx = tx, .ask = arg, .now_ms = now_ms, .out = out};
	struct supply_due due[AT_ONCE];
	size_t count = 0;
	enum err err = clock_may_sign(tx->db, w.ask->clock_disputed_ms, now_ms);

	w.ask->more = false;
	w.hold = w.ask->hold || err == ERR_REFUSED;
	if (err == ERR_REFUSED)
		err = ERR_NONE;
	/* A clock in doubt ends nobody's grace, keep-power or order. */
	if (!err && !w.hold)
		err = supply_keeps_over(tx->db, now_ms / 1000, AT_ONCE, due, &count);
	if (!err)
		err = each(&w, due, count, end_keep);
	count = 0;
	if (!err && !w.hold)
		err = supply_held_over(tx->db, now_ms, AT_ONCE, due, &count);
	if (!err)
		err = each(&w, due, count, end_held);
	count = 0;
	if (!err && !w.hold)
		err = supply_accounts_due(tx->db, now_ms / 1000, AT_ONCE, due, &count);
	if (!err)
		err = each(&w, due, count, look_at);
	if (!err)
		err = supply_meters_due(tx->db, now_ms, AT_ONCE, due, &count);
	return err ? err : each(&w, due, count, give_due);
}
