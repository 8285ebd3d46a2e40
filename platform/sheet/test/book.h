/* Helpers of the sheet tests: files without names, archives made by hand, whole sheets as text. */
#ifndef PLATFORM_SHEET_TEST_BOOK_H
#define PLATFORM_SHEET_TEST_BOOK_H

#include "platform/sheet/sheet.h"

/* A file with these bytes. */
int file_of(const void *bytes, size_t len);

struct part {
	const char *name, *text; /* name NULL ends */
	size_t repeat;           /* that often; 0: once */
};

/* The bytes of an archive, malloc'd. */
char *archive_of(const struct part *parts, size_t *len);

/* The same with the parts that every workbook has, unless they are among `parts`: one sheet,
 * xl/worksheets/sheet1.xml, with styles xl/styles.xml and strings xl/sharedStrings.xml. */
char *book_of(const struct part *parts, size_t *len);

/* All cells as "a|b|c\n", a fault as "!word"; what ended it goes to `mistake`. */
enum err text_of(int fd, enum sheet_encoding encoding, char *to, size_t size,
                 struct sheet_mistake *mistake);

#endif
