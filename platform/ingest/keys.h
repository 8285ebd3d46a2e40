/* Which batches are stored: (gateway, boot, seq) over all days, as ranges with the file they are
 * in. Of the writer's thread. */
#ifndef PLATFORM_INGEST_KEYS_H
#define PLATFORM_INGEST_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct batch_keys;

struct batch_keys *batch_keys_new(void);
void batch_keys_free(struct batch_keys *keys);
void batch_keys_clear(struct batch_keys *keys);

/* True and the file, when stored. */
bool batch_keys_find(const struct batch_keys *keys, int64_t gateway_id, uint64_t boot, uint64_t seq,
                     int64_t *file);
/* The newest seq that is stored of this boot; 0: none. */
uint64_t batch_keys_newest(const struct batch_keys *keys, int64_t gateway_id, uint64_t boot);
/* A key that is there already stays as it is. */
MUST_USE enum err batch_keys_add(struct batch_keys *keys, int64_t gateway_id, uint64_t boot,
                                 uint64_t seq, int64_t file);
/* A run of keys, first to last. Those that are there already stay as they are. */
MUST_USE enum err batch_keys_add_run(struct batch_keys *keys, int64_t gateway_id, uint64_t boot,
                                     uint64_t first, uint64_t last, int64_t file);
/* All runs of one file, until `each` says false. */
void batch_keys_runs(const struct batch_keys *keys, int64_t file,
                     bool (*each)(void *arg, int64_t gateway_id, uint64_t boot, uint64_t first,
                                  uint64_t last),
                     void *arg);
/* Nothing is stored in this file, as far as is known. */
void batch_keys_forget_file(struct batch_keys *keys, int64_t file);
/* The undo of an add in a group that failed. ERR_NOMEM: the caller reloads all. */
MUST_USE enum err batch_keys_remove(struct batch_keys *keys, int64_t gateway_id, uint64_t boot,
                                    uint64_t seq);

#endif
