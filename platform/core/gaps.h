/* Which readings are missing: for each meter of a property, spans of its reading plan in which
 * nothing is stored. One pass over the batches, one bit per meter and period. */
#ifndef PLATFORM_CORE_GAPS_H
#define PLATFORM_CORE_GAPS_H

#include "platform/store/day.h"
#include "platform/store/meter.h"

#define GAPS_PERIODS_MAX 1000000 /* of one meter: two years of minutes */

struct gap_meter {
	int64_t meter, period_s;
	int64_t from_s; /* nothing is expected before: its creation */
	uint8_t *seen;  /* a bit per period */
	size_t periods;
};

struct gaps {
	int64_t property_id;
	int64_t from_s, to_s;    /* [from, to) */
	struct gap_meter *meter; /* by number */
	size_t count, room;
	uint64_t damaged; /* batches that were left out */
};

MUST_USE enum err gaps_open(struct gaps *gaps, int64_t property_id, int64_t from_s, int64_t to_s);
void gaps_close(struct gaps *gaps);
/* Meters in ascending order of their numbers. ERR_RANGE: too many periods. */
MUST_USE enum err gaps_add_meter(struct gaps *gaps, int64_t meter, int64_t period_s,
                                 int64_t created_s);
/* Marks what the batches of one gateway hold. */
MUST_USE enum err gaps_read(struct gaps *gaps, struct day_reader *days, int64_t gateway_id);
/* Spans without a reading, in order of meters and time. */
void gaps_each(const struct gaps *gaps,
               void (*each)(void *arg, int64_t meter, int64_t from_s, int64_t to_s,
                            int64_t missing),
               void *arg);

#endif
