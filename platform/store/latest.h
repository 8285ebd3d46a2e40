/* Saved latest values: a cache of the newest reading of each meter (platform/core/latest.h). */
#ifndef PLATFORM_STORE_LATEST_H
#define PLATFORM_STORE_LATEST_H

#include "libs/proto/uplink.h"
#include "platform/store/db.h"

MUST_USE enum err latest_put(struct db *db, int64_t property_id, const struct reading *reading);
MUST_USE enum err latest_list(struct db *db, void (*each)(void *arg, const struct reading *),
                              void *arg);
/* ERR_NOT_FOUND: nothing was saved of it. */
MUST_USE enum err latest_read(struct db *db, int64_t property_id, int64_t meter,
                              struct reading *reading);

#endif
