#include "platform/sheet/xlsx_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"

#define DIGITS_EXACT  15      /* what a spreadsheet keeps of a number */
#define DAYS_1900     25569   /* serial number of 1970-01-01 */
#define DAYS_1904     24107   /* the same in books that count from 1904 */
#define SERIAL_FEB_29 60      /* of 1900: a day that never was, kept for an old program's sake */
#define SERIAL_MAX    2958466 /* 10000-01-01 */

static bool is_short_integer(const char *value)
{
	const char *digits = value + (*value == '-');
	size_t n = strspn(digits, "0123456789");

	return n > 0 && n <= DIGITS_EXACT && !digits[n];
}

static void trim_zeros(char *text)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == '0')
		n--;
	if (n && text[n - 1] == '.')
		n--;
	text[n] = '\0';
}

/* The serial number is the spreadsheet's, not an amount: a double is what it is. */
static enum sheet_fault date_text(double serial, bool from_1904, char text[XLSX_NUMBER_SIZE])
{
	double whole = floor(serial);
	long days = (long)whole, second = lround((serial - whole) * SECONDS_PER_DAY);
	struct civil date;
	int n;

	if (second == SECONDS_PER_DAY) {
		days++;
		second = 0;
	}
	if (!from_1904 && days == SERIAL_FEB_29)
		return SHEET_FAULT_NOT_DATE;
	if (!from_1904 && days < SERIAL_FEB_29)
		days++;
	date_from_days(days - (from_1904 ? DAYS_1904 : DAYS_1900), &date);
	n = snprintf(text, XLSX_NUMBER_SIZE, "%04d-%02d-%02d", (int)date.year, date.month,
	             date.day);
	if (second)
		snprintf(text + n, XLSX_NUMBER_SIZE - (size_t)n, " %02ld:%02ld:%02ld",
		         second / 3600, second / 60 % 60, second % 60);
	return SHEET_FAULT_NONE;
}

static void clock_text(double serial, char text[XLSX_NUMBER_SIZE])
{
	long second = lround(serial * SECONDS_PER_DAY);

	snprintf(text, XLSX_NUMBER_SIZE, "%02ld:%02ld:%02ld", second / 3600, second / 60 % 60,
	         second % 60);
}

static enum sheet_fault number_text(double number, char text[XLSX_NUMBER_SIZE])
{
	snprintf(text, XLSX_NUMBER_SIZE, "%.*g", DIGITS_EXACT, number);
	if (!strchr(text, 'e'))
		return SHEET_FAULT_NONE;
	if (fabs(number) >= 1)
		return SHEET_FAULT_NUMBER_CUT;
	snprintf(text, XLSX_NUMBER_SIZE, "%.*f", DIGITS_EXACT + 5, number);
	trim_zeros(text);
	return SHEET_FAULT_NONE;
}

enum sheet_fault xlsx_number_text(const char *value, enum xlsx_look look, bool from_1904,
                                  char text[XLSX_NUMBER_SIZE])
{
	double number;
	char *end;

	snprintf(text, XLSX_NUMBER_SIZE, "%s", value);
	if (look == XLSX_NUMBER && is_short_integer(value))
		return SHEET_FAULT_NONE;
	number = strtod(value, &end);
	if (end == value || *end || !isfinite(number))
		return SHEET_FAULT_NOT_NUMBER;
	if (look == XLSX_NUMBER)
		return number_text(number, text);
	if (number < 0 || number >= SERIAL_MAX)
		return SHEET_FAULT_NOT_DATE;
	if (look == XLSX_DATE || number >= 1)
		return date_text(number, from_1904, text);
	clock_text(number, text);
	return SHEET_FAULT_NONE;
}
