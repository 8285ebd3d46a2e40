#include <stdio.h>
#include <string.h>

#include "platform/sheet/xlsx_parts.h"

#define RELATION_MAX 128

struct relation {
	char id[RELATION_MAX];     /* wanted by id, or */
	char suffix[RELATION_MAX]; /* by the end of its type */
	char target[ZIP_NAME_MAX];
};

struct relations {
	struct xml_in xml;
	struct relation *wanted;
	size_t count;
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_wanted(const struct relation *relation, const char *id, const char *type)
{
	if (relation->id[0])
		return strcmp(relation->id, id) == 0;
	return ends_with(type, relation->suffix);
}

static void relation_start(void *arg, const char *name, const char **attributes)
{
	struct relations *relations = arg;
	const char *id = xml_attribute(attributes, "Id", false);
	const char *type = xml_attribute(attributes, "Type", false);
	const char *target = xml_attribute(attributes, "Target", false);
	const char *mode = xml_attribute(attributes, "TargetMode", false);

	if (strcmp(name, "Relationship") != 0 || !id || !type || !target)
		return;
	if (mode && strcmp(mode, "External") == 0)
		return;
	for (size_t i = 0; i < relations->count; i++) {
		struct relation *r = &relations->wanted[i];

		if (!r->target[0] && strlen(target) < sizeof r->target && is_wanted(r, id, type))
			snprintf(r->target, sizeof r->target, "%s", target);
	}
}

static void nothing_end(void *arg, const char *name)
{
	(void)arg;
	(void)name;
}

static enum err relations_read(struct zip_in *zip, const char *part, struct relation *wanted,
                               size_t count, struct sheet_mistake *mistake)
{
	struct relations relations = {.wanted = wanted, .count = count};

	relations.xml =
	        (struct xml_in){.start = relation_start, .end = nothing_end, .arg = &relations};
	return xml_in_all(&relations.xml, zip, part, mistake);
}

/* ---- the workbook ---- */

struct workbook {
	struct xml_in xml;
	char sheet_id[RELATION_MAX];
	bool from_1904;
};

static bool is_true(const char *text)
{
	return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

static void workbook_start(void *arg, const char *name, const char **attributes)
{
	struct workbook *book = arg;
	const char *id = xml_attribute(attributes, "id", true);
	const char *state = xml_attribute(attributes, "state", false);

	if (strcmp(name, "workbookPr") == 0)
		book->from_1904 = is_true(xml_attribute(attributes, "date1904", false));
	if (strcmp(name, "sheet") != 0 || book->sheet_id[0] || !id)
		return;
	if (state && strcmp(state, "visible") != 0)
		return;
	if (strlen(id) < sizeof book->sheet_id)
		snprintf(book->sheet_id, sizeof book->sheet_id, "%s", id);
}

/* Where a target of a part in `base` is: "/xl/a.xml" from the root, else beside `base`. */
static bool resolve(char to[ZIP_NAME_MAX], const char *base, const char *target)
{
	const char *slash = strrchr(base, '/');
	int dir = slash ? (int)(slash - base) + 1 : 0, n;

	if (target[0] == '/')
		n = snprintf(to, ZIP_NAME_MAX, "%s", target + 1);
	else
		n = snprintf(to, ZIP_NAME_MAX, "%.*s%s", dir, base, target);
	return n > 0 && n < ZIP_NAME_MAX;
}

static enum err missing(struct sheet_mistake *mistake, const char *what)
{
	*mistake = (struct sheet_mistake){.fault = SHEET_FAULT_PART_MISSING};
	snprintf(mistake->detail, sizeof mistake->detail, "%s", what);
	return ERR_BAD_INPUT;
}

static enum err find_workbook(struct zip_in *zip, char path[ZIP_NAME_MAX],
                              struct sheet_mistake *mistake)
{
	struct relation wanted = {.suffix = "/officeDocument"};
	enum err err = relations_read(zip, "_rels/.rels", &wanted, 1, mistake);

	if (err)
		return err;
	if (!wanted.target[0] || !resolve(path, "", wanted.target))
		return missing(mistake, "workbook");
	return ERR_NONE;
}

/* xl/workbook.xml has its relations in xl/_rels/workbook.xml.rels. */
static bool relations_path(char to[ZIP_NAME_MAX], const char *part)
{
	const char *slash = strrchr(part, '/');
	int dir = slash ? (int)(slash - part) + 1 : 0;
	int n = snprintf(to, ZIP_NAME_MAX, "%.*s_rels/%s.rels", dir, part, part + dir);

	return n > 0 && n < ZIP_NAME_MAX;
}

enum err xlsx_book_read(struct xlsx_book *book, struct zip_in *zip, struct sheet_mistake *mistake)
{
	struct relation wanted[3] = {
	        {.suffix = ""}, {.suffix = "/sharedStrings"}, {.suffix = "/styles"}};
	char path[ZIP_NAME_MAX], relations[ZIP_NAME_MAX];
	struct workbook workbook = {.from_1904 = false};
	enum err err;

	memset(book, 0, sizeof *book);
	workbook.xml =
	        (struct xml_in){.start = workbook_start, .end = nothing_end, .arg = &workbook};
	err = find_workbook(zip, path, mistake);
	if (!err)
		err = xml_in_all(&workbook.xml, zip, path, mistake);
	if (err)
		return err;
	if (!workbook.sheet_id[0] || !relations_path(relations, path))
		return missing(mistake, "sheet");
	snprintf(wanted[0].id, sizeof wanted[0].id, "%s", workbook.sheet_id);
	err = relations_read(zip, relations, wanted, 3, mistake);
	if (err)
		return err;
	if (!wanted[0].target[0] || !resolve(book->sheet, path, wanted[0].target))
		return missing(mistake, "sheet");
	if (wanted[1].target[0] && !resolve(book->strings, path, wanted[1].target))
		return missing(mistake, "sharedStrings");
	if (wanted[2].target[0] && !resolve(book->styles, path, wanted[2].target))
		return missing(mistake, "styles");
	book->from_1904 = workbook.from_1904;
	return ERR_NONE;
}
