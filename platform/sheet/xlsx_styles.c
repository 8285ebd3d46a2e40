#include <stdlib.h>
#include <string.h>

#include "libs/base/number.h"
#include "platform/sheet/xlsx_parts.h"

#define FORMATS_MAX 4096

struct styles {
	struct xml_in xml;
	struct xlsx_styles *out;
	bool in_xfs; /* cellXfs; cellStyleXfs has the same children */

	/* Number formats of the book's own: id and look. */
	struct {
		int64_t id;
		uint8_t look;
	} format[FORMATS_MAX];

	size_t formats;
};

/* Formats that every book has, by their number; 27 to 36 and 50 to 58 are the dates of Chinese,
 * Japanese and Korean Excel. */
static enum xlsx_look builtin_look(int64_t id)
{
	if ((id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 ||
	    (id >= 50 && id <= 54) || id == 57 || id == 58)
		return XLSX_DATE;
	if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47) ||
	    id == 55 || id == 56)
		return XLSX_CLOCK;
	return XLSX_NUMBER;
}

/* Behind a quoted text, a bracket or an escaped character. */
static const char *literal_end(const char *at)
{
	const char *end;

	if (*at == '\\' || *at == '_' || *at == '*')
		return at[1] ? at + 2 : at + 1;
	end = strchr(at + 1, *at == '[' ? ']' : '"');
	return end ? end + 1 : at + strlen(at);
}

enum xlsx_look xlsx_format_look(const char *format)
{
	enum xlsx_look look = XLSX_NUMBER;

	while (*format && *format != ';') {
		/* [h] is a span of time; [Red] and [$-804] are none. */
		if (*format == '[' && format[1] && strchr("hHsS", format[1]) &&
		    (format[2] == ']' || format[2] == format[1]))
			look = XLSX_CLOCK;
		if (strchr("\"[\\_*", *format)) {
			format = literal_end(format);
			continue;
		}
		if (strchr("yYdD", *format) || strncmp(format, "\xE5\xB9\xB4", 3) == 0)
			return XLSX_DATE;
		if (strchr("hHsSmM", *format))
			look = XLSX_CLOCK;
		if (strncasecmp(format, "General", 7) == 0)
			return XLSX_NUMBER;
		format++;
	}
	return look;
}

static enum xlsx_look look_of(const struct styles *styles, int64_t id)
{
	for (size_t i = 0; i < styles->formats; i++)
		if (styles->format[i].id == id)
			return (enum xlsx_look)styles->format[i].look;
	return builtin_look(id);
}

static void take_format(struct styles *styles, const char **attributes)
{
	const char *id = xml_attribute(attributes, "numFmtId", false);
	const char *code = xml_attribute(attributes, "formatCode", false);
	int64_t number;

	if (!id || !code || styles->formats == FORMATS_MAX || i64_parse(id, 0, INT32_MAX, &number))
		return;
	styles->format[styles->formats].id = number;
	styles->format[styles->formats++].look = (uint8_t)xlsx_format_look(code);
}

static void take_style(struct styles *styles, const char **attributes)
{
	const char *id = xml_attribute(attributes, "numFmtId", false);
	const struct sheet_mistake large = {.fault = SHEET_FAULT_TOO_LARGE};
	struct xlsx_styles *out = styles->out;
	int64_t number = 0;

	if (out->count == XLSX_STYLES_MAX) {
		xml_in_fail(&styles->xml, ERR_BAD_INPUT, &large);
		return;
	}
	if (id && i64_parse(id, 0, INT32_MAX, &number))
		number = 0;
	out->look[out->count++] = (uint8_t)look_of(styles, number);
}

static void style_start(void *arg, const char *name, const char **attributes)
{
	struct styles *styles = arg;

	if (strcmp(name, "numFmt") == 0)
		take_format(styles, attributes);
	else if (strcmp(name, "cellXfs") == 0)
		styles->in_xfs = true;
	else if (strcmp(name, "xf") == 0 && styles->in_xfs)
		take_style(styles, attributes);
}

static void style_end(void *arg, const char *name)
{
	struct styles *styles = arg;

	if (strcmp(name, "cellXfs") == 0)
		styles->in_xfs = false;
}

enum err xlsx_styles_read(struct xlsx_styles *out, struct zip_in *zip, const char *part,
                          struct sheet_mistake *mistake)
{
	struct styles *styles;
	enum err err;

	out->count = 0;
	out->look = NULL;
	if (!part[0])
		return ERR_NONE;
	out->look = calloc(XLSX_STYLES_MAX, sizeof *out->look);
	styles = calloc(1, sizeof *styles);
	if (!out->look || !styles) {
		free(styles);
		return ERR_NOMEM;
	}
	styles->out = out;
	styles->xml = (struct xml_in){.start = style_start, .end = style_end, .arg = styles};
	err = xml_in_all(&styles->xml, zip, part, mistake);
	free(styles);
	return err;
}

void xlsx_styles_free(struct xlsx_styles *styles)
{
	free(styles->look);
	styles->look = NULL;
}

enum xlsx_look xlsx_style_look(const struct xlsx_styles *styles, long style)
{
	if (style < 0 || (size_t)style >= styles->count)
		return XLSX_NUMBER;
	return (enum xlsx_look)styles->look[style];
}
