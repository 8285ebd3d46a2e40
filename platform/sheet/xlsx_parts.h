/* The parts of a workbook around its rows: which sheet is read, how its cells are formatted, and
 * its shared strings. */
#ifndef PLATFORM_SHEET_XLSX_PARTS_H
#define PLATFORM_SHEET_XLSX_PARTS_H

#include "platform/sheet/row.h"
#include "platform/sheet/xml_in.h"

struct xlsx_book {
	char sheet[ZIP_NAME_MAX];   /* part of the first sheet that is not hidden */
	char strings[ZIP_NAME_MAX]; /* "": the book has none */
	char styles[ZIP_NAME_MAX];
	bool from_1904; /* days count from 1904-01-01 */
};

MUST_USE enum err xlsx_book_read(struct xlsx_book *book, struct zip_in *zip,
                                 struct sheet_mistake *mistake);

/* What the number of a cell means, by the index of its style. */
#define XLSX_STYLES_MAX 65536

enum xlsx_look { XLSX_NUMBER, XLSX_DATE, XLSX_CLOCK /* a time of day */ };

struct xlsx_styles {
	uint8_t *look;
	size_t count;
};

MUST_USE enum err xlsx_styles_read(struct xlsx_styles *styles, struct zip_in *zip, const char *part,
                                   struct sheet_mistake *mistake);
void xlsx_styles_free(struct xlsx_styles *styles);
enum xlsx_look xlsx_style_look(const struct xlsx_styles *styles, long style);
/* Of a format as people write it: "yyyy\-mm\-dd", "[h]:mm", "#,##0.00". */
enum xlsx_look xlsx_format_look(const char *format);

/* Shared strings lie in a file without a name; a window of each of its two halves is in memory. */
#define XLSX_STRINGS_MAX 16777216

struct xlsx_strings {
	struct spill *texts, *places;
	size_t count;
};

MUST_USE enum err xlsx_strings_read(struct xlsx_strings *strings, struct zip_in *zip,
                                    const char *part, const char *tmp_dir,
                                    struct sheet_mistake *mistake);
void xlsx_strings_free(struct xlsx_strings *strings);
/* Adds string `index` to the last cell of `row`. ERR_NOT_FOUND: no such string. */
MUST_USE enum err xlsx_string_add(struct xlsx_strings *strings, uint64_t index,
                                  struct row_build *row);

/* `_x000D_` is how XLSX spells characters that XML cannot hold; in place, returns the new length. */
size_t xlsx_unescape(char *text, size_t len);

#endif
