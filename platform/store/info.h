/* What a store knows about itself: its epoch, its hash key, its numbers given out. */
#ifndef PLATFORM_STORE_INFO_H
#define PLATFORM_STORE_INFO_H

#include "platform/store/db.h"

/* Random at creation and drawn anew when readings may have been lost (a restored store, a missing
 * day file): a new epoch makes gateways offer their acknowledged batches again. */
MUST_USE enum err info_epoch(struct db *db, uint64_t *epoch);
MUST_USE enum err info_epoch_set(struct db *db, uint64_t epoch);

/* Key of the batch hashes, 16 bytes, random at creation. */
MUST_USE enum err info_hash_key(struct db *db, uint8_t key[16]);

/* Wall clock of the last save; 0: never saved. A start that is earlier has a wrong clock. */
MUST_USE enum err info_saved_ms(struct db *db, int64_t *saved_ms);
MUST_USE enum err info_saved_ms_set(struct db *db, int64_t saved_ms);

/* Numbers the store keeps about itself; 0: never set. */
#define INFO_GENERATION "generation" /* 1 more with each restore and take-over: fences older ones */
#define INFO_COPY_MS    "copy_ms"    /* a revived store: as of when its copy was */
#define INFO_REVIVED_MS "revived_ms" /* and when it came back */
#define INFO_BACKUP_MS  "backup_ms"  /* the newest backup that ended well */
#define INFO_STANDBY_S                                                                             \
	"standby_s" /* when people were told that the standby is late; 0: it is not */

MUST_USE enum err info_number(struct db *db, const char *name, int64_t *number);
MUST_USE enum err info_number_set(struct db *db, const char *name, int64_t number);

/* For a store that comes back from a copy: sequences, command counters and configuration versions
 * move on past anything that was given out after the copy was made. */
MUST_USE enum err store_skip_numbers(struct db *db, int64_t numbers, int64_t counters);

/* Next number of a named sequence, 1 first; never given twice, gaps allowed. */
/* Leaves `count` numbers out. */
MUST_USE enum err sequence_skip(struct db *db, const char *name, int64_t count);
MUST_USE enum err sequence_next(struct db *db, const char *name, int64_t *number);

/* Write epoch and hash key when they are missing. `random24` is fresh random data. */
MUST_USE enum err info_create(struct db *db, const uint8_t random24[24]);

#endif
