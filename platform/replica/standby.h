/* replica.json and fence.json of a folder that follows: docs/protocol/replica.md §3. */
#ifndef PLATFORM_REPLICA_STANDBY_H
#define PLATFORM_REPLICA_STANDBY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct standby {
	uint64_t store, generation;
	int64_t as_of_ms;
	char key[32];
	char (*done)[32]; /* names of day files that will not change */
	size_t done_count, done_room;
	uint64_t fence_generation; /* 0: no fence */
	int64_t fence_as_of_ms;
};

/* ERR_NOT_FOUND: neither is there. ERR_BAD_INPUT: not ours. */
MUST_USE enum err standby_load(const char *data_dir, struct standby *state);
MUST_USE enum err standby_save(const char *data_dir, const struct standby *state);
MUST_USE enum err standby_save_fence(const char *data_dir, uint64_t generation, int64_t as_of_ms);
void standby_free(struct standby *state);

bool standby_is_done(const struct standby *state, const char *name);
MUST_USE enum err standby_done(struct standby *state, const char *name);
void standby_undone(struct standby *state, const char *name);

/* From text: for load, and for its fuzz target. */
MUST_USE enum err standby_parse(struct standby *state, const char *text, size_t len);

#endif
