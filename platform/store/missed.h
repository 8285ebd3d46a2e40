/* Meters that miss their reading plan at present. */
#ifndef PLATFORM_STORE_MISSED_H
#define PLATFORM_STORE_MISSED_H

#include "platform/store/db.h"

struct missed_row {
	int64_t property_id, meter;
	int64_t since_s; /* its last reading; 0: it never had one */
};

MUST_USE enum err missed_insert(struct db *db, int64_t property_id, int64_t meter, int64_t since_s);
MUST_USE enum err missed_delete(struct db *db, int64_t property_id, int64_t meter);
MUST_USE enum err missed_list(struct db *db, void (*each)(void *arg, const struct missed_row *),
                              void *arg);

#endif
