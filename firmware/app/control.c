#include "firmware/app/control.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"
#include "libs/base/number.h"

#include <assert.h>
#include <string.h>

enum {
	AT_COUNTER = 0,
	AT_ISSUE = 4,
	AT_UNTIL = 8,
	AT_KIND = 12,
	AT_FLAGS = 13,
	AT_MAC = 14,
	AT_SUPPLY = AT_MAC + COMMAND_MAC_SIZE,
	PAYLOAD_SIZE = AT_SUPPLY + 4,
};

static const struct flog_layout layout = {
        .first_page = PAGE_DECISION,
        .pages = DECISION_PAGES,
        .payload_size = PAYLOAD_SIZE,
        .refresh = true,
};

/* ---- what is durable ---- */

static void payload_get(const uint8_t *payload, struct decision *d)
{
	d->counter = get_le32(payload + AT_COUNTER);
	d->issue_s = get_le32(payload + AT_ISSUE);
	d->until_s = get_le32(payload + AT_UNTIL);
	d->kind = payload[AT_KIND];
	d->flags = payload[AT_FLAGS];
	memcpy(d->mac, payload + AT_MAC, sizeof d->mac);
	d->supply_counter = get_le32(payload + AT_SUPPLY);
}

/* Durable first, in force after. */
static enum err decide(struct control *c, const struct decision *d, uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];
	enum err err;

	put_le32(payload + AT_COUNTER, d->counter);
	put_le32(payload + AT_ISSUE, d->issue_s);
	put_le32(payload + AT_UNTIL, d->until_s);
	payload[AT_KIND] = d->kind;
	payload[AT_FLAGS] = d->flags;
	memcpy(payload + AT_MAC, d->mac, sizeof d->mac);
	put_le32(payload + AT_SUPPLY, d->supply_counter);
	err = flog_append(&c->log, payload, now_ms);
	c->failed = err != ERR_NONE;
	if (!err)
		c->decided = *d;
	return err;
}

static bool decided(const struct control *c, enum decision_flag flag)
{
	return c->decided.flags & flag;
}

static void set_flag(struct decision *d, enum decision_flag flag, bool on)
{
	d->flags = (uint8_t)(on ? d->flags | (unsigned)flag : d->flags & ~(unsigned)flag);
}

void control_open(struct control *c, const struct control_parts *parts, uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];
	struct relay *relay = parts->relay;
	enum err err;

	memset(c, 0, sizeof *c);
	c->parts = *parts;
	wallet_open(&c->wallet, parts->flash, now_ms);
	err = flog_open(&c->log, parts->flash, &layout, now_ms, payload);
	if (err == ERR_NOT_FOUND) {
		/* Nothing was ever decided: the contact stays where it was found. */
		set_flag(&c->decided, DECIDED_CLOSED, relay->contact_closed);
		c->decided.counter = c->wallet.counter;
		return;
	}
	c->failed = err != ERR_NONE;
	payload_get(payload, &c->decided);
	/* A purchase is durable with its counter in the wallet alone. */
	if (c->wallet.counter > c->decided.counter)
		c->decided.counter = c->wallet.counter;
	/* Power went away between the decision and the contact, or it was moved in the dark. */
	if (decided(c, DECIDED_CLOSED) != relay->contact_closed)
		relay_want(relay, decided(c, DECIDED_CLOSED), RELAY_CAUSE_BOOT, now_ms);
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

static bool is_time(unsigned kind)
{
	return kind == COMMAND_TIME;
}

/* The decision after a supply command of this kind. */
static void apply(struct decision *d, unsigned kind, const struct command_args *args)
{
	bool allow = kind == COMMAND_ALLOW_CLOSE;
	bool trip = kind == COMMAND_TRIP;

	set_flag(d, DECIDED_CLOSE_ALLOWED, allow && !(d->flags & DECIDED_CLOSED));
	if (allow)
		return;
	set_flag(d, DECIDED_CLOSED, !trip);
	set_flag(d, DECIDED_FORCED_TRIP, trip);
	if (kind == COMMAND_KEEP_POWER || kind == COMMAND_RELEASE) {
		set_flag(d, DECIDED_KEEP_POWER, kind == COMMAND_KEEP_POWER);
		d->until_s = args->until_s;
	}
}

