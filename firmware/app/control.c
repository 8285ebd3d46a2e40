#include "firmware/app/control.h"

#include "firmware/app/control_check.h"

#include "libs/base/number.h"

#include <assert.h>
#include <string.h>

/* ---- what is durable ---- */

/* Durable first, in force after. */
static enum err decide(struct control *c, const struct decision *d, uint32_t now_ms)
{
	enum err err = decision_store(&c->log, d, now_ms);

	c->failed = err != ERR_NONE;
	if (!err)
		c->decided = *d;
	return err;
}

/* The counter of a purchase, a price or limits is durable in their own record alone. */
static void raise_counter(struct control *c, uint32_t counter)
{
	if (counter > c->decided.counter)
		c->decided.counter = counter;
}

/* Whoever does not charge by itself has cut nobody: closing is for commands again. */
static void forget_cut(struct control *c)
{
	if (c->credit.limits.flags & CREDIT_SPENDS)
		return;
	decision_set(&c->decided, DECIDED_CUT, false); /* in flash with the next decision */
	c->credit.memory.state = BALANCE_GOOD;
}

void control_open(struct control *c, const struct control_parts *parts, uint32_t now_ms)
{
	struct relay *relay = parts->relay;
	enum err err;

	memset(c, 0, sizeof *c);
	c->parts = *parts;
	wallet_open(&c->wallet, parts->flash, now_ms);
	err = decision_open(&c->log, parts->flash, now_ms, &c->decided);
	c->failed = err && err != ERR_NOT_FOUND;
	/* Nothing was ever decided: the contact stays where it was found. */
	if (err == ERR_NOT_FOUND)
		decision_set(&c->decided, DECIDED_CLOSED, relay->contact_closed);
	credit_open(&c->credit, parts->flash, &c->wallet, control_decided(c, DECIDED_CUT), now_ms);
	forget_cut(c);
	raise_counter(c, c->wallet.counter);
	raise_counter(c, c->credit.counter);
	/* Power went away between the decision and the contact, or it was moved in the dark. */
	if (control_decided(c, DECIDED_CLOSED) != relay->contact_closed)
		relay_want(relay, control_decided(c, DECIDED_CLOSED), RELAY_CAUSE_BOOT, now_ms);
}

/* ---- results ---- */

static void answer(struct control *c, const struct result *result)
{
	/* Full: the oldest is lost, and its command will be repeated by whoever waits for it. */
	if (c->queued == CONTROL_RESULTS)
		memmove(c->queue, c->queue + 1, --c->queued * sizeof c->queue[0]);
	c->queue[c->queued++] = *result;
}

static struct result result_for(const struct control *c, uint32_t counter, uint8_t kind,
                                enum command_outcome outcome, enum command_reason reason)
{
	struct result result = {
	        .key_version = c->parts.identity->key_version,
	        .counter = counter,
	        .kind = kind,
	        .outcome = (uint8_t)outcome,
	        .reason = (uint8_t)reason,
	        .relay = (uint8_t)(control_state(c) & RESULT_RELAY_MASK),
	        .time_s = wallclock_s(c->parts.clock),
	};

	wallet_tell(&c->wallet, &result);
	if (command_is_of_credit(kind)) {
		struct result_credit credit = credit_tell(&c->credit, result.time_s);

		result_credit_put(&result, &credit);
	}
	return result;
}

/* The answer to the last supply command; when that is repeated it gets it again. A time command may
 * have come in between, so the counter is the one of supply. */
static void conclude(struct control *c, enum command_outcome outcome, enum command_reason reason)
{
	c->last = result_for(c, c->decided.supply_counter, c->decided.kind, outcome, reason);
	c->last_known = true;
	answer(c, &c->last);
}

static void refuse(struct control *c, const struct command *cmd, enum command_reason reason,
                   uint32_t now_ms)
{
	struct result result = result_for(c, cmd->counter, cmd->kind, COMMAND_REFUSED, reason);

	journal_add(c->parts.journal, EVENT_COMMAND_REFUSED, (uint8_t)reason, (int32_t)cmd->counter,
	            now_ms);
	answer(c, &result);
}

bool control_result_take(struct control *c, uint8_t body[RESULT_SIZE])
{
	if (c->queued == 0)
		return false;
	result_encode(&c->queue[0], &c->parts.identity->key, body);
	memmove(c->queue, c->queue + 1, --c->queued * sizeof c->queue[0]);
	return true;
}

/* ---- executing ---- */

static bool is_of_purse(unsigned kind)
{
	return kind == COMMAND_RECHARGE || kind == COMMAND_PURSE_VOID;
}

