/* A spool as the gateway fills it while nobody takes anything: one batch a minute with a reading of
 * each meter, through the real outbox and the real spool. Values and the second of the sample jump at
 * random in the whole range of a household, so that no column is smaller than it will be on site. */
#ifndef GATEWAY_CORE_TEST_MONTH_H
#define GATEWAY_CORE_TEST_MONTH_H

#include "gateway/spool/spool.h"

#define MONTH_MINUTES 43200
#define MONTH_METERS  100

struct month {
	uint64_t boot;
	int64_t first_meter;
	unsigned meters, minutes;
	int64_t start_s; /* a whole minute */
};

/* Appends it. ERR_FULL: not all found its place. */
MUST_USE enum err month_write(struct spool *spool, const struct month *month);

/* A spool with the limits of a gateway's defaults, on a disk whose syncs do nothing: what counts here
 * is bytes. */
MUST_USE enum err month_spool(struct spool **spool, struct disk *disk);
#endif