/* The decision stands in flash: now the contact. */
static void move_contact(struct control *c, enum relay_cause cause, uint32_t now_ms)
{
	struct relay *relay = c->parts.relay;
	bool closed = decided(c, DECIDED_CLOSED);

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
	apply(&next, c->delayed.kind, &args);
	set_flag(&next, DECIDED_DELAYED, false);
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

static uint64_t time_now_ms(const struct control *c, const struct command_args *args)
{
	uint32_t since_s = wallclock_uptime_s(c->parts.clock) - args->uptime_s;

	return args->unix_ms + since_s * UINT64_C(1000);
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
	step_s = wallclock_set(c->parts.clock, time_now_ms(c, args));
	journal_add(c->parts.journal, EVENT_CLOCK_SET, 0, step_s, now_ms);
	memcpy(c->time_mac, mac, sizeof c->time_mac);
	c->timed = result_for(c, cmd->counter, cmd->kind, COMMAND_EXECUTED, REASON_NONE);
	answer(c, &c->timed);
}

static void execute_recharge(struct control *c, const struct command *cmd, const uint8_t *mac,
                             const struct command_args *args, uint32_t now_ms)
{
	struct purse_entry entry = {.count = args->count,
	                            .amount = money_fen(args->amount_fen),
	                            .total = money_fen(args->total_fen)};
	enum command_reason reason = wallet_take(&c->wallet, &entry, cmd->counter, mac, now_ms);
	struct result result;

	if (reason) {
		refuse(c, cmd, reason, now_ms);
		return;
	}
	c->decided.counter = cmd->counter; /* stands in the wallet's record */
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
	set_flag(&next, DECIDED_DELAYED, delay);
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

/* ---- checking ---- */

static enum command_reason check_time(const struct control *c, const struct command *cmd,
                                      const struct command_args *args)
{
	uint32_t uptime_s = wallclock_uptime_s(c->parts.clock);
	uint64_t unix_s;

	if (args->boot != c->parts.journal->boot || args->uptime_s > uptime_s ||
	    uptime_s - args->uptime_s > CONTROL_TIME_ECHO_S)
		return REASON_STALE_TIME;
	/* Sent by hand while the clock runs, or a forged wish: it must fit itself and the past. */
	unix_s = time_now_ms(c, args) / 1000;
	if (unix_s > UINT32_MAX || (unix_s < c->decided.issue_s && !c->past_open) ||
	    unix_s + CONTROL_FUTURE_S < cmd->issued_s)
		return REASON_STALE_TIME;
	return unix_s > cmd->expires_s ? REASON_EXPIRED : REASON_NONE;
}

static enum command_reason check_supply(const struct control *c, const struct command *cmd,
                                        const struct command_args *args)
{
	uint32_t now_s = wallclock_s(c->parts.clock);

	if (!c->parts.clock->set)
		return REASON_CLOCK_NOT_SET;
	if (cmd->issued_s > now_s && cmd->issued_s - now_s > CONTROL_FUTURE_S)
		return REASON_NOT_YET_VALID;
	if (now_s > cmd->expires_s)
		return REASON_EXPIRED;
	if (cmd->kind == COMMAND_TRIP && decided(c, DECIDED_KEEP_POWER))
		return REASON_KEEP_POWER;
	if (cmd->kind == COMMAND_KEEP_POWER && args->until_s && args->until_s <= now_s)
		return REASON_BAD_ARGUMENTS;
	return REASON_NONE;
}

static enum command_reason check(const struct control *c, const struct command *cmd,
                                 struct command_args *args)
{
	enum err err;

	if (cmd->key_version != c->parts.identity->key_version)
		return REASON_KEY_VERSION;
	if (cmd->counter <= c->decided.counter)
		return REASON_COUNTER;
	if (c->awaiting)
		return REASON_BUSY;
	err = command_args_decode(cmd, args);
	if (err)
		return err == ERR_NOT_FOUND ? REASON_UNKNOWN_KIND : REASON_BAD_ARGUMENTS;
	return is_time(cmd->kind) ? check_time(c, cmd, args) : check_supply(c, cmd, args);
}

/* The result of the last supply command again. After a restart it is told by what stands now. */
static void repeat_answer(struct control *c)
{
	const struct relay *relay = c->parts.relay;

	if (c->awaiting)
		return; /* its answer follows */
	if (c->last_known)
		answer(c, &c->last);
	else if (decided(c, DECIDED_DELAYED))
		conclude(c, COMMAND_FAILED, REASON_SUPERSEDED);
	else if (relay->contact_closed != decided(c, DECIDED_CLOSED))
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
	if (wallet_knows(&c->wallet, cmd->counter, mac)) {
		struct result result = result_for(c, cmd->counter, COMMAND_RECHARGE,
		                                  COMMAND_EXECUTED, REASON_NONE);

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
	reason = check(c, &cmd, &args);
	if (reason)
		refuse(c, &cmd, reason, now_ms);
	else if (is_time(cmd.kind))
		execute_time(c, &cmd, mac, &args, now_ms);
	else if (cmd.kind == COMMAND_RECHARGE)
		execute_recharge(c, &cmd, mac, &args, now_ms);
	else
		execute_supply(c, &cmd, mac, &args, now_ms);
}

/* ---- what happens without a command ---- */

void control_button(struct control *c, uint32_t now_ms)
{
	struct decision next = c->decided;

	journal_add(c->parts.journal, EVENT_BUTTON, 0, 0, now_ms);
	if (!decided(c, DECIDED_CLOSE_ALLOWED) || c->awaiting)
		return;
	set_flag(&next, DECIDED_CLOSE_ALLOWED, false);
	set_flag(&next, DECIDED_FORCED_TRIP, false);
	set_flag(&next, DECIDED_CLOSED, true);
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

	if (!decided(c, DECIDED_KEEP_POWER) || next.until_s == 0 || now_s < next.until_s)
		return;
	/* Back to what the balance says; there is none in this version: closed. */
	set_flag(&next, DECIDED_KEEP_POWER, false);
	next.until_s = 0;
	if (decide(c, &next, now_ms) != ERR_NONE)
		c->decided = next; /* stays in the flash until the next decision */
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
	if (c->waiting && !c->awaiting && ms_reached(now_ms, c->due_ms))
		execute_delayed(c, now_ms);
}

uint16_t control_state(const struct control *c)
{
	unsigned state = 0;

	if (c->parts.relay->contact_closed)
		state |= METER_CONTACT_CLOSED;
	if (decided(c, DECIDED_CLOSED))
		state |= METER_WANT_CLOSED;
	if (decided(c, DECIDED_FORCED_TRIP))
		state |= METER_FORCED_TRIP;
	if (decided(c, DECIDED_KEEP_POWER))
		state |= METER_KEEP_POWER;
	if (decided(c, DECIDED_CLOSE_ALLOWED))
		state |= METER_CLOSE_ALLOWED;
	if (relay_fault(c->parts.relay))
		state |= METER_RELAY_FAULT;
	if (wallclock_good(c->parts.clock))
		state |= METER_CLOCK_SET;
	return (uint16_t)state;
}
