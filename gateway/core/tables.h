/* The tables that survive restarts: terminals and their addresses, the configuration, the commands
 * seen. Each is one state file, replaced as a whole. */
#ifndef GATEWAY_CORE_TABLES_H
#define GATEWAY_CORE_TABLES_H

#include "gateway/core/policy.h"
#include "gateway/meter/commands.h"
#include "gateway/meter/terminals.h"
#include "gateway/spool/statefile.h"

struct tables {
	const struct disk *disk;
	struct terminals *terminals;
	struct commands *commands;
	uint8_t body[STATEFILE_BODY_MAX]; /* of the file being read or written */
};

/* Fills terminals, commands and *policy. A damaged file leaves its table empty and is counted in
 * *damaged: terminals claim again, the platform sends the rest again. ERR_VERSION: made by a newer
 * program; ERR_IO, ERR_NOMEM. */
MUST_USE enum err tables_load(struct tables *tables, struct policy *policy,
                              const struct terminals_now *now, unsigned *damaged);

/* On ERR_DISK_FULL the old content stays, and what waits for the new one goes on waiting. */
MUST_USE enum err tables_save_terminals(struct tables *tables);
MUST_USE enum err tables_save_commands(struct tables *tables);
MUST_USE enum err tables_save_policy(struct tables *tables, const struct policy *policy);
#endif
