/* May a signed command be executed now? The order of docs/protocol/command.md, section 5. */
#ifndef FIRMWARE_APP_CONTROL_CHECK_H
#define FIRMWARE_APP_CONTROL_CHECK_H

#include "firmware/app/control.h"

static inline bool control_decided(const struct control *c, enum decision_flag flag)
{
	return c->decided.flags & flag;
}

/* Of a kind that lets supply come back without money. */
bool command_closes(unsigned kind);

/* What a time command says it is now, by what has passed since the terminal asked. */
uint64_t control_time_ms(const struct control *c, const struct command_args *args);

/* Fills *args when the kind is known. */
MUST_USE enum command_reason control_check(const struct control *c, const struct command *cmd,
                                           struct command_args *args);
#endif
