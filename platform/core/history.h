/* Readings of one meter from the day files, for curves: runs on a reader thread. */
#ifndef PLATFORM_CORE_HISTORY_H
#define PLATFORM_CORE_HISTORY_H

#include "platform/store/day.h"
#include "platform/store/latest.h"

#define HISTORY_POINTS_MAX 2000

struct history_point {
	int64_t at_s;
	struct reading value; /* the last one of the point's span; voltage ... are its means */
	int32_t power_min_dw, power_max_dw;
};

struct history_gap {
	int64_t from_s, to_s;
};

struct history_request {
	int64_t property_id, gateway_id, meter;
	int64_t from_s, to_s; /* [from, to) */
	int64_t now_s;
	int64_t period_s; /* readings further apart than 2.5 periods leave a gap */
	size_t points;    /* at most HISTORY_POINTS_MAX */
	/* answers, allocated; history_free */
	struct history_point *point;
	size_t point_count;
	struct history_gap *gap;
	size_t gap_count;
	size_t reading_count;
	uint64_t damaged; /* damaged batches that were left out */
};

MUST_USE enum err history_read(struct day_reader *days, struct history_request *request);
void history_free(struct history_request *request);

#endif
