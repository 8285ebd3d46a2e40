/* Time arithmetic without a clock: civil UTC time and days, RFC 3339 text. Who needs "now" gets
 * it passed in. Years 1..9999 of the proleptic Gregorian calendar; no leap seconds. */
#ifndef LIBS_BASE_TIME_H
#define LIBS_BASE_TIME_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define SECONDS_PER_DAY 86400

struct civil {
	int32_t year;
	uint8_t month, day; /* from 1 */
	uint8_t hour, minute, second;
};

/* Days since 1970-01-01, and back. Any month 1..12 and day 1..31 is accepted here. */
int64_t days_from_date(int32_t year, unsigned month, unsigned day);
void date_from_days(int64_t days, struct civil *date);

/* The day that holds a second; rounds down before 1970 as well. */
int64_t days_from_unix(int64_t unix_s);

/* Fills all fields. ERR_RANGE: outside the years 1..9999. */
MUST_USE enum err civil_from_unix(int64_t unix_s, struct civil *c);

/* ERR_RANGE: no such date or time (30 February, 24:00:00). */
MUST_USE enum err unix_from_civil(const struct civil *c, int64_t *unix_s);

unsigned days_in_month(int32_t year, unsigned month);

/* "2026-11-24T03:20:09Z" and "2026-11-24T03:20:09.123Z". */
#define RFC3339_SIZE    21
#define RFC3339_MS_SIZE 25
MUST_USE enum err rfc3339_format(int64_t unix_s, char text[RFC3339_SIZE]);
MUST_USE enum err rfc3339_format_ms(int64_t unix_ms, char text[RFC3339_MS_SIZE]);

/* The whole text: date, T, time, fraction of any length (cut to milliseconds), Z or an offset.
 * ERR_BAD_INPUT: another form; ERR_RANGE: no such time. */
MUST_USE enum err rfc3339_parse(const char *text, int64_t *unix_ms);
#endif
