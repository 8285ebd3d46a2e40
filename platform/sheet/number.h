/* Numbers, dates and times as people write them in cells, and as we write them. */
#ifndef PLATFORM_SHEET_NUMBER_H
#define PLATFORM_SHEET_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "platform/sheet/fault.h"

#define SHEET_NUMBER_SIZE  24
#define SHEET_DATE_SIZE    11
#define SHEET_TIME_SIZE    20
#define SHEET_DECIMALS_MAX 6

/* "-12.05" for -1205 with 2 decimals. */
void sheet_number_format(int64_t value, unsigned decimals, char text[SHEET_NUMBER_SIZE]);
/* Digits with groups of three or without, as many decimals as asked for or fewer; further ones must
 * be 0. NOT_NUMBER, NOT_WHOLE, RANGE, NUMBER_CUT (3.3E+11). */
enum sheet_fault sheet_number_parse(const char *text, size_t len, unsigned decimals,
                                    int64_t *value);

/* Days since 1970-01-01. 2026-11-24, 2026/11/24, 2026.11.24 and 2026年11月24日, zeros may be left
 * out; years 1900 to 9999. */
enum sheet_fault sheet_date_parse(const char *text, size_t len, int64_t *days);
void sheet_date_format(int64_t days, char text[SHEET_DATE_SIZE]);

/* A date, or a date and 8:00 or 08:00:00 behind a blank or T, civil time `offset_s` east of UTC. */
enum sheet_fault sheet_time_parse(const char *text, size_t len, int32_t offset_s, int64_t *unix_s);
void sheet_time_format(int64_t unix_s, int32_t offset_s, char text[SHEET_TIME_SIZE]);

#endif
