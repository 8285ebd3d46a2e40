/* Newest stored reading of each meter, in memory. Written by the writer's thread, read by all. */
#ifndef PLATFORM_CORE_LATEST_H
#define PLATFORM_CORE_LATEST_H

#include <stdbool.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/store/latest.h"

struct latest;
struct directory;

struct latest *latest_new(void);
void latest_free(struct latest *latest);

/* Room for `slots` meters (writer's thread). */
MUST_USE enum err latest_grow(struct latest *latest, size_t slots);

/* False: this meter has no reading yet. */
bool latest_get(struct latest *latest, uint32_t slot, struct reading *reading);

/* Writer's thread. What is set inside a group is undone when the group fails. */
const struct reading *latest_peek(const struct latest *latest, uint32_t slot); /* NULL: none */
MUST_USE enum err latest_set(struct latest *latest, uint32_t slot, const struct reading *reading);
void latest_commit(struct latest *latest);
void latest_rollback(struct latest *latest);

/* Bracket around the sets of one batch: readers of other threads wait for it. */
void latest_lock(struct latest *latest);
void latest_unlock(struct latest *latest);

/* Rows that changed since they were saved last: store them. */
MUST_USE enum err latest_save(struct latest *latest, struct db *db, const struct directory *dir);
MUST_USE enum err latest_restore(struct latest *latest, struct db *db, const struct directory *dir);

#endif
