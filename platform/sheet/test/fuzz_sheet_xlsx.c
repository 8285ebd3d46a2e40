/* Any bytes as an XLSX. An input is either the archive itself, or (first byte 'R') the XML of the
 * sheet, (first byte 'S') that of the strings, ('T') that of the styles, which are put into an
 * archive: behind deflate and check sums a fuzzer would hardly reach them. */
#include <minizip/zip.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/sheet/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RELATION(id, type, target)                                                                 \
	"<Relationship Id=\"" id "\" Type=\"http://x/" type "\" Target=\"" target "\"/>"

static const char *const root =
        "<Relationships>" RELATION("r", "officeDocument", "xl/workbook.xml") "</Relationships>";
static const char *const book =
        "<workbook xmlns:r=\"x\"><sheets><sheet r:id=\"r1\"/></sheets></workbook>";
static const char *const relations =
        "<Relationships>" RELATION("r1", "worksheet", "s.xml") RELATION("r2", "styles", "t.xml")
                RELATION("r3", "sharedStrings", "u.xml") "</Relationships>";
static const char *const sheet_xml =
        "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c s=\"1\"><v>46350</v></c>"
        "</row></sheetData></worksheet>";
static const char *const styles_xml =
        "<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
static const char *const strings_xml = "<sst><si><t>a</t></si></sst>";

static void put(zipFile zip, const char *name, const void *bytes, size_t len)
{
	if (zipOpenNewFileInZip64(zip, name, NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0) != ZIP_OK ||
	    zipWriteInFileInZip(zip, bytes, (unsigned)len) != ZIP_OK ||
	    zipCloseFileInZip(zip) != ZIP_OK)
		abort();
}

static void put_text(zipFile zip, const char *name, const char *text)
{
	put(zip, name, text, strlen(text));
}

static void put_or(zipFile zip, const char *name, const char *text, bool chosen,
                   const uint8_t *data, size_t size)
{
	if (chosen)
		put(zip, name, data, size);
	else
		put_text(zip, name, text);
}

static void build(int fd, char which, const uint8_t *data, size_t size)
{
	char path[64];
	zipFile zip;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	zip = zipOpen64(path, APPEND_STATUS_CREATE);
	if (!zip)
		abort();
	put_text(zip, "_rels/.rels", root);
	put_text(zip, "xl/workbook.xml", book);
	put_text(zip, "xl/_rels/workbook.xml.rels", relations);
	put_or(zip, "xl/s.xml", sheet_xml, which == 'R', data, size);
	put_or(zip, "xl/t.xml", styles_xml, which == 'T', data, size);
	put_or(zip, "xl/u.xml", strings_xml, which == 'S', data, size);
	zipClose(zip, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sheet_input input = {.fd = memfd_create("in", MFD_CLOEXEC), .tmp_dir = "/tmp"};
	const struct sheet_row *row;
	struct sheet_mistake mistake;
	struct sheet *sheet;
	int64_t last = 0;

	if (size && strchr("RST", *data) && *data)
		build(input.fd, (char)*data, data + 1, size - 1);
	else if (size && write(input.fd, data, size) != (ssize_t)size)
		abort();
	if (sheet_open(&sheet, &input, &mistake) == ERR_NONE) {
		while (sheet_next(sheet, &row)) {
			if (row->number <= last || !row->count || row->count > SHEET_COLUMNS_MAX)
				abort();
			last = row->number;
			for (size_t i = 0; i < row->count; i++)
				if (row->cell[i].text[row->cell[i].len])
					abort();
		}
		(void)!sheet_end(sheet, &mistake);
	}
	close(input.fd);
	return 0;
}
