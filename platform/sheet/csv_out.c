#include "platform/sheet/csv_out.h"

#include <string.h>

#include "libs/base/utf8.h"
#include "platform/sheet/guard.h"

enum err csv_out_open(struct csv_out *csv, const struct sheet_output *to)
{
	enum err err = text_out_open(&csv->text, to->encoding);

	csv->to = *to;
	csv->err = ERR_NONE;
	csv->in_row = csv->blank = false;
	csv->len = 0;
	if (!err && to->encoding != SHEET_GB18030 && !to->raw) {
		memcpy(csv->buffer, "\xEF\xBB\xBF", 3);
		csv->len = 3;
	}
	return err;
}

static void flush(struct csv_out *csv)
{
	size_t len = csv->len;

	csv->len = 0;
	if (csv->err || !len)
		return;
	if (csv->to.encoding != SHEET_GB18030) {
		csv->err = csv->to.write(csv->to.arg, csv->buffer, len);
		return;
	}
	csv->err = text_out_convert(&csv->text, csv->buffer, len, csv->converted,
	                            sizeof csv->converted, &len);
	if (!csv->err)
		csv->err = csv->to.write(csv->to.arg, csv->converted, len);
}

/* `len` bytes that are whole characters. */
static void put(struct csv_out *csv, const char *text, size_t len)
{
	while (len) {
		size_t n = len < CSV_OUT_CHUNK ? len : CSV_OUT_CHUNK;

		/* The buffer is converted as it is: no character may be split over two. */
		while (n < len && ((uint8_t)text[n] & 0xC0) == 0x80)
			n--;
		if (csv->len + n > CSV_OUT_CHUNK)
			flush(csv);
		memcpy(csv->buffer + csv->len, text, n);
		csv->len += n;
		text += n;
		len -= n;
	}
}

static bool needs_quotes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] && strchr("\",\r\n\t", text[i]))
			return true;
	return len && (text[0] == ' ' || text[len - 1] == ' ');
}

static void put_quoted(struct csv_out *csv, const char *text, size_t len)
{
	while (len) {
		const char *quote = memchr(text, '"', len);
		size_t n = quote ? (size_t)(quote - text) + 1 : len;

		put(csv, text, n);
		if (quote)
			put(csv, "\"", 1);
		text += n;
		len -= n;
	}
}

void csv_out_cell(struct csv_out *csv, const char *text, size_t len, bool guarded)
{
	bool apostrophe = guarded && sheet_needs_apostrophe(text, len);
	bool tab = guarded && !csv->to.raw && sheet_needs_tab(text, len);
	bool quotes = tab || needs_quotes(text, len);

	if (!utf8_valid(text, len)) {
		csv->err = csv->err ? csv->err : ERR_BAD_INPUT;
		return;
	}
	csv->blank = !csv->in_row && !len;
	if (csv->in_row)
		put(csv, ",", 1);
	csv->in_row = true;
	if (quotes)
		put(csv, "\"", 1);
	if (apostrophe)
		put(csv, "'", 1);
	if (tab)
		put(csv, "\t", 1);
	put_quoted(csv, text, len);
	if (quotes)
		put(csv, "\"", 1);
}

void csv_out_row_end(struct csv_out *csv)
{
	if (csv->blank) /* or the line would be none */
		put(csv, "\"\"", 2);
	put(csv, "\r\n", 2);
	csv->in_row = csv->blank = false;
}

enum err csv_out_close(struct csv_out *csv)
{
	flush(csv);
	text_out_close(&csv->text);
	return csv->err;
}