/* The decision after a supply command of this kind. */
static void apply(struct decision *d, unsigned kind, const struct command_args *args)
{
	bool allow = kind == COMMAND_ALLOW_CLOSE;
	bool trip = kind == COMMAND_TRIP;

	decision_set(d, DECIDED_CLOSE_ALLOWED, allow && !(d->flags & DECIDED_CLOSED));
	if (allow)
		return;
	if (kind == COMMAND_KEEP_POWER)
		decision_set(d, DECIDED_CUT, false);
	decision_set(d, DECIDED_CLOSED, !trip && !(d->flags & DECIDED_CUT));
	decision_set(d, DECIDED_FORCED_TRIP, trip);
	if (kind == COMMAND_KEEP_POWER || kind == COMMAND_RELEASE) {
		decision_set(d, DECIDED_KEEP_POWER, kind == COMMAND_KEEP_POWER);
		d->until_s = args->until_s;
	}
}

/* The decision stands in flash: now the contact. */
static void move_contact(struct control *c, enum relay_cause cause, uint32_t now_ms)
{
	struct relay *relay = c->parts.relay;
	bool closed = control_decided(c, DECIDED_CLOSED);

	c->awaiting = false;
	relay_want(relay, closed, cause, now_ms);
	if (cause != RELAY_CAUSE_COMMAND)
		return;
	if (relay->contact_closed == closed && relay->raw_closed == closed)
		conclude(c, COMMAND_EXECUTED, REASON_NONE);
	else
		c->awaiting = true;
}

static void execute_delayed(struct control *c, uint32_t now_ms)
{
	struct decision next = c->decided;
	struct command_args args;
	enum err err = command_args_decode(&c->delayed, &args);

	assert(err == ERR_NONE); /* it was checked when it came */
	if (command_closes(c->delayed.kind) && control_decided(c, DECIDED_CUT)) {
		c->waiting = false; /* the money went while it waited */
		conclude(c, COMMAND_FAILED, REASON_NO_CREDIT);
		return;
	}
	apply(&next, c->delayed.kind, &args);
	decision_set(&next, DECIDED_DELAYED, false);
	c->waiting = false;
	if (decide(c, &next, now_ms) == ERR_NONE) {
		move_contact(c, RELAY_CAUSE_COMMAND, now_ms);
		return;
	}
	conclude(c, COMMAND_FAILED, REASON_STORE);
}

/* A newer supply command makes an older one that still waits pointless. */
static void supersede(struct control *c)
{
	struct result result = result_for(c, c->delayed.counter, c->delayed.kind, COMMAND_FAILED,
	                                  REASON_SUPERSEDED);

	c->waiting = false;
	answer(c, &result);
}

static void execute_time(struct control *c, const struct command *cmd, const uint8_t *mac,
                         const struct command_args *args, uint32_t now_ms)
{
	struct decision next = c->decided;
	int32_t step_s;

	next.counter = cmd->counter;
	/* Its own issue time is no bound for later ones: counter and echo order time commands, and one from
	 * a platform whose clock was wrong must not lock this clock for years. */
	if (c->past_open && cmd->issued_s < next.issue_s)
		next.issue_s = cmd->issued_s;
	if (decide(c, &next, now_ms) != ERR_NONE) {
		refuse(c, cmd, REASON_STORE, now_ms);
		return;
	}
	c->past_open = false;
	step_s = wallclock_set(c->parts.clock, control_time_ms(c, args));
	journal_add(c->parts.journal, EVENT_CLOCK_SET, 0, step_s, now_ms);
	memcpy(c->time_mac, mac, sizeof c->time_mac);
	c->timed = result_for(c, cmd->counter, cmd->kind, COMMAND_EXECUTED, REASON_NONE);
	answer(c, &c->timed);
}

/* What a look at the credit sees. */
static struct credit_now credit_now(const struct control *c, uint32_t now_ms)
{
	const struct energy_meter *energy = c->parts.energy;

	return (struct credit_now){.wh = energy_meter_total(energy).wh,
	                           .wh_known = energy->based && !energy->from_boot,
	                           .spared = control_decided(c, DECIDED_KEEP_POWER),
	                           .at_s = wallclock_s(c->parts.clock),
	                           .uptime_s = wallclock_uptime_s(c->parts.clock),
	                           .now_ms = now_ms};
}

static enum command_reason take_money(struct control *c, const struct command *cmd,
                                      const uint8_t *mac, const struct command_args *args,
                                      uint32_t now_ms)
{
	struct purse_entry entry = {.count = args->count,
	                            .amount = money_fen(args->amount_fen),
	                            .total = money_fen(args->total_fen)};
	struct credit_now now = credit_now(c, now_ms);

	/* What is given back or voided is what is left now; and the answer shows a balance that stays. */
	if (credit_settle(&c->credit, &now) != ERR_NONE)
		return REASON_STORE;
	if (cmd->kind == COMMAND_PURSE_VOID)
		return wallet_void(&c->wallet, args->count, cmd->counter, mac, now_ms);
	c->credit.bought = true;
	return wallet_take(&c->wallet, &entry, money_fen(c->credit.limits.hoarding_fen),
	                   cmd->counter, mac, now_ms);
}

