#include "firmware/app/control_check.h"

bool command_closes(unsigned kind)
{
	return kind == COMMAND_CLOSE || kind == COMMAND_ALLOW_CLOSE;
}

uint64_t control_time_ms(const struct control *c, const struct command_args *args)
{
	uint32_t since_s = wallclock_uptime_s(c->parts.clock) - args->uptime_s;

	return args->unix_ms + since_s * UINT64_C(1000);
}

static enum command_reason check_time(const struct control *c, const struct command *cmd,
                                      const struct command_args *args)
{
	uint32_t uptime_s = wallclock_uptime_s(c->parts.clock);
	uint64_t unix_s;

	if (args->boot != c->parts.journal->boot || args->uptime_s > uptime_s ||
	    uptime_s - args->uptime_s > CONTROL_TIME_ECHO_S)
		return REASON_STALE_TIME;
	/* Sent by hand while the clock runs, or a forged wish: it must fit itself and the past. */
	unix_s = control_time_ms(c, args) / 1000;
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
	if (cmd->kind == COMMAND_TRIP && control_decided(c, DECIDED_KEEP_POWER))
		return REASON_KEEP_POWER;
	if (command_closes(cmd->kind) && control_decided(c, DECIDED_CUT))
		return REASON_NO_CREDIT;
	if (cmd->kind == COMMAND_KEEP_POWER && args->until_s && args->until_s <= now_s)
		return REASON_BAD_ARGUMENTS;
	return REASON_NONE;
}

enum command_reason control_check(const struct control *c, const struct command *cmd,
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
	return cmd->kind == COMMAND_TIME ? check_time(c, cmd, args) : check_supply(c, cmd, args);
}
