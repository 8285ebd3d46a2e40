/* Readings in the order in which their batches arrived, from a place on: for what is derived from them
 * (rating, reports), each keeping a place of its own in the store beside what it derived. A kill in between
 * reads them again. */
#ifndef PLATFORM_CORE_ARRIVALS_H
#define PLATFORM_CORE_ARRIVALS_H

#include "platform/core/reader.h"
#include "platform/core/step.h"
#include "platform/store/latest.h"

struct arrival {
	int64_t property_id, gateway_id;
	int64_t file, rowid; /* of its batch */
	struct reading reading;
};

/* Where somebody stands: names in the store, and whether the first run begins with what arrives from then on. */
struct arrivals_place {
	const char *file, *row;
	bool from_now;
};

/* What arrived behind the place, by meter and time. */
struct arrivals {
	struct arrival *items; /* freed by arrivals_clear */
	size_t count, room;
	int64_t file, rowid; /* all up to here is in it */
	bool any;            /* the place moves: steps are due */
	bool more;           /* and there is more behind it */
	uint64_t damaged;    /* batches that were left out */
	size_t done, upto;   /* items that were taken, and (a step's answer) with it */
};

/* On a reader thread. Whole batches, until `most` readings are there. Readings that were refused when they came,
 * those whose clock is unsure, those of another gateway than the meter's, and those of meters that are not
 * `wanted` (NULL: all are) are left out. */
MUST_USE enum err
arrivals_read(struct reader *reader, struct arrivals *arrivals, const struct arrivals_place *place,
              size_t most, enum err (*wanted)(struct db *db, const struct arrival *item, bool *is));
bool arrivals_same_meter(const struct arrival *a, const struct arrival *b);

/* The end of a step that has taken all up to `upto`; with the last of them the place is kept. */
MUST_USE enum err arrivals_keep(struct tx *tx, struct arrivals *arrivals,
                                const struct arrivals_place *place, size_t upto);
/* The step is committed: its part is done. The step itself may be run again from the same place. */
void arrivals_next(struct arrivals *arrivals);
void arrivals_clear(struct arrivals *arrivals);

#endif
