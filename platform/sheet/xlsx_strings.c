#include <stdlib.h>
#include <string.h>

#include "platform/sheet/spill.h"
#include "platform/sheet/xlsx_parts.h"

/* A string is the texts of its runs, without the reading aids (rPh) of Japanese. */
struct strings {
	struct xml_in xml;
	struct xlsx_strings *out;
	bool in_text;
	unsigned in_aid;
};

/* Its place: where it starts; it ends where the next one starts. */
static void add_place(struct strings *strings)
{
	uint64_t at = spill_len(strings->out->texts);
	enum err err = spill_add(strings->out->places, &at, sizeof at);

	if (err)
		xml_in_fail(&strings->xml, err, &(struct sheet_mistake){0});
}

static void string_start(void *arg, const char *name, const char **attributes)
{
	struct strings *strings = arg;

	(void)attributes;
	if (strcmp(name, "si") == 0)
		add_place(strings);
	else if (strcmp(name, "rPh") == 0)
		strings->in_aid++;
	else if (strcmp(name, "t") == 0)
		strings->in_text = !strings->in_aid;
}

static void string_end(void *arg, const char *name)
{
	struct strings *strings = arg;

	if (strcmp(name, "t") == 0)
		strings->in_text = false;
	else if (strcmp(name, "rPh") == 0 && strings->in_aid)
		strings->in_aid--;
	else if (strcmp(name, "si") == 0 && ++strings->out->count > XLSX_STRINGS_MAX)
		xml_in_fail(&strings->xml, ERR_BAD_INPUT,
		            &(struct sheet_mistake){.fault = SHEET_FAULT_TOO_LARGE});
}

static void string_text(void *arg, const char *text, size_t len)
{
	struct strings *strings = arg;
	enum err err;

	if (!strings->in_text)
		return;
	err = spill_add(strings->out->texts, text, len);
	if (err)
		xml_in_fail(&strings->xml, err, &(struct sheet_mistake){0});
}

enum err xlsx_strings_read(struct xlsx_strings *out, struct zip_in *zip, const char *part,
                           const char *tmp_dir, struct sheet_mistake *mistake)
{
	struct strings strings = {.out = out};
	enum err err;

	memset(out, 0, sizeof *out);
	if (!part[0])
		return ERR_NONE;
	err = spill_new(&out->texts, tmp_dir);
	if (!err)
		err = spill_new(&out->places, tmp_dir);
	if (err)
		return err;
	strings.xml = (struct xml_in){
	        .start = string_start, .end = string_end, .text = string_text, .arg = &strings};
	err = xml_in_all(&strings.xml, zip, part, mistake);
	if (!err)
		err = spill_add(out->places, &(uint64_t){spill_len(out->texts)}, sizeof(uint64_t));
	return err;
}

void xlsx_strings_free(struct xlsx_strings *strings)
{
	spill_free(strings->texts);
	spill_free(strings->places);
	memset(strings, 0, sizeof *strings);
}

static enum err add_text(struct xlsx_strings *strings, uint64_t at, uint64_t end,
                         struct row_build *row)
{
	while (at < end) {
		size_t n = end - at < SPILL_READ_MAX ? (size_t)(end - at) : SPILL_READ_MAX;
		const void *text;
		enum err err = spill_read(strings->texts, at, n, &text);

		if (!err)
			err = row_add(row, text, n);
		if (err)
			return err;
		at += n;
		if (at < end && row_cell_len(row) == SHEET_CELL_MAX) {
			row_fault(row, SHEET_FAULT_CELL_LONG);
			break;
		}
	}
	return ERR_NONE;
}

enum err xlsx_string_add(struct xlsx_strings *strings, uint64_t index, struct row_build *row)
{
	const void *place;
	uint64_t at[2];
	enum err err;

	if (index >= strings->count)
		return ERR_NOT_FOUND;
	err = spill_read(strings->places, index * sizeof at[0], sizeof at, &place);
	if (err)
		return err;
	memcpy(at, place, sizeof at);
	return add_text(strings, at[0], at[1], row);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code of `_xHHHH_` at `text`, or -1. */
static long escape_at(const char *text, size_t len)
{
	long code = 0;

	if (len < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

/* At most three bytes, fewer than the escape had. */
static size_t put_utf8(char *to, long code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xC0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	to[0] = (char)(0xE0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 0x3F));
	to[2] = (char)(0x80 | (code & 0x3F));
	return 3;
}

size_t xlsx_unescape(char *text, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		long code = escape_at(text + from, len - from);

		if (code < 0) {
			text[to++] = text[from++];
			continue;
		}
		to += put_utf8(text + to, code);
		from += 7;
	}
	return to;
}