/* Purchases, prices and limits: their own records hold the counter. */
static void execute_credit(struct control *c, const struct command *cmd, const uint8_t *mac,
                           const struct command_args *args, uint32_t now_ms)
{
	struct credit_now now = credit_now(c, now_ms);
	enum command_reason reason;
	struct result result;

	if (is_of_purse(cmd->kind))
		reason = take_money(c, cmd, mac, args, now_ms);
	else
		reason = credit_command(&c->credit, cmd, mac, args, &now);
	if (reason) {
		refuse(c, cmd, reason, now_ms);
		return;
	}
	c->decided.counter = cmd->counter;
	forget_cut(c);
	result = result_for(c, cmd->counter, cmd->kind, COMMAND_EXECUTED, REASON_NONE);
	answer(c, &result);
}

static void execute_supply(struct control *c, const struct command *cmd, const uint8_t *mac,
                           const struct command_args *args, uint32_t now_ms)
{
	struct decision next = c->decided;
	bool delay = args->delay_max_s > 0;

	next.counter = next.supply_counter = cmd->counter;
	next.kind = cmd->kind;
	if (cmd->issued_s > next.issue_s)
		next.issue_s = cmd->issued_s;
	memcpy(next.mac, mac, sizeof next.mac);
	if (!delay)
		apply(&next, cmd->kind, args);
	decision_set(&next, DECIDED_DELAYED, delay);
	if (decide(c, &next, now_ms) != ERR_NONE) {
		refuse(c, cmd, REASON_STORE, now_ms);
		return;
	}
	if (c->waiting)
		supersede(c);
	if (!delay) {
		move_contact(c, RELAY_CAUSE_COMMAND, now_ms);
		return;
	}
	c->delayed = *cmd;
	c->waiting = true;
	c->due_ms = now_ms + rnd_below(c->parts.rnd, args->delay_max_s * 1000u + 1);
	conclude(c, COMMAND_ACCEPTED, REASON_NONE);
}

/* ---- commands ---- */

/* The result of the last supply command again. After a restart it is told by what stands now. */
static void repeat_answer(struct control *c)
{
	const struct relay *relay = c->parts.relay;

	if (c->awaiting)
		return; /* its answer follows */
	if (c->last_known)
		answer(c, &c->last);
	else if (control_decided(c, DECIDED_DELAYED))
		conclude(c, COMMAND_FAILED, REASON_SUPERSEDED);
	else if (relay->contact_closed != control_decided(c, DECIDED_CLOSED))
		conclude(c, COMMAND_FAILED, REASON_CONTACT);
	else
		conclude(c, COMMAND_EXECUTED, REASON_NONE);
}

/* True when it is the last executed command of its kind (supply, purchase, time): it gets its answer
 * again. A time command is known until the next start only, which makes it stale. */
static bool is_repeat(struct control *c, const struct command *cmd, const uint8_t *mac)
{
	if (cmd->counter == 0)
		return false;
	if (cmd->counter == c->decided.supply_counter &&
	    memcmp(mac, c->decided.mac, COMMAND_MAC_SIZE) == 0) {
		repeat_answer(c);
		return true;
	}
	if (wallet_knows(&c->wallet, cmd->counter, mac) ||
	    credit_knows(&c->credit, cmd->counter, mac)) {
		struct result result =
		        result_for(c, cmd->counter, cmd->kind, COMMAND_EXECUTED, REASON_NONE);

		answer(c, &result);
		return true;
	}
	if (cmd->counter != c->timed.counter || memcmp(mac, c->time_mac, COMMAND_MAC_SIZE) != 0)
		return false;
	answer(c, &c->timed);
	return true;
}

void control_command(struct control *c, const uint8_t *body, size_t len, uint32_t now_ms)
{
	enum command_reason reason;
	struct command_args args;
	struct command cmd;
	const uint8_t *mac;

	if (!c->parts.identity->known ||
	    command_open(body, len, &c->parts.identity->key, &cmd) != ERR_NONE) {
		/* Not answered: nothing that we could sign would be true of an unknown sender. */
		c->bad_macs++;
		journal_add(c->parts.journal, EVENT_COMMAND_REFUSED, REASON_BAD_MAC, 0, now_ms);
		return;
	}
	mac = body + len - COMMAND_MAC_SIZE;
	if (is_repeat(c, &cmd, mac))
		return;
	reason = control_check(c, &cmd, &args);
	if (reason)
		refuse(c, &cmd, reason, now_ms);
	else if (cmd.kind == COMMAND_TIME)
		execute_time(c, &cmd, mac, &args, now_ms);
	else if (is_of_purse(cmd.kind) || command_is_of_credit(cmd.kind))
		execute_credit(c, &cmd, mac, &args, now_ms);
	else
		execute_supply(c, &cmd, mac, &args, now_ms);
}

