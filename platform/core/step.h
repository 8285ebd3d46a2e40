/* A step: one decision of the platform. It reads and writes rows in the transaction that the shell
 * opened, keeps nothing between calls, may be run again from its start, and leaves what must
 * happen outside in `out` (docs/design/steps.md). Any error undoes all of it. */
#ifndef PLATFORM_CORE_STEP_H
#define PLATFORM_CORE_STEP_H

#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/core/effects.h"

struct db;
struct days;
struct keys;

struct tx {
	struct db *db;           /* the main store */
	struct days *days;       /* today's batches; NULL in the CLI */
	const struct keys *keys; /* wraps terminal keys; NULL when there is no secret at hand */
	/* The writer's own: */
	bool open, savepoint;
};

/* `arg` is the step's request, with room for its answer; it stays the submitter's. */
typedef enum err (*step_fn)(struct tx *tx, void *arg, int64_t now_ms, struct effects *out);

/* Bulk steps (writer_submit_bulk) get no transaction of the main store until they ask for it. */
MUST_USE enum err tx_open(struct tx *tx);

/* The shell's ends of a step: its rows stay in the group, or are undone. */
MUST_USE enum err tx_keep(struct tx *tx);
MUST_USE enum err tx_undo(struct tx *tx);

/* The ground gave way under a step: no rule of its own, and nothing that another try of the same could say. */
bool err_is_ground(enum err err);

/* A part of a step that may be refused by itself, as a row of many: begun, and ended with its own error, which
 * undoes all of it and its effects. What tx_part_end returns ends the step: the store gave way, in the part or
 * under it. Parts may be in parts. */
MUST_USE enum err tx_part_begin(struct tx *tx, const struct effects *out, size_t *part);
MUST_USE enum err tx_part_end(struct tx *tx, size_t part, enum err err, struct effects *out);

/* Run one step in a transaction of its own: for the CLI and tests. Effects are dropped when `out`
 * is NULL: a running wattled notices the commit and does what follows. */
MUST_USE enum err step_run(struct db *db, const struct keys *keys, step_fn step, void *arg,
                           int64_t now_ms, struct effects *out);

#endif
