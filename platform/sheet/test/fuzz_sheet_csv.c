/* Any bytes as a CSV: no crash, rows in order, and what was read is read again from what the writer
 * makes of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/sheet/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static enum err append(void *arg, const void *bytes, size_t len)
{
	return write(*(int *)arg, bytes, len) == (ssize_t)len ? ERR_NONE : ERR_IO;
}

static int copy_to(struct sheet *sheet, enum sheet_encoding encoding, size_t *rows)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	struct sheet_output output = {
	        .format = SHEET_CSV, .write = append, .arg = &fd, .encoding = encoding};
	const struct sheet_row *row;
	struct sheet_writer *writer;
	int64_t last = 0;

	CHECK(sheet_writer_new(&writer, &output) == ERR_NONE);
	while (sheet_next(sheet, &row)) {
		CHECK(row->number > last && row->count > 0 && row->count <= SHEET_COLUMNS_MAX);
		last = row->number;
		for (size_t i = 0; i < row->count; i++) {
			const struct sheet_cell *cell = &row->cell[i];

			CHECK(cell->len <= SHEET_CELL_MAX && cell->text[cell->len] == '\0');
			if (cell->fault)
				sheet_put_text(writer, "x", 1);
			else
				sheet_put_text(writer, cell->text, cell->len);
		}
		sheet_row_end(writer);
		++*rows;
	}
	CHECK(sheet_writer_end(writer) == ERR_NONE);
	return fd;
}

static int pass(int fd, enum sheet_encoding read_as, enum sheet_encoding write_as, size_t *rows)
{
	const struct sheet_input input = {.fd = fd, .encoding = read_as, .tmp_dir = "/tmp"};
	struct sheet_mistake mistake;
	struct sheet *sheet;
	int out;

	*rows = 0;
	if (sheet_open(&sheet, &input, &mistake))
		return -1;
	if (sheet_format(sheet) != SHEET_CSV) { /* fuzz_sheet_xlsx has those */
		(void)!sheet_end(sheet, &mistake);
		return -1;
	}
	out = copy_to(sheet, write_as, rows);
	(void)!sheet_end(sheet, &mistake);
	return out;
}

static bool same(int a, int b)
{
	static char left[1 << 20], right[1 << 20];
	ssize_t n = pread(a, left, sizeof left, 0), m = pread(b, right, sizeof right, 0);

	return n == m && memcmp(left, right, (size_t)n) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum sheet_encoding encoding = SHEET_ENCODING_AUTO;
	int fd = memfd_create("in", MFD_CLOEXEC), once, twice = -1;
	size_t rows, again;

	/* The first byte chooses. */
	if (size)
		encoding = (enum sheet_encoding)(*data % 3);
	CHECK(!size || write(fd, data + 1, size - 1) == (ssize_t)size - 1);
	once = pass(fd, encoding, SHEET_UTF8, &rows);
	if (once >= 0 && rows) {
		twice = pass(once, SHEET_UTF8, SHEET_UTF8, &again);
		CHECK(twice >= 0 && rows == again && same(once, twice));
	}
	close(fd);
	if (once >= 0)
		close(once);
	if (twice >= 0)
		close(twice);
	return 0;
}
