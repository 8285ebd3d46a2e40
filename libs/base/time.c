#include "libs/base/time.h"

#include <stdbool.h>

/* Both directions count from 1 March of year 0 in cycles of 400 years, so that the leap day is
 * the last day of a year and month lengths follow one formula. */
#define DAYS_PER_CYCLE 146097
#define DAYS_TO_1970   719468 /* 0000-03-01 to 1970-01-01 */

int64_t days_from_date(int32_t year, unsigned month, unsigned day)
{
	int32_t y = month <= 2 ? year - 1 : year;
	int32_t cycle = (y >= 0 ? y : y - 399) / 400;
	int32_t of_cycle = y - cycle * 400;
	int32_t of_year = (153 * (int32_t)((month + 9) % 12) + 2) / 5 + (int32_t)day - 1;

	return (int64_t)cycle * DAYS_PER_CYCLE +
	       (of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - DAYS_TO_1970);
}

void date_from_days(int64_t days, struct civil *date)
{
	int64_t shifted = days + DAYS_TO_1970;
	int64_t cycle = (shifted >= 0 ? shifted : shifted - (DAYS_PER_CYCLE - 1)) / DAYS_PER_CYCLE;
	int32_t day = (int32_t)(shifted - cycle * DAYS_PER_CYCLE);
	int32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int32_t of_year = day - (365 * year + year / 4 - year / 100);
	int32_t month = (5 * of_year + 2) / 153; /* 0 is March */

	date->day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1);
	date->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	date->year = (int32_t)(year + cycle * 400 + (date->month <= 2));
}

int64_t days_from_unix(int64_t unix_s)
{
	int64_t days = unix_s / SECONDS_PER_DAY;

	return unix_s % SECONDS_PER_DAY < 0 ? days - 1 : days;
}

enum err civil_from_unix(int64_t unix_s, struct civil *c)
{
	int64_t days = days_from_unix(unix_s), of_day;

	if (days < days_from_date(1, 1, 1) || days > days_from_date(9999, 12, 31))
		return ERR_RANGE;
	of_day = unix_s - days * SECONDS_PER_DAY;
	date_from_days(days, c);
	c->hour = (uint8_t)(of_day / 3600);
	c->minute = (uint8_t)(of_day / 60 % 60);
	c->second = (uint8_t)(of_day % 60);
	return ERR_NONE;
}

unsigned days_in_month(int32_t year, unsigned month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

enum err unix_from_civil(const struct civil *c, int64_t *unix_s)
{
	if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->day > days_in_month(c->year, c->month) || c->hour > 23 || c->minute > 59 ||
	    c->second > 59)
		return ERR_RANGE;
	*unix_s = days_from_date(c->year, c->month, c->day) * SECONDS_PER_DAY +
	          c->hour * INT64_C(3600) + c->minute * INT64_C(60) + c->second;
	return ERR_NONE;
}

static char *put_number(char *to, unsigned value, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + digits;
}

/* Everything up to the seconds. */
static char *put_civil(char *to, const struct civil *c)
{
	to = put_number(to, (unsigned)c->year, 4);
	*to++ = '-';
	to = put_number(to, c->month, 2);
	*to++ = '-';
	to = put_number(to, c->day, 2);
	*to++ = 'T';
	to = put_number(to, c->hour, 2);
	*to++ = ':';
	to = put_number(to, c->minute, 2);
	*to++ = ':';
	return put_number(to, c->second, 2);
}

enum err rfc3339_format(int64_t unix_s, char text[RFC3339_SIZE])
{
	struct civil c;
	enum err err = civil_from_unix(unix_s, &c);

	if (err)
		return err;
	text = put_civil(text, &c);
	*text++ = 'Z';
	*text = '\0';
	return ERR_NONE;
}

enum err rfc3339_format_ms(int64_t unix_ms, char text[RFC3339_MS_SIZE])
{
	int64_t unix_s = unix_ms / 1000, ms = unix_ms % 1000;
	struct civil c;
	enum err err;

	if (ms < 0) {
		ms += 1000;
		unix_s--;
	}
	err = civil_from_unix(unix_s, &c);
	if (err)
		return err;
	text = put_civil(text, &c);
	*text++ = '.';
	text = put_number(text, (unsigned)ms, 3);
	*text++ = 'Z';
	*text = '\0';
	return ERR_NONE;
}

static bool take_number(const char **text, unsigned digits, unsigned *value)
{
	*value = 0;
	for (; digits > 0; digits--, ++*text) {
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (unsigned)(**text - '0');
	}
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* RFC 3339 allows lower case t and z. */
static bool take_letter(const char **text, char upper)
{
	return take_char(text, upper) || take_char(text, (char)(upper + ('a' - 'A')));
}

static bool take_civil(const char **text, struct civil *c)
{
	unsigned year, month, day, hour, minute, second;

	if (!take_number(text, 4, &year) || !take_char(text, '-') ||
	    !take_number(text, 2, &month) || !take_char(text, '-') || !take_number(text, 2, &day) ||
	    !take_letter(text, 'T') || !take_number(text, 2, &hour) || !take_char(text, ':') ||
	    !take_number(text, 2, &minute) || !take_char(text, ':') ||
	    !take_number(text, 2, &second))
		return false;
	*c = (struct civil){(int32_t)year, (uint8_t)month,  (uint8_t)day,
	                    (uint8_t)hour, (uint8_t)minute, (uint8_t)second};
	return true;
}

static bool take_fraction(const char **text, int64_t *ms)
{
	unsigned digit, scale = 100;

	*ms = 0;
	if (!take_char(text, '.'))
		return true;
	if (!take_number(text, 1, &digit))
		return false;
	do {
		*ms += (int64_t)digit * scale;
		scale /= 10;
	} while (take_number(text, 1, &digit));
	return true;
}

/* Z, or the distance to UTC. */
static enum err take_offset(const char **text, int64_t *offset_s)
{
	bool west = **text == '-';
	unsigned hour, minute;

	*offset_s = 0;
	if (take_letter(text, 'Z'))
		return ERR_NONE;
	if ((!take_char(text, '+') && !take_char(text, '-')) || !take_number(text, 2, &hour) ||
	    !take_char(text, ':') || !take_number(text, 2, &minute))
		return ERR_BAD_INPUT;
	if (hour > 23 || minute > 59)
		return ERR_RANGE;
	*offset_s = (int64_t)(hour * 3600 + minute * 60) * (west ? -1 : 1);
	return ERR_NONE;
}

enum err rfc3339_parse(const char *text, int64_t *unix_ms)
{
	int64_t unix_s, ms, offset_s;
	struct civil c;
	enum err err;

	if (!take_civil(&text, &c) || !take_fraction(&text, &ms))
		return ERR_BAD_INPUT;
	err = take_offset(&text, &offset_s);
	if (err)
		return err;
	if (*text)
		return ERR_BAD_INPUT;
	err = unix_from_civil(&c, &unix_s);
	if (err)
		return err;
	*unix_ms = (unix_s - offset_s) * 1000 + ms;
	return ERR_NONE;
}