/* ---- what happens without a command ---- */

void control_button(struct control *c, uint32_t now_ms)
{
	struct decision next = c->decided;

	journal_add(c->parts.journal, EVENT_BUTTON, 0, 0, now_ms);
	if (!control_decided(c, DECIDED_CLOSE_ALLOWED) || c->awaiting)
		return;
	decision_set(&next, DECIDED_CLOSE_ALLOWED, false);
	decision_set(&next, DECIDED_FORCED_TRIP, false);
	decision_set(&next, DECIDED_CLOSED, true);
	if (decide(c, &next, now_ms) == ERR_NONE)
		move_contact(c, RELAY_CAUSE_BUTTON, now_ms);
}

void control_open_past(struct control *c, uint32_t now_ms)
{
	c->past_open = true;
	journal_add(c->parts.journal, EVENT_BUTTON, BUTTON_HELD_AT_START, 0, now_ms);
}

static void end_keep_power(struct control *c, uint32_t now_ms)
{
	struct decision next = c->decided;
	uint32_t now_s = wallclock_s(c->parts.clock);

	if (!control_decided(c, DECIDED_KEEP_POWER) || next.until_s == 0 || now_s < next.until_s)
		return;
	/* Back to what the balance says: credit_judge() is asked next. */
	decision_set(&next, DECIDED_KEEP_POWER, false);
	next.until_s = 0;
	if (decide(c, &next, now_ms) != ERR_NONE)
		c->decided = next; /* stays in the flash until the next decision */
}

/* What the balance wants, durable before the contact moves. */
static enum err obey_balance(struct control *c, enum balance_want want, uint32_t now_ms)
{
	struct decision next = c->decided;
	enum err err;

	if (want != BALANCE_OPEN && want != BALANCE_CLOSE)
		return ERR_NONE;
	decision_set(&next, DECIDED_CUT, want == BALANCE_OPEN);
	decision_set(&next, DECIDED_CLOSED,
	             want == BALANCE_CLOSE && !(next.flags & DECIDED_FORCED_TRIP));
	decision_set(&next, DECIDED_CLOSE_ALLOWED, false);
	if (next.flags == c->decided.flags)
		return ERR_NONE;
	err = decide(c, &next, now_ms);
	if (!err)
		move_contact(c, RELAY_CAUSE_CREDIT, now_ms);
	return err;
}

static void mind_credit(struct control *c, uint32_t now_ms)
{
	struct credit_now now = credit_now(c, now_ms);
	struct balance_memory memory;
	struct balance_verdict verdict;

	if (!credit_poll(&c->credit, &now) || c->awaiting)
		return;
	verdict = credit_judge(&c->credit, &now, &memory);
	/* A flash that does not take it: the same is wanted again in a second. */
	if (obey_balance(c, verdict.want, now_ms) != ERR_NONE)
		return;
	c->credit.memory = memory;
	if (verdict.tell || verdict.restored) /* an event holds up to 21 million yuan */
		journal_add(c->parts.journal, EVENT_CREDIT, (uint8_t)memory.state,
		            (int32_t)purse_balance(&c->wallet.purse).fen, now_ms);
}

void control_poll(struct control *c, enum relay_news news, uint32_t now_ms)
{
	flog_poll(&c->log, now_ms);
	flog_poll(&c->wallet.log, now_ms);
	if (c->awaiting && news != RELAY_NOTHING) {
		c->awaiting = false;
		if (news == RELAY_MOVED)
			conclude(c, COMMAND_EXECUTED, REASON_NONE);
		else
			conclude(c, COMMAND_FAILED, REASON_CONTACT);
	}
	end_keep_power(c, now_ms);
	mind_credit(c, now_ms);
	if (c->waiting && !c->awaiting && ms_reached(now_ms, c->due_ms))
		execute_delayed(c, now_ms);
}

uint16_t control_state(const struct control *c)
{
	unsigned state = 0;

	if (c->parts.relay->contact_closed)
		state |= METER_CONTACT_CLOSED;
	if (control_decided(c, DECIDED_CLOSED))
		state |= METER_WANT_CLOSED;
	if (control_decided(c, DECIDED_FORCED_TRIP))
		state |= METER_FORCED_TRIP;
	if (control_decided(c, DECIDED_KEEP_POWER))
		state |= METER_KEEP_POWER;
	if (control_decided(c, DECIDED_CLOSE_ALLOWED))
		state |= METER_CLOSE_ALLOWED;
	if (relay_fault(c->parts.relay))
		state |= METER_RELAY_FAULT;
	if (wallclock_good(c->parts.clock))
		state |= METER_CLOCK_SET;
	return (uint16_t)state;
}
