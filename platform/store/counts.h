/* How much there is, for one look at an installation. */
#ifndef PLATFORM_STORE_COUNTS_H
#define PLATFORM_STORE_COUNTS_H

#include "platform/store/db.h"

struct store_counts {
	int64_t gateways, gateways_online; /* without revoked ones */
	int64_t meters;
	int64_t terminals_waiting; /* found on a bus, of no meter */
	int64_t commands_open;
};

MUST_USE enum err store_counts(struct db *db, struct store_counts *counts);

#endif
