/* May this store be used? One that follows another (a standby), or whose place another has taken (a
 * fenced primary), must not be opened by anybody who serves or changes it. */
#ifndef PLATFORM_STORE_GUARD_H
#define PLATFORM_STORE_GUARD_H

#include "platform/store/db.h"

/* Files in the store's folder. */
#define GUARD_STANDBY "standby"
#define GUARD_FENCED  "fenced"

/* ERR_REFUSED: no, and `why` says in words what to do. */
MUST_USE enum err guard_check(const char *store_dir, char *why, size_t why_size);

/* A store with a greater generation is in charge since `as_of_ms`. */
MUST_USE enum err guard_fence(const char *store_dir, uint64_t generation, int64_t as_of_ms);
/* ERR_NOT_FOUND: not fenced. */
MUST_USE enum err guard_fenced(const char *store_dir, uint64_t *generation, int64_t *as_of_ms);

#endif
