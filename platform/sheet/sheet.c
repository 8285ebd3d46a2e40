#include "platform/sheet/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "platform/sheet/csv_in.h"
#include "platform/sheet/xlsx_in.h"

struct sheet {
	enum sheet_format format;
	enum sheet_encoding encoding;
	enum err err;
	bool ended;
	struct sheet_mistake mistake;

	union {
		struct csv_in csv;
		struct xlsx_in xlsx;
	} u;
};

static enum err mistaken(struct sheet_mistake *mistake, enum sheet_fault fault)
{
	*mistake = (struct sheet_mistake){.fault = fault};
	return ERR_BAD_INPUT;
}

enum err sheet_sniff(int fd, enum sheet_format *format, struct sheet_mistake *mistake)
{
	static const char zip[] = {'P', 'K', 3, 4};
	static const char ole[] = {'\xD0', '\xCF', '\x11', '\xE0'};
	char start[4096];
	size_t len;
	enum err err = read_at(fd, 0, start, sizeof start, &len);

	if (err)
		return err;
	*format = SHEET_CSV;
	if (len >= sizeof zip && memcmp(start, zip, sizeof zip) == 0) {
		*format = SHEET_XLSX;
		return ERR_NONE;
	}
	if (len >= sizeof ole && memcmp(start, ole, sizeof ole) == 0)
		return mistaken(mistake, SHEET_FAULT_OLD_EXCEL);
	if (len >= 2 && (memcmp(start, "\xFF\xFE", 2) == 0 || memcmp(start, "\xFE\xFF", 2) == 0))
		return mistaken(mistake, SHEET_FAULT_UTF16);
	if (memchr(start, '\0', len))
		return mistaken(mistake, SHEET_FAULT_UNKNOWN_CONTENT);
	return len ? ERR_NONE : mistaken(mistake, SHEET_FAULT_EMPTY);
}

static void close_parts(struct sheet *sheet)
{
	if (sheet->format == SHEET_CSV)
		csv_close(&sheet->u.csv);
	else
		xlsx_close(&sheet->u.xlsx);
}

enum err sheet_open(struct sheet **out, const struct sheet_input *input,
                    struct sheet_mistake *mistake)
{
	struct sheet *sheet;
	enum sheet_format format;
	enum err err;

	*out = NULL;
	*mistake = (struct sheet_mistake){0};
	err = sheet_sniff(input->fd, &format, mistake);
	if (err)
		return err;
	sheet = calloc(1, sizeof *sheet);
	if (!sheet)
		return ERR_NOMEM;
	sheet->format = format;
	sheet->encoding = input->encoding;
	if (format == SHEET_CSV)
		err = csv_open(&sheet->u.csv, input->fd, &sheet->encoding);
	else
		err = xlsx_open(&sheet->u.xlsx, input->fd, input->tmp_dir, mistake);
	if (err) {
		close_parts(sheet);
		free(sheet);
		return err;
	}
	*out = sheet;
	return ERR_NONE;
}

bool sheet_next(struct sheet *sheet, const struct sheet_row **row)
{
	if (sheet->ended)
		return false;
	if (sheet->format == SHEET_CSV)
		sheet->err = csv_next(&sheet->u.csv, row, &sheet->mistake);
	else
		sheet->err = xlsx_next(&sheet->u.xlsx, row, &sheet->mistake);
	sheet->ended = sheet->err || !*row;
	return !sheet->ended;
}

enum err sheet_end(struct sheet *sheet, struct sheet_mistake *mistake)
{
	enum err err = sheet->err;

	*mistake = sheet->mistake;
	close_parts(sheet);
	free(sheet);
	return err;
}

enum sheet_format sheet_format(const struct sheet *sheet)
{
	return sheet->format;
}

enum sheet_encoding sheet_encoding(const struct sheet *sheet)
{
	return sheet->encoding;
}
