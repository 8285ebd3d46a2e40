/* Numbers of an XLSX as the text that the spreadsheet shows: 15 digits, dates by their format. */
#ifndef PLATFORM_SHEET_XLSX_NUMBER_H
#define PLATFORM_SHEET_XLSX_NUMBER_H

#include "platform/sheet/xlsx_parts.h"

#define XLSX_NUMBER_SIZE 40

/* NONE, or what is wrong; `text` is filled in any case. */
enum sheet_fault xlsx_number_text(const char *value, enum xlsx_look look, bool from_1904,
                                  char text[XLSX_NUMBER_SIZE]);

#endif
