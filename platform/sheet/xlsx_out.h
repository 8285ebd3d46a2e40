/* XLSX by libxlsxwriter in its constant-memory mode; the only user of that library. */
#ifndef PLATFORM_SHEET_XLSX_OUT_H
#define PLATFORM_SHEET_XLSX_OUT_H

#include <stdint.h>

#include "platform/sheet/sheet.h"

#define XLSX_DECIMALS_MAX 6

struct xlsx_out {
	void *book, *sheet;
	void *date, *time, *number[XLSX_DECIMALS_MAX + 1]; /* formats */
	uint32_t row;
	uint16_t column;
	enum err err;
	char *text; /* with escapes and its end */
	size_t text_size;
};

MUST_USE enum err xlsx_out_open(struct xlsx_out *xlsx, const struct sheet_output *to);
void xlsx_out_text(struct xlsx_out *xlsx, const char *text, size_t len);
void xlsx_out_number(struct xlsx_out *xlsx, int64_t value, unsigned decimals);
/* `second` of the day, or -1: a date without time. */
void xlsx_out_date(struct xlsx_out *xlsx, int64_t days, int second);
void xlsx_out_nothing(struct xlsx_out *xlsx);
void xlsx_out_row_end(struct xlsx_out *xlsx);
/* Without making the file. */
void xlsx_out_drop(struct xlsx_out *xlsx);
MUST_USE enum err xlsx_out_close(struct xlsx_out *xlsx);

#endif
