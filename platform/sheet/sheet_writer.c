#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/sheet/csv_out.h"
#include "platform/sheet/number.h"
#include "platform/sheet/xlsx_out.h"

/* Above this many digits a number loses its end in a spreadsheet. */
#define DIGITS_EXACT 15

struct sheet_writer {
	enum sheet_format format;
	int32_t offset_s;

	union {
		struct csv_out csv;
		struct xlsx_out xlsx;
	} u;
};

enum err sheet_writer_new(struct sheet_writer **out, const struct sheet_output *output)
{
	struct sheet_writer *writer = calloc(1, sizeof *writer);
	enum err err;

	*out = NULL;
	if (!writer)
		return ERR_NOMEM;
	writer->format = output->format;
	writer->offset_s = output->offset_s;
	if (output->format == SHEET_CSV)
		err = csv_out_open(&writer->u.csv, output);
	else
		err = xlsx_out_open(&writer->u.xlsx, output);
	if (err)
		free(writer);
	else
		*out = writer;
	return err;
}

void sheet_put_text(struct sheet_writer *writer, const char *text, size_t len)
{
	if (writer->format == SHEET_CSV)
		csv_out_cell(&writer->u.csv, text, len, true);
	else
		xlsx_out_text(&writer->u.xlsx, text, len);
}

void sheet_put_number(struct sheet_writer *writer, int64_t value, unsigned decimals)
{
	char text[SHEET_NUMBER_SIZE];
	size_t len;

	if (writer->format == SHEET_XLSX) {
		xlsx_out_number(&writer->u.xlsx, value, decimals);
		return;
	}
	sheet_number_format(value, decimals, text);
	len = strlen(text);
	csv_out_cell(&writer->u.csv, text, len, len > DIGITS_EXACT);
}

void sheet_put_date(struct sheet_writer *writer, int64_t days)
{
	char text[SHEET_DATE_SIZE];

	if (writer->format == SHEET_XLSX) {
		xlsx_out_date(&writer->u.xlsx, days, -1);
		return;
	}
	sheet_date_format(days, text);
	csv_out_cell(&writer->u.csv, text, strlen(text), false);
}

void sheet_put_time(struct sheet_writer *writer, int64_t unix_s)
{
	int64_t civil_s = unix_s + writer->offset_s, days = days_from_unix(civil_s);
	char text[SHEET_TIME_SIZE];

	if (writer->format == SHEET_XLSX) {
		xlsx_out_date(&writer->u.xlsx, days, (int)(civil_s - days * SECONDS_PER_DAY));
		return;
	}
	sheet_time_format(unix_s, writer->offset_s, text);
	csv_out_cell(&writer->u.csv, text, strlen(text), false);
}

void sheet_put_nothing(struct sheet_writer *writer)
{
	if (writer->format == SHEET_CSV)
		csv_out_cell(&writer->u.csv, "", 0, false);
	else
		xlsx_out_nothing(&writer->u.xlsx);
}

void sheet_row_end(struct sheet_writer *writer)
{
	if (writer->format == SHEET_CSV)
		csv_out_row_end(&writer->u.csv);
	else
		xlsx_out_row_end(&writer->u.xlsx);
}

enum err sheet_writer_error(const struct sheet_writer *writer)
{
	return writer->format == SHEET_CSV ? writer->u.csv.err : writer->u.xlsx.err;
}

void sheet_writer_drop(struct sheet_writer *writer)
{
	if (!writer)
		return;
	if (writer->format == SHEET_CSV)
		text_out_close(&writer->u.csv.text);
	else
		xlsx_out_drop(&writer->u.xlsx);
	free(writer);
}

enum err sheet_writer_end(struct sheet_writer *writer)
{
	enum err err = writer->format == SHEET_CSV ? csv_out_close(&writer->u.csv)
	                                           : xlsx_out_close(&writer->u.xlsx);

	free(writer);
	return err;
}
