#include "platform/sheet/test/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <minizip/zip.h>

int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("sheet", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

#define RELATION(id, type, target)                                                                 \
	"<Relationship Id=\"" id "\" Type=\"http://x/" type "\" Target=\"" target "\"/>"
#define RELATIONS(list) "<Relationships>" list "</Relationships>"
#define ROOT            RELATIONS(RELATION("r", "officeDocument", "xl/workbook.xml"))
#define WORKBOOK                                                                                   \
	"<workbook xmlns:r=\"x\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets>"   \
	"</workbook>"
#define OF_WORKBOOK                                                                                \
	RELATIONS(RELATION("r1", "worksheet", "worksheets/sheet1.xml")                             \
	                  RELATION("r2", "styles", "/xl/styles.xml")                               \
	                          RELATION("r3", "sharedStrings", "sharedStrings.xml"))

static const struct part book[] = {
        {"_rels/.rels",                ROOT,        0},
        {"xl/workbook.xml",            WORKBOOK,    0},
        {"xl/_rels/workbook.xml.rels", OF_WORKBOOK, 0},
        {NULL,                         NULL,        0},
};

static void add_part(zipFile zip, const struct part *part)
{
	/* What is written again and again is to look like a bomb. */
	int level = part->repeat ? 9 : 1;

	assert_int_equal(zipOpenNewFileInZip64(zip, part->name, NULL, NULL, 0, NULL, 0, NULL,
	                                       Z_DEFLATED, level, 0),
	                 ZIP_OK);
	for (size_t i = 0; i < (part->repeat ? part->repeat : 1); i++)
		assert_int_equal(zipWriteInFileInZip(zip, part->text, (unsigned)strlen(part->text)),
		                 ZIP_OK);
	assert_int_equal(zipCloseFileInZip(zip), ZIP_OK);
}

static bool is_among(const struct part *parts, const char *name)
{
	while (parts->name && strcmp(parts->name, name) != 0)
		parts++;
	return parts->name;
}

static char *pack(const struct part *base, const struct part *parts, size_t *len)
{
	char path[] = "/tmp/wattle-book-XXXXXX";
	int fd = mkstemp(path);
	zipFile zip = zipOpen64(path, APPEND_STATUS_CREATE);
	char *bytes;

	assert_non_null(zip);
	for (; base->name; base++)
		if (!is_among(parts, base->name))
			add_part(zip, base);
	for (; parts->name; parts++)
		add_part(zip, parts);
	assert_int_equal(zipClose(zip, NULL), ZIP_OK);
	*len = (size_t)lseek(fd, 0, SEEK_END);
	bytes = malloc(*len);
	assert_int_equal(pread(fd, bytes, *len, 0), *len);
	close(fd);
	unlink(path);
	return bytes;
}

char *archive_of(const struct part *parts, size_t *len)
{
	static const struct part nothing = {0};

	return pack(&nothing, parts, len);
}

char *book_of(const struct part *parts, size_t *len)
{
	return pack(book, parts, len);
}

enum err text_of(int fd, enum sheet_encoding encoding, char *to, size_t size,
                 struct sheet_mistake *mistake)
{
	const struct sheet_input input = {.fd = fd, .encoding = encoding, .tmp_dir = "/tmp"};
	const struct sheet_row *row;
	struct sheet *sheet;
	size_t used = 0;
	enum err err = sheet_open(&sheet, &input, mistake);

	to[0] = '\0';
	if (err)
		return err;
	while (sheet_next(sheet, &row)) {
		used += (size_t)snprintf(to + used, size - used, "%lld:", (long long)row->number);
		for (size_t i = 0; i < row->count; i++)
			used += (size_t)snprintf(
			        to + used, size - used, "%s%s%s%s", i ? "|" : "",
			        row->cell[i].fault ? "!" : "",
			        row->cell[i].fault ? sheet_fault_word(row->cell[i].fault) : "",
			        row->cell[i].fault ? "" : row->cell[i].text);
		used += (size_t)snprintf(to + used, size - used, "\n");
		assert_true(used < size);
	}
	return sheet_end(sheet, mistake);
}
