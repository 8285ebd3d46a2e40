/* What a cell needs so that a spreadsheet shows it instead of running or rounding it, and the exact
 * way back.
 *
 * A text that begins with = + - @, a tab or a line end may be taken as a formula; it gets an
 * apostrophe in front. So does one that already has apostrophes before such a character, or the way
 * back could not tell. A true number (-12.5) stays as it is.
 *
 * Digits that a spreadsheet would show as 3.3E+11 and save so, or whose leading zeros it would drop,
 * get a tab in front (CSV only: XLSX has text cells). */
#ifndef PLATFORM_SHEET_GUARD_H
#define PLATFORM_SHEET_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Spreadsheets show up to 11 digits as they are, and keep 15. */
#define SHEET_DIGITS_PLAIN 11

bool sheet_needs_apostrophe(const char *text, size_t len);
bool sheet_needs_tab(const char *text, size_t len);

/* Bytes (0 or 1) at the start of a cell that a writer put there. */
size_t sheet_guard_len(const char *text, size_t len);

#endif
