/* The first visible sheet of an XLSX, row by row. */
#ifndef PLATFORM_SHEET_XLSX_IN_H
#define PLATFORM_SHEET_XLSX_IN_H

#include "platform/sheet/xlsx_parts.h"

#define XLSX_VALUE_SIZE 64

enum xlsx_type { XLSX_IS_NUMBER, XLSX_IS_SHARED, XLSX_IS_TEXT, XLSX_IS_BOOL, XLSX_IS_ERROR };

struct xlsx_in {
	struct zip_in zip;
	struct xlsx_book book;
	struct xlsx_styles styles;
	struct xlsx_strings strings;
	struct xml_in xml;
	struct row_build row;
	bool ready; /* a row is complete */
	/* the cell under way */
	enum xlsx_type type;
	enum xlsx_look look;
	int column; /* from 1 */
	bool in_value, in_text;
	unsigned in_aid;
	char value[XLSX_VALUE_SIZE];
	size_t value_len;
};

MUST_USE enum err xlsx_open(struct xlsx_in *xlsx, int fd, const char *tmp_dir,
                            struct sheet_mistake *mistake);
/* *row NULL at the end. ERR_BAD_INPUT with a mistake. */
MUST_USE enum err xlsx_next(struct xlsx_in *xlsx, const struct sheet_row **row,
                            struct sheet_mistake *mistake);
void xlsx_close(struct xlsx_in *xlsx);

#endif
