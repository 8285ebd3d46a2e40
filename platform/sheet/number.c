#include "platform/sheet/number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"

void sheet_number_format(int64_t value, unsigned decimals, char text[SHEET_NUMBER_SIZE])
{
	char reversed[SHEET_NUMBER_SIZE];
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	size_t n = 0, at = 0;

	for (unsigned i = 0; rest || i <= decimals; i++) {
		if (decimals && i == decimals)
			reversed[n++] = '.';
		reversed[n++] = (char)('0' + rest % 10);
		rest /= 10;
	}
	if (value < 0)
		text[at++] = '-';
	while (n)
		text[at++] = reversed[--n];
	text[at] = '\0';
}

/* ---- a cursor over a cell ---- */

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
		return false;
	c->at += n;
	return true;
}

/* 1 to `most` digits. */
static bool take_digits(struct cursor *c, int most, int *value)
{
	int n = 0;

	*value = 0;
	for (; c->at < c->end && isdigit((unsigned char)*c->at) && n < most; n++)
		*value = *value * 10 + (*c->at++ - '0');
	return n > 0;
}

/* ---- numbers ---- */

/* 3.301E+11: what a spreadsheet leaves of 330100012345 when it saves what it shows. */
static bool is_cut(const char *text, size_t len)
{
	const char *e = memchr(text, 'E', len);

	return e && e > text && isdigit((unsigned char)text[0]) && e + 1 < text + len &&
	       e[1] == '+';
}

static bool add_digit(int64_t *value, char digit)
{
	return !__builtin_mul_overflow(*value, INT64_C(10), value) &&
	       !__builtin_add_overflow(*value, (int64_t)(digit - '0'), value);
}

/* Digits before the point. In groups, a comma stands before exactly three digits. */
static bool whole_part(struct cursor *c, int64_t *value, bool *fits)
{
	int since_comma = -1, n = 0; /* -1: no comma yet */

	for (; c->at < c->end; c->at++) {
		if (*c->at == ',' && n && (since_comma == 3 || (since_comma < 0 && n <= 3))) {
			since_comma = 0;
			continue;
		}
		if (!isdigit((unsigned char)*c->at) || since_comma == 3)
			break;
		*fits = *fits && add_digit(value, *c->at);
		n++;
		since_comma += since_comma >= 0;
	}
	return n && (since_comma < 0 || since_comma == 3);
}

/* Fills up to `decimals`; *exact false when what is beyond them is not 0. */
static bool fraction(struct cursor *c, unsigned decimals, int64_t *value, bool *fits, bool *exact)
{
	unsigned n = 0;

	if (c->at < c->end) {
		if (*c->at++ != '.' || c->at == c->end)
			return false;
	}
	for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++, n++) {
		if (n < decimals)
			*fits = *fits && add_digit(value, *c->at);
		else
			*exact = *exact && *c->at == '0';
	}
	for (; n < decimals; n++)
		*fits = *fits && add_digit(value, '0');
	return c->at == c->end;
}

enum sheet_fault sheet_number_parse(const char *text, size_t len, unsigned decimals, int64_t *value)
{
	struct cursor c = {text, text + len};
	bool minus, fits = true, exact = true;
	int64_t v = 0;

	if (is_cut(text, len))
		return SHEET_FAULT_NUMBER_CUT;
	minus = take(&c, "-");
	if (!whole_part(&c, &v, &fits) || !fraction(&c, decimals, &v, &fits, &exact))
		return SHEET_FAULT_NOT_NUMBER;
	if (!fits)
		return SHEET_FAULT_RANGE;
	if (!exact)
		return SHEET_FAULT_NOT_WHOLE;
	*value = minus ? -v : v;
	return SHEET_FAULT_NONE;
}

/* ---- dates ---- */

/* Both separators must be of one kind. */
static bool take_date(struct cursor *c, struct civil *date)
{
	static const char *const kinds[][3] = {
	        {"-",   "-",   ""   },
                {"/",   "/",   ""   },
                {".",   ".",   ""   },
                {"年", "月", "日"}
        };
	int year, month, day;

	if (!take_digits(c, 4, &year) || year < 1900)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!take(c, kinds[i][0]))
			continue;
		if (!take_digits(c, 2, &month) || !take(c, kinds[i][1]) ||
		    !take_digits(c, 2, &day) || !take(c, kinds[i][2]))
			return false;
		if (month < 1 || month > 12 || day < 1 ||
		    day > (int)days_in_month(year, (unsigned)month))
			return false;
		*date = (struct civil){.year = year, .month = (uint8_t)month, .day = (uint8_t)day};
		return true;
	}
	return false;
}

enum sheet_fault sheet_date_parse(const char *text, size_t len, int64_t *days)
{
	struct cursor c = {text, text + len};
	struct civil date;

	if (!take_date(&c, &date))
		return SHEET_FAULT_NOT_DATE;
	/* A spreadsheet may add a midnight to a date. */
	if (!take(&c, " 00:00:00"))
		take(&c, " 0:00");
	if (c.at != c.end)
		return SHEET_FAULT_NOT_DATE;
	*days = days_from_date(date.year, date.month, date.day);
	return SHEET_FAULT_NONE;
}

void sheet_date_format(int64_t days, char text[SHEET_DATE_SIZE])
{
	struct civil date;

	date_from_days(days, &date);
	if (date.year < 1 || date.year > 9999)
		date = (struct civil){.year = 9999, .month = 12, .day = 31};
	snprintf(text, SHEET_DATE_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000u,
	         date.month % 100u, date.day % 100u);
}

static bool take_clock(struct cursor *c, int *second_of_day)
{
	int hour, minute, second = 0;

	if (!take_digits(c, 2, &hour) || !take(c, ":") || !take_digits(c, 2, &minute))
		return false;
	if (take(c, ":") && !take_digits(c, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*second_of_day = (hour * 60 + minute) * 60 + second;
	return true;
}

enum sheet_fault sheet_time_parse(const char *text, size_t len, int32_t offset_s, int64_t *unix_s)
{
	struct cursor c = {text, text + len};
	struct civil date;
	int second = 0;

	if (!take_date(&c, &date))
		return SHEET_FAULT_NOT_TIME;
	if (c.at != c.end && (!(take(&c, " ") || take(&c, "T")) || !take_clock(&c, &second)))
		return SHEET_FAULT_NOT_TIME;
	if (c.at != c.end)
		return SHEET_FAULT_NOT_TIME;
	*unix_s = days_from_date(date.year, date.month, date.day) * SECONDS_PER_DAY + second -
	          offset_s;
	return SHEET_FAULT_NONE;
}

void sheet_time_format(int64_t unix_s, int32_t offset_s, char text[SHEET_TIME_SIZE])
{
	int64_t civil_s = unix_s + offset_s, days = days_from_unix(civil_s);
	unsigned second = (unsigned)(civil_s - days * SECONDS_PER_DAY);

	sheet_date_format(days, text);
	snprintf(text + SHEET_DATE_SIZE - 1, SHEET_TIME_SIZE - SHEET_DATE_SIZE + 1,
	         " %02u:%02u:%02u", second / 3600 % 24, second / 60 % 60, second % 60);
}
