/* Saved latest values: a cache of the newest reading of each meter (platform/core/latest.h). */
#ifndef PLATFORM_STORE_LATEST_H
#define PLATFORM_STORE_LATEST_H

#include "platform/store/db.h"

/* One reading of one meter, as in libs/proto/uplink.h columns. */
struct reading {
	int64_t time_s;
	int64_t energy_wh;
	int32_t voltage_dv, current_ma, power_dw, pf_permille, frequency_chz;
	uint32_t state, quality;
};

MUST_USE enum err latest_put(struct db *db, int64_t property_id, int64_t meter,
                             const struct reading *reading);
MUST_USE enum err latest_list(struct db *db,
                              void (*each)(void *arg, int64_t meter, const struct reading *),
                              void *arg);

#endif
