/* What the store knows of meters that their pages show beside the values: which gateways are online,
 * and which commands are open. Read once for all who ask within a second, and forgotten as soon as
 * a command or a gateway changes, so that most reads of a meter never leave the I/O thread. */
#ifndef PLATFORM_HTTP_LINK_STATE_H
#define PLATFORM_HTTP_LINK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct db;

#define LINK_STATE_MS       1000
#define COMMANDS_OPEN_MAX   10000
#define GATEWAYS_ONLINE_MAX 4096

/* Both lists in order. */
struct link_state {
	int64_t online[GATEWAYS_ONLINE_MAX]; /* gateway ids */
	size_t online_count;
	int64_t open[COMMANDS_OPEN_MAX]; /* meter numbers, once per open command */
	size_t open_count;
};

struct link_state_cache {
	struct link_state state;
	int64_t until_ms; /* monotonic; 0: nothing is kept */
	uint64_t version; /* grows with each change: what was read before is not kept */
};

/* On a reader thread, into a zeroed `state`. */
MUST_USE enum err link_state_read(struct db *db, struct link_state *state);

bool link_state_online(const struct link_state *state, int64_t gateway_id);
int64_t link_state_commands(const struct link_state *state, int64_t meter);

/* NULL: it must be read. Times are monotonic. */
const struct link_state *link_state_get(const struct link_state_cache *cache, int64_t mono_ms);
/* `version` is the cache's own of the moment before the store was asked. */
void link_state_put(struct link_state_cache *cache, const struct link_state *state,
                    uint64_t version, int64_t mono_ms);
void link_state_forget(struct link_state_cache *cache);

#endif
