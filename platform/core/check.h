/* The one check of a reading's values: used when a batch comes in and whenever a stored batch is
 * read, because batches are stored whole with their bad rows. */
#ifndef PLATFORM_CORE_CHECK_H
#define PLATFORM_CORE_CHECK_H

#include <stdint.h>

#include "platform/store/latest.h"

enum check {
	CHECK_GOOD,
	CHECK_FUTURE, /* more than 10 minutes ahead */
	CHECK_PAST,   /* before 2024: no clock of ours was ever there */
	CHECK_RANGE,  /* outside what hardware of this kind can measure, or negative energy */
};

#define READING_AHEAD_MAX_S 600
#define READING_TIME_MIN_S  INT64_C(1704067200) /* 2024-01-01 */

enum check reading_check(const struct reading *reading, int64_t now_s);

#endif
